package sql

import (
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// declare carries out what changes the catalog.
func (s *Session) declare(st ast.Statement) (*Outcome, error) {
	var err error
	switch n := st.(type) {
	case *ast.CreateTable:
		if n.As != nil {
			i, err := s.createTableAs(n)
			switch {
			case err != nil:
				return nil, err
			case i == nil:
				return done, nil
			case s.set != nil:
				*s.set = append(*s.set, *i)
				return done, nil
			}
			return s.plan([]insert{*i})
		}
		err = s.createTable(n, nil)
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
	case *ast.AlterCatalog:
		err = s.alterCatalog(n)
	case *ast.AlterFunction:
		err = s.alterFunction(n)
	case *ast.CreateModel:
		err = s.createModel(n)
	case *ast.AlterModel:
		err = s.alterModel(n)
	case *ast.LoadModule:
		if n.Name.Name == coreModule {
			return nil, ast.Errorf(n.Name.Pos(), "A module with name '%s' already exists", n.Name.Name)
		}
		return nil, ast.Errorf(n.Name.Pos(), "modules are not supported by this engine: Could not find any factory for identifier '%s'; the only module is '%s'", n.Name.Name, coreModule)
	case *ast.UnloadModule:
		if n.Name.Name == coreModule {
			return nil, ast.Errorf(n.Name.Pos(), "module '%s' is the functions of the engine: it cannot be unloaded", coreModule)
		}
		return nil, ast.Errorf(n.Name.Pos(), "No module with name '%s' exists", n.Name.Name)
	case *ast.Jar:
		return nil, ast.Errorf(st.Pos(), "JARs are not supported by this engine; run it on a Flink target")
	case *ast.Analyze:
		t, err := s.tableNamed(n.Table)
		if err != nil {
			return nil, err
		}
		if t.Temporary || t.View != nil {
			return nil, ast.Errorf(n.Table.Pos(), "Table %s doesn't exist or is a temporary table.", quoted(t.Path))
		}
		return nil, ast.Errorf(st.Pos(), "ANALYZE TABLE is not supported for streaming mode now: plans do not depend on statistics here")
	case *ast.CallProcedure:
		return nil, ast.Errorf(st.Pos(), "getProcedure is not implemented: the catalogs of this engine have no procedures")
	case *ast.StopJob:
		return nil, noJobs(st.Pos())
	case *ast.Delete, *ast.Update, *ast.Truncate:
		return nil, s.changing(st)
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
	if t.Columns, t.View.Expanded, err = s.viewColumns(n.Query, n.QueryText, n.Columns); err != nil {
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
	u := t.Clone()
	u.View = &catalog.View{Query: n.Query, Text: n.QueryText, Catalog: s.catalog.Current, Database: s.catalog.Database}
	if u.Columns, u.View.Expanded, err = s.viewColumns(n.Query, n.QueryText, nil); err != nil {
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
		if t != nil && t.Temporary && !n.Temporary && (t.View != nil) == (n.Kind == "VIEW") {
			return ast.Errorf(n.Name.Pos(), "Temporary %s with identifier '%s' exists. Drop it first before removing the permanent %[1]s.", strings.ToLower(n.Kind), quoted(p))
		}
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
	case "MODEL":
		p, err := s.resolve(n.Name)
		if err != nil {
			return err
		}
		if s.catalog.DropModel(p) || n.IfExists {
			return nil
		}
		return ast.Errorf(n.Name.Pos(), "Model with identifier '%s' does not exist.%s", p, meant(p.Name, s.catalog.Models(p.Catalog, p.Database)))
	case "MATERIALIZED TABLE":
		if n.IfExists {
			return nil
		}
		return ast.Errorf(n.Name.Pos(), "Materialized table with identifier '%s' does not exist: materialized tables are not supported by this engine", n.Name)
	case "FUNCTION":
		p, err := s.resolve(n.Name)
		if err != nil {
			return err
		}
		if n.System {
			p = catalog.Path{Name: n.Name.Last().Name}
		}
		s.forget(p)
		if s.catalog.DropFunction(p) || n.IfExists {
			return nil
		}
		if n.System {
			return ast.Errorf(n.Name.Pos(), "Temporary system function '%s' does not exist.", n.Name)
		}
		return ast.Errorf(n.Name.Pos(), "Function %s.%s does not exist in Catalog %s.%s", p.Database, p.Name, p.Catalog, meant(p.Name, s.catalog.Functions(p.Catalog, p.Database)))
	}
	return ast.Errorf(n.Pos(), "DROP %s is not supported by this engine yet; run it on a Flink target", n.Kind)
}

func (s *Session) use(n *ast.Use) error {
	switch n.What {
	case "CATALOG":
		return planAt(n.Name.Pos(), s.catalog.UseCatalog(n.Name.String()))
	case "MODULES":
		for i, m := range n.Modules {
			if i > 0 && m.Name == coreModule {
				return ast.Errorf(m.Pos(), "Module '%s' appears more than once", m.Name)
			}
			if m.Name != coreModule {
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
	return planAt(n.Name.Pos(), s.catalog.UseDatabase(current, parts[len(parts)-1]))
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
	options := map[string]string{}
	for _, o := range n.Options {
		options[o.Key] = o.Value
		if o.Key == "type" && o.Value != inMemory {
			return ast.Errorf(o.Pos(), "catalog type '%s' is not supported by this engine: it has 'generic_in_memory'", o.Value)
		}
	}
	if options["type"] == "" {
		return ast.Errorf(n.Pos(), "Catalog options do not contain an option key 'type' for discovering a catalog.")
	}
	if err := s.catalog.CreateCatalog(name); err != nil {
		return at(n.Name.Pos(), err)
	}
	s.catalog.SetProperties(name, options)
	if n.Comment != nil {
		s.catalog.SetComment(name, *n.Comment)
	}
	if d := options["default-database"]; d != "" {
		s.catalog.SetDefault(name, d)
	}
	return nil
}

// changing refuses UPDATE, DELETE and TRUNCATE, which no connector of this engine
// carries out.
func (s *Session) changing(st ast.Statement) error {
	what := strings.ToUpper(strings.Fields(ast.Print(st))[0])
	if s.Config()["execution.runtime-mode"] == "batch" {
		return ast.Planf(st.Pos(), "Can't perform %s operation of the table: its connector does not implement that", strings.ToLower(what))
	}
	return ast.Planf(st.Pos(), "%s statement is not supported for streaming mode now.", what)
}

// coreModule is the only module: the functions of the engine.
const coreModule = "core"

func (s *Session) alterCatalog(n *ast.AlterCatalog) error {
	name, options, err := s.catalogNamed(n.Name)
	if err != nil {
		return err
	}
	switch a := n.Action.(type) {
	case *ast.SetComment:
		s.catalog.SetComment(name, a.Comment)
		return nil
	case *ast.SetOptions:
		for _, o := range a.Options {
			if o.Key == "type" {
				return ast.Errorf(o.Pos(), "ALTER CATALOG does not support changing 'type'")
			}
			if o.Key != "default-database" && options["type"] == "generic_in_memory" {
				return ast.Errorf(o.Pos(), "Unsupported options found for 'generic_in_memory'. Unsupported options: %s. Supported options: default-database", o.Key)
			}
			options[o.Key] = o.Value
		}
	case *ast.ResetOptions:
		if len(a.Keys) == 0 {
			return ast.Errorf(a.Pos(), "ALTER CATALOG RESET does not support empty key")
		}
		for _, k := range a.Keys {
			if k == "type" {
				return ast.Errorf(a.Pos(), "ALTER CATALOG RESET does not support changing 'type'")
			}
			delete(options, k)
		}
	}
	s.catalog.SetProperties(name, options)
	return nil
}

func (s *Session) alterFunction(n *ast.AlterFunction) error {
	p, err := s.resolve(n.Name)
	if err != nil {
		return err
	}
	f := s.catalog.Function(p)
	switch {
	case n.Temporary:
		return ast.Errorf(n.Pos(), "Alter temporary catalog function is not supported")
	case f == nil && n.IfExists:
		return nil
	case f == nil:
		return ast.Errorf(n.Name.Pos(), "Function %s does not exist.%s", quoted(p), meant(p.Name, s.catalog.Functions(p.Catalog, p.Database)))
	}
	u := *f
	u.Class = n.Class
	if n.Language != "" || f.Language != wasm {
		u.Language = strings.ToUpper(n.Language)
	}
	if u.Language == wasm && len(u.Artifacts) != 1 {
		return ast.Errorf(n.Pos(), "function %s has no module: drop it, and create it with LANGUAGE WASM USING ARTIFACT", quoted(p))
	}
	s.forget(p)
	s.catalog.DropFunction(p)
	s.catalog.PutFunction(&u)
	return nil
}

func (s *Session) createFunction(n *ast.CreateFunction) error {
	p, err := s.resolve(n.Name)
	if err != nil {
		return err
	}
	f := &catalog.Function{Path: p, Class: n.Class, Language: n.Language, Temporary: n.Temporary, System: n.System}
	if n.System {
		f.Path = catalog.Path{Name: n.Name.Last().Name}
	}
	if err := s.checkFunction(n, f); err != nil {
		return err
	}
	if s.catalog.PutFunction(f) || n.IfNotExists {
		return nil
	}
	if n.System {
		return ast.Errorf(n.Name.Pos(), "Temporary system function '%s' exists already.", n.Name)
	}
	return ast.Errorf(n.Name.Pos(), "Function %s.%s already exists in Catalog %s.", p.Database, p.Name, p.Catalog)
}
