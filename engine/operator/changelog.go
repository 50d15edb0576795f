package operator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// changelog makes rows of changes, or changes of rows.
type changelog struct {
	spec  graph.Changelog
	out   data.Type
	names [4]string          // of data.Op, where changes become rows
	given [4]bool            // those that are not left out
	ops   map[string]data.Op // where rows become changes
	rows  []int32
}

var kinds = map[string]data.Op{"INSERT": data.Insert, "UPDATE_BEFORE": data.UpdateBefore, "UPDATE_AFTER": data.UpdateAfter, "DELETE": data.Delete}

// NewChangelog makes the operator of a Changelog.
func NewChangelog(op graph.Op) (Operator, error) {
	c := &changelog{spec: *op.Changelog, ops: map[string]data.Op{}}
	if c.spec.Read < 0 {
		c.out = op.Schema[0].Type
		for kind, name := range c.spec.Codes {
			k, ok := kinds[kind]
			if !ok {
				return nil, fmt.Errorf("%s: there is no change of kind %q", op.Name, kind)
			}
			c.names[k], c.given[k] = name, true
		}
		return c, nil
	}
	for name, kind := range c.spec.Codes {
		k, ok := kinds[kind]
		if !ok {
			return nil, fmt.Errorf("%s: there is no change of kind %q", op.Name, kind)
		}
		c.ops[name] = k
	}
	return c, nil
}

func (c *changelog) Open(*Context) error                  { return nil }
func (c *changelog) Close() error                         { return nil }
func (c *changelog) Watermark(wm int64, out Output) error { return out.Watermark(wm) }

func (c *changelog) Process(_ int, b *data.Batch, out Output) error {
	defer b.Release()
	all := Rows(b, nil)
	c.rows = c.rows[:0]
	var ops []data.Op
	if c.spec.Read < 0 {
		for _, r := range all {
			if c.given[b.Op(int(r))] {
				c.rows = append(c.rows, r)
			}
		}
	} else {
		v := b.Cols[c.spec.Read]
		for _, r := range all {
			if v.IsNull(int(r)) {
				return errors.New("received NULL op code: every changelog row must carry an operation code")
			}
			op, ok := c.ops[string(v.Bytes(int(r)))]
			if !ok {
				return fmt.Errorf("received invalid op code '%s'; defined op codes are: %s", v.Bytes(int(r)), strings.Join(slices.Sorted(maps.Keys(c.ops)), ", "))
			}
			c.rows, ops = append(c.rows, r), append(ops, op)
		}
	}
	if len(c.rows) == 0 {
		return nil
	}
	o := data.NewBatch(len(b.Cols) + 1)
	o.N, o.IngestedAt, o.Ops = len(c.rows), b.IngestedAt, ops
	if c.spec.Read < 0 {
		kind := data.NewVector(c.out, len(c.rows))
		for i, r := range c.rows {
			kind.SetString(i, c.names[b.Op(int(r))])
		}
		o.Cols = append(o.Cols, kind)
	}
	for i, v := range b.Cols {
		if i != c.spec.Read {
			o.Cols = append(o.Cols, data.Gather(v, c.rows))
		}
	}
	return out.Emit(o)
}
