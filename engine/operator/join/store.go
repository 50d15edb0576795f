package join

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// store is the rows of both sides: one table of keys, whose records begin a
// list of rows for each side, and for each side a table of its different rows.
// Rows lie off the heap in the row codec, equal rows once with their number.
type store struct {
	keys  *state.Table
	sides [2]side
}

// side is one input.
type side struct {
	name    string
	columns []data.Column
	keys    []int // columns of the key
	// order lists the columns as they lie in the state: keys, then the others.
	order   []int
	types   []data.Type // in that order
	outer   bool        // rows without a match are given with NULLs
	counted bool        // the number of matches of each row is kept
	rows    *state.Table
	scratch []byte
}

// A key's record: first and last row of the left, then of the right side.
const keyWidth = 32

// A row's record.
const (
	rowNext    = 0
	rowPrev    = 8
	rowKey     = 16 // the key's record
	rowCount   = 24 // how often the row is there
	rowMatches = 32 // of counted sides: how many rows of the other side match
	rowWidth   = 40
)

func newSide(name string, columns []data.Column, keys []int, outer bool) side {
	s := side{name: name, columns: columns, keys: keys, outer: outer}
	isKey := make([]bool, len(columns))
	for _, k := range keys {
		s.order = append(s.order, k)
		isKey[k] = true
	}
	for i := range columns {
		if !isKey[i] {
			s.order = append(s.order, i)
		}
	}
	for _, k := range s.order {
		s.types = append(s.types, columns[k].Type)
	}
	return s
}

// rowSalt and keySalt keep tables that are filled in each other's order apart.
const (
	keySalt = 0x51
	rowSalt = 0x2d
)

func (s *store) open(budget *state.Budget) {
	left := &s.sides[0]
	s.keys = state.NewTable(left.types[:len(left.keys)], keyWidth, keySalt, budget)
	for i := range s.sides {
		width := rowWidth
		if !s.sides[i].counted {
			width = rowMatches
		}
		s.sides[i].rows = state.NewTable(s.sides[i].types, width, rowSalt+uint64(i), budget)
	}
}

func (s *store) free() {
	if s.keys == nil {
		return
	}
	s.keys.Free()
	for i := range s.sides {
		s.sides[i].rows.Free()
	}
}

func (s *store) bytes() int64 {
	return s.keys.Bytes() + s.sides[0].rows.Bytes() + s.sides[1].rows.Bytes()
}

func field(rec unsafe.Pointer, offset int) *int64 {
	return (*int64)(unsafe.Add(state.Value(rec), offset))
}

// pointer reads a reference between records. They are written as numbers: the
// collector neither follows nor minds them.
func pointer(rec unsafe.Pointer, offset int) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(state.Value(rec), offset))
}

func setPointer(rec unsafe.Pointer, offset int, to unsafe.Pointer) {
	*(*uintptr)(unsafe.Add(state.Value(rec), offset)) = uintptr(to)
}

func headOf(side int) int { return 16 * side }
func tailOf(side int) int { return 16*side + 8 }

func first(key unsafe.Pointer, side int) unsafe.Pointer { return pointer(key, headOf(side)) }
func next(rec unsafe.Pointer) unsafe.Pointer            { return pointer(rec, rowNext) }

// linked tells whether a row is in its key's list.
func linked(key, rec unsafe.Pointer, side int) bool {
	return pointer(rec, rowPrev) != nil || first(key, side) == rec
}

// link puts a row at the end of its key's list.
func link(key, rec unsafe.Pointer, side int) {
	last := pointer(key, tailOf(side))
	setPointer(rec, rowKey, key)
	setPointer(rec, rowPrev, last)
	setPointer(rec, rowNext, nil)
	if last == nil {
		setPointer(key, headOf(side), rec)
	} else {
		setPointer(last, rowNext, rec)
	}
	setPointer(key, tailOf(side), rec)
}

func unlink(key, rec unsafe.Pointer, side int) {
	setNext(key, pointer(rec, rowPrev), next(rec), side)
	setPrev(key, next(rec), pointer(rec, rowPrev), side)
}

// setNext makes to what follows rec; nil is the list's beginning.
func setNext(key, rec, to unsafe.Pointer, side int) {
	if rec == nil {
		setPointer(key, headOf(side), to)
	} else {
		setPointer(rec, rowNext, to)
	}
}

func setPrev(key, rec, to unsafe.Pointer, side int) {
	if rec == nil {
		setPointer(key, tailOf(side), to)
	} else {
		setPointer(rec, rowPrev, to)
	}
}

// sweep deletes what a batch has left without rows.
func (s *store) sweep(side int, keys, rows []unsafe.Pointer) {
	for i, rec := range rows {
		if rec == nil || !state.Alive(rec) || *field(rec, rowCount) > 0 {
			continue
		}
		if linked(keys[i], rec, side) {
			unlink(keys[i], rec, side)
		}
		s.sides[side].rows.Delete(rec)
	}
	for _, key := range keys {
		if key != nil && state.Alive(key) && first(key, 0) == nil && first(key, 1) == nil {
			s.keys.Delete(key)
		}
	}
}

// compact gives back the memory of deleted records where it is most of it.
func (s *store) compact() error {
	for i := range s.sides {
		if !s.sides[i].rows.NeedsCompaction() {
			continue
		}
		if err := s.sides[i].rows.Compact(func(_, to unsafe.Pointer) {
			key := pointer(to, rowKey)
			setNext(key, pointer(to, rowPrev), to, i)
			setPrev(key, next(to), to, i)
		}); err != nil {
			return err
		}
	}
	if !s.keys.NeedsCompaction() {
		return nil
	}
	return s.keys.Compact(func(_, to unsafe.Pointer) {
		for i := range s.sides {
			for rec := first(to, i); rec != nil; rec = next(rec) {
				setPointer(rec, rowKey, to)
			}
		}
	})
}
