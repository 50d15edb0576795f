package window

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form of an open session is one row: its key, a number that tells
// it from others of the key, start and end, the number of rows, and the columns
// of each aggregate. Savepoints once had the rows of sessions, as those of kept
// still do; they are read by folding them in again.

const mergedState = "open sessions"

// writing is a snapshot that is being written.
type writing struct {
	to  *state.KeyedWriter
	at  int // how many tables are written
	row []byte
}

func (s *merging) schema() []data.Column {
	var schema []data.Column
	number := data.Of(data.BigInt).NotNull()
	for i, k := range s.spec.Keys {
		schema = append(schema, data.Column{Name: fmt.Sprintf("key%d", i), Type: s.input[k]})
	}
	for _, name := range []string{"number", "start", "end"} {
		schema = append(schema, data.Column{Name: name, Type: number})
	}
	return append(schema, s.set.Columns()...)
}

func (s *merging) declare(w *state.Writer) *state.KeyedWriter {
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(s.watermark)})
	return w.Keyed(mergedState, len(s.spec.Keys), len(s.spec.Keys)+1, s.schema())
}

// put writes the session of a record, or that its record has none any more.
func (s *merging) put(to *state.KeyedWriter, rec unsafe.Pointer) {
	row, hash := s.writing.row[:0], uint64(0)
	if s.isPair(rec) {
		row = s.others.Key(row, rec)
		hash = state.Hash(s.others.Owner(rec))
	} else {
		row = append(s.groups.Table.Key(row, rec), 1, 0) // number 0
		hash = state.Hash(rec)
	}
	group := data.KeyGroup(hash, s.ctx.MaxParallelism)
	if s.isOpen(rec) {
		for _, off := range [...]int{s.start, s.end} {
			row = binary.AppendVarint(append(row, 1), *word(rec, off))
		}
		row = s.groups.Encode(row, rec)
		to.Put(group, row)
	} else {
		to.Delete(group, row)
	}
	s.writing.row = row
}

// Begin fixes the sessions of this moment for a snapshot.
func (s *merging) Begin(w *state.Writer) error {
	to := s.declare(w)
	s.writing = writing{to: to, row: s.writing.row}
	put := func(rec unsafe.Pointer) error { s.put(to, rec); return nil }
	s.groups.Table.Begin(to.Whole(), put)
	s.others.Begin(to.Whole(), put)
	return nil
}

// Continue writes some sessions.
func (s *merging) Continue() (bool, error) {
	x := &s.writing
	for i, t := range []*state.Table{s.groups.Table, s.others} {
		if x.at > i {
			continue
		}
		done, err := t.Continue(sliceOf)
		if err != nil || !done {
			return false, err
		}
		done, err = t.Deleted(4*sliceOf, func(hash uint64, key []byte) error {
			x.row = append(x.row[:0], key...)
			if i == 0 {
				x.row = append(x.row, 1, 0)
			}
			x.to.Delete(data.KeyGroup(hash, s.ctx.MaxParallelism), x.row)
			return nil
		})
		if err != nil || !done {
			return false, err
		}
		x.at++
	}
	return true, nil
}

// End says what became of the snapshot.
func (s *merging) End(_ int64, completed bool) {
	s.groups.Table.End(completed)
	s.others.End(completed)
}

// Resumed says that the sessions restored need not be written again.
func (s *merging) Resumed(int64) {
	s.groups.Table.Restored()
	s.others.Restored()
}

// Snapshot writes all sessions.
func (s *merging) Snapshot(w *state.Writer) error {
	to := s.declare(w)
	for _, t := range []*state.Table{s.groups.Table, s.others} {
		t.Each(func(_ uint64, rec unsafe.Pointer) bool {
			s.put(to, rec)
			return true
		})
	}
	return nil
}

