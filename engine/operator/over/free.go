package over

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
)

// free is OVER in the order of a column that rows have in any order, over rows
// that may be taken back. Each partition is kept in order with the results given
// and with the aggregates after its last row. What a batch changes is computed
// again from the first change on: rows behind it are folded out and in again,
// and the difference is given.
type free struct {
	frames
	parts  *operator.Partitions[table]
	groups *accumulator.Groups
	epoch  int64

	rows    []int32
	key     []byte
	row     []byte
	touched []*operator.Partition[table]
	todo    steps
	places  []spot
	out     changes
}

// table is a partition, in order.
type table struct {
	rows   []ranked
	folded int   // of rows are in the aggregates
	epoch  int64 // of the last batch with a change
	used   int64 // when that was, by the clock
}

// ranked is a row with the results given for it, by handles; result 0: none yet.
type ranked struct {
	row         uint64 // its key in the order, behind its length, and the row
	result      uint64
	rank, dense int32 // of the last results
}

type spot struct {
	of *table
	at int
}

func (f *free) Open(c *operator.Context) error {
	f.ctx = c
	f.kept.Open(c.Memory)
	f.parts = operator.NewPartitions[table](c.Input[0], f.spec.Keys, 0x6f, c.Memory)
	f.groups = f.set.NewGroups(c.Memory)
	f.out = changes{layout: f.layout, types: f.types}
	return nil
}

func (f *free) Close() error {
	if f.parts != nil {
		f.parts.Free()
		f.groups.Free()
		f.kept.Close()
		f.out.drop()
	}
	return nil
}

func (f *free) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }

// keep stores a row with its key in the order.
func (f *free) keep(key, row []byte) (ranked, error) {
	p := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(key)+len(row)), uint32(len(key)))
	h, err := f.kept.Put(append(append(p, key...), row...))
	return ranked{row: h}, err
}

// entry is the key in the order and the row of a ranked.
func (f *free) entry(x ranked) (key, row string) {
	p := f.kept.Get(x.row)
	n := binary.LittleEndian.Uint32(operator.Bytes(p)) + 4
	return p[4:n], p[n:]
}

func (f *free) keyOf(x ranked) string {
	key, _ := f.entry(x)
	return key
}

func (f *free) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	f.rows = operator.Rows(b, f.rows)
	found, err := f.parts.Resolve(b, f.rows)
	if err != nil {
		return err
	}
	f.epoch++
	f.touched = f.touched[:0]
	f.out.at, f.out.to = b.IngestedAt, out
	for i, r := range f.rows {
		x := found[i]
		if x.Value.epoch != f.epoch {
			f.parts.Touch(x)
			if f.stale(&x.Value.used) {
				if err := f.empty(x); err != nil {
					return err
				}
			}
			x.Value.epoch, x.Value.used = f.epoch, f.ctx.Env.Now
			f.touched = append(f.touched, x)
		}
		f.key = ordered.AppendKey(f.key[:0], b.Cols, f.spec.Order, int(r))
		f.row = f.layout.Encode(f.row[:0], b.Cols, int(r))
		if b.Op(int(r)).Adds() {
			err = f.insert(x, f.key, f.row)
		} else {
			err = f.remove(x, string(f.key), string(f.row))
		}
		if err != nil {
			return err
		}
	}
	if err := f.compute(); err != nil {
		return err
	}
	if f.spec.TTLMillis > 0 {
		if err := f.sweep(len(f.rows) + sweepMore); err != nil {
			return err
		}
	}
	f.kept.Settle(f.parts.Passing())
	f.ctx.Metrics.StateKeys.Store(int64(f.parts.Len()))
	f.ctx.Metrics.StateBytes.Store(f.kept.Bytes() + f.parts.Bytes() + f.groups.Bytes())
	if err := f.groups.Tidy(); err != nil {
		return err
	}
	return f.parts.Tidy()
}

// empty forgets the rows of a partition; what was given for them stands.
func (f *free) empty(x *operator.Partition[table]) error {
	t := &x.Value
	for _, y := range t.rows {
		if f.kept.Drop(y.row); y.result != 0 {
			f.kept.Drop(y.result)
		}
	}
	t.rows = nil
	return f.restart(x)
}

// sweep drops some partitions whose time to live is over.
func (f *free) sweep(n int) error {
	return f.parts.Sweep(n, func(x *operator.Partition[table]) error {
		if !f.stale(&x.Value.used) {
			return nil
		}
		f.parts.Touch(x)
		if err := f.empty(x); err != nil {
			return err
		}
		f.parts.Drop(x)
		return nil
	})
}

