package physical

import (
	"fmt"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func (p *planner) changelog(n *logical.Changelog, in *stream) (*stream, error) {
	spec := n.Spec
	if spec.Read >= 0 && !in.modes.InsertOnly() {
		return nil, ast.Planf(n.Pos, "FROM_CHANGELOG doesn't support consuming update and delete changes which is produced by node %s", in.producer)
	}
	modes := graph.Modes{}
	for _, kind := range spec.Codes {
		if spec.Read < 0 {
			break
		}
		switch kind {
		case "UPDATE_BEFORE":
			modes.UpdateBefore = true
		case "UPDATE_AFTER":
			modes.Updates = true
		case "DELETE":
			modes.Deletes = true
		}
	}
	m := in.meaning
	m.rows = fmt.Sprintf("%s of (%s)", logical.ChangelogText(spec, m.columns), hash(m.rows))
	m.columns = nil
	if spec.Read < 0 {
		m.columns = append(m.columns, "kind of change")
	}
	for i := range in.schema {
		if i != spec.Read {
			m.columns = append(m.columns, in.meaning.columns[i])
		}
	}
	op := graph.Op{Name: "Changelog", Detail: logical.ChangelogText(spec, graph.ColumnNames(in.schema)), Schema: n.Schema(), Modes: modes, Changelog: &spec}
	s := &stream{schema: op.Schema, modes: modes, meaning: m, producer: "Changelog(" + op.Detail + ")"}
	s.vertex, s.parallelism = p.chain(in, op), in.parallelism
	return s, nil
}
