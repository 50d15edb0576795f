package function_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/function/aggregate"
	"github.com/weir-streams/weir/engine/function/collection"
	"github.com/weir-streams/weir/engine/function/jsonpath"
	"github.com/weir-streams/weir/engine/function/number"
	"github.com/weir-streams/weir/engine/function/temporal"
	"github.com/weir-streams/weir/engine/function/text"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/bind"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/parse"
)

var all = function.NewSet([][]*function.Scalar{collection.Functions, jsonpath.Functions, number.Functions, temporal.Functions, text.Functions}, aggregate.Functions)

// constant is an expression without columns.
func constant(sql string) (expr.Expr, error) {
	st, err := parse.Statement("SELECT " + sql)
	if err != nil {
		return expr.Expr{}, fmt.Errorf("%s: %w", sql, err)
	}
	n, err := (&bind.Binder{Catalog: catalog.New(), Functions: all}).Query(st.(*ast.Query))
	if err != nil {
		return expr.Expr{}, err
	}
	return n.(*logical.Project).Exprs[0], nil
}

// evaluate gives the text of an expression.
func evaluate(t *testing.T, sql string, env *function.Env) string {
	t.Helper()
	e, err := constant(sql)
	if err != nil {
		return "error: " + err.Error()
	}
	v, err := expr.EvalConst(e, all, env)
	if err != nil {
		return "error: " + err.Error()
	}
	return data.FormatValue(v, e.Type, env.TimeZone.Location)
}

func TestExamples(t *testing.T) {
	zone, err := function.LoadZone("UTC")
	if err != nil {
		t.Fatal(err)
	}
	env := &function.Env{TimeZone: zone, Now: 1700000000000}
	for _, f := range all.Scalars() {
		t.Run(f.Name, func(t *testing.T) {
			if f.Doc == "" || f.Syntax == "" || f.Category == "" || f.Infer == nil || f.Eval == nil {
				t.Error("the declaration is not complete")
			}
			if len(f.Examples) == 0 && !strings.HasPrefix(f.Name, "$") {
				t.Error("there is no example")
			}
			for _, x := range f.Examples {
				if got := evaluate(t, x.SQL, env); got != x.Want {
					t.Errorf("%s = %s, want %s", x.SQL, got, x.Want)
				}
			}
		})
	}
}
