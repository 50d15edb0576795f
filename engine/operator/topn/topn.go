// Package topn keeps the first rows of each partition of a stream in an order:
// ORDER BY with LIMIT, and ROW_NUMBER() with an upper bound. A sorter beside it
// gives rows in the order of event time.
//
// The rule: the changes given for a row (or with ranks for an update) are the
// difference between what was to be seen before and after it, and nothing else.
package topn

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
	"github.com/weir-streams/weir/engine/state"
)

// topN is the operator. Sorted rows lie on the Go heap, counted against the
// job's memory; partitions are found by a table off it.
type topN struct {
	spec    graph.TopN
	columns []data.Column
	cols    []int // the columns as they lie in a row: keys, then the others
	types   []data.Type
	ctx     *operator.Context

	keys  *state.Table // key -> number of its partition + 1
	lists []*list      // by number; nil: free
	free  []int
	held  int64 // bytes of entries

	rows   []int32
	recs   []unsafe.Pointer
	key    []byte
	row    []byte
	before []entry
	after  []entry
	out    changes
}

// New makes the operator of a TopN.
func New(op graph.Op, input []data.Column) (operator.Operator, error) {
	spec := *op.TopN
	if spec.TTLMillis > 0 {
		return nil, fmt.Errorf("table.exec.state.ttl on %s is not supported by this engine yet; remove it or run on a Flink target", op.Name)
	}
	if spec.From < 1 || spec.To < spec.From {
		return nil, fmt.Errorf("%s gives the ranks %d to %d", op.Name, spec.From, spec.To)
	}
	for _, k := range spec.Order {
		if t := input[k.Column].Type; !ordered.Orderable(t) {
			return nil, fmt.Errorf("%s cannot order by %s, of type %s", op.Name, input[k.Column].Name, t)
		}
	}
	if spec.Windowed {
		return newWindowed(op, input)
	}
	t := &topN{spec: spec, columns: input}
	isKey := make([]bool, len(input))
	for _, k := range spec.Keys {
		t.cols = append(t.cols, k)
		isKey[k] = true
	}
	for i := range input {
		if !isKey[i] {
			t.cols = append(t.cols, i)
		}
	}
	for _, k := range t.cols {
		t.types = append(t.types, input[k].Type)
	}
	for _, c := range op.Schema {
		t.out.types = append(t.out.types, c.Type)
	}
	t.out.cols = t.cols
	return t, nil
}

func (t *topN) Open(c *operator.Context) error {
	t.ctx = c
	t.keys = state.NewTable(t.types[:len(t.spec.Keys)], 8, 0x71, c.Memory)
	return nil
}

func (t *topN) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }

func (t *topN) Close() error {
	if t.keys != nil {
		t.keys.Free()
		t.ctx.Memory.Give(t.held)
		t.held = 0
	}
	return nil
}

func (t *topN) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	if b.Hashes == nil {
		data.HashKeys(b, t.spec.Keys)
	}
	t.rows = operator.Rows(b, t.rows)
	if cap(t.recs) < len(t.rows) {
		t.recs = make([]unsafe.Pointer, max(len(t.rows), data.BatchSize))
	}
	recs := t.recs[:len(t.rows)]
	if _, err := t.keys.Resolve(b, t.spec.Keys, t.rows, recs); err != nil {
		return err
	}
	t.out.begin(b, out)
	for i := 0; i < len(t.rows); i++ {
		l := t.list(recs[i])
		end := i
		if t.spec.Number && i+1 < len(recs) && recs[i+1] == recs[i] && b.Op(int(t.rows[i])) == data.UpdateBefore && b.Op(int(t.rows[i+1])) == data.UpdateAfter {
			end = i + 1 // an update changes a rank's row once
		}
		if err := t.change(l, b, t.rows[i:end+1]); err != nil {
			return err
		}
		i = end
	}
	if err := t.out.flush(); err != nil {
		return err
	}
	if b.Ops != nil {
		t.sweep(recs)
	}
	t.ctx.Metrics.StateKeys.Store(int64(t.keys.Len()))
	t.ctx.Metrics.StateBytes.Store(t.held + t.keys.Bytes())
	return nil
}

func number(rec unsafe.Pointer) *int64 { return (*int64)(state.Value(rec)) }

// list gives the partition of a key, which may be new.
func (t *topN) list(rec unsafe.Pointer) *list {
	if n := *number(rec); n > 0 {
		return t.lists[n-1]
	}
	k := len(t.lists)
	if n := len(t.free); n > 0 {
		k, t.free = t.free[n-1], t.free[:n-1]
	} else {
		t.lists = append(t.lists, nil)
	}
	t.lists[k] = &list{}
	*number(rec) = int64(k + 1)
	return t.lists[k]
}

