package accumulator

import (
	"fmt"
	"strconv"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form of a group is one row: its key, the window it belongs to
// (the end; absent for plain aggregation), the number of rows, and the columns
// of each aggregate. The form of a side record is key, value, window, numbers.

// Snapshot writes groups as the states "groups" and those of side tables.
// windows gives the groups of each window; plain aggregations pass one, with
// windowed false.
func (s *Set) Snapshot(w *state.Writer, windowed bool, maxParallelism int, windows func(yield func(window int64, g *Groups))) {
	s.snapshot(w, "", windowed, maxParallelism, windows)
}

// SnapshotSlices writes the groups of slices of windows, by the end of each.
func (s *Set) SnapshotSlices(w *state.Writer, maxParallelism int, slices func(yield func(end int64, g *Groups))) {
	s.snapshot(w, slicePrefix, true, maxParallelism, slices)
}

const slicePrefix = "slice "

func (s *Set) snapshot(w *state.Writer, prefix string, windowed bool, maxParallelism int, windows func(yield func(window int64, g *Groups))) {
	to := s.declare(w, prefix, "", windowed, maxParallelism)
	windows(func(window int64, g *Groups) {
		begun := g.shot
		g.shot = to
		g.shot.window = window
		g.Table.Each(func(_ uint64, rec unsafe.Pointer) bool {
			g.putGroup(rec)
			return true
		})
		for k, t := range g.sides {
			t.Each(func(_ uint64, rec unsafe.Pointer) bool {
				g.putSide(k, rec)
				return true
			})
		}
		g.shot = begun
	})
}

func indexes(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = i
	}
	return x
}

func (s *Set) stateSchema(windowed bool) []data.Column {
	var schema []data.Column
	for i, t := range s.types {
		schema = append(schema, data.Column{Name: "key" + strconv.Itoa(i), Type: t})
	}
	if windowed {
		schema = append(schema, data.Column{Name: "window", Type: bigint})
	}
	return append(schema, s.Columns()...)
}

// Columns are the columns in which Encode writes a group.
func (s *Set) Columns() []data.Column {
	schema := []data.Column{{Name: "rows", Type: bigint}}
	for i, a := range s.accs {
		for j, t := range a.schema() {
			schema = append(schema, data.Column{Name: fmt.Sprintf("%s%d_%d", s.calls[i].Func, i, j), Type: t})
		}
	}
	return schema
}

func (s *Set) sideSchema(k int, windowed bool) []data.Column {
	var schema []data.Column
	for i, t := range s.types {
		schema = append(schema, data.Column{Name: "key" + strconv.Itoa(i), Type: t})
	}
	schema = append(schema, data.Column{Name: "value", Type: s.sides[k].typ})
	if windowed {
		schema = append(schema, data.Column{Name: "window", Type: bigint})
	}
	for i := range s.sides[k].numbers {
		schema = append(schema, data.Column{Name: "number" + strconv.Itoa(i), Type: bigint})
	}
	return schema
}

func (s *Set) eachBatch(t *state.Table, f func(recs []unsafe.Pointer)) {
	recs := make([]unsafe.Pointer, 0, data.BatchSize)
	t.Each(func(_ uint64, rec unsafe.Pointer) bool {
		if recs = append(recs, rec); len(recs) == data.BatchSize {
			f(recs)
			recs = recs[:0]
		}
		return true
	})
	if len(recs) > 0 {
		f(recs)
	}
}

// Restore reads what Snapshot wrote, by any number of former subtasks, into the
// groups that window returns (window is 0 for plain aggregation).
func (s *Set) Restore(r *state.Reader, windowed bool, window func(end int64) *Groups) error {
	return s.restore(r, "", windowed, window)
}

// RestoreSlices reads what SnapshotSlices wrote.
func (s *Set) RestoreSlices(r *state.Reader, slice func(end int64) *Groups) error {
	return s.restore(r, slicePrefix, true, slice)
}

func (s *Set) restore(r *state.Reader, prefix string, windowed bool, window func(end int64) *Groups) error {
	if n := r.About(prefix + "groups"); n > 0 && !windowed {
		if err := window(0).Table.Reserve(int(n)); err != nil {
			return err
		}
	}
	err := s.restoreTable(r, prefix+"groups", s.stateSchema(windowed), len(s.keys), windowed, window, func(g *Groups, b *data.Batch, rows []int32, values []*data.Vector) error {
		recs := make([]unsafe.Pointer, len(rows))
		if _, err := g.Table.Resolve(b, indexes(len(s.keys)), rows, recs); err != nil {
			return err
		}
		return g.Load(recs, values)
	})
	for k := 0; k < len(s.sides) && err == nil; k++ {
		err = s.restoreSide(r, prefix, k, windowed, window)
	}
	return err
}

