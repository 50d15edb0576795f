package physical

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// final gives the rows of a bounded stream when it has ended, in an order.
func (p *planner) final(in *stream, order []graph.SortKey) *stream {
	m := in.meaning
	by := logical.OrderText(order, m.columns)
	m.rows = fmt.Sprintf("final (%s) by [%s] of [%s]", hash(m.rows), by, strings.Join(m.columns, ", "))
	detail := "when the input has ended"
	if len(order) > 0 {
		detail += " by " + logical.OrderText(order, graph.ColumnNames(in.schema))
	}
	op := graph.Op{UID: p.uid("final", m.rows), Name: "Final", Detail: detail, Schema: in.schema, Final: &graph.Final{Order: order}}
	s := &stream{schema: op.Schema, meaning: m}
	s.vertex, s.parallelism = p.gather(in, op, nil)
	return s
}

// bounded refuses tables that do not end, in batch mode.
func (p *planner) bounded(n *logical.Scan) error {
	if !p.config.Batch || p.config.Bounded == nil || p.config.Bounded(n.Table) {
		return nil
	}
	t := n.Table
	return ast.Planf(n.Pos, "Querying an unbounded table '%s.%s.%s' in batch mode is not allowed. The table source is unbounded.", t.Catalog, t.Database, t.Name)
}
