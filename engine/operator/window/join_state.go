package window

import (
	"slices"
	"strconv"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/packed"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form of the rows of a side is these rows, the join's keys first,
// in a slice for each window. Nothing tells two equal rows apart: a window to
// which rows came since the last snapshot is written whole.

var sideNames = [2]string{"left", "right"}

// joinShot is a snapshot that is being written.
type joinShot struct {
	parts   []joinPart
	at      int
	dropped []*joinPane // that had to be dropped meanwhile
}

type joinPart struct {
	pane *joinPane
	side int
	to   *state.KeyedWriter
	next uint64
	end  uint64
	rows int // that it has
}

// parts are what is to be written of the state of this moment, with sliced to a
// slice for each window.
func (j *joiner) parts(w *state.Writer, sliced bool) []joinPart {
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(j.watermark)})
	var parts []joinPart
	for s := range j.sides {
		side := &j.sides[s]
		var to *state.KeyedWriter
		if !sliced {
			to = w.Keyed(sideNames[s], len(side.keys), 0, side.schema)
		}
		for _, p := range j.open {
			log := p.logs[s]
			if sliced {
				to = w.Slice(sideNames[s], strconv.FormatInt(p.end, 10), len(side.keys), 0, side.schema)
			}
			if n := log.Len(); to.Whole() || n != p.saved[s] {
				parts = append(parts, joinPart{p, s, to, state.LogStart, log.End(), n})
			}
		}
	}
	return parts
}

// write writes about n rows of a part and tells whether there are no more.
func (j *joiner) write(p *joinPart, n int) (bool, error) {
	side := &j.sides[p.side]
	recs := make([]unsafe.Pointer, 0, n)
	for len(recs) < n {
		_, rec, next := p.pane.logs[p.side].Next(p.next, p.end)
		p.next = next
		if rec == nil {
			break
		}
		recs = append(recs, rec)
	}
	if len(recs) == 0 {
		return true, nil
	}
	var picks packed.Picks
	picks.Pick(recs)
	b := data.NewBatch(len(side.keys))
	defer b.Release()
	b.N = len(recs)
	for _, k := range side.keys {
		v, err := side.layout.Gather(&picks, k, side.types[k])
		if err != nil {
			return false, err
		}
		b.Cols = append(b.Cols, v)
	}
	data.HashKeys(b, everyColumn(len(side.keys)))
	var row []byte
	for i, rec := range recs {
		row = side.layout.Append(row[:0], rec, side.order)
		p.to.Put(data.KeyGroup(b.Hashes[i], j.ctx.MaxParallelism), row)
	}
	return len(recs) < n, nil
}

// Begin fixes the rows of this moment for a snapshot.
func (j *joiner) Begin(w *state.Writer) error {
	j.endSnapshot(false)
	j.snapshot.parts = j.parts(w, true)
	return nil
}

// Continue writes some rows.
func (j *joiner) Continue() (bool, error) {
	s := &j.snapshot
	if s.at < len(s.parts) {
		done, err := j.write(&s.parts[s.at], sliceOf)
		if err != nil {
			return false, err
		}
		if done {
			s.at++
		}
	}
	return s.at == len(s.parts), nil
}

// End says what became of the snapshot.
func (j *joiner) End(_ int64, completed bool) { j.endSnapshot(completed) }

func (j *joiner) endSnapshot(completed bool) {
	s := &j.snapshot
	if completed {
		for _, p := range s.parts {
			p.pane.saved[p.side] = p.rows
		}
	}
	for _, p := range s.dropped {
		p.free()
	}
	*s = joinShot{}
}

// drop gives back the memory of a window, once no snapshot needs it.
func (j *joiner) drop(p *joinPane) {
	s := &j.snapshot
	if slices.ContainsFunc(s.parts[s.at:], func(x joinPart) bool { return x.pane == p }) {
		s.dropped = append(s.dropped, p)
		return
	}
	p.free()
}

// Resumed says that the rows restored need not be written again.
func (j *joiner) Resumed(int64) {
	for _, p := range j.open {
		p.saved = [2]int{p.logs[0].Len(), p.logs[1].Len()}
	}
}

// Snapshot writes all rows.
func (j *joiner) Snapshot(w *state.Writer) error {
	for _, p := range j.parts(w, false) {
		for done := false; !done; {
			var err error
			if done, err = j.write(&p, sliceOf); err != nil {
				return err
			}
		}
	}
	return nil
}

// Restore reads the rows of former subtasks.
func (j *joiner) Restore(r *state.Reader) error {
	for i, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		if i == 0 || wm < j.watermark {
			j.watermark = wm
		}
	}
	for s := range j.sides {
		if err := j.restore(r, s); err != nil {
			return err
		}
	}
	j.measure()
	return nil
}

func (j *joiner) restore(r *state.Reader, s int) error {
	side := &j.sides[s]
	types := make([]data.Type, len(side.schema))
	for i, c := range side.schema {
		types[i] = c.Type
	}
	b := data.MakeBatch(types, data.BatchSize)
	b.N = 0
	flush := func() error {
		cols := make([]*data.Vector, len(b.Cols))
		for i, k := range side.order {
			cols[k] = b.Cols[i]
		}
		for i := range b.N {
			p := j.pane(cols[side.end].I64[i], data.MinWatermark)
			p.rows = append(p.rows, int32(i))
		}
		for _, p := range j.open {
			if len(p.rows) > 0 {
				if err := j.keep(p, s, cols, p.rows); err != nil {
					return err
				}
				p.rows = p.rows[:0]
			}
		}
		b.Release()
		b = data.MakeBatch(types, data.BatchSize)
		b.N = 0
		return nil
	}
	err := r.EachRow(sideNames[s], func(written []data.Column, _ int, row []byte) error {
		if err := operator.SameSchema(written, side.schema); err != nil {
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
	return err
}
