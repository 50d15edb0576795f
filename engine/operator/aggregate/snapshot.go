package aggregate

import (
	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/state"
)

// slice is how many groups are written between two batches.
const slice = 2048

// Begin fixes the groups of this moment for a snapshot.
func (g *group) Begin(w *state.Writer) error { return g.groups.Begin(w, g.ctx.MaxParallelism) }

// Continue writes some groups.
func (g *group) Continue() (bool, error) {
	_, done, err := g.groups.Continue(slice)
	return done, err
}

// End says what became of the snapshot.
func (g *group) End(_ int64, completed bool) { g.groups.End(completed) }

// Resumed says that the groups restored need not be written again.
func (g *group) Resumed(int64) { g.groups.Restored() }

// Snapshot writes all groups.
func (g *group) Snapshot(w *state.Writer) error {
	g.set.Snapshot(w, false, g.ctx.MaxParallelism, func(yield func(int64, *accumulator.Groups)) { yield(0, g.groups) })
	return nil
}

// Restore reads the groups of former subtasks. The time that a group lives begins
// anew.
func (g *group) Restore(r *state.Reader) error {
	err := g.set.Restore(r, false, func(int64) *accumulator.Groups { return g.groups })
	if err == nil && g.spec.TTLMillis > 0 {
		g.groups.Born(g.ctx.Env.Now)
	}
	return err
}
