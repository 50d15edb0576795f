package runtime

import (
	"runtime"
	"testing"
)

func TestPaced(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		alive, floor int64
		want         int
	}{
		{10 * mib, 64 * mib, 640},
		{64 * mib, 64 * mib, 100},
		{4096 * mib, 64 * mib, 100},
		{0, 64 * mib, 6400},
		{10 * mib, 0, 100},
	} {
		if got := paced(c.alive, c.floor); got != c.want {
			t.Errorf("with %d bytes alive and %d to be allocated: %d %%, want %d %%", c.alive, c.floor, got, c.want)
		}
	}
}

// TestPace looks at the garbage collector's own percentage while jobs come and go.
func TestPace(t *testing.T) {
	if percent() != 100 {
		t.Skip("GOGC is set, which is left as it is")
	}
	var p pace
	first, second := p.begin(0), p.begin(1<<30)
	if percent() <= 100 {
		t.Errorf("%d %% while jobs run, of %d bytes alive", percent(), alive())
	}
	runtime.GC()
	first()
	if percent() <= 100 {
		t.Errorf("%d %% while a job runs", percent())
	}
	second()
	second()
	if got := percent(); got != 100 {
		t.Errorf("%d %% after the last job, want 100 %%", got)
	}
	end := p.begin(16 << 20)
	defer end()
	if got := percent(); got > 200 {
		t.Errorf("%d %% with 16 MiB of state, of %d bytes alive", got, alive())
	}
}
