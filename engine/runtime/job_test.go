package runtime

import (
	"testing"

	"github.com/weir-streams/weir/engine/graph"
)

func TestBoundedJobCommitsAtItsEnd(t *testing.T) {
	for _, tt := range []struct {
		name        string
		g           *graph.Graph
		parallelism int
	}{
		{"one task each", keyed("pass"), 1},
		{"hash 3", keyed("pass"), 3},
		{"more tasks than splits", keyed(), 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.finish(w.start(w.spec(tt.g, tt.parallelism)))
			w.check()
		})
	}
}
