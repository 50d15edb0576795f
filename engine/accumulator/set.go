// Package accumulator computes aggregate functions over state records, a batch
// at a time. Group aggregation and windows share it.
//
// An aggregate owns some bytes of a group's record. Its loops run over columns
// with the records already resolved: one typed loop for a batch, no call per row.
package accumulator

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// accumulator is one aggregate call. Offsets into records are fixed when it is
// made. rows are rows of the batch's columns and recs their groups, in parallel.
type accumulator interface {
	// update folds the rows in; a row whose op takes away is retracted.
	update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error
	// result writes the value of recs[i] as row base+i*stride of out. Lists are
	// written with stride 1 only.
	result(g *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int)
	// step folds the rows in one by one: it writes the value before row i as row 2i
	// of out and the value after it as row 2i+1. Rows whose take is 0 are not
	// folded in; without take all are.
	step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error
	// schema is the canonical form of the part of a record it owns: encode appends
	// it to dst in the row codec, load sets recs[i] from row i of cols.
	schema() []data.Type
	encode(g *Groups, dst []byte, rec unsafe.Pointer) []byte
	load(g *Groups, recs []unsafe.Pointer, cols []*data.Vector) error
}

// dropper is an accumulator that holds memory beside the record.
type dropper interface {
	drop(g *Groups, rec unsafe.Pointer)
}

// Set is the aggregates of one operator.
type Set struct {
	keys     []int
	types    []data.Type     // of the keys
	calls    []graph.AggCall // in the order of the state
	place    []int           // of the result of each call
	accs     []accumulator
	distinct []*distinct
	member   []member // where the rows of each call come from
	width    int
	ttl      int64  // milliseconds, 0: groups live for ever
	written  int    // with ttl: where the time of the last write is
	own      int    // of width: what aggregates use, where the operator has bytes as well
	sides    []side // what needs a table beside the groups
	shown    int    // how many of accs are results; the others are keys
	firsts   []first
	retracts bool
	flags    int // how many flags lie in the first word

	functions *function.Set
	scratch
	take   []uint8
	counts []int64 // in Step: the rows in the group before and after each row
}

// member says that a call is fed the values of distinct under one of its filters.
type member struct {
	of  *distinct
	bit int
}

type scratch struct {
	recs []unsafe.Pointer
	rows []int32
}

// NewSet lays out the aggregates of an operator with the given key columns.
// functions has those of users; nil: there are none.
func NewSet(keys []int, calls []graph.AggCall, input []data.Column, functions *function.Set) (*Set, error) {
	s := &Set{keys: keys, width: 8, functions: functions}
	for i := range calls {
		s.place = append(s.place, i)
	}
	slices.SortStableFunc(s.place, func(a, b int) int { return calls[a].Order - calls[b].Order })
	for _, i := range s.place {
		s.calls = append(s.calls, calls[i])
	}
	for _, k := range keys {
		s.types = append(s.types, input[k].Type)
	}
	for _, c := range calls {
		s.retracts = s.retracts || c.Retracts
	}
	for i, c := range s.calls {
		a, err := s.make(i, c, input)
		if err != nil {
			return nil, fmt.Errorf("aggregate %s: %w", c.Func, err)
		}
		s.accs = append(s.accs, a)
	}
	s.shown = len(s.accs)
	for i, k := range keys {
		if p := input[k].Type.Phys(); p != data.PhysF32 && p != data.PhysF64 {
			continue
		}
		a := &edge{cell: s.newCell(input[k].Type), arg: k}
		s.accs, s.member = append(s.accs, a), append(s.member, member{})
		s.calls = append(s.calls[:len(s.calls):len(s.calls)], graph.AggCall{Func: "KEY", Args: []int{k}, Filter: -1})
		s.firsts = append(s.firsts, first{i, a})
	}
	for _, d := range s.distinct {
		d.counters = s.countersOf(d)
		s.share(d)
		for _, x := range s.distinct {
			if x == d {
				break
			}
			if x.like == nil && slices.Equal(x.filters, d.filters) {
				d.like = x
				break
			}
		}
	}
	return s, nil
}

// countersOf is where the values of d are counted under each of its filters, nil
// if something else is done with them.
func (s *Set) countersOf(d *distinct) [][]int {
	if d.nulls {
		return nil
	}
	places := make([][]int, len(d.filters))
	for i, a := range s.accs {
		m := s.member[i]
		if m.of != d {
			continue
		}
		c, ok := a.(*count)
		if !ok {
			return nil
		}
		places[m.bit] = append(places[m.bit], c.off)
	}
	return places
}

