package over

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
)

// free is OVER in the order of a column that rows have in any order, over rows
// that may be taken back. Each partition is kept whole with the results given;
// what a batch changes is computed again and the difference given.
type free struct {
	frames
	parts *operator.Partitions[table]
	held  operator.Held
	epoch int64

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
	rows  []ranked
	gone  []ranked // taken back, results still to be taken back
	epoch int64    // of the last batch with a change
}

// ranked is a row with the results given for it, encoded; "": none yet.
type ranked struct{ key, row, result string }

type spot struct {
	of *table
	at int
}

func (f *free) Open(c *operator.Context) error {
	f.ctx = c
	f.held.Budget = c.Memory
	f.parts = operator.NewPartitions[table](c.Input[0], f.spec.Keys, 0x6f, c.Memory)
	f.out = changes{layout: f.layout, types: f.types}
	return nil
}

func (f *free) Close() error {
	if f.parts != nil {
		f.parts.Free()
		f.held.Free()
	}
	return nil
}

func (f *free) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }

func (f *free) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	f.rows = operator.Rows(b, f.rows)
	found, err := f.parts.Resolve(b, f.rows)
	if err != nil {
		return err
	}
	f.epoch++
	f.touched = f.touched[:0]
	for i, r := range f.rows {
		t := &found[i].Value
		if t.epoch != f.epoch {
			t.epoch = f.epoch
			f.touched = append(f.touched, found[i])
		}
		f.key = ordered.AppendKey(f.key[:0], b.Cols, f.spec.Order, int(r))
		f.row = f.layout.Encode(f.row[:0], b.Cols, int(r))
		if b.Op(int(r)).Adds() {
			err = f.insert(t, ranked{key: string(f.key), row: string(f.row)})
		} else {
			f.remove(t, string(f.key), string(f.row))
		}
		if err != nil {
			return err
		}
	}
	f.out.at, f.out.to = b.IngestedAt, out
	if err := f.compute(); err != nil {
		return err
	}
	f.ctx.Metrics.StateKeys.Store(int64(f.parts.Len()))
	f.ctx.Metrics.StateBytes.Store(f.held.Bytes() + f.parts.Bytes())
	return f.parts.Tidy()
}

func (f *free) insert(t *table, x ranked) error {
	if err := f.held.Take(len(x.key) + len(x.row)); err != nil {
		return err
	}
	at, _ := slices.BinarySearchFunc(t.rows, x.key, func(y ranked, key string) int {
		if y.key <= key {
			return -1
		}
		return 1
	})
	t.rows = slices.Insert(t.rows, at, x)
	return nil
}

func (f *free) remove(t *table, key, row string) {
	at, _ := slices.BinarySearchFunc(t.rows, key, func(y ranked, key string) int { return strings.Compare(y.key, key) })
	for at > 0 && t.rows[at-1].key == key {
		at--
	}
	for ; at < len(t.rows) && t.rows[at].key == key; at++ {
		if x := t.rows[at]; x.row == row {
			f.held.Give(len(x.key) + len(x.row))
			t.rows = slices.Delete(t.rows, at, at+1)
			if x.result != "" {
				t.gone = append(t.gone, x)
			}
			return
		}
	}
}

// compute brings the results of the touched partitions up to date.
func (f *free) compute() error {
	groups := f.set.NewGroups(f.ctx.Memory)
	defer groups.Free()
	flush := func() error {
		if len(f.todo.rows) == 0 {
			return nil
		}
		rows, results, err := f.run(groups, &f.todo)
		if err != nil {
			return err
		}
		which := make([]int, len(results))
		for i := range which {
			which[i] = i
		}
		for i, s := range f.places {
			f.row = data.EncodeRow(f.row[:0], results, which, i)
			x := &s.of.rows[s.at]
			if x.result == string(f.row) && x.result != "" {
				continue
			}
			old := *x
			x.result = string(f.row)
			if old.result != "" {
				if err := f.out.add(old, data.UpdateBefore); err != nil {
					return err
				}
				err = f.out.add(*x, data.UpdateAfter)
			} else {
				err = f.out.add(*x, data.Insert)
			}
			if err != nil {
				return err
			}
		}
		rows.Release()
		for _, v := range results {
			v.Release()
		}
		f.todo.reset()
		f.places = f.places[:0]
		return nil
	}
	for _, p := range f.touched {
		t := &p.Value
		for _, x := range t.gone {
			if err := f.out.add(x, data.Delete); err != nil {
				return err
			}
		}
		t.gone = nil
		if len(t.rows) == 0 {
			f.parts.Drop(p)
			continue
		}
		if err := f.list(t, flush); err != nil {
			return err
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return f.out.flush()
}

// list lists the steps over a whole partition.
func (f *free) list(t *table, flush func() error) error {
	var p place
	for from := 0; from < len(t.rows); {
		to := from + 1
		for !f.spec.Rows && to < len(t.rows) && t.rows[to].key == t.rows[from].key {
			to++
		}
		first := len(f.todo.reads)
		for i, x := range t.rows[from:to] {
			at := from + i
			if out := at - int(f.spec.Preceding) - 1; f.spec.Rows && f.spec.Preceding >= 0 && out >= 0 {
				f.todo.add(t.rows[out].row, data.Delete)
			}
			k := f.todo.add(x.row, data.Insert)
			p.advance(at > 0 && t.rows[at-1].key == x.key)
			if err := f.remember(&p, x.row); err != nil {
				return err
			}
			f.todo.reads = append(f.todo.reads, read{row: k, rank: p.rank, dense: p.dense})
			f.places = append(f.places, spot{t, at})
		}
		reads, last, looked := f.todo.reads[first:], len(f.todo.rows)-1, f.looked(&p)
		for i := range reads {
			reads[i].after, reads[i].lagged = last, looked
		}
		if len(f.todo.rows) >= maxSteps {
			if err := flush(); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// changes collects rows with their results and sends them by columns.
type changes struct {
	layout *operator.Layout
	types  []data.Type
	at     int64
	to     operator.Output
	rows   []ranked
	ops    []data.Op
}

func (c *changes) add(x ranked, op data.Op) error {
	c.rows, c.ops = append(c.rows, x), append(c.ops, op)
	if len(c.rows) == data.BatchSize {
		return c.flush()
	}
	return nil
}

func (c *changes) flush() error {
	n := len(c.rows)
	if n == 0 {
		return nil
	}
	o := data.MakeBatch(c.types, n)
	o.IngestedAt = c.at
	for i, x := range c.rows {
		if _, err := c.layout.Decode(x.row, o.Cols, i); err != nil {
			o.Release()
			return err
		}
		if _, err := data.DecodeRow(operator.Bytes(x.result), o.Cols[len(c.layout.Cols):], i); err != nil {
			o.Release()
			return err
		}
	}
	o.Ops = append(make([]data.Op, 0, n), c.ops...)
	clear(c.rows)
	c.rows, c.ops = c.rows[:0], c.ops[:0]
	return c.to.Emit(o)
}
