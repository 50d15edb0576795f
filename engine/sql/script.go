package sql

import (
	"errors"
	"strings"

	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// CompileScript carries out a script and makes one job of it: all its INSERTs
// and statement sets together, or its one SELECT. Errors have places in the
// script; of several statements that are wrong each is told, as parse.Errors.
func (s *Session) CompileScript(script string) (*Outcome, error) {
	statements, err := parse.Script(script)
	if err != nil {
		return nil, err
	}
	s.script++
	c := compilation{session: s}
	for _, st := range statements {
		c.last = st.EndPos()
		if c.failed(st, c.statement(st)); len(c.errs) == maxErrors {
			break
		}
	}
	if len(c.errs) > 0 && c.query != nil && len(c.errs) < maxErrors {
		_, err := s.collect(c.query)
		c.failed(c.query, err)
	}
	switch len(c.errs) {
	case 0:
		return c.job()
	case 1:
		return nil, c.errs[0]
	}
	return nil, c.errs
}

// maxErrors is how many statements of a script are told to be wrong.
const maxErrors = 20

const oneJob = "a script is one job: either INSERTs, or one SELECT at its end"

// compilation is a script on its way to a job.
type compilation struct {
	session  *Session
	all      []insert
	query    *ast.Query
	compiled *Outcome // of EXECUTE PLAN
	last     ast.Pos
	errs     parse.Errors
	broken   []string // tables whose definition is wrong
}

// failed notes what is wrong with a statement, but for what is wrong only
// because the definition of a table was.
func (c *compilation) failed(st ast.Statement, err error) {
	if err == nil {
		return
	}
	var e *ast.Error
	if err = at(st.Pos(), err); !errors.As(err, &e) || e.Error() != err.Error() {
		e = ast.Errorf(st.Pos(), "%w", err)
	}
	for _, name := range c.broken {
		if strings.Contains(e.Message, "Object '"+name+"' not found") || strings.Contains(e.Message, ".`"+name+"`' in any of the catalogs") {
			return
		}
	}
	c.errs = append(c.errs, e)
	switch n := st.(type) {
	case *ast.CreateTable:
		c.broken = append(c.broken, n.Name.Last().Name)
	case *ast.CreateView:
		c.broken = append(c.broken, n.Name.Last().Name)
	}
}

func (c *compilation) statement(st ast.Statement) error {
	s := c.session
	switch n := st.(type) {
	case *ast.Query:
		if c.query != nil || len(c.all) > 0 {
			return ast.Errorf(n.Pos(), oneJob)
		}
		c.query = n
		return nil
	case *ast.Insert:
		i, err := s.insert(n)
		if err != nil {
			return err
		}
		c.all = append(c.all, i)
	case *ast.StatementSet:
		set, err := s.inserts(n)
		if err != nil {
			return err
		}
		c.all = append(c.all, set...)
	case *ast.CreateTable:
		if n.As == nil {
			return at(n.Pos(), s.createTable(n, nil))
		}
		i, err := s.createTableAs(n)
		if err != nil {
			return err
		}
		if i != nil {
			c.all = append(c.all, *i)
		}
	default:
		o, err := s.execute(st)
		if err != nil {
			return err
		}
		if o.Kind == Insert { // a compiled plan
			if c.compiled != nil || c.query != nil || len(c.all) > 0 {
				return ast.Errorf(st.Pos(), "a script is one job: a compiled plan is one already")
			}
			c.compiled = o
		}
		return nil
	}
	switch {
	case c.compiled != nil:
		return ast.Errorf(st.Pos(), "a script is one job: a compiled plan is one already")
	case c.query != nil && len(c.all) > 0:
		return ast.Errorf(st.Pos(), oneJob)
	}
	return nil
}

// job plans what a script without mistakes asks for.
func (c *compilation) job() (*Outcome, error) {
	s := c.session
	switch {
	case c.compiled != nil && c.query == nil:
		return c.compiled, nil
	case c.compiled != nil:
		return nil, ast.Errorf(c.query.Pos(), "a script is one job: a compiled plan is one already")
	case c.query != nil:
		return s.query(c.query)
	case s.set != nil:
		s.set = nil
		return nil, ast.Errorf(c.last, "the statement set is not ended: END is missing")
	case len(c.all) == 0:
		return nil, ast.Errorf(c.last, "the script has no INSERT and no SELECT: there is nothing to run")
	}
	return s.plan(c.all)
}
