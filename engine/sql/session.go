// Package sql is the SQL front end: a session takes statements, keeps what they
// declare, and turns queries into dataflow graphs.
//
// The rule: nothing here runs a query. The way ends in a graph.Graph, which is
// plain data; every refusal is an ast.Error with a place.
package sql

import (
	"maps"
	"slices"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/bind"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// Environment is what statements may use.
type Environment struct {
	Functions  *function.Set
	Connectors []*connector.Connector
	Formats    []*format.Format
	Files      Files // nil: the session has none
	// Load loads a function of a module and completes what declares it; nil:
	// there are no such functions.
	Load func(graph.Function) (graph.Function, function.User, error)
}

// Session is one client's: its catalog and its settings. It is used by one
// goroutine at a time.
type Session struct {
	env     Environment
	catalog *catalog.Catalog
	home    catalog.Path      // catalog and database of the platform, which no statement made
	initial map[string]string // what RESET goes back to
	config  map[string]string
	script  int       // number of the script or statement being worked on
	set     *[]insert // INSERTs since BEGIN STATEMENT SET; nil outside

	functions *function.Set             // the environment's, and those of users that were called
	users     map[string]graph.Function // by the names that expressions call them by
	loaded    map[string]*function.User // likewise
}

// insert is an INSERT that was bound and waits to be planned with others.
type insert struct {
	sink  *logical.Sink
	table *catalog.Table
}

// Kind says what a statement led to.
type Kind string

// Kinds of outcomes.
const (
	OK     Kind = "OK"     // done; nothing to show
	Rows   Kind = "ROWS"   // Columns and Rows
	Select Kind = "SELECT" // Graph gives Columns to the client
	Insert Kind = "INSERT" // Graph writes to Sinks
)

// Outcome is what a statement led to.
type Outcome struct {
	Kind    Kind
	Columns []data.Column
	Rows    [][]data.Value // of SHOW, DESCRIBE, EXPLAIN, SET
	Graph   *graph.Graph
	Name    string // pipeline.name, or made from the sinks
	// Sources and Sinks are the tables read and written, each once.
	Sources, Sinks []graph.Table
}

// NewSession starts a session with Flink's configuration keys.
func NewSession(env Environment, config map[string]string) *Session {
	return &Session{
		env: env, catalog: catalog.New(), initial: maps.Clone(config), config: cloneOrMake(config),
		functions: env.Functions.With(), users: map[string]graph.Function{}, loaded: map[string]*function.User{},
	}
}

func cloneOrMake(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}

// Config is a copy of the session's settings.
func (s *Session) Config() map[string]string { return maps.Clone(s.config) }

// Configure sets a setting, as SET does.
func (s *Session) Configure(key, value string) { s.config[key] = value }

// Execute carries out a statement: declarations and settings take effect,
// queries are planned, not run.
func (s *Session) Execute(st ast.Statement) (*Outcome, error) {
	s.script++
	return s.execute(st)
}

// Continue carries out a statement that stands in the same text as the one
// before, with positions in that text: what is wrong with an option of a table
// is then placed where the table was declared.
func (s *Session) Continue(st ast.Statement) (*Outcome, error) { return s.execute(st) }

var done = &Outcome{Kind: OK}

func (s *Session) execute(st ast.Statement) (*Outcome, error) {
	switch n := st.(type) {
	case *ast.Query:
		return s.query(n)
	case *ast.Insert:
		i, err := s.insert(n)
		if err != nil {
			return nil, err
		}
		if s.set != nil {
			*s.set = append(*s.set, i)
			return done, nil
		}
		return s.plan([]insert{i})
	case *ast.StatementSet:
		all, err := s.inserts(n)
		if err != nil {
			return nil, err
		}
		return s.plan(all)
	case *ast.BeginStatementSet:
		if s.set != nil {
			return nil, ast.Errorf(n.Pos(), "a statement set is open already; end it with END")
		}
		s.set = &[]insert{}
		return done, nil
	case *ast.EndStatementSet:
		if s.set == nil {
			return nil, ast.Errorf(n.Pos(), "no statement set is open; begin one with BEGIN STATEMENT SET")
		}
		all := *s.set
		s.set = nil
		if len(all) == 0 {
			return nil, ast.Errorf(n.Pos(), "NO statements in statement set")
		}
		return s.plan(all)
	case *ast.CompilePlan:
		return s.compilePlan(n)
	case *ast.ExecutePlan:
		return s.executePlan(n)
	case *ast.Explain:
		return s.explain(n)
	case *ast.Set:
		return s.setOption(n)
	case *ast.Reset:
		if n.Key == nil {
			s.config = cloneOrMake(s.initial)
		} else if v, ok := s.initial[*n.Key]; ok {
			s.config[*n.Key] = v
		} else {
			delete(s.config, *n.Key)
		}
		return done, nil
	case *ast.Show:
		return s.show(n)
	case *ast.Describe:
		return s.describe(n)
	}
	return s.declare(st)
}

func (s *Session) setOption(n *ast.Set) (*Outcome, error) {
	if n.Key == nil {
		o := &Outcome{Kind: Rows, Columns: columns("key", "value")}
		for _, k := range slices.Sorted(maps.Keys(s.config)) {
			o.Rows = append(o.Rows, []data.Value{{S: k}, {S: s.config[k]}})
		}
		return o, nil
	}
	if n.Value == nil {
		return nil, ast.Errorf(n.Pos(), "SET '%s' needs a value", *n.Key)
	}
	if err := checkSetting(*n.Key, *n.Value); err != nil {
		return nil, ast.Planf(n.Pos(), "%w", err)
	}
	s.config[*n.Key] = *n.Value
	return done, nil
}

// columns are STRING columns of a listing.
func columns(names ...string) []data.Column {
	out := make([]data.Column, len(names))
	for i, n := range names {
		out[i] = data.Column{Name: n, Type: data.String()}
	}
	return out
}

func list(column string, values []string) *Outcome {
	o := &Outcome{Kind: Rows, Columns: columns(column)}
	for _, v := range values {
		o.Rows = append(o.Rows, []data.Value{{S: v}})
	}
	return o
}

func (s *Session) binder() (*bind.Binder, error) {
	idle, err := s.millis("table.exec.source.idle-timeout", 0)
	if err != nil {
		return nil, err
	}
	duplicates, err := s.flag("table.exec.source.cdc-events-duplicate")
	if err != nil {
		return nil, err
	}
	batch, err := s.batch()
	if err != nil {
		return nil, err
	}
	return &bind.Binder{
		Batch: batch, Catalog: s.catalog, Functions: s.functions, User: s.userFunction, Source: s.source, Lookup: s.lookup, IdleMillis: idle, Duplicates: duplicates,
		Fold: func(e expr.Expr) (data.Value, error) { return expr.EvalConst(e, s.functions, &function.Env{}) },
	}, nil
}
