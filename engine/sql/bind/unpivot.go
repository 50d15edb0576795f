package bind

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// unpivot binds t UNPIVOT (measure FOR axis IN (a, b AS 'x')): each row once for
// each item, with the item's columns as measures.
func (b *Binder) unpivot(r *ast.Unpivot) (logical.Node, *scope, error) {
	input, sc, err := b.from(r.Input)
	if err != nil {
		return nil, nil, err
	}
	in := input.Schema()
	gone := map[int]bool{}
	items := make([][]int, len(r.In))
	for i, item := range r.In {
		if len(item.Columns) != len(r.Measures) {
			return nil, nil, ast.Errorf(item.Pos(), "In UNPIVOT, cardinality of measure list (%d) must match that of the item (%d)", len(r.Measures), len(item.Columns))
		}
		for _, id := range item.Columns {
			e, err := sc.resolve(&ast.Name{Span: id.Span, Parts: []ast.Ident{id}})
			if err != nil {
				return nil, nil, err
			}
			items[i] = append(items[i], e.Index)
			gone[e.Index] = true
		}
	}
	number := data.Column{Name: "$item", Type: data.Type{Kind: data.Int}}
	u := &logical.Unnest{Input: input, Spec: graph.Unnest{Column: -1, Times: int64(len(items)), Ordinality: true}, Columns: []data.Column{number}}
	p := &logical.Project{Input: u}
	add := func(e expr.Expr, name string) {
		p.Exprs, p.Columns = append(p.Exprs, e), append(p.Columns, data.Column{Name: name, Type: e.Type})
	}
	for i, c := range in {
		if !gone[i] {
			add(expr.Column(i, c.Type), c.Name)
		}
	}
	choose := func(values []expr.Expr, pos ast.Pos) (expr.Expr, error) {
		types := make([]data.Type, len(values))
		for i, v := range values {
			types[i] = v.Type
		}
		t, ok := typing.Common(types...)
		if !ok {
			return expr.Expr{}, ast.Errorf(pos, "In UNPIVOT, the items have types without a common one")
		}
		var args []expr.Expr
		for i, v := range values[:len(values)-1] {
			is := call("=", boolean(false), expr.Column(len(in), number.Type), intLiteral(int64(i+1)))
			args = append(args, is, convert(v, t))
		}
		if args = append(args, convert(values[len(values)-1], t)); len(args) == 1 {
			return args[0], nil
		}
		return call("CASE", t, args...), nil
	}
	for k, axis := range r.Axis {
		values, err := b.axisValues(r, k)
		if err != nil {
			return nil, nil, err
		}
		e, err := choose(values, axis.Pos())
		if err != nil {
			return nil, nil, err
		}
		add(e, axis.Name)
	}
	first := len(p.Exprs)
	for k, m := range r.Measures {
		values := make([]expr.Expr, len(items))
		for i, item := range items {
			values[i] = expr.Column(item[k], in[item[k]].Type)
		}
		e, err := choose(values, m.Pos())
		if err != nil {
			return nil, nil, err
		}
		add(e, m.Name)
	}
	var n logical.Node = p
	if !r.IncludeNulls {
		n = withMeasures(p, first)
	}
	return b.aliased(n, r.Alias, "")
}

// axisValues are what the items are called on an axis.
func (b *Binder) axisValues(r *ast.Unpivot, axis int) ([]expr.Expr, error) {
	width := 0
	for _, item := range r.In {
		width = max(width, len([]rune(itemName(item))))
	}
	values := make([]expr.Expr, len(r.In))
	for i, item := range r.In {
		if len(item.Values) == 0 {
			values[i] = expr.Literal(data.Value{S: itemName(item)}, data.Type{Kind: data.VarChar, Precision: width})
			continue
		}
		if len(item.Values) != len(r.Axis) {
			return nil, ast.Errorf(item.Pos(), "In UNPIVOT, cardinality of axis list (%d) must match that of the item's values (%d)", len(r.Axis), len(item.Values))
		}
		e, err := (&exprBinder{b: b, scope: &scope{}}).bind(item.Values[axis])
		if err != nil {
			return nil, err
		}
		values[i] = e
	}
	return values, nil
}

func itemName(item ast.UnpivotItem) string {
	s := ""
	for i, c := range item.Columns {
		if i > 0 {
			s += "_"
		}
		s += c.Name
	}
	return s
}

// withMeasures leaves out the rows whose measures, from a column on, are all NULL.
func withMeasures(p *logical.Project, first int) logical.Node {
	var some []expr.Expr
	for i, c := range p.Columns[first:] {
		some = append(some, call("IS NOT NULL", boolean(false), expr.Column(first+i, c.Type)))
	}
	cond := some[0]
	if len(some) > 1 {
		cond = call("OR", boolean(false), some...)
	}
	out := &logical.Project{Input: &logical.Filter{Input: p, Cond: cond}, Columns: slices.Clone(p.Columns)}
	for i := range out.Columns {
		if i == first && len(some) == 1 {
			out.Columns[i].Type.Nullable = false
		}
		out.Exprs = append(out.Exprs, expr.Column(i, out.Columns[i].Type))
	}
	return out
}
