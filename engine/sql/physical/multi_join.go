package physical

import (
	"slices"

	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
)

// Inner joins one after another by the same key are one operator of many inputs,
// where all inputs have inserts only and nothing but the key decides: then every
// row of the join before is one that the join after gives for each of its matches,
// and need not be kept besides the rows it is made of.

// merge makes a join one with the join that gives its left rows, if it can, and
// says where the rows of both come from.
func (p *planner) merge(s, l, r *stream, j *graph.Join, op *graph.Op) bool {
	if p.config.TwoByTwo || op.Join == nil || l.shared || !byKeyAlone(j) {
		return false
	}
	v := &p.vertices[l.vertex]
	m, of := p.parts(v)
	if m == nil {
		return false
	}
	// The keys of the join, in the order of those of the joins before.
	keys := make([]int, len(m.Keys[0]))
	taken := make([]bool, len(keys))
	if len(j.LeftKeys) != len(keys) {
		return false
	}
	for i, k := range j.LeftKeys {
		at := slices.IndexFunc(of, func(by []int) bool { return slices.Contains(by, m.Output[k]) })
		if at < 0 || taken[at] {
			return false
		}
		keys[at], taken[at] = j.RightKeys[i], true
	}
	all := *m
	width := p.widthOfAll(v.Inputs)
	all.Keys = append(slices.Clone(m.Keys), keys)
	all.Output, all.Unread = slices.Clone(m.Output), nil
	for i := range r.schema {
		all.Output = append(all.Output, width+i)
	}
	inputs := append(slices.Clone(v.Inputs), meet(r, keys))
	if p.merged == nil {
		p.merged = map[int]bool{}
	}
	p.merged[l.vertex] = true
	op.Name, op.Detail, op.Join, op.MultiJoin = "MultiJoin", v.Ops[0].Detail+", "+op.Detail, nil, &all
	op.UID = p.uid("multi join", s.meaning.rows)
	s.vertex = p.begin(*op, 0, inputs...)
	return true
}

// byKeyAlone tells whether a join gives each pair of rows with the same key, for
// ever, and nothing else.
func byKeyAlone(j *graph.Join) bool {
	return j.Kind == graph.InnerJoin && j.LeftInserts && j.RightInserts && len(j.LeftKeys) > 0 && j.NullKeys == nil && j.Condition == nil && j.LeftTTLMillis == 0 && j.RightTTLMillis == 0
}

// parts sees a vertex as joins that another can be made one with: the join, and
// the columns of all inputs that are each of its keys. Nil: it cannot.
func (p *planner) parts(v *graph.Vertex) (m *graph.MultiJoin, of [][]int) {
	if len(v.Ops) > 2 || len(v.Inputs) < 2 || v.Parallelism != 0 {
		return nil, nil
	}
	switch first := v.Ops[0]; {
	case first.MultiJoin != nil:
		all := *first.MultiJoin
		m = &all
	case first.Join != nil && byKeyAlone(first.Join):
		m = &graph.MultiJoin{Keys: [][]int{first.Join.LeftKeys, first.Join.RightKeys}, Output: firsts(len(first.Schema))}
	default:
		return nil, nil
	}
	of = make([][]int, len(m.Keys[0]))
	from := 0
	for i, e := range v.Inputs {
		for k, c := range m.Keys[i] {
			of[k] = append(of[k], from+c)
		}
		from += p.widthOf(e.From)
	}
	if len(v.Ops) == 2 { // columns may be left out in between
		c := v.Ops[1].Calc
		if c == nil || c.Filter != nil || c.Clock {
			return nil, nil
		}
		out := make([]int, len(c.Project))
		for i, e := range c.Project {
			if e.Kind != expr.KindColumn {
				return nil, nil
			}
			out[i] = m.Output[e.Index]
		}
		m.Output = out
	}
	return m, of
}

// widthOfAll is how many columns inputs have.
func (p *planner) widthOfAll(inputs []graph.Edge) int {
	n := 0
	for _, e := range inputs {
		n += p.widthOf(e.From)
	}
	return n
}

// leaveOutMerged leaves out the vertices that became part of others.
func (p *planner) leaveOutMerged() {
	if len(p.merged) == 0 {
		return
	}
	to := make([]int, len(p.vertices))
	var kept []graph.Vertex
	for i, v := range p.vertices {
		if to[i] = len(kept); p.merged[i] {
			continue
		}
		v.Inputs = slices.Clone(v.Inputs)
		for k := range v.Inputs {
			v.Inputs[k].From = to[v.Inputs[k].From]
		}
		kept = append(kept, v)
	}
	p.vertices = kept
}
