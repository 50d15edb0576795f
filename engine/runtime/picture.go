package runtime

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/runtime/task"
)

// Info is a picture of the job at this moment.
func (j *Job) Info() Info {
	j.mu.Lock()
	i := Info{
		ID: j.spec.ID, Name: j.spec.Name, State: j.state, Start: j.start, End: j.end, Timestamps: maps.Clone(j.timestamps),
		Restarts: j.restarts, MaxParallelism: j.maxParallelism, Failures: slices.Clone(j.failures), Streaming: j.spec.Streaming,
	}
	a := j.attempt
	j.mu.Unlock()
	for k := range j.spec.Graph.Vertices {
		v := &j.spec.Graph.Vertices[k]
		lines := make([]string, len(v.Ops))
		for n, op := range v.Ops {
			lines[n] = op.Detail
			if op.Detail == "" {
				lines[n] = op.Name
			}
		}
		vi := VertexInfo{ID: v.ID, Name: v.Name, Detail: strings.Join(lines, "\n"), Inputs: v.Inputs}
		for s := range j.spec.parallelism(v) {
			if a == nil {
				vi.Subtasks = append(vi.Subtasks, SubtaskInfo{State: TaskCreated})
				continue
			}
			vi.Subtasks = append(vi.Subtasks, a.picture(a.first[k]+s))
		}
		i.Vertices = append(i.Vertices, vi)
	}
	return i
}

func (a *attempt) picture(n int) SubtaskInfo {
	t, st := a.tasks[n], &a.states[n]
	s := SubtaskInfo{Attempt: a.n, Watermark: t.Watermark(), OutputWatermark: t.OutputWatermark()}
	st.mu.Lock()
	s.State, s.Start, s.End = st.state, st.start, st.end
	st.mu.Unlock()
	if s.State == "" {
		s.State = TaskScheduled
	}
	s.Busy, s.BackPressured, s.Idle = t.Meter.Times()
	// A source that keeps to a rate waits within its own poll.
	waited := min(s.Busy, time.Duration(t.Nodes[0].Context.Metrics.Waited.Load()))
	s.Busy, s.Idle = s.Busy-waited, s.Idle+waited
	s.Barriers, s.BarrierP99, s.BarrierMax = t.Stops.Count(), t.Stops.Quantile(.99), t.Stops.Longest()
	s.RecordsIn, s.RecordsOut, s.BytesIn, s.BytesOut = t.Traffic()
	for i := range t.Nodes {
		o := operatorPicture(&t.Nodes[i])
		s.LateDropped += o.LateDropped
		s.Corrupt += o.Corrupt
		s.StateBytes += o.StateBytes
		s.StateKeys += o.StateKeys
		s.Operators = append(s.Operators, o)
	}
	return s
}

func operatorPicture(n *task.Node) OperatorInfo {
	m := n.Context.Metrics
	o := OperatorInfo{
		Name: n.Name, UID: n.UID, Source: n.Source != nil, Watermark: m.Watermark.Load(),
		RecordsIn: m.RecordsIn.Load(), RecordsOut: m.RecordsOut.Load(), BytesIn: m.BytesIn.Load(), BytesOut: m.BytesOut.Load(),
		LateDropped: m.LateDropped.Load(), Corrupt: m.Corrupt.Load(), StateBytes: m.StateBytes.Load(), StateKeys: m.StateKeys.Load(),
		StateTTLMillis: m.StateTTL.Load(),
	}
	if splits := m.Splits.Load(); splits != nil {
		o.Splits = *splits
	}
	return o
}
