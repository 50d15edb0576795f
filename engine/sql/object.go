package sql

import (
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// ObjectKind says what an Object is.
type ObjectKind string

// Kinds of objects.
const (
	CatalogObject  ObjectKind = "CATALOG"
	DatabaseObject ObjectKind = "DATABASE"
	TableObject    ObjectKind = "TABLE"
	ViewObject     ObjectKind = "VIEW"
	FunctionObject ObjectKind = "FUNCTION"
)

// Object is something persistent that a session knows by name, with the
// statement that makes it again: with full names, so that it does not matter
// what is current where it is carried out.
type Object struct {
	Kind      ObjectKind
	Catalog   string
	Database  string // empty for a catalog
	Name      string
	Statement string
}

// Catalog gives what the session knows by name. It is the session's own.
func (s *Session) Catalog() *catalog.Catalog { return s.catalog }

// Objects lists what is not temporary in a catalog and its databases, without
// what was there from the start: catalogs first, then databases, tables, views
// and functions, each by name.
func (s *Session) Objects() []Object {
	var catalogs, databases, tables, views, functions []Object
	for _, c := range s.catalog.Catalogs() {
		if !s.builtIn(c, "") {
			catalogs = append(catalogs, Object{Kind: CatalogObject, Catalog: c, Name: c, Statement: s.catalogStatement(c)})
		}
		for _, d := range s.catalog.Databases(c) {
			if !s.builtIn(c, d) {
				databases = append(databases, Object{Kind: DatabaseObject, Catalog: c, Database: d, Name: d, Statement: databaseStatement(c, s.catalog.DatabaseNamed(c, d))})
			}
			for _, t := range s.catalog.Permanent(c, d) {
				o := Object{Kind: TableObject, Catalog: c, Database: d, Name: t.Path.Name}
				if t.View != nil {
					o.Kind, o.Statement = ViewObject, viewStatement(t)
					views = append(views, o)
				} else {
					o.Statement = tableStatement(t)
					tables = append(tables, o)
				}
			}
			for _, name := range s.catalog.Functions(c, d) {
				if f := s.catalog.Function(catalog.Path{Catalog: c, Database: d, Name: name}); !f.Temporary {
					functions = append(functions, Object{Kind: FunctionObject, Catalog: c, Database: d, Name: name, Statement: functionStatement(f)})
				}
			}
		}
	}
	return slices.Concat(catalogs, databases, tables, views, functions)
}

// builtIn tells what a new session has: it is made by nobody's statement.
func (s *Session) builtIn(catalogName, database string) bool {
	switch catalogName {
	case catalog.DefaultCatalog:
		return database == "" || database == catalog.DefaultDatabase
	case s.home.Catalog:
		return database == "" || database == s.home.Database
	}
	return database == s.catalog.Default(catalogName) // comes with every catalog
}

func (s *Session) catalogStatement(name string) string {
	text := "CREATE CATALOG " + ast.QuoteIdent(name)
	if comment, ok := s.catalog.Comment(name); ok {
		text += " COMMENT " + ast.QuoteString(comment)
	}
	return text + with(s.catalog.Properties(name))
}

func databaseStatement(catalogName string, d *catalog.Database) string {
	s := "CREATE DATABASE " + ast.QuoteIdent(catalogName) + "." + ast.QuoteIdent(d.Name)
	if d.Comment != "" {
		s += " COMMENT " + ast.QuoteString(d.Comment)
	}
	return s + with(d.Options)
}

func with(options map[string]string) string {
	if len(options) == 0 {
		return ""
	}
	lines := make([]string, 0, len(options))
	for _, k := range slices.Sorted(maps.Keys(options)) {
		lines = append(lines, "  "+ast.QuoteString(k)+" = "+ast.QuoteString(options[k]))
	}
	return "\nWITH (\n" + strings.Join(lines, ",\n") + "\n)"
}

func tableStatement(t *catalog.Table) string {
	return strings.TrimSpace(createText(t, "TABLE")) + with(t.Options)
}

func viewStatement(t *catalog.Table) string {
	return strings.TrimSpace(createText(t, "VIEW")) + "\nAS " + ExpandedQuery(t)
}

func functionStatement(f *catalog.Function) string {
	s := "CREATE FUNCTION " + quoted(f.Path) + " AS " + ast.QuoteString(f.Class)
	if f.Language != "" {
		s += " LANGUAGE " + strings.ToUpper(f.Language)
	}
	for i, a := range f.Artifacts {
		s += []string{" USING", ","}[min(i, 1)] + " ARTIFACT " + ast.QuoteString(a)
	}
	if len(f.Options) > 0 {
		s += with(f.Options)
	}
	return s
}

// TypeText is a type without abbreviations: VARCHAR(2147483647) for STRING.
func TypeText(t data.Type) string { return serial(t) }

// ExpressionText is an expression with every name in back-quotes.
func ExpressionText(e ast.Expr) string { return sqlText(e) }
