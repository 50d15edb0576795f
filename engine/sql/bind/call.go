package bind

import (
	"errors"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// call binds a function call that is no aggregate.
func (x *exprBinder) call(n *ast.Call) (expr.Expr, error) {
	if n.Over != nil {
		return x.over(n)
	}
	name := strings.ToUpper(n.Name.Last().Name)
	table := x.table
	x.table = false // arguments are values
	canonical, u, err := x.b.user(n)
	switch {
	case err != nil:
		return expr.Expr{}, err
	case !table && (u != nil && u.Table != nil || u == nil && len(n.Name.Parts) == 1 && x.b.Functions.Table(name) != nil):
		return expr.Expr{}, ast.Errorf(n.Pos(), "%s is a table function: it stands in FROM, as LATERAL TABLE(%s(…))", n.Name, n.Name)
	case u != nil && u.Aggregate != nil && x.outer != nil:
		return expr.Expr{}, ast.Errorf(x.outer.Pos(), "Aggregate expressions cannot be nested")
	case u != nil && u.Aggregate != nil:
		return expr.Expr{}, ast.Errorf(n.Pos(), "Aggregate expression %s is illegal here: it can stand in the list of a SELECT and in HAVING", n.Name)
	case u != nil:
		name = canonical
	}
	if u == nil && len(n.Name.Parts) == 1 {
		switch name {
		case "TUMBLE", "HOP", "SESSION", "TUMBLE_START", "TUMBLE_END", "TUMBLE_ROWTIME", "TUMBLE_PROCTIME", "HOP_START", "HOP_END",
			"HOP_ROWTIME", "HOP_PROCTIME", "SESSION_START", "SESSION_END", "SESSION_ROWTIME", "SESSION_PROCTIME":
			return expr.Expr{}, ast.Planf(n.Pos(), "%s is a group function: TUMBLE, HOP and SESSION stand in GROUP BY, their _START, _END, _ROWTIME and _PROCTIME in the SELECT list and HAVING of such a query", name)
		case "ROW_NUMBER", "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST", "NTILE", "LAG", "LEAD":
			return expr.Expr{}, ast.Errorf(n.Pos(), "OVER clause is necessary for window functions")
		case "GROUPING", "GROUPING_ID", "GROUP_ID":
			return expr.Expr{}, ast.Errorf(n.Pos(), "%s operator may only occur in an aggregate query", name)
		}
		if a := x.b.Functions.Aggregate(name); a != nil && x.b.Functions.Scalar(name) == nil {
			if x.outer != nil {
				return expr.Expr{}, ast.Errorf(x.outer.Pos(), "Aggregate expressions cannot be nested")
			}
			return expr.Expr{}, ast.Errorf(n.Pos(), "Aggregate expression %s is illegal here: it can stand in the list of a SELECT and in HAVING", name)
		}
	}
	if u == nil && (!x.b.known(name) || name == "ARRAY" || len(n.Name.Parts) > 1) { // ARRAY is written with brackets
		return expr.Expr{}, x.noMatch(n, name)
	}
	if n.Quantifier != ast.NoQuantifier || n.Filter != nil || n.WithinGroup != nil || n.OrderBy != nil {
		return expr.Expr{}, ast.Errorf(n.Pos(), "%s is no aggregate function: DISTINCT, FILTER and ORDER BY do not go with it", name)
	}
	args := make([]expr.Expr, len(n.Args))
	for i, a := range n.Args {
		switch u := a.(type) {
		case *ast.UnitArg:
			args[i] = textLiteral(string(u.Unit))
			continue
		case *ast.NamedArg, *ast.Default, *ast.TableArg, *ast.ModelArg, *ast.Descriptor:
			return expr.Expr{}, unsupported(a.Pos(), "such an argument is")
		}
		e, err := x.bind(a)
		if err != nil {
			return e, err
		}
		args[i] = e
	}
	if u != nil {
		return x.callFunction(n, name, args)
	}
	return x.callNamed(n, name, args)
}

// user finds the function of a user that a call means; nil: none.
func (b *Binder) user(n *ast.Call) (string, *function.User, error) {
	if b.User == nil {
		return "", nil, nil
	}
	builtin := false
	if len(n.Name.Parts) == 1 {
		name := strings.ToUpper(n.Name.Parts[0].Name)
		builtin = b.known(name) || b.Functions.Aggregate(name) != nil
	}
	name, u, err := b.User(n.Name.Strings(), builtin)
	if err != nil {
		return "", nil, ast.Errorf(n.Name.Pos(), "function '%s' %w", n.Name, err)
	}
	return name, u, nil
}

// conditional are the functions bound in callNamed.
var conditional = []string{"MOD", "IF", "NULLIF", "COALESCE", "IFNULL", "TYPEOF", "CURRENT_WATERMARK", "CURRENT_DATABASE", "OBJECT_OF", "OBJECT_UPDATE"}

func (b *Binder) known(name string) bool {
	return contains(conditional, name) || b.Functions.Scalar(name) != nil
}

// noMatch is the error for a function that does not exist, with the types of
// its arguments, or what is wrong with them.
func (x *exprBinder) noMatch(n *ast.Call, name string) error {
	plain := &exprBinder{b: x.b, scope: x.scope, depth: x.depth}
	types := make([]string, len(n.Args))
	for i, arg := range n.Args {
		if u, ok := arg.(*ast.UnitArg); ok {
			types[i] = "<INTERVAL " + string(u.Unit) + ">"
			continue
		}
		a, err := plain.bind(arg)
		if err != nil {
			return err
		}
		types[i] = "<" + family(a.Type) + ">"
	}
	s := ""
	if name == "ARRAY" {
		s = ". Supported signatures are: 'ARRAY(<EQUIVALENT_TYPE>, <EQUIVALENT_TYPE>, <...>)'; write ARRAY[…]"
	} else if near := x.b.Functions.Suggest(name); near != "" && len(n.Name.Parts) == 1 {
		s = "; did you mean '" + near + "'?"
	}
	return ast.Errorf(n.Name.Last().Pos(), "No match found for function signature %s(%s)%s", n.Name.Last().Name, strings.Join(types, ", "), s)
}

func family(t data.Type) string {
	switch {
	case typing.Numeric(t):
		return "NUMERIC"
	case typing.Text(t):
		return "CHARACTER"
	case typing.Bytes(t):
		return "BINARY"
	case typing.Stamp(t):
		return "TIMESTAMP"
	}
	return typing.Name(t)
}

// callNamed binds the conditional functions here and asks for all others.
func (x *exprBinder) callNamed(n *ast.Call, name string, args []expr.Expr) (expr.Expr, error) {
	arity := func(want int) error {
		if len(args) != want {
			return misuse(n, name, name, args, function.WrongCount(len(args), want, want))
		}
		return nil
	}
	switch name {
	case "MOD":
		if err := arity(2); err != nil {
			return expr.Expr{}, err
		}
		out, ok := arithmeticCall("%", args[0], args[1])
		if !ok || isNull(args[0]) || isNull(args[1]) {
			return out, ast.Errorf(n.Pos(), "Cannot apply 'MOD' to arguments of type 'MOD(<%s>, <%s>)'. Supported form(s): 'MOD(<EXACT_NUMERIC>, <EXACT_NUMERIC>)'", typing.Name(args[0].Type), typing.Name(args[1].Type))
		}
		return out, nil
	case "IF":
		if err := arity(3); err != nil {
			return expr.Expr{}, err
		}
		for i, a := range args {
			if isNull(a) {
				return a, illegalNull(n.Args[i].Pos())
			}
		}
		t, ok := typing.Common(args[1].Type, args[2].Type)
		if !ok || args[0].Type.Kind != data.Boolean {
			return expr.Expr{}, misuse(n, name, name, args, errors.New("a condition and two values of one type expected"))
		}
		t.Nullable = t.Nullable || args[0].Type.Nullable
		return call("IF", t, args[0], convert(args[1], t), convert(args[2], t)), nil
	case "NULLIF":
		if err := arity(2); err != nil {
			return expr.Expr{}, err
		}
		if isNull(args[0]) {
			return expr.Expr{}, illegalNull(n.Args[0].Pos())
		}
		equal, err := x.compare(n, "=", args[0], args[1])
		if err != nil {
			return expr.Expr{}, err
		}
		t := typing.Plain(args[0].Type).WithNull(true)
		null := expr.Literal(data.NullValue(), t)
		out := call("CASE", t, equal, null, args[0])
		return out, checkSize(n.Pos(), out)
	case "COALESCE", "IFNULL":
		if name == "IFNULL" {
			if err := arity(2); err != nil {
				return expr.Expr{}, err
			}
		}
		if name == "IFNULL" && !args[0].Type.Nullable && typing.Text(args[0].Type) && typing.Text(args[1].Type) {
			return args[0], nil // it keeps its length
		}
		return coalesce(n, args)
	case "TYPEOF":
		return typeOf(n, args)
	case "OBJECT_OF":
		return x.objectOf(n, args)
	case "OBJECT_UPDATE":
		return x.objectUpdate(n, args)
	case "CURRENT_DATABASE":
		return convert(textLiteral(x.b.Catalog.Database), data.String().NotNull()), arity(0)
	case "CURRENT_WATERMARK":
		if err := arity(1); err != nil {
			return expr.Expr{}, err
		}
		if args[0].Kind != expr.KindColumn || args[0].Type.TimeAttr != data.EventTime {
			return expr.Expr{}, ast.Errorf(n.Pos(), "CURRENT_WATERMARK() must be called with a single rowtime attribute argument, but '%s' cannot be a time attribute: it must be a column with a watermark", args[0].Type)
		}
		return call("CURRENT_WATERMARK", data.Type{Kind: args[0].Type.Kind, Precision: 3, Nullable: true}, args[0]), nil
	case "JSON":
		return expr.Expr{}, ast.Errorf(n.Pos(), "The JSON() function is currently only supported inside JSON_ARRAY() or as the VALUE param of JSON_OBJECT(). Example: JSON_OBJECT('a', JSON('{\"key\": \"value\"}')) or JSON_ARRAY(JSON('{\"key\": \"value\"}')).")
	}
	switch name {
	case "NOW", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_TIME", "CURRENT_DATE", "RAND", "HASH_CODE":
		if len(args) == 1 && args[0].Type.Kind == data.TimestampLTZ && name == "HASH_CODE" || len(args) == 1 && name != "RAND" && name != "HASH_CODE" || name == "RAND" && len(args) == 1 && args[0].Type.Kind == data.Decimal {
			return expr.Expr{}, ast.Planf(n.Pos(), "Unsupported call: %s(%s)", name, typing.Display(args[0].Type))
		}
	case "TIMESTAMPDIFF":
		if len(args) == 3 && typing.Stamp(args[1].Type) && typing.Stamp(args[2].Type) && args[1].Type.Kind != args[2].Type.Kind {
			return expr.Expr{}, ast.Planf(n.Pos(), "TIMESTAMP_LTZ only supports diff between the same type, not %s and %s", args[1].Type, args[2].Type)
		}
	case "ATAN2":
		if len(args) == 2 && typing.Numeric(args[0].Type) && typing.Numeric(args[1].Type) && (args[0].Type.Kind == data.Decimal) != (args[1].Type.Kind == data.Decimal) {
			return expr.Expr{}, ast.Planf(n.Pos(), "Unsupported call: %s(%s, %s)", name, typing.Display(args[0].Type), typing.Display(args[1].Type))
		}
	}
	for i, a := range args {
		if !isNull(a) {
			continue
		}
		t, ok := nullArg(name, i, args)
		if !ok {
			return a, illegalNull(n.Args[i].Pos())
		}
		if t.Kind != data.Null {
			args[i] = expr.Literal(data.NullValue(), t)
		}
	}
	return x.callFunction(n, name, args)
}

// nullArg is the type that NULL written as argument i of a function has. Most
// functions refuse it, as Flink's older ones do.
func nullArg(name string, i int, args []expr.Expr) (data.Type, bool) {
	switch name {
	case "ARRAY_CONCAT", "ARRAY_EXCEPT", "ARRAY_INTERSECT", "ARRAY_UNION":
		return data.Type{}, false
	case "BITMAP_BUILD":
		return data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{data.Of(data.Int)}}, true
	case "BITMAP_FROM_BYTES":
		return data.Type{Kind: data.VarBinary, Nullable: true, Precision: data.MaxLength}, true
	case "INET_NTOA":
		return data.Of(data.BigInt), true
	case "REGEXP_EXTRACT_ALL":
		if i == 2 {
			return data.Of(data.Int), true
		}
		return data.String(), true
	case "ELT":
		for _, a := range args[1:] {
			if typing.Text(a.Type) {
				return data.Type{Kind: data.VarChar, Nullable: true, Precision: a.Type.Precision}, i > 0
			}
		}
		return data.String(), i > 0
	case "BTRIM", "ENDSWITH", "INET_ATON", "JSON_QUOTE", "JSON_STRING", "JSON_UNQUOTE", "PARSE_JSON", "PRINTF", "REGEXP_COUNT", "REGEXP_INSTR", "REGEXP_SUBSTR", "SPLIT", "STARTSWITH",
		"UNHEX", "URL_DECODE", "URL_ENCODE":
		return data.String(), true
	}
	return data.Type{Kind: data.Null}, strings.HasPrefix(name, "ARRAY_") || strings.HasPrefix(name, "MAP_")
}

