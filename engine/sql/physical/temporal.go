package physical

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func (p *planner) temporal(n *logical.Temporal) (*stream, error) {
	l, err := p.node(n.Left)
	if err != nil {
		return nil, err
	}
	r, err := p.node(n.Right)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(l.meaning.columns)+len(r.meaning.columns))
	for _, c := range l.meaning.columns {
		names = append(names, "left "+c)
	}
	for _, c := range r.meaning.columns {
		names = append(names, "right "+c)
	}
	m := meaning{rows: fmt.Sprintf("temporal join (%s) [%s] with (%s) [%s]: %s", hash(l.meaning.rows), strings.Join(l.meaning.columns, ", "),
		hash(r.meaning.rows), strings.Join(r.meaning.columns, ", "), n.Text(names))}
	id := hash(m.rows)
	for _, c := range names {
		m.columns = append(m.columns, short(fmt.Sprintf("temporal(%s) %s", id, c)))
	}
	op := graph.Op{
		UID: p.uid("temporal", m.rows), Name: "TemporalJoin", Detail: n.Text(graph.ColumnNames(n.Schema())), Schema: n.Schema(), Modes: l.modes,
		Temporal: &graph.Temporal{
			Kind: n.Kind, LeftKeys: n.LeftKeys, RightKeys: n.RightKeys, LeftTime: n.LeftTime, RightTime: n.RightTime, Condition: n.Cond,
		},
	}
	s := &stream{schema: op.Schema, modes: l.modes, meaning: m, producer: l.producer}
	s.vertex = p.begin(op, 0,
		graph.Edge{From: l.vertex, Partitioning: graph.Hash, Keys: n.LeftKeys},
		graph.Edge{From: r.vertex, Partitioning: graph.Hash, Keys: n.RightKeys})
	return s, nil
}
