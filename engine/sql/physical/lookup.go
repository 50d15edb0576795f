package physical

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// lookup asks the table where the rows are: nothing is exchanged.
func (p *planner) lookup(n *logical.Lookup, in *stream) *stream {
	left := len(in.schema)
	table := scanMeaning(n.Table)
	names := append(append(make([]string, 0, left+len(table.columns)), in.meaning.columns...), table.columns...)
	m := meaning{rows: fmt.Sprintf("%s lookup (%s) %s", in.meaning.rows, table.rows, n.Text(names)), columns: append([]string{}, in.meaning.columns...)}
	id := hash(m.rows)
	for _, c := range table.columns {
		m.columns = append(m.columns, short(fmt.Sprintf("lookup(%s) %s", id, c)))
	}
	op := graph.Op{
		Name: "LookupJoin", Detail: n.Table.Table.Name + " [" + strings.Join(graph.ColumnNames(n.Table.Columns), ", ") + "] " + n.Text(graph.ColumnNames(n.Schema())),
		Schema: n.Schema(), Modes: in.modes,
		LookupJoin: &graph.LookupJoin{
			Kind: n.Kind, Table: n.Table.Table, Output: n.Table.Output, LeftKeys: n.LeftKeys, RightKeys: n.RightKeys, Condition: n.Cond,
		},
	}
	return &stream{vertex: p.chain(in, op), schema: op.Schema, modes: in.modes, parallelism: in.parallelism, meaning: m, producer: in.producer}
}
