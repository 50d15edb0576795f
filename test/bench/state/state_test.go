package state

import "testing"

// TestEveryFigureIsTold runs the benchmark with few keys.
func TestEveryFigureIsTold(t *testing.T) {
	told := map[string]bool{}
	err := Run(t.Context(), Options{Keys: 100_000, Parallelism: 2}, func(r Row) {
		told[r.Name] = true
		if r.Value < 0 {
			t.Errorf("%s: %g %s", r.Name, r.Value, r.Unit)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"memory of a key", "whole checkpoint", "checkpoint of a twentieth", "longest stop at a barrier", "idle job", "recovery"} {
		if !told[name] {
			t.Errorf("%s was not told", name)
		}
	}
}
