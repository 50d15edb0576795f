package sql

import (
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

// Plans plans a query, an INSERT or a statement set and shows every step. What a
// CREATE TABLE … AS would make is not made.
func (s *Session) Plans(st ast.Statement) (*Plans, error) {
	all, err := s.planned(st)
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

// planned binds what a statement would write.
func (s *Session) planned(st ast.Statement) ([]insert, error) {
	switch n := st.(type) {
	case *ast.Query:
		sink, err := s.collect(n)
		return []insert{{sink: sink}}, err
	case *ast.Insert:
		i, err := s.insert(n)
		return []insert{i}, err
	case *ast.StatementSet:
		return s.inserts(n)
	case *ast.CreateTable:
		if n.As == nil {
			break
		}
		p, err := s.resolve(n.Name)
		if err != nil {
			return nil, err
		}
		before := s.catalog.Table(p)
		i, err := s.createTableAs(n)
		switch {
		case err != nil:
			return nil, err
		case i == nil:
			return nil, ast.Errorf(n.Name.Pos(), "table '%s' exists already: CREATE TABLE IF NOT EXISTS … AS does nothing", p)
		}
		s.catalog.Drop(p, false)
		if before != nil {
			_ = s.catalog.Put(before, true)
		}
		return []insert{*i}, nil
	case *ast.Delete, *ast.Update:
		return nil, s.changing(st)
	}
	return nil, ast.Errorf(st.Pos(), "EXPLAIN takes a query, an INSERT, CREATE TABLE … AS or a statement set")
}

// explain shows the plans of a statement, with the details asked for.
func (s *Session) explain(n *ast.Explain) (*Outcome, error) {
	p, err := s.Plans(n.Statement)
	if err != nil {
		return nil, err
	}
	d := detailsOf(n.Details)
	var b strings.Builder
	b.WriteString("== Abstract Syntax Tree ==\n")
	for _, r := range p.Bound {
		b.WriteString(logical.Text(r))
	}
	title := "Optimized Physical Plan"
	if d.advice {
		title += " With Advice"
	}
	b.WriteString("\n== " + title + " ==\n")
	for _, r := range p.Optimized {
		b.WriteString(logical.Text(r))
	}
	if d.advice {
		b.WriteString("\n" + s.advice(p.Graph))
	}
	b.WriteString("\n== Optimized Execution Plan ==\n" + graph.DetailedText(p.Graph, d.lines(p.Graph)))
	if d.json {
		b.WriteString("\n== Physical Execution Plan ==\n" + s.executionPlan(p.Graph) + "\n")
	}
	return list("result", []string{b.String()}), nil
}
