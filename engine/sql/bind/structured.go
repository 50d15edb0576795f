package bind

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// OBJECT_OF and OBJECT_UPDATE make values of structured types: rows that name a
// class of the JVM.

// objectOf binds OBJECT_OF(class, [field, value]…).
func (x *exprBinder) objectOf(n *ast.Call, args []expr.Expr) (expr.Expr, error) {
	if len(args)%2 == 0 {
		return expr.Expr{}, ast.Errorf(n.Pos(), "No match found for function signature OBJECT_OF(%s). Supported signatures are: OBJECT_OF(class name STRING, [STRING, ANY]*...)", families(args))
	}
	const first = "The first argument must be a non-nullable character string"
	if !typing.Text(args[0].Type) {
		return expr.Expr{}, ast.Errorf(n.Args[0].Pos(), "%s representing the class name, but was %s.", first, args[0].Type)
	}
	if args[0].Kind != expr.KindLiteral || args[0].Value.Null {
		return expr.Expr{}, ast.Errorf(n.Args[0].Pos(), "%s literal representing the class name.", first)
	}
	t := data.Type{Kind: data.Row, Nullable: true, Class: args[0].Value.S}
	if !typing.ClassName(t.Class) {
		return expr.Expr{}, ast.Errorf(n.Args[0].Pos(), "Invalid class name '%s'. The class name must comply with JVM identifier rules.", t.Class)
	}
	names, err := fieldNames(n, args, 1)
	if err != nil {
		return expr.Expr{}, err
	}
	var values []expr.Expr
	for i, name := range names {
		v := args[2*i+2]
		if isNull(v) {
			return v, illegalNull(n.Args[2*i+2].Pos())
		}
		t.Names, t.Args = append(t.Names, name), append(t.Args, typing.Plain(v.Type))
		values = append(values, v)
	}
	return call("ROW", t, values...), nil
}

// objectUpdate binds OBJECT_UPDATE(object, [field, value]…).
func (x *exprBinder) objectUpdate(n *ast.Call, args []expr.Expr) (expr.Expr, error) {
	if len(args)%2 == 0 {
		return expr.Expr{}, ast.Errorf(n.Pos(), "No match found for function signature OBJECT_UPDATE(%s). Supported signatures are: OBJECT_UPDATE(object STRUCTURED_TYPE, [STRING, ANY]+...)", families(args))
	}
	old := args[0]
	if old.Type.Class == "" {
		return old, ast.Errorf(n.Args[0].Pos(), "The first argument must be a structured type, but was %s.", old.Type)
	}
	names, err := fieldNames(n, args, 1)
	if err != nil {
		return expr.Expr{}, err
	}
	t := old.Type
	t.Nullable, t.Args = true, slices.Clone(t.Args)
	values := make([]expr.Expr, len(t.Args))
	for i := range values {
		values[i] = fieldAt(old, i)
		values[i].Type.Nullable = t.Args[i].Nullable
	}
	for i, name := range names {
		at := slices.Index(t.Names, name)
		if at < 0 {
			return old, ast.Errorf(n.Args[2*i+1].Pos(), "The field name '%s' at position %d is not part of the structured type attributes. Available attributes: [%s].", name, 2*i+2, strings.Join(t.Names, ", "))
		}
		v := args[2*i+2]
		if isNull(v) {
			return v, illegalNull(n.Args[2*i+2].Pos())
		}
		values[at], t.Args[at] = v, typing.Plain(v.Type)
	}
	out := call("ROW", t, values...)
	if old.Kind == expr.KindCall && old.Func == "ROW" { // it is never NULL
		return out, nil
	}
	return call("CASE", t, call("IS NULL", boolean(false), old), expr.Literal(data.NullValue(), t), out), nil
}

// fieldNames are the literals at every second place.
func fieldNames(n *ast.Call, args []expr.Expr, from int) ([]string, error) {
	var names []string
	for i := from; i < len(args); i += 2 {
		a := args[i]
		switch {
		case !typing.Text(a.Type):
			return nil, ast.Errorf(n.Args[i].Pos(), "The field key at position %d must be a non-nullable character string, but was %s.", i+1, a.Type)
		case a.Kind != expr.KindLiteral || a.Value.Null:
			return nil, ast.Errorf(n.Args[i].Pos(), "The field key at position %d must be a non-nullable character string literal.", i+1)
		case slices.Contains(names, a.Value.S):
			return nil, ast.Errorf(n.Args[i].Pos(), "The field name '%s' at position %d is repeated.", a.Value.S, i+1)
		}
		names = append(names, a.Value.S)
	}
	return names, nil
}

func families(args []expr.Expr) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = "<" + family(a.Type) + ">"
	}
	return strings.Join(parts, ", ")
}

// NoClass refuses structured types in a result: what reads it would make an
// object of a class that this engine does not have.
func NoClass(n logical.Node, pos ast.Pos) error {
	for _, c := range n.Schema() {
		if class := className(c.Type); class != "" {
			return ast.Errorf(pos, "column '%s' has the structured type '%s', a class that is not supported by this engine as a result: select its fields, or CAST it to a ROW", c.Name, class)
		}
	}
	return nil
}

func className(t data.Type) string {
	if t.Class != "" {
		return t.Class
	}
	for _, a := range t.Args {
		if c := className(a); c != "" {
			return c
		}
	}
	return ""
}
