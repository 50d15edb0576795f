package bind

import (
	"slices"
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// cteScope is the WITH items that names may mean.
type cteScope struct {
	item  *ast.CTE
	outer *cteScope
}

// Query binds a query. Its columns have different names.
func (b *Binder) Query(q *ast.Query) (logical.Node, error) {
	n, err := b.query(q)
	if err != nil {
		return nil, err
	}
	if len(n.Schema()) > maxColumns {
		return nil, ast.Errorf(q.Pos(), "the query has %d columns; at most %d are possible", len(n.Schema()), maxColumns)
	}
	return rename(n, unique(names(n.Schema()))), nil
}

// unique numbers names that occur again: code, code0, code1.
func unique(names []string) []string {
	taken := map[string]bool{}
	for _, n := range names {
		taken[n] = true
	}
	seen := map[string]bool{}
	next := map[string]int{} // the numbers below are taken
	out := make([]string, len(names))
	for i, n := range names {
		if seen[n] {
			k := next[n]
			for taken[n+strconv.Itoa(k)] {
				k++
			}
			next[n] = k + 1
			n += strconv.Itoa(k)
			taken[n] = true
		}
		seen[n] = true
		out[i] = n
	}
	return out
}

// rename gives n other column names.
func rename(n logical.Node, to []string) logical.Node {
	in := n.Schema()
	p := &logical.Project{Input: n}
	changed := false
	for i, c := range in {
		p.Exprs = append(p.Exprs, expr.Column(i, c.Type))
		changed = changed || c.Name != to[i]
		c.Name = to[i]
		p.Columns = append(p.Columns, c)
	}
	if !changed {
		return n
	}
	if below, ok := n.(*logical.Project); ok {
		return &logical.Project{Input: below.Input, Exprs: below.Exprs, Columns: p.Columns}
	}
	return p
}

func (b *Binder) query(q *ast.Query) (logical.Node, error) {
	leave, err := b.enter(q.Pos())
	if err != nil {
		return nil, err
	}
	defer leave()
	if q.With != nil {
		if q.With.Recursive {
			return nil, unsupported(q.With.Pos(), "WITH RECURSIVE is")
		}
		outer := b.ctes
		defer func() { b.ctes = outer }()
		for i := range q.With.Items {
			b.ctes = &cteScope{item: &q.With.Items[i], outer: b.ctes}
		}
	}
	n, err := b.body(q.Body)
	if err != nil {
		return nil, err
	}
	return b.ordered(q, n)
}

func (b *Binder) body(body ast.QueryBody) (logical.Node, error) {
	switch q := body.(type) {
	case *ast.Select:
		return b.selectOf(q)
	case *ast.Query:
		return b.query(q)
	case *ast.Values:
		n, err := b.values(q)
		return b.carry(n), err
	case *ast.ExplicitTable:
		n, _, err := b.tableName(&ast.TableName{Span: q.Span, Name: q.Name})
		return b.carry(n), err
	case *ast.SetOp:
		return b.setOp(q)
	}
	return nil, unsupported(body.Pos(), "this query is")
}

// carry puts rows that use nothing of the query around theirs beside its values.
func (b *Binder) carry(n logical.Node) logical.Node {
	if b.correlation == nil || n == nil {
		return n
	}
	n, _ = b.correlation.within(n, &scope{columns: n.Schema()})
	return n
}

func (b *Binder) setOp(q *ast.SetOp) (logical.Node, error) {
	name := string(q.Kind)
	if q.All {
		name += " ALL"
	}
	var bodies []ast.QueryBody // a chain of UNION ALL is one union
	var collect func(x ast.QueryBody)
	collect = func(x ast.QueryBody) {
		if s, ok := x.(*ast.SetOp); ok && s.Kind == ast.Union && s.All && q.All {
			collect(s.Left)
			collect(s.Right)
			return
		}
		bodies = append(bodies, x)
	}
	if collect(q.Left); q.Kind != ast.Union {
		bodies = []ast.QueryBody{q.Left}
		collect = func(x ast.QueryBody) { bodies = append(bodies, x) }
	}
	collect(q.Right)
	u := &logical.Union{}
	for _, x := range bodies {
		n, err := b.body(x)
		if err != nil {
			return nil, err
		}
		if len(u.Children) > 0 && len(n.Schema()) != len(u.Children[0].Schema()) {
			return nil, ast.Errorf(firstItem(x, 0), "Column count mismatch in %s", name)
		}
		u.Children = append(u.Children, n)
	}
	for i, c := range u.Children[0].Schema() {
		types := make([]data.Type, len(u.Children))
		attr := c.Type.TimeAttr
		for k, n := range u.Children {
			types[k] = n.Schema()[i].Type
			if types[k].TimeAttr != attr {
				attr = data.NoTimeAttr
			}
		}
		t, ok := typing.Common(types...)
		if !ok {
			return nil, ast.Errorf(firstItem(bodies[0], i), "Type mismatch in column %d of %s", i+1, name)
		}
		t.TimeAttr = attr
		u.Columns = append(u.Columns, data.Column{Name: c.Name, Type: t})
	}
	for k, n := range u.Children {
		u.Children[k] = fit(n, u.Columns)
	}
	switch {
	case q.Kind == ast.Union && q.All:
		return u, nil
	case q.Kind == ast.Union:
		return distinct(u, q.Pos()), nil
	case q.All:
		return b.counted(q, u), nil
	}
	// What is equal, NULL to NULL, is looked for on the other side.
	left, right := distinct(u.Children[0], q.Pos()), u.Children[1]
	j := &logical.Join{Left: left, Right: right, Kind: graph.SemiJoin, Pos: q.Pos()}
	if q.Kind == ast.Except {
		j.Kind = graph.AntiJoin
	}
	var conds []expr.Expr
	for i, c := range u.Columns {
		t := withoutTime(c.Type)
		conds = append(conds, call("IS NOT DISTINCT FROM", boolean(false),
			expr.Column(i, t.WithNull(left.Schema()[i].Type.Nullable)), expr.Column(len(u.Columns)+i, t.WithNull(right.Schema()[i].Type.Nullable))))
	}
	j.Cond = allOf(conds)
	return j, nil
}

// counted is INTERSECT ALL and EXCEPT ALL: each row is counted on both sides, and
// given as often as is left.
func (b *Binder) counted(q *ast.SetOp, u *logical.Union) logical.Node {
	n := len(u.Columns)
	count := data.Column{Name: "$n", Type: data.Type{Kind: data.BigInt}}
	one, none := expr.Literal(data.Value{I: 1}, count.Type), expr.Literal(data.Value{}, count.Type)
	both := &logical.Union{Columns: append(slices.Clone(u.Columns), count, count)}
	for side, in := range u.Children {
		p := &logical.Project{Input: in}
		for i, c := range in.Schema() {
			p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, c.Type)), append(p.Columns, c)
		}
		marks := []expr.Expr{one, none}
		p.Exprs, p.Columns = append(p.Exprs, marks[side], marks[1-side]), append(p.Columns, count, count)
		both.Children = append(both.Children, p)
	}
	a := &logical.Aggregate{Input: both, Keys: firstIndexes(n), Names: []string{"$l", "$r"}, Pos: q.Pos(), Aggs: []graph.AggCall{
		{Func: "SUM0", Args: []int{n}, Filter: -1, Type: count.Type}, {Func: "SUM0", Args: []int{n + 1}, Filter: -1, Type: count.Type},
	}}
	l, r := expr.Column(n, count.Type), expr.Column(n+1, count.Type)
	times := call("CASE", count.Type, call("<", boolean(false), l, r), l, r)
	if q.Kind == ast.Except {
		times = call("-", count.Type, l, r)
	}
	p := &logical.Project{Input: a}
	for i, c := range a.Schema()[:n] {
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, c.Type)), append(p.Columns, c)
	}
	p.Exprs, p.Columns = append(p.Exprs, times), append(p.Columns, count)
	return firstColumns(&logical.Unnest{Input: p, Spec: graph.Unnest{Column: -1, Count: n}}, n)
}

