package sql

import (
	"fmt"

	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// Load makes the objects of a catalog again, each by its statement, in order.
// A statement that cannot be carried out is left out and told; it does not
// keep the others from their place. What is current stays current, and places
// in a script that comes later are not mixed up with places in these.
func (s *Session) Load(statements []string) []error {
	var problems []error
	current, database := s.catalog.Current, s.catalog.Database
	for i, text := range statements {
		if err := s.load(text); err != nil {
			problems = append(problems, fmt.Errorf("statement %d of the catalog: %w", i+1, err))
		}
		if s.catalog.HasDatabase(current, database) {
			s.catalog.Current, s.catalog.Database = current, database
		}
	}
	return problems
}

func (s *Session) load(text string) error {
	statements, err := parse.Script(text)
	if err != nil {
		return err
	}
	s.script++
	for _, st := range statements {
		switch st.(type) {
		case *ast.CreateTable, *ast.CreateView, *ast.CreateDatabase, *ast.CreateCatalog, *ast.CreateFunction,
			*ast.AlterTable, *ast.AlterView, *ast.AlterDatabase:
		default:
			return ast.Errorf(st.Pos(), "it makes no object of a catalog")
		}
		if _, err := s.declare(st); err != nil {
			return err
		}
	}
	return nil
}

// Home makes a catalog and a database in it, unless they are there, and makes
// them current.
func (s *Session) Home(catalogName, database string) error {
	if !s.catalog.HasCatalog(catalogName) {
		if err := s.catalog.CreateCatalog(catalogName); err != nil {
			return err
		}
	}
	return s.catalog.UseDatabase(catalogName, database)
}