func (f *free) insert(x *operator.Partition[table], key, row []byte) error {
	t := &x.Value
	at, _ := slices.BinarySearchFunc(t.rows, key, func(y ranked, key []byte) int {
		if f.keyOf(y) <= string(key) {
			return -1
		}
		return 1
	})
	if err := f.unfold(x, at, string(key)); err != nil {
		return err
	}
	y, err := f.keep(key, row)
	if err != nil {
		return err
	}
	t.rows = slices.Insert(t.rows, at, y)
	return nil
}

func (f *free) remove(x *operator.Partition[table], key, row string) error {
	t := &x.Value
	at, _ := slices.BinarySearchFunc(t.rows, key, func(y ranked, key string) int { return strings.Compare(f.keyOf(y), key) })
	for at > 0 && f.keyOf(t.rows[at-1]) == key {
		at--
	}
	for ; at < len(t.rows); at++ {
		k, own := f.entry(t.rows[at])
		if k != key {
			break
		}
		if own != row {
			continue
		}
		if err := f.unfold(x, at, key); err != nil {
			return err
		}
		y := t.rows[at]
		t.rows = slices.Delete(t.rows, at, at+1)
		if y.result != 0 {
			if err := f.out.add(own, f.kept.Get(y.result), data.Delete); err != nil {
				return err
			}
			f.kept.Drop(y.result)
		}
		f.kept.Drop(y.row)
		return nil
	}
	return nil
}

// unfold takes the rows from a place on out of the aggregates, before rows there
// change: with the rows before it that have the same key, where those share
// their results. Where it is cheaper to begin anew, everything is taken out.
func (f *free) unfold(x *operator.Partition[table], at int, key string) error {
	t := &x.Value
	for !f.spec.Rows && at > 0 && f.keyOf(t.rows[at-1]) == key {
		at--
	}
	if at >= t.folded {
		return nil
	}
	if len(f.aggs) == 0 {
		t.folded = at
		return nil
	}
	out, in := at, at // what is folded out begins there; what comes in again
	if f.bounded() {
		out, in = f.frame(t.folded), f.frame(at)
	}
	back := t.folded - out + at - in
	if !f.retracts || back+t.folded-at > t.folded {
		return f.restart(x)
	}
	for k := t.folded - 1; k >= out; k-- {
		_, row := f.entry(t.rows[k])
		f.todo.add(row, data.Delete)
	}
	for k := in; k < at; k++ {
		_, row := f.entry(t.rows[k])
		f.todo.add(row, data.Insert)
	}
	t.folded = at
	if len(f.todo.rows) >= maxSteps {
		return f.flush()
	}
	return nil
}

// bounded tells whether rows leave the frame.
func (f *free) bounded() bool { return f.spec.Rows && f.spec.Preceding >= 0 }

// frame is where a bounded frame begins that ends before a place.
func (f *free) frame(end int) int {
	return max(end-1-int(f.spec.Preceding), 0)
}

// restart empties a partition's aggregates.
func (f *free) restart(x *operator.Partition[table]) error {
	if err := f.flush(); err != nil {
		return err
	}
	x.Value.folded = 0
	return f.dropGroup(x)
}

func (f *free) dropGroup(x *operator.Partition[table]) error {
	if len(f.aggs) == 0 {
		return nil
	}
	rec, err := f.parts.Find(x, f.groups.Table)
	if err != nil || rec == nil {
		return err
	}
	f.set.Drop(f.groups, rec)
	return nil
}

// flush takes the steps listed and gives what the results have changed to.
func (f *free) flush() error {
	if len(f.todo.rows) == 0 {
		return nil
	}
	rows, results, err := f.run(f.groups, &f.todo)
	if err != nil {
		return err
	}
	which := make([]int, len(results))
	for i := range which {
		which[i] = i
	}
	for i, s := range f.places {
		f.row = data.EncodeRow(f.row[:0], results, which, i)
		if err = f.result(&s.of.rows[s.at], f.row); err != nil {
			break
		}
	}
	rows.Release()
	for _, v := range results {
		v.Release()
	}
	f.todo.reset()
	f.places = f.places[:0]
	return err
}

