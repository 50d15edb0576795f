package join

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form of a side: its different rows, key columns first, with how
// often each is there and, of counted sides, how many rows match it.

func (s *side) schema() []data.Column {
	var out []data.Column
	for _, k := range s.order {
		out = append(out, s.columns[k])
	}
	number := data.Of(data.BigInt).NotNull()
	out = append(out, data.Column{Name: "count", Type: number})
	if s.counted {
		out = append(out, data.Column{Name: "matches", Type: number})
	}
	return out
}

func (j *join) Snapshot(w *state.Writer) error {
	number := data.NewVector(data.Of(data.BigInt).NotNull(), 1)
	defer number.Release()
	var row []byte
	for i := range j.store.sides {
		s := &j.store.sides[i]
		to := w.Keyed(s.name, len(s.keys), 0, s.schema())
		s.rows.Each(func(_ uint64, rec unsafe.Pointer) bool {
			row = s.rows.Key(row[:0], rec)
			number.I64[0] = *field(rec, rowCount)
			row = data.EncodeValue(row, number, 0)
			if s.counted {
				number.I64[0] = *field(rec, rowMatches)
				row = data.EncodeValue(row, number, 0)
			}
			to.Append(data.KeyGroup(state.Hash(pointer(rec, rowKey)), j.ctx.MaxParallelism), row)
			return true
		})
	}
	return nil
}

func (j *join) Restore(r *state.Reader) error {
	for i := range j.store.sides {
		if err := j.restore(r, i); err != nil {
			return err
		}
	}
	return nil
}

func (j *join) restore(r *state.Reader, input int) error {
	s := &j.store.sides[input]
	schema := s.schema()
	types := make([]data.Type, len(schema))
	for i, c := range schema {
		types[i] = c.Type
	}
	b := data.MakeBatch(types, data.BatchSize)
	defer func() { b.Release() }()
	n := 0
	load := func() error {
		b.N = n
		err := j.load(s, input, b)
		b.Release()
		b = data.MakeBatch(types, data.BatchSize)
		n = 0
		return err
	}
	err := r.EachRow(s.name, func(from []data.Column, _ int, row []byte) error {
		if len(from) != len(schema) {
			return fmt.Errorf("the state has %d columns, the join now %d", len(from), len(schema))
		}
		for i, c := range schema {
			if !c.Type.SameAs(from[i].Type) {
				return fmt.Errorf("column %s was %s and is now %s", c.Name, from[i].Type, c.Type)
			}
		}
		rest, err := data.DecodeRow(row, b.Cols, n)
		if err != nil {
			return err
		}
		if len(rest) > 0 {
			return fmt.Errorf("row has %d bytes too many", len(rest))
		}
		if n++; n == data.BatchSize {
			return load()
		}
		return nil
	})
	if err == nil && n > 0 {
		err = load()
	}
	return err
}

// load puts restored rows into a side.
func (j *join) load(s *side, input int, b *data.Batch) error {
	keys, whole := upTo(len(s.keys)), upTo(len(s.order))
	rows := make([]int32, b.N)
	for i := range rows {
		rows[i] = int32(i)
	}
	heads, recs := make([]unsafe.Pointer, b.N), make([]unsafe.Pointer, b.N)
	data.HashKeys(b, keys)
	if _, err := j.store.keys.Resolve(b, keys, rows, heads); err != nil {
		return err
	}
	data.HashKeys(b, whole)
	if _, err := s.rows.Resolve(b, whole, rows, recs); err != nil {
		return err
	}
	for i, rec := range recs {
		if !linked(heads[i], rec, input) {
			link(heads[i], rec, input)
		}
		*field(rec, rowCount) += b.Cols[len(whole)].I64[i]
		if s.counted {
			*field(rec, rowMatches) = b.Cols[len(whole)+1].I64[i]
		}
	}
	return nil
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