// sweep forgets partitions without rows.
func (t *topN) sweep(recs []unsafe.Pointer) {
	for _, rec := range recs {
		if !state.Alive(rec) || *number(rec) == 0 {
			continue
		}
		if k := int(*number(rec) - 1); t.lists[k].n == 0 {
			t.lists[k] = nil
			t.free = append(t.free, k)
			t.keys.Delete(rec)
		}
	}
}

// entryCost is what an entry takes besides its bytes.
const entryCost = 64

func cost(e entry) int64 { return int64(len(e.key)+len(e.row)) + entryCost }

func (t *topN) hold(e entry) error {
	if err := t.ctx.Memory.Take(cost(e)); err != nil {
		return err
	}
	t.held += cost(e)
	return nil
}

func (t *topN) let(e entry) {
	t.held -= cost(e)
	t.ctx.Memory.Give(cost(e))
}

// change applies a row, or an update's two, and gives the difference.
func (t *topN) change(l *list, b *data.Batch, rows []int32) error {
	from, to := int(t.spec.From-1), int(t.spec.To)
	seen := t.seen(l, b, rows)
	if !seen && !t.spec.Retracts {
		return nil // the commonest: it is not among the first
	}
	if seen {
		t.before = l.get(t.before[:0], from, to)
	}
	for _, r := range rows {
		t.key = ordered.AppendKey(t.key[:0], b.Cols, t.spec.Order, int(r))
		t.row = data.EncodeRow(t.row[:0], b.Cols, t.cols, int(r))
		e := entry{key: string(t.key), row: string(t.row)}
		if !b.Op(int(r)).Adds() {
			if l.remove(e) {
				t.let(e)
			}
			continue
		}
		if err := t.hold(e); err != nil {
			return err
		}
		l.insert(e)
		if !t.spec.Retracts && l.n > to {
			t.let(l.dropLast())
		}
	}
	if !seen {
		return nil
	}
	t.after = l.get(t.after[:0], from, to)
	return t.differ()
}

// seen tells whether rows may change what is to be seen of a partition.
func (t *topN) seen(l *list, b *data.Batch, rows []int32) bool {
	last, full := l.at(int(t.spec.To - 1))
	if !full {
		return true
	}
	for _, r := range rows {
		t.key = ordered.AppendKey(t.key[:0], b.Cols, t.spec.Order, int(r))
		if string(t.key) < last.key || string(t.key) == last.key && !b.Op(int(r)).Adds() {
			return true
		}
	}
	return false
}

// differ gives the changes from before to after.
func (t *topN) differ() error {
	before, after := t.before, t.after
	same := 0
	for same < len(before) && same < len(after) && before[same] == after[same] {
		same++
	}
	if t.spec.Number {
		for i := same; i < max(len(before), len(after)); i++ {
			rank := t.spec.From + int64(i)
			var err error
			switch {
			case i >= len(after):
				err = t.out.add(before[i], rank, data.Delete)
			case i >= len(before):
				err = t.out.add(after[i], rank, data.Insert)
			case before[i] == after[i] || before[i].row == after[i].row:
			default:
				if err = t.out.add(before[i], rank, data.UpdateBefore); err == nil {
					err = t.out.add(after[i], rank, data.UpdateAfter)
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if t.spec.Replaces && len(before) == 1 && len(after) == 1 && same == 0 {
		if err := t.out.add(before[0], 0, data.UpdateBefore); err != nil {
			return err
		}
		return t.out.add(after[0], 0, data.UpdateAfter)
	}
	// Rows leave and come; those between only move.
	end := 0
	for end < len(before)-same && end < len(after)-same && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	old, fresh := before[same:len(before)-end], after[same:len(after)-end]
	count := make(map[string]int, len(old)+len(fresh))
	for _, e := range old {
		count[e.row]--
	}
	for _, e := range fresh {
		count[e.row]++
	}
	for _, e := range old {
		if count[e.row] < 0 {
			count[e.row]++
			if err := t.out.add(e, 0, data.Delete); err != nil {
				return err
			}
		}
	}
	for _, e := range fresh {
		if count[e.row] > 0 {
			count[e.row]--
			if err := t.out.add(e, 0, data.Insert); err != nil {
				return err
			}
		}
	}
	return nil
}
