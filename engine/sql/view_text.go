package sql

import (
	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/bind"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// viewColumns binds the query of a view and gives its columns, and its text as
// Flink keeps it: every name whole, stars written out.
func (s *Session) viewColumns(query *ast.Query, text string, given []ast.Ident) ([]catalog.Column, string, error) {
	b, err := s.binder()
	if err != nil {
		return nil, "", err
	}
	columns, err := b.ViewColumns(query, given)
	if err != nil {
		return nil, "", err
	}
	// The tree of a view is shared by all that use it: names are completed in
	// another one, which has its places in the text alone.
	st, err := parse.Statement(text)
	q, ok := st.(*ast.Query)
	if err != nil || !ok {
		return columns, text, nil
	}
	if b, err = s.binder(); err != nil {
		return nil, "", err
	}
	seen := map[*ast.Select][]bind.SelectedTable{}
	b.Selected = func(q *ast.Select, tables []bind.SelectedTable) {
		if _, again := seen[q]; !again {
			seen[q] = tables
		}
	}
	if _, err := b.ViewColumns(q, given); err != nil {
		return columns, text, nil
	}
	e := expansion{seen: seen}
	e.query(q, nil)
	x := expander{current: s.catalog.Current, database: s.catalog.Database, aliases: true}
	x.query(q, nil)
	return columns, ast.PrintWith(q, ast.PrintOptions{QuoteAll: true, QuoteFunction: newerFunction, Lines: true}), nil
}

// expansion says of each column which table it is of.
type expansion struct {
	seen map[*ast.Select][]bind.SelectedTable
}

// visible are the tables of a SELECT and of those around it.
type visible struct {
	tables []bind.SelectedTable
	outer  *visible
}

func (e expansion) query(q *ast.Query, outer *visible) {
	if q.With != nil {
		for i := range q.With.Items {
			e.query(q.With.Items[i].Query, outer)
		}
	}
	e.body(q.Body, outer)
	inner, ok := q.Body.(*ast.Select)
	if !ok {
		return
	}
	named := map[string]bool{}
	for _, it := range inner.Items {
		if it.Alias != nil {
			named[it.Alias.Name] = true
		}
	}
	for i := range q.OrderBy {
		e.walk(&q.OrderBy[i], &visible{e.seen[inner], outer}, named)
	}
}

func (e expansion) body(b ast.QueryBody, outer *visible) {
	switch b := b.(type) {
	case *ast.Query:
		e.query(b, outer)
	case *ast.SetOp:
		e.body(b.Left, outer)
		e.body(b.Right, outer)
	case *ast.Select:
		e.selectOf(b, outer)
	}
}

func (e expansion) selectOf(q *ast.Select, outer *visible) {
	v := &visible{e.seen[q], outer}
	var items []ast.SelectItem
	for _, it := range q.Items {
		if star, ok := it.Expr.(*ast.Star); ok {
			items = append(items, expandedStar(star, v)...)
			continue
		}
		e.walk(it.Expr, v, nil)
		items = append(items, it)
	}
	q.Items = items
	e.from(q.From, v)
	for _, x := range []ast.Expr{q.Where, q.Having, q.Qualify} {
		if x != nil {
			e.walk(x, v, nil)
		}
	}
	if q.GroupBy != nil {
		for i := range q.GroupBy.Items {
			e.group(&q.GroupBy.Items[i], v)
		}
	}
	for i := range q.Windows {
		e.walk(q.Windows[i].Window, v, nil)
	}
}

func (e expansion) group(g *ast.GroupItem, v *visible) {
	if g.Expr != nil {
		e.walk(g.Expr, v, nil)
	}
	for i := range g.Items {
		e.group(&g.Items[i], v)
	}
}

// from goes through FROM: conditions see the tables, queries in it do not.
func (e expansion) from(t ast.TableRef, v *visible) {
	switch t := t.(type) {
	case *ast.Join:
		e.from(t.Left, v)
		e.from(t.Right, v)
		if t.On != nil {
			e.walk(t.On, v, nil)
		}
	case *ast.TableName:
		if t.SystemTime != nil {
			e.walk(t.SystemTime, v, nil)
		}
	case *ast.Derived:
		outer := v.outer
		if t.Lateral {
			outer = v
		}
		e.query(t.Query, outer)
	case *ast.Unnest:
		for _, x := range t.Exprs {
			e.walk(x, v, nil)
		}
	}
}

// walk completes the names of an expression; keep are names of output columns.
func (e expansion) walk(n ast.Node, v *visible, keep map[string]bool) {
	ast.Walk(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Query:
			e.query(n, v)
			return false
		case *ast.Call:
			for _, a := range n.Args {
				e.walk(a, v, keep)
			}
			if n.Filter != nil {
				e.walk(n.Filter, v, keep)
			}
			if n.Over != nil {
				e.walk(n.Over, v, keep)
			}
			return false
		case *ast.Name:
			if !(len(n.Parts) == 1 && keep[n.Parts[0].Name]) {
				v.complete(n)
			}
			return false
		}
		return true
	})
}

// complete puts the table before a column.
func (v *visible) complete(n *ast.Name) {
	for w := v; w != nil; w = w.outer {
		for _, t := range w.tables {
			if len(n.Parts) > 1 && t.Name == n.Parts[0].Name {
				return
			}
		}
		for _, t := range w.tables {
			for _, c := range t.Columns {
				if c == n.Parts[0].Name && t.Name != "" {
					n.Parts = append([]ast.Ident{{Name: t.Name}}, n.Parts...)
					return
				}
			}
		}
	}
}

func expandedStar(star *ast.Star, v *visible) []ast.SelectItem {
	var out []ast.SelectItem
	for _, t := range v.tables {
		if star.Qualifier != nil && star.Qualifier.String() != t.Name {
			continue
		}
		for _, c := range t.Columns {
			parts := []ast.Ident{{Name: t.Name}, {Name: c}}
			if t.Name == "" {
				parts = parts[1:]
			}
			out = append(out, ast.SelectItem{Span: star.Span, Expr: &ast.Name{Span: star.Span, Parts: parts}})
		}
	}
	if out == nil {
		return []ast.SelectItem{{Span: star.Span, Expr: star}}
	}
	return out
}
