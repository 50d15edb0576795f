package bind

import (
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

func illegalNull(pos ast.Pos) error { return ast.Errorf(pos, "Illegal use of 'NULL'") }

func (x *exprBinder) unary(u *ast.Unary) (expr.Expr, error) {
	switch u.Op {
	case ast.OpNot:
		e, err := x.bind(u.X)
		if err != nil {
			return e, err
		}
		if isNull(e) {
			return e, illegalNull(u.X.Pos())
		}
		if e.Type.Kind != data.Boolean {
			return e, ast.Errorf(u.Pos(), "Cannot apply 'NOT' to arguments of type 'NOT<%s>'. Supported form(s): 'NOT<BOOLEAN>'", typing.Name(e.Type))
		}
		return call("NOT", e.Type, e), nil
	case ast.OpPlus, ast.OpMinus:
		if u.Op == ast.OpMinus {
			if l, ok := u.X.(*ast.Literal); ok && (l.Kind == ast.IntegerLiteral || l.Kind == ast.DecimalLiteral || l.Kind == ast.DoubleLiteral) {
				if v, t, ok := typing.Number(l.Kind, "-"+l.Text); ok {
					return expr.Literal(v, t), nil
				}
			}
		}
		e, err := x.bind(u.X)
		if err != nil {
			return e, err
		}
		if isNull(e) {
			return e, illegalNull(u.X.Pos())
		}
		if !typing.Numeric(e.Type) && !typing.Interval(e.Type) {
			return e, ast.Errorf(u.Pos(), "Cannot apply '%s' to arguments of type '%s<%s>'. Supported form(s): '%s<NUMERIC>' '%s<DATETIME_INTERVAL>'", u.Op, u.Op, writtenName(u.X, e.Type), u.Op, u.Op)
		}
		if u.Op == ast.OpPlus {
			return e, nil
		}
		if _, cast := u.X.(*ast.Cast); !cast && e.Kind == expr.KindLiteral && e.Type.Kind == data.Int && e.Value.I == -1<<31 {
			return expr.Literal(data.Value{I: 1 << 31}, data.Type{Kind: data.BigInt}), nil
		}
		return call("NEG", typing.Plain(e.Type), e), nil
	}
	return expr.Expr{}, unsupported(u.Pos(), string(u.Op)+" is")
}

func (x *exprBinder) binary(n *ast.Binary) (expr.Expr, error) {
	switch n.Op {
	case ast.OpAnd, ast.OpOr:
		return x.logic(n)
	}
	if periodOps[n.Op] {
		return x.periods(n)
	}
	nulls := n.Op == ast.OpEq && sameRows(n.L, n.R)
	l, err := x.operand(n.L, nulls)
	if err != nil {
		return l, err
	}
	r, err := x.operand(n.R, nulls)
	if err != nil {
		return r, err
	}
	switch n.Op {
	case ast.OpEq, ast.OpNe, ast.OpLt, ast.OpLe, ast.OpGt, ast.OpGe, ast.OpDistinct, ast.OpNotDistinct:
		return x.compare(n, string(n.Op), l, r)
	case ast.OpPlus, ast.OpMinus, ast.OpTimes, ast.OpDivide, ast.OpModulo:
		return arithmetic(n, string(n.Op), l, r)
	case ast.OpConcat:
		if isNull(l) || isNull(r) {
			return l, illegalNull(nullOf(n, l).Pos())
		}
		t, ok := typing.Concat(l.Type, r.Type)
		if typing.Bytes(l.Type) && typing.Bytes(r.Type) || l.Type.Kind == data.Array && r.Type.Kind == data.Array {
			return l, ast.Planf(n.Pos(), "String expression type expected. || joins strings, not %s and %s", l.Type, r.Type)
		}
		if !ok {
			return l, ast.Errorf(n.Pos(), "Cannot apply '||' to arguments of type '<%s> || <%s>'. Supported form(s): '<STRING> || <STRING>' '<EQUIVALENT_TYPE> || <EQUIVALENT_TYPE>'", writtenName(n.L, l.Type), writtenName(n.R, r.Type))
		}
		return call("||", t, l, r), nil
	}
	return l, unsupported(n.OpPos, string(n.Op)+" is")
}

// operand binds what may be a row with NULL written in it, if nulls.
func (x *exprBinder) operand(e ast.Expr, nulls bool) (expr.Expr, error) {
	row, ok := e.(*ast.Row)
	if !ok || !nulls {
		return x.bind(e)
	}
	x.nulls = true
	return x.row(row)
}

// sameRows tells whether both are rows that are written out, of as many fields.
func sameRows(l, r ast.Expr) bool {
	a, ok := l.(*ast.Row)
	b, too := r.(*ast.Row)
	return ok && too && len(a.Items) == len(b.Items)
}

func nullOf(n *ast.Binary, l expr.Expr) ast.Expr {
	if isNull(l) {
		return n.L
	}
	return n.R
}

// logic binds AND and OR, a chain of one operator as one call.
func (x *exprBinder) logic(n *ast.Binary) (expr.Expr, error) {
	var flat []ast.Expr
	var collect func(e ast.Expr)
	collect = func(e ast.Expr) {
		if b, ok := e.(*ast.Binary); ok && b.Op == n.Op {
			collect(b.L)
			collect(b.R)
			return
		}
		flat = append(flat, e)
	}
	collect(n)
	out := call(string(n.Op), boolean(false))
	var bound []string // names of types
	wrong := false
	for _, f := range flat {
		e, err := x.bind(f)
		if err != nil {
			return e, err
		}
		if isNull(e) {
			return e, illegalNull(f.Pos())
		}
		if e.Type.Kind != data.Boolean {
			wrong = true
		}
		bound = append(bound, writtenName(f, e.Type))
		out.Args = append(out.Args, e)
		out.Type.Nullable = out.Type.Nullable || e.Type.Nullable
	}
	if wrong { // named by twos, as they are read: the result of the first two is BOOLEAN
		for i, r := range bound[1:] {
			l := bound[0]
			if i > 0 {
				l = "BOOLEAN"
			}
			if l != "BOOLEAN" || r != "BOOLEAN" {
				return out, ast.Errorf(n.Pos(), "Cannot apply '%s' to arguments of type '<%s> %s <%s>'. Supported form(s): '<BOOLEAN> %s <BOOLEAN>'", n.Op, l, n.Op, r, n.Op)
			}
		}
	}
	return out, nil
}

func arithmetic(n *ast.Binary, op string, l, r expr.Expr) (expr.Expr, error) {
	if isNull(l) || isNull(r) {
		return l, illegalNull(nullOf(n, l).Pos())
	}
	if typing.Interval(l.Type) && typing.Numeric(r.Type) {
		switch {
		case op == "/":
			return l, ast.Planf(n.Pos(), "Unsupported call: /(%s, %s): an interval is not divided", typing.Display(l.Type), r.Type)
		case op == "*" && !typing.Integer(r.Type):
			return l, ast.Planf(n.Pos(), "Unsupported casting from %s to %s.", r.Type, typing.Display(l.Type))
		}
	}
	e, ok := arithmeticCall(op, l, r)
	if ok && op == "/" && (e.Type.Kind == data.Float || e.Type.Kind == data.Double) && r.Kind == expr.KindLiteral && zero(r) && !hasColumns(l) && !constantNull(l) {
		return l, ast.Planf(n.Pos(), "Division by zero")
	}
	if !ok {
		return l, ast.Errorf(n.Pos(), "Cannot apply '%s' to arguments of type '<%s> %s <%s>'. Supported form(s): %s", op, writtenName(n.L, l.Type), op, writtenName(n.R, r.Type), arithmeticForms(op))
	}
	return e, nil
}

// constantNull tells whether an expression is NULL, cast to some type.
func constantNull(e expr.Expr) bool {
	for e.Kind == expr.KindCall && e.Func == "CAST" {
		e = e.Args[0]
	}
	return e.Kind == expr.KindLiteral && e.Value.Null
}

// zero tells whether a literal is the number 0.
func zero(e expr.Expr) bool {
	v := e.Value
	return !v.Null && v.I == 0 && v.F == 0 && v.D == data.Int128{}
}

func arithmeticCall(op string, l, r expr.Expr) (expr.Expr, bool) {
	lt, rt, result, ok := typing.Arithmetic(op, l.Type, r.Type)
	if !ok {
		return l, false
	}
	if op == "%" && typing.Integer(result) { // computed in the wider type, given in the divisor's
		wide := lt
		if typing.Integer(l.Type) && l.Type.Kind > result.Kind {
			wide = typing.Plain(l.Type)
		}
		wide.Nullable = result.Nullable
		return convert(call("%", wide, convert(l, wide), convert(r, wide)), result), true
	}
	l, r = convert(l, lt), convert(r, rt)
	if typing.Interval(l.Type) && !typing.Interval(r.Type) && (op == "+" || op == "*") && op == "+" {
		l, r = r, l // a time stands first
	}
	if op == "*" && typing.Interval(r.Type) {
		l, r = r, l // the interval stands first
	}
	return call(op, result, l, r), true
}

func arithmeticForms(op string) string {
	switch op {
	case "+":
		return "'<NUMERIC> + <NUMERIC>' '<DATETIME_INTERVAL> + <DATETIME_INTERVAL>' '<DATETIME> + <DATETIME_INTERVAL>'"
	case "-":
		return "'<NUMERIC> - <NUMERIC>' '<DATETIME_INTERVAL> - <DATETIME_INTERVAL>' '<DATETIME> - <DATETIME_INTERVAL>'"
	case "*":
		return "'<NUMERIC> * <NUMERIC>' '<DATETIME_INTERVAL> * <NUMERIC>' '<NUMERIC> * <DATETIME_INTERVAL>'"
	case "/":
		return "'<NUMERIC> / <NUMERIC>' '<DATETIME_INTERVAL> / <NUMERIC>'"
	case "%":
		return "'<EXACT_NUMERIC> % <EXACT_NUMERIC>'"
	}
	return "'<NUMERIC> " + op + " <NUMERIC>'"
}

func (x *exprBinder) compare(at ast.Node, op string, l, r expr.Expr) (expr.Expr, error) {
	if op == "=" && written(l) && written(r) && len(l.Args) == len(r.Args) {
		return x.compareFields(at, l, r)
	}
	t, ok := typing.Comparison(op, l.Type, r.Type)
	if !ok {
		if !typing.Text(l.Type) && !typing.Text(r.Type) {
			return l, x.incomparable(at, op, l, r)
		}
		return l, ast.Errorf(at.Pos(), "implicit type conversion between %s and %s is not supported now", plainName(l.Type), plainName(r.Type))
	}
	if t.Kind == data.Float && (narrow(l) && r.Type.Kind == data.Decimal || narrow(r) && (l.Type.Kind == data.Decimal || l.Type.Kind == data.Double)) {
		t.Kind = data.Double
	}
	nullable := l.Type.Nullable || r.Type.Nullable
	switch op {
	case "<", "<=", ">", ">=":
		if !typing.Ordered(t) {
			return l, ast.Planf(at.Pos(), "Comparable type expected, but was '%s'.", t)
		}
	case "IS DISTINCT FROM", "IS NOT DISTINCT FROM":
		nullable = false
	}
	return call(op, boolean(nullable), convert(l, t), convert(r, t)), nil
}

// written tells whether a row is written out.
func written(e expr.Expr) bool {
	return e.Kind == expr.KindCall && e.Func == "ROW" && len(e.Args) > 0
}

// compareFields compares rows that are written out field by field, so that NULL
// in one makes the answer unknown.
func (x *exprBinder) compareFields(at ast.Node, l, r expr.Expr) (expr.Expr, error) {
	out := call("AND", boolean(false))
	for i := range l.Args {
		e, err := x.compare(at, "=", l.Args[i], r.Args[i])
		if err != nil {
			return e, err
		}
		out.Args = append(out.Args, e)
		out.Type.Nullable = out.Type.Nullable || e.Type.Nullable
	}
	if len(out.Args) == 1 {
		return out.Args[0], nil
	}
	return out, nil
}

// incomparable words a comparison of types that have nothing to do with one another.
func (x *exprBinder) incomparable(at ast.Node, op string, l, r expr.Expr) error {
	if b, ok := at.(*ast.Between); ok {
		not, sort := "", "ASYMMETRIC"
		if b.Not {
			not = "NOT "
		}
		if b.Symmetric {
			sort = "SYMMETRIC"
		}
		names := make([]string, 3)
		for i, e := range []ast.Expr{b.X, b.Lo, b.Hi} {
			v, err := x.bind(e)
			if err != nil {
				return err
			}
			names[i] = writtenName(e, v.Type)
		}
		return ast.Errorf(at.Pos(), "Cannot apply '%sBETWEEN %s' to arguments of type '<%s> %sBETWEEN %s <%s> AND <%s>'. Supported form(s): '<COMPARABLE_TYPE> %sBETWEEN <COMPARABLE_TYPE> AND <COMPARABLE_TYPE>'",
			not, sort, names[0], not, sort, names[1], names[2], not)
	}
	ln, rn := strings.ToUpper(typing.Name(l.Type)), strings.ToUpper(typing.Name(r.Type))
	if b, ok := at.(*ast.Binary); ok {
		ln, rn = writtenName(b.L, l.Type), writtenName(b.R, r.Type)
	}
	return ast.Errorf(at.Pos(), "Cannot apply '%s' to arguments of type '<%s> %s <%s>'. Supported form(s): '<COMPARABLE_TYPE> %s <COMPARABLE_TYPE>'", op, ln, op, rn, op)
}

// narrow tells whether a value is a FLOAT that is no constant: a constant keeps
// the digits it was written with.
func narrow(e expr.Expr) bool { return e.Type.Kind == data.Float && hasColumns(e) }

// plainName is a type's name without parameters, as this one message of Flink has it.
func plainName(t data.Type) string {
	name, _, _ := strings.Cut(typing.Name(t), "(")
	return name
}

func (x *exprBinder) is(n *ast.Is) (expr.Expr, error) {
	e, err := x.operand(n.X, n.What == ast.IsNull)
	if err != nil {
		return e, err
	}
	if n.What == ast.IsNull && written(e) { // a row is there, whatever is in it
		if n.Not {
			return trueLiteral(), nil
		}
		return expr.Literal(data.Value{}, boolean(false)), nil
	}
	name := "IS "
	if n.Not {
		name = "IS NOT "
	}
	switch n.What {
	case ast.IsNull:
	case ast.IsTrue, ast.IsFalse, ast.IsUnknown:
		if e.Type.Kind != data.Boolean {
			return e, ast.Errorf(n.Pos(), "Cannot apply '%s%s' to arguments of type '<%s> %s%s'. Supported form(s): '<BOOLEAN> %s%s'", name, n.What, typing.Name(e.Type), name, n.What, name, n.What)
		}
	default:
		return x.isJSON(n, e)
	}
	return call(name+string(n.What), boolean(false), e), nil
}

func (x *exprBinder) isJSON(n *ast.Is, e expr.Expr) (expr.Expr, error) {
	name := "IS " + strings.TrimSuffix(string(n.What), " VALUE")
	if n.What == ast.IsSet || n.What == ast.IsEmpty || x.b.Functions.Scalar(name) == nil {
		return e, unsupported(n.Pos(), "IS "+string(n.What)+" is")
	}
	if !isNull(e) && !typing.Text(e.Type) {
		what := string(n.What)
		if n.Not {
			what = "NOT " + what
		}
		return e, ast.Errorf(n.Pos(), "Cannot apply 'IS %s' to arguments of type '<%s> IS %s'. Supported form(s): '<CHARACTER> IS %s'", what, writtenName(n.X, e.Type), what, what)
	}
	out, err := x.callFunction(n, name, []expr.Expr{e})
	if err == nil && n.Not {
		out = call("NOT", out.Type, out)
	}
	return out, err
}

func (x *exprBinder) between(n *ast.Between) (expr.Expr, error) {
	v, err := x.bind(n.X)
	if err != nil {
		return v, err
	}
	lo, err := x.bind(n.Lo)
	if err != nil {
		return lo, err
	}
	hi, err := x.bind(n.Hi)
	if err != nil {
		return hi, err
	}
	inside := func(lo, hi expr.Expr) (expr.Expr, error) {
		a, err := x.compare(n, ">=", v, lo)
		if err != nil {
			return a, err
		}
		b, err := x.compare(n, "<=", v, hi)
		return call("AND", boolean(a.Type.Nullable || b.Type.Nullable), a, b), err
	}
	out, err := inside(lo, hi)
	if err != nil {
		return out, err
	}
	if n.Symmetric {
		other, err := inside(hi, lo)
		if err != nil {
			return other, err
		}
		out = call("OR", out.Type, out, other)
	}
	if n.Not {
		out = call("NOT", out.Type, out)
	}
	return out, checkSize(n.Pos(), out)
}

func (x *exprBinder) in(n *ast.In) (expr.Expr, error) {
	if n.Query != nil {
		return x.subquery(n)
	}
	args := make([]expr.Expr, 0, len(n.List)+1)
	types := make([]data.Type, 0, len(n.List)+1)
	for _, item := range append([]ast.Expr{n.X}, n.List...) {
		e, err := x.bind(item)
		if err != nil {
			return e, err
		}
		args, types = append(args, e), append(types, e.Type)
	}
	list, ok := typing.Common(types[1:]...)
	if !ok {
		at := n.List[0].Pos()
		at.Column-- // the parenthesis before it
		return args[0], ast.Errorf(at, "Values in expression list must have compatible types")
	}
	if _, ok := typing.Common(types[0], list); !ok && !typing.Text(types[0]) && !typing.Text(list) {
		return args[0], ast.Errorf(n.Pos(), "Values passed to IN operator must have compatible types")
	}
	rows := rowsIn(args)
	t := inType(types, list)
	nullable := false
	for i := range args {
		if i > 0 && !sameRoot(types[0], types[i]) && types[0].Kind != data.Null {
			args[i] = convert(args[i], types[0])
		}
		args[i] = convert(args[i], t)
		nullable = nullable || hasNulls(args[i].Type)
	}
	out := call("IN", boolean(nullable), args...)
	if rows.Func != "" {
		out = rows
	} else if len(args) == 2 {
		out = call("=", boolean(nullable), args...)
	}
	if n.Not {
		out = call("NOT", out.Type, out)
	}
	return out, nil
}

// rowsIn compares rows that are written out field by field, so that NULL in one
// makes the answer unknown and not FALSE; it is empty for others.
func rowsIn(args []expr.Expr) expr.Expr {
	for _, a := range args {
		if a.Kind != expr.KindCall || a.Func != "ROW" || len(a.Args) == 0 {
			return expr.Expr{}
		}
	}
	var any []expr.Expr
	nullable := false
	for _, item := range args[1:] {
		var all []expr.Expr
		null := false
		for i, f := range item.Args {
			l := args[0].Args[i]
			if !sameRoot(l.Type, f.Type) {
				f = convert(f, l.Type)
			}
			t := inType([]data.Type{l.Type, f.Type}, f.Type)
			unknown := l.Type.Nullable || f.Type.Nullable
			all = append(all, call("=", boolean(unknown), convert(l, t), convert(f, t)))
			null = null || unknown
		}
		one := all[0]
		if len(all) > 1 {
			one = call("AND", boolean(null), all...)
		}
		any = append(any, one)
		nullable = nullable || null
	}
	if len(any) == 1 {
		return any[0]
	}
	return call("OR", boolean(nullable), any...)
}

// sameRoot tells whether IN compares a value as it is. Others become the type of
// what stands before IN, whatever they lose: 1 IN (1.5) is TRUE.
func sameRoot(left, t data.Type) bool {
	switch {
	case left.Kind == data.Row:
		return left.SameAs(t)
	case left.Kind == data.VarChar && t.Kind == data.Char:
		return true
	}
	return left.Kind == t.Kind
}

// inType is the type that the values of IN are compared as: that of the first,
// wide enough for those that keep their own.
func inType(types []data.Type, list data.Type) data.Type {
	t := types[0]
	if t.Kind == data.Null {
		return list
	}
	for _, u := range types[1:] {
		if wider, ok := typing.Common(t, u); ok && sameRoot(types[0], u) {
			t = wider
		}
	}
	return t
}

// hasNulls tells whether a value or a field of it can be NULL.
func hasNulls(t data.Type) bool {
	if t.Nullable || t.Kind != data.Row {
		return t.Nullable
	}
	for _, a := range t.Args {
		if hasNulls(a) {
			return true
		}
	}
	return false
}

func (x *exprBinder) like(n *ast.Like) (expr.Expr, error) {
	items := []ast.Expr{n.X, n.Pattern}
	if n.Escape != nil {
		items = append(items, n.Escape)
	}
	args := make([]expr.Expr, len(items))
	out := call(string(n.Kind), boolean(false))
	for i, item := range items {
		e, err := x.bind(item)
		if err != nil {
			return e, err
		}
		args[i] = e
		out.Type.Nullable = out.Type.Nullable || e.Type.Nullable
	}
	for _, a := range args {
		if !typing.Text(a.Type) {
			name := string(n.Kind)
			if n.Not {
				name = "NOT " + name
			}
			return a, ast.Errorf(n.Pos(), "Cannot apply '%s' to arguments of type '%s(%s)'. Supported form(s): '%s(<STRING>, <STRING>, <STRING>)'", name, name, argNames(n, args), name)
		}
	}
	if err := checkEscape(n, args); err != nil {
		return out, err
	}
	out.Args = args
	if n.Not {
		out = call("NOT", out.Type, out)
	}
	return out, nil
}

// checkEscape refuses what is wrong with a constant ESCAPE and pattern.
func checkEscape(n *ast.Like, args []expr.Expr) error {
	if len(args) < 3 || args[2].Kind != expr.KindLiteral || args[2].Value.Null {
		return nil
	}
	escape := []rune(args[2].Value.S)
	if n.Kind == ast.KindLike && len(escape) == 0 { // there is none
		return nil
	}
	if len(escape) != 1 {
		if n.Kind != ast.KindLike { // Flink looks at it when it runs
			return ast.Planf(n.Escape.Pos(), "Invalid escape character '%s'", args[2].Value.S)
		}
		return ast.Errorf(n.Escape.Pos(), "Invalid escape character '%s'", args[2].Value.S)
	}
	if args[1].Kind != expr.KindLiteral || args[1].Value.Null || n.Kind != ast.KindLike {
		return nil
	}
	pattern := []rune(args[1].Value.S)
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != escape[0] {
			continue
		}
		if i+1 == len(pattern) || pattern[i+1] != '%' && pattern[i+1] != '_' && pattern[i+1] != escape[0] {
			return ast.Errorf(n.Pattern.Pos(), "Invalid escape sequence '%s', %d", args[1].Value.S, i)
		}
		i++
	}
	return nil
}