// typeOf gives the type of its argument as text. A second argument, TRUE for
// whatever can be left out of the text, changes nothing for the types there are.
func typeOf(n *ast.Call, args []expr.Expr) (expr.Expr, error) {
	if len(args) == 0 || len(args) > 2 {
		return expr.Expr{}, misuse(n, "TYPEOF", "TYPEOF", args, function.WrongCount(len(args), 1, 2))
	}
	if len(args) == 2 && (args[1].Type.Kind != data.Boolean || args[1].Kind != expr.KindLiteral || args[1].Value.Null) {
		return expr.Expr{}, ast.Errorf(n.Args[1].Pos(), "Cannot apply 'TYPEOF': argument 2 must be the literal TRUE or FALSE")
	}
	return expr.Literal(data.Value{S: typing.Display(args[0].Type)}, data.String()), nil
}

// coalesce drops what comes after an argument that is never NULL.
func coalesce(n *ast.Call, args []expr.Expr) (expr.Expr, error) {
	if len(args) == 0 {
		return expr.Expr{}, ast.Errorf(n.Pos(), "Invalid number of arguments to function 'COALESCE'. Was expecting at least 1 argument")
	}
	var types []data.Type
	for _, a := range args {
		types = append(types, a.Type)
	}
	t, ok := typing.Merged(types...)
	if ok && t.Kind == data.Null {
		return expr.Expr{}, illegalNull(n.Args[0].Pos())
	}
	if !ok {
		return expr.Expr{}, ast.Errorf(n.Pos(), "Invalid input arguments. Illegal mixing of types in CASE or COALESCE statement")
	}
	if !args[0].Type.Nullable {
		return convert(args[0], t), nil
	}
	t.Nullable = true
	out := call("COALESCE", t)
	for _, a := range args {
		if a.Kind == expr.KindLiteral && a.Value.Null {
			continue
		}
		out.Args = append(out.Args, convert(a, t))
		if !a.Type.Nullable {
			out.Type.Nullable = false
			break
		}
	}
	switch len(out.Args) {
	case 0:
		return expr.Literal(data.NullValue(), t), nil
	case 1:
		return out.Args[0], nil
	}
	return out, nil
}

