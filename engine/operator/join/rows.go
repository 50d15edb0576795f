package join

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/state"
)

// Rows that may be taken back: their chains lead both ways.

// recordOf is the record of the table whose value a row's head is.
func recordOf(row unsafe.Pointer) unsafe.Pointer { return unsafe.Add(row, -state.ValueOffset) }

// linked tells whether a row is in its key's chain.
func linked(key, row unsafe.Pointer, side int) bool {
	return pointer(row, rowPrev) != nil || pointer(state.Value(key), headOf(side)) == row
}

// link puts a row at the end of its key's chain.
func link(key, row unsafe.Pointer, side int) {
	last := pointer(state.Value(key), tailOf(side))
	setPointer(row, rowKey, key)
	setPointer(row, rowPrev, last)
	setPointer(row, rowNext, nil)
	if last == nil {
		setPointer(state.Value(key), headOf(side), row)
	} else {
		setPointer(last, rowNext, row)
	}
	setPointer(state.Value(key), tailOf(side), row)
}

func unlink(key, row unsafe.Pointer, side int) {
	setNext(key, pointer(row, rowPrev), pointer(row, rowNext), side)
	setPrev(key, pointer(row, rowNext), pointer(row, rowPrev), side)
}

// setNext makes to what follows a row; nil is the chain's beginning.
func setNext(key, row, to unsafe.Pointer, side int) {
	if row == nil {
		setPointer(state.Value(key), headOf(side), to)
	} else {
		setPointer(row, rowNext, to)
	}
}

func setPrev(key, row, to unsafe.Pointer, side int) {
	if row == nil {
		setPointer(state.Value(key), tailOf(side), to)
	} else {
		setPointer(row, rowPrev, to)
	}
}

// sweep deletes what a batch has left without rows.
func (s *store) sweep(side int, keys, rows []unsafe.Pointer) error {
	for i, row := range rows {
		if row == nil || !state.Alive(recordOf(row)) || *field(row, rowCount) > 0 {
			continue
		}
		if linked(keys[i], row, side) {
			unlink(keys[i], row, side)
		}
		if err := s.sides[side].rows.Delete(recordOf(row)); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if key != nil && state.Alive(key) && s.vacant(key) {
			if err := s.keys.Delete(key); err != nil {
				return err
			}
		}
	}
	return nil
}

// vacant tells whether a key has no row on any side.
func (s *store) vacant(key unsafe.Pointer) bool {
	for i := range s.sides {
		if s.sides[i].inserts && s.first(key, i) != nil || !s.sides[i].inserts && pointer(state.Value(key), headOf(i)) != nil {
			return false
		}
	}
	return true
}

// compact gives back the memory of deleted records where it is most of it.
func (s *store) compact() error {
	for i := range s.sides {
		if s.sides[i].inserts || !s.sides[i].rows.NeedsCompaction() {
			continue
		}
		s.sides[i].swept = 0
		if err := s.sides[i].rows.Compact(func(_, to unsafe.Pointer) {
			row := state.Value(to)
			key := pointer(row, rowKey)
			setNext(key, pointer(row, rowPrev), row, i)
			setPrev(key, pointer(row, rowNext), row, i)
		}); err != nil {
			return err
		}
	}
	if !s.keys.NeedsCompaction() {
		return nil
	}
	s.swept = 0
	return s.keys.Compact(func(_, to unsafe.Pointer) {
		for i := range s.sides {
			if s.sides[i].inserts {
				continue
			}
			for row := pointer(state.Value(to), headOf(i)); row != nil; row = pointer(row, rowNext) {
				setPointer(row, rowKey, to)
			}
		}
	})
}
