package over

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form by time: the rows that wait and those in frames, each with
// its time; how far each partition has come; the aggregates. In another order:
// the rows with the results given. Rows of a partition are numbered in order.
// A partition that changed is written anew.

const (
	pendingState = "pending"
	frameState   = "frame"
	placeState   = "place"
	lastState    = "last"
	clearState   = "clear"
	rowsState    = "rows"
)

var bigint = data.Of(data.BigInt).NotNull()

// schema is the key, the names given (as BIGINT), the other columns given and
// then more BIGINTs.
func (f *frames) schema(numbers []string, others []data.Column, more ...string) []data.Column {
	out := f.layout.Schema[:len(f.spec.Keys):len(f.spec.Keys)]
	for _, n := range numbers {
		out = append(out, data.Column{Name: n, Type: bigint})
	}
	out = append(out, others...)
	for _, n := range more {
		out = append(out, data.Column{Name: n, Type: bigint})
	}
	return out
}

var numbered = []string{"n"}

func (f *frames) others() []data.Column { return f.layout.Schema[len(f.spec.Keys):] }

func (f *frames) timedSchema() []data.Column {
	return f.schema(numbered, f.others(), "at", "reset")
}

func (f *frames) placeSchema() []data.Column {
	return f.schema([]string{"rows", "rank", "dense", "trigger", "clear", "cleared"}, nil)
}

func (f *frames) lagSchema(i int) []data.Column {
	k := slices.Index(f.layout.Cols, f.lags[i].arg)
	return f.schema(numbered, f.layout.Schema[k:k+1])
}

// writers are where the states of one snapshot go.
type writers struct {
	pending, frame, places, clears *state.KeyedWriter
	lasts                          []*state.KeyedWriter
	row                            []byte
}

// rowsAtOnce is how many rows of a partition are written as one piece.
const rowsAtOnce = 64

// Snapshot writes all there is.
func (t *timed) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(t, w) }

// Begin fixes the partitions and aggregates of this moment.
func (t *timed) Begin(w *state.Writer) error {
	n := len(t.spec.Keys)
	to := &writers{
		pending: w.Keyed(pendingState, n, n+1, t.timedSchema()),
		frame:   w.Keyed(frameState, n, n+1, t.timedSchema()),
		places:  w.Keyed(placeState, n, n, t.placeSchema()),
		clears:  w.Keyed(clearState, n, n+1, t.schema(numbered, nil, "at")),
	}
	many := []*state.KeyedWriter{to.pending, to.frame, to.clears}
	for i := range t.lags {
		to.lasts = append(to.lasts, w.Keyed(lastState+strconv.Itoa(i), n, n+1, t.lagSchema(i)))
		many = append(many, to.lasts[i])
	}
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(t.watermark)})
	t.parts.Begin(to.places.Whole(), t.ctx.MaxParallelism, operator.PartsSnapshot[part]{
		Freeze: freeze,
		Write: func(x *operator.FrozenPart[part], at int) (int, error) {
			if at == 0 {
				for _, k := range many {
					k.Clear(x.Group, x.Key)
				}
			}
			return t.write(to, x, at), nil
		},
		Clear: func(group int, key []byte) {
			for _, k := range many {
				k.Clear(group, key)
			}
			to.places.Clear(group, key)
		},
	})
	return t.groups.Begin(w, t.ctx.MaxParallelism)
}

// freeze copies the lists of a partition; the rows stay where they are.
func freeze(p *part) part {
	c := *p
	c.pending, c.ready, c.frame, c.clears = slices.Clone(p.pending), slices.Clone(p.ready), slices.Clone(p.frame), slices.Clone(p.clears)
	c.last = slices.Clone(p.last)
	for i := range c.last {
		c.last[i] = slices.Clone(c.last[i])
	}
	return c
}

// write writes the at-th piece of a partition.
func (t *timed) write(to *writers, x *operator.FrozenPart[part], at int) int {
	p := x.Value
	if at == 0 {
		to.row = appendInts(append(to.row[:0], x.Key...), p.rows, p.rank, p.dense, p.trigger, p.clear, number(p.cleared))
		to.places.Put(x.Group, to.row)
		for n, at := range p.clears {
			to.row = appendInts(append(to.row[:0], x.Key...), int64(n), at)
			to.clears.Put(x.Group, to.row)
		}
		for k := range p.last {
			for n, v := range p.last[k] {
				to.row = append(appendInts(append(to.row[:0], x.Key...), int64(n)), v...)
				to.lasts[k].Put(x.Group, to.row)
			}
		}
	}
	waiting := len(p.ready) + len(p.pending)
	all := waiting + len(p.frame)
	from := at * rowsAtOnce
	stop := min(from+rowsAtOnce, all)
	for i := from; i < stop; i++ {
		switch {
		case i < len(p.ready):
			t.writeRow(to, to.pending, x, p.ready[i], i)
		case i < waiting:
			t.writeRow(to, to.pending, x, p.pending[i-len(p.ready)], i)
		default:
			y := p.frame[i-waiting]
			y.reset = false
			t.writeRow(to, to.frame, x, y, i-waiting)
		}
	}
	if stop >= all {
		return -1
	}
	return at + 1
}