// callFunction resolves one use of a function of the tables.
func (x *exprBinder) callFunction(at ast.Node, name string, args []expr.Expr) (expr.Expr, error) {
	f := x.b.Functions.Scalar(name)
	if f == nil {
		return expr.Expr{}, unsupported(at.Pos(), "function "+name+" is")
	}
	sig, err := f.Infer(describeArgs(args))
	if err != nil {
		name = name[strings.LastIndexByte(name, '.')+1:]
		if other := incomparable(at, f.Name, args); other != nil {
			return expr.Expr{}, other
		}
		return expr.Expr{}, misuse(at, name, f.Name, args, err)
	}
	if len(sig.Args) != len(args) {
		return expr.Expr{}, ast.Errorf(at.Pos(), "function %s answered with %s arguments for %d", name, strconv.Itoa(len(sig.Args)), len(args))
	}
	for i := range args {
		args[i] = convert(args[i], sig.Args[i])
	}
	out := call(f.Name, sig.Result, args...)
	if f.Name == "PROCTIME" {
		out.Type.TimeAttr = data.ProcTime
	}
	return out, nil
}

func describeArgs(args []expr.Expr) []function.Arg {
	out := make([]function.Arg, len(args))
	for i, a := range args {
		out[i].Type = typing.Plain(a.Type)
		if a.Kind == expr.KindLiteral {
			v := a.Value
			out[i].Literal = &v
		}
	}
	return out
}
