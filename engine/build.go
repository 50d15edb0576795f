package engine

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/aggregate"
	"github.com/weir-streams/weir/engine/operator/final"
	"github.com/weir-streams/weir/engine/operator/interval"
	"github.com/weir-streams/weir/engine/operator/join"
	"github.com/weir-streams/weir/engine/operator/lookup"
	"github.com/weir-streams/weir/engine/operator/match"
	"github.com/weir-streams/weir/engine/operator/normalize"
	"github.com/weir-streams/weir/engine/operator/over"
	"github.com/weir-streams/weir/engine/operator/temporal"
	"github.com/weir-streams/weir/engine/operator/topn"
	"github.com/weir-streams/weir/engine/operator/window"
	"github.com/weir-streams/weir/engine/runtime"
)

// builder makes the operators of one job.
type builder struct {
	engine    *Engine
	functions *function.Set
	print     func(rows []connector.Printed)
	collect   func(b *data.Batch) error
	mu        sync.Mutex // around collect
	shared    sync.Map   // of sinks: *connector.Shared by UID and table
}

// Build makes what an Op stands for: the one place that knows all operators.
func (b *builder) Build(op *graph.Op, p runtime.Place) (operator.Operator, connector.Source, error) {
	var o operator.Operator
	var s connector.Source
	var err error
	var input []data.Column
	if len(p.Input) > 0 {
		input = p.Input[0]
	}
	switch {
	case op.Source != nil:
		s, err = b.source(op, p)
	case op.Values != nil:
		s = operator.NewValues(*op.Values, p.Subtask, p.Parallelism)
	case op.Watermark != nil:
		o, err = operator.NewWatermark(*op, input, b.functions)
	case op.Calc != nil:
		o, err = operator.NewCalc(*op, input, b.functions)
	case op.Union != nil:
		o = operator.NewUnion()
	case op.WindowAssign != nil:
		o, err = window.NewAssign(*op, input)
	case op.GroupAggregate != nil:
		o, err = aggregate.New(*op, input, b.functions)
	case op.WindowAggregate != nil:
		o, err = window.New(*op, input, b.functions)
	case op.Join != nil:
		o, err = join.New(*op, p.Input, b.functions)
	case op.MultiJoin != nil:
		o, err = join.NewMulti(*op, p.Input)
	case op.WindowJoin != nil:
		o, err = window.NewJoin(*op, p.Input, b.functions)
	case op.TopN != nil:
		o, err = topn.New(*op, input)
	case op.Match != nil:
		o, err = match.New(*op, input, b.functions)
	case op.Temporal != nil:
		o, err = temporal.New(*op, p.Input, b.functions)
	case op.IntervalJoin != nil:
		o, err = interval.New(*op, p.Input, b.functions)
	case op.LookupJoin != nil:
		o, err = b.lookup(op, p, input)
	case op.Unnest != nil:
		o, err = operator.NewUnnest(*op, input, b.functions)
	case op.Over != nil:
		o, err = over.New(*op, input, b.functions)
	case op.Sort != nil:
		o, err = topn.NewSort(*op, input)
	case op.Final != nil:
		o, err = final.New(*op, input)
	case op.Limit != nil:
		o = operator.NewLimit(*op)
	case op.Leaders != nil:
		o, err = operator.NewLeaders(*op, input)
	case op.Changelog != nil:
		o, err = operator.NewChangelog(*op)
	case op.Normalize != nil:
		o, err = normalize.New(*op)
	case op.Sink != nil:
		o, err = b.sink(op)
	default:
		err = fmt.Errorf("operator %q says nothing to do", op.Name)
	}
	return o, s, err
}

func (b *builder) source(op *graph.Op, p runtime.Place) (connector.Source, error) {
	t, err := b.engine.plug(op.Source.Table)
	if err != nil {
		return nil, err
	}
	if t.connector.Source == nil {
		return nil, fmt.Errorf("table %s: connector %q cannot be read", op.Source.Table.Name, t.connector.Name)
	}
	s, err := t.connector.Source(connector.SourceSpec{
		Source: *op.Source, Schema: op.Schema, Options: t.options, Format: t.format, FormatOptions: t.formatOptions,
		KeyFormat: t.keyFormat, KeyFormatOptions: t.keyFormatOptions,
		Subtask: p.Subtask, Parallelism: p.Parallelism, Dir: b.engine.config.Dir, Log: b.engine.log,
		Corrupt: func(n int64) { p.Metrics.Corrupt.Add(n) },
		Waited:  func(d time.Duration) { p.Metrics.Waited.Add(int64(d)) },
	})
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", op.Source.Table.Name, err)
	}
	return s, nil
}

