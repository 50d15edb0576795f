package sql

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// createTable declares a table. query are the columns of the query it is made
// from, if there is one.
func (s *Session) createTable(n *ast.CreateTable, query []data.Column) error {
	p, err := s.resolve(n.Name)
	if err != nil {
		return err
	}
	if n.IfNotExists && s.catalog.Table(p) != nil {
		return nil
	}
	t := &catalog.Table{Path: p, Temporary: n.Temporary, Comment: n.Comment, Options: map[string]string{}, OptionPos: map[string]ast.Pos{}, Script: s.script}
	watermark := n.Pos()
	if n.Like != nil {
		if err := s.like(t, n); err != nil {
			return err
		}
	}
	for _, o := range n.Options {
		t.Options[o.Key], t.OptionPos[o.Key] = o.Value, o.Pos()
	}
	modernOptions(t)
	const most = 4096
	if len(n.Columns) > most {
		return ast.Errorf(n.Columns[most].Pos(), "table '%s' has %d columns; at most %d are possible", p.Name, len(n.Columns), most)
	}
	for i := range n.Columns {
		c, err := queryColumn(&n.Columns[i], query)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(t.Columns, func(x catalog.Column) bool { return x.Name == c.Name }) {
			return ast.Errorf(n.Columns[i].Pos(), "A column named '%s' already exists in the table.", c.Name)
		}
		t.Columns = append(t.Columns, c)
	}
	fromQuery(t, query)
	if len(n.Watermarks) > 1 {
		return ast.Errorf(n.Watermarks[1].Pos(), "Multiple WATERMARK declarations are not supported yet.")
	}
	for _, w := range n.Watermarks {
		if t.Watermark != nil {
			return ast.Errorf(w.Pos(), "There already exists a watermark spec for column '%s' in the base table.", t.Watermark.Column)
		}
		if watermark, err = setWatermark(t, w); err != nil {
			return err
		}
	}
	if err := primaryKey(t, n.Constraints); err != nil {
		return err
	}
	for _, c := range n.PartitionedBy {
		t.PartitionBy = append(t.PartitionBy, c.Name)
		if !slices.ContainsFunc(t.Columns, func(x catalog.Column) bool { return x.Name == c.Name }) {
			return ast.Errorf(c.Pos(), "Partition column '%s' not defined in the table schema. Available columns: [%s]%s", c.Name, quotedNames(t), meant(c.Name, columnNames(t)))
		}
	}
	if n.Distribution != nil {
		if t.Distributed, err = distribution(t, n.Distribution); err != nil {
			return err
		}
	}
	if len(t.Columns) == 0 {
		return ast.Errorf(n.Pos(), "table '%s' has no columns", p.Name)
	}
	b, err := s.binder()
	if err != nil {
		return err
	}
	if err := b.Complete(t, watermark); err != nil {
		return err
	}
	return at(n.Name.Pos(), s.catalog.Put(t, n.OrReplace))
}

func quotedNames(t *catalog.Table) string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = "'" + c.Name + "'"
	}
	return strings.Join(names, ", ")
}

func setWatermark(t *catalog.Table, w ast.Watermark) (ast.Pos, error) {
	if len(w.Column.Parts) > 1 {
		return w.Pos(), ast.Errorf(w.Column.Pos(), "a watermark on a field of a ROW is not supported by this engine yet: declare a computed column for it")
	}
	t.Watermark = &catalog.Watermark{Column: w.Column.Last().Name, Expr: w.Expr}
	return w.Column.Pos(), nil
}

func tableColumn(c *ast.Column) (catalog.Column, error) {
	out := catalog.Column{Name: c.Name.Name, Comment: c.Comment}
	switch c.Kind {
	case ast.ComputedColumn:
		out.Kind, out.Expr = catalog.Computed, c.Computed
		return out, nil
	case ast.UntypedColumn:
		return out, ast.Errorf(c.Pos(), "Columns identifiers without types in the schema are supported on CTAS/RTAS statements only.")
	case ast.MetadataColumn:
		out.Kind, out.Virtual, out.MetadataKey = catalog.Metadata, c.Virtual, c.Name.Name
		if c.MetadataKey != nil {
			out.MetadataKey, out.KeyWritten = *c.MetadataKey, true
		}
	}
	var err error
	out.Type, err = typing.FromAST(c.Type)
	return out, err
}

