package bind

import (
	"math"
	"slices"
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// ordered puts ORDER BY, OFFSET and LIMIT over a query, with Flink's words
// where Flink refuses too.
func (b *Binder) ordered(q *ast.Query, n logical.Node) (logical.Node, error) {
	if len(q.OrderBy) == 0 && q.Limit == nil && q.Offset == nil {
		return n, nil
	}
	in := n.Schema()
	carried := 0
	if b.correlation != nil {
		carried = len(b.correlation.scope.columns)
	}
	n, list, keys, err := b.outputOrder(q, n, carried)
	if err != nil {
		return nil, err
	}
	if b.Batch && carried == 0 && len(keys) > 0 {
		return b.sorted(q, n, list, keys, len(in))
	}
	if q.Limit == nil && b.Batch && carried == 0 {
		offset, err := b.rowCount(q.Offset)
		return &logical.Limit{Input: n, Offset: offset, Count: maxRows}, err
	}
	if q.Limit == nil {
		if len(q.OrderBy) > 0 && (list[0].Type.TimeAttr == data.NoTimeAttr || q.OrderBy[0].Desc) && q.Offset == nil {
			return nil, ast.Planf(q.OrderBy[0].Pos(), "Sort on a non-time-attribute field is not supported.")
		}
		if q.Offset != nil {
			return nil, ast.Planf(q.Offset.Pos(), "FETCH is missed, which on streaming table is not supported currently.")
		}
		if list[0].Type.TimeAttr != data.EventTime {
			return firstColumns(n, len(in)), nil // rows come in that order
		}
		below, at := extended(n, list)
		for i := range keys {
			keys[i].Column = at[i]
		}
		return firstColumns(&logical.Sort{Input: below, Order: keys, Pos: q.OrderBy[0].Pos()}, len(in)), nil
	}
	count, err := b.rowCount(q.Limit)
	if err != nil {
		return nil, err
	}
	offset := int64(0)
	if q.Offset != nil {
		if offset, err = b.rowCount(q.Offset); err != nil {
			return nil, err
		}
	}
	if count == 0 {
		return &logical.Values{Columns: in}, nil
	}
	if len(keys) == 0 && carried == 0 {
		return &logical.Limit{Input: n, Offset: offset, Count: count}, nil
	}
	below, at := extended(n, list)
	for i := range keys {
		keys[i].Column = at[i]
	}
	top := &logical.TopN{Input: below, Keys: firstIndexes(carried), Order: keys, From: offset + 1, To: offset + count, Bounded: true, Pos: q.Limit.Pos()}
	return firstColumns(top, len(in)), nil
}

// sorted puts all rows in order, where they end, and gives a part of them.
func (b *Binder) sorted(q *ast.Query, n logical.Node, list []expr.Expr, keys []graph.SortKey, width int) (logical.Node, error) {
	below, at := extended(n, list)
	for i := range keys {
		keys[i].Column = at[i]
	}
	var out logical.Node = &logical.Sort{Input: below, Order: keys, Pos: q.OrderBy[0].Pos()}
	if q.Limit != nil || q.Offset != nil {
		l := &logical.Limit{Input: out, Count: maxRows}
		var err error
		if q.Limit != nil {
			if l.Count, err = b.rowCount(q.Limit); err != nil {
				return nil, err
			}
		}
		if q.Offset != nil {
			if l.Offset, err = b.rowCount(q.Offset); err != nil {
				return nil, err
			}
		}
		if l.Count == 0 {
			return &logical.Values{Columns: n.Schema()[:width]}, nil
		}
		out = l
	}
	return firstColumns(out, width), nil
}

// outputOrder binds an ORDER BY over a query's columns. What is not among them
// the query computes as well, behind its own columns.
func (b *Binder) outputOrder(q *ast.Query, n logical.Node, carried int) (logical.Node, []expr.Expr, []graph.SortKey, error) {
	in := n.Schema()
	x := &exprBinder{b: b, scope: &scope{columns: in, outer: carried}}
	s, plain := q.Body.(*ast.Select)
	plain = plain && s.Quantifier != ast.Distinct
	var list []expr.Expr
	var keys []graph.SortKey
	var hidden []ast.SelectItem
	var places []int
	for _, item := range q.OrderBy {
		e, k, err := b.order([]ast.OrderItem{item}, x, true)
		if err == nil {
			list, keys = append(list, e...), append(keys, k...)
			continue
		}
		if l, ok := item.Expr.(*ast.Literal); !plain || ok && l.Kind == ast.IntegerLiteral { // no column has that ordinal
			return nil, nil, nil, err
		}
		wider := *s
		wider.Items = append(slices.Clip(s.Items), ast.SelectItem{Span: item.Span, Expr: item.Expr})
		if _, failed := b.selectOf(&wider); failed != nil {
			return nil, nil, nil, err
		}
		hidden, places = append(hidden, wider.Items[len(s.Items)]), append(places, len(list))
		list, keys = append(list, expr.Expr{}), append(keys, sortKey(item))
	}
	if len(hidden) == 0 {
		return n, list, keys, nil
	}
	wider := *s
	wider.Items = append(slices.Clip(s.Items), hidden...)
	n, err := b.selectOf(&wider)
	if err != nil {
		return nil, nil, nil, err
	}
	for i, at := range places {
		k := len(in) + i
		list[at] = expr.Column(k, n.Schema()[k].Type)
	}
	return n, list, keys, nil
}

func firstIndexes(n int) []int {
	var out []int
	for i := range n {
		out = append(out, i)
	}
	return out
}

func sortKey(item ast.OrderItem) graph.SortKey {
	k := graph.SortKey{Desc: item.Desc, NullsLast: item.Desc}
	if item.Nulls != "" {
		k.NullsLast = item.Nulls == "LAST"
	}
	return k
}

// order binds the items of an ORDER BY; ordinal: a number is the place of a column.
func (b *Binder) order(items []ast.OrderItem, x *exprBinder, ordinal bool) ([]expr.Expr, []graph.SortKey, error) {
	var list []expr.Expr
	var keys []graph.SortKey
	for _, item := range items {
		e, err := x.bind(item.Expr)
		if err != nil {
			return nil, nil, err
		}
		if l, ok := item.Expr.(*ast.Literal); ok && ordinal && l.Kind == ast.IntegerLiteral {
			if e.Value.I < 1 || e.Value.I > int64(len(x.scope.columns)-x.scope.outer) {
				return nil, nil, ast.Errorf(item.Pos(), "Ordinal out of range")
			}
			k := int(e.Value.I-1) + x.scope.outer
			e = expr.Column(k, x.scope.columns[k].Type)
		}
		switch e.Type.Kind {
		case data.Row, data.Array, data.Map, data.Multiset:
			return nil, nil, ast.Planf(item.Pos(), "Sort on a field of type %s is not supported.", e.Type)
		}
		list, keys = append(list, e), append(keys, sortKey(item))
	}
	return list, keys, nil
}

// maxRows bounds LIMIT and OFFSET, so that their sum is a number.
const maxRows = math.MaxInt64 / 4

func (b *Binder) rowCount(e ast.Expr) (int64, error) {
	v, err := (&exprBinder{b: b, scope: &scope{}}).bind(e)
	if err != nil {
		return 0, err
	}
	switch v.Type.Kind {
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
		if v.Kind == expr.KindLiteral && !v.Value.Null && v.Value.I >= 0 && v.Value.I < maxRows {
			return v.Value.I, nil
		}
	}
	return 0, ast.Errorf(e.Pos(), "a number of rows must be a literal integer that is not negative")
}

// extended computes expressions behind n's columns, but for those that are
// columns already, and says where they are.
func extended(n logical.Node, exprs []expr.Expr) (logical.Node, []int) {
	in := n.Schema()
	p := &logical.Project{Input: n}
	for i, c := range in {
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, c.Type)), append(p.Columns, c)
	}
	at := make([]int, len(exprs))
	for i, e := range exprs {
		if e.Kind == expr.KindColumn {
			at[i] = e.Index
			continue
		}
		at[i] = len(p.Exprs)
		p.Exprs, p.Columns = append(p.Exprs, e), append(p.Columns, data.Column{Name: "$s" + strconv.Itoa(i), Type: e.Type})
	}
	if len(p.Exprs) == len(in) {
		return n, at
	}
	return p, at
}

// firstColumns gives the first columns of n.
func firstColumns(n logical.Node, count int) logical.Node {
	in := n.Schema()
	if len(in) == count {
		return n
	}
	p := &logical.Project{Input: n, Columns: in[:count]}
	for i, c := range in[:count] {
		p.Exprs = append(p.Exprs, expr.Column(i, c.Type))
	}
	return p
}
