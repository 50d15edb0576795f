package bind

import (
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// windowing tells whether a table function is one of the windows.
func windowing(c *ast.Call) bool {
	_, ok := windowParameters[strings.ToUpper(c.Name.Last().Name)]
	return ok && len(c.Name.Parts) == 1
}

// flinkOnly are table functions that Flink has, with what there is here instead.
var flinkOnly = map[string]string{
	"ML_PREDICT": "models can be declared, not asked", "ML_EVALUATE": "models can be declared, not asked", "VECTOR_SEARCH": "there are no vector tables",
}

// noTableFunction is the error for a table function that there is not.
func (b *Binder) noTableFunction(c *ast.Call) error {
	name := strings.ToUpper(c.Name.Last().Name)
	if instead, ok := flinkOnly[name]; ok && len(c.Name.Parts) == 1 {
		return ast.Errorf(c.Pos(), "table function %s is not supported by this engine: %s; run it on a Flink target", name, instead)
	}
	known := slices.Sorted(maps.Keys(windowParameters))
	return ast.Errorf(c.Pos(), "No match found for function signature %s: there is no table function of that name%s", c.Name, meant(name, known))
}

// tableFunction binds [LATERAL] TABLE(f(…)) of a user's function beside what is
// left of it: each row of left once for each row that the function gives for it.
func (b *Binder) tableFunction(left logical.Node, ls *scope, r *ast.TableFunction, j *ast.Join) (logical.Node, *scope, error) {
	_, u, err := b.user(r.Call)
	name := strings.ToUpper(r.Call.Name.Last().Name)
	switch {
	case err != nil:
		return nil, nil, err
	case u == nil && len(r.Call.Name.Parts) == 1 && b.Functions.Table(name) != nil:
	case u == nil:
		return nil, nil, b.noTableFunction(r.Call)
	case u.Table == nil:
		return nil, nil, ast.Errorf(r.Call.Pos(), "%s is no table function: it does not stand in FROM", r.Call.Name)
	}
	e, err := (&exprBinder{b: b, scope: ls, table: true}).bind(r.Call)
	if err != nil {
		return nil, nil, err
	}
	row := e.Type.Args[0]
	columns := make([]data.Column, len(row.Args))
	for i, t := range row.Args {
		columns[i] = data.Column{Name: row.Names[i], Type: t}
	}
	return b.expand(left, ls, e, columns, false, r.Alias, j)
}
