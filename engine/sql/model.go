package sql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// createModel declares a model. It can be shown and described; ML_PREDICT and
// ML_EVALUATE, which ask it, are refused where they stand.
func (s *Session) createModel(n *ast.CreateModel) error {
	p, err := s.resolve(n.Name)
	if err != nil {
		return err
	}
	m := &catalog.Model{Path: p, Temporary: n.Temporary, Comment: n.Comment, Options: map[string]string{}}
	for _, side := range []struct {
		to      *[]catalog.Column
		columns []ast.Column
	}{{&m.Input, n.Input}, {&m.Output, n.Output}} {
		for i := range side.columns {
			c, err := tableColumn(&side.columns[i])
			if err != nil {
				return err
			}
			*side.to = append(*side.to, c)
		}
	}
	for _, o := range n.Options {
		m.Options[o.Key] = o.Value
	}
	if len(n.Options) == 0 {
		return ast.Planf(n.Pos(), "Model property list can not be empty.")
	}
	if !s.catalog.PutModel(m) && !n.IfNotExists {
		return ast.Errorf(n.Name.Pos(), "Could not execute CreateModel in path %s: a model of that name already exists", quoted(p))
	}
	return nil
}

func (s *Session) modelNamed(name *ast.Name) (*catalog.Model, error) {
	p, err := s.resolve(name)
	if err != nil {
		return nil, err
	}
	if m := s.catalog.Model(p); m != nil {
		return m, nil
	}
	return nil, ast.Errorf(name.Pos(), "Model %s doesn't exist%s", quoted(p), near(p.Name, s.catalog.Models(p.Catalog, p.Database)))
}

func (s *Session) alterModel(n *ast.AlterModel) error {
	m, err := s.modelNamed(n.Name)
	if err != nil {
		if n.IfExists {
			return nil
		}
		return err
	}
	switch a := n.Action.(type) {
	case *ast.RenameTo:
		p := m.Path
		if p.Name = a.To.Last().Name; len(a.To.Parts) > 1 {
			if p, err = s.resolve(a.To); err != nil {
				return err
			}
		}
		u := *m
		u.Path = p
		if !s.catalog.PutModel(&u) {
			return ast.Errorf(a.To.Pos(), "a model named %s already exists", quoted(p))
		}
		s.catalog.DropModel(m.Path)
	case *ast.SetOptions:
		for _, o := range a.Options {
			m.Options[o.Key] = o.Value
		}
	case *ast.ResetOptions:
		for _, k := range a.Keys {
			delete(m.Options, k)
		}
	}
	return nil
}

func modelText(m *catalog.Model) string {
	var b strings.Builder
	b.WriteString("CREATE ")
	if m.Temporary {
		b.WriteString("TEMPORARY ")
	}
	fmt.Fprintf(&b, "MODEL %s\n", quoted(m.Path))
	side := func(word string, columns []catalog.Column) {
		if len(columns) == 0 {
			return
		}
		parts := make([]string, len(columns))
		for i, c := range columns {
			parts[i] = columnText(c, false)
		}
		fmt.Fprintf(&b, "%s (%s)\n", word, strings.Join(parts, ", "))
	}
	side("INPUT", m.Input)
	side("OUTPUT", m.Output)
	if m.Comment != nil {
		fmt.Fprintf(&b, "COMMENT %s\n", ast.QuoteString(*m.Comment))
	}
	b.WriteString(strings.TrimPrefix(with(m.Options), "\n") + "\n")
	return b.String()
}

func describeModel(m *catalog.Model) *Outcome {
	o := &Outcome{Kind: Rows, Columns: columns("name", "type", "null", "is input")}
	o.Columns[2].Type, o.Columns[3].Type = data.Of(data.Boolean), data.Of(data.Boolean)
	commented := slices.ContainsFunc(slices.Concat(m.Input, m.Output), func(c catalog.Column) bool { return c.Comment != nil })
	if commented {
		o.Columns = append(o.Columns, columns("comment")...)
	}
	truth := map[bool]data.Value{true: {I: 1}, false: {}}
	for _, side := range []struct {
		input   bool
		columns []catalog.Column
	}{{true, m.Input}, {false, m.Output}} {
		for _, c := range side.columns {
			row := []data.Value{{S: c.Name}, {S: c.Type.WithNull(true).String()}, truth[c.Type.Nullable], truth[side.input]}
			switch {
			case c.Comment != nil:
				row = append(row, data.Value{S: *c.Comment})
			case commented:
				row = append(row, data.NullValue())
			}
			o.Rows = append(o.Rows, row)
		}
	}
	return o
}
