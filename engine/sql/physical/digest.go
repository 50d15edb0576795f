package physical

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// digest is a text that two nodes share if they compute the same rows; they
// are then planned once. Names do not count, types do.
func (p *planner) digest(n logical.Node) string {
	if d, ok := p.digests[n]; ok {
		return d
	}
	var b strings.Builder
	p.writeDigest(&b, n)
	d := hash(b.String())
	p.digests[n] = d
	return d
}

func (p *planner) writeDigest(b *strings.Builder, n logical.Node) {
	fmt.Fprintf(b, "%T", n)
	exprs := func(list ...expr.Expr) {
		for _, e := range list {
			b.WriteString(" " + graph.Expression(e, nil))
		}
	}
	switch x := n.(type) {
	case *logical.Scan:
		fmt.Fprintf(b, " %s.%s.%s %v %v", x.Table.Catalog, x.Table.Database, x.Table.Name, x.Table.Options, x.Output)
		if x.Filter != nil {
			exprs(*x.Filter)
		}
	case *logical.Values:
		for _, r := range x.Rows {
			for i, v := range r {
				b.WriteString(" " + graph.Literal(v, x.Columns[i].Type))
			}
		}
	case *logical.Watermark:
		fmt.Fprintf(b, " %d %d", x.TimeColumn, x.IdleMillis)
		exprs(x.Expr)
	case *logical.Filter:
		exprs(x.Cond)
	case *logical.Project:
		exprs(x.Exprs...)
	case *logical.Join:
		b.WriteString(" " + string(x.Kind) + hintDigest(x.LeftTTL) + hintDigest(x.RightTTL))
		exprs(x.Cond)
	case *logical.TopN:
		fmt.Fprintf(b, " %v %v %d %d %t", x.Keys, x.Order, x.From, x.To, x.Number)
	case *logical.Match:
		b.WriteString(logical.MatchText(x.Spec, positions(len(x.Input.Schema()))))
	case *logical.Temporal:
		b.WriteString(x.Text(positions(len(x.Schema()))))
	case *logical.Lookup:
		fmt.Fprintf(b, " %s.%s.%s %v %v %s", x.Table.Table.Catalog, x.Table.Table.Database, x.Table.Table.Name, x.Table.Table.Options, x.Table.Output, x.Text(positions(len(x.Schema()))))
	case *logical.Unnest:
		b.WriteString(logical.UnnestText(x.Spec, positions(len(x.Schema()))))
	case *logical.Over:
		fmt.Fprintf(b, " %d %d %t %s", x.Spec.Time, x.Spec.Preceding, x.Spec.Rows, logical.OverText(x.Spec, positions(len(x.Input.Schema()))))
	case *logical.Sort:
		fmt.Fprintf(b, " %v", x.Order)
	case *logical.Limit:
		fmt.Fprintf(b, " %d %d", x.Offset, x.Count)
	case *logical.WindowAssign:
		fmt.Fprintf(b, " %v", x.Window)
	case *logical.Aggregate:
		fmt.Fprintf(b, " %v %v%s", x.Keys, x.Aggs, hintDigest(x.TTL))
	case *logical.WindowAggregate:
		fmt.Fprintf(b, " %v %v %v %v", x.Window, x.Keys, x.Aggs, x.Properties)
	case *logical.Leaders:
		fmt.Fprintf(b, " %v", x.Spec)
	case *logical.Changelog:
		b.WriteString(" " + logical.ChangelogText(x.Spec, positions(len(x.Input.Schema()))))
	case *logical.Normalize:
		fmt.Fprintf(b, " %v", x.Keys)
	case *logical.Sink:
		fmt.Fprintf(b, " %p", x)
	}
	for _, c := range n.Schema() {
		fmt.Fprintf(b, " %s %d", c.Type, c.Type.TimeAttr)
	}
	for _, in := range n.Inputs() {
		b.WriteString(" (" + p.digest(in) + ")")
	}
}

func hintDigest(ttl *int64) string {
	if ttl == nil {
		return ""
	}
	return fmt.Sprintf(" ttl %d", *ttl)
}

// positions are names of columns that do not depend on their names.
func positions(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("$%d", i)
	}
	return out
}
