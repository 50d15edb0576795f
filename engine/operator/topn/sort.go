package topn

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
	"github.com/weir-streams/weir/engine/state"
)

// sorter gives rows in the order of event time: those up to the watermark when
// it comes. A row that is not later than one already given is dropped; with
// Again, one that is earlier. Rows lie packed, with a list of them by time.
type sorter struct {
	order   []graph.SortKey
	columns []data.Column
	types   []data.Type
	ctx     *operator.Context
	rows    *operator.RowStore
	lists   *state.Lists
	list    state.Sorted
	hash    uint64 // of no key
	passed  int64  // time up to which rows are dropped as late: that of the last row given, or just before it
	before  int64  // how long before it
	given   int64  // watermark up to which rows were given

	// scratch
	scratch []int32
	fresh   []int32
	same    []sameTime
	keys    []byte
	due     []uint64
	recs    []unsafe.Pointer
	at      int64 // IngestedAt of the batch
	out     operator.Output
}

// sameTime is one of the rows of a time.
type sameTime struct {
	key    []byte // its place in the rest of the order
	number int64
	addr   uint64
}

const passedState = "passed"

// NewSort makes the operator of a Sort.
func NewSort(op graph.Op, input []data.Column) (operator.Operator, error) {
	s := &sorter{order: op.Sort.Order, columns: input, passed: math.MinInt64, given: data.MinWatermark}
	if op.Sort.Again {
		s.before = 1
	}
	for _, k := range s.order {
		if t := input[k.Column].Type; !ordered.Orderable(t) {
			return nil, fmt.Errorf("%s cannot order by %s, of type %s", op.Name, input[k.Column].Name, t)
		}
	}
	if t := input[s.order[0].Column].Type; t.Phys() != data.PhysI64 {
		return nil, fmt.Errorf("%s orders by a time of type %s", op.Name, t)
	}
	for _, c := range op.Schema {
		s.types = append(s.types, c.Type)
	}
	none := &data.Batch{N: 1}
	data.HashKeys(none, nil)
	s.hash = none.Hashes[0]
	s.rows = operator.NewRowStore(rowsState, input, nil, 0)
	s.rows.Hash = func(unsafe.Pointer) uint64 { return s.hash }
	return s, nil
}

func (s *sorter) Open(c *operator.Context) error {
	s.ctx = c
	s.rows.Open(c)
	s.lists = state.NewLists(c.Memory)
	return nil
}

func (s *sorter) Close() error {
	if s.lists != nil {
		s.rows.Close()
		s.lists.Free()
		s.list = state.Sorted{}
	}
	return nil
}

func (s *sorter) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	s.scratch = operator.Rows(b, s.scratch)
	times := b.Cols[s.order[0].Column]
	late := int64(0)
	s.at, s.out, s.fresh = b.IngestedAt, out, s.fresh[:0]
	for _, r := range s.scratch {
		if b.RowWatermarks != nil && b.RowWatermarks[r] > s.given {
			if err := s.keep(b); err != nil {
				return err
			}
			if err := s.give(b.RowWatermarks[r]); err != nil {
				return err
			}
		}
		if times.IsNull(int(r)) || times.I64[r] <= s.passed {
			late++
			continue
		}
		s.fresh = append(s.fresh, r)
	}
	s.ctx.Metrics.LateDropped.Add(late)
	if err := s.keep(b); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	return s.settle()
}

// keep keeps the rows of a batch that are not kept yet.
func (s *sorter) keep(b *data.Batch) error {
	if len(s.fresh) == 0 {
		return nil
	}
	addrs, _, err := s.rows.Keep(b.Cols, s.fresh)
	if err != nil {
		return err
	}
	times := b.Cols[s.order[0].Column].I64
	for i, r := range s.fresh {
		if err := s.lists.Insert(&s.list, state.Entry{At: times[r], Ref: addrs[i]}); err != nil {
			return err
		}
	}
	s.fresh = s.fresh[:0]
	return nil
}

