package process

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/cluster"
)

func TestTheEndOfLogsIsKept(t *testing.T) {
	l, err := New(Config{Dir: t.TempDir(), Command: []string{"none"}})
	if err != nil {
		t.Fatal(err)
	}
	line := func(i int) string { return fmt.Sprintf("line %07d\n", i) }
	var long strings.Builder
	for i := range 2 * keptMost / 13 {
		long.WriteString(line(i))
	}
	last := line(2*keptMost/13 - 1)
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string // in this order
		most  int
	}{
		{name: "of one process", files: map[string]string{logName: "a\nb\n"}, want: []string{"a\nb\n"}, most: 4},
		{name: "too long", files: map[string]string{logName: long.String()}, want: []string{"… ", "bytes before this are not kept\nline ", last}, most: keptMost + 100},
		{name: "of processes of its own", files: map[string]string{logName: "front\n", "state/logs/taskmanager-1.log": "two", "state/logs/jobmanager.log": "one\n"}, want: []string{"front\n", "==> jobmanager.log <==\none\n", "==> taskmanager-1.log <==\ntwo\n"}, most: 100},
		{name: "of nothing", files: nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ref := cluster.Ref{JobID: strings.ReplaceAll(tt.name, " ", "-")}
			dir, err := l.directoryOf(ref)
			if err != nil {
				t.Fatal(err)
			}
			if err := dir.create(cluster.Spec{}); err != nil {
				t.Fatal(err)
			}
			for name, text := range tt.files {
				if err := os.MkdirAll(filepath.Dir(dir.file(name)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := writeFile(dir.file(name), []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := l.KeptLog(t.Context(), ref); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("before it is removed: %v", err)
			}
			if err := l.Terminate(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
			f, err := l.KeptLog(t.Context(), ref)
			if tt.files == nil {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("a log of nothing: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			b, err := io.ReadAll(f)
			if err != nil || len(b) > tt.most {
				t.Fatalf("%d bytes, %v", len(b), err)
			}
			rest := string(b)
			for _, w := range tt.want {
				_, after, ok := strings.Cut(rest, w)
				if !ok {
					t.Fatalf("%q is not in %.200q", w, rest)
				}
				rest = after
			}
		})
	}
}
