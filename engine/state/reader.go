package state

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// Reader gives an operator subtask the state that concerns it.
type Reader struct {
	// Checkpoint is the id of the restored checkpoint or savepoint.
	Checkpoint int64
	// Parts are the snapshots of former subtasks, cut down to this subtask's key
	// groups and its share of split lists; unions are whole. Each is whole itself.
	Parts []Snapshot
	// Rows gives the rows of a keyed state that are not in Parts but in files; nil: none.
	Rows func(name string, f func(schema []data.Column, group int, row []byte) error) error
	// Guess says about how many rows of a keyed state there are in files; nil: that is not known.
	Guess func(name string) int64
}

// About is about how many rows of a keyed state there are, for tables to make
// room; 0 if that is not known.
func (r *Reader) About(name string) (n int64) {
	for _, p := range r.Parts {
		for _, k := range p.Keyed {
			if k.Name == name {
				n += k.Rows
			}
		}
	}
	if r.Guess != nil {
		n += r.Guess(name)
	}
	return n
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
				err := EachOf(rows, func(row []byte) error { return f(k.Schema, g, row) })
				if err != nil {
					return fmt.Errorf("state %s, key group %d: %w", name, g, err)
				}
			}
		}
	}
	if r.Rows != nil {
		return r.Rows(name, f)
	}
	return nil
}

// EachOf calls f for every row of rows that lie one after the other, each
// preceded by its length as a uvarint.
func EachOf(rows []byte, f func(row []byte) error) error {
	for len(rows) > 0 {
		n, w := uvarint(rows)
		if w <= 0 || uint64(len(rows)-w) < n {
			return fmt.Errorf("truncated row")
		}
		if err := f(rows[w : w+int(n)]); err != nil {
			return err
		}
		rows = rows[w+int(n):]
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
