package topn

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// Where an update never puts its row behind where it was, it is one step: the row
// rises, and those it passes fall by one.

// improve handles an update: row i is what is, what was is at position old; -1: it
// was not among the first.
func (t *topN) improve(rec unsafe.Pointer, old, i int) error {
	p, is := partitionOf(rec), t.rows[i]
	switch {
	case old >= int(t.spec.To):
		if err := t.touch(rec); err != nil {
			return err
		}
		t.drop(t.remove(p, old))
		fallthrough
	case old < 0:
		return t.add(rec, i, !t.folds)
	}
	if err := t.touch(rec); err != nil {
		return err
	}
	now := entry{t.prefixes[is], ofBatch | uint64(is)}
	place := t.at(p, old)
	before := *place
	t.drop(before)
	if t.compare(before, is) == 0 { // it keeps its place among its equals
		*place = now
		t.accepted = append(t.accepted, int32(i))
		return t.risen(p, old, old, before, now)
	}
	t.remove(p, old)
	pos := t.find(p, is, true)
	if pos > old { // it fell, against what was said
		if !t.folds {
			if err := t.left(p, old, before); err != nil {
				return err
			}
		}
		return t.add(rec, i, !t.folds)
	}
	if err := t.insert(p, pos, now); err != nil {
		return err
	}
	t.accepted = append(t.accepted, int32(i))
	return t.risen(p, old, pos, before, now)
}

// risen gives the changes of a row that rose from a position to another.
func (t *topN) risen(p *partition, from, to int, before, now entry) error {
	if t.folds {
		return nil
	}
	if !t.shifts {
		if err := t.give(before, 0, data.UpdateBefore); err != nil {
			return err
		}
		return t.give(now, 0, data.UpdateAfter)
	}
	// What is seen now, and so of each but the first what was seen one above.
	t.after = t.get(t.after[:0], p, to, from+1)
	for i, e := range t.after {
		at := to + i
		if at < from {
			if err := t.ranked(t.after[i+1], at, data.UpdateBefore); err != nil {
				return err
			}
		}
		if i == 0 {
			if err := t.ranked(before, from, data.UpdateBefore); err != nil {
				return err
			}
		}
		if err := t.ranked(e, at, data.UpdateAfter); err != nil {
			return err
		}
	}
	return nil
}

// ranked gives a change at a position, if its rank is one of those to be seen.
func (t *topN) ranked(e entry, at int, op data.Op) error {
	if at < int(t.spec.From-1) {
		return nil
	}
	return t.give(e, int64(at+1), op)
}
