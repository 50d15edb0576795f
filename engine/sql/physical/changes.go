package physical

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
)

// leaveOutBefore finds who needs to be told what a row was before it was
// updated (-U), from the sinks up, and tells aggregations that nobody does. It
// says, from the sources down, which columns identify a row.
func (p *planner) leaveOutBefore() {
	keys := p.upsertKeys()
	needs := make([]bool, len(p.vertices)) // of the last operator of each vertex
	for i := len(p.vertices) - 1; i >= 0; i-- {
		v := &p.vertices[i]
		need := needs[i]
		for k := len(v.Ops) - 1; k >= 0; k-- {
			op := &v.Ops[k]
			if a := op.GroupAggregate; a != nil && len(a.Aggs) > 0 {
				a.UpdateBefore = need
			}
			need = p.needsBefore(*op, need, keys[i][k])
		}
		for _, e := range v.Inputs {
			needs[e.From] = needs[e.From] || need
		}
	}
	p.spread(keys)
}

// needsBefore tells whether an operator must be told of -U in its input, if its
// own users must be (need). key identifies the rows of its input.
func (p *planner) needsBefore(op graph.Op, need bool, key []int) bool {
	switch {
	case op.Sink != nil:
		return p.sinkNeedsBefore(*op.Sink, key)
	case op.Normalize != nil:
		return false // it keeps the last row itself
	case op.Calc != nil:
		// A row that passes no more after an update must be taken away, which only its
		// -U does; unless the condition is on what identifies the row.
		return need || op.Calc.Filter != nil && !onlyColumns(*op.Calc.Filter, key)
	case op.Union != nil, op.Watermark != nil, op.WindowAssign != nil && op.UID == "":
		return need
	}
	return true
}

func (p *planner) sinkNeedsBefore(s graph.Sink, key []int) bool {
	replaces, ignores := false, false
	if p.config.Replaces != nil {
		replaces, ignores = p.config.Replaces(s.Table)
	}
	if ignores {
		return false
	}
	if !replaces || len(s.Table.PrimaryKey) == 0 || len(key) == 0 {
		return true
	}
	for _, name := range s.Table.PrimaryKey { // a row that is updated must keep its place
		at := slices.IndexFunc(declared(s.Table), func(c data.Column) bool { return c.Name == name })
		if !slices.Contains(key, at) {
			return true
		}
	}
	return false
}

// onlyColumns tells whether an expression reads no other columns.
func onlyColumns(e expr.Expr, columns []int) bool {
	if e.Kind == expr.KindColumn && !slices.Contains(columns, e.Index) {
		return false
	}
	for _, a := range e.Args {
		if !onlyColumns(a, columns) {
			return false
		}
	}
	return true
}

// upsertKeys are the columns that identify the rows of the input of each
// operator; nil: none are known to.
func (p *planner) upsertKeys() [][][]int {
	in := make([][][]int, len(p.vertices))
	last := make([][]int, len(p.vertices))
	for i, v := range p.vertices {
		var key []int
		if len(v.Inputs) == 1 {
			key = last[v.Inputs[0].From]
		}
		for _, op := range v.Ops {
			in[i] = append(in[i], key)
			key = upsertKey(op, key)
		}
		last[i] = key
	}
	return in
}

// upsertKey is what identifies the rows that an operator gives.
func upsertKey(op graph.Op, in []int) []int {
	switch {
	case op.Source != nil:
		return sourceKey(op.Source)
	case op.GroupAggregate != nil:
		return firsts(len(op.GroupAggregate.Keys))
	case op.Normalize != nil:
		return op.Normalize.Keys
	case op.Watermark != nil, op.Leaders != nil, op.Limit != nil, op.Sort != nil, op.LookupJoin != nil && op.LookupJoin.Table.PrimaryKey != nil:
		return in
	case op.TopN != nil && !op.TopN.Number:
		if op.TopN.From == 1 && op.TopN.To == 1 && len(op.TopN.Keys) > 0 {
			return op.TopN.Keys
		}
		return in
	case op.TopN != nil:
		return append(slices.Clone(op.TopN.Keys), len(op.Schema)-1)
	case op.Join != nil && op.Join.Kind.LeftOnly():
		return nil
	case op.Calc == nil || in == nil:
		return nil
	}
	out := make([]int, 0, len(in))
	for _, k := range in {
		at := slices.IndexFunc(op.Calc.Project, func(e expr.Expr) bool { return e.Kind == expr.KindColumn && e.Index == k })
		if at < 0 {
			return nil
		}
		out = append(out, at)
	}
	return out
}

func sourceKey(s *graph.Source) []int {
	var out []int
	for _, name := range s.Table.PrimaryKey {
		at := slices.IndexFunc(s.Output, func(p graph.Path) bool {
			return p.Metadata < 0 && len(p.Fields) == 0 && s.Table.Columns[p.Column].Name == name
		})
		if at < 0 {
			return nil
		}
		out = append(out, at)
	}
	return out
}

func firsts(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// spread takes -U, where it is not given, out of the changes of what only hands
// rows on, and tells sinks what identifies their rows.
func (p *planner) spread(keys [][][]int) {
	for i := range p.vertices {
		v := &p.vertices[i]
		before := false
		for _, e := range v.Inputs {
			from := p.vertices[e.From].Ops
			before = before || from[len(from)-1].Modes.UpdateBefore
		}
		for k := range v.Ops {
			op := &v.Ops[k]
			switch {
			case op.GroupAggregate != nil:
				op.Modes.UpdateBefore = op.GroupAggregate.UpdateBefore && op.Modes.Updates
			case op.Calc != nil, op.Union != nil, op.Watermark != nil, op.Sink != nil, op.WindowAssign != nil && op.UID == "":
				op.Modes.UpdateBefore = op.Modes.UpdateBefore && before
			}
			if op.Sink != nil && !op.Modes.InsertOnly() {
				op.Sink.UpsertKey = keys[i][k]
			}
			before = op.Modes.UpdateBefore
		}
	}
}
