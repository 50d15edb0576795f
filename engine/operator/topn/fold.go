package topn

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// Where changes are folded, what was to be seen of a partition is noted when a
// batch changes it first, and the difference is given when the batch is done.

// mostFolded is how many ranks are compared at most.
const mostFolded = 64

// fold is a partition the batch has changed.
type fold struct {
	rec      unsafe.Pointer
	from, to int // in earlier: what was to be seen
}

// fold notes what is to be seen of a partition before it changes.
func (t *topN) fold(rec unsafe.Pointer) {
	mark := state.Mark(rec)
	if *mark != 0 {
		return
	}
	*mark = 1
	f := fold{rec: rec, from: len(t.earlier)}
	t.earlier = t.seen(t.earlier, partitionOf(rec))
	f.to = len(t.earlier)
	t.folded = append(t.folded, f)
}

// seen appends what is to be seen of a partition.
func (t *topN) seen(dst []entry, p *partition) []entry {
	if t.single {
		if p.n > 0 {
			dst = append(dst, entry{p.prefix, p.block})
		}
		return dst
	}
	return t.get(dst, p, int(t.spec.From-1), int(t.spec.To))
}

// unfold gives the differences.
func (t *topN) unfold() error {
	folded := t.folded
	for i := range folded {
		*state.Mark(folded[i].rec) = 0
	}
	for i := range folded {
		t.before = append(t.before[:0], t.earlier[folded[i].from:folded[i].to]...)
		t.after = t.seen(t.after[:0], partitionOf(folded[i].rec))
		if err := t.compared(); err != nil {
			return err
		}
	}
	t.folded, t.earlier = t.folded[:0], t.earlier[:0]
	return nil
}

// compared gives the changes from before to after.
func (t *topN) compared() error {
	if t.shifts {
		return t.differ()
	}
	old, fresh := t.before[:0], t.after
before:
	for _, e := range t.before {
		for i, f := range fresh {
			if e.ref == f.ref || e.prefix == f.prefix && t.sameRow(e, f) {
				fresh = append(fresh[:i], fresh[i+1:]...)
				continue before
			}
		}
		old = append(old, e)
	}
	if t.spec.Replaces && len(old) == 1 && len(fresh) == 1 {
		return t.replace(old[0], fresh[0])
	}
	for _, e := range old {
		if err := t.give(e, 0, data.Delete); err != nil {
			return err
		}
	}
	for _, e := range fresh {
		if err := t.give(e, 0, data.Insert); err != nil {
			return err
		}
	}
	return nil
}
