// Package accumulator computes aggregate functions over state records, a batch
// at a time. Group aggregation and windows share it.
//
// An aggregate owns some bytes of a group's record. Its loops run over columns
// with the records already resolved: one typed loop for a batch, no call per row.
package accumulator

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// accumulator is one aggregate call. Offsets into records are fixed when it is
// made. rows are rows of the batch's columns and recs their groups, in parallel.
type accumulator interface {
	// update folds the rows in; a row whose op takes away is retracted.
	update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error
	// result writes the value of recs[i] as row base+i*stride of out.
	result(g *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int)
	// schema is the canonical form of the part of a record it owns; save and load
	// convert recs[i] to and from row i of cols.
	schema() []data.Type
	save(g *Groups, recs []unsafe.Pointer, cols []*data.Vector)
	load(g *Groups, recs []unsafe.Pointer, cols []*data.Vector) error
}

// stepper is an accumulator with a loop of its own for per-row results: it
// writes the value before row i as row 2i of out and after it as row 2i+1.
type stepper interface {
	step(recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector)
}

// Set is the aggregates of one operator.
type Set struct {
	keys  []int
	types []data.Type // of the keys
	calls []graph.AggCall
	accs  []accumulator
	width int
	sides []side // what needs a table beside the groups
	scratch
}

type scratch struct {
	recs []unsafe.Pointer
	rows []int32
}

// side is a table beside the groups, keyed by group and value.
type side struct {
	name  string
	types []data.Type // keys of the group, then the value
	width int
	cols  []int
}

// rowCount is the offset of the number of rows in a group.
const rowCount = 0

// NewSet lays out the aggregates of an operator with the given key columns.
func NewSet(keys []int, calls []graph.AggCall, input []data.Column) (*Set, error) {
	s := &Set{keys: keys, calls: calls, width: 8}
	for _, k := range keys {
		s.types = append(s.types, input[k].Type)
	}
	for i, c := range calls {
		a, err := s.make(i, c, input)
		if err != nil {
			return nil, fmt.Errorf("aggregate %s: %w", c.Func, err)
		}
		s.accs = append(s.accs, a)
	}
	return s, nil
}

func (s *Set) take(bytes int) int {
	off := s.width
	s.width += (bytes + 7) &^ 7
	return off
}

func (s *Set) addSide(name string, value int, input []data.Column, width int) int {
	types := append(append([]data.Type{}, s.types...), input[value].Type)
	cols := append(append([]int{}, s.keys...), value)
	s.sides = append(s.sides, side{name: name, types: types, width: width, cols: cols})
	return len(s.sides) - 1
}

// Groups is the state of a Set: one for an aggregation, one for each window.
type Groups struct {
	Table *state.Table
	sides []*state.Table
	blobs *state.Blobs
	set   *Set
	// scratch of the side tables
	batch data.Batch
	recs  []unsafe.Pointer
	keep  scratch
}

// NewGroups makes empty state.
func (s *Set) NewGroups(budget *state.Budget) *Groups {
	g := &Groups{Table: state.NewTable(s.types, s.width, 1, budget), blobs: state.NewBlobs(budget), set: s}
	for i, d := range s.sides {
		g.sides = append(g.sides, state.NewTable(d.types, d.width, uint64(i)+2, budget))
	}
	return g
}

// Free gives the memory back.
func (g *Groups) Free() {
	g.Table.Free()
	g.blobs.Free()
	for _, t := range g.sides {
		t.Free()
	}
}

// Bytes is the memory held.
func (g *Groups) Bytes() int64 {
	n := g.Table.Bytes() + g.blobs.Bytes()
	for _, t := range g.sides {
		n += t.Bytes()
	}
	return n
}

// Rows is the number of rows in a group now.
func Rows(rec unsafe.Pointer) int64 { return *(*int64)(unsafe.Add(state.Value(rec), rowCount)) }

// Update folds rows into their groups. b.Hashes are the key hashes.
func (s *Set) Update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	countRows(recs, rows, b)
	for i, a := range s.accs {
		r, w := s.passing(s.calls[i].Filter, recs, rows, b)
		if err := a.update(g, r, w, b); err != nil {
			return fmt.Errorf("aggregate %s: %w", s.calls[i].Func, err)
		}
	}
	return nil
}

func countRows(recs []unsafe.Pointer, rows []int32, b *data.Batch) {
	if b.Ops == nil {
		for _, rec := range recs {
			*(*int64)(state.Value(rec))++
		}
		return
	}
	for i, rec := range recs {
		*(*int64)(state.Value(rec)) += sign(b.Ops[rows[i]])
	}
}

func sign(o data.Op) int64 { return 1 - 2*int64(o&1) }

