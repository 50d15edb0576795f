package sql

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/optimize"
	"github.com/weir-streams/weir/engine/sql/physical"
)

// Plans are the steps from a statement to its graph.
type Plans struct {
	Bound     []logical.Node // as written, a plan for each sink
	Optimized []logical.Node
	Fired     map[string]int // how often each rule fired
	Graph     *graph.Graph
}

// Plans plans a query, an INSERT or a statement set and shows every step.
func (s *Session) Plans(st ast.Statement) (*Plans, error) {
	var all []insert
	var err error
	switch n := st.(type) {
	case *ast.Query:
		var sink *logical.Sink
		if sink, err = s.collect(n); err == nil {
			all = []insert{{sink: sink}}
		}
	case *ast.Insert:
		all = make([]insert, 1)
		all[0], err = s.insert(n)
	case *ast.StatementSet:
		all, err = s.inserts(n)
	default:
		err = ast.Errorf(st.Pos(), "EXPLAIN takes a query, an INSERT or a statement set")
	}
	if err != nil {
		return nil, err
	}
	c, err := s.optimizer()
	if err != nil {
		return nil, at(st.Pos(), err)
	}
	config, err := s.physical()
	if err != nil {
		return nil, at(st.Pos(), err)
	}
	p := &Plans{Bound: rootsOf(all)}
	p.Optimized = optimize.Optimize(p.Bound, c)
	p.Fired = c.Fired()
	sinks := make([]*logical.Sink, len(p.Optimized))
	for i, r := range p.Optimized {
		sinks[i] = r.(*logical.Sink)
	}
	if p.Graph, err = physical.Plan(sinks, config); err != nil {
		return nil, at(st.Pos(), err)
	}
	return p, nil
}

// explain shows the plans of a statement.
func (s *Session) explain(n *ast.Explain) (*Outcome, error) {
	p, err := s.Plans(n.Statement)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("== Abstract Syntax Tree ==\n")
	for _, r := range p.Bound {
		b.WriteString(logical.Text(r))
	}
	b.WriteString("\n== Optimized Plan ==\n")
	for _, r := range p.Optimized {
		b.WriteString(logical.Text(r))
	}
	fmt.Fprintf(&b, "\n== Execution Plan ==\n%s", graph.Text(p.Graph))
	return list("result", []string{b.String()}), nil
}