// first is how a group's key was written in its first row, where equal keys may
// differ: 0.0 and -0.0, and the NaNs.
type first struct {
	key int
	of  *edge
}

// PutKeys writes the keys of recs[i] as rows i*repeat up to (i+1)*repeat of outs,
// for the keys that an encoded key does not show as they were.
func (s *Set) PutKeys(g *Groups, recs []unsafe.Pointer, outs []*data.Vector, repeat int) {
	for _, f := range s.firsts {
		for k := range repeat {
			f.of.result(g, recs, outs[f.key], k, repeat)
		}
	}
}

func (s *Set) room(bytes int) int {
	off := s.width
	s.width += (bytes + 7) &^ 7
	return off
}

// Groups is the state of a Set: one for an aggregation, one for each window.
type Groups struct {
	Table *state.Table
	sides []*state.Table
	blobs *state.Blobs
	set   *Set
	// scratch
	recs  []unsafe.Pointer // of side tables
	keep  scratch
	dests []unsafe.Pointer // of Merge
	gone  []goner
	buf   []byte

	blocks blocks
	places places
	seen   []seen // of sides

	swept  uint64 // how far Sweep has come
	shot   shot
	failed error // of a deletion
	valued error // of the value of a user's function
}

// NewGroups makes empty state.
func (s *Set) NewGroups(budget *state.Budget) *Groups {
	g := &Groups{Table: state.NewTable(s.types, s.width, 1, budget), blobs: state.NewBlobs(budget), set: s, seen: make([]seen, len(s.sides))}
	for i, d := range s.sides {
		typ := d.typ
		if d.block > 0 {
			typ = bigint
		}
		t := state.NewPairTable(typ, d.width(), uint64(i)+2, budget)
		t.OwnedBy(g.Table)
		g.sides = append(g.sides, t)
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
	clear(g.seen)
}

// Bytes is the memory held.
func (g *Groups) Bytes() int64 {
	n := g.Table.Bytes() + g.blobs.Bytes()
	for _, t := range g.sides {
		n += t.Bytes()
	}
	return n
}

// Update folds rows into their groups. b.Hashes are the key hashes.
func (s *Set) Update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	countRows(recs, rows, b)
	for _, d := range s.distinct {
		if err := d.update(g, recs, rows, b); err != nil {
			return err
		}
	}
	for i, a := range s.accs {
		if s.member[i].of != nil {
			continue
		}
		filter := s.calls[i].Filter
		if c, ok := a.(*count); ok && filter >= 0 && b.Ops == nil && b.Cols[filter].Nulls == nil && !c.nullable(b) {
			c.updateMarked(recs, rows, b.Cols[filter].Bool)
			continue
		}
		r, w := s.passing(filter, recs, rows, b)
		if len(w) == 0 {
			continue
		}
		if err := a.update(g, r, w, b); err != nil {
			return fmt.Errorf("aggregate %s: %w", s.calls[i].Func, err)
		}
	}
	return nil
}

func sign(o data.Op) int64 { return 1 - 2*int64(o&1) }

// passing keeps the rows for which the filter column is TRUE.
func (s *Set) passing(filter int, recs []unsafe.Pointer, rows []int32, b *data.Batch) ([]unsafe.Pointer, []int32) {
	if filter < 0 {
		return recs, rows
	}
	f := b.Cols[filter]
	if cap(s.scratch.recs) <= len(rows) {
		n := max(len(rows), data.BatchSize) + 1
		s.scratch.recs, s.scratch.rows = make([]unsafe.Pointer, n), make([]int32, n)
	}
	// Every row is written and only those that pass are kept: no branches to mispredict.
	keepRecs, keepRows := s.scratch.recs[:len(rows)+1], s.scratch.rows[:len(rows)+1]
	n := 0
	if f.Nulls == nil {
		for i, r := range rows {
			keepRecs[n], keepRows[n] = recs[i], r
			n += int(f.Bool[r])
		}
	} else {
		for i, r := range rows {
			keepRecs[n], keepRows[n] = recs[i], r
			n += int(f.Bool[r]) &^ int(f.Nulls[r>>6]>>(r&63)&1)
		}
	}
	return keepRecs[:n], keepRows[:n]
}

// Results writes the aggregates of recs as rows base, base+stride, … of outs.
// With a stride other than 1 no aggregate may hold lists (see Nested).
// It fails where a function of a user does.
func (s *Set) Results(g *Groups, recs []unsafe.Pointer, outs []*data.Vector, base, stride int) error {
	for i, a := range s.accs[:s.shown] {
		a.result(g, recs, outs[s.place[i]], base, stride)
	}
	return g.valued
}

