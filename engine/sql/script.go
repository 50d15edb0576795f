package sql

import (
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// CompileScript carries out a script and makes one job of it: all its INSERTs
// and statement sets together, or its one SELECT. Errors have places in the
// script.
func (s *Session) CompileScript(script string) (*Outcome, error) {
	statements, err := parse.Script(script)
	if err != nil {
		return nil, err
	}
	s.script++
	var all []insert
	var query *ast.Query
	var compiled *Outcome
	var last ast.Pos
	for _, st := range statements {
		last = st.EndPos()
		switch n := st.(type) {
		case *ast.Query:
			if query != nil || len(all) > 0 {
				return nil, ast.Errorf(n.Pos(), "a script is one job: either INSERTs, or one SELECT at its end")
			}
			query = n
			continue
		case *ast.Insert:
			i, err := s.insert(n)
			if err != nil {
				return nil, err
			}
			all = append(all, i)
		case *ast.StatementSet:
			set, err := s.inserts(n)
			if err != nil {
				return nil, err
			}
			all = append(all, set...)
		case *ast.CreateTable:
			if n.As == nil {
				if err := s.createTable(n, nil); err != nil {
					return nil, at(n.Pos(), err)
				}
				continue
			}
			i, err := s.createTableAs(n)
			if err != nil {
				return nil, err
			}
			if i != nil {
				all = append(all, *i)
			}
		default:
			o, err := s.execute(st)
			if err != nil {
				return nil, err
			}
			if o.Kind == Insert { // a compiled plan
				if compiled != nil || query != nil || len(all) > 0 {
					return nil, ast.Errorf(st.Pos(), "a script is one job: a compiled plan is one already")
				}
				compiled = o
			}
			continue
		}
		if compiled != nil {
			return nil, ast.Errorf(st.Pos(), "a script is one job: a compiled plan is one already")
		}
		if query != nil && len(all) > 0 {
			return nil, ast.Errorf(st.Pos(), "a script is one job: either INSERTs, or one SELECT at its end")
		}
	}
	switch {
	case compiled != nil && query == nil:
		return compiled, nil
	case compiled != nil:
		return nil, ast.Errorf(query.Pos(), "a script is one job: a compiled plan is one already")
	case query != nil:
		return s.query(query)
	case s.set != nil:
		s.set = nil
		return nil, ast.Errorf(last, "the statement set is not ended: END is missing")
	case len(all) == 0:
		return nil, ast.Errorf(last, "the script has no INSERT and no SELECT: there is nothing to run")
	}
	return s.plan(all)
}
