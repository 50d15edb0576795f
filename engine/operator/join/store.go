package join

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/packed"
	"github.com/weir-streams/weir/engine/state"
)

// store is the rows of both sides: one table of keys, whose records begin a
// chain of rows for each side, and the rows of each side, off the heap. Rows of
// an input that has inserts only lie in a log as they came, packed, newest first
// in their chain. Rows that may be taken back lie in a table of different rows,
// in the row codec, with their number, oldest first in their chain.
type store struct {
	keys  *state.Table
	sides []side
	swept uint64 // how far keys were looked at for those without rows
}

// side is one input.
type side struct {
	name    string
	columns []data.Column
	keys    []int // columns of the key
	outer   bool  // rows without a match are given with NULLs
	counted bool  // the number of matches of each row is kept
	inserts bool  // rows are never taken back
	ttl     int64 // milliseconds for which a row lives that is not changed; 0: for ever
	now     int64 // the time of this batch, if there is a ttl
	swept   uint64

	// of rows that are never taken back
	log     *state.Log
	budget  *state.Budget
	layout  *packed.Layout
	head    int    // where the packed row begins in a record
	marks   int    // where the marks of a counted row are
	front   uint64 // the first record that is there
	rowID   int64  // of the last row
	scratch packed.Scratch
	picks   packed.Picks
	logPass

	// of others
	rows  *state.Table
	order []int       // columns as they lie in the codec: keys, then the others
	types []data.Type // in that order
	coded []byte
}

// A key's record: the first row of the left, then of the right side; the last
// rows of those whose rows may be taken back. Of many inputs, which have inserts
// only, the first row of each.
const keyWideWidth = 32

// Every row is known by a pointer to its head. At its beginning is the next row
// of the chain: an address in the log, or a pointer.
const (
	rowNext = 0

	// A row in a log, with the packed row behind its head. A side whose rows live
	// for a time has behind the number when the row came; a counted side has then
	// what counted rows have.
	logID   = 8
	logHead = 16

	// What a counted row in a log has.
	markMatches = 0  // how many rows of the other side match
	markEpoch   = 8  // 4 bytes: when it was last changed
	markWrote   = 12 // 4 bytes: the snapshot that has it
	markAddress = 16
	markWidth   = 24

	// A row in a table, the value of its record.
	rowPrev    = 8
	rowKey     = 16 // the key's record
	rowCount   = 24 // how often the row is there
	rowMatches = 32 // of counted sides
	rowWidth   = 40 // of a side whose rows live for a time: when it was last changed
)

func newSide(name string, columns []data.Column, keys []int, outer, counted, inserts bool, ttl int64) side {
	s := side{name: name, columns: columns, keys: keys, outer: outer, counted: counted, inserts: inserts, ttl: ttl}
	types := make([]data.Type, len(columns))
	isKey := make([]bool, len(columns))
	for _, k := range keys {
		s.order = append(s.order, k)
		isKey[k] = true
	}
	for i, c := range columns {
		types[i] = c.Type
		if !isKey[i] {
			s.order = append(s.order, i)
		}
	}
	for _, k := range s.order {
		s.types = append(s.types, columns[k].Type)
	}
	s.layout = packed.New(types)
	s.head = logHead
	if ttl > 0 {
		s.head += 8
	}
	if s.marks = s.head; counted {
		s.head += markWidth
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
	width := headOf(len(s.sides))
	for i := range s.sides {
		if !s.sides[i].inserts {
			width = keyWideWidth
		}
	}
	s.keys = state.NewTable(left.types[:len(left.keys)], width, keySalt, budget)
	for i := range s.sides {
		side := &s.sides[i]
		if side.inserts {
			side.log, side.budget = state.NewLog(budget), budget
			side.epoch, side.done, side.front = 1, state.LogStart, state.LogStart
			continue
		}
		width := rowWidth
		if side.ttl > 0 {
			width += 8
		} else if !side.counted {
			width = rowMatches
		}
		side.rows = state.NewTable(side.types, width, rowSalt+uint64(i), budget)
	}
}

func (s *store) free() {
	if s.keys == nil {
		return
	}
	s.keys.Free()
	for i := range s.sides {
		if side := &s.sides[i]; side.inserts {
			side.log.Free()
			side.gone.Drop()
		} else {
			side.rows.Free()
		}
	}
}

func (s *store) bytes() int64 {
	return s.keys.Bytes() + s.sides[0].bytes() + s.sides[1].bytes()
}

func (s *side) bytes() int64 {
	if s.inserts {
		return s.log.Bytes()
	}
	return s.rows.Bytes()
}

func word(row unsafe.Pointer, offset int) *uint32 { return (*uint32)(unsafe.Add(row, offset)) }

// field is a number in the head of a row in a table.
func field(row unsafe.Pointer, offset int) *int64 { return (*int64)(unsafe.Add(row, offset)) }

// count is how often a row is there.
func (s *side) count(row unsafe.Pointer) int64 {
	if s.inserts {
		return 1
	}
	return *field(row, rowCount)
}

// matches is how many rows of the other side match a row of a counted side.
func (s *side) matches(row unsafe.Pointer) *int64 {
	if s.inserts {
		return field(row, s.marks+markMatches)
	}
	return field(row, rowMatches)
}

// change gives the number of matches of a row that was there before, to be changed.
func (s *side) change(row unsafe.Pointer) (*int64, error) {
	if s.inserts {
		return field(row, s.marks+markMatches), s.touch(row)
	}
	return field(row, rowMatches), s.rows.Touch(recordOf(row))
}

// pointer reads a reference between records. They are written as numbers: the
// collector neither follows nor minds them.
func pointer(at unsafe.Pointer, offset int) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(at, offset))
}

