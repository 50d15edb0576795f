package bind

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// scope is the columns that names may mean, by the tables they are of.
type scope struct {
	columns []data.Column
	tables  []scopeTable
	// merged is what a star stands for where joins gave columns of both sides
	// once; nil: all columns.
	merged []mergedColumn
	// shared are the columns of USING and NATURAL, by the names that both sides have.
	shared []sharedColumn
	// outer is how many of the columns, the first ones, are of the query around
	// this one: they are meant only where no other is.
	outer int
	// carried tells that the outer columns are given on with the rows; touched,
	// where present, is told of those that are used.
	carried bool
	touched map[int]bool
}

// touch notes the use of a column.
func (s *scope) touch(i int) {
	if s.touched != nil && (i < s.outer || !s.carried) {
		s.touched[i] = true
	}
}

type mergedColumn struct {
	name  string
	value expr.Expr
}

// sharedColumn is what a name without a table means after a join by that name,
// although several columns have it.
type sharedColumn struct {
	name  string
	value expr.Expr
	of    []int // the columns of that name
}

// moved shifts the places of a sharedColumn, or maps them; it is gone where one
// of them is no more.
func (c sharedColumn) moved(to func(int) (int, bool)) (sharedColumn, bool) {
	of := make([]int, len(c.of))
	for i, k := range c.of {
		at, ok := to(k)
		if !ok {
			return c, false
		}
		of[i] = at
	}
	c.of = of
	c.value = mapped(c.value, func(k int) int { at, _ := to(k); return at })
	return c, true
}

// mapped gives columns other places.
func mapped(e expr.Expr, to func(int) int) expr.Expr {
	if e.Kind == expr.KindColumn {
		e.Index = to(e.Index)
	}
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = mapped(a, to)
		}
		e.Args = args
	}
	return e
}

type scopeTable struct {
	name     string   // alias; empty: it has none
	path     []string // catalog, database and table, where it is called by its own name
	from, to int      // its columns
}

// named tells how many of the parts of a dotted name are the table's; 0: none.
func (t scopeTable) named(parts []ast.Ident) int {
	if t.name != "" && t.name == parts[0].Name {
		return 1
	}
	for n := 2; n <= len(t.path) && n < len(parts); n++ {
		if slices.EqualFunc(parts[:n], t.path[len(t.path)-n:], func(p ast.Ident, name string) bool { return p.Name == name }) {
			return n
		}
	}
	return 0
}

// resolve finds what a dotted name means: a column, and fields within it.
func (s *scope) resolve(n *ast.Name) (expr.Expr, error) {
	parts := n.Parts
	if len(parts) > 1 {
		for k := len(s.tables) - 1; k >= 0; k-- { // of two, that of the inner query
			if n := s.tables[k].named(parts); n > 0 {
				return s.inTable(s.tables[k], parts[n-1:])
			}
		}
	}
	first := parts[0]
	found, several := -1, false
	for i, c := range s.columns {
		if c.Name == first.Name {
			several = found >= s.outer || found >= 0 && i < s.outer
			found = i
		}
	}
	if several {
		e, ok := s.sharedBy(first.Name, found)
		if !ok {
			return expr.Expr{}, ast.Errorf(first.Pos(), "Column '%s' is ambiguous", first.Name)
		}
		return fields(e, parts[1:], first.Pos(), first.Name)
	}
	if found >= 0 {
		s.touch(found)
		return fields(expr.Column(found, s.columns[found].Type), parts[1:], first.Pos(), first.Name)
	}
	if len(parts) > 1 {
		names := make([]string, 0, len(s.tables))
		for _, t := range s.tables {
			names = append(names, t.name)
		}
		return expr.Expr{}, ast.Errorf(first.Pos(), "Table '%s' not found%s", first.Name, meant(first.Name, names))
	}
	return expr.Expr{}, ast.Errorf(first.Pos(), "Column '%s' not found in any table%s", first.Name, meant(first.Name, names(s.columns)))
}

// apart is the scope of conditions, where Flink wants columns of USING with their
// table.
func (s *scope) apart() *scope {
	if s.shared == nil {
		return s
	}
	out := *s
	out.shared = nil
	return &out
}

// sharedBy is what a name of several columns means: those of the query itself, if
// the last of them is, that a join has made one.
func (s *scope) sharedBy(name string, last int) (expr.Expr, bool) {
	var all []int
	for i, c := range s.columns {
		if c.Name == name && (i >= s.outer) == (last >= s.outer) {
			all = append(all, i)
		}
	}
	for _, c := range s.shared {
		if c.name == name && slices.Equal(c.of, all) {
			for _, i := range c.of {
				s.touch(i)
			}
			return c.value, true
		}
	}
	return expr.Expr{}, false
}

func (s *scope) inTable(t scopeTable, parts []ast.Ident) (expr.Expr, error) {
	col := parts[1]
	found := -1
	for i := t.from; i < t.to; i++ {
		if s.columns[i].Name == col.Name {
			if found >= 0 {
				return expr.Expr{}, ast.Errorf(col.Pos(), "Column '%s' is ambiguous", col.Name)
			}
			found = i
		}
	}
	if found < 0 {
		return expr.Expr{}, ast.Errorf(col.Pos(), "Column '%s' not found in table '%s'%s", col.Name, t.name, meant(col.Name, names(s.columns[t.from:t.to])))
	}
	s.touch(found)
	e, err := fields(expr.Column(found, s.columns[found].Type), parts[2:], col.Pos(), col.Name)
	if bad, ok := err.(*ast.Error); ok {
		bad.Message = strings.Replace(bad.Message, "in any table", "in table '"+t.name+"'", 1)
	}
	return e, err
}

// fields goes down from a ROW by names.
func fields(e expr.Expr, path []ast.Ident, pos ast.Pos, written string) (expr.Expr, error) {
	for _, p := range path {
		written += "." + p.Name
		f, ok := field(e, p.Name)
		if !ok {
			near := ""
			if e.Type.Kind == data.Row {
				near = meant(p.Name, e.Type.Names)
			}
			return e, ast.Errorf(pos, "Column '%s' not found in any table%s", written, near)
		}
		e = f
	}
	return e, nil
}

func field(e expr.Expr, name string) (expr.Expr, bool) {
	if e.Type.Kind != data.Row {
		return e, false
	}
	for i, n := range e.Type.Names {
		if n == name {
			return fieldAt(e, i), true
		}
	}
	return e, false
}

func fieldAt(e expr.Expr, i int) expr.Expr {
	t := e.Type.Args[i]
	t.Nullable = t.Nullable || e.Type.Nullable
	return expr.Call("FIELD", t, e, intLiteral(int64(i)))
}

func names(cols []data.Column) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.Name
	}
	return out
}

// meant is "; did you mean 'x'?" if one of the names is like the one written.
func meant(written string, among []string) string {
	if near := option.Nearest(written, among); near != "" && near != written {
		return "; did you mean '" + near + "'?"
	}
	return ""
}
