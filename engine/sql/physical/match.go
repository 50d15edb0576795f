package physical

import (
	"fmt"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func (p *planner) match(n *logical.Match, in *stream) (*stream, error) {
	if !in.modes.InsertOnly() {
		return nil, ast.Planf(n.Pos, "Match Recognize doesn't support consuming update and delete changes which is produced by node %s", in.producer)
	}
	spec := n.Spec
	m := meaning{rows: fmt.Sprintf("match (%s) %s", hash(in.meaning.rows), logical.MatchText(spec, in.meaning.columns))}
	id := hash(m.rows)
	for i := range n.Schema() {
		m.columns = append(m.columns, fmt.Sprintf("match(%s)#%d", id, i))
	}
	op := graph.Op{
		UID: p.uid("match", m.rows), Name: "Match", Detail: logical.MatchText(spec, graph.ColumnNames(in.schema)), Schema: n.Schema(), Match: &spec,
	}
	s := &stream{schema: op.Schema, meaning: m}
	s.vertex, s.parallelism = p.gather(in, op, spec.Keys)
	return s, nil
}
