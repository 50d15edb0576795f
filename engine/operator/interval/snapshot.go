package interval

import (
	"encoding/binary"
	"math"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form: the rows of each side, with their times and whether they
// had a match.

var names = [2]string{"left", "right"}

func (j *join) schema(side int) []data.Column {
	s := j.layouts[side].Schema
	bigint := data.Of(data.BigInt).NotNull()
	return append(s[:len(s):len(s)], data.Column{Name: "at", Type: bigint}, data.Column{Name: "matched", Type: bigint})
}

func (j *join) Snapshot(w *state.Writer) error {
	var to [2]*state.KeyedWriter
	for s := range to {
		to[s] = w.Keyed(names[s], len(j.keys[s]), 0, j.schema(s))
	}
	var row []byte
	j.parts.Each(j.ctx.MaxParallelism, func(group int, p *operator.Partition[part]) {
		for s, list := range p.Value.rows {
			for _, x := range list {
				matched := int64(0)
				if x.matched {
					matched = 1
				}
				row = binary.AppendVarint(append(append(row[:0], x.row...), 1), x.at)
				row = binary.AppendVarint(append(row, 1), matched)
				to[s].Append(group, row)
			}
		}
	})
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(j.watermark)})
	return nil
}

func (j *join) Restore(r *state.Reader) error {
	least := int64(math.MaxInt64)
	for _, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		least = min(least, wm)
	}
	if least != math.MaxInt64 {
		j.watermark = least
	}
	for s, l := range j.layouts {
		types := make([]data.Type, len(l.Schema))
		for i, c := range l.Schema {
			types[i] = c.Type
		}
		err := operator.EachKept(r, names[s], j.schema(s), len(j.keys[s]), j.parts, func(b *data.Batch, row []byte, p *operator.Partition[part]) error {
			rest, err := data.SkipValues(row, types)
			if err != nil {
				return err
			}
			c := b.Cols[len(types):]
			return j.put(p, s, &item{at: c[0].I64[0], row: string(row[:len(row)-len(rest)]), matched: c[1].I64[0] != 0})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
