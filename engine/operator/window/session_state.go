package window

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form of sessions is their rows, numbered, each with its time on
// the wall clock, its place in its session and what it says: the sessions follow.
// It once was a row for each of them with the session's start and end.

const (
	sessionRowsState = "rows of sessions"
	keptState        = "sessions"
)

func keptSchema(keys []int, input []data.Type) []data.Column {
	var schema []data.Column
	number := data.Of(data.BigInt).NotNull()
	for i, k := range keys {
		schema = append(schema, data.Column{Name: fmt.Sprintf("key%d", i), Type: input[k]})
	}
	schema = append(schema, data.Column{Name: "start", Type: number}, data.Column{Name: "end", Type: number}, data.Column{Name: "op", Type: number})
	for i, t := range input {
		schema = append(schema, data.Column{Name: fmt.Sprintf("column%d", i), Type: t})
	}
	return schema
}

// Snapshot writes all there is.
func (s *session) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(s, w) }

// Begin fixes the rows of this moment.
func (s *session) Begin(w *state.Writer) error {
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(s.watermark)})
	s.kept.Begin(w)
	return nil
}

// Continue writes some rows.
func (s *session) Continue() (bool, error) { return s.kept.Continue() }

// End says what became of the snapshot.
func (s *session) End(_ int64, completed bool) { s.kept.End(completed) }

// Resumed says that what was restored is durable.
func (s *session) Resumed(int64) { s.kept.Restored() }

// Restore reads what was written.
func (s *session) Restore(r *state.Reader) error {
	for i, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		if i == 0 || wm < s.watermark {
			s.watermark = wm
		}
	}
	s.restoring = true
	defer func() { s.restoring = false }()
	err := s.kept.Restore(r, func(b *data.Batch, addrs []uint64, recs []unsafe.Pointer, extra []*data.Vector) error {
		if err := s.resolve(b, operator.Rows(b, nil)); err != nil {
			return err
		}
		for i, rec := range recs {
			t, order := extra[0].I64[i], extra[1].I64[i]
			*word8(rec, rowTime), *word8(rec, rowOrder), *word8(rec, rowOp) = t, order, extra[2].I64[i]
			s.order = max(s.order, order)
			if _, err := s.add(s.keys[i], t, t+s.spec.Window.Gap, data.MinWatermark, addrs[i], rec); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.restoreKept(r); err != nil {
		return err
	}
	return s.settle()
}

// restoreKept reads the older form.
func (s *session) restoreKept(r *state.Reader) error {
	schema := keptSchema(s.spec.Keys, s.input)
	types := make([]data.Type, len(schema))
	for i, c := range schema {
		types[i] = c.Type
	}
	at := len(s.spec.Keys)
	return r.EachRow(keptState, func(written []data.Column, _ int, row []byte) error {
		if !slices.EqualFunc(written, schema, func(a, b data.Column) bool { return a.Type.SameAs(b.Type) }) {
			return fmt.Errorf("state was written with columns %v, this query needs %v", written, schema)
		}
		b := data.MakeBatch(types, 1)
		defer b.Release()
		if _, err := data.DecodeRow(row, b.Cols, 0); err != nil {
			return err
		}
		in := &data.Batch{N: 1, Cols: b.Cols[at+3:]}
		data.HashKeys(in, s.spec.Keys)
		only := []int32{0}
		if err := s.resolve(in, only); err != nil {
			return err
		}
		addrs, recs, err := s.kept.Keep(in.Cols, only)
		if err != nil {
			return err
		}
		// Which of its rows began and which ended a session is not known, nor needed:
		// it is as long as from the first of them to the others.
		start, end := b.Cols[at].I64[0], b.Cols[at+1].I64[0]
		t := start
		for x := *firstOf(s.keys[0]); x != 0; x = s.span(x).next {
			if s.span(x).start == start {
				t = end - s.spec.Window.Gap
			}
		}
		s.order++
		*word8(recs[0], rowTime), *word8(recs[0], rowOrder), *word8(recs[0], rowOp) = t, s.order, b.Cols[at+2].I64[0]
		_, err = s.add(s.keys[0], start, end, data.MinWatermark, addrs[0], recs[0])
		return err
	})
}