func firstItem(body ast.QueryBody, i int) ast.Pos {
	switch q := body.(type) {
	case *ast.Select:
		if i >= 0 && i < len(q.Items) {
			return q.Items[i].Expr.Pos()
		}
	case *ast.Query:
		return firstItem(q.Body, i)
	case *ast.SetOp:
		return firstItem(q.Left, i)
	}
	return body.Pos()
}

// fit converts n's columns to others' types.
func fit(n logical.Node, to []data.Column) logical.Node {
	p := &logical.Project{Input: n, Columns: make([]data.Column, len(to))}
	same := true
	for i, c := range n.Schema() {
		e := convert(expr.Column(i, c.Type), to[i].Type)
		same = same && e.Kind == expr.KindColumn
		p.Exprs = append(p.Exprs, e)
		p.Columns[i] = data.Column{Name: to[i].Name, Type: to[i].Type.WithNull(c.Type.Nullable)}
	}
	if same {
		return n
	}
	return p
}

// distinct groups by all columns.
func distinct(n logical.Node, pos ast.Pos) *logical.Aggregate {
	a := &logical.Aggregate{Input: n, Pos: pos}
	for i := range n.Schema() {
		a.Keys = append(a.Keys, i)
	}
	return a
}

func oneRow() *logical.Values {
	return &logical.Values{Columns: []data.Column{{Name: "ZERO", Type: data.Type{Kind: data.Int}}}, Rows: [][]data.Value{{{}}}}
}

