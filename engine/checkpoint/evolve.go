package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// A change turns the bytes of a value of one type into those of another; nil
// leaves them as they are.
type change func(dst, value []byte) ([]byte, error)

// widen tells how values of one type become those of a wider one, whatever is
// NULL. ok is false if some would not fit, or mean something else.
func widen(from, to data.Type) (c change, ok bool) {
	if from.SameAs(to) {
		return nil, true
	}
	if from.Nullable && !to.Nullable && from.Kind != to.Kind {
		return nil, false
	}
	integers := []data.Kind{data.TinyInt, data.SmallInt, data.Int, data.BigInt}
	a, b := slices.Index(integers, from.Kind), slices.Index(integers, to.Kind)
	switch {
	case a >= 0 && b > a:
		return nil, true // all are varints
	case (from.Kind == data.Char || from.Kind == data.VarChar) && to.Kind == data.VarChar && to.Precision >= from.Precision,
		(from.Kind == data.Binary || from.Kind == data.VarBinary) && to.Kind == data.VarBinary && to.Precision >= from.Precision:
		return nil, true
	case from.Kind == data.Float && to.Kind == data.Double:
		return func(dst, v []byte) ([]byte, error) {
			if len(v) != 5 {
				return nil, errValue
			}
			f := math.Float32frombits(binary.LittleEndian.Uint32(v[1:]))
			return binary.LittleEndian.AppendUint64(append(dst, 1), math.Float64bits(float64(f))), nil
		}, true
	case from.Kind == data.Decimal && to.Kind == data.Decimal && to.Scale >= from.Scale && to.Precision-to.Scale >= from.Precision-from.Scale:
		return decimals(from, to), true
	case (from.Kind == data.Timestamp || from.Kind == data.TimestampLTZ) && to.Kind == from.Kind && to.Precision > from.Precision:
		if from.Phys() == to.Phys() {
			return nil, true
		}
		return func(dst, v []byte) ([]byte, error) { return append(append(dst, v...), 0), nil }, true // no nanoseconds
	}
	return nil, false
}

var errValue = errors.New("a value does not have the length of its type")

// decimals rescales. The result fits, since both parts of the number have room.
func decimals(from, to data.Type) change {
	if from.Phys() == to.Phys() && from.Scale == to.Scale {
		return nil
	}
	return func(dst, v []byte) ([]byte, error) {
		var hi int64
		var lo uint64
		if from.Phys() == data.PhysI64 {
			x, n := binary.Varint(v[1:])
			if n != len(v)-1 {
				return nil, errValue
			}
			hi, lo = x>>63, uint64(x)
		} else {
			if len(v) != 17 {
				return nil, errValue
			}
			hi, lo = int64(binary.LittleEndian.Uint64(v[1:])), binary.LittleEndian.Uint64(v[9:])
		}
		for range to.Scale - from.Scale { // two's complement: the sign takes care of itself
			carry, low := bits.Mul64(lo, 10)
			hi, lo = hi*10+int64(carry), low
		}
		dst = append(dst, 1)
		if to.Phys() == data.PhysI64 {
			return binary.AppendVarint(dst, int64(lo)), nil
		}
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, uint64(hi)), lo), nil
	}
}

// evolution turns rows of one schema into those of another.
type evolution struct {
	types   []data.Type // as written
	changes []change
	added   int
	to      []data.Column
}

// evolve says how a state written under one schema becomes one under another.
// keys are the leading columns whose bytes and hash must stay as they are. The
// words say what changes, or why that cannot be; e is nil if nothing has to be done.
func evolve(from, to []data.Column, keys int) (e *evolution, words string, ok bool) {
	if len(to) < len(from) {
		return nil, "", false
	}
	e = &evolution{to: to, added: len(to) - len(from)}
	need := e.added > 0
	for i, c := range from {
		f, fits := widen(c.Type, to[i].Type)
		if !fits {
			return nil, fmt.Sprintf("column %s was %s and becomes %s, which cannot hold all values", c.Name, c.Type, to[i].Type), false
		}
		if i < keys && f != nil {
			return nil, fmt.Sprintf("column %s was %s and becomes %s, and is part of the key, which cannot be converted", c.Name, c.Type, to[i].Type), false
		}
		same := c.Type.SameAs(to[i].Type)
		if words == "" && !c.Type.Equal(to[i].Type) {
			words = fmt.Sprintf("column %s was %s and becomes %s", c.Name, c.Type, to[i].Type)
		}
		need = need || !same
		e.types = append(e.types, c.Type)
		e.changes = append(e.changes, f)
	}
	for _, c := range to[len(from):] {
		if !c.Type.Nullable {
			return nil, fmt.Sprintf("column %s is new and NOT NULL", c.Name), false
		}
		words = fmt.Sprintf("column %s is new, and NULL in the rows there are", c.Name)
	}
	if !need {
		e = nil
	}
	return e, words, true
}

// row converts one row into dst.
func (e *evolution) row(dst, row []byte) ([]byte, error) {
	for i := range e.types {
		rest, err := data.SkipValues(row, e.types[i:i+1])
		if err != nil {
			return nil, err
		}
		value := row[:len(row)-len(rest)]
		row = rest
		if f := e.changes[i]; f != nil && value[0] != 0 {
			if dst, err = f(dst, value); err != nil {
				return nil, err
			}
			continue
		}
		dst = append(dst, value...)
	}
	if len(row) > 0 {
		return nil, errValue
	}
	for range e.added {
		dst = append(dst, 0)
	}
	return dst, nil
}

// InForm is a state whose rows have the form that operators want, where Compare
// says that they can. Others are as they were written.
func InForm(s State, wants []Want) State {
	have := map[string]Operator{}
	for _, op := range s.Operators() {
		have[op.UID] = op
	}
	all := map[string]map[string]*evolution{}
	for _, w := range wants {
		for _, k := range w.Keyed {
			for _, h := range have[w.UID].Keyed {
				if h.Name != k.Name || h.Keys != k.Keys {
					continue
				}
				if e, _, ok := evolve(h.Schema, k.Schema, k.Keys); ok && e != nil {
					if all[w.UID] == nil {
						all[w.UID] = map[string]*evolution{}
					}
					all[w.UID][k.Name] = e
				}
			}
		}
	}
	if len(all) == 0 {
		return s
	}
	return &migrated{s, all}
}

type migrated struct {
	State
	evolutions map[string]map[string]*evolution // by UID and name of the state
}

// Reader converts rows as they are read.
func (m *migrated) Reader(uid string, subtask, parallelism int) (*state.Reader, error) {
	r, err := m.State.Reader(uid, subtask, parallelism)
	by := m.evolutions[uid]
	if err != nil || r == nil || by == nil {
		return r, err
	}
	out := &state.Reader{Checkpoint: r.Checkpoint, Guess: r.About}
	for _, p := range r.Parts {
		out.Parts = append(out.Parts, state.Snapshot{Lists: p.Lists})
	}
	out.Rows = func(name string, f func(schema []data.Column, group int, row []byte) error) error {
		e := by[name]
		if e == nil {
			return r.EachRow(name, f)
		}
		var buf []byte
		return r.EachRow(name, func(_ []data.Column, group int, row []byte) error {
			var err error
			if buf, err = e.row(buf[:0], row); err != nil {
				return err
			}
			return f(e.to, group, buf)
		})
	}
	return out, nil
}
