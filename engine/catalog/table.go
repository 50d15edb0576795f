package catalog

import (
	"maps"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Table is a table or, when View is set, a view.
type Table struct {
	Path        Path
	Temporary   bool
	Comment     *string
	Columns     []Column
	Watermark   *Watermark
	PrimaryKey  []string
	KeyName     string
	PartitionBy []string
	Partitions  []Partition   // added by name
	Distributed *Distribution // nil: not
	Options     map[string]string
	View        *View

	// Script tells which script declared it, and OptionPos where in it the
	// options stand, so that a mistake in them can be shown there.
	Script    int
	OptionPos map[string]ast.Pos
}

// ColumnKind tells where a column's values come from.
type ColumnKind int

// Kinds of columns.
const (
	Physical ColumnKind = iota
	Computed
	Metadata
)

// Column is one declared column.
type Column struct {
	Name        string
	Kind        ColumnKind
	Type        data.Type // with its time attribute
	Expr        ast.Expr  // of a computed column
	MetadataKey string    // of a metadata column; its name if not written
	KeyWritten  bool      // METADATA FROM 'key' was written
	Virtual     bool
	Comment     *string
}

// Watermark is WATERMARK FOR column AS expr.
type Watermark struct {
	Column string
	Expr   ast.Expr
}

// View is a stored query. Names in it are looked up from where it was created.
type View struct {
	Query             *ast.Query
	Text              string
	Expanded          string   // with whole names and stars written out, a clause a line
	Names             []string // of the columns, if given
	Catalog, Database string
}

// Clone copies what ALTER TABLE changes.
func (t *Table) Clone() *Table {
	u := *t
	u.Columns = slices.Clone(t.Columns)
	u.PrimaryKey = slices.Clone(t.PrimaryKey)
	u.PartitionBy = slices.Clone(t.PartitionBy)
	u.Options = maps.Clone(t.Options)
	return &u
}

// Schema gives all columns in their order.
func (t *Table) Schema() []data.Column {
	out := make([]data.Column, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = data.Column{Name: c.Name, Type: c.Type}
	}
	return out
}

// Connected is the table as a connector needs to know it: physical and
// metadata columns apart, without computed ones.
func (t *Table) Connected() graph.Table {
	g := graph.Table{
		Catalog: t.Path.Catalog, Database: t.Path.Database, Name: t.Path.Name,
		Connector: t.Options["connector"], Options: maps.Clone(t.Options),
		PrimaryKey: slices.Clone(t.PrimaryKey), PartitionBy: slices.Clone(t.PartitionBy),
	}
	for _, c := range t.Columns {
		typ := c.Type
		typ.TimeAttr = data.NoTimeAttr
		switch c.Kind {
		case Physical:
			g.Columns = append(g.Columns, data.Column{Name: c.Name, Type: typ})
		case Metadata:
			g.Metadata = append(g.Metadata, graph.MetadataColumn{Name: c.Name, Key: c.MetadataKey, Type: typ, Virtual: c.Virtual})
		}
	}
	return g
}