func (b *Binder) values(q *ast.Values) (logical.Node, error) {
	x := &exprBinder{b: b, scope: &scope{}}
	var rows [][]expr.Expr
	for _, r := range q.Rows {
		row, err := x.bindAll(r.Items...)
		if err != nil {
			return nil, err
		}
		for i, e := range row {
			if isNull(e) {
				return nil, illegalNull(r.Items[i].Pos())
			}
		}
		if len(rows) > 0 && len(row) != len(rows[0]) {
			return nil, ast.Errorf(q.Pos(), "Values passed to VALUES operator must have compatible types: a row has %d values, another %d", len(rows[0]), len(row))
		}
		rows = append(rows, row)
	}
	cols := make([]data.Column, len(rows[0]))
	literal := true
	for i := range cols {
		types := make([]data.Type, len(rows))
		for k, r := range rows {
			types[k] = r[i].Type
		}
		t, ok := typing.Common(types...)
		if !ok {
			return nil, ast.Errorf(q.Pos(), "Values passed to VALUES operator must have compatible types: column %d is %s in one row and %s in another", i+1, typing.Name(types[0]), typing.Name(types[len(types)-1]))
		}
		cols[i] = data.Column{Name: "EXPR$" + strconv.Itoa(i), Type: t}
		for k := range rows {
			rows[k][i] = convert(rows[k][i], t)
			literal = literal && rows[k][i].Kind == expr.KindLiteral
		}
	}
	if literal {
		v := &logical.Values{Columns: cols}
		for _, r := range rows {
			row := make([]data.Value, len(r))
			for i, e := range r {
				row[i] = e.Value
			}
			v.Rows = append(v.Rows, row)
		}
		return v, nil
	}
	u := &logical.Union{Columns: cols}
	for _, r := range rows {
		u.Children = append(u.Children, &logical.Project{Input: oneRow(), Exprs: r, Columns: cols})
	}
	if len(u.Children) == 1 {
		return u.Children[0], nil
	}
	return u, nil
}
