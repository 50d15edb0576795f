package runtime

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// Wants tells what state the operators of the graph keep. Of those that touch
// the world, sources and sinks, nothing is made: their state is lists, whose
// form is their own business.
func (s *Spec) Wants() ([]checkpoint.Want, error) {
	var out []checkpoint.Want
	for i := range s.Graph.Vertices {
		v := &s.Graph.Vertices[i]
		before := s.inputs(v)
		for k := range v.Ops {
			op := &v.Ops[k]
			w := checkpoint.Want{UID: op.UID, Name: op.Name, Stateful: op.Source != nil || op.Values != nil}
			if w.UID == "" {
				w.UID = fmt.Sprintf("%s/%d", v.ID, k)
			}
			if op.Source == nil && op.Values == nil && op.Sink == nil {
				shapes, stateful, err := s.shapes(op, before)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", op.Name, err)
				}
				w.Keyed, w.Stateful = shapes, stateful
			}
			out = append(out, w)
			before = [][]data.Column{op.Schema}
		}
	}
	return out, nil
}

// inputs are the schemas of what comes into a vertex.
func (s *Spec) inputs(v *graph.Vertex) [][]data.Column {
	var in [][]data.Column
	for _, e := range v.Inputs {
		ops := s.Graph.Vertices[e.From].Ops
		in = append(in, ops[len(ops)-1].Schema)
	}
	return in
}

// shapes asks an operator that has seen nothing for its state.
func (s *Spec) shapes(op *graph.Op, input [][]data.Column) (shapes []checkpoint.Shape, stateful bool, err error) {
	zone := s.Zone
	if zone == nil {
		zone = &function.Zone{Name: "UTC", Location: time.UTC}
	}
	m := &operator.Metrics{}
	m.Watermark.Store(data.MinWatermark)
	o, source, err := s.Build.Build(op, Place{JobID: s.ID, Parallelism: 1, Metrics: m, Input: input})
	if err != nil {
		return nil, false, err
	}
	if source != nil {
		return nil, true, source.Close()
	}
	st, ok := o.(operator.Stateful)
	if !ok {
		return nil, false, nil // it took nothing yet, so there is nothing to close
	}
	defer func() {
		if cerr := o.Close(); err == nil {
			err = cerr
		}
	}()
	err = o.Open(&operator.Context{
		JobID: s.ID, UID: op.UID, Parallelism: 1, MaxParallelism: DefaultMaxParallelism, Input: input, Output: op.Schema,
		Env: &function.Env{TimeZone: zone}, Log: slog.New(slog.DiscardHandler), WakeAt: func(int64) {}, Memory: state.NewBudget(0), Metrics: m,
	})
	if err != nil {
		return nil, false, err
	}
	var w state.Writer
	if err := st.Snapshot(&w); err != nil {
		return nil, false, err
	}
	shapes = []checkpoint.Shape{}
	for _, k := range w.Snapshot.Keyed {
		shapes = append(shapes, checkpoint.Shape{Name: k.Name, Keys: k.Keys, Schema: k.Schema})
	}
	return shapes, true, nil
}
