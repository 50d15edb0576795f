package bind

import (
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// from binds an item of FROM, with the scope it gives.
func (b *Binder) from(ref ast.TableRef) (logical.Node, *scope, error) {
	switch r := ref.(type) {
	case *ast.TableName:
		return b.tableName(r)
	case *ast.Derived:
		outer, correlation, hints := b.ctes, b.correlation, b.hints
		b.correlation, b.hints = nil, nil
		n, err := b.query(r.Query)
		b.ctes, b.correlation, b.hints = outer, correlation, hints
		if err != nil {
			return nil, nil, err
		}
		return b.aliased(n, r.Alias, "")
	case *ast.TableFunction:
		if changelogs(r.Call) {
			n, err := b.changelogFunction(r.Call)
			if err != nil {
				return nil, nil, err
			}
			return b.aliased(n, r.Alias, "")
		}
		if !windowing(r.Call) {
			one := oneRow()
			n, s, err := b.tableFunction(one, &scope{columns: one.Schema()}, r, nil)
			if err != nil {
				return nil, nil, err
			}
			p, sc := withoutFirst(n, s)
			return p, sc, nil
		}
		n, err := b.windowFunction(r)
		if err != nil {
			return nil, nil, err
		}
		return b.aliased(n, r.Alias, "")
	case *ast.Join:
		return b.join(r)
	case *ast.Unnest:
		one := oneRow()
		n, s, err := b.unnest(one, &scope{columns: one.Schema()}, r, nil)
		if err != nil {
			return nil, nil, err
		}
		p, sc := withoutFirst(n, s)
		return p, sc, nil
	case *ast.MatchRecognize:
		return b.matchRecognize(r)
	case *ast.Pivot:
		return nil, nil, unsupported(r.Pos(), "PIVOT is")
	case *ast.Unpivot:
		return b.unpivot(r)
	}
	return nil, nil, unsupported(ref.Pos(), "this item of FROM is")
}

// withoutFirst leaves out the column of the one row that stood left of a collection.
func withoutFirst(n logical.Node, s *scope) (logical.Node, *scope) {
	p := &logical.Project{Input: n, Columns: s.columns[1:]}
	for i, c := range p.Columns {
		p.Exprs = append(p.Exprs, expr.Column(i+1, c.Type))
	}
	return p, &scope{columns: p.Columns, tables: []scopeTable{{name: s.tables[0].name, to: len(p.Columns)}}}
}

// aliased gives n's columns as one table of a scope.
func (b *Binder) aliased(n logical.Node, alias *ast.TableAlias, name string) (logical.Node, *scope, error) {
	cols := n.Schema()
	if alias != nil {
		name = alias.Name.Name
		if len(alias.Columns) > 0 {
			if len(alias.Columns) != len(cols) {
				quoted := make([]string, len(cols))
				for i, c := range cols {
					quoted[i] = "'" + c.Name + "'"
				}
				return nil, nil, ast.Errorf(alias.Columns[0].Pos(), "List of column aliases must have same degree as table; table has %d columns (%s), whereas alias list has %d columns", len(cols), strings.Join(quoted, ", "), len(alias.Columns))
			}
			to := make([]string, len(cols))
			if c := twice(alias.Columns); c != nil {
				return nil, nil, ast.Errorf(c.Pos(), "Duplicate name '%s' in column alias list", c.Name)
			}
			for i, c := range alias.Columns {
				to[i] = c.Name
			}
			n = rename(n, to)
			cols = n.Schema()
		}
	}
	return n, &scope{columns: cols, tables: []scopeTable{{name: name, from: 0, to: len(cols)}}}, nil
}

// twice is the first name of a list that is there before; nil if there is none.
func twice(names []ast.Ident) *ast.Ident {
	seen := map[string]bool{}
	for i := range names {
		if seen[names[i].Name] {
			return &names[i]
		}
		seen[names[i].Name] = true
	}
	return nil
}

func (b *Binder) tableName(r *ast.TableName) (logical.Node, *scope, error) {
	last := r.Name.Last().Name
	if len(r.Name.Parts) == 1 {
		for c := b.ctes; c != nil; c = c.outer {
			if c.item.Name.Name == last {
				n, err := b.cte(c)
				if err != nil {
					return nil, nil, err
				}
				return b.aliased(n, r.Alias, last)
			}
		}
	}
	t, err := b.Table(r.Name)
	if err != nil {
		return nil, nil, err
	}
	if t, err = withHints(t, r.Hints); err != nil {
		return nil, nil, err
	}
	if r.SystemTime != nil {
		if err := b.timeTravel(r.SystemTime, t); err != nil {
			return nil, nil, err
		}
	}
	var n logical.Node
	if t.View != nil {
		n, err = b.view(t, r.Pos())
	} else {
		n, err = b.scan(t, r.Pos())
	}
	if err != nil {
		return nil, nil, err
	}
	n, sc, err := b.aliased(n, r.Alias, last)
	if err == nil && r.Alias == nil {
		sc.tables[0].path = []string{t.Path.Catalog, t.Path.Database, t.Path.Name}
	}
	return n, sc, err
}

// timeTravel refuses FOR SYSTEM_TIME AS OF outside joins, but where Flink takes
// no notice of it: a temporary table has no past.
func (b *Binder) timeTravel(at ast.Expr, t *catalog.Table) error {
	e, err := (&exprBinder{b: b, scope: &scope{}}).bind(at)
	if name, ok := at.(*ast.Name); ok && err != nil && len(name.Parts) > 1 {
		return ast.Planf(at.Pos(), "Temporal table join only support apply FOR SYSTEM_TIME AS OF on the right table.")
	}
	if err != nil {
		return err
	}
	switch {
	case !typing.Stamp(e.Type):
		return ast.Errorf(at.Pos(), "The system time period specification expects Timestamp type but is '%s'", typing.Name(e.Type))
	case e.Type.TimeAttr != data.NoTimeAttr:
		return ast.Errorf(at.Pos(), "Unsupported time travel expression: %s for the expression can not be reduced to a constant by Flink.", ast.Print(at))
	case t.Temporary:
		return nil
	}
	return ast.Errorf(at.Pos(), "time travel: the catalog of '%s' keeps no former tables (getTable(ObjectPath, long) is not implemented)", t.Path)
}

// fixed tells whether a time of FOR SYSTEM_TIME AS OF is a literal, which travels in
// time and asks for no temporal join.
func (b *Binder) fixed(at ast.Expr) bool {
	e, err := (&exprBinder{b: b, scope: &scope{}}).bind(at)
	return err == nil && e.Kind == expr.KindLiteral
}

// withHints applies /*+ OPTIONS('k' = 'v') */ to a table.
func withHints(t *catalog.Table, hints []ast.Hint) (*catalog.Table, error) {
	for _, h := range hints {
		if name := strings.ToUpper(h.Name.Name); name != "OPTIONS" {
			if name != "STATE_TTL" && name != "LOOKUP" && !slices.Contains(joinHints, name) {
				return nil, unknownHint(h.Pos(), name)
			}
			continue // hints for the optimizer never change the result
		}
		if len(h.Options) == 0 {
			return nil, ast.Planf(h.Pos(), "Hint [OPTIONS] only support non empty key value options: OPTIONS('key' = 'value')")
		}
		if t.View != nil {
			return nil, ast.Errorf(h.Pos(), "View '%s' cannot be enriched with new options. Hints can only be applied to tables.", t.Path)
		}
		t = t.Clone()
		t.OptionPos = maps.Clone(t.OptionPos)
		if t.OptionPos == nil {
			t.OptionPos = map[string]ast.Pos{}
		}
		for _, o := range h.Options {
			t.Options[o.Key] = o.Value
			t.OptionPos[o.Key] = o.Pos()
		}
	}
	return t, nil
}

// Table finds a table or view by the name written.
func (b *Binder) Table(name *ast.Name) (*catalog.Table, error) {
	p, ok := b.Catalog.Resolve(name.Strings())
	if ok {
		if t := b.Catalog.Table(p); t != nil {
			return t, nil
		}
	}
	first := name.Parts[0].Name
	switch {
	case len(name.Parts) >= 3 && !b.Catalog.HasCatalog(first):
		return nil, ast.Errorf(name.Pos(), "Object '%s' not found%s", first, meant(first, b.Catalog.Catalogs()))
	case len(name.Parts) == 3 && !b.Catalog.HasDatabase(p.Catalog, p.Database):
		return nil, ast.Errorf(name.Pos(), "Object '%s' not found within '%s'%s", p.Database, p.Catalog, meant(p.Database, b.Catalog.Databases(p.Catalog)))
	case len(name.Parts) == 2 && !b.Catalog.HasDatabase(p.Catalog, first):
		return nil, ast.Errorf(name.Pos(), "Object '%s' not found%s", first, meant(first, b.Catalog.Databases(p.Catalog)))
	case !ok:
		return nil, ast.Errorf(name.Pos(), "Object '%s' not found: a name has at most three parts", name)
	}
	if near := b.Catalog.Near(p); near != "" {
		return nil, ast.Errorf(name.Pos(), "Object '%s' not found within '%s.%s'; did you mean '%s'?", p.Name, p.Catalog, p.Database, near)
	}
	return nil, ast.Errorf(name.Pos(), "Object '%s' not found", p.Name)
}

func (b *Binder) cte(c *cteScope) (logical.Node, error) {
	outer := b.ctes
	b.ctes = c.outer // an item sees the ones before it
	defer func() { b.ctes = outer }()
	n, err := b.query(c.item.Query)
	if err != nil {
		return nil, err
	}
	cols := n.Schema()
	if len(c.item.Columns) == 0 {
		had := map[string]bool{}
		for _, name := range names(cols) {
			if had[name] {
				return nil, ast.Errorf(c.item.Query.Pos(), "Column has duplicate column name '%s' and no column list specified", name)
			}
			had[name] = true
		}
		return n, nil
	}
	if d := twice(c.item.Columns); d != nil {
		return nil, ast.Errorf(d.Pos(), "Duplicate name '%s' in column list", d.Name)
	}
	if len(c.item.Columns) != len(cols) {
		return nil, ast.Errorf(c.item.Columns[0].Pos(), "Number of columns must match number of query columns: '%s' has %d, its query %d", c.item.Name.Name, len(c.item.Columns), len(cols))
	}
	to := make([]string, len(cols))
	for i, n := range c.item.Columns {
		to[i] = n.Name
	}
	return rename(n, to), nil
}

// view binds a view's query, from where it was created.
func (b *Binder) view(t *catalog.Table, pos ast.Pos) (logical.Node, error) {
	if slices.Contains(b.views, t.Path) {
		return nil, ast.Errorf(pos, "view '%s' is defined by itself", t.Path)
	}
	b.views = append(b.views, t.Path)
	ctes, current, database := b.ctes, b.Catalog.Current, b.Catalog.Database
	b.ctes, b.Catalog.Current, b.Catalog.Database = nil, t.View.Catalog, t.View.Database
	defer func() {
		b.views = b.views[:len(b.views)-1]
		b.ctes, b.Catalog.Current, b.Catalog.Database = ctes, current, database
	}()
	n, err := b.Query(t.View.Query)
	if err != nil {
		return nil, ast.Errorf(pos, "view '%s': %w", t.Path.Name, err)
	}
	if len(n.Schema()) != len(t.Columns) {
		return nil, ast.Errorf(pos, "view '%s' has %d columns, but its query now gives %d: its tables have changed; create it again", t.Path.Name, len(t.Columns), len(n.Schema()))
	}
	to := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		to[i] = c.Name
	}
	return rename(n, to), nil
}