// give gives the rows up to a watermark.
func (s *sorter) give(wm int64) error {
	if wm <= s.given {
		return nil
	}
	s.given = wm
	for s.list.Len() > 0 && s.lists.First(&s.list).At <= wm {
		entries, _ := s.lists.From(&s.list, state.Place{})
		at, n := entries[0].At, 1
		for n < len(entries) && entries[n].At != entries[n-1].At && entries[n].At <= wm {
			n++
		}
		if n < len(entries) && entries[n].At == entries[n-1].At || n == len(entries) {
			n-- // more of its time may follow
		}
		if n > 0 { // each alone in its time
			for _, e := range entries[:n] {
				s.due = append(s.due, e.Ref)
			}
			s.passed = entries[n-1].At - s.before
			s.lists.DropFirst(&s.list, n)
		} else if err := s.giveTime(at); err != nil {
			return err
		}
		if len(s.due) >= data.BatchSize {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// giveTime gives the rows of the first time there is, in the rest of the order.
func (s *sorter) giveTime(at int64) error {
	s.passed = at - s.before
	s.same = s.same[:0]
	for entries, next := s.lists.From(&s.list, state.Place{}); entries != nil && entries[0].At == at; entries, next = s.lists.From(&s.list, next) {
		for _, e := range entries {
			if e.At == at {
				s.same = append(s.same, sameTime{number: state.Number(s.rows.At(e.Ref)), addr: e.Ref})
			}
		}
	}
	s.lists.DropFirst(&s.list, len(s.same))
	if len(s.order) > 1 && len(s.same) > 1 {
		if err := s.setKeys(); err != nil {
			return err
		}
	}
	slices.SortFunc(s.same, func(a, b sameTime) int {
		if c := bytes.Compare(a.key, b.key); c != 0 {
			return c
		}
		return cmp.Compare(a.number, b.number)
	})
	for _, x := range s.same {
		s.due = append(s.due, x.addr)
	}
	return nil
}

// setKeys computes the places of rows of one time.
func (s *sorter) setKeys() error {
	var columns []int
	var types []data.Type
	order := slices.Clone(s.order[1:])
	for i, k := range order {
		columns, types = append(columns, k.Column), append(types, s.columns[k.Column].Type)
		order[i].Column = i
	}
	ends := make([]int, 0, len(s.same))
	s.keys = s.keys[:0]
	for from := 0; from < len(s.same); from += data.BatchSize {
		part := s.same[from:min(from+data.BatchSize, len(s.same))]
		s.recs = s.recs[:0]
		for _, x := range part {
			s.recs = append(s.recs, s.rows.At(x.addr))
		}
		o := data.NewBatch(len(columns))
		o.N = len(part)
		err := s.rows.Gather(o, s.recs, columns, types)
		for i := 0; err == nil && i < len(part); i++ {
			s.keys = ordered.AppendKey(s.keys, o.Cols, order, i)
			ends = append(ends, len(s.keys))
		}
		o.Release()
		if err != nil {
			return err
		}
	}
	from := 0
	for i, to := range ends {
		s.same[i].key = s.keys[from:to]
		from = to
	}
	return nil
}

// flush emits the rows that are due.
func (s *sorter) flush() error {
	for from := 0; from < len(s.due); from += data.BatchSize {
		part := s.due[from:min(from+data.BatchSize, len(s.due))]
		s.recs = s.recs[:0]
		for _, addr := range part {
			s.recs = append(s.recs, s.rows.At(addr))
		}
		o := data.NewBatch(len(s.types))
		o.N, o.IngestedAt = len(part), s.at
		if err := s.rows.Gather(o, s.recs, nil, s.types); err != nil {
			o.Release()
			return err
		}
		if err := s.out.Emit(o); err != nil {
			return err
		}
		for _, addr := range part {
			if err := s.rows.Drop(addr); err != nil {
				return err
			}
		}
	}
	s.due = s.due[:0]
	return nil
}

// settle gives memory back.
func (s *sorter) settle() error {
	time := s.order[0].Column
	err := s.rows.Settle(func(from, to uint64, rec unsafe.Pointer) {
		s.lists.Redirect(&s.list, s.rows.Layout.I64(s.rows.Row(rec), time), from, to)
	})
	s.ctx.Metrics.StateKeys.Store(int64(s.rows.Len()))
	s.ctx.Metrics.StateBytes.Store(s.rows.Bytes() + s.lists.Bytes())
	return err
}

func (s *sorter) Watermark(wm int64, out operator.Output) error {
	s.at, s.out = 0, out
	if err := s.give(wm); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	return out.Watermark(wm)
}

// Snapshot writes all there is.
func (s *sorter) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(s, w) }

// Begin fixes the rows of this moment.
func (s *sorter) Begin(w *state.Writer) error {
	s.rows.Begin(w)
	w.List(passedState, state.Split, [][]byte{operator.Int64Item(s.passed)})
	return nil
}

// Continue writes some rows.
func (s *sorter) Continue() (bool, error) { return s.rows.Continue() }

// End says what became of the snapshot.
func (s *sorter) End(_ int64, completed bool) { s.rows.End(completed) }

// Resumed says that what was restored is durable.
func (s *sorter) Resumed(int64) { s.rows.Restored() }

// Restore reads what was written.
func (s *sorter) Restore(r *state.Reader) error {
	for _, item := range r.Items(passedState) {
		t, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		s.passed = max(s.passed, t)
	}
	return s.rows.Restore(r, func(b *data.Batch, addrs []uint64, _ []unsafe.Pointer, _ []*data.Vector) error {
		times := b.Cols[s.order[0].Column].I64
		for i, addr := range addrs {
			if err := s.lists.Insert(&s.list, state.Entry{At: times[i], Ref: addr}); err != nil {
				return err
			}
		}
		return nil
	})
}