// Restore reads the sessions of former subtasks.
func (s *merging) Restore(r *state.Reader) error {
	for i, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		if i == 0 || wm < s.watermark {
			s.watermark = wm
		}
	}
	schema := s.schema()
	types := make([]data.Type, len(schema))
	for i, c := range schema {
		types[i] = c.Type
	}
	if err := s.groups.Table.Reserve(int(r.About(mergedState))); err != nil {
		return err
	}
	b := data.MakeBatch(types, data.BatchSize)
	b.N = 0
	flush := func() error {
		if b.N == 0 {
			return nil
		}
		err := s.load(b)
		b.Release()
		b = data.MakeBatch(types, data.BatchSize)
		b.N = 0
		return err
	}
	err := r.EachRow(mergedState, func(written []data.Column, _ int, row []byte) error {
		if err := operator.SameSchema(written, schema); err != nil {
			return err
		}
		if _, err := data.DecodeRow(row, b.Cols, b.N); err != nil {
			return err
		}
		if b.N++; b.N == data.BatchSize {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	b.Release()
	if err != nil {
		return err
	}
	if err := s.refold(r); err != nil {
		return err
	}
	return s.tidy()
}

// load makes the sessions of a batch of rows.
func (s *merging) load(b *data.Batch) error {
	keys := everyColumn(len(s.spec.Keys))
	keyed := &data.Batch{N: b.N, Cols: b.Cols[:len(keys)]}
	data.HashKeys(keyed, keys)
	rows, recs := operator.Rows(keyed, nil), make([]unsafe.Pointer, b.N)
	if _, err := s.groups.Table.Resolve(keyed, keys, rows, recs); err != nil {
		return err
	}
	at := len(keys)
	for i, rec := range recs {
		if number := b.Cols[at].I64[i]; number != 0 {
			x, err := s.pair(rec, number)
			if err != nil {
				return err
			}
			recs[i] = x
			s.number = max(s.number, number)
		} else if s.isOpen(rec) { // of two former subtasks, which cannot be
			return fmt.Errorf("state %s has two sessions of one key and number", mergedState)
		}
		rec = recs[i]
		*word(rec, s.start), *word(rec, s.end) = b.Cols[at+1].I64[i], b.Cols[at+2].I64[i]
		s.timers.push(s.fireAt(rec), rec)
		s.open++
	}
	for _, c := range b.Cols {
		c.Resize(b.N)
	}
	return s.groups.Load(recs, b.Cols[at+3:])
}

// refold reads sessions that were kept as rows.
func (s *merging) refold(r *state.Reader) error {
	schema := keptSchema(s.spec.Keys, s.input)
	types := make([]data.Type, len(schema))
	for i, c := range schema {
		types[i] = c.Type
	}
	skip := len(s.spec.Keys) + 2 // key, start and end follow from the rows
	wm, now := s.watermark, s.ctx.Env.Now
	defer func() { s.watermark, s.ctx.Env.Now = wm, now }()
	s.watermark = data.MinWatermark
	return r.EachRow(keptState, func(written []data.Column, _ int, row []byte) error {
		if !slices.EqualFunc(written, schema, func(a, b data.Column) bool { return a.Type.SameAs(b.Type) }) {
			return fmt.Errorf("state was written with columns %v, this query needs %v", written, schema)
		}
		b := data.MakeBatch(types, 1)
		defer b.Release()
		if _, err := data.DecodeRow(row, b.Cols, 0); err != nil {
			return err
		}
		of := &data.Batch{N: 1, Cols: b.Cols[skip+1:], Ops: []data.Op{data.Op(b.Cols[skip].I64[0])}}
		data.HashKeys(of, s.spec.Keys)
		start, end := b.Cols[skip-2].I64[0], b.Cols[skip-1].I64[0]
		s.ctx.Env.Now = s.clock.instant(start)
		if err := s.add(of, []int32{0}, nil); err != nil {
			return err
		}
		if rec := s.recs[0]; s.processingTime() { // its rows do not tell their times
			*word(rec, s.end) = max(*word(rec, s.end), end)
		}
		return nil
	})
}
