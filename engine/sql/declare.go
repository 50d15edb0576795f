package sql

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// declare carries out what changes the catalog.
func (s *Session) declare(st ast.Statement) (*Outcome, error) {
	var err error
	switch n := st.(type) {
	case *ast.CreateTable:
		err = s.createTable(n)
	case *ast.CreateView:
		err = s.createView(n)
	case *ast.AlterTable:
		err = s.alterTable(n)
	case *ast.AlterView:
		err = s.alterView(n)
	case *ast.Drop:
		err = s.drop(n)
	case *ast.Use:
		err = s.use(n)
	case *ast.CreateDatabase:
		err = s.createDatabase(n)
	case *ast.AlterDatabase:
		err = s.alterDatabase(n)
	case *ast.CreateCatalog:
		err = s.createCatalog(n)
	case *ast.CreateFunction:
		err = s.createFunction(n)
	case *ast.LoadModule, *ast.UnloadModule:
		return nil, ast.Errorf(st.Pos(), "modules are not supported by this engine; run it on a Flink target")
	case *ast.Jar:
		return nil, ast.Errorf(st.Pos(), "JARs are not supported by this engine; run it on a Flink target")
	case *ast.Delete, *ast.Update, *ast.Truncate:
		return nil, ast.Errorf(st.Pos(), "%s statement is not supported for streaming mode now.", strings.ToUpper(strings.Fields(ast.Print(st))[0]))
	case *ast.CompilePlan, *ast.ExecutePlan:
		return nil, ast.Errorf(st.Pos(), "compiled plans are not supported by this engine; run it on a Flink target")
	default:
		return nil, ast.Errorf(st.Pos(), "this statement is not supported by this engine yet; run it on a Flink target")
	}
	if err != nil {
		return nil, at(st.Pos(), err)
	}
	return done, nil
}

func (s *Session) resolve(n *ast.Name) (catalog.Path, error) {
	p, ok := s.catalog.Resolve(n.Strings())
	if !ok {
		return p, ast.Errorf(n.Pos(), "'%s' is no name of a table: it has more than three parts", n)
	}
	return p, nil
}

