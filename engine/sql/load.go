package sql

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// LoadError is a statement of a catalog that could not be carried out.
type LoadError struct {
	Index int // of the statement
	Err   error
}

func (e *LoadError) Error() string {
	return fmt.Sprintf("statement %d of the catalog: %v", e.Index+1, e.Err)
}

func (e *LoadError) Unwrap() error { return e.Err }

// Load makes the objects of a catalog again, each by its statement, in order.
// A statement that needs what a later one makes is carried out after it: a
// table that was dropped and created anew comes after the views on it. One
// that cannot be carried out is left out and told, as a *LoadError; it does
// not keep the others from their place. What is current stays current, and
// places in a script that comes later are not mixed up with places in these.
func (s *Session) Load(statements []string) []error {
	current, database := s.catalog.Current, s.catalog.Database
	left := make([]int, len(statements))
	for i := range left {
		left[i] = i
	}
	var problems []error
	for before := len(left) + 1; len(left) < before; { // as long as a round gets on
		before = len(left)
		problems = nil
		var again []int
		for _, i := range left {
			if err := s.load(statements[i]); err != nil {
				problems = append(problems, &LoadError{i, err})
				again = append(again, i)
			}
			if s.catalog.HasDatabase(current, database) {
				s.catalog.Current, s.catalog.Database = current, database
			}
		}
		left = again
	}
	return problems
}

func (s *Session) load(text string) error {
	statements, err := parse.Script(text)
	if err != nil {
		return err
	}
	if len(statements) == 0 {
		return fmt.Errorf("it is empty: %s", strings.TrimSpace(text))
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
	s.home = catalog.Path{Catalog: catalogName, Database: database}
	return s.catalog.UseDatabase(catalogName, database)
}
