package lookup

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/packed"
	"github.com/weir-streams/weir/engine/state"
)

// store is rows of the table by key, off the heap. A row begins with the address
// of the next one of its key.
type store struct {
	right   []int // columns of the key
	types   []data.Type
	layout  *packed.Layout
	table   *state.Table
	log     *state.Log
	budget  *state.Budget
	scratch packed.Scratch
	picks   packed.Picks
	key     []byte
}

// A key's record.
const (
	keyFirst = 0  // its first row
	keyAsked = 8  // when it was asked for; 0: it has to be
	keyUsed  = 16 // when it was used last
	keyWidth = 24
)

const rowHead = 8

func newStore(layout *packed.Layout, right []int, budget *state.Budget) *store {
	s := &store{right: right, layout: layout, budget: budget}
	for _, k := range right {
		s.types = append(s.types, layout.Types[k])
	}
	s.clear()
	return s
}

// clear forgets everything.
func (s *store) clear() {
	s.free()
	s.table, s.log = state.NewTable(s.types, keyWidth, 0x6c, s.budget), state.NewLog(s.budget)
}

func (s *store) free() {
	if s.table != nil {
		s.table.Free()
		s.log.Free()
	}
}

func (s *store) bytes() int64 { return s.table.Bytes() + s.log.Bytes() }

func field(key unsafe.Pointer, offset int) *int64 {
	return (*int64)(unsafe.Add(state.Value(key), offset))
}

// lookup finds the record of the key of row r of b; nil: there is none.
func (s *store) lookup(b *data.Batch, keys []int, r int32) (unsafe.Pointer, error) {
	s.key = data.EncodeRow(s.key[:0], b.Cols, keys, int(r))
	key, _, err := s.table.Find(b.Hashes[r], s.key, false)
	return key, err
}

// first is the first row of a key, nil for none; next the one after a row.
func (s *store) first(key unsafe.Pointer) unsafe.Pointer {
	return s.follow(unsafe.Add(state.Value(key), keyFirst))
}

func (s *store) next(row unsafe.Pointer) unsafe.Pointer { return s.follow(row) }

func (s *store) follow(at unsafe.Pointer) unsafe.Pointer {
	if addr := *(*uint64)(at); addr != 0 {
		return s.log.At(addr)
	}
	return nil
}

// put keeps rows of b for the keys given by row, so that those of a key stay in
// order before what it has.
func (s *store) put(b *data.Batch, rows []int32, keys []unsafe.Pointer) error {
	sizes, err := s.layout.Sizes(&s.scratch, b.Cols, rows)
	if err != nil {
		return err
	}
	recs := make([]unsafe.Pointer, len(rows))
	for i := len(rows) - 1; i >= 0; i-- {
		addr, rec, err := s.log.Append(rowHead + int(sizes[i]))
		if err != nil {
			return err
		}
		head := (*uint64)(unsafe.Add(state.Value(keys[i]), keyFirst))
		*(*uint64)(rec) = *head
		*head = addr
		recs[i] = unsafe.Add(rec, rowHead)
	}
	s.layout.Write(&s.scratch, b.Cols, rows, recs)
	return nil
}

// copy keeps the rows of a key of another store.
func (s *store) copy(from *store, row unsafe.Pointer, key unsafe.Pointer) error {
	last := (*uint64)(unsafe.Add(state.Value(key), keyFirst))
	for ; row != nil; row = from.next(row) {
		n := rowHead + s.layout.Size(unsafe.Add(row, rowHead))
		addr, rec, err := s.log.Append(n)
		if err != nil {
			return err
		}
		copy(unsafe.Slice((*byte)(rec), n), unsafe.Slice((*byte)(row), n))
		*(*uint64)(rec) = 0
		*last = addr
		last = (*uint64)(rec)
	}
	return nil
}

// gather appends columns of rows to a batch, as vectors of the given types.
func (s *store) gather(o *data.Batch, rows []unsafe.Pointer, columns []int, types []data.Type) error {
	if len(columns) == 0 {
		return nil
	}
	heads := s.picks.Room(len(rows))
	for i, r := range rows {
		if heads[i] = nil; r != nil {
			heads[i] = unsafe.Add(r, rowHead)
		}
	}
	s.picks.Pick(heads)
	for i, k := range columns {
		v, err := s.layout.Gather(&s.picks, k, types[i])
		if err != nil {
			return fmt.Errorf("a row of the table: %w", err)
		}
		o.Cols = append(o.Cols, v)
	}
	return nil
}
