package operator

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// sink writes to a connector in two phases: what was written is prepared at the
// barrier, remembered in the state as committables, and committed when the
// checkpoint is complete. A restored sink commits what its checkpoint had
// prepared before it writes anything new.
type sink struct {
	spec    graph.Sink
	name    string
	columns []data.Column
	open    func(c *Context) (connector.Sink, error)
	ctx     *Context
	sink    connector.Sink
	pending map[int64][][]byte // committables by checkpoint
	notNull []int
}

// NewSink makes the operator of a Sink over a connector's sink, which is opened
// with the operator.
func NewSink(op graph.Op, open func(c *Context) (connector.Sink, error)) Operator {
	s := &sink{spec: *op.Sink, name: op.Sink.Table.Name, columns: op.Schema, open: open, pending: map[int64][][]byte{}}
	for i, c := range op.Schema {
		if !c.Type.Nullable {
			s.notNull = append(s.notNull, i)
		}
	}
	return s
}

func (s *sink) Open(c *Context) error {
	s.ctx = c
	var err error
	if s.sink, err = s.open(c); err != nil {
		return fmt.Errorf("open table %s: %w", s.name, err)
	}
	return nil
}

func (s *sink) Process(_ int, b *data.Batch, _ Output) error {
	defer b.Release()
	in := *b
	for _, k := range s.notNull {
		if b.Cols[k].Nulls == nil {
			continue
		}
		if err := s.enforce(&in, k); err != nil {
			return err
		}
	}
	if in.Len() == 0 {
		return nil
	}
	if err := s.sink.Write(&in); err != nil {
		return fmt.Errorf("write to table %s: %w", s.name, err)
	}
	s.ctx.Metrics.RecordsOut.Add(int64(in.Len()))
	return nil
}

// enforce handles NULLs of a NOT NULL column.
func (s *sink) enforce(b *data.Batch, k int) error {
	keep := make([]int32, 0, b.Len())
	for i := range b.Len() {
		if r := b.Row(i); !b.Cols[k].IsNull(r) {
			keep = append(keep, int32(r))
		} else if s.spec.NotNull != "DROP" {
			return fmt.Errorf("column %q of table %s is NOT NULL, but a row has NULL for it; set 'table.exec.sink.not-null-enforcer' to 'DROP' to leave such rows out", s.columns[k].Name, s.name)
		}
	}
	b.Sel = keep
	return nil
}

func (s *sink) Watermark(wm int64, out Output) error {
	if t, ok := s.sink.(connector.Timed); ok {
		t.Watermark(wm)
	}
	return out.Watermark(wm)
}

const sinkState = "committables"

// ErrUnprepared is a sink that could not make its output durable. What became
// of the rows since the last checkpoint nobody knows, so that the task must fail,
// and not the checkpoint alone: the rows are written again.
var ErrUnprepared = errors.New("output is lost")

// Snapshot prepares; the list holds everything not known to be committed, each
// with its checkpoint before it.
func (s *sink) Snapshot(w *state.Writer) error {
	items, err := s.sink.Prepare(w.Checkpoint)
	if err != nil {
		return fmt.Errorf("%w: prepare output of table %s: %w", ErrUnprepared, s.name, err)
	}
	if len(items) > 0 {
		s.pending[w.Checkpoint] = items
	}
	var list [][]byte
	for _, id := range s.checkpoints() {
		for _, item := range s.pending[id] {
			list = append(list, append(binary.LittleEndian.AppendUint64(nil, uint64(id)), item...))
		}
	}
	w.List(sinkState, state.Split, list)
	return nil
}

func (s *sink) checkpoints() []int64 {
	ids := make([]int64, 0, len(s.pending))
	for id := range s.pending {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	return ids
}

func (s *sink) Restore(r *state.Reader) error {
	var items [][]byte
	for _, item := range r.Items(sinkState) {
		if len(item) < 8 {
			return fmt.Errorf("committable of table %s is cut short", s.name)
		}
		items = append(items, item[8:])
	}
	if len(items) == 0 {
		return nil
	}
	if err := s.sink.Commit(items); err != nil {
		return fmt.Errorf("commit restored output of table %s: %w", s.name, err)
	}
	return nil
}

// Commit publishes what was prepared up to a checkpoint.
func (s *sink) Commit(checkpoint int64) error {
	for _, id := range s.checkpoints() {
		if id > checkpoint {
			break
		}
		if err := s.sink.Commit(s.pending[id]); err != nil {
			return fmt.Errorf("commit output of table %s: %w", s.name, err)
		}
		delete(s.pending, id)
	}
	return nil
}

// Close removes what was written and never prepared.
func (s *sink) Close() error {
	if s.sink == nil {
		return nil
	}
	err := s.sink.Abort()
	if e := s.sink.Close(); err == nil {
		err = e
	}
	return err
}

// collect gives rows to the client of a SELECT.
type collect struct {
	take func(b *data.Batch) error
}

// NewCollect makes a sink that calls take with every batch; take must not keep it.
func NewCollect(take func(b *data.Batch) error) Operator { return &collect{take: take} }

func (c *collect) Open(*Context) error { return nil }
func (c *collect) Process(_ int, b *data.Batch, _ Output) error {
	defer b.Release()
	return c.take(b)
}
func (c *collect) Watermark(wm int64, out Output) error { return out.Watermark(wm) }
func (c *collect) Close() error                         { return nil }
