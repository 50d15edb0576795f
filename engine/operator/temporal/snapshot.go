package temporal

import (
	"encoding/binary"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form: the rows of each side, with their times and changes.

var names = [2]string{"left", "right"}

func (j *join) schema(side int) []data.Column {
	s := j.layouts[side].Schema
	bigint := data.Of(data.BigInt).NotNull()
	return append(s[:len(s):len(s)], data.Column{Name: "at", Type: bigint}, data.Column{Name: "op", Type: bigint})
}

func (j *join) Snapshot(w *state.Writer) error {
	var to [2]*state.KeyedWriter
	for s := range to {
		to[s] = w.Keyed(names[s], len(j.spec.LeftKeys), 0, j.schema(s))
	}
	var row []byte
	j.parts.Each(j.ctx.MaxParallelism, func(group int, p *operator.Partition[part]) {
		for s, list := range [][]item{p.Value.left, p.Value.right} {
			for _, x := range list {
				row = binary.AppendVarint(append(append(row[:0], x.row...), 1), x.at)
				row = binary.AppendVarint(append(row, 1), int64(x.op))
				to[s].Append(group, row)
			}
		}
	})
	return nil
}

func (j *join) Restore(r *state.Reader) error {
	for s, l := range j.layouts {
		types := make([]data.Type, len(l.Schema))
		for i, c := range l.Schema {
			types[i] = c.Type
		}
		err := operator.EachKept(r, names[s], j.schema(s), len(j.spec.LeftKeys), j.parts, func(b *data.Batch, row []byte, p *operator.Partition[part]) error {
			rest, err := data.SkipValues(row, types)
			if err != nil {
				return err
			}
			c := b.Cols[len(types):]
			return j.put(p, s, item{c[0].I64[0], data.Op(c[1].I64[0]), string(row[:len(row)-len(rest)])})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
