package sql

import (
	"slices"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// createTableAs is CREATE [OR REPLACE] TABLE t … AS SELECT …: it declares the
// table with the query's columns, and binds the INSERT that fills it; nil: IF NOT
// EXISTS, and it does.
func (s *Session) createTableAs(n *ast.CreateTable) (*insert, error) {
	p, err := s.resolve(n.Name)
	if err != nil {
		return nil, err
	}
	before := s.catalog.Table(p)
	switch {
	case n.Replace && before == nil:
		return nil, ast.Planf(n.Name.Pos(), "The table %s to be replaced doesn't exist. You can try to use CREATE TABLE AS statement or CREATE OR REPLACE TABLE AS statement.", quoted(p))
	case n.Temporary:
		return nil, ast.Planf(n.Pos(), "CREATE TABLE AS SELECT syntax does not support to create temporary table yet.")
	case n.IfNotExists && before != nil:
		return nil, nil
	}
	b, err := s.binder()
	if err != nil {
		return nil, at(n.As.Pos(), err)
	}
	query, err := b.Query(n.As)
	if err != nil {
		return nil, err
	}
	columns := query.Schema()
	if untyped := len(n.Columns); untyped > 0 && untyped != len(columns) && n.Columns[0].Kind == ast.UntypedColumn {
		return nil, ast.Errorf(n.Columns[0].Pos(), "The number of columns in the column list must match the number of columns in the source schema.")
	}
	if err := s.createTable(n, columns); err != nil {
		return nil, at(n.Pos(), err)
	}
	fill := &ast.Insert{Span: n.Span, Target: n.Name, Query: n.As}
	for _, c := range columns {
		fill.Columns = append(fill.Columns, &ast.Name{Span: n.As.Span, Parts: []ast.Ident{{Span: n.As.Span, Name: c.Name}}})
	}
	i, err := s.insert(fill)
	if err != nil { // as if nothing had been asked
		s.catalog.Drop(p, false)
		if before != nil {
			_ = s.catalog.Put(before, true)
		}
		return nil, err
	}
	return &i, nil
}

// queryColumn is a declared column; one without a type has that of the query.
func queryColumn(c *ast.Column, query []data.Column) (catalog.Column, error) {
	if c.Kind != ast.UntypedColumn || query == nil {
		return tableColumn(c)
	}
	i := slices.IndexFunc(query, func(q data.Column) bool { return q.Name == c.Name.Name })
	if i < 0 {
		return catalog.Column{}, ast.Errorf(c.Pos(), "Column '%s' not found in the source schema.", c.Name.Name)
	}
	return fieldOf(query[i]), nil
}

func fieldOf(c data.Column) catalog.Column {
	c.Type.TimeAttr = data.NoTimeAttr
	return catalog.Column{Name: c.Name, Type: c.Type}
}

// fromQuery adds the columns of the query that are not declared.
func fromQuery(t *catalog.Table, query []data.Column) {
	for _, q := range query {
		if !slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.Name == q.Name }) {
			t.Columns = append(t.Columns, fieldOf(q))
		}
	}
}
