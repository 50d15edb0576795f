package accumulator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// The first word of a group's record is the number of its rows, and below it 8
// flags: that some aggregate has a value. After it each aggregate has its bytes.
const (
	rowCount = 0 // offset of the first word
	oneRow   = 1 << maxFlags
	maxFlags = 8
)

// Rows is the number of rows in a group now.
func Rows(rec unsafe.Pointer) int64 { return *(*int64)(state.Value(rec)) >> maxFlags }

// Count adds a row with op o to the number of rows in a group, Uncount takes it back.
func Count(rec unsafe.Pointer, o data.Op) { *(*int64)(state.Value(rec)) += sign(o) * oneRow }

// Uncount undoes Count.
func Uncount(rec unsafe.Pointer, o data.Op) { *(*int64)(state.Value(rec)) -= sign(o) * oneRow }

func countRows(recs []unsafe.Pointer, rows []int32, b *data.Batch) {
	if b.Ops == nil {
		if len(recs) > 0 && oneGroup(recs) {
			*(*int64)(state.Value(recs[0])) += int64(len(recs)) * oneRow
			return
		}
		for _, rec := range recs {
			*(*int64)(state.Value(rec)) += oneRow
		}
		return
	}
	for i, rec := range recs {
		*(*int64)(state.Value(rec)) += sign(b.Ops[rows[i]]) * oneRow
	}
}

// oneGroup tells whether all rows are of one group, as where there are few: what they
// add is then added up first, and not one after the other in memory.
func oneGroup(recs []unsafe.Pointer) bool {
	for _, rec := range recs {
		if rec != recs[0] {
			return false
		}
	}
	return true
}

// stepCounts counts rows one by one: counts[2i] and counts[2i+1] are the rows in
// the group before and after row i.
func stepCounts(recs []unsafe.Pointer, rows []int32, b *data.Batch, counts []int64) {
	for i, rec := range recs {
		n := (*int64)(state.Value(rec))
		counts[2*i] = *n >> maxFlags
		*n += sign(b.Op(int(rows[i]))) * oneRow
		counts[2*i+1] = *n >> maxFlags
	}
}

// flag is one bit of a record.
type flag struct {
	word int // offset
	bit  int64
}

// newFlag takes a bit of the first word while there are some, else a word.
func (s *Set) newFlag() flag {
	if s.flags == maxFlags {
		return flag{s.room(8), 1}
	}
	s.flags++
	return flag{rowCount, 1 << (s.flags - 1)}
}

func (f *flag) present(rec unsafe.Pointer) bool { return *i64(rec, f.word)&f.bit != 0 }
func (f *flag) raise(rec unsafe.Pointer)        { *i64(rec, f.word) |= f.bit }
func (f *flag) lower(rec unsafe.Pointer)        { *i64(rec, f.word) &^= f.bit }

// everyRow tells whether a call has a value for every row of its group: then the
// number of its values is that of the rows.
func (s *Set) everyRow(i int, filter int, args []int, input []data.Column) bool {
	if filter >= 0 || s.member[i].of != nil {
		return false
	}
	for _, a := range args {
		if input[a].Type.Nullable {
			return false
		}
	}
	return true
}

// Room takes bytes of every group's record for the operator's own use, before
// the first NewGroups, and returns where they lie (see Word).
func (s *Set) Room(bytes int) int {
	if s.own == 0 {
		s.own = s.width
	}
	return s.room(bytes)
}

// Word is a word of a record at an offset that Room gave.
func Word(rec unsafe.Pointer, off int) *int64 { return i64(rec, off) }

// Width is the size of the value part of records.
func (s *Set) Width() int { return s.width }

// Sides tells whether groups need tables beside their records.
func (s *Set) Sides() bool { return len(s.sides) > 0 }

// Reset makes a record as it was when new, all but its key and what Room gave.
func (g *Groups) Reset(rec unsafe.Pointer) {
	for _, a := range g.set.accs {
		if d, ok := a.(dropper); ok {
			d.drop(g, rec)
		}
	}
	for k := range g.seen {
		g.seen[k].forget()
	}
	n := g.set.own
	if n == 0 {
		n = g.set.width
	}
	clear(unsafe.Slice((*byte)(state.Value(rec)), n))
}

// Yield lets groups that are not touched for now go to the file, where there is
// not enough memory for all: only tables that are used do so by themselves.
func (g *Groups) Yield() error {
	if err := g.Table.Reserve(0); err != nil {
		return err
	}
	for _, t := range g.sides {
		if err := t.Reserve(0); err != nil {
			return err
		}
	}
	return nil
}
