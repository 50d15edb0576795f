package bind

import (
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

// tableFunction binds [LATERAL] TABLE(f(…)) of a user's function beside what is
// left of it: each row of left once for each row that the function gives for it.
func (b *Binder) tableFunction(left logical.Node, ls *scope, r *ast.TableFunction, j *ast.Join) (logical.Node, *scope, error) {
	_, u, err := b.user(r.Call)
	switch {
	case err != nil:
		return nil, nil, err
	case u == nil:
		return nil, nil, unsupported(r.Call.Pos(), "table function "+r.Call.Name.String()+" is")
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
