package physical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func (p *planner) join(n *logical.Join) (*stream, error) {
	l, err := p.node(n.Left)
	if err != nil {
		return nil, err
	}
	r, err := p.node(n.Right)
	if err != nil {
		return nil, err
	}
	j := &graph.Join{Kind: n.Kind, LeftInserts: l.modes.InsertOnly(), RightInserts: r.modes.InsertOnly(), LeftTTLMillis: p.ttl(n.LeftTTL), RightTTLMillis: p.ttl(n.RightTTL)}
	var rest []expr.Expr
	j.LeftKeys, j.RightKeys, j.NullKeys, rest = n.Equalities()
	if !slices.Contains(j.NullKeys, true) {
		j.NullKeys = nil
	}
	if len(rest) > 0 {
		cond := conjunction(rest)
		j.Condition = &cond
	}
	m := joined(l.meaning, r.meaning, n)
	modes := joinModes(n.Kind, l.modes, r.modes)
	detail := string(n.Kind) + " ON " + graph.Expression(n.Cond, graph.ColumnNames(n.Both()))
	op := graph.Op{UID: p.uid("join", m.rows), Name: "Join", Detail: detail, Schema: n.Schema(), Modes: modes, Join: j}
	switch {
	case p.windowed(n, j, l, r, &op):
		op.UID, modes = p.uid("window join", m.rows), op.Modes
	case p.interval(n, j, l, r, &op):
		op.UID, modes = p.uid("interval join", m.rows), op.Modes
	}
	s := &stream{schema: op.Schema, modes: modes, meaning: m, producer: joinProducer(n)}
	if p.merge(s, l, r, j, &op) {
		s.lies = lying(n, j)
		return s, nil
	}
	if len(j.LeftKeys) > 0 {
		s.vertex = p.begin(op, 0, meet(l, j.LeftKeys), meet(r, j.RightKeys))
		s.lies = lying(n, j)
		return s, nil
	}
	s.parallelism = 1
	s.vertex = p.begin(op, 1,
		graph.Edge{From: l.vertex, Partitioning: graph.Global}, graph.Edge{From: r.vertex, Partitioning: graph.Global})
	return s, nil
}

func conjunction(list []expr.Expr) expr.Expr {
	if len(list) == 1 {
		return list[0]
	}
	t := data.Type{Kind: data.Boolean}
	for _, e := range list {
		t.Nullable = t.Nullable || e.Type.Nullable
	}
	return expr.Call("AND", t, list...)
}

// joinModes says which changes a join gives: what its inputs change, and where
// it gives rows for want of a match, their end.
func joinModes(kind graph.JoinKind, l, r graph.Modes) graph.Modes {
	m := graph.Modes{
		Updates: l.Updates || r.Updates, UpdateBefore: l.Updates || r.Updates || l.UpdateBefore || r.UpdateBefore,
		Deletes: l.Deletes || r.Deletes,
	}
	switch kind {
	case graph.InnerJoin, graph.SemiJoin:
	default:
		m.Deletes = true
	}
	return m
}

// joined is the meaning of a join. The columns it remembers are part of it.
func joined(l, r meaning, n *logical.Join) meaning {
	names := make([]string, 0, len(l.columns)+len(r.columns))
	for _, c := range l.columns {
		names = append(names, "left "+c)
	}
	for _, c := range r.columns {
		names = append(names, "right "+c)
	}
	side := func(m meaning) string { return hash(m.rows) + " [" + strings.Join(m.columns, ", ") + "]" }
	out := meaning{rows: fmt.Sprintf("%s join (%s) with (%s) on %s", n.Kind, side(l), side(r), graph.Expression(n.Cond, names))}
	id := hash(out.rows)
	for i := range n.Schema() {
		out.columns = append(out.columns, fmt.Sprintf("join(%s) %s", id, names[i]))
	}
	for i, c := range out.columns {
		out.columns[i] = short(c)
	}
	return out
}

// joinProducer names a join as Flink does in the error of a sink that takes
// only inserts.
func joinProducer(n *logical.Join) string {
	kinds := map[graph.JoinKind]string{
		graph.InnerJoin: "InnerJoin", graph.LeftJoin: "LeftOuterJoin", graph.RightJoin: "RightOuterJoin", graph.FullJoin: "FullOuterJoin",
		graph.SemiJoin: "LeftSemiJoin", graph.AntiJoin: "LeftAntiJoin",
	}
	return fmt.Sprintf("Join(joinType=[%s], where=[%s], select=[%s])", kinds[n.Kind],
		graph.Expression(n.Cond, graph.ColumnNames(n.Both())), strings.Join(graph.ColumnNames(n.Schema()), ", "))
}
