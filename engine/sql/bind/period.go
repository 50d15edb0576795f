package bind

import (
	"strings"

	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// minusDate binds (a - b) unit.
func (x *exprBinder) minusDate(n *ast.MinusDate) (expr.Expr, error) {
	args, err := x.bindAll(n.L, n.R)
	if err != nil {
		return expr.Expr{}, err
	}
	for i, a := range args {
		if isNull(a) {
			return a, illegalNull([]ast.Expr{n.L, n.R}[i].Pos())
		}
	}
	if typing.Stamp(args[0].Type) && typing.Stamp(args[1].Type) && args[0].Type.Kind != args[1].Type.Kind {
		return args[0], ast.Planf(n.Pos(), "TIMESTAMP_LTZ only supports diff between the same type, not %s and %s", args[0].Type, args[1].Type)
	}
	if args[0].Type.Kind != args[1].Type.Kind {
		return args[0], ast.Errorf(n.Pos(), "Parameters must be of the same type: <%s> - <%s>", typing.Name(args[0].Type), typing.Name(args[1].Type))
	}
	return x.callFunction(n, "MINUS_DATE", []expr.Expr{textLiteral(string(n.Unit.From)), args[0], args[1]})
}

// period binds one side of OVERLAPS and its like: two times, or a time and an
// interval. It gives the earlier and the later of both ends.
func (x *exprBinder) period(n *ast.Binary, side ast.Expr) (from, to expr.Expr, err error) {
	row, ok := side.(*ast.Row)
	if !ok || len(row.Items) != 2 {
		return from, to, ast.Errorf(side.Pos(), "%s compares periods: (time, time) or (time, interval)", n.Op)
	}
	ends, err := x.bindAll(row.Items...)
	if err != nil {
		return from, to, err
	}
	a, b := ends[0], ends[1]
	if typing.Interval(b.Type) {
		if b, ok = arithmeticCall("+", a, b); !ok {
			return from, to, ast.Errorf(side.Pos(), "%s cannot be moved by %s", typing.Name(a.Type), typing.Name(ends[1].Type))
		}
	}
	t, ok := typing.Common(a.Type, b.Type)
	if !ok || !typing.Temporal(t) {
		return from, to, ast.Errorf(side.Pos(), "Cannot apply '%s' to a period of type '<%s>, <%s>'. Supported form(s): (<DATETIME>, <DATETIME>) (<DATETIME>, <DATETIME_INTERVAL>)", n.Op, typing.Name(a.Type), typing.Name(ends[1].Type))
	}
	ordered, err := x.compare(n, "<=", a, b)
	if err != nil {
		return from, to, err
	}
	t.Nullable = a.Type.Nullable || b.Type.Nullable
	a, b = convert(a, t), convert(b, t)
	return call("CASE", t, ordered, a, b), call("CASE", t, ordered, b, a), nil
}

// periods binds OVERLAPS, CONTAINS, EQUALS, PRECEDES, SUCCEEDS and the
// IMMEDIATELY forms.
func (x *exprBinder) periods(n *ast.Binary) (expr.Expr, error) {
	from1, to1, err := x.period(n, n.L)
	if err != nil {
		return from1, err
	}
	from2, to2, err := x.period(n, n.R)
	if err != nil {
		return from2, err
	}
	both := func(op1 string, a, b expr.Expr, op2 string, c, d expr.Expr) (expr.Expr, error) {
		l, err := x.compare(n, op1, a, b)
		if err != nil {
			return l, err
		}
		r, err := x.compare(n, op2, c, d)
		return call("AND", boolean(l.Type.Nullable || r.Type.Nullable), l, r), err
	}
	var out expr.Expr
	switch strings.ToUpper(string(n.Op)) {
	case "OVERLAPS":
		out, err = both(">=", to1, from2, ">=", to2, from1)
	case "CONTAINS":
		out, err = both("<=", from1, from2, ">=", to1, to2)
	case "EQUALS":
		out, err = both("=", from1, from2, "=", to1, to2)
	case "PRECEDES":
		out, err = x.compare(n, "<=", to1, from2)
	case "SUCCEEDS":
		out, err = x.compare(n, ">=", from1, to2)
	case "IMMEDIATELY PRECEDES":
		out, err = x.compare(n, "=", to1, from2)
	default:
		out, err = x.compare(n, "=", from1, to2)
	}
	if err != nil {
		return out, err
	}
	return out, checkSize(n.Pos(), out)
}

var periodOps = map[ast.Op]bool{"OVERLAPS": true, "CONTAINS": true, "EQUALS": true, "PRECEDES": true, "SUCCEEDS": true, "IMMEDIATELY PRECEDES": true, "IMMEDIATELY SUCCEEDS": true}
