package operator

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// TimedRows keeps rows of a join's two inputs by key and by time: a key's record
// has a list of rows for each input and when the key is to be looked at next, the
// rows lie packed. It has the part of a snapshot that does not differ.
type TimedRows struct {
	Rows [2]*RowStore
	// KeyCols are the columns of each input's key, TimeCols those of their times.
	KeyCols  [2][]int
	TimeCols [2]int
	Keys     *state.Table
	Lists    *state.Lists

	input [2][]data.Column
	due   Agenda
	ctx   *Context
}

// A key's record: two lists, and when it is to be looked at.
const (
	keyDue   = 2 * state.SortedSize
	keyWidth = keyDue + 8
)

// A row's head: its key's record, and eight bytes of the operator's.
const (
	rowOwn  = 8
	rowHead = 16
)

const never = math.MaxInt64

// NewTimedRows is for the inputs of a join. extra names the number that own makes
// of the operator's bytes for a snapshot.
func NewTimedRows(name string, input [][]data.Column, keys [2][]int, times [2]int, extra string, own func(row unsafe.Pointer) int64) (TimedRows, error) {
	t := TimedRows{KeyCols: keys, TimeCols: times}
	if len(input) != 2 {
		return t, fmt.Errorf("%s has %d inputs where a join has two", name, len(input))
	}
	for s, state := range [2]string{"left", "right"} {
		at := times[s]
		if typ := input[s][at].Type; typ.Phys() != data.PhysI64 {
			return t, fmt.Errorf("%s joins by a time of type %s", name, typ)
		}
		t.input[s] = input[s]
		r := NewRowStore(state, input[s], keys[s], rowHead, "at", extra)
		r.Hash = func(rec unsafe.Pointer) uint64 { return hashOfKey(rec) }
		r.Extra = func(to []int64, rec unsafe.Pointer) { to[0], to[1] = r.Layout.I64(r.Row(rec), at), own(rec) }
		t.Rows[s] = r
	}
	return t, nil
}

func hashOfKey(row unsafe.Pointer) uint64 { return state.Hash(keyOf(row)) }

// Open makes it ready; salt is the table's.
func (t *TimedRows) Open(c *Context, salt uint64) {
	t.ctx = c
	types := make([]data.Type, len(t.KeyCols[0]))
	for i, k := range t.KeyCols[0] {
		types[i] = t.input[0][k].Type
	}
	t.Keys = state.NewTable(types, keyWidth, salt, c.Memory)
	t.Lists = state.NewLists(c.Memory)
	t.due.Budget = c.Memory
	t.Rows[0].Open(c)
	t.Rows[1].Open(c)
}

// Close gives all memory back.
func (t *TimedRows) Close() error {
	if t.Keys != nil {
		t.Keys.Free()
		t.Lists.Free()
		t.due.Free()
		t.Rows[0].Close()
		t.Rows[1].Close()
	}
	return nil
}

// List is a key's rows of an input.
func (t *TimedRows) List(key unsafe.Pointer, side int) *state.Sorted {
	return (*state.Sorted)(unsafe.Add(state.Value(key), side*state.SortedSize))
}

// Empty tells whether a key has no rows.
func (t *TimedRows) Empty(key unsafe.Pointer) bool {
	return t.List(key, 0).Len()+t.List(key, 1).Len() == 0
}

// Own is the operator's eight bytes with a row of TimedRows.
func Own(row unsafe.Pointer) unsafe.Pointer { return unsafe.Add(row, rowOwn) }

// TimeOf is the time of a row.
func (t *TimedRows) TimeOf(side int, row unsafe.Pointer) int64 {
	r := t.Rows[side]
	return r.Layout.I64(r.Row(row), t.TimeCols[side])
}

// Belongs says which key a row is of; the key's list gets it by Lists.Insert.
func (t *TimedRows) Belongs(row, key unsafe.Pointer) {
	setKey(row, key)
	if t.Empty(key) {
		*dueOf(key) = never
	}
}

func dueOf(key unsafe.Pointer) *int64 { return (*int64)(unsafe.Add(state.Value(key), keyDue)) }

func keyOf(row unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(row) }

// setKey writes a reference as a number: the collector neither follows nor minds it.
func setKey(row, key unsafe.Pointer) { *(*uintptr)(row) = uintptr(key) }

// Appoint sees to it that a key is looked at when time comes to at.
func (t *TimedRows) Appoint(key unsafe.Pointer, at int64) error {
	if due := dueOf(key); at < *due {
		*due = at
		return t.due.Add(at, key)
	}
	return nil
}

// Due is the next key whose time has come, nil if there is none. It has no
// appointment any more.
func (t *TimedRows) Due(now int64) unsafe.Pointer {
	for {
		at, key, ok := t.due.Next(now)
		if !ok {
			return nil
		}
		if state.Alive(key) && *dueOf(key) == at { // else it was looked at before
			*dueOf(key) = never
			return key
		}
	}
}

// Settle gives back the memory of what is gone.
func (t *TimedRows) Settle() error {
	for s, r := range t.Rows {
		if err := r.Settle(func(from, to uint64, row unsafe.Pointer) {
			t.Lists.Redirect(t.List(keyOf(row), s), t.TimeOf(s, row), from, to)
		}); err != nil {
			return err
		}
	}
	if t.Keys.NeedsCompaction() {
		if err := t.compact(); err != nil {
			return err
		}
	}
	t.ctx.Metrics.StateKeys.Store(int64(t.Keys.Len()))
	t.ctx.Metrics.StateBytes.Store(t.Keys.Bytes() + t.Lists.Bytes() + t.Rows[0].Bytes() + t.Rows[1].Bytes() + t.due.Bytes())
	return nil
}

// compact moves the keys.
func (t *TimedRows) compact() error {
	t.due.Clear()
	var late error
	err := t.Keys.Compact(func(_, key unsafe.Pointer) {
		for s, r := range t.Rows {
			list := t.List(key, s)
			for entries, next := t.Lists.From(list, state.Place{}); entries != nil; entries, next = t.Lists.From(list, next) {
				for _, e := range entries {
					setKey(r.At(e.Ref), key)
				}
			}
		}
		if due := *dueOf(key); due != never {
			if err := t.due.Add(due, key); err != nil {
				late = err
			}
		}
	})
	if err != nil {
		return err
	}
	return late
}

// Begin fixes the rows of this moment for a snapshot.
func (t *TimedRows) Begin(w *state.Writer) error {
	t.Rows[0].Begin(w)
	t.Rows[1].Begin(w)
	return nil
}

// Continue writes some of them.
func (t *TimedRows) Continue() (done bool, err error) {
	for _, r := range t.Rows {
		if done, err := r.Continue(); !done || err != nil {
			return false, err
		}
	}
	return true, nil
}

// End says what became of the snapshot.
func (t *TimedRows) End(_ int64, completed bool) {
	t.Rows[0].End(completed)
	t.Rows[1].End(completed)
}

// Resumed says that what was restored is durable.
func (t *TimedRows) Resumed(int64) {
	t.Rows[0].Restored()
	t.Rows[1].Restored()
}