func (x *exprBinder) caseOf(n *ast.Case) (expr.Expr, error) {
	var operand expr.Expr
	var err error
	if n.Operand != nil {
		if operand, err = x.bind(n.Operand); err != nil {
			return operand, err
		}
	}
	var args []expr.Expr // condition, value, …, else
	var types []data.Type
	for _, w := range n.Whens {
		var cond expr.Expr
		for i, c := range w.Conds {
			e, err := x.bind(c)
			if err != nil {
				return e, err
			}
			if n.Operand != nil {
				if e, err = x.compare(c, "=", operand, e); err != nil {
					return e, err
				}
			} else if isNull(e) {
				e = expr.Literal(data.NullValue(), boolean(true))
			} else if e.Type.Kind != data.Boolean {
				return e, ast.Errorf(n.Pos(), "Expected a boolean type")
			}
			if i == 0 {
				cond = e
			} else {
				cond = call("OR", boolean(cond.Type.Nullable || e.Type.Nullable), cond, e)
			}
		}
		value, err := x.bind(w.Then)
		if err != nil {
			return value, err
		}
		args, types = append(args, cond, value), append(types, value.Type)
	}
	otherwise := expr.Literal(data.NullValue(), data.Type{Kind: data.Null, Nullable: true})
	if n.Else != nil {
		if otherwise, err = x.bind(n.Else); err != nil {
			return otherwise, err
		}
	}
	args, types = append(args, otherwise), append(types, otherwise.Type)
	t, ok := typing.Common(types...)
	if !ok {
		return otherwise, ast.Errorf(n.Pos(), "Illegal mixing of types in CASE or COALESCE statement")
	}
	if t.Kind == data.Null {
		return otherwise, ast.Errorf(n.Pos(), "ELSE clause or at least one THEN clause must be non-NULL")
	}
	for i := range args {
		if i%2 == 1 || i == len(args)-1 {
			args[i] = convert(args[i], t)
		}
	}
	out := call("CASE", t, args...)
	return out, checkSize(n.Pos(), out)
}