func primaryKey(t *catalog.Table, constraints []ast.Constraint) error {
	for _, c := range constraints {
		switch {
		case c.Unique:
			return ast.Planf(c.Pos(), "UNIQUE constraint is not supported yet")
		case c.Enforced != "NOT ENFORCED":
			return ast.Planf(c.Pos(), "Flink doesn't support ENFORCED mode for PRIMARY KEY constraint. ENFORCED/NOT ENFORCED controls if the constraint checks are performed on the incoming/outgoing data. Flink does not own the data therefore the only supported mode is the NOT ENFORCED mode")
		case t.PrimaryKey != nil:
			return ast.Planf(c.Pos(), "Duplicate primary key definition")
		}
		for _, id := range c.Columns {
			if slices.Contains(t.PrimaryKey, id.Name) {
				return ast.Errorf(id.Pos(), "Invalid primary key. A primary key must not contain duplicate columns. Found: [%s]", id.Name)
			}
			i := slices.IndexFunc(t.Columns, func(x catalog.Column) bool { return x.Name == id.Name })
			if i < 0 {
				return ast.Errorf(id.Pos(), "Primary key column '%s' is not defined in the schema.%s", id.Name, meant(id.Name, columnNames(t)))
			}
			if t.Columns[i].Kind != catalog.Physical {
				return ast.Errorf(id.Pos(), "Invalid primary key. A primary key column must be a physical column: '%s' is not", id.Name)
			}
			t.Columns[i].Type.Nullable = false
			t.PrimaryKey = append(t.PrimaryKey, id.Name)
		}
		t.KeyName = "PK_" + strings.Join(t.PrimaryKey, "_")
		if c.Name != nil {
			t.KeyName = c.Name.Name
		}
	}
	return nil
}

// like copies what LIKE says of another table.
func (s *Session) like(t *catalog.Table, n *ast.CreateTable) error {
	b, err := s.binder()
	if err != nil {
		return err
	}
	from, err := b.Table(n.Like.Source)
	if err != nil {
		return err
	}
	if from.View != nil {
		return ast.Errorf(n.Like.Source.Pos(), "'%s' is a view: LIKE takes a table", n.Like.Source)
	}
	for i, o := range n.Like.Options {
		if o.Strategy == "OVERWRITING" && (o.Feature == "ALL" || o.Feature == "CONSTRAINTS" || o.Feature == "PARTITIONS") {
			return ast.Planf(o.Pos(), "Illegal merging strategy 'OVERWRITING' for '%s' option.", o.Feature)
		}
		for _, before := range n.Like.Options[:i] {
			if before.Feature == o.Feature {
				return ast.Planf(o.Pos(), "Each like option feature can be declared only once.")
			}
		}
	}
	strategy := func(feature, absent string) string {
		for _, o := range n.Like.Options {
			if o.Feature == "ALL" {
				absent = o.Strategy
			}
		}
		for _, o := range n.Like.Options {
			if o.Feature == feature {
				return o.Strategy
			}
		}
		return absent
	}
	const including, excluding = "INCLUDING", "EXCLUDING"
	declared := func(name string) bool {
		return slices.ContainsFunc(n.Columns, func(c ast.Column) bool { return c.Name.Name == name })
	}
	for _, c := range from.Columns {
		switch {
		case c.Kind == catalog.Computed && (strategy("GENERATED", including) == excluding || strategy("GENERATED", including) == "OVERWRITING" && declared(c.Name)):
		case c.Kind == catalog.Metadata && (strategy("METADATA", including) == excluding || strategy("METADATA", including) == "OVERWRITING" && declared(c.Name)):
		default:
			t.Columns = append(t.Columns, c)
		}
	}
	if from.Watermark != nil && strategy("WATERMARKS", including) != excluding && !(strategy("WATERMARKS", including) == "OVERWRITING" && len(n.Watermarks) > 0) {
		t.Watermark = from.Watermark
	}
	if from.PrimaryKey != nil && strategy("CONSTRAINTS", including) != excluding {
		t.PrimaryKey, t.KeyName = slices.Clone(from.PrimaryKey), from.KeyName
	}
	if len(n.PartitionedBy) == 0 { // EXCLUDING PARTITIONS or not: Flink keeps them as well
		t.PartitionBy = slices.Clone(from.PartitionBy)
	}
	if from.Distributed != nil && n.Distribution == nil && strategy("DISTRIBUTION", including) != excluding {
		t.Distributed = from.Distributed
	}
	if how := strategy("OPTIONS", "OVERWRITING"); how != excluding {
		for k, v := range from.Options {
			t.Options[k] = v
		}
		for _, o := range n.Options {
			if _, there := from.Options[o.Key]; there && how == including {
				return ast.Errorf(o.Pos(), "There already exists an option ['%s' -> '%s'] in the base table. You might want to specify EXCLUDING OPTIONS or OVERWRITING OPTIONS.", o.Key, from.Options[o.Key])
			}
		}
	}
	return nil
}
