package bind

import (
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// jsonBehavior gives the word of an ON clause, and its default as a value of type t.
func (x *exprBinder) jsonBehavior(b *ast.JSONBehavior, t data.Type) (word, value expr.Expr, err error) {
	none := expr.Literal(data.NullValue(), t.WithNull(true))
	if b == nil {
		return textLiteral("NULL"), none, nil
	}
	if b.Default == nil {
		return textLiteral(b.Kind), none, nil
	}
	v, err := x.bind(b.Default)
	if err != nil {
		return v, none, err
	}
	v, err = cast(b.Default.Pos(), v, t.WithNull(v.Type.Nullable), false)
	return textLiteral("DEFAULT"), v, err
}

// jsonClauses binds a call whose clauses follow its two arguments.
func (x *exprBinder) jsonClauses(at ast.Node, name string, t data.Type, input, path ast.Expr, passing []ast.JSONPassing, clauses ...expr.Expr) (expr.Expr, error) {
	if passing != nil {
		return expr.Expr{}, ast.Errorf(passing[0].Value.Pos(), "PASSING is not supported: put the value into the path with ||")
	}
	for _, e := range []ast.Expr{input, path} {
		if v, err := x.bind(e); err == nil && isNull(v) {
			return v, illegalNull(e.Pos())
		}
	}
	out, err := x.named(at, name, input, path)
	if err != nil || len(clauses) == 0 {
		return out, err
	}
	args := append(out.Args[:2:2], clauses...)
	return call(name, t, args...), nil
}

func (x *exprBinder) jsonValue(n *ast.JSONValue) (expr.Expr, error) {
	t := data.String()
	if n.Returning != nil {
		r, err := typing.FromAST(n.Returning)
		if err != nil {
			return expr.Expr{}, err
		}
		switch r.Kind {
		case data.VarChar, data.Boolean, data.Int, data.Double:
		default:
			return expr.Expr{}, ast.Planf(n.Returning.Pos(), "Unsupported type '%s' for RETURNING in JSON_VALUE().", r)
		}
		t = r.WithNull(true)
	}
	if n.Returning == nil && n.OnEmpty == nil && n.OnError == nil {
		return x.jsonClauses(n, "JSON_VALUE", t, n.Input, n.Path, n.Passing)
	}
	onEmpty, emptyValue, err := x.jsonBehavior(n.OnEmpty, t)
	if err != nil {
		return onEmpty, err
	}
	onError, errorValue, err := x.jsonBehavior(n.OnError, t)
	if err != nil {
		return onError, err
	}
	return x.jsonClauses(n, "JSON_VALUE", t, n.Input, n.Path, n.Passing, onEmpty, onError, emptyValue, errorValue)
}

func (x *exprBinder) jsonQuery(n *ast.JSONQuery) (expr.Expr, error) {
	t := data.String()
	if n.Returning != nil {
		r, err := typing.FromAST(n.Returning)
		if err != nil {
			return expr.Expr{}, err
		}
		if r.Kind == data.Array && r.Args[0].Kind != data.VarChar {
			return expr.Expr{}, ast.Errorf(n.Returning.Pos(), "Unsupported array element type '%s' for RETURNING ARRAY in JSON_QUERY().", typing.Name(r.Args[0]))
		}
		if r.Kind != data.VarChar && (r.Kind != data.Array || r.Args[0].Kind != data.VarChar) {
			return expr.Expr{}, ast.Planf(n.Returning.Pos(), "Unsupported type '%s' for RETURNING in JSON_QUERY().", r)
		}
		t = r.WithNull(true)
	}
	if n.Returning == nil && n.Wrapper == "" && n.OnEmpty == nil && n.OnError == nil {
		return x.jsonClauses(n, "JSON_QUERY", t, n.Input, n.Path, n.Passing)
	}
	word := func(b *ast.JSONBehavior) expr.Expr {
		if b == nil {
			return textLiteral("NULL")
		}
		return textLiteral(b.Kind)
	}
	for _, b := range []*ast.JSONBehavior{n.OnEmpty, n.OnError} {
		if t.Kind == data.Array && b != nil && b.Kind == "EMPTY OBJECT" {
			return expr.Expr{}, ast.Errorf(n.Pos(), "Illegal on empty or on error behavior 'EMPTY OBJECT' for return type: %s", t)
		}
	}
	wrapper := n.Wrapper
	if wrapper == "" {
		wrapper = "WITHOUT"
	}
	return x.jsonClauses(n, "JSON_QUERY", t, n.Input, n.Path, n.Passing, word(n.OnEmpty), word(n.OnError), textLiteral(wrapper))
}

func (x *exprBinder) jsonExists(n *ast.JSONExists) (expr.Expr, error) {
	if n.OnError == "" {
		return x.jsonClauses(n, "JSON_EXISTS", boolean(true), n.Input, n.Path, n.Passing)
	}
	return x.jsonClauses(n, "JSON_EXISTS", boolean(true), n.Input, n.Path, n.Passing, textLiteral(n.OnError))
}

// jsonItem binds a value of JSON_OBJECT or JSON_ARRAY, and tells whether it is
// put in as the JSON it is.
func (x *exprBinder) jsonItem(e ast.Expr, formatJSON bool) (expr.Expr, bool, error) {
	switch n := e.(type) {
	case *ast.JSONObject, *ast.JSONArray:
		v, err := x.bind(e)
		return v, true, err
	case *ast.Call:
		if len(n.Name.Parts) == 1 && strings.EqualFold(n.Name.Last().Name, "JSON") && len(n.Args) == 1 {
			v, err := x.named(n, "JSON", n.Args[0])
			return v, true, err
		}
	}
	v, err := x.bind(e)
	if err == nil && isNull(v) {
		v = expr.Literal(data.NullValue(), data.String())
	}
	return v, formatJSON, err
}

func (x *exprBinder) jsonObject(n *ast.JSONObject) (expr.Expr, error) {
	if n.Agg {
		return expr.Expr{}, ast.Errorf(n.Pos(), "Aggregate expression JSON_OBJECTAGG is illegal here: it can stand in the list of a SELECT and in HAVING")
	}
	var kinds strings.Builder
	args := make([]expr.Expr, 2, 2+2*len(n.Members))
	for _, m := range n.Members {
		k, err := x.bind(m.Key)
		if err != nil {
			return k, err
		}
		if !typing.Text(k.Type) {
			return k, ast.Errorf(n.Pos(), "Expected a character type: the key of a JSON object must be a string, not %s", typing.Name(k.Type))
		}
		v, raw, err := x.jsonItem(m.Value, m.FormatJSON)
		if err != nil {
			return v, err
		}
		if untypedNull(m.Value) {
			return v, noNullType(m.Value.Pos())
		}
		kinds.WriteByte(kindOf(raw))
		args = append(args, k, v)
	}
	args[0], args[1] = nullsWord(n.Nulls, ast.NullOnNull), textLiteral(kinds.String())
	return x.callFunction(n, "JSON_OBJECT", args)
}

func (x *exprBinder) jsonArray(n *ast.JSONArray) (expr.Expr, error) {
	if n.Agg {
		return expr.Expr{}, ast.Errorf(n.Pos(), "Aggregate expression JSON_ARRAYAGG is illegal here: it can stand in the list of a SELECT and in HAVING")
	}
	var kinds strings.Builder
	args := make([]expr.Expr, 2, 2+len(n.Items))
	for _, item := range n.Items {
		v, raw, err := x.jsonItem(item.Value, item.FormatJSON)
		if err != nil {
			return v, err
		}
		if untypedNull(item.Value) {
			return v, noNullType(item.Value.Pos())
		}
		kinds.WriteByte(kindOf(raw))
		args = append(args, v)
	}
	args[0], args[1] = nullsWord(n.Nulls, ast.AbsentOnNull), textLiteral(kinds.String())
	return x.callFunction(n, "JSON_ARRAY", args)
}

// untypedNull tells whether NULL itself is written, whose type Flink has no name for here.
func untypedNull(e ast.Expr) bool {
	l, ok := e.(*ast.Literal)
	return ok && l.Kind == ast.NullLiteral
}

func noNullType(pos ast.Pos) error {
	return ast.Planf(pos, "Type is not supported: ANY (write CAST(NULL AS STRING))")
}

func kindOf(raw bool) byte {
	if raw {
		return 'j'
	}
	return 'v'
}

func nullsWord(n, absent ast.JSONNulls) expr.Expr {
	if n == ast.JSONNullsUnset {
		n = absent
	}
	return textLiteral(string(n))
}