// ViewColumns binds a view's query to learn its columns.
func (b *Binder) ViewColumns(q *ast.Query, given []ast.Ident) ([]catalog.Column, error) {
	n, err := b.Query(q)
	if err != nil {
		return nil, err
	}
	cols := n.Schema()
	if len(given) > 0 && len(given) != len(cols) {
		return nil, ast.Errorf(given[0].Pos(), "VIEW definition and input fields not match:\n\tDef fields: %d columns.\n\tInput fields: %s.", len(given), describe(cols))
	}
	if err := differentNames(q, cols, given); err != nil {
		return nil, err
	}
	out := make([]catalog.Column, len(cols))
	for i, c := range cols {
		out[i] = catalog.Column{Name: c.Name, Type: c.Type}
		if len(given) > 0 {
			out[i].Name = given[i].Name
		}
	}
	return out, nil
}

// differentNames refuses a view with two columns of one name. What a single star
// brings does not count among itself: those columns get names of their own.
func differentNames(q *ast.Query, cols []data.Column, given []ast.Ident) error {
	s := firstSelect(q.Body)
	if s == nil {
		return nil
	}
	type written struct {
		name string
		star bool
		pos  ast.Pos
	}
	var all []written
	stars := 0
	for _, it := range s.Items {
		if _, ok := it.Expr.(*ast.Star); ok {
			stars++
		}
	}
	for _, it := range s.Items {
		at := it.Expr.Pos()
		if _, ok := it.Expr.(*ast.Star); ok {
			if stars > 1 {
				return nil
			}
			for range len(cols) - len(s.Items) + 1 {
				all = append(all, written{name: cols[len(all)].Name, star: true, pos: at})
			}
			continue
		}
		all = append(all, written{name: columnName(it, len(all)), pos: at})
	}
	first := map[string]written{}
	for i, w := range all {
		if i < len(given) {
			w.name, w.star = given[i].Name, false
		}
		before, there := first[w.name]
		if there && !(w.star && before.star) {
			return ast.Errorf(before.pos, "A column with the same name `%s` has been defined at %s.", w.name, before.pos)
		}
		if !there {
			first[w.name] = w
		}
	}
	return nil
}

// firstSelect is the SELECT that names the columns of a query.
func firstSelect(body ast.QueryBody) *ast.Select {
	switch b := body.(type) {
	case *ast.Select:
		return b
	case *ast.SetOp:
		return firstSelect(b.Left)
	case *ast.Query:
		return firstSelect(b.Body)
	}
	return nil
}
