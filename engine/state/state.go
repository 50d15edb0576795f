// Package state is what operators remember: keyed tables off the heap, and the
// form in which state is written at a barrier and read back.
//
// The canonical form is rows by operator, state name and key group under a
// declared schema; it does not depend on how a table lies in memory, so a
// savepoint survives rescaling and new versions of the engine.
package state

import (
	"fmt"
	"sync/atomic"

	"github.com/weir-streams/weir/engine/data"
)

// Budget bounds off-heap memory of one job.
type Budget struct {
	limit int64
	used  atomic.Int64
}

// NewBudget allows limit bytes; 0 allows any amount.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Take accounts n bytes, or refuses with an error that says what to change.
func (b *Budget) Take(n int64) error {
	if b == nil {
		return nil
	}
	if used := b.used.Add(n); b.limit > 0 && used > b.limit {
		b.used.Add(-n)
		return fmt.Errorf("state needs %d bytes more than the budget of %d bytes; raise state.backend.memory", used-b.limit, b.limit)
	}
	return nil
}

// Give returns n bytes.
func (b *Budget) Give(n int64) {
	if b != nil {
		b.used.Add(-n)
	}
}

// Used is the number of bytes held now.
func (b *Budget) Used() int64 { return b.used.Load() }

// Snapshot is the state of one operator subtask at one barrier.
type Snapshot struct {
	Keyed []Keyed
	Lists []List
}

// Keyed is one named keyed state: rows in the row codec of package data (key
// columns first), concatenated by key group.
type Keyed struct {
	Name   string
	Schema []data.Column
	Keys   int            // how many of Schema are the key
	Groups map[int][]byte // key group -> rows, each preceded by its length as a uvarint
	Rows   int64
}

// List is one named state without keys: opaque items.
type List struct {
	Name  string
	Mode  ListMode
	Items [][]byte
}

// ListMode says how items are handed out when the parallelism changes.
type ListMode string

// List modes.
const (
	Split ListMode = "SPLIT" // each item to one subtask, in turn
	Union ListMode = "UNION" // all items to every subtask
)

// Writer collects a Snapshot.
type Writer struct {
	Checkpoint int64 // its id
	Snapshot   Snapshot
}

// Keyed starts a keyed state; append rows with KeyedWriter.Append.
func (w *Writer) Keyed(name string, keys int, schema []data.Column) *KeyedWriter {
	w.Snapshot.Keyed = append(w.Snapshot.Keyed, Keyed{Name: name, Schema: schema, Keys: keys, Groups: map[int][]byte{}})
	return &KeyedWriter{w: w, i: len(w.Snapshot.Keyed) - 1}
}

// List writes a list state whole.
func (w *Writer) List(name string, mode ListMode, items [][]byte) {
	w.Snapshot.Lists = append(w.Snapshot.Lists, List{Name: name, Mode: mode, Items: items})
}

// KeyedWriter appends rows to a keyed state.
type KeyedWriter struct {
	w *Writer
	i int
}

// Append adds one encoded row to a key group.
func (k *KeyedWriter) Append(group int, row []byte) {
	s := &k.w.Snapshot.Keyed[k.i]
	b := appendUvarint(s.Groups[group], uint64(len(row)))
	s.Groups[group] = append(b, row...)
	s.Rows++
}

func appendUvarint(b []byte, x uint64) []byte {
	for x >= 0x80 {
		b = append(b, byte(x)|0x80)
		x >>= 7
	}
	return append(b, byte(x))
}

// Reader gives an operator subtask the state that concerns it.
type Reader struct {
	// Checkpoint is the id of the restored checkpoint or savepoint.
	Checkpoint int64
	// Parts are the snapshots of former subtasks, cut down to this subtask's key
	// groups and its share of split lists; unions are whole.
	Parts []Snapshot
}

// EachRow calls f for every row of a keyed state, with the schema it was
// written under. The row is valid during the call.
func (r *Reader) EachRow(name string, f func(schema []data.Column, group int, row []byte) error) error {
	for _, p := range r.Parts {
		for _, k := range p.Keyed {
			if k.Name != name {
				continue
			}
			for g, rows := range k.Groups {
				for len(rows) > 0 {
					n, w := uvarint(rows)
					if w <= 0 || uint64(len(rows)-w) < n {
						return fmt.Errorf("state %s, key group %d: truncated row", name, g)
					}
					if err := f(k.Schema, g, rows[w:w+int(n)]); err != nil {
						return fmt.Errorf("state %s, key group %d: %w", name, g, err)
					}
					rows = rows[w+int(n):]
				}
			}
		}
	}
	return nil
}

// Items returns the items of a list state.
func (r *Reader) Items(name string) [][]byte {
	var items [][]byte
	for _, p := range r.Parts {
		for _, l := range p.Lists {
			if l.Name == name {
				items = append(items, l.Items...)
			}
		}
	}
	return items
}

func uvarint(b []byte) (uint64, int) {
	var x uint64
	for i, c := range b {
		if i == 10 {
			return 0, -1
		}
		x |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return x, i + 1
		}
	}
	return 0, 0
}
