package accumulator

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// side is a table beside the groups: numbers for each value of a group. Where
// the input takes rows back, the records of a group are chained from its record,
// so that they can be walked, and deleted with it:
//
//	next 8 | previous 8 | numbers 8 each
//
// Where groups are for ever and nothing is taken back the links are left out.
type side struct {
	name    string
	arg     int // column
	typ     data.Type
	numbers int
	head    int  // offset of the chain in a group's record, -1: not chained
	block   uint // values that share a record, see blocks.go: its binary logarithm
}

const (
	sideNext = 0
	sidePrev = 8
)

func (d *side) width() int { return d.first() + 8*d.numbers }

// first is the offset of the first number.
func (d *side) first() int {
	if d.head < 0 {
		return 0
	}
	return 16
}

func (s *Set) addSide(name string, arg int, t data.Type, chained bool) int {
	head := -1
	if chained {
		head = s.room(8)
	}
	s.sides = append(s.sides, side{name: name, arg: arg, typ: t, numbers: 1, head: head})
	return len(s.sides) - 1
}

// resolveSide finds the side records of the values of rows.
func (g *Groups) resolveSide(k int, recs []unsafe.Pointer, rows []int32, b *data.Batch) ([]unsafe.Pointer, error) {
	if cap(g.recs) < len(rows) {
		g.recs = make([]unsafe.Pointer, max(len(rows), data.BatchSize))
	}
	found := g.recs[:len(rows)]
	return found, g.resolveInto(k, recs, b.Cols[g.set.sides[k].arg], rows, found)
}

func (g *Groups) resolveInto(k int, recs []unsafe.Pointer, v *data.Vector, rows []int32, found []unsafe.Pointer) error {
	if n := g.set.sides[k].block; n > 0 {
		v, rows = g.blocks.of(v, rows, n)
	}
	fresh, err := g.sides[k].ResolvePairs(recs, v, rows, found)
	if err != nil {
		return err
	}
	if head := g.set.sides[k].head; head >= 0 {
		for _, i := range fresh {
			link(u64(recs[i], head), found[i])
		}
	}
	return nil
}

// link puts a side record at the head of a chain. Addresses are kept as numbers:
// tables hold what they point at alive and in place.
func link(head *uint64, s unsafe.Pointer) {
	*u64(s, sideNext), *u64(s, sidePrev) = *head, 0
	if *head != 0 {
		*u64(deref(head), sidePrev) = uint64(uintptr(s))
	}
	*head = uint64(uintptr(s))
}

func unlink(head *uint64, s unsafe.Pointer) {
	next, prev := u64(s, sideNext), u64(s, sidePrev)
	if *prev == 0 {
		*head = *next
	} else {
		*u64(deref(prev), sideNext) = *next
	}
	if *next != 0 {
		*u64(deref(next), sidePrev) = *prev
	}
}

func deref(link *uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(link)) }

// goner is a side record whose numbers came to 0 in a batch; it may have come back.
type goner struct{ rec, side unsafe.Pointer }

// bury deletes the side records that are still 0 at the end of a batch.
func (g *Groups) bury(k int) {
	d := &g.set.sides[k]
	for _, x := range g.gone {
		if !state.Alive(x.side) || !zero(x.side, d) {
			continue
		}
		unlink(u64(x.rec, d.head), x.side)
		g.fail(g.sides[k].Delete(x.side))
	}
	g.gone = g.gone[:0]
}

func zero(s unsafe.Pointer, d *side) bool {
	for i := range d.numbers {
		if *i64(s, d.first()+8*i) != 0 {
			return false
		}
	}
	return true
}

// each walks the chain of a group. f must not delete.
func (g *Groups) each(k int, rec unsafe.Pointer, f func(s unsafe.Pointer)) {
	for at := u64(rec, g.set.sides[k].head); *at != 0; {
		s := deref(at)
		at = u64(s, sideNext)
		f(s)
	}
}

// dropChain deletes what is left of a group in a side table.
func (g *Groups) dropChain(k int, rec unsafe.Pointer) {
	head := g.set.sides[k].head
	if head < 0 {
		return
	}
	for at := u64(rec, head); *at != 0; {
		s := deref(at)
		*at = *u64(s, sideNext)
		g.fail(g.sides[k].Delete(s))
	}
}

// Tidy gives back the memory of what was deleted, once it is worth it. Records
// move: none may be held across the call.
func (g *Groups) Tidy() error {
	if g.failed != nil {
		return fmt.Errorf("delete from state: %w", g.failed)
	}
	for k, t := range g.sides {
		if t.NeedsCompaction() {
			if err := g.compactSide(k); err != nil {
				return err
			}
		}
	}
	if g.Table.NeedsCompaction() {
		g.swept = 0
		return g.compactGroups()
	}
	return nil
}

// compactSide moves the records of a side table, and with them the links between them.
func (g *Groups) compactSide(k int) error {
	t, head := g.sides[k], g.set.sides[k].head
	return t.Compact(func(_, to unsafe.Pointer) {
		if head < 0 {
			return
		}
		next, prev := u64(to, sideNext), u64(to, sidePrev)
		if *next != 0 {
			*u64(deref(next), sidePrev) = uint64(uintptr(to))
		}
		if *prev != 0 {
			*u64(deref(prev), sideNext) = uint64(uintptr(to))
		} else {
			*u64(t.Owner(to), head) = uint64(uintptr(to))
		}
	})
}

// compactGroups moves the groups and tells their side records. Groups only die
// where the input takes rows back; then every side is chained.
func (g *Groups) compactGroups() error {
	return g.Table.Compact(func(_, to unsafe.Pointer) {
		for k := range g.sides {
			g.each(k, to, func(s unsafe.Pointer) { g.sides[k].SetOwner(s, to) })
		}
	})
}