// Load sets recs[i] from row i of the columns that Encode wrote.
func (g *Groups) Load(recs []unsafe.Pointer, values []*data.Vector) error {
	for i, rec := range recs {
		*i64(rec, rowCount) = values[0].I64[i] * oneRow
	}
	at := 1
	for _, a := range g.set.accs {
		n := len(a.schema())
		if err := a.load(g, recs, values[at:at+n]); err != nil {
			return err
		}
		at += n
	}
	return nil
}

func (s *Set) restoreSide(r *state.Reader, prefix string, k int, windowed bool, window func(end int64) *Groups) error {
	d := &s.sides[k]
	keys := indexes(len(s.keys))
	return s.restoreTable(r, prefix+d.name, s.sideSchema(k, windowed), len(keys)+1, windowed, window, func(g *Groups, b *data.Batch, rows []int32, values []*data.Vector) error {
		groups, found := make([]unsafe.Pointer, len(rows)), make([]unsafe.Pointer, len(rows))
		data.HashKeys(b, keys)
		if _, err := g.Table.Resolve(b, keys, rows, groups); err != nil {
			return err
		}
		if err := g.resolveInto(k, groups, b.Cols[len(keys)], rows, found); err != nil {
			return err
		}
		if d.block > 0 {
			for i, rec := range found {
				d.take(rec, integer(b.Cols[len(keys)], rows[i]), uint64(values[0].I64[i]))
			}
			return nil
		}
		for i, rec := range found {
			for j, v := range values {
				*i64(rec, d.first()+8*j) = v.I64[i]
			}
		}
		return nil
	})
}

// restoreTable decodes rows a batch at a time and gives them to load by window:
// b has the key columns with their hashes, values what follows key and window,
// row i of values belonging to rows[i].
func (s *Set) restoreTable(r *state.Reader, name string, schema []data.Column, keys int, windowed bool, window func(int64) *Groups,
	load func(g *Groups, b *data.Batch, rows []int32, values []*data.Vector) error,
) error {
	types := make([]data.Type, len(schema))
	for i, c := range schema {
		types[i] = c.Type
	}
	b := data.MakeBatch(types, data.BatchSize)
	b.N = 0
	rest := keys
	if windowed {
		rest++
	}
	all := make([]int32, data.BatchSize)
	for i := range all {
		all[i] = int32(i)
	}
	flush := func() error {
		if b.N == 0 {
			return nil
		}
		keyed := data.Batch{N: b.N, Cols: b.Cols[:keys]}
		if !windowed {
			data.HashKeys(&keyed, indexes(keys))
			if err := load(window(0), &keyed, all[:b.N], b.Cols[rest:]); err != nil {
				return err
			}
			b.Release()
			b = data.MakeBatch(types, data.BatchSize)
			b.N = 0
			return nil
		}
		byWindow := map[int64][]int32{}
		for i := range b.N {
			end := b.Cols[keys].I64[i]
			byWindow[end] = append(byWindow[end], int32(i))
		}
		for end, rows := range byWindow {
			values := make([]*data.Vector, 0, len(schema)-rest)
			for _, c := range b.Cols[rest:] {
				values = append(values, data.Gather(c, rows))
			}
			keyed.Sel = nil
			data.HashKeys(&keyed, indexes(keys))
			err := load(window(end), &keyed, rows, values)
			for _, v := range values {
				v.Release()
			}
			if err != nil {
				return err
			}
		}
		b.Release()
		b = data.MakeBatch(types, data.BatchSize)
		b.N = 0
		return nil
	}
	var known []data.Column // to have the right types
	err := r.EachRow(name, func(written []data.Column, _ int, row []byte) error {
		if len(written) == 0 || len(known) == 0 || &written[0] != &known[0] {
			if err := sameTypes(written, schema); err != nil {
				return err
			}
			known = written
		}
		left, err := data.DecodeRow(row, b.Cols, b.N)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return fmt.Errorf("%d bytes too many in a row", len(left))
		}
		if b.N++; b.N == data.BatchSize {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	b.Release()
	return err
}

// windowName is the name of a window's part of a snapshot.
func windowName(end int64) string { return strconv.FormatInt(end, 10) }

func sameTypes(written, want []data.Column) error {
	same := len(written) == len(want)
	for i := 0; same && i < len(want); i++ {
		same = written[i].Type.SameAs(want[i].Type)
	}
	if !same {
		return fmt.Errorf("state was written with columns %v, this query needs %v", written, want)
	}
	return nil
}