// Nested tells whether values of t hold lists, which vectors take in row order only.
func Nested(t data.Type) bool {
	if t.Phys() == data.PhysList {
		return true
	}
	if t.Phys() == data.PhysRow {
		for _, a := range t.Args {
			if Nested(a) {
				return true
			}
		}
	}
	return false
}

// Step folds rows one by one: row 2i of outs is the result before row i, row
// 2i+1 after it. counts[2i] and counts[2i+1] are the rows in the group.
func (s *Set) Step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, outs []*data.Vector, counts []int64) error {
	stepCounts(recs, rows, b, counts)
	s.counts = counts
	for _, d := range s.distinct {
		if err := d.mark(g, recs, rows, b); err != nil {
			return err
		}
		d.spread(len(rows))
	}
	for _, f := range s.firsts {
		if err := f.of.update(g, recs, rows, b); err != nil {
			return err
		}
	}
	for k, a := range s.accs[:s.shown] {
		if err := a.step(g, recs, rows, b, outs[s.place[k]], s.taken(k, rows, b)); err != nil {
			return fmt.Errorf("aggregate %s: %w", s.calls[k].Func, err)
		}
	}
	return nil
}

// taken marks the rows that call k is fed; nil means all.
func (s *Set) taken(k int, rows []int32, b *data.Batch) []uint8 {
	m, filter := s.member[k], s.calls[k].Filter
	if m.of == nil && filter < 0 {
		return nil
	}
	if cap(s.take) < len(rows) {
		s.take = make([]uint8, max(len(rows), data.BatchSize))
	}
	take := s.take[:len(rows)]
	if m.of != nil {
		for i, bits := range m.of.moved[:len(rows)] {
			take[i] = uint8(bits >> m.bit & 1)
		}
		return take
	}
	f := b.Cols[filter]
	for i, r := range rows {
		take[i] = f.Bool[r]
	}
	if f.Nulls != nil {
		for i, r := range rows {
			if f.IsNull(int(r)) {
				take[i] = 0
			}
		}
	}
	return take
}

// rowwise is an accumulator that folds row by row.
type rowwise interface {
	addRow(g *Groups, rec unsafe.Pointer, r int32, b *data.Batch) error
	put(g *Groups, rec unsafe.Pointer, out *data.Vector, r int)
}

func updateRows(a rowwise, g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	for i, rec := range recs {
		if err := a.addRow(g, rec, rows[i], b); err != nil {
			return err
		}
	}
	return nil
}

func stepRows(a rowwise, g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	for i, rec := range recs {
		a.put(g, rec, out, 2*i)
		if take == nil || take[i] != 0 {
			if err := a.addRow(g, rec, rows[i], b); err != nil {
				return err
			}
		}
		a.put(g, rec, out, 2*i+1)
	}
	return nil
}

// Changed tells, for each i, whether row 2i and 2i+1 differ in any of outs;
// changed is all false before.
func Changed(outs []*data.Vector, n int, changed []bool) {
	for _, v := range outs {
		left := 0
		switch p := v.Type.Phys(); {
		case v.Nulls == nil && p == data.PhysI64:
			left = differ(v.I64[:2*n], changed[:n])
		case v.Nulls == nil && p == data.PhysI32:
			left = differ(v.I32[:2*n], changed[:n])
		default:
			for i := range n {
				if !changed[i] {
					if changed[i] = !Same(v, 2*i, 2*i+1); !changed[i] {
						left++
					}
				}
			}
		}
		if left == 0 {
			return // mostly after a COUNT(*)
		}
	}
}

// differ marks the pairs of v that differ and returns how many are not marked.
func differ[T int32 | int64](v []T, changed []bool) int {
	left := 0
	for i := range changed {
		switch {
		case v[2*i] != v[2*i+1]:
			changed[i] = true
		case !changed[i]:
			left++
		}
	}
	return left
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
	s.empty(g, rec)
	g.fail(g.Table.Delete(rec))
}

// empty gives up what a group has beside its record.
func (s *Set) empty(g *Groups, rec unsafe.Pointer) {
	for _, a := range s.accs {
		if d, ok := a.(dropper); ok {
			d.drop(g, rec)
		}
	}
	for k := range s.sides {
		g.seen[k].forget()
		g.dropChain(k, rec)
	}
}
