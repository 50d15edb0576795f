package sql

import (
	"maps"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// ExpandedQuery is the query of a view with the full names of tables, so that
// it means the same wherever it stands.
func ExpandedQuery(t *catalog.Table) string {
	// The tree of a view is shared by all that use it: names are changed in
	// another one.
	st, err := parse.Statement(t.View.Text)
	q, ok := st.(*ast.Query)
	if err != nil || !ok {
		return t.View.Text // cannot be: it was parsed before
	}
	x := expander{current: t.View.Catalog, database: t.View.Database}
	x.query(q, nil)
	return ast.PrintWith(q, ast.PrintOptions{QuoteAll: true, QuoteFunction: newerFunction})
}

// expander completes names from where they were written.
type expander struct {
	current, database string
	aliases           bool // each table gets its name as an alias, if it has none
}

// query completes the names of a query in which the names of ctes are queries.
func (x *expander) query(q *ast.Query, ctes map[string]bool) {
	ctes = maps.Clone(ctes)
	if ctes == nil {
		ctes = map[string]bool{}
	}
	if q.With != nil {
		for i := range q.With.Items {
			item := &q.With.Items[i]
			if q.With.Recursive {
				ctes[item.Name.Name] = true
			}
			x.query(item.Query, ctes)
			ctes[item.Name.Name] = true
		}
	}
	below := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Query:
			x.query(n, ctes)
			return false
		case *ast.TableName:
			if x.aliases && n.Alias == nil {
				last := n.Name.Last().Name
				n.Alias = &ast.TableAlias{Name: ast.Ident{Name: last}}
			}
			x.name(n.Name, ctes)
		case *ast.ExplicitTable:
			x.name(n.Name, ctes)
		case *ast.TableArg:
			x.name(n.Table, ctes)
		}
		return true
	}
	ast.Walk(q.Body, below)
	for i := range q.OrderBy {
		ast.Walk(&q.OrderBy[i], below)
	}
}

func (x *expander) name(n *ast.Name, ctes map[string]bool) {
	if n == nil || len(n.Parts) == 1 && ctes[n.Parts[0].Name] {
		return
	}
	switch len(n.Parts) {
	case 1:
		n.Parts = []ast.Ident{{Name: x.current}, {Name: x.database}, n.Parts[0]}
	case 2:
		n.Parts = append([]ast.Ident{{Name: x.current}}, n.Parts...)
	}
}
