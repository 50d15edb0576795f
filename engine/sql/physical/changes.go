package physical

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
)

// leaveOutBefore finds who needs to be told what a row was before it was
// updated (-U), from the sinks up, and tells those that make it that nobody does. It
// says, from the sources down, which columns identify a row.
func (p *planner) leaveOutBefore() {
	keys := p.upsertKeys()
	needs := make([]bool, len(p.vertices)) // of the last operator of each vertex
	for i := len(p.vertices) - 1; i >= 0; i-- {
		v := &p.vertices[i]
		need := needs[i]
		for k := len(v.Ops) - 1; k >= 0; k-- {
			op := &v.Ops[k]
			p.tellBefore(op, v.Inputs, need, keys[i][k])
			need = p.needsBefore(*op, need, keys[i][k].one())
		}
		for _, e := range v.Inputs {
			needs[e.From] = needs[e.From] || need
		}
	}
	p.spread(keys)
}

// tellBefore says to an operator that makes updates whether -U is read.
func (p *planner) tellBefore(op *graph.Op, inputs []graph.Edge, need bool, in identities) {
	switch {
	case op.GroupAggregate != nil:
		if len(op.GroupAggregate.Aggs) > 0 {
			op.GroupAggregate.UpdateBefore = need
		}
	case op.TopN != nil:
		if t := op.TopN; !need && !t.Windowed && !t.Number && t.To == 1 && len(t.Keys) > 0 && op.Modes.Deletes && !op.Modes.Updates {
			t.Replaces = true // the new row says that the old one is gone
			op.Modes = graph.Modes{Updates: true, UpdateBefore: true, Deletes: t.Retracts}
		}
		op.TopN.NoBefore = !need && op.Modes.UpdateBefore
		if op.TopN.Improves && op.TopN.To <= mostKeyed && comparable(op.Schema, in.one()) {
			op.TopN.RowKey = in.one()
		}
	case op.Normalize != nil:
		op.Normalize.NoBefore = !need
	case op.Join != nil:
		if !need && op.Modes.UpdateBefore {
			op.Join.NoBefore = in.rows(op.Join, p.widthOf(inputs[0].From))
		}
	}
}

// mostKeyed is up to how many ranks a row is looked for by its key.
const mostKeyed = 64

// comparable tells whether there is a key, and its values are equal where their
// bytes are.
func comparable(columns []data.Column, key []int) bool {
	for _, k := range key {
		switch columns[k].Type.Phys() {
		case data.PhysI64, data.PhysI32, data.PhysI128, data.PhysBool, data.PhysTime, data.PhysString:
		default:
			return false
		}
	}
	return len(key) > 0
}

// identities are the columns that identify the rows of each input of an operator;
// nil: none are known to.
type identities [][]int

func (in identities) one() []int {
	if len(in) != 1 {
		return nil
	}
	return in[0]
}

// rows gives what identifies the rows of the inputs of an inner join that are
// updated, if that has the keys of the join: no update takes a row to another
// subtask, or to other matches. nil: it does not.
func (in identities) rows(j *graph.Join, width int) *graph.JoinRows {
	if j.Kind != graph.InnerJoin || len(j.LeftKeys) == 0 || len(in) != 2 {
		return nil
	}
	if j.Condition != nil && !onlyColumns(*j.Condition, append(slices.Clone(in[0]), shifted(in[1], width)...)) {
		return nil
	}
	has := func(key, keys []int) bool {
		return len(key) > 0 && !slices.ContainsFunc(keys, func(k int) bool { return !slices.Contains(key, k) })
	}
	out := &graph.JoinRows{}
	if !j.LeftInserts {
		if out.Left = in[0]; !has(out.Left, j.LeftKeys) {
			return nil
		}
	}
	if !j.RightInserts {
		if out.Right = in[1]; !has(out.Right, j.RightKeys) {
			return nil
		}
	}
	return out
}