func (t *timed) writeRow(to *writers, k *state.KeyedWriter, x *operator.FrozenPart[part], y item, n int) {
	row := appendInts(append(to.row[:0], x.Key...), int64(n))
	row = append(row, t.kept.Get(y.row)[len(x.Key):]...)
	to.row = appendInts(row, y.at, number(y.reset))
	k.Put(x.Group, to.row)
}

// pieces is how many pieces of partitions, and groups of aggregates, are written
// at a time.
const pieces, groupsAtOnce = 24, 1024

// Continue writes some partitions, then some groups.
func (t *timed) Continue() (bool, error) {
	done, err := t.parts.Continue(pieces)
	if !done || err != nil {
		return false, err
	}
	t.kept.Settle(false)
	_, done, err = t.groups.Continue(groupsAtOnce)
	return done, err
}

// End says what became of the snapshot.
func (t *timed) End(_ int64, completed bool) {
	t.parts.End(completed)
	t.groups.End(completed)
	t.kept.Settle(false)
}

// Resumed says that what was restored is durable.
func (t *timed) Resumed(int64) {
	t.parts.Restored()
	t.groups.Restored()
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func appendInts(row []byte, list ...int64) []byte {
	for _, x := range list {
		row = binary.AppendVarint(append(row, 1), x)
	}
	return row
}

// unnumbered gives a row in the layout from one that has its number behind the
// key, and what follows it.
func (f *frames) unnumbered(dst, row []byte) (own, rest []byte, err error) {
	n := len(f.spec.Keys)
	after, err := data.SkipValues(row, typesOf(f.layout.Schema[:n]))
	if err != nil {
		return nil, nil, err
	}
	dst = append(dst, row[:len(row)-len(after)]...)
	if after, err = data.SkipValues(after, []data.Type{bigint}); err != nil {
		return nil, nil, err
	}
	if rest, err = data.SkipValues(after, typesOf(f.others())); err != nil {
		return nil, nil, err
	}
	return append(dst, after[:len(after)-len(rest)]...), rest, nil
}

// Restore reads what was written. The watermark is the least there was: rows
// that come now may have been behind any of them.
func (t *timed) Restore(r *state.Reader) error {
	least := int64(math.MaxInt64)
	for _, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		least = min(least, wm)
	}
	if least != math.MaxInt64 {
		t.watermark = least
	}
	n := len(t.spec.Keys)
	read := func(name string, list func(p *part) *[]item) error {
		return t.each(r, name, t.timedSchema(), func(b *data.Batch, row []byte, p *operator.Partition[part]) error {
			own, _, err := t.unnumbered(t.row[:0], row)
			if err != nil {
				return err
			}
			t.row = own
			c := b.Cols[len(b.Cols)-2:]
			x := item{at: c[0].I64[0], n: int32(b.Cols[n].I64[0]), reset: c[1].I64[0] != 0}
			if x.row, err = t.kept.Put(own); err != nil {
				return err
			}
			l := list(&p.Value)
			*l = append(*l, x)
			return nil
		})
	}
	err := read(pendingState, func(p *part) *[]item { return &p.pending })
	if err == nil {
		err = read(frameState, func(p *part) *[]item { return &p.frame })
	}
	if err == nil {
		err = t.each(r, placeState, t.placeSchema(), func(b *data.Batch, _ []byte, x *operator.Partition[part]) error {
			p, c := &x.Value, b.Cols[n:]
			p.rows, p.rank, p.dense = c[0].I64[0], c[1].I64[0], c[2].I64[0]
			p.trigger, p.clear, p.cleared = c[3].I64[0], c[4].I64[0], c[5].I64[0] != 0
			p.seen = t.watermark
			return nil
		})
	}
	if err == nil {
		err = t.each(r, clearState, t.schema(numbered, nil, "at"), func(b *data.Batch, _ []byte, x *operator.Partition[part]) error {
			x.Value.clears = append(x.Value.clears, b.Cols[n+1].I64[0])
			return nil
		})
	}
	type numberedValue struct {
		n int64
		v string
	}
	for i := 0; i < len(t.lags) && err == nil; i++ {
		lasts := map[*part][]numberedValue{}
		err = t.each(r, lastState+strconv.Itoa(i), t.lagSchema(i), func(b *data.Batch, _ []byte, x *operator.Partition[part]) error {
			lasts[&x.Value] = append(lasts[&x.Value], numberedValue{b.Cols[n].I64[0], string(data.EncodeValue(nil, b.Cols[n+1], 0))})
			return nil
		})
		for p, list := range lasts {
			if p.last == nil {
				p.last = make([][]string, len(t.lags))
			}
			slices.SortFunc(list, func(a, b numberedValue) int { return int(a.n - b.n) })
			for _, x := range list {
				p.last[i] = append(p.last[i], x.v)
			}
		}
	}
	if err != nil {
		return err
	}
	t.parts.Each(t.ctx.MaxParallelism, func(_ int, x *operator.Partition[part]) {
		p := &x.Value
		slices.Sort(p.clears)
		byNumber := func(a, b item) int { return int(a.n - b.n) }
		slices.SortFunc(p.frame, byNumber)
		slices.SortFunc(p.pending, byNumber)
		slices.SortStableFunc(p.pending, func(a, b item) int {
			if a.at < b.at {
				return -1
			}
			return int(number(a.at > b.at))
		})
		if len(p.pending) > 0 {
			t.waiting = append(t.waiting, x)
		}
	})
	return t.set.Restore(r, false, func(int64) *accumulator.Groups { return t.groups })
}

