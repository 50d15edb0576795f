package bind

import (
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// exprBinder binds expressions over one scope. With agg set, it binds them over
// the result of the aggregation instead, adding to it what they need.
type exprBinder struct {
	b     *Binder
	scope *scope
	agg   *aggregation
	overs *overs // where calls with OVER may stand
	subs  *subs  // where sub-queries may stand
	// match binds over the rows of a match, rows over those of one variable of it.
	match *matching
	rows  *ofRows
	depth int
	table bool      // a table function is being bound
	outer *ast.Call // the aggregate function whose arguments are bound
	items []item    // of the SELECT list, by whose aliases QUALIFY may ask; nil: nobody may
	nulls bool      // the row that is bound next may have NULL written in it
}

// maxExprDepth bounds the nesting of expressions.
const maxExprDepth = 1000

func (x *exprBinder) bind(e ast.Expr) (expr.Expr, error) {
	if x.depth++; x.depth > maxExprDepth {
		return expr.Expr{}, ast.Errorf(e.Pos(), "the expression is nested more than %d deep", maxExprDepth)
	}
	defer func() { x.depth-- }()
	if x.agg != nil {
		if out, done, err := x.agg.bind(x, e); done || err != nil {
			return out, err
		}
	}
	if x.match != nil {
		if out, done, err := x.match.bind(x, e); done || err != nil {
			return out, err
		}
	}
	switch n := e.(type) {
	case *ast.Name:
		if x.rows != nil {
			return x.rows.name(n)
		}
		if x.agg != nil {
			return expr.Expr{}, x.agg.notGrouped(x, n)
		}
		if len(n.Parts) == 1 && !n.Parts[0].Quoted {
			if out, ok, err := x.bareWord(n); ok {
				return out, err
			}
		}
		e, err := x.scope.resolve(n)
		if err != nil && len(n.Parts) == 1 {
			for _, it := range x.items {
				if it.source != nil && it.alias == n.Parts[0].Name {
					own := *x
					own.items = nil
					return own.bind(it.source)
				}
			}
		}
		return e, err
	case *ast.Literal:
		v, t, err := typing.Literal(n)
		return expr.Literal(v, t), err
	case *ast.Interval:
		return x.interval(n)
	case *ast.Unary:
		return x.unary(n)
	case *ast.Binary:
		return x.binary(n)
	case *ast.Is:
		return x.is(n)
	case *ast.Between:
		return x.between(n)
	case *ast.In:
		return x.in(n)
	case *ast.Like:
		return x.like(n)
	case *ast.Case:
		return x.caseOf(n)
	case *ast.Cast:
		return x.castOf(n)
	case *ast.Extract:
		v, err := x.bind(n.X)
		if err != nil {
			return v, err
		}
		if isNull(v) {
			return v, illegalNull(n.X.Pos())
		}
		return x.callFunction(n, "EXTRACT", []expr.Expr{textLiteral(string(n.Unit)), v})
	case *ast.MinusDate:
		return x.minusDate(n)
	case *ast.FloorTo:
		v, err := x.bind(n.X)
		if err != nil {
			return v, err
		}
		name := "FLOOR"
		if n.Ceil {
			name = "CEIL"
		}
		return x.callFunction(n, name, []expr.Expr{v, textLiteral(string(n.Unit))})
	case *ast.Trim:
		return x.trim(n)
	case *ast.Row:
		return x.row(n)
	case *ast.Collection:
		return x.collection(n)
	case *ast.Index:
		return x.index(n)
	case *ast.Field:
		return x.fieldOf(n)
	case *ast.Call:
		return x.call(n)
	case *ast.JSONValue:
		return x.jsonValue(n)
	case *ast.JSONQuery:
		return x.jsonQuery(n)
	case *ast.JSONExists:
		return x.jsonExists(n)
	case *ast.JSONObject:
		return x.jsonObject(n)
	case *ast.JSONArray:
		return x.jsonArray(n)
	case *ast.Quantified:
		if n.Query == nil {
			return x.bind(eachOf(n))
		}
		return x.subquery(e)
	case *ast.Exists, *ast.Unique, *ast.Subquery, *ast.QueryCollection:
		return x.subquery(e)
	case *ast.Star:
		return expr.Expr{}, ast.Errorf(n.Pos(), "'*' can only stand in the list of a SELECT or in COUNT(*)")
	}
	return expr.Expr{}, unsupported(e.Pos(), "this expression is")
}

// bareWord binds functions that are written without parentheses, where no
// column is called so.
func (x *exprBinder) bareWord(n *ast.Name) (expr.Expr, bool, error) {
	switch n.Parts[0].Name {
	case "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP":
		out, err := x.callFunction(n, n.Parts[0].Name, nil)
		return out, true, err
	}
	return expr.Expr{}, false, nil
}

func (x *exprBinder) bindAll(list ...ast.Expr) ([]expr.Expr, error) {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		var err error
		if out[i], err = x.bind(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (x *exprBinder) named(at ast.Node, name string, list ...ast.Expr) (expr.Expr, error) {
	args, err := x.bindAll(list...)
	if err != nil {
		return expr.Expr{}, err
	}
	return x.callFunction(at, name, args)
}

func (x *exprBinder) interval(n *ast.Interval) (expr.Expr, error) {
	if n.X == nil {
		v, t, err := typing.IntervalValue(n)
		return expr.Literal(v, t), err
	}
	amount, err := x.bind(n.X)
	if err != nil {
		return amount, err
	}
	one := &ast.Interval{Span: n.Span, Negative: n.Negative, Text: "1", Unit: n.Unit}
	v, t, err := typing.IntervalValue(one)
	if err != nil {
		return amount, err
	}
	unit := expr.Literal(v, t)
	if amount.Kind == expr.KindLiteral && typing.Integer(amount.Type) {
		return expr.Literal(data.Value{I: amount.Value.I * v.I}, t), nil
	}
	out, ok := arithmeticCall("*", unit, amount)
	if !ok {
		return amount, ast.Errorf(n.Pos(), "an interval is made of a number, got %s", typing.Name(amount.Type))
	}
	return out, nil
}

func (x *exprBinder) castOf(n *ast.Cast) (expr.Expr, error) {
	e, err := x.bind(n.X)
	if err != nil {
		return e, err
	}
	t, err := typing.FromAST(n.Type)
	if err != nil {
		return e, err
	}
	if u := n.Type.Unit; n.Try && u != nil && u.To != "" && typing.Numeric(e.Type) {
		return e, ast.Errorf(n.Pos(), "Cast function cannot convert value of type %s to type %s", typing.Name(e.Type), typing.Name(t))
	}
	if out, ok, err := x.castInterval(n, e); ok {
		return out, err
	}
	return cast(n.Pos(), e, castTime(t).WithNull(true), n.Try)
}

// castTime cuts TIME to the milliseconds that values have.
func castTime(t data.Type) data.Type {
	if t.Kind == data.Time {
		t.Precision = min(t.Precision, 3)
	}
	return t
}

// castInterval is CAST, not TRY_CAST, of a number to an interval. A literal counts
// units: five days. The value of anything else is that of the interval's own unit,
// milliseconds or months, whatever the unit that is written.
func (x *exprBinder) castInterval(n *ast.Cast, e expr.Expr) (expr.Expr, bool, error) {
	if n.Try || n.Type.Unit == nil || !typing.Numeric(e.Type) {
		return e, false, nil
	}
	lit := n.X
	if u, ok := lit.(*ast.Unary); ok && (u.Op == "-" || u.Op == "+") {
		lit = u.X
	}
	if _, ok := lit.(*ast.Literal); !ok || e.Kind != expr.KindLiteral || e.Value.Null {
		return e, false, nil
	}
	one, t, err := typing.IntervalValue(&ast.Interval{Span: n.Span, Text: "1", Unit: *n.Type.Unit})
	if err != nil {
		return e, true, err
	}
	switch {
	case typing.Integer(e.Type):
		return expr.Literal(data.Value{I: e.Value.I * one.I}, t), true, nil
	case e.Type.Kind == data.Decimal && e.Type.Phys() == data.PhysI64:
		unit := int64(1)
		for range e.Type.Scale {
			unit *= 10
		}
		if whole, _ := data.MulInt64(e.Value.I, one.I).QuoRem(data.I128(unit)); whole.IsInt64() {
			return expr.Literal(data.Value{I: whole.Int64()}, t), true, nil
		}
	}
	return e, false, nil
}

func (x *exprBinder) trim(n *ast.Trim) (expr.Expr, error) {
	args := []expr.Expr{textLiteral(n.Side), textLiteral(" ")}
	if n.Chars != nil {
		c, err := x.bind(n.Chars)
		if err != nil {
			return c, err
		}
		args[1] = c
	}
	v, err := x.bind(n.X)
	if err != nil {
		return v, err
	}
	return x.callFunction(n, "TRIM", append(args, v))
}

func (x *exprBinder) row(n *ast.Row) (expr.Expr, error) {
	nulls := x.nulls
	x.nulls = false
	args, err := x.bindAll(n.Items...)
	if err != nil {
		return expr.Expr{}, err
	}
	if len(args) == 1 && !n.Explicit {
		return args[0], nil
	}
	t := data.Type{Kind: data.Row}
	for i, a := range args {
		if isNull(a) && !nulls {
			return a, illegalNull(n.Items[i].Pos())
		}
		t.Args, t.Names = append(t.Args, typing.Plain(a.Type)), append(t.Names, "EXPR$"+strconv.Itoa(i))
	}
	return call("ROW", t, args...), nil
}

func (x *exprBinder) collection(n *ast.Collection) (expr.Expr, error) {
	args, err := x.bindAll(n.Items...)
	if err != nil {
		return expr.Expr{}, err
	}
	if len(args) == 0 {
		return expr.Expr{}, ast.Errorf(n.Pos(), "Require at least 1 argument for %s[]", n.Kind)
	}
	step := 1
	t := data.Type{Kind: data.Array}
	switch n.Kind {
	case "MAP":
		step, t.Kind = 2, data.Map
		if len(args)%2 != 0 {
			return expr.Expr{}, ast.Errorf(n.Pos(), "MAP needs a value for each key")
		}
	case "MULTISET":
		return expr.Expr{}, unsupported(n.Pos(), "MULTISET[] is")
	}
	for k := range step {
		var types []data.Type
		for i := k; i < len(args); i += step {
			if len(args) <= step && isNull(args[i]) {
				return args[i], ast.Errorf(n.Pos(), "Parameters must be of the same type: a NULL alone has none, write CAST(NULL AS …)")
			}
		}
		for i := k; i < len(args); i += step {
			types = append(types, args[i].Type)
		}
		element, ok := typing.Common(types...)
		if !ok {
			return expr.Expr{}, ast.Errorf(n.Pos(), "Parameters must be of the same type")
		}
		for i := k; i < len(args); i += step {
			args[i] = convert(args[i], element)
		}
		t.Args = append(t.Args, element)
	}
	return call(n.Kind, t, args...), nil
}

func (x *exprBinder) index(n *ast.Index) (expr.Expr, error) {
	args, err := x.bindAll(n.X, n.Index)
	if err != nil {
		return expr.Expr{}, err
	}
	v, i := args[0], args[1]
	switch {
	case v.Type.Kind == data.Array && typing.Integer(i.Type):
		if i.Kind == expr.KindLiteral && !i.Value.Null && i.Value.I < 1 {
			return i, ast.Errorf(n.Index.Pos(), "Array element access needs an index starting at 1 but was %d.", i.Value.I)
		}
		if i.Type.Kind != data.Int {
			return i, ast.Planf(n.Index.Pos(), "Integer expression type expected. The index of an ARRAY is an INT, not %s", i.Type)
		}
		return call("ITEM", typing.Plain(v.Type.Args[0]).WithNull(true), v, i), nil
	case v.Type.Kind == data.Map:
		if t, ok := typing.Common(v.Type.Args[0], i.Type); ok && t.Kind != data.Null {
			return call("ITEM", v.Type.Args[1].WithNull(true), v, convert(i, v.Type.Args[0])), nil
		}
	case v.Type.Kind == data.Variant && (typing.Integer(i.Type) || typing.Text(i.Type)):
		return x.callFunction(n, "VARIANT[]", args)
	case v.Type.Kind == data.Row && i.Kind == expr.KindLiteral:
		if typing.Integer(i.Type) && i.Value.I >= 1 && int(i.Value.I) <= len(v.Type.Args) {
			return fieldAt(v, int(i.Value.I)-1), nil
		}
		if f, ok := field(v, i.Value.S); ok && typing.Text(i.Type) {
			return f, nil
		}
	}
	return v, ast.Errorf(n.Pos(), "Cannot apply 'ITEM' to arguments of type 'ITEM(<%s>, <%s>)'. Supported form(s): <ARRAY>[<INTEGER>] <MAP>[<ANY>] <ROW>[<CHARACTER>|<INTEGER>]", typing.Name(v.Type), typing.Name(i.Type))
}

func (x *exprBinder) fieldOf(n *ast.Field) (expr.Expr, error) {
	v, err := x.bind(n.X)
	if err != nil {
		return v, err
	}
	f, ok := field(v, n.Name.Name)
	if !ok {
		near := ""
		if v.Type.Kind == data.Row {
			near = meant(n.Name.Name, v.Type.Names)
		}
		return v, ast.Errorf(n.Name.Pos(), "field '%s' not found in %s%s", n.Name.Name, v.Type.WithNull(true), near)
	}
	return f, nil
}
