package rehearsal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// Program is a job and what it is rehearsed with.
type Program struct {
	// Plan compiles the job with an engine that knows PlayName besides all other
	// connectors.
	Plan  func(e *engine.Engine) (*engine.Plan, error)
	Feeds []*Feed
	// Serial runs every way with one task: where rows are late, more tasks see
	// them late or not by chance, as in Flink.
	Serial bool
	Engine engine.Config  // Dir, Functions and so on
	Zone   *time.Location // in which results show instants; nil is UTC
}

// Stage is a planned job whose tables were exchanged.
type Stage struct {
	Plan    *engine.Plan
	Used    []string // feeds that are read, one for each time
	Unread  []string // feeds that the job does not read
	engine  *engine.Engine
	world   *world
	program Program
	outputs []Output
}

// Output is what a run wrote into a sink.
type Output struct {
	Table   graph.Table // as it was planned; "collect" for a query's result
	Columns []data.Column
	// Key are the columns by which a row replaces another, where the job says no
	// more of it; empty: changes are whole.
	Key     []int
	Changes []Change
	name    string
}

// Prepare plans a job and exchanges its tables. Tables without a feed are read as
// they are if they end; one that does not is an error.
func Prepare(p Program) (*Stage, error) {
	s := &Stage{program: p, world: newWorld(p.Feeds)}
	c := p.Engine
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	c.Connectors = append(slices.Clone(c.Connectors), play(s.world), whole(s.world), record(s.world, zone))
	c.Formats = append(slices.Clone(c.Formats), formats...)
	s.engine = engine.New(c)
	var err error
	if s.Plan, err = p.Plan(s.engine); err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for v := range s.Plan.Graph.Vertices {
		vertex := &s.Plan.Graph.Vertices[v]
		for i := range vertex.Ops {
			op := &vertex.Ops[i]
			switch {
			case op.Source != nil:
				err = s.exchange(&op.Source.Table, op.Source.Output, op.Modes, taken)
			case op.LookupJoin != nil:
				err = s.exchangeLookup(&op.LookupJoin.Table, op.LookupJoin.Output, taken)
			case op.Sink != nil:
				s.record(op, s.modes(vertex, i))
			}
			if err != nil {
				return nil, err
			}
		}
	}
	for _, f := range p.Feeds {
		if !taken[f.Table] {
			s.Unread = append(s.Unread, f.Table)
		}
	}
	return s, nil
}

// modes are the changes that come to an operator.
func (s *Stage) modes(v *graph.Vertex, at int) graph.Modes {
	if at > 0 {
		return v.Ops[at-1].Modes
	}
	var m graph.Modes
	for _, e := range v.Inputs {
		ops := s.Plan.Graph.Vertices[e.From].Ops
		last := ops[len(ops)-1].Modes
		m.Updates, m.UpdateBefore, m.Deletes = m.Updates || last.Updates, m.UpdateBefore || last.UpdateBefore, m.Deletes || last.Deletes
	}
	return m
}

// exchange has a feed read in place of a table.
func (s *Stage) exchange(t *graph.Table, output []graph.Path, modes graph.Modes, taken map[string]bool) error {
	if t.Connector == PlayName {
		s.Used = append(s.Used, t.Options["name"])
		taken[t.Options["name"]] = true
		return nil
	}
	f, err := s.give(t, output, modes, PlayName, taken)
	if f != nil {
		s.Used = append(s.Used, f.Table)
	}
	return err
}

// exchangeLookup has a feed read whole in place of a table that is asked.
func (s *Stage) exchangeLookup(t *graph.Table, output []graph.Path, taken map[string]bool) error {
	_, err := s.give(t, output, graph.Modes{}, wholeName, taken)
	return err
}

// give puts the feed of a table in its place; without one the table must end.
func (s *Stage) give(t *graph.Table, output []graph.Path, modes graph.Modes, with string, taken map[string]bool) (*Feed, error) {
	f := s.feed(t)
	if f == nil {
		if ends, err := s.engine.Bounded(*t); err != nil || ends {
			return nil, err
		}
		return nil, fmt.Errorf("table %s is read, and no rows are given for it: connector %s reads without end", t.Name, t.Connector)
	}
	a := Asked{Table: *t, Columns: slices.Clone(t.Columns), Modes: modes}
	for _, m := range t.Metadata {
		a.Columns = append(a.Columns, data.Column{Name: m.Name, Type: m.Type})
	}
	if f.Fill != nil {
		var err error
		if f.Rows, err = f.Fill(a); err != nil {
			return nil, err
		}
	}
	for i, p := range output {
		if p.Metadata >= 0 {
			output[i].Column, output[i].Metadata = len(t.Columns)+p.Metadata, -1
		}
	}
	taken[f.Table] = true
	t.Columns, t.Metadata, t.Connector = a.Columns, nil, with
	t.Options = map[string]string{"connector": with, "name": f.Table, "format": LinesName}
	return f, nil
}

// feed is the one for a table: its name, or the end of it.
func (s *Stage) feed(t *graph.Table) *Feed {
	whole := "." + t.Catalog + "." + t.Database + "." + t.Name
	for _, f := range s.program.Feeds {
		if strings.HasSuffix(whole, "."+f.Table) {
			return f
		}
	}
	return nil
}

// record writes down what comes to a sink.
func (s *Stage) record(op *graph.Op, modes graph.Modes) {
	t := op.Sink.Table
	o := Output{Table: t, Columns: op.Schema, name: fmt.Sprintf("%d/%s", len(s.outputs), t.Name)}
	if modes.Updates && !modes.UpdateBefore {
		o.Key = op.Sink.UpsertKey
	}
	s.outputs = append(s.outputs, o)
	op.Sink.Table = graph.Table{Name: t.Name, Connector: recordName, Columns: op.Schema, Options: map[string]string{"connector": recordName, "name": o.name}}
}