func typesOf(columns []data.Column) []data.Type {
	out := make([]data.Type, len(columns))
	for i, c := range columns {
		out[i] = c.Type
	}
	return out
}

// each gives the rows of a keyed state with their partitions.
func (t *timed) each(r *state.Reader, name string, schema []data.Column, f func(b *data.Batch, row []byte, p *operator.Partition[part]) error) error {
	return operator.EachKept(r, name, schema, len(t.spec.Keys), t.parts, f)
}

func (f *free) rowSchema() []data.Column {
	others := slices.Clone(f.others())
	for i, c := range f.spec.Calls {
		others = append(others, data.Column{Name: fmt.Sprintf("result%d", i), Type: c.Type})
	}
	return f.schema(numbered, others)
}

// Snapshot writes all there is.
func (f *free) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(f, w) }

// Begin fixes the partitions of this moment. The aggregates follow from the rows.
func (f *free) Begin(w *state.Writer) error {
	n := len(f.spec.Keys)
	to := w.Keyed(rowsState, n, n+1, f.rowSchema())
	var row []byte
	f.parts.Begin(to.Whole(), f.ctx.MaxParallelism, operator.PartsSnapshot[table]{
		Freeze: func(t *table) table {
			c := *t
			c.rows = slices.Clone(t.rows)
			return c
		},
		Write: func(x *operator.FrozenPart[table], at int) (int, error) {
			if at == 0 {
				to.Clear(x.Group, x.Key)
			}
			all := x.Value.rows
			stop := min((at+1)*rowsAtOnce, len(all))
			for i := at * rowsAtOnce; i < stop; i++ {
				row = appendInts(append(row[:0], x.Key...), int64(i))
				_, own := f.entry(all[i])
				row = append(append(row, own[len(x.Key):]...), f.kept.Get(all[i].result)...)
				to.Put(x.Group, row)
			}
			if stop == len(all) {
				return -1, nil
			}
			return at + 1, nil
		},
		Clear: to.Clear,
	})
	return nil
}

// Continue writes some partitions.
func (f *free) Continue() (bool, error) { return f.parts.Continue(pieces) }

// End says what became of the snapshot.
func (f *free) End(_ int64, completed bool) {
	f.parts.End(completed)
	f.kept.Settle(false)
}

// Resumed says that what was restored is durable.
func (f *free) Resumed(int64) { f.parts.Restored() }

// Restore reads what was written.
func (f *free) Restore(r *state.Reader) error {
	n := len(f.spec.Keys)
	order := slices.Clone(f.spec.Order) // over the columns as they lie in state
	for i := range order {
		k := slices.Index(f.layout.Cols, order[i].Column)
		if k >= n {
			k++ // behind the number
		}
		order[i].Column = k
	}
	type place struct {
		n int64
		x ranked
	}
	found := map[*table][]place{}
	err := operator.EachKept(r, rowsState, f.rowSchema(), n, f.parts, func(b *data.Batch, row []byte, x *operator.Partition[table]) error {
		own, result, err := f.unnumbered(f.row[:0], row)
		if err != nil {
			return err
		}
		f.row = own
		f.key = ordered.AppendKey(f.key[:0], b.Cols, order, 0)
		y, err := f.keep(f.key, own)
		if err != nil {
			return err
		}
		if y.result, err = f.kept.Put(result); err != nil {
			return err
		}
		found[&x.Value] = append(found[&x.Value], place{b.Cols[n].I64[0], y})
		return nil
	})
	for t, list := range found {
		slices.SortFunc(list, func(a, b place) int { return int(a.n - b.n) })
		for _, p := range list {
			t.rows = append(t.rows, p.x)
		}
	}
	return err
}
