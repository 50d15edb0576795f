package join

import (
	"encoding/binary"
	"fmt"
	"slices"
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

// places says which column of a packed row each column of the canonical form is.
func (s *side) places() []int {
	out := slices.Concat(s.order[:len(s.keys)], []int{-1}, s.order[len(s.keys):])
	if s.counted {
		out = append(out, -1)
	}
	return out
}

// pack appends a row as it lies packed.
func (s *side) pack(dst []byte, row unsafe.Pointer) []byte {
	dst = binary.AppendVarint(dst, *field(row, logID))
	if s.counted {
		dst = binary.AppendVarint(dst, *s.matches(row))
	}
	return append(dst, s.layout.Raw(unsafe.Add(row, s.head))...)
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

// Snapshot writes all there is.
func (j *join) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(j, w) }

// Begin fixes what is there.
func (j *join) Begin(w *state.Writer) error {
	for i := range j.store.sides {
		s := &j.store.sides[i]
		s.to = w.Keyed(s.name, len(s.keys), s.unique(), s.schema())
		s.groups = j.ctx.MaxParallelism
		if s.inserts {
			// Rows that nothing is done to go as they lie there.
			s.lies = !s.counted && s.ttl == 0 && s.to.Logs(state.Logged{Number: logID, Head: s.head, Groups: s.groups}, s.places())
			s.packs = s.lies || s.to.Pack(s.places())
			s.beginLog(s.to.Whole())
			continue
		}
		s.deleted = s.to.Whole()
		s.rows.Begin(s.to.Whole(), func(rec unsafe.Pointer) error {
			row := state.Value(rec)
			group := data.KeyGroup(state.Hash(pointer(row, rowKey)), s.groups)
			s.to.Close(group, s.encode(s.to.Open(group), row))
			return nil
		})
	}
	return nil
}

// Continue writes some rows.
func (j *join) Continue() (bool, error) {
	for i := range j.store.sides {
		s := &j.store.sides[i]
		var done bool
		var err error
		if s.inserts {
			done, err = s.continueLog()
		} else {
			done, err = s.continueTable()
		}
		if !done || err != nil {
			return false, err
		}
	}
	return true, nil
}

const slice = 1024 // rows

func (s *side) continueTable() (bool, error) {
	if !s.deleted {
		var err error
		s.deleted, err = s.writeDeleted()
		return false, err
	}
	return s.rows.Continue(slice)
}

// writeDeleted names the rows that are there no more. Their key groups follow
// from the key, which they begin with.
func (s *side) writeDeleted() (done bool, err error) {
	b := data.MakeBatch(s.types[:len(s.keys)], 1)
	defer func() { b.Release() }()
	n, which := 0, upTo(len(s.keys))
	return s.rows.Deleted(2*slice, func(_ uint64, row []byte) error {
		if n++; n%data.BatchSize == 0 { // with its strings so far
			b.Release()
			b = data.MakeBatch(s.types[:len(s.keys)], 1)
		}
		if _, err := data.DecodeRow(row, b.Cols, 0); err != nil {
			return fmt.Errorf("row of the %s side: %w", s.name, err)
		}
		data.HashKeys(b, which)
		s.to.Delete(data.KeyGroup(b.Hashes[0], s.groups), row)
		return nil
	})
}

// End says what became of the snapshot.
func (j *join) End(_ int64, completed bool) {
	for i := range j.store.sides {
		if s := &j.store.sides[i]; s.inserts {
			s.endLog(completed)
		} else {
			s.rows.End(completed)
		}
	}
}

// Resumed says that what was restored is durable.
func (j *join) Resumed(int64) {
	for i := range j.store.sides {
		if s := &j.store.sides[i]; s.inserts {
			s.beginLog(false)
			s.endLog(true)
		} else {
			s.rows.Restored()
		}
	}
}

// Restore reads what Snapshot wrote.
func (j *join) Restore(r *state.Reader) error {
	if j.ctx.Env != nil {
		for i := range j.store.sides {
			j.store.sides[i].now = j.ctx.Env.Now
		}
	}
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
	if !s.inserts {
		if err := s.rows.Reserve(int(r.About(s.name))); err != nil {
			return err
		}
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
		last := s.rowID // the time that rows live begins anew
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
		s.stamp(row)
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