func setPointer(at unsafe.Pointer, offset int, to unsafe.Pointer) {
	*(*uintptr)(unsafe.Add(at, offset)) = uintptr(to)
}

func headOf(side int) int { return 8 * side }
func tailOf(side int) int { return 16 + 8*side }

// first is the first row of a side with a key; nil: there is none.
func (s *store) first(key unsafe.Pointer, side int) unsafe.Pointer {
	return s.sides[side].follow(unsafe.Add(state.Value(key), headOf(side)))
}

// after is the row after another in its chain.
func (s *side) after(row unsafe.Pointer) unsafe.Pointer { return s.follow(row) }

// follow reads a reference to a row.
func (s *side) follow(at unsafe.Pointer) unsafe.Pointer {
	if s.inserts {
		if addr := *(*uint64)(at); addr >= s.front { // else there is none, or it has lived too long
			return s.log.At(addr)
		}
		return nil
	}
	row := *(*unsafe.Pointer)(at)
	if s.ttl > 0 {
		for row != nil && s.expired(row) {
			row = pointer(row, rowNext)
		}
	}
	return row
}

// put adds rows of a batch to a log, in front of the chains of their keys.
func (s *side) put(side int, cols []*data.Vector, rows []int32, keys, own []unsafe.Pointer) error {
	sizes, err := s.layout.Sizes(&s.scratch, cols, rows)
	if err != nil {
		return err
	}
	for i, n := range sizes {
		addr, rec, err := s.log.Append(s.head + int(n))
		if err != nil {
			return err
		}
		s.rowID++
		*field(rec, logID) = s.rowID
		if s.ttl > 0 {
			*field(rec, logHead) = s.now
		}
		if s.counted {
			clear(unsafe.Slice((*byte)(unsafe.Add(rec, s.marks)), markWidth))
			*word(rec, s.marks+markEpoch) = s.epoch
			*(*uint64)(unsafe.Add(rec, s.marks+markAddress)) = addr
		}
		head := (*uint64)(unsafe.Add(state.Value(keys[i]), headOf(side)))
		*(*uint64)(rec) = *head
		*head = addr
		own[i] = unsafe.Add(rec, s.head)
	}
	s.layout.Write(&s.scratch, cols, rows, own)
	for i := range own {
		own[i] = unsafe.Add(own[i], -s.head)
	}
	return nil
}

// gather appends columns of rows to a batch, as vectors of the given types. A nil
// row gives NULLs.
func (s *side) gather(o *data.Batch, rows []unsafe.Pointer, columns []int, types []data.Type) error {
	if len(columns) == 0 {
		return nil
	}
	if s.inserts {
		return s.unpack(o, rows, columns, types)
	}
	at := len(o.Cols)
	for _, t := range types {
		o.Cols = append(o.Cols, data.NewVector(t, len(rows)))
	}
	into := make([]*data.Vector, len(s.order)) // nil: not wanted
	last := 0
	for i, k := range columns {
		for p, c := range s.order {
			if c == k {
				into[p] = o.Cols[at+i]
				last = max(last, p)
				break
			}
		}
	}
	into = into[:last+1]
	if s.coded == nil {
		s.coded = make([]byte, 0, 64)
	}
	for i, r := range rows {
		if r == nil {
			for _, v := range o.Cols[at:] {
				data.SetNullRow(v, i)
			}
			continue
		}
		row := s.rows.KeyBytes(recordOf(r), s.coded)
		var err error
		for p, v := range into {
			if v == nil {
				row, err = data.SkipValues(row, s.types[p:p+1])
			} else {
				row, err = data.DecodeValue(row, v, i)
			}
			if err != nil {
				return fmt.Errorf("row of the %s side: %w", s.name, err)
			}
		}
	}
	return nil
}

func (s *side) unpack(o *data.Batch, rows []unsafe.Pointer, columns []int, types []data.Type) error {
	heads := s.picks.Room(len(rows))
	for i, r := range rows {
		if heads[i] = nil; r != nil {
			heads[i] = unsafe.Add(r, s.head)
		}
	}
	s.picks.Pick(heads)
	for i, k := range columns {
		v, err := s.layout.Gather(&s.picks, k, types[i])
		if err != nil {
			return fmt.Errorf("row of the %s side: %w", s.name, err)
		}
		o.Cols = append(o.Cols, v)
	}
	return nil
}
