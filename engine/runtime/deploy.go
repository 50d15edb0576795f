package runtime

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"strconv"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/runtime/exchange"
	"github.com/weir-streams/weir/engine/runtime/task"
	"github.com/weir-streams/weir/engine/state"
)

// Place is where an operator is made for.
type Place struct {
	JobID                         string
	Attempt, Subtask, Parallelism int
	Metrics                       *operator.Metrics
	// Input is the schema of each input.
	Input [][]data.Column
}

// Builder makes what runs from what the graph says.
type Builder interface {
	// Build makes an operator, or a source if the operator has no input: exactly
	// one of both is given.
	Build(op *graph.Op, p Place) (operator.Operator, connector.Source, error)
}

// parallelism is the number of subtasks of a vertex.
func (s *Spec) parallelism(v *graph.Vertex) int {
	if v.Parallelism > 0 {
		return v.Parallelism
	}
	return s.Parallelism
}

// budget is the memory for state of one attempt.
func (s *Spec) budget() *state.Budget {
	switch {
	case s.Memory == 0:
		return state.HostBudget(s.LocalDir)
	case s.LocalDir == "":
		return state.NewBudget(s.Memory)
	}
	return state.NewBudget(s.Memory).SpillTo(s.LocalDir)
}

// check looks at what a graph must be for this runtime.
func (s *Spec) check() error {
	if s.Graph == nil || len(s.Graph.Vertices) == 0 {
		return fmt.Errorf("the job has nothing to run")
	}
	uids := map[string]string{}
	for i := range s.Graph.Vertices {
		v := &s.Graph.Vertices[i]
		if len(v.Ops) == 0 {
			return fmt.Errorf("vertex %d (%s) has no operators", i, v.Name)
		}
		if s.parallelism(v) < 1 {
			return fmt.Errorf("parallelism of %q is %d, must be at least 1", v.Name, s.parallelism(v))
		}
		for k := range v.Ops {
			if uid := v.Ops[k].UID; uid != "" {
				if other, ok := uids[uid]; ok {
					return fmt.Errorf("operators %q and %q have the same uid %s", other, v.Ops[k].Name, uid)
				}
				uids[uid] = v.Ops[k].Name
			}
		}
		for _, e := range v.Inputs {
			if e.From < 0 || e.From >= i {
				return fmt.Errorf("vertex %d (%s) has input from vertex %d, which does not come before it", i, v.Name, e.From)
			}
			u := &s.Graph.Vertices[e.From]
			switch e.Partitioning {
			case graph.Forward:
				if s.parallelism(u) != s.parallelism(v) {
					return fmt.Errorf("forward edge from %q (parallelism %d) to %q (parallelism %d)", u.Name, s.parallelism(u), v.Name, s.parallelism(v))
				}
			case graph.Hash, graph.Rebalance, graph.Broadcast, graph.Global:
			default:
				return fmt.Errorf("edge from %q to %q: unknown partitioning %q", u.Name, v.Name, e.Partitioning)
			}
		}
	}
	return nil
}

// deployed is the tasks of one attempt.
type deployed struct {
	tasks    []*task.Task
	sources  []*task.Task
	names    []string // "Source: flights (1/3)"
	vertices []string // id of the vertex of each task
	first    []int    // of each vertex: index of its first task
	links    []link
	memory   *state.Budget
}

// Labels of the goroutines of a task, for those who look at profiles.
const (
	LabelJob     = "weir.job"
	LabelVertex  = "weir.vertex"
	LabelSubtask = "weir.subtask"
)

// labels are those of a task, by index.
func (d *deployed) labels(job string, n int) pprof.LabelSet {
	t := d.tasks[n]
	return pprof.Labels(LabelJob, job, LabelVertex, d.vertices[n], LabelSubtask, strconv.Itoa(t.Subtask))
}

// link is an edge between two tasks, by index.
type link struct{ from, to, channel int }

// settle tells every task, before anything flows, which of its channels hold no
// event time back. Links are in topological order of where they come from.
func (d *deployed) settle() {
	idle := make([]bool, len(d.tasks))
	for _, t := range d.sources {
		idle[t.Index] = t.Vacant()
	}
	for _, l := range d.links {
		if idle[l.from] {
			idle[l.to] = d.tasks[l.to].StartIdle(l.channel)
		}
	}
}

