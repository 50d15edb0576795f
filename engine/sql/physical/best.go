package physical

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
)

// Where changes are folded, a join whose rows are ranked, or of which only the
// greatest counts, is told so: it gives a row of a batch only if it may be the first.

// bestOfGroup is best for a GROUP BY that has the greatest or least of one column.
func (p *planner) bestOfGroup(g *graph.GroupAggregate, in *stream) {
	if !g.MiniBatch || len(g.Aggs) == 0 {
		return
	}
	first := g.Aggs[0]
	for _, a := range g.Aggs {
		if a.Func != first.Func || len(a.Args) != 1 || a.Args[0] != first.Args[0] || a.Filter >= 0 || a.Retracts {
			return
		}
	}
	if first.Func != "MAX" && first.Func != "MIN" {
		return
	}
	p.best(in, g.Keys, []graph.SortKey{{Column: first.Args[0], Desc: first.Func == "MAX"}}, g.TTLMillis)
}

// best tells the join that gives a stream's rows, if it is one, that of a group by
// some columns only the first in an order counts.
func (p *planner) best(in *stream, keys []int, order []graph.SortKey, ttl int64) {
	ops := p.vertices[in.vertex].Ops
	last := len(ops) - 1
	if in.shared || len(keys) == 0 || len(order) == 0 {
		return
	}
	origin := func(i int) int { return i }
	if c := ops[last].Calc; c != nil && last > 0 {
		if c.Filter != nil || c.Clock {
			return
		}
		for _, e := range c.Project {
			if e.Kind != expr.KindColumn {
				return
			}
		}
		last--
		origin = func(i int) int { return c.Project[i].Index }
	}
	j := ops[last].Join
	if j == nil || j.Kind != graph.InnerJoin || !j.LeftInserts || !j.RightInserts || len(j.LeftKeys) == 0 {
		return
	}
	input := p.vertices[p.vertices[in.vertex].Inputs[0].From].Ops
	left := len(input[len(input)-1].Schema)
	side := func(i int) (input, column int) {
		if i = origin(i); i < left {
			return 0, i
		}
		return 1, i - left
	}
	b := &graph.Best{Lasts: ttl == 0}
	b.Of, _ = side(keys[0])
	for _, k := range keys {
		if of, _ := side(k); of != b.Of {
			return
		}
	}
	for _, k := range order {
		of, column := side(k.Column)
		if of == b.Of || ops[last].Schema[origin(k.Column)].Type.Phys() != data.PhysI64 {
			return
		}
		k.Column = column
		b.Order = append(b.Order, k)
	}
	j.Best = b
}
