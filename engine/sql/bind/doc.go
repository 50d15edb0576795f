// Package bind turns a syntax tree into a logical plan: it looks names up,
// gives every expression its type, and makes every conversion explicit.
//
// The rule: what leaves here is free of names and of doubt. A statement that
// is wrong is refused here, at the place where it is wrong.
package bind

import (
	"fmt"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Functions is what the binder asks of the function tables; nil: no such function.
type Functions interface {
	Scalar(name string) *function.Scalar
	Aggregate(name string) *function.Aggregate
	Table(name string) *function.Scalar
	Suggest(name string) string // a name like it; empty if there is none
}

// Binder binds statements of one session.
type Binder struct {
	Catalog   *catalog.Catalog
	Functions Functions
	// User finds a function that a user declared, by the name written, and gives
	// what expressions call it by. builtin: there is a function of that name
	// anyway, which only a temporary system function hides. nil: there is none.
	User func(name []string, builtin bool) (string, *function.User, error)
	// Source looks at a table that is to be read: it may refuse its options, and
	// says which changes the table has.
	Source func(t *catalog.Table, pos ast.Pos) (graph.Modes, error)
	// Lookup looks at a table that is to be asked for rows by key: it says why it
	// cannot be.
	Lookup func(t *catalog.Table, pos ast.Pos) error
	// Selected, if set, is told of each SELECT that is bound and the tables its
	// names may mean; not of those of views.
	Selected func(q *ast.Select, tables []SelectedTable)
	// Fold gives the value of an expression without columns; nil: only literals have one.
	Fold func(e expr.Expr) (data.Value, error)
	// Duplicates is table.exec.source.cdc-events-duplicate: a change log may have
	// changes twice, and its table's primary key tells them.
	Duplicates bool
	// Batch is execution.runtime-mode: rows may be put in any order.
	Batch bool
	// IdleMillis is table.exec.source.idle-timeout.
	IdleMillis int64

	views   []catalog.Path // being expanded
	ctes    *cteScope
	depth   int
	queries int
	// correlation is what the query about to be bound may use of that around it.
	correlation *correlation
	hints       *hinted // of the SELECT whose FROM is being bound
}

// SelectedTable is a table of FROM: its alias and its columns.
type SelectedTable struct {
	Name    string
	Columns []string
}

// tell says what FROM gives.
func (b *Binder) tell(q *ast.Select, sc *scope) {
	if b.Selected == nil || len(b.views) > 0 {
		return
	}
	var tables []SelectedTable
	for _, t := range sc.tables {
		tables = append(tables, SelectedTable{t.name, names(sc.columns[t.from:t.to])})
	}
	b.Selected(q, tables)
}

// Bounds of one statement, with views and WITH items expanded at each use.
const (
	maxDepth   = 200    // nesting of queries
	maxQueries = 2000   // queries in all
	maxSize    = 50_000 // parts of an expression
	maxColumns = 4096   // columns of a query
	maxGrouped = 1000   // keys, and aggregates, of one grouping
)

// unsupported is the answer to what Flink can do and this engine cannot yet.
func unsupported(pos ast.Pos, what string) error {
	return ast.Planf(pos, "%s not supported by this engine yet; run it on a Flink target", what)
}

// enter counts nesting; the caller calls the function it gets when it is done.
func (b *Binder) enter(pos ast.Pos) (func(), error) {
	if b.depth >= maxDepth {
		return nil, ast.Errorf(pos, "queries are nested more than %d deep", maxDepth)
	}
	if b.queries++; b.queries > maxQueries {
		return nil, ast.Errorf(pos, "the statement has more than %d queries, with views and WITH items expanded at each use", maxQueries)
	}
	b.depth++
	return func() { b.depth-- }, nil
}

func isNull(e expr.Expr) bool { return e.Kind == expr.KindLiteral && e.Type.Kind == data.Null }

func describe(cols []data.Column) string {
	s := "["
	for i, c := range cols {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%s: %s", c.Name, c.Type)
	}
	return s + "]"
}
