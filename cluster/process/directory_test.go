package process

import (
	"os"
	"testing"
)

func TestLastWordsLeaveOutTheOrdinary(t *testing.T) {
	const info = `time=2026-01-02T03:04:05.000Z level=INFO msg="engine started" job=a` + "\n"
	for _, tt := range []struct{ name, log, want string }{
		{"no log", "", "the process has ended and left no reason: it was killed, or the machine went down"},
		{"nothing but news", info + info, "the process has ended and left no reason: it was killed, or the machine went down"},
		{"a warning before news", "time=x level=WARN msg=hot\n" + info, "the process has ended: time=x level=WARN msg=hot"},
		{"a panic", info + "panic: no\n\ngoroutine 1 [running]:\nmain.main()\n", "the process has ended: panic: no"},
		{"words of its own", info + "weir: the folder is gone\n", "the process has ended: weir: the folder is gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := directory(t.TempDir())
			if err := os.WriteFile(d.file(logName), []byte(tt.log), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := d.epitaph(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