// passing keeps the rows for which the filter column is TRUE.
func (s *Set) passing(filter int, recs []unsafe.Pointer, rows []int32, b *data.Batch) ([]unsafe.Pointer, []int32) {
	if filter < 0 {
		return recs, rows
	}
	f := b.Cols[filter]
	s.scratch.recs, s.scratch.rows = s.scratch.recs[:0], s.scratch.rows[:0]
	for i, r := range rows {
		if f.Bool[r] != 0 && !f.IsNull(int(r)) {
			s.scratch.recs = append(s.scratch.recs, recs[i])
			s.scratch.rows = append(s.scratch.rows, r)
		}
	}
	return s.scratch.recs, s.scratch.rows
}

// Results writes the aggregates of recs as rows base, base+stride, … of outs.
func (s *Set) Results(g *Groups, recs []unsafe.Pointer, outs []*data.Vector, base, stride int) {
	for i, a := range s.accs {
		a.result(g, recs, outs[i], base, stride)
	}
}

// Step folds rows one by one: row 2i of outs is the result before row i, row
// 2i+1 after it. counts[2i] and counts[2i+1] are the rows in the group.
func (s *Set) Step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, outs []*data.Vector, counts []int64) error {
	for i, rec := range recs {
		n := (*int64)(state.Value(rec))
		counts[2*i] = *n
		*n += sign(b.Op(int(rows[i])))
		counts[2*i+1] = *n
	}
	for k, a := range s.accs {
		if st, ok := a.(stepper); ok && s.calls[k].Filter < 0 {
			st.step(recs, rows, b, outs[k])
			continue
		}
		for i := range recs {
			one, row := recs[i:i+1], rows[i:i+1]
			a.result(g, one, outs[k], 2*i, 1)
			r, w := s.passing(s.calls[k].Filter, one, row, b)
			if len(w) > 0 {
				if err := a.update(g, r, w, b); err != nil {
					return fmt.Errorf("aggregate %s: %w", s.calls[k].Func, err)
				}
			}
			a.result(g, one, outs[k], 2*i+1, 1)
		}
	}
	return nil
}

// Changed tells, for each i, whether row 2i and 2i+1 differ in any of outs.
func Changed(outs []*data.Vector, n int, changed []bool) {
	for _, v := range outs {
		for i := range n {
			if !changed[i] && !Same(v, 2*i, 2*i+1) {
				changed[i] = true
			}
		}
	}
}

// Same tells whether two rows of a vector are equal, NULL equal to NULL.
func Same(v *data.Vector, a, b int) bool {
	if x, y := v.IsNull(a), v.IsNull(b); x || y {
		return x == y
	}
	switch v.Type.Phys() {
	case data.PhysBool:
		return v.Bool[a] == v.Bool[b]
	case data.PhysI32:
		return v.I32[a] == v.I32[b]
	case data.PhysI64:
		return v.I64[a] == v.I64[b]
	case data.PhysF32:
		return v.F32[a] == v.F32[b] || v.F32[a] != v.F32[a] && v.F32[b] != v.F32[b]
	case data.PhysF64:
		return v.F64[a] == v.F64[b] || v.F64[a] != v.F64[a] && v.F64[b] != v.F64[b]
	case data.PhysI128:
		return v.I128[a] == v.I128[b]
	case data.PhysTime:
		return v.I64[a] == v.I64[b] && v.Nano[a] == v.Nano[b]
	case data.PhysString:
		return v.Str(a) == v.Str(b)
	}
	return string(data.EncodeValue(nil, v, a)) == string(data.EncodeValue(nil, v, b))
}

// resolveSide finds the side records of rows, hashing group and value together.
func (g *Groups) resolveSide(k int, rows []int32, b *data.Batch) ([]unsafe.Pointer, error) {
	d := g.set.sides[k]
	g.batch = data.Batch{N: b.N, Cols: b.Cols, Sel: rows, Hashes: g.batch.Hashes[:0]}
	data.HashKeys(&g.batch, d.cols)
	if cap(g.recs) < len(rows) {
		g.recs = make([]unsafe.Pointer, len(rows), max(len(rows), data.BatchSize))
	}
	recs := g.recs[:len(rows)]
	_, err := g.sides[k].Resolve(&g.batch, d.cols, rows, recs)
	return recs, err
}

// nonNull leaves out the rows whose value is NULL. The result is valid until the next call.
func (g *Groups) nonNull(v *data.Vector, recs []unsafe.Pointer, rows []int32) ([]unsafe.Pointer, []int32) {
	if v.Nulls == nil {
		return recs, rows
	}
	k := &g.keep
	k.recs, k.rows = k.recs[:0], k.rows[:0]
	for i, r := range rows {
		if !v.IsNull(int(r)) {
			k.recs = append(k.recs, recs[i])
			k.rows = append(k.rows, r)
		}
	}
	return k.recs, k.rows
}

// Drop deletes a group that has no rows left.
func (s *Set) Drop(g *Groups, rec unsafe.Pointer) {
	for _, a := range s.accs {
		if e, ok := a.(*extreme); ok {
			e.clear(g, rec)
		}
	}
	g.Table.Delete(rec)
}
