package bind

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// ofRows is an expression over the rows of one variable, in FIRST, LAST or an
// aggregate.
type ofRows struct {
	m     *matching
	vars  []int
	named bool // a column was met
}

// name binds a column; all must be of one variable.
func (o *ofRows) name(n *ast.Name) (expr.Expr, error) {
	vars, e, err := o.m.row(n)
	if err != nil {
		return e, err
	}
	if o.named && !sameSet(vars, o.vars) {
		return e, ast.Errorf(n.Pos(), "Aggregation must be applied to a single pattern variable, but '%s' is of another one", n)
	}
	o.named, o.vars = true, vars
	return e, nil
}

// call binds the functions of MATCH_RECOGNIZE.
func (m *matching) call(x *exprBinder, n *ast.Call) (expr.Expr, bool, error) {
	if len(n.Name.Parts) > 1 || n.Over != nil {
		return expr.Expr{}, false, nil
	}
	name := strings.ToUpper(n.Name.Parts[0].Name)
	switch name {
	case "FIRST", "LAST":
		e, err := m.navigate(n, name)
		return e, true, err
	case "PREV", "NEXT":
		if e, ok, err := m.previous(n, name); ok || err != nil {
			return e, true, err
		}
		if m.defines == nil {
			return expr.Expr{}, true, ast.Errorf(n.Pos(), "Cannot use PREV/NEXT in MEASURE '%s'", ast.Print(n))
		}
		return expr.Expr{}, true, ast.Planf(n.Pos(), "Flink does not support physical offsets within partition.")
	case "CLASSIFIER":
		return expr.Expr{}, true, ast.Planf(n.Pos(), "Unsupported call: CLASSIFIER()")
	case "MATCH_NUMBER":
		return expr.Expr{}, true, ast.Errorf(n.Pos(), "No match found for function signature MATCH_NUMBER(). Supported signatures are: 'MATCH_NUMBER()'")
	case "MATCH_ROWTIME":
		e, err := m.rowtime(n)
		return e, true, err
	case "MATCH_PROCTIME":
		e, err := (&exprBinder{b: m.b, scope: &scope{}}).callFunction(n, "PROCTIME", nil)
		return e, true, err
	}
	if !m.b.isAggregate(n) {
		return expr.Expr{}, false, nil
	}
	if n.Quantifier != "" {
		return expr.Expr{}, true, ast.Errorf(n.Pos(), "DISTINCT/ALL not allowed with %s function", ast.Print(n))
	}
	o := &ofRows{m: m}
	inner := &exprBinder{b: m.b, scope: m.scope, rows: o, depth: x.depth}
	if n.Filter != nil || n.WithinGroup != nil || n.OrderBy != nil || n.Nulls != "" {
		return expr.Expr{}, true, unsupported(n.Pos(), name+" in MATCH_RECOGNIZE with FILTER, an order or NULLS is")
	}
	call, args, err := inner.aggregateCall(n, m.b.aggregateOf(n))
	if err != nil {
		return expr.Expr{}, true, err
	}
	for _, a := range args {
		call.Args = append(call.Args, m.column(a))
	}
	if call.Func != "COUNT" {
		call.Type.Nullable = true // of no rows
	}
	return m.ref(graph.MatchRef{Vars: o.vars, Agg: &call, Type: call.Type}), true, nil
}

// previous binds PREV(A.x, n) in the condition of another variable than A, where
// it looks at the rows of A alone: the n-th before the last of them.
func (m *matching) previous(n *ast.Call, name string) (expr.Expr, bool, error) {
	if name != "PREV" || m.defines == nil || len(n.Args) < 1 {
		return expr.Expr{}, false, nil
	}
	o := &ofRows{m: m}
	if _, err := (&exprBinder{b: m.b, scope: m.scope, rows: o}).bind(n.Args[0]); err != nil {
		return expr.Expr{}, true, err
	}
	if o.vars == nil || sameSet(o.vars, m.defines) {
		return expr.Expr{}, false, nil
	}
	last := *n
	if len(last.Args) == 1 {
		last.Args = append(slices.Clip(last.Args), &ast.Literal{Span: n.Span, Kind: ast.IntegerLiteral, Text: "1"})
	}
	e, err := m.navigate(&last, "LAST")
	return e, true, err
}

// navigate binds FIRST(A.x, n) and LAST(A.x, n).
func (m *matching) navigate(n *ast.Call, name string) (expr.Expr, error) {
	if len(n.Args) < 1 || len(n.Args) > 2 {
		return expr.Expr{}, ast.Errorf(n.Pos(), "Invalid number of arguments to function '%s'. Was expecting 1 or 2 arguments", name)
	}
	o := &ofRows{m: m}
	e, err := (&exprBinder{b: m.b, scope: m.scope, rows: o}).bind(n.Args[0])
	if err != nil {
		return e, err
	}
	r := graph.MatchRef{Vars: o.vars, First: name == "FIRST", Column: m.column(e), Type: withoutTime(e.Type).WithNull(true)}
	if len(n.Args) == 2 {
		k, err := (&exprBinder{b: m.b, scope: &scope{}}).bind(n.Args[1])
		if err != nil {
			return k, err
		}
		if k.Kind != expr.KindLiteral || !typing.Integer(k.Type) || k.Value.Null || k.Value.I < 0 {
			return k, ast.Errorf(n.Args[1].Pos(), "%s takes a literal number of rows that is not negative as its second argument", name)
		}
		r.Offset = k.Value.I
	}
	return m.ref(r), nil
}

// rowtime binds MATCH_ROWTIME(): the time of the last row of the match.
func (m *matching) rowtime(n *ast.Call) (expr.Expr, error) {
	if m.spec.Time != data.EventTime {
		return expr.Expr{}, ast.Errorf(n.Pos(), "MATCH_ROWTIME() needs an event time: the rows are in the order of processing time")
	}
	first := m.spec.Order[0].Column
	var t data.Type
	if first < len(m.scope.columns) {
		t = m.scope.columns[first].Type
	} else {
		t = m.below[first-len(m.scope.columns)].Type
	}
	e := m.ref(graph.MatchRef{Column: first, Type: withoutTime(t).WithNull(false)})
	e.Type.TimeAttr = data.EventTime
	return e, nil
}