// needsBefore tells whether an operator must be told of -U in its input, if its
// own users must be (need). key identifies the rows of its input.
func (p *planner) needsBefore(op graph.Op, need bool, key []int) bool {
	switch {
	case op.Sink != nil:
		return p.sinkNeedsBefore(*op.Sink, key)
	case op.Normalize != nil:
		return false // it keeps the last row itself
	case op.TopN != nil && op.TopN.RowKey != nil:
		return false // it knows which row is updated
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

// upsertKeys are the columns that identify the rows of the inputs of each operator.
func (p *planner) upsertKeys() [][]identities {
	in := make([][]identities, len(p.vertices))
	last := make([][]int, len(p.vertices))
	for i, v := range p.vertices {
		key := make(identities, 0, 2)
		for _, e := range v.Inputs {
			key = append(key, dealt(last[e.From], e))
		}
		for _, op := range v.Ops {
			in[i] = append(in[i], key)
			key = identities{p.upsertKey(i, op, key)}
		}
		last[i] = key.one()
	}
	return in
}

// dealt is what identifies rows behind an edge: where an update may take a row to
// another subtask, its changes may come in another order, and nothing does.
func dealt(key []int, e graph.Edge) []int {
	if e.Partitioning == graph.Hash && slices.ContainsFunc(e.Keys, func(k int) bool { return !slices.Contains(key, k) }) {
		return nil
	}
	return key
}

// upsertKey is what identifies the rows that an operator of vertex i gives.
func (p *planner) upsertKey(i int, op graph.Op, inputs identities) []int {
	in := inputs.one()
	switch {
	case op.Source != nil:
		return sourceKey(op.Source)
	case op.GroupAggregate != nil:
		return firsts(len(op.GroupAggregate.Keys))
	case op.Normalize != nil:
		return op.Normalize.Keys
	case op.Watermark != nil, op.Leaders != nil, op.Limit != nil, op.Sort != nil, op.LookupJoin != nil && op.LookupJoin.Table.PrimaryKey != nil:
		return in
	case op.TopN != nil && op.TopN.Number:
		return append(slices.Clone(op.TopN.Keys), len(op.Schema)-1)
	case op.TopN != nil && op.TopN.From == op.TopN.To && len(op.TopN.Keys) > 0:
		return op.TopN.Keys
	case op.TopN != nil && op.TopN.From > 1: // a rank is updated: another row has it then
		return nil
	case op.TopN != nil:
		return in
	case op.Join != nil && op.Join.Kind == graph.InnerJoin && len(inputs) == 2:
		return joinKey(op.Join, inputs, p.widthOf(p.vertices[i].Inputs[0].From))
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

// joinKey is what identifies the rows of an inner join: of both inputs, but of one
// where a row of it has no more than one match.
func joinKey(j *graph.Join, in identities, width int) []int {
	if in[0] == nil || in[1] == nil {
		return nil
	}
	left, right := in[0], shifted(in[1], width)
	within := func(key, keys []int) bool {
		return !slices.ContainsFunc(key, func(k int) bool { return !slices.Contains(keys, k) })
	}
	switch {
	case within(in[1], j.RightKeys):
		return left
	case within(in[0], j.LeftKeys):
		return right
	}
	return append(slices.Clone(left), right...)
}

func shifted(columns []int, by int) []int {
	out := make([]int, len(columns))
	for i, k := range columns {
		out[i] = k + by
	}
	return out
}

func (p *planner) widthOf(vertex int) int {
	ops := p.vertices[vertex].Ops
	return len(ops[len(ops)-1].Schema)
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

// spread says of what only hands rows on which changes come to it, and tells sinks
// what identifies their rows.
func (p *planner) spread(keys [][]identities) {
	for i := range p.vertices {
		v := &p.vertices[i]
		var in graph.Modes
		for _, e := range v.Inputs {
			from := p.vertices[e.From].Ops
			m := from[len(from)-1].Modes
			in = graph.Modes{Updates: in.Updates || m.Updates, UpdateBefore: in.UpdateBefore || m.UpdateBefore, Deletes: in.Deletes || m.Deletes}
		}
		for k := range v.Ops {
			op := &v.Ops[k]
			switch {
			case op.GroupAggregate != nil:
				op.Modes.UpdateBefore = op.GroupAggregate.UpdateBefore && op.Modes.Updates
			case op.TopN != nil && op.TopN.NoBefore, op.Normalize != nil && op.Normalize.NoBefore, op.Join != nil && op.Join.NoBefore != nil:
				op.Modes.UpdateBefore = false
			case op.Calc != nil, op.Union != nil, op.Watermark != nil, op.Sink != nil, op.WindowAssign != nil && op.UID == "":
				op.Modes = in
			}
			if op.Sink != nil && !op.Modes.InsertOnly() {
				op.Sink.UpsertKey = keys[i][k].one()
			}
			in = op.Modes
		}
	}
}
