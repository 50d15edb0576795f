package bind

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// JSON_OBJECTAGG and JSON_ARRAYAGG write each row's part of the document as text
// and list the texts.

// jsonObject binds JSON_OBJECTAGG(KEY k VALUE v).
func (a *aggregation) jsonObject(x *exprBinder, n *ast.JSONObject) (expr.Expr, error) {
	plain := &exprBinder{b: x.b, scope: a.scope, depth: x.depth}
	m := n.Members[0]
	k, err := plain.bind(m.Key)
	if err != nil {
		return k, err
	}
	if !typing.Text(k.Type) {
		return k, ast.Errorf(m.Key.Pos(), "the key of a JSON object must be a string, not %s", typing.Name(k.Type))
	}
	v, err := plain.jsonText(n, m.Value, m.FormatJSON, n.Nulls, ast.NullOnNull)
	if err != nil {
		return v, err
	}
	key, err := plain.callFunction(n, "JSON_STRING", []expr.Expr{k})
	if err != nil {
		return key, err
	}
	if key.Type.Nullable { // jsonMembers refuses it
		key = call("COALESCE", data.String().NotNull(), convert(key, data.String()), convert(textLiteral("null"), data.String()))
	}
	if v.Type.Nullable { // the key counts, and is then left out
		v = call("COALESCE", data.String().NotNull(), convert(v, data.String()), convert(textLiteral(""), data.String()))
	}
	part := joined(data.String(), key, textLiteral(":"), v)
	list, err := a.document(x, n, part, "{", "}", n.Filter)
	if err != nil {
		return list, err
	}
	t := list.Type
	list, err = plain.callFunction(n, "$JSON_MEMBERS", []expr.Expr{list})
	list.Type = t
	return list, err
}

// jsonArray binds JSON_ARRAYAGG(v). Flink takes an order inside, and gives the
// values as they come.
func (a *aggregation) jsonArray(x *exprBinder, n *ast.JSONArray) (expr.Expr, error) {
	plain := &exprBinder{b: x.b, scope: a.scope, depth: x.depth}
	for _, item := range n.OrderBy {
		if _, err := plain.bind(item.Expr); err != nil {
			return expr.Expr{}, err
		}
	}
	v, err := plain.jsonText(n, n.Items[0].Value, n.Items[0].FormatJSON, n.Nulls, ast.AbsentOnNull)
	if err != nil {
		return v, err
	}
	return a.document(x, n, v, "[", "]", n.Filter)
}

// jsonText is a value as JSON, NULL where it is to be left out.
func (x *exprBinder) jsonText(at ast.Node, e ast.Expr, format bool, nulls, otherwise ast.JSONNulls) (expr.Expr, error) {
	v, raw, err := x.jsonItem(e, format)
	if err != nil {
		return v, err
	}
	if isNull(v) {
		return v, illegalNull(e.Pos())
	}
	if raw {
		v = convert(v, data.String())
	} else if v, err = x.callFunction(at, "JSON_STRING", []expr.Expr{v}); err != nil {
		return v, err
	}
	if nulls == "" {
		nulls = otherwise
	}
	if nulls == ast.AbsentOnNull || !v.Type.Nullable {
		return v, nil
	}
	return call("COALESCE", data.String().NotNull(), convert(v, data.String()), convert(textLiteral("null"), data.String())), nil
}

// joined is strings one after the other, as a type.
func joined(t data.Type, parts ...expr.Expr) expr.Expr {
	out := convert(parts[0], data.String())
	for _, p := range parts[1:] {
		out = call("||", t.WithNull(out.Type.Nullable || p.Type.Nullable), out, convert(p, data.String()))
	}
	return out
}

// document lists the parts.
func (a *aggregation) document(x *exprBinder, at ast.Node, part expr.Expr, open, end string, filter ast.Expr) (expr.Expr, error) {
	c := graph.AggCall{Func: "LISTAGG", Filter: -1, Type: data.String()}
	c.Args = []int{a.column(convert(part, data.String()))}
	if filter != nil {
		plain := &exprBinder{b: x.b, scope: a.scope, depth: x.depth}
		cond, err := plain.bind(filter)
		if err != nil {
			return cond, err
		}
		if cond.Type.Kind != data.Boolean {
			return cond, ast.Errorf(filter.Pos(), "FILTER must be a condition")
		}
		c.Filter = a.column(cond)
	}
	list := a.column2(c)
	text := data.String().NotNull()
	inner := call("COALESCE", text, list, convert(textLiteral(""), data.String()))
	t := data.Type{Kind: data.VarChar, Precision: 2000}
	return joined(t, textLiteral(open), inner, textLiteral(end)), nil
}
