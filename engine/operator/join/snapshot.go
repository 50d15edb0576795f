package join

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form of a side: its rows, key columns first. Rows of an input
// with inserts only have a number behind the key, which grows with time. Rows
// that may be taken back are there once each, with how often behind them. Last
// comes, of counted sides, how many rows of the other side match.

func (s *side) schema() []data.Column {
	number := data.Of(data.BigInt).NotNull()
	var out []data.Column
	for i, k := range s.order {
		if i == len(s.keys) && s.inserts {
			out = append(out, data.Column{Name: "id", Type: number})
		}
		out = append(out, s.columns[k])
	}
	switch {
	case !s.inserts:
		out = append(out, data.Column{Name: "count", Type: number})
	case len(s.keys) == len(s.order):
		out = append(out, data.Column{Name: "id", Type: number})
	}
	if s.counted {
		out = append(out, data.Column{Name: "matches", Type: number})
	}
	return out
}

// unique is how many leading columns tell a row from all others.
func (s *side) unique() int {
	if s.inserts {
		return len(s.keys) + 1
	}
	return len(s.order)
}

func appendInt(row []byte, x int64) []byte { return binary.AppendVarint(append(row, 1), x) }

// encode appends a row in the canonical form.
func (s *side) encode(dst []byte, row unsafe.Pointer) []byte {
	if s.inserts {
		rec := unsafe.Add(row, s.head)
		dst = s.layout.Append(dst, rec, s.order[:len(s.keys)])
		dst = appendInt(dst, *field(row, logID))
		dst = s.layout.Append(dst, rec, s.order[len(s.keys):])
	} else {
		dst = s.rows.Key(dst, recordOf(row))
		dst = appendInt(dst, *field(row, rowCount))
	}
	if s.counted {
		dst = appendInt(dst, *s.matches(row))
	}
	return dst
}

// hashes gives the hash of the key of each of some rows of a log.
func (s *side) hashes(rows []unsafe.Pointer) ([]uint64, error) {
	b := data.NewBatch(len(s.keys))
	defer b.Release()
	b.N = len(rows)
	if err := s.gather(b, rows, s.keys, s.types[:len(s.keys)]); err != nil {
		return nil, err
	}
	which := make([]int, len(s.keys))
	for i := range which {
		which[i] = i
	}
	data.HashKeys(b, which)
	return b.Hashes, nil
}

func (j *join) Snapshot(w *state.Writer) error {
	for i := range j.store.sides {
		s := &j.store.sides[i]
		to := w.Keyed(s.name, len(s.keys), s.unique(), s.schema())
		if s.inserts {
			if err := j.writeLog(s, to); err != nil {
				return err
			}
			continue
		}
		var row []byte
		s.rows.Each(func(_ uint64, rec unsafe.Pointer) bool {
			at := state.Value(rec)
			row = s.encode(row[:0], at)
			to.Append(data.KeyGroup(state.Hash(pointer(at, rowKey)), j.ctx.MaxParallelism), row)
			return true
		})
	}
	return nil
}

const slice = 512 // rows

func (j *join) writeLog(s *side, to *state.KeyedWriter) error {
	var rows []unsafe.Pointer
	var row []byte
	for at, end := uint64(state.LogStart), s.log.End(); at < end; {
		rows = rows[:0]
		for at < end && len(rows) < slice {
			_, rec, next := s.log.Next(at, end)
			if at = next; rec != nil {
				rows = append(rows, rec)
			}
		}
		hashes, err := s.hashes(rows)
		if err != nil {
			return err
		}
		for i, rec := range rows {
			row = s.encode(row[:0], rec)
			to.Append(data.KeyGroup(hashes[i], j.ctx.MaxParallelism), row)
		}
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
		if err := operator.SameSchema(from, schema); err != nil {
			return err
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
	keys := upTo(len(s.keys))
	rows := make([]int32, b.N)
	for i := range rows {
		rows[i] = int32(i)
	}
	heads, recs := make([]unsafe.Pointer, b.N), make([]unsafe.Pointer, b.N)
	data.HashKeys(b, keys)
	if _, err := j.store.keys.Resolve(b, keys, rows, heads); err != nil {
		return err
	}
	matches := b.Cols[len(b.Cols)-1]
	if s.inserts {
		cols := make([]*data.Vector, len(s.order)) // as the input has them
		ids := b.Cols[len(s.keys)].I64
		for i, k := range s.order {
			at := i
			if i >= len(s.keys) {
				at++
			}
			cols[k] = b.Cols[at]
		}
		last := s.rowID
		if err := s.put(input, cols, rows, heads, recs); err != nil {
			return err
		}
		for i, rec := range recs {
			*field(rec, logID) = ids[i]
			last = max(last, ids[i])
			if s.counted {
				*s.matches(rec) = matches.I64[i]
			}
		}
		s.rowID = last
		return nil
	}
	whole := upTo(len(s.order))
	data.HashKeys(b, whole)
	if _, err := s.rows.Resolve(b, whole, rows, recs); err != nil {
		return err
	}
	for i, rec := range recs {
		row := state.Value(rec)
		if !linked(heads[i], row, input) {
			link(heads[i], row, input)
		}
		*field(row, rowCount) += b.Cols[len(whole)].I64[i]
		if s.counted {
			*s.matches(row) = matches.I64[i]
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
