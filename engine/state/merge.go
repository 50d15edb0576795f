package state

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// Layer is a snapshot to be merged with others.
type Layer interface {
	// Declared lists the keyed states, and slices of such, that it names.
	Declared() []Declared
	// Each calls f with rows of a kind, as EachOf takes them, of the states that
	// are wanted, by number in Declared, and of all key groups from up to to.
	Each(kind Kind, want []bool, from, to int, f func(state, group int, rows []byte) error) error
}

// MergeRows calls f for each row of a keyed state that is there after a chain of
// layers, oldest first, of one subtask: of the key groups from up to to. Only
// the identities of what changed in later layers are held in memory.
func MergeRows(layers []Layer, name string, from, to int, f func(schema []data.Column, group int, row []byte) error) error {
	m := merger{f: f, from: from, to: to, slices: map[string]int{}}
	for n := len(layers) - 1; n >= 0; n-- {
		more, err := m.layer(layers[n], name, n == len(layers)-1, n == 0)
		if err != nil {
			return fmt.Errorf("state %s: %w", name, err)
		}
		if !more {
			break
		}
	}
	return nil
}

type merger struct {
	f        func(schema []data.Column, group int, row []byte) error
	from, to int
	slices   map[string]int // that older layers may have rows of, with a number
	numbers  int
	seen     identities // numbered slice and identity, or key, of newer layers
	cleared  identities
	scratch  []byte
}

// layer gives what counts of one layer. It returns whether older ones count.
func (m *merger) layer(l Layer, name string, newest, oldest bool) (more bool, err error) {
	all := l.Declared()
	want := make([]bool, len(all))
	number := make([]int, len(all))
	types := make([][]data.Type, len(all))
	slices := map[string]int{}
	any, older := false, false
	for i, d := range all {
		if d.Name != name {
			continue
		}
		n, ok := m.slices[d.Slice]
		if newest {
			n, ok = m.numbers, true
			m.numbers++
		}
		if !ok {
			continue
		}
		want[i], number[i], any = true, n, true
		for _, c := range d.Schema {
			types[i] = append(types[i], c.Type)
		}
		if !d.Whole {
			slices[d.Slice] = n
			older = true
		}
	}
	if !any {
		return false, nil
	}
	more = older && !oldest
	err = l.Each(Put, want, m.from, m.to, func(i, group int, rows []byte) error {
		d := &all[i]
		remember := more && !d.Whole && d.Logged == nil // what lies in a log is there once
		if newest && !remember || m.seen.n == 0 && m.cleared.n == 0 && !remember {
			return EachOf(rows, func(row []byte) error { return m.f(d.Schema, group, row) })
		}
		return EachOf(rows, func(row []byte) error {
			id, err := m.identity(number[i], row, types[i][:d.Unique])
			if err != nil {
				return err
			}
			if remember {
				if !m.seen.add(id) {
					return nil
				}
			} else if m.seen.has(id) {
				return nil
			}
			if m.cleared.n > 0 {
				if id, err = m.identity(number[i], row, types[i][:d.Keys]); err != nil {
					return err
				}
				if m.cleared.has(id) {
					return nil
				}
			}
			return m.f(d.Schema, group, row)
		})
	})
	if err != nil || !more {
		return false, err
	}
	for _, kind := range []Kind{Delete, Clear} {
		err := l.Each(kind, want, m.from, m.to, func(i, _ int, rows []byte) error {
			return EachOf(rows, func(row []byte) error {
				m.scratch = append(appendUvarint(m.scratch[:0], uint64(number[i])), row...)
				if kind == Delete {
					m.seen.add(m.scratch)
				} else {
					m.cleared.add(m.scratch)
				}
				return nil
			})
		})
		if err != nil {
			return false, err
		}
	}
	m.slices = slices
	return true, nil
}

func (m *merger) identity(slice int, row []byte, types []data.Type) ([]byte, error) {
	rest, err := data.SkipValues(row, types)
	if err != nil {
		return nil, err
	}
	m.scratch = append(appendUvarint(m.scratch[:0], uint64(slice)), row[:len(row)-len(rest)]...)
	return m.scratch, nil
}

// Declared lists the keyed states of a snapshot.
func (s Snapshot) Declared() []Declared {
	all := make([]Declared, len(s.Keyed))
	for i, k := range s.Keyed {
		all[i] = k.Declared
	}
	return all
}

// Each calls f with the rows of a snapshot that is held in memory.
func (s Snapshot) Each(kind Kind, want []bool, from, to int, f func(state, group int, rows []byte) error) error {
	for i := range s.Keyed {
		if !want[i] {
			continue
		}
		for g, rows := range s.Keyed[i].part(kind) {
			if from <= g && g < to {
				if err := f(i, g, rows); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Merge gives the whole state that a chain of snapshots of one subtask, oldest
// first, amounts to.
func Merge(chain ...Snapshot) (Snapshot, error) {
	var w Writer
	if len(chain) == 0 {
		return w.Snapshot, nil
	}
	layers := make([]Layer, len(chain))
	for i, s := range chain {
		layers[i] = s
	}
	last := chain[len(chain)-1]
	done := map[string]bool{}
	for _, k := range last.Keyed {
		if done[k.Name] {
			continue
		}
		done[k.Name] = true
		to := w.Keyed(k.Name, k.Keys, k.Unique, k.Schema)
		err := MergeRows(layers, k.Name, 0, 1<<16, func(_ []data.Column, group int, row []byte) error {
			to.Put(group, row)
			return nil
		})
		if err != nil {
			return Snapshot{}, err
		}
	}
	w.Snapshot.Lists = last.Lists
	return w.Snapshot, nil
}
