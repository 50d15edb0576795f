package sql

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Files is where COMPILE PLAN writes and EXECUTE PLAN reads.
type Files interface {
	// ReadFile reads a whole file; fs.ErrNotExist: there is none.
	ReadFile(path string) ([]byte, error)
	// WriteFile makes a file or writes it anew.
	WriteFile(path string, content []byte) error
}

// compiledPlan is a plan in a file. It is this engine's own form: plans compiled
// by Flink are refused, as Flink refuses these.
type compiledPlan struct {
	Format int            `json:"weirPlan"`
	Name   string         `json:"name"`
	Graph  *graph.Graph   `json:"graph"`
	Sinks  []compiledSink `json:"sinks"`
}

type compiledSink struct{ Catalog, Database, Name string }

// planFormat is the form of plans that is written; others are not read.
const planFormat = 1

func planPath(path string) string { return strings.TrimPrefix(path, "file://") }

// compilePlan carries out COMPILE [AND EXECUTE] PLAN.
func (s *Session) compilePlan(n *ast.CompilePlan) (*Outcome, error) {
	if s.env.Files == nil {
		return nil, noFiles(n.Pos())
	}
	_, err := s.env.Files.ReadFile(planPath(n.Path))
	recompile, badFlag := s.flag("table.plan.force-recompile")
	switch {
	case badFlag != nil:
		return nil, at(n.Pos(), badFlag)
	case err == nil && n.IfNotExists && n.Execute:
		return s.executePlan(&ast.ExecutePlan{Span: n.Span, Path: n.Path})
	case err == nil && n.IfNotExists:
		return done, nil
	case err == nil && !recompile:
		return nil, ast.Planf(n.Pos(), "Cannot overwrite the plan file '%s'. Either manually remove the file or, if you're debugging your job, set the option 'table.plan.force-recompile' to true.", n.Path)
	}
	all, err := s.planned(n.Statement)
	if err != nil {
		return nil, err
	}
	o, err := s.plan(all)
	if err != nil {
		return nil, err
	}
	c := compiledPlan{Format: planFormat, Name: o.Name, Graph: o.Graph}
	for _, t := range o.Sinks {
		c.Sinks = append(c.Sinks, compiledSink{t.Catalog, t.Database, t.Name})
	}
	text, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return nil, ast.Errorf(n.Pos(), "write plan '%s': %w", n.Path, err)
	}
	if err := s.env.Files.WriteFile(planPath(n.Path), append(text, '\n')); err != nil {
		return nil, ast.Errorf(n.Pos(), "write plan '%s': %w", n.Path, err)
	}
	if n.Execute {
		return o, nil
	}
	return done, nil
}

// executePlan makes the job of a plan that was compiled.
func (s *Session) executePlan(n *ast.ExecutePlan) (*Outcome, error) {
	if s.env.Files == nil {
		return nil, noFiles(n.Pos())
	}
	path := planPath(n.Path)
	text, err := s.env.Files.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ast.Errorf(n.Pos(), "file resource [file:%s] not found.", path)
	}
	if err != nil {
		return nil, ast.Errorf(n.Pos(), "read plan '%s': %w", n.Path, err)
	}
	var c compiledPlan
	if err := json.Unmarshal(text, &c); err != nil || c.Format != planFormat || c.Graph == nil {
		return nil, ast.Errorf(n.Pos(), "'%s' is no plan of this engine (a plan has \"weirPlan\": %d): compile the statement here with COMPILE PLAN", n.Path, planFormat)
	}
	o := &Outcome{Kind: Insert, Graph: c.Graph, Name: c.Name, Sources: sources(c.Graph)}
	if err := s.sinksOf(c, o); err != nil {
		return nil, at(n.Pos(), err)
	}
	return o, nil
}

// sinksOf finds the tables that a plan writes.
func (s *Session) sinksOf(c compiledPlan, o *Outcome) error {
	for _, want := range c.Sinks {
		found := false
		for _, v := range c.Graph.Vertices {
			for _, op := range v.Ops {
				if op.Sink == nil || found {
					continue
				}
				if t := op.Sink.Table; t.Catalog == want.Catalog && t.Database == want.Database && t.Name == want.Name {
					o.Sinks, found = append(o.Sinks, t), true
				}
			}
		}
		if !found {
			return fmt.Errorf("the plan has no sink for table '%s.%s.%s'", want.Catalog, want.Database, want.Name)
		}
	}
	return nil
}

func noFiles(pos ast.Pos) error {
	return ast.Errorf(pos, "compiled plans are not supported by this engine in this session: it has no files; run the script with `weir run`")
}
