package loops

import "testing"

// TestLoops runs each loop shortly: its query must run, and both sides must take time.
func TestLoops(t *testing.T) {
	for _, name := range Names() {
		r, err := Run(t.Context(), name, 1<<17)
		if err != nil || r.Engine <= 0 || r.Reference <= 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		t.Logf("%-8s engine %7.1f M/s, by hand %7.1f M/s, share %.2f", name, r.Engine/1e6, r.Reference/1e6, r.Share)
	}
	if _, err := Run(t.Context(), "nothing", 1); err == nil {
		t.Error("an unknown loop ran")
	}
}
