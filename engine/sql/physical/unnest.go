package physical

import (
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func (p *planner) unnest(n *logical.Unnest, in *stream) *stream {
	spec := n.Spec
	m := in.meaning
	m.columns = slices.Clone(m.columns)
	spec.Condition = nil
	what := logical.UnnestText(spec, m.columns)
	for i := range n.Columns {
		m.columns = append(m.columns, short(fmt.Sprintf("(%s)#%d", what, i)))
	}
	spec.Condition = n.Spec.Condition
	m.rows += " " + logical.UnnestText(spec, m.columns)
	op := graph.Op{
		Name: "Unnest", Detail: logical.UnnestText(spec, graph.ColumnNames(n.Schema())), Schema: n.Schema(), Modes: in.modes, Unnest: &spec,
	}
	return &stream{vertex: p.chain(in, op), schema: op.Schema, modes: in.modes, parallelism: in.parallelism, meaning: m, producer: in.producer}
}
