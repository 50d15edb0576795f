package logical

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Changelog makes rows of changes, or changes of rows: see graph.Changelog.
type Changelog struct {
	Input Node
	Spec  graph.Changelog
	Name  string // of the column with the kind of change, where changes become rows
	Pos   ast.Pos
}

// Schema of a Changelog: the input's columns, with the kind of change before them
// or without it. Times are no time attributes any more.
func (n *Changelog) Schema() []data.Column {
	var out []data.Column
	if n.Spec.Read < 0 {
		out = append(out, data.Column{Name: n.Name, Type: data.String()})
	}
	for i, c := range n.Input.Schema() {
		if i != n.Spec.Read {
			c.Type.TimeAttr = data.NoTimeAttr
			out = append(out, c)
		}
	}
	return out
}

// Inputs gives the one input.
func (n *Changelog) Inputs() []Node { return []Node{n.Input} }

// With replaces the input.
func (n *Changelog) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// Line of a Changelog.
func (n *Changelog) Line() string {
	return ChangelogText(n.Spec, graph.ColumnNames(n.Input.Schema()))
}

// ChangelogText says what is made of what: changes to rows (INSERT is 'i').
func ChangelogText(s graph.Changelog, names []string) string {
	codes := make([]string, 0, len(s.Codes))
	for _, k := range slices.Sorted(maps.Keys(s.Codes)) {
		codes = append(codes, fmt.Sprintf("'%s' is '%s'", k, s.Codes[k]))
	}
	what := "changes to rows"
	if s.Read >= 0 {
		what = "rows to changes by " + names[s.Read]
	}
	return what + " (" + strings.Join(codes, ", ") + ")"
}
