package join

import (
	"fmt"
	"slices"
	"strconv"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// multi joins three and more inputs by one key. Every row is kept once, in the log
// of its input; a row that comes is given with each combination of rows of the
// other inputs with its key.
type multi struct {
	join
	types  []data.Type
	others [][]int            // of each input, the other ones
	takes  []taken            // from each input
	heads  [][]unsafe.Pointer // of each input, scratch: by position: the first row; nil: not all inputs have one
	chains [][]unsafe.Pointer // of each input, scratch: the rows with a key

	// what is given
	from []int32            // rows of the batch
	recs [][]unsafe.Pointer // of each other input
}

// taken are the columns that an input gives.
type taken struct {
	columns []int       // of the input
	places  []int       // in the rows given
	types   []data.Type // there
}

// NewMulti makes the operator of a MultiJoin.
func NewMulti(op graph.Op, input [][]data.Column) (operator.Operator, error) {
	spec := *op.MultiJoin
	n := len(input)
	if n != len(spec.Keys) || n < 2 || len(spec.Output) != len(op.Schema) {
		return nil, fmt.Errorf("%s has %d inputs and %d keys, and gives %d of %d columns", op.Name, n, len(spec.Keys), len(spec.Output), len(op.Schema))
	}
	m := &multi{takes: make([]taken, n), heads: make([][]unsafe.Pointer, n), chains: make([][]unsafe.Pointer, n), recs: make([][]unsafe.Pointer, n)}
	var side, column []int
	for i, columns := range input {
		for k := range columns {
			side, column = append(side, i), append(column, k)
		}
		for k, c := range spec.Keys[i] {
			l, r := input[0][spec.Keys[0][k]].Type, columns[c].Type
			if l.Phys() != r.Phys() || l.Scale != r.Scale {
				return nil, fmt.Errorf("%s compares %s with %s", op.Name, l, r)
			}
		}
		m.store.sides = append(m.store.sides, newSide("input "+strconv.Itoa(i+1), columns, spec.Keys[i], false, false, true, 0))
		others := make([]int, 0, n-1)
		for k := range n {
			if k != i {
				others = append(others, k)
			}
		}
		m.others = append(m.others, others)
	}
	for at, c := range op.Schema {
		m.types = append(m.types, c.Type)
		if p := c.Type.Phys(); slices.Contains(spec.Unread, at) && p != data.PhysList && p != data.PhysRow {
			continue
		}
		t := &m.takes[side[spec.Output[at]]]
		t.columns, t.places, t.types = append(t.columns, column[spec.Output[at]]), append(t.places, at), append(t.types, c.Type)
	}
	return m, nil
}

func (m *multi) Process(input int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	me := &m.store.sides[input]
	if b.Hashes == nil {
		data.HashKeys(b, me.keys)
	}
	m.rows = operator.Rows(b, m.rows)
	if b.Ops != nil {
		for _, r := range m.rows {
			if b.Ops[r] != data.Insert {
				return fmt.Errorf("%s of a join, which has inserts only, got a change %s", me.name, b.Ops[r])
			}
		}
	}
	if err := m.resolve(input, me, b); err != nil {
		return err
	}
	if err := m.combine(input, b, out); err != nil {
		return err
	}
	m.ctx.Metrics.StateKeys.Store(int64(m.store.keys.Len()))
	m.ctx.Metrics.StateBytes.Store(m.store.bytes())
	return nil
}

// combine gives the rows of the batch with all combinations of rows of the others.
func (m *multi) combine(input int, b *data.Batch, out operator.Output) error {
	others := m.others[input]
	m.find(others)
	last := others[len(others)-1]
	m.from = m.from[:0]
	for _, k := range others {
		m.recs[k] = m.recs[k][:0]
	}
	for i, head := range m.heads[last] {
		if head == nil {
			continue
		}
		combinations := 1
		for _, k := range others {
			chain := m.chains[k][:0]
			for rec := m.heads[k][i]; rec != nil; rec = m.store.sides[k].after(rec) {
				chain = append(chain, rec)
			}
			m.chains[k] = chain
			combinations *= len(chain)
		}
		r := m.rows[i]
		for done := 0; done < combinations; {
			n := min(combinations-done, data.BatchSize-len(m.from))
			for range n {
				m.from = append(m.from, r)
			}
			if combinations == 1 {
				for _, k := range others {
					m.recs[k] = append(m.recs[k], m.chains[k][0])
				}
			} else {
				every := 1 // after so many combinations comes the next row
				for _, k := range others {
					m.recs[k] = spread(m.recs[k], m.chains[k], done, n, every)
					every *= len(m.chains[k])
				}
			}
			if done += n; len(m.from) == data.BatchSize {
				if err := m.flush(input, b, out); err != nil {
					return err
				}
			}
		}
	}
	return m.flush(input, b, out)
}

// spread appends n rows of a chain, beginning with that of the combination at: each
// row comes so many times before the next one does.
func spread(to, chain []unsafe.Pointer, at, n, every int) []unsafe.Pointer {
	k, left := at/every%len(chain), every-at%every
	for range n {
		to = append(to, chain[k])
		if left--; left == 0 {
			left = every
			if k++; k == len(chain) {
				k = 0
			}
		}
	}
	return to
}

// find lists the first rows of the other inputs, of keys of which all have one. They
// are looked at together, so that the misses of independent rows overlap.
func (m *multi) find(others []int) {
	var before []unsafe.Pointer
	var sum uint64
	for _, k := range others {
		if cap(m.heads[k]) < len(m.keys) {
			m.heads[k] = make([]unsafe.Pointer, max(len(m.keys), data.BatchSize))
		}
		heads := m.heads[k][:len(m.keys)]
		for i, key := range m.keys {
			if heads[i] = nil; key != nil && (before == nil || before[i] != nil) {
				heads[i] = m.store.first(key, k)
			}
		}
		m.heads[k], before = heads, heads
	}
	for _, k := range others {
		for i, rec := range m.heads[k] {
			if rec != nil && before[i] != nil {
				sum += *(*uint64)(rec)
			}
		}
	}
	m.touched = sum // keeps the loads alive
}

// flush gives what is collected.
func (m *multi) flush(input int, b *data.Batch, out operator.Output) error {
	n := len(m.from)
	if n == 0 {
		return nil
	}
	o := data.NewBatch(len(m.types))
	o.N, o.IngestedAt = n, b.IngestedAt
	cols := make([]*data.Vector, len(m.types))
	for k := range m.takes {
		t := &m.takes[k]
		if k == input {
			for i, c := range t.columns {
				v := data.Gather(b.Cols[c], m.from)
				v.Type = t.types[i]
				o.Cols, cols[t.places[i]] = append(o.Cols, v), v
			}
			continue
		}
		at := len(o.Cols)
		if err := m.store.sides[k].gather(o, m.recs[k], t.columns, t.types); err != nil {
			o.Release()
			return err
		}
		for i, v := range o.Cols[at:] {
			cols[t.places[i]] = v
		}
		m.recs[k] = m.recs[k][:0]
	}
	for i, t := range m.types {
		if cols[i] == nil {
			cols[i] = blank(t, n)
		}
	}
	o.Cols = append(o.Cols[:0], cols...)
	m.from = m.from[:0]
	return out.Emit(o)
}