// lookup makes a lookup join over a table that is read whole or asked by key.
func (b *builder) lookup(op *graph.Op, p runtime.Place, input []data.Column) (operator.Operator, error) {
	l := op.LookupJoin
	t, err := b.engine.plug(l.Table)
	if err != nil {
		return nil, err
	}
	if err := t.connector.LookupError(l.Table, t.options); err != nil {
		return nil, err
	}
	right := op.Schema[min(len(input), len(op.Schema)):]
	if t.options.String("lookup.cache") == connector.CacheFull {
		return lookup.NewFull(*op, input, b.engine.functions, t.options.Duration("lookup.full-cache.periodic-reload.interval"), func() (connector.Source, error) {
			return t.connector.Source(connector.SourceSpec{
				Source: graph.Source{Table: l.Table, Output: l.Output}, Schema: right, Options: t.options, Format: t.format, FormatOptions: t.formatOptions,
				KeyFormat: t.keyFormat, KeyFormatOptions: t.keyFormatOptions, Parallelism: 1, Dir: b.engine.config.Dir, Log: b.engine.log,
				Corrupt: func(n int64) { p.Metrics.Corrupt.Add(n) },
			})
		})
	}
	cache := lookup.Cache{Retries: int(t.options.Int("lookup.max-retries"))}
	if t.options.String("lookup.cache") == connector.CachePartial {
		cache.MaxRows = t.options.Int("lookup.partial-cache.max-rows")
		cache.AfterWrite = t.options.Duration("lookup.partial-cache.expire-after-write")
		cache.AfterAccess = t.options.Duration("lookup.partial-cache.expire-after-access")
		cache.Missing = t.options.Bool("lookup.partial-cache.cache-missing-key")
	}
	return lookup.NewAsked(*op, input, b.engine.functions, cache, func(c *operator.Context) (connector.Lookup, error) {
		return t.connector.Lookup(connector.LookupSpec{
			Table: l.Table, Output: l.Output, Schema: right, Keys: l.RightKeys, Options: t.options, Format: t.format, FormatOptions: t.formatOptions,
			Subtask: c.Subtask, Parallelism: c.Parallelism, Dir: b.engine.config.Dir, Log: c.Log,
		})
	})
}

func (b *builder) sink(op *graph.Op) (operator.Operator, error) {
	if op.Sink.Table.Connector == "collect" {
		return operator.NewCollect(b.give), nil
	}
	t, err := b.engine.plug(op.Sink.Table)
	if err != nil {
		return nil, err
	}
	if t.connector.Sink == nil {
		return nil, fmt.Errorf("table %s: connector %q cannot be written to", op.Sink.Table.Name, t.connector.Name)
	}
	shared, _ := b.shared.LoadOrStore(op.UID+"/"+op.Sink.Table.Name, new(connector.Shared))
	return operator.NewSink(*op, func(c *operator.Context) (connector.Sink, error) {
		return t.connector.Sink(connector.SinkSpec{
			Sink: *op.Sink, Schema: op.Schema, Options: t.options, Format: t.format, FormatOptions: t.formatOptions,
			KeyFormat: t.keyFormat, KeyFormatOptions: t.keyFormatOptions,
			Subtask: c.Subtask, Parallelism: c.Parallelism, JobID: c.JobID, Attempt: c.Attempt,
			Dir: b.engine.config.Dir, Log: c.Log, Print: b.print, Running: c.Running, Shared: shared.(*connector.Shared),
		})
	}), nil
}

// give hands rows to the client, one batch at a time.
func (b *builder) give(batch *data.Batch) error {
	if b.collect == nil {
		return runtime.Final(errors.New("the job collects rows, but nobody takes them"))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.collect(batch); err != nil {
		return runtime.Final(err)
	}
	return nil
}

// streaming tells whether any source never ends.
func (b *builder) streaming(g *graph.Graph) (bool, error) {
	for _, v := range g.Vertices {
		for _, op := range v.Ops {
			if op.Source == nil {
				continue
			}
			if ends, err := b.engine.Bounded(op.Source.Table); err != nil || !ends {
				return err == nil, err
			}
		}
	}
	return false, nil
}