// deploy makes all tasks of an attempt and connects them.
func (j *Job) deploy(ctx context.Context, attempt int, restore checkpoint.State, l task.Listener) (*deployed, error) {
	d := &deployed{}
	vertices := j.spec.Graph.Vertices
	inboxes := make([][]*exchange.Inbox, len(vertices)) // by vertex and subtask
	inputs := make([][]int, len(vertices))              // input of each channel
	offsets := make([][]int, len(vertices))             // first channel of each input
	users := make([][][2]int, len(vertices))            // vertices and inputs that read a vertex
	for i := range vertices {
		v := &vertices[i]
		for input, e := range v.Inputs {
			users[e.From] = append(users[e.From], [2]int{i, input})
			offsets[i] = append(offsets[i], len(inputs[i]))
			n := j.spec.parallelism(&vertices[e.From])
			if e.Partitioning == graph.Forward {
				n = 1
			}
			for range n {
				inputs[i] = append(inputs[i], input)
			}
		}
		if len(v.Inputs) > 0 {
			for range j.spec.parallelism(v) {
				inboxes[i] = append(inboxes[i], exchange.NewInbox(len(inputs[i]), exchange.DefaultDepth))
			}
		}
	}
	memory := j.spec.budget()
	d.memory = memory
	var reach [][][3]int // of each task
	for i := range vertices {
		v := &vertices[i]
		p := j.spec.parallelism(v)
		d.first = append(d.first, len(d.tasks))
		for subtask := range p {
			c := task.Config{
				Index: len(d.tasks), Subtask: subtask, Parallelism: p, Inputs: inputs[i],
				Env: &function.Env{TimeZone: j.spec.Zone}, Meter: &exchange.Meter{}, Listener: l, Restore: restore,
				Resume: restore != nil && restore == j.history.Latest(),
			}
			if inboxes[i] != nil {
				c.Inbox = inboxes[i][subtask]
				for _, e := range v.Inputs {
					first := d.first[e.From]
					if e.Partitioning == graph.Forward {
						c.From = append(c.From, first+subtask)
						continue
					}
					for n := range j.spec.parallelism(&vertices[e.From]) {
						c.From = append(c.From, first+n)
					}
				}
			}
			var into [][3]int // vertex, subtask, channel
			for _, user := range users[i] {
				to, input := user[0], user[1]
				e := vertices[to].Inputs[input]
				targets := make([]exchange.Target, len(inboxes[to]))
				for k, in := range inboxes[to] {
					targets[k] = exchange.Target{Inbox: in, Channel: offsets[to][input] + subtask}
					if e.Partitioning == graph.Forward {
						targets[k].Channel = offsets[to][input]
						if k != subtask {
							continue
						}
					}
					into = append(into, [3]int{to, k, targets[k].Channel})
				}
				c.Outputs = append(c.Outputs, exchange.NewWriter(e, subtask, j.maxParallelism, targets, ctx.Done(), c.Meter))
			}
			if err := j.build(&c, v, attempt, memory); err != nil {
				return nil, errors.Join(err, memory.Close())
			}
			t := task.New(c)
			reach = append(reach, into)
			d.tasks = append(d.tasks, t)
			d.names = append(d.names, fmt.Sprintf("%s (%d/%d)", v.Name, subtask+1, p))
			d.vertices = append(d.vertices, v.ID)
			if c.Nodes[0].Source != nil {
				d.sources = append(d.sources, t)
			}
		}
	}
	for from, into := range reach {
		for _, r := range into {
			d.links = append(d.links, link{from: from, to: d.first[r[0]] + r[1], channel: r[2]})
		}
	}
	return d, nil
}

// build makes the operators of one task.
func (j *Job) build(c *task.Config, v *graph.Vertex, attempt int, memory *state.Budget) error {
	var before [][]data.Column
	for _, e := range v.Inputs {
		ops := j.spec.Graph.Vertices[e.From].Ops
		before = append(before, ops[len(ops)-1].Schema)
	}
	for k := range v.Ops {
		op := &v.Ops[k]
		uid := op.UID
		if uid == "" {
			uid = fmt.Sprintf("%s/%d", v.ID, k)
		}
		m := &operator.Metrics{}
		m.StateTTL.Store(ttlOf(op))
		m.Watermark.Store(data.MinWatermark)
		o, s, err := j.spec.Build.Build(op, Place{JobID: j.spec.ID, Attempt: attempt, Subtask: c.Subtask, Parallelism: c.Parallelism, Metrics: m, Input: before})
		if err != nil {
			return fmt.Errorf("%s: %w", op.Name, err)
		}
		if (s != nil) != (k == 0 && len(v.Inputs) == 0) {
			return fmt.Errorf("%s: a vertex begins with a source or has inputs, one of both", op.Name)
		}
		c.Nodes = append(c.Nodes, task.Node{Name: op.Name, UID: uid, Operator: o, Source: s, Context: &operator.Context{
			JobID: j.spec.ID, Attempt: attempt, UID: uid, Subtask: c.Subtask, Parallelism: c.Parallelism, MaxParallelism: j.maxParallelism,
			Input: before, Output: op.Schema, Env: c.Env, Log: j.log.With("operator", op.Name, "subtask", c.Subtask),
			Memory: memory, Metrics: m,
		}})
		before = [][]data.Column{op.Schema}
	}
	return nil
}

// ttlOf is how long an operator keeps what nothing touches, as its metrics say it.
func ttlOf(op *graph.Op) int64 {
	if ttl, ages := op.TTLMillis(); ages {
		return ttl
	}
	return -1
}
