package task

import (
	"sync/atomic"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/runtime/exchange"
)

// link is the output of an operator into the next of its chain: a direct call.
type link struct {
	before  *operator.Metrics // nil: the chain's input counts
	op      operator.Operator
	metrics *operator.Metrics
	out     operator.Output // of op
}

func (l *link) Emit(b *data.Batch) error {
	n := int64(b.Len())
	if n == 0 {
		b.Release()
		return nil
	}
	if l.before != nil {
		l.before.RecordsOut.Add(n)
	}
	l.metrics.RecordsIn.Add(n)
	return l.op.Process(0, b, l.out)
}

func (l *link) Watermark(wm int64) error {
	l.metrics.Watermark.Store(wm)
	return l.op.Watermark(wm, l.out)
}

// Idle passes most operators by: the end of the chain cares.
func (l *link) Idle(on bool) error {
	if o, ok := l.op.(operator.Idling); ok {
		o.Idle(on)
	}
	return idle(l.out, on)
}

func idle(out operator.Output, on bool) error {
	if i, ok := out.(operator.Idler); ok {
		return i.Idle(on)
	}
	return nil
}

// tail is the output of the last operator: the edges.
type tail struct {
	metrics   *operator.Metrics
	writers   []*exchange.Writer
	watermark atomic.Int64
	idle      bool
}

func newTail(c Config) *tail {
	t := &tail{metrics: c.Nodes[len(c.Nodes)-1].Context.Metrics, writers: c.Outputs}
	t.watermark.Store(data.MinWatermark)
	return t
}

func (t *tail) Emit(b *data.Batch) error {
	n := int64(b.Len())
	if n == 0 || len(t.writers) == 0 {
		b.Release()
		return nil
	}
	t.metrics.RecordsOut.Add(n)
	t.metrics.BytesOut.Add(n * t.width(b))
	last := len(t.writers) - 1
	for _, w := range t.writers[:last] {
		if err := w.Rows(b.Share(b.Sel)); err != nil {
			b.Release()
			return err
		}
	}
	return t.writers[last].Rows(b)
}

// Watermark sends growing watermarks on.
func (t *tail) Watermark(wm int64) error {
	if wm <= t.watermark.Load() {
		return nil
	}
	t.watermark.Store(wm)
	return t.send(exchange.Element{Kind: exchange.Watermark, Time: wm})
}

// Idle marks the stream idle or active.
func (t *tail) Idle(on bool) error {
	if on == t.idle {
		return nil
	}
	t.idle = on
	kind := exchange.Active
	if on {
		kind = exchange.Idle
	}
	return t.send(exchange.Element{Kind: kind})
}

func (t *tail) send(el exchange.Element) error {
	for _, w := range t.writers {
		if err := w.Send(el); err != nil {
			return err
		}
	}
	return nil
}

// width is the approximate size of a row of b: what lies in the columns
// themselves, without the bytes of long strings.
func (t *tail) width(b *data.Batch) int64 {
	var w int64
	for _, v := range b.Cols {
		w += size(v.Type)
	}
	return w
}

func size(t data.Type) int64 {
	switch t.Phys() {
	case data.PhysBool:
		return 1
	case data.PhysI32, data.PhysF32:
		return 4
	case data.PhysI64, data.PhysF64:
		return 8
	case data.PhysTime:
		return 12
	case data.PhysNull:
		return 0
	case data.PhysRow:
		var n int64
		for _, a := range t.Args {
			n += size(a)
		}
		return n
	}
	return 16
}
