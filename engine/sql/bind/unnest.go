package bind

import (
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// unnest binds UNNEST beside what is left of it: each row of left once for each
// element. j is nil where nothing stands left of it.
func (b *Binder) unnest(left logical.Node, ls *scope, r *ast.Unnest, j *ast.Join) (logical.Node, *scope, error) {
	if len(r.Exprs) != 1 {
		return nil, nil, unsupported(r.Pos(), "UNNEST of several collections is")
	}
	e, err := (&exprBinder{b: b, scope: ls}).bind(r.Exprs[0])
	if err != nil {
		return nil, nil, err
	}
	columns, err := elementColumns(r, e)
	if err != nil {
		return nil, nil, err
	}
	return b.expand(left, ls, e, columns, r.WithOrdinality, r.Alias, j)
}

// expand gives each row of left once for each element of the collection e,
// with the elements' columns.
func (b *Binder) expand(left logical.Node, ls *scope, e expr.Expr, columns []data.Column, ordinality bool, alias *ast.TableAlias, j *ast.Join) (logical.Node, *scope, error) {
	outer := j != nil && j.Kind == ast.LeftJoin
	if ordinality {
		columns = append(columns, data.Column{Name: "ORDINALITY", Type: data.Type{Kind: data.Int}})
	}
	if outer {
		for i := range columns {
			columns[i].Type.Nullable = true
		}
	}
	width := len(left.Schema())
	below, at := extended(left, []expr.Expr{e})
	u := &logical.Unnest{Input: below, Spec: graph.Unnest{Column: at[0], Ordinality: ordinality, Left: outer}, Columns: columns}
	rs := &scope{columns: columns, tables: []scopeTable{{to: len(columns)}}}
	if alias != nil {
		v := &logical.Values{Columns: columns}
		named, s, err := b.aliased(v, alias, "")
		if err != nil {
			return nil, nil, err
		}
		u.Columns, rs = named.Schema(), s
	}
	sc := ls.beside(rs)
	var cond *expr.Expr
	if j != nil {
		var err error
		if cond, err = b.unnestCondition(j, sc); err != nil {
			return nil, nil, err
		}
	}
	extra := len(below.Schema()) - width
	if cond != nil && outer {
		moved := movedFrom(*cond, width, extra)
		u.Spec.Condition = &moved
	}
	var n logical.Node = u
	if extra > 0 { // without the collection that was computed
		p := &logical.Project{Input: u, Columns: sc.columns}
		for i, c := range sc.columns {
			if i >= width {
				i += extra
			}
			p.Exprs = append(p.Exprs, expr.Column(i, c.Type))
		}
		n = p
	}
	if cond != nil && !outer {
		n = &logical.Filter{Input: n, Cond: *cond}
	}
	return n, sc, nil
}

// unnestCondition binds what a join with UNNEST asks for; nil: nothing.
func (b *Binder) unnestCondition(j *ast.Join, sc *scope) (*expr.Expr, error) {
	switch {
	case j.Kind == ast.RightJoin || j.Kind == ast.FullJoin:
		return nil, ast.Planf(j.Pos(), "Unknown join type %s: UNNEST can only be joined with CROSS JOIN, INNER JOIN or LEFT JOIN, it depends on the rows left of it", j.Kind)
	case j.Natural || j.Using != nil:
		return nil, unsupported(j.Pos(), "NATURAL JOIN or USING with UNNEST is")
	case j.On == nil && (j.Kind == ast.InnerJoin || j.Kind == ast.LeftJoin):
		return nil, ast.Errorf(j.Pos(), "INNER, LEFT, RIGHT or FULL join requires a condition (NATURAL keyword or ON or USING clause)")
	case j.On == nil:
		return nil, nil
	}
	cond, err := b.condition(&exprBinder{b: b, scope: sc}, j.On, "ON")
	if err != nil || cond.Kind == expr.KindLiteral && !cond.Value.Null && cond.Value.I != 0 {
		return nil, err
	}
	return &cond, nil
}

// movedFrom shifts the columns from one on.
func movedFrom(e expr.Expr, from, by int) expr.Expr {
	if e.Kind == expr.KindColumn && e.Index >= from {
		e.Index += by
	}
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = movedFrom(a, from, by)
		}
		e.Args = args
	}
	return e
}

// elementColumns are the columns of a collection's elements.
func elementColumns(r *ast.Unnest, e expr.Expr) ([]data.Column, error) {
	t := e.Type
	switch t.Kind {
	case data.Map:
		return []data.Column{{Name: "KEY", Type: t.Args[0]}, {Name: "VALUE", Type: t.Args[1]}}, nil
	case data.Array, data.Multiset:
	default:
		return nil, ast.Errorf(r.Pos(), "Cannot apply 'UNNEST' to arguments of type 'UNNEST(<%s>)'. Supported form(s): 'UNNEST(<MULTISET>)' 'UNNEST(<ARRAY>)' 'UNNEST(<MAP>)'", typing.Name(t))
	}
	item := t.Args[0]
	if item.Kind != data.Row {
		return []data.Column{{Name: "EXPR$0", Type: item}}, nil
	}
	var out []data.Column
	for i, f := range item.Args {
		name := "EXPR$" + strconv.Itoa(i)
		if i < len(item.Names) {
			name = item.Names[i]
		}
		f.Nullable = f.Nullable || item.Nullable
		out = append(out, data.Column{Name: name, Type: f})
	}
	return out, nil
}
