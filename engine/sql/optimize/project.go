package optimize

import (
	"reflect"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

func mergeProjects(n logical.Node, c *Context) logical.Node {
	p, ok := n.(*logical.Project)
	if !ok {
		return nil
	}
	below, ok := p.Input.(*logical.Project)
	if !ok {
		return nil
	}
	used := map[int]int{}
	for _, e := range p.Exprs {
		uses(e, used)
	}
	for i, count := range used {
		if count > 1 && c.volatile(below.Exprs[i]) {
			return nil // it would be asked twice, and answer differently
		}
	}
	out := &logical.Project{Input: below.Input, Columns: p.Columns, Exprs: make([]expr.Expr, len(p.Exprs))}
	total := 0
	for i, e := range p.Exprs {
		out.Exprs[i] = substitute(e, below.Exprs)
		total += size(out.Exprs[i])
	}
	if total > maxSize*max(1, len(p.Exprs)/10) {
		return nil
	}
	return out
}

// dropProject drops a projection that only gives its input's columns in order
// under their names, types and time attributes.
func dropProject(n logical.Node, _ *Context) logical.Node {
	p, ok := n.(*logical.Project)
	if !ok {
		return nil
	}
	in := p.Input.Schema()
	if len(in) != len(p.Exprs) {
		return nil
	}
	for i, e := range p.Exprs {
		if e.Kind != expr.KindColumn || e.Index != i || !reflect.DeepEqual(in[i], p.Columns[i]) {
			return nil
		}
	}
	return p.Input
}

// useFilterConstants puts constants for columns that the filter below compares
// for equality.
func useFilterConstants(n logical.Node, c *Context) logical.Node {
	p, ok := n.(*logical.Project)
	if !ok {
		return nil
	}
	f, ok := p.Input.(*logical.Filter)
	if !ok {
		return nil
	}
	known := map[int]expr.Expr{}
	for _, x := range conjuncts(f.Cond) {
		if x.Kind != expr.KindCall || x.Func != "=" {
			continue
		}
		col, lit := x.Args[0], x.Args[1]
		if col.Kind == expr.KindLiteral {
			col, lit = lit, col
		}
		if col.Kind != expr.KindColumn || lit.Kind != expr.KindLiteral || lit.Value.Null || col.Type.TimeAttr != data.NoTimeAttr {
			continue
		}
		if typing.Integer(col.Type) || col.Type.Kind == data.Boolean || col.Type.Kind == data.Date {
			known[col.Index] = expr.Literal(lit.Value, col.Type)
		}
	}
	if len(known) == 0 {
		return nil
	}
	changed := false
	out := *p
	out.Exprs = make([]expr.Expr, len(p.Exprs))
	for i, e := range p.Exprs {
		out.Exprs[i] = transform(e, func(x expr.Expr) expr.Expr {
			if lit, ok := known[x.Index]; ok && x.Kind == expr.KindColumn {
				changed = true
				return lit
			}
			return x
		})
	}
	if !changed {
		return nil
	}
	return &out
}

// maxFolded bounds the rows that are computed while planning.
const maxFolded = 10_000

func projectValues(n logical.Node, c *Context) logical.Node {
	p, ok := n.(*logical.Project)
	if !ok {
		return nil
	}
	v, ok := p.Input.(*logical.Values)
	if !ok {
		return nil
	}
	if len(v.Rows) > maxFolded {
		return nil
	}
	out := &logical.Values{Columns: p.Columns}
	for _, r := range v.Rows {
		literals := make([]expr.Expr, len(r))
		for i, x := range r {
			literals[i] = expr.Literal(x, v.Columns[i].Type)
		}
		row := make([]data.Value, len(p.Exprs))
		for i, e := range p.Exprs {
			e = transform(substitute(e, literals), func(x expr.Expr) expr.Expr { y, _ := c.fold(x); return y })
			if e.Kind != expr.KindLiteral {
				return nil
			}
			row[i] = e.Value
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
