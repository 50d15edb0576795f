package lookup

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/packed"
)

// whole is a table that is read from one end to the other (lookup.cache = FULL).
type whole struct {
	source   func() (connector.Source, error)
	keysLeft []int
	types    []data.Type
	rows     *store
	interval int64 // milliseconds between readings; 0: one only
	next     int64
}

// NewFull makes the operator of a LookupJoin over a table that is read whole
// through a source, which is opened for every reading and must end. interval is
// the time between two readings; 0: there is one.
func NewFull(op graph.Op, input []data.Column, functions *function.Set, interval time.Duration, source func() (connector.Source, error)) (operator.Operator, error) {
	if op.LookupJoin == nil || len(op.Schema) < len(input) {
		return nil, errors.New("no lookup join")
	}
	types := columnTypes(op.Schema[len(input):])
	return newLookup(op, input, functions, func(c *operator.Context) (answers, error) {
		w := &whole{source: source, keysLeft: op.LookupJoin.LeftKeys, types: types, interval: interval.Milliseconds()}
		w.rows = newStore(packed.New(types), op.LookupJoin.RightKeys, c.Memory)
		if err := w.load(running(c)); err != nil {
			w.rows.free()
			return nil, err
		}
		w.plan(c, c.Env.Now)
		return w, nil
	})
}

func columnTypes(columns []data.Column) []data.Type {
	types := make([]data.Type, len(columns))
	for i, c := range columns {
		types[i] = c.Type
	}
	return types
}

func (w *whole) plan(c *operator.Context, now int64) {
	if w.interval > 0 {
		w.next = now + w.interval
		c.WakeAt(w.next)
	}
}

func (w *whole) tick(c *operator.Context, now int64) error {
	if w.next == 0 {
		return nil
	}
	if now < w.next {
		c.WakeAt(w.next)
		return nil
	}
	old := w.rows
	w.rows = newStore(old.layout, old.right, old.budget)
	if err := w.load(running(c)); err != nil {
		w.rows.free()
		w.rows = old
		return fmt.Errorf("read it again: %w", err)
	}
	old.free()
	w.plan(c, now)
	return nil
}

// load reads the table.
func (w *whole) load(ctx context.Context) (err error) {
	src, err := w.source()
	if err != nil {
		return err
	}
	defer func() {
		if cerr := src.Close(); err == nil {
			err = cerr
		}
	}()
	for {
		b := data.MakeBatch(w.types, 0)
		status, err := src.Poll(ctx, b)
		if err == nil {
			err = w.take(b)
		}
		b.Release()
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if status == connector.Ended {
			return nil
		}
	}
}

// take keeps the rows of a batch that have a key.
func (w *whole) take(b *data.Batch) error {
	var rows []int32
rows:
	for i := range b.Len() {
		r := b.Row(i)
		if op := b.Op(r); op != data.Insert {
			return fmt.Errorf("a row of it is a change %s: only tables of inserts can be read whole for a lookup join", op)
		}
		for _, k := range w.rows.right {
			if b.Cols[k].IsNull(r) {
				continue rows
			}
		}
		rows = append(rows, int32(r))
	}
	if len(rows) == 0 {
		return nil
	}
	data.HashKeys(b, w.rows.right)
	keys := make([]unsafe.Pointer, len(rows))
	if _, err := w.rows.table.Resolve(b, w.rows.right, rows, keys); err != nil {
		return err
	}
	return w.rows.put(b, rows, keys)
}

func (w *whole) find(_ context.Context, b *data.Batch, rows []int32, first []unsafe.Pointer, _ int64) error {
	for i, r := range rows {
		key, err := w.rows.lookup(b, w.keysLeft, r)
		if err != nil {
			return err
		}
		if first[i] = nil; key != nil {
			first[i] = w.rows.first(key)
		}
	}
	return nil
}

func (w *whole) store() *store { return w.rows }
func (w *whole) bytes() int64  { return w.rows.bytes() }
func (w *whole) keys() int     { return w.rows.table.Len() }
func (w *whole) close() error  { w.rows.free(); return nil }