// result gives a row its results.
func (f *free) result(x *ranked, result []byte) error {
	_, row := f.entry(*x)
	if x.result == 0 {
		h, err := f.kept.Put(result)
		if err != nil {
			return err
		}
		x.result = h
		return f.out.add(row, f.kept.Get(h), data.Insert)
	}
	old := f.kept.Get(x.result)
	if old == string(result) {
		return nil
	}
	if err := f.out.add(row, old, data.UpdateBefore); err != nil {
		return err
	}
	h, err := f.kept.Put(result)
	if err != nil {
		return err
	}
	f.kept.Drop(x.result)
	x.result = h
	return f.out.add(row, f.kept.Get(h), data.UpdateAfter)
}

// compute brings the results of the touched partitions up to date.
func (f *free) compute() error {
	for _, x := range f.touched {
		if len(x.Value.rows) == 0 {
			continue
		}
		if err := f.list(&x.Value); err != nil {
			return err
		}
	}
	if err := f.flush(); err != nil {
		return err
	}
	for _, x := range f.touched {
		if len(x.Value.rows) > 0 {
			continue
		}
		if err := f.dropGroup(x); err != nil {
			return err
		}
		f.parts.Drop(x)
	}
	return f.out.flush()
}

// list lists the steps over the rows of a partition that are not folded in.
func (f *free) list(t *table) error {
	p, err := f.placeAt(t, t.folded)
	if err != nil {
		return err
	}
	for from := t.folded; from < len(t.rows); {
		first, key := len(f.todo.reads), f.keyOf(t.rows[from])
		to := from + 1
		for !f.spec.Rows && to < len(t.rows) && f.keyOf(t.rows[to]) == key {
			to++
		}
		for at := from; at < to; at++ {
			x := &t.rows[at]
			_, row := f.entry(*x)
			if out := at - int(f.spec.Preceding) - 1; f.bounded() && out >= 0 {
				_, old := f.entry(t.rows[out])
				f.todo.add(old, data.Delete)
			}
			k := f.todo.add(row, data.Insert)
			p.advance(at > 0 && f.keyOf(t.rows[at-1]) == key)
			x.rank, x.dense = int32(p.rank), int32(p.dense)
			if err := f.remember(&p, row); err != nil {
				return err
			}
			f.todo.reads = append(f.todo.reads, read{row: k, rank: p.rank, dense: p.dense})
			f.places = append(f.places, spot{t, at})
		}
		reads, last, looked := f.todo.reads[first:], len(f.todo.rows)-1, f.looked(&p)
		for i := range reads {
			reads[i].after, reads[i].lagged = last, looked
		}
		from = to
		if t.folded = to; len(f.todo.rows) >= maxSteps {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// placeAt is how far a partition has come before a row.
func (f *free) placeAt(t *table, at int) (place, error) {
	p := place{rows: int64(at)}
	if at == 0 {
		return p, nil
	}
	p.rank, p.dense = int64(t.rows[at-1].rank), int64(t.rows[at-1].dense)
	most := int64(0)
	for _, l := range f.lags {
		most = max(most, l.most+1)
	}
	for k := max(0, at-int(min(most, int64(at)))); k < at; k++ {
		_, row := f.entry(t.rows[k])
		if err := f.remember(&p, row); err != nil {
			return p, err
		}
	}
	return p, nil
}

// changes collects rows with their results and sends them by columns.
type changes struct {
	layout *operator.Layout
	types  []data.Type
	at     int64
	to     operator.Output
	b      *data.Batch // being filled, nil: none
	ops    []data.Op
}

func (c *changes) add(row, result string, op data.Op) error {
	if c.b == nil {
		c.b = data.MakeBatch(c.types, data.BatchSize)
	}
	n := len(c.ops)
	if _, err := c.layout.Decode(row, c.b.Cols, n); err != nil {
		return err
	}
	if _, err := data.DecodeRow(operator.Bytes(result), c.b.Cols[len(c.layout.Cols):], n); err != nil {
		return err
	}
	if c.ops = append(c.ops, op); len(c.ops) == data.BatchSize {
		return c.flush()
	}
	return nil
}

func (c *changes) flush() error {
	if len(c.ops) == 0 {
		return nil
	}
	o := c.b
	o.N, o.IngestedAt = len(c.ops), c.at
	for _, v := range o.Cols {
		v.Resize(o.N)
	}
	o.Ops = append(make([]data.Op, 0, o.N), c.ops...)
	c.b, c.ops = nil, c.ops[:0]
	return c.to.Emit(o)
}

// drop forgets what was not sent.
func (c *changes) drop() {
	if c.b != nil {
		c.b.Release()
		c.b = nil
	}
}