func (s *Session) createTable(n *ast.CreateTable) error {
	p, err := s.resolve(n.Name)
	if err != nil {
		return err
	}
	if n.IfNotExists && s.catalog.Table(p) != nil {
		return nil
	}
	if n.As != nil {
		return ast.Errorf(n.As.Pos(), "CREATE TABLE … AS is not supported by this engine yet; write CREATE TABLE and INSERT INTO, or run it on a Flink target")
	}
	if n.Distribution != nil {
		return ast.Errorf(n.Distribution.Pos(), "DISTRIBUTED is not supported by this engine yet; run it on a Flink target")
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
	for i := range n.Columns {
		c, err := tableColumn(&n.Columns[i])
		if err != nil {
			return err
		}
		if slices.ContainsFunc(t.Columns, func(x catalog.Column) bool { return x.Name == c.Name }) {
			return ast.Errorf(n.Columns[i].Pos(), "A column named '%s' already exists in the table.", c.Name)
		}
		t.Columns = append(t.Columns, c)
	}
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
			return ast.Errorf(c.Pos(), "Partition column '%s' not defined in the table schema. Available columns: [%s]", c.Name, quotedNames(t))
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
			return ast.Errorf(c.Pos(), "UNIQUE constraint is not supported yet")
		case c.Enforced != "NOT ENFORCED":
			return ast.Errorf(c.Pos(), "Flink doesn't support ENFORCED mode for PRIMARY KEY constraint. ENFORCED/NOT ENFORCED controls if the constraint checks are performed on the incoming/outgoing data. Flink does not own the data therefore the only supported mode is the NOT ENFORCED mode")
		case t.PrimaryKey != nil:
			return ast.Errorf(c.Pos(), "Duplicate primary key definition")
		}
		for _, id := range c.Columns {
			if slices.Contains(t.PrimaryKey, id.Name) {
				return ast.Errorf(id.Pos(), "Invalid primary key. A primary key must not contain duplicate columns. Found: [%s]", id.Name)
			}
			i := slices.IndexFunc(t.Columns, func(x catalog.Column) bool { return x.Name == id.Name })
			if i < 0 {
				return ast.Errorf(id.Pos(), "Primary key column '%s' is not defined in the schema.", id.Name)
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
	if len(from.PartitionBy) > 0 && strategy("PARTITIONS", including) != excluding {
		t.PartitionBy = slices.Clone(from.PartitionBy)
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

func (s *Session) createView(n *ast.CreateView) error {
	p, err := s.resolve(n.Name)
	if err != nil {
		return err
	}
	if n.IfNotExists && s.catalog.Table(p) != nil {
		return nil
	}
	t := &catalog.Table{Path: p, Temporary: n.Temporary, Comment: n.Comment, View: &catalog.View{
		Query: n.Query, Text: n.QueryText, Catalog: s.catalog.Current, Database: s.catalog.Database,
	}}
	b, err := s.binder()
	if err != nil {
		return err
	}
	if t.Columns, err = b.ViewColumns(n.Query, n.Columns); err != nil {
		return err
	}
	for _, c := range n.Columns {
		t.View.Names = append(t.View.Names, c.Name)
	}
	return at(n.Name.Pos(), s.catalog.Put(t, n.OrReplace))
}

func (s *Session) alterView(n *ast.AlterView) error {
	p, t, err := s.existing(n.Name, n.IfExists, true)
	if t == nil {
		return err
	}
	if n.RenameTo != nil {
		return s.rename(p, t, n.RenameTo)
	}
	b, err := s.binder()
	if err != nil {
		return err
	}
	u := t.Clone()
	if u.Columns, err = b.ViewColumns(n.Query, nil); err != nil {
		return err
	}
	u.View = &catalog.View{Query: n.Query, Text: n.QueryText, Catalog: s.catalog.Current, Database: s.catalog.Database}
	return s.catalog.Put(u, true)
}

// existing finds what an ALTER is about; no table and no error: IF EXISTS.
func (s *Session) existing(name *ast.Name, ifExists, view bool) (catalog.Path, *catalog.Table, error) {
	p, err := s.resolve(name)
	if err != nil {
		return p, nil, err
	}
	t := s.catalog.Table(p)
	if t == nil || (t.View != nil) != view {
		if ifExists {
			return p, nil, nil
		}
		what := "Table"
		if view {
			what = "View"
		}
		return p, nil, ast.Errorf(name.Pos(), "%s %s doesn't exist or is a temporary table.", what, quoted(p))
	}
	return p, t, nil
}

func (s *Session) rename(p catalog.Path, t *catalog.Table, to *ast.Name) error {
	q := p
	switch parts := to.Strings(); len(parts) {
	case 1:
		q.Name = parts[0]
	default:
		var err error
		if q, err = s.resolve(to); err != nil {
			return err
		}
	}
	u := t.Clone()
	u.Path = q
	if err := s.catalog.Put(u, false); err != nil {
		return at(to.Pos(), err)
	}
	s.catalog.Drop(p, t.Temporary)
	return nil
}

func (s *Session) alterTable(n *ast.AlterTable) error {
	p, t, err := s.existing(n.Name, n.IfExists, false)
	if t == nil {
		return err
	}
	u := t.Clone()
	switch a := n.Action.(type) {
	case *ast.RenameTo:
		return s.rename(p, t, a.To)
	case *ast.SetOptions:
		for _, o := range a.Options {
			u.Options[o.Key] = o.Value
		}
	case *ast.ResetOptions:
		for _, k := range a.Keys {
			if k == "connector" {
				return ast.Errorf(a.Pos(), "ALTER TABLE RESET does not support changing 'connector'")
			}
			delete(u.Options, k)
		}
	case *ast.DropPart:
		switch a.What {
		case "WATERMARK":
			if u.Watermark == nil {
				return ast.Errorf(a.Pos(), "The base table does not define any watermark strategy.")
			}
			u.Watermark = nil
		case "PRIMARY KEY", "CONSTRAINT":
			if u.PrimaryKey == nil {
				return ast.Errorf(a.Pos(), "The base table does not define any primary key.")
			}
			u.PrimaryKey, u.KeyName = nil, ""
		default:
			return ast.Errorf(a.Pos(), "ALTER TABLE … DROP %s is not supported by this engine yet", a.What)
		}
	default:
		return ast.Errorf(n.Action.Pos(), "this ALTER TABLE is not supported by this engine yet; create the table again")
	}
	u.Script = 0
	b, err := s.binder()
	if err != nil {
		return err
	}
	if err := b.Complete(u, n.Pos()); err != nil {
		return err
	}
	return s.catalog.Put(u, true)
}

func (s *Session) drop(n *ast.Drop) error {
	switch n.Kind {
	case "TABLE", "VIEW":
		p, err := s.resolve(n.Name)
		if err != nil {
			return err
		}
		t := s.catalog.Table(p)
		if t != nil && (t.View != nil) == (n.Kind == "VIEW") && (t.Temporary || !n.Temporary) && s.catalog.Drop(p, n.Temporary) || n.IfExists {
			return nil
		}
		hint := ""
		if near := s.catalog.Near(p); near != "" && near != p.Name {
			hint = " Did you mean '" + near + "'?"
		}
		return ast.Errorf(n.Name.Pos(), "%s with identifier '%s' does not exist.%s", n.Kind[:1]+strings.ToLower(n.Kind[1:]), p, hint)
	case "DATABASE":
		parts := n.Name.Strings()
		current := s.catalog.Current
		if len(parts) == 2 {
			current = parts[0]
		}
		name := parts[len(parts)-1]
		if n.IfExists && !s.catalog.HasDatabase(current, name) {
			return nil
		}
		return at(n.Name.Pos(), s.catalog.DropDatabase(current, name, n.Cascade))
	case "CATALOG":
		if n.IfExists && !s.catalog.HasCatalog(n.Name.String()) {
			return nil
		}
		return at(n.Name.Pos(), s.catalog.DropCatalog(n.Name.String()))
	case "FUNCTION":
		p, err := s.resolve(n.Name)
		if err != nil {
			return err
		}
		if s.catalog.DropFunction(p) || n.IfExists {
			return nil
		}
		return ast.Errorf(n.Name.Pos(), "Function %s.%s does not exist in Catalog %s.", p.Database, p.Name, p.Catalog)
	}
	return ast.Errorf(n.Pos(), "DROP %s is not supported by this engine yet; run it on a Flink target", n.Kind)
}

func (s *Session) use(n *ast.Use) error {
	switch n.What {
	case "CATALOG":
		return at(n.Name.Pos(), s.catalog.UseCatalog(n.Name.String()))
	case "MODULES":
		for _, m := range n.Modules {
			if m.Name != "core" {
				return ast.Errorf(m.Pos(), "No module with name '%s' exists", m.Name)
			}
		}
		return nil
	}
	parts := n.Name.Strings()
	current := s.catalog.Current
	if len(parts) == 2 {
		current = parts[0]
	}
	return at(n.Name.Pos(), s.catalog.UseDatabase(current, parts[len(parts)-1]))
}

func (s *Session) createDatabase(n *ast.CreateDatabase) error {
	parts := n.Name.Strings()
	current := s.catalog.Current
	if len(parts) == 2 {
		current = parts[0]
	}
	d := catalog.Database{Name: parts[len(parts)-1], Options: map[string]string{}}
	if n.IfNotExists && s.catalog.HasDatabase(current, d.Name) {
		return nil
	}
	if n.Comment != nil {
		d.Comment = *n.Comment
	}
	for _, o := range n.Options {
		d.Options[o.Key] = o.Value
	}
	return at(n.Name.Pos(), s.catalog.CreateDatabase(current, d))
}

func (s *Session) alterDatabase(n *ast.AlterDatabase) error {
	parts := n.Name.Strings()
	current := s.catalog.Current
	if len(parts) == 2 {
		current = parts[0]
	}
	d := s.catalog.DatabaseNamed(current, parts[len(parts)-1])
	if d == nil {
		return ast.Errorf(n.Name.Pos(), "Database %s does not exist in Catalog %s.", parts[len(parts)-1], current)
	}
	if a, ok := n.Action.(*ast.SetOptions); ok {
		for _, o := range a.Options {
			d.Options[o.Key] = o.Value
		}
	}
	return nil
}

func (s *Session) createCatalog(n *ast.CreateCatalog) error {
	name := n.Name.String()
	if n.IfNotExists && s.catalog.HasCatalog(name) {
		return nil
	}
	for _, o := range n.Options {
		if o.Key == "type" && o.Value != "generic_in_memory" {
			return ast.Errorf(o.Pos(), "catalog type '%s' is not supported by this engine: it has 'generic_in_memory'", o.Value)
		}
	}
	return at(n.Name.Pos(), s.catalog.CreateCatalog(name))
}

func (s *Session) createFunction(n *ast.CreateFunction) error {
	p, err := s.resolve(n.Name)
	if err != nil {
		return err
	}
	if n.Temporary {
		return ast.Errorf(n.Pos(), "class '%s' of function '%s' cannot be loaded: functions of the JVM or Python are not supported by this engine; run it on a Flink target", n.Class, n.Name)
	}
	f := &catalog.Function{Path: p, Class: n.Class, Language: n.Language, Temporary: n.Temporary}
	if !s.catalog.PutFunction(f) && !n.IfNotExists {
		return ast.Errorf(n.Name.Pos(), "Function %s.%s already exists in Catalog %s.", p.Database, p.Name, p.Catalog)
	}
	return nil
}
