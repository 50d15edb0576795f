// Package catalog keeps what a session knows by name: catalogs, databases,
// tables, views and functions.
//
// The rule: it keeps and finds, and decides nothing. What a table's options or
// expressions mean is for those who plan queries.
package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/option"
)

// Names of what is there at the start.
const (
	DefaultCatalog  = "default_catalog"
	DefaultDatabase = "default_database"
)

// Path is the whole name of a table, view or function.
type Path struct{ Catalog, Database, Name string }

func (p Path) String() string { return p.Catalog + "." + p.Database + "." + p.Name }

// Catalog is all of a session's catalogs, with the current one and its current database.
type Catalog struct {
	Current  string // catalog
	Database string // database in it

	catalogs  map[string]map[string]*Database
	temporary map[Path]*Table
	functions map[Path]*Function
	models    map[Path]*Model
	options   map[string]map[string]string // of catalogs
	comments  map[string]string            // of catalogs
	defaults  map[string]string            // default databases of catalogs, where they have a name of their own
}

// Database is a named set of tables.
type Database struct {
	Name    string
	Comment string
	Options map[string]string
	tables  map[string]*Table
}

// Function is a function that a user declared. Names of functions are the same
// in any case.
type Function struct {
	Path      Path
	Class     string // or the function's name in its module
	Language  string
	Temporary bool
	System    bool // temporary, called by its name alone; Path has no more than that
	// Artifacts are the paths and URIs after USING.
	Artifacts []string
	Options   map[string]string // of WITH
}

// New returns a catalog with the default database, which is current.
func New() *Catalog {
	c := &Catalog{
		Current: DefaultCatalog, Database: DefaultDatabase,
		catalogs: map[string]map[string]*Database{}, temporary: map[Path]*Table{}, functions: map[Path]*Function{},
	}
	c.catalogs[DefaultCatalog] = map[string]*Database{DefaultDatabase: {Name: DefaultDatabase, tables: map[string]*Table{}}}
	return c
}

// Resolve completes a name of one to three parts; false if it has more.
func (c *Catalog) Resolve(parts []string) (Path, bool) {
	switch len(parts) {
	case 1:
		return Path{c.Current, c.Database, parts[0]}, true
	case 2:
		return Path{c.Current, parts[0], parts[1]}, true
	case 3:
		return Path{parts[0], parts[1], parts[2]}, true
	}
	return Path{}, false
}

// Table finds a table or view; temporary ones come first. nil: there is none.
func (c *Catalog) Table(p Path) *Table {
	if t := c.temporary[p]; t != nil {
		return t
	}
	if d := c.database(p); d != nil {
		return d.tables[p.Name]
	}
	return nil
}

func (c *Catalog) database(p Path) *Database { return c.catalogs[p.Catalog][p.Database] }

// Put adds a table or view, or replaces one if replace is set.
func (c *Catalog) Put(t *Table, replace bool) error {
	d := c.database(t.Path)
	if d == nil {
		return fmt.Errorf("database %s does not exist in catalog %s%s", t.Path.Database, t.Path.Catalog, suggest(t.Path.Database, c.Databases(t.Path.Catalog)))
	}
	if t.Temporary {
		if c.temporary[t.Path] != nil && !replace {
			return fmt.Errorf("temporary table '%s' already exists", t.Path)
		}
		c.temporary[t.Path] = t
		return nil
	}
	if d.tables[t.Path.Name] != nil && !replace {
		return fmt.Errorf("table (or view) %s.%s already exists in catalog %s", t.Path.Database, t.Path.Name, t.Path.Catalog)
	}
	d.tables[t.Path.Name] = t
	return nil
}

// Drop removes a table or view; false if there is none of that sort.
func (c *Catalog) Drop(p Path, temporary bool) bool {
	if temporary || c.temporary[p] != nil {
		_, ok := c.temporary[p]
		delete(c.temporary, p)
		return ok
	}
	d := c.database(p)
	if d == nil || d.tables[p.Name] == nil {
		return false
	}
	delete(d.tables, p.Name)
	return true
}

// Tables lists tables and views of a database by name, those with views alone
// or without, and tells whether the database exists.
func (c *Catalog) Tables(catalog, database string) ([]*Table, bool) {
	d := c.catalogs[catalog][database]
	if d == nil {
		return nil, false
	}
	found := maps.Clone(d.tables)
	for p, t := range c.temporary {
		if p.Catalog == catalog && p.Database == database {
			found[p.Name] = t
		}
	}
	out := make([]*Table, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[name])
	}
	return out, true
}

// Permanent lists the tables and views of a database that are not temporary, by
// name, also those that temporary ones hide.
func (c *Catalog) Permanent(catalog, database string) []*Table {
	d := c.catalogs[catalog][database]
	if d == nil {
		return nil
	}
	out := make([]*Table, 0, len(d.tables))
	for _, name := range slices.Sorted(maps.Keys(d.tables)) {
		out = append(out, d.tables[name])
	}
	return out
}

// Near gives the name of a table or view in the same database that may have
// been meant; empty if none is like it.
func (c *Catalog) Near(p Path) string {
	tables, _ := c.Tables(p.Catalog, p.Database)
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Path.Name
	}
	return option.Nearest(p.Name, names)
}

// Catalogs lists the catalogs by name.
func (c *Catalog) Catalogs() []string { return slices.Sorted(maps.Keys(c.catalogs)) }

// Databases lists a catalog's databases by name.
func (c *Catalog) Databases(catalog string) []string {
	return slices.Sorted(maps.Keys(c.catalogs[catalog]))
}

// HasCatalog tells whether a catalog exists.
func (c *Catalog) HasCatalog(name string) bool { return c.catalogs[name] != nil }

// HasDatabase tells whether a database exists.
func (c *Catalog) HasDatabase(catalog, name string) bool { return c.catalogs[catalog][name] != nil }

// DatabaseNamed gives a database; nil if there is none.
func (c *Catalog) DatabaseNamed(catalog, name string) *Database { return c.catalogs[catalog][name] }

// CreateCatalog adds a catalog that lives in memory, with a default database.
func (c *Catalog) CreateCatalog(name string) error {
	if c.catalogs[name] != nil {
		return fmt.Errorf("catalog %s already exists", name)
	}
	c.catalogs[name] = map[string]*Database{"default": {Name: "default", tables: map[string]*Table{}}}
	return nil
}

// SetProperties keeps the options that a catalog was created with.
func (c *Catalog) SetProperties(catalog string, options map[string]string) {
	if c.options == nil {
		c.options = map[string]map[string]string{}
	}
	c.options[catalog] = options
}

// SetComment keeps what is said of a catalog.
func (c *Catalog) SetComment(catalog, comment string) {
	if c.comments == nil {
		c.comments = map[string]string{}
	}
	c.comments[catalog] = comment
}

// Comment is what is said of a catalog; false: nothing.
func (c *Catalog) Comment(catalog string) (string, bool) {
	s, ok := c.comments[catalog]
	return s, ok
}

// Properties gives a catalog's options.
func (c *Catalog) Properties(catalog string) map[string]string { return maps.Clone(c.options[catalog]) }

// SetDefault makes a new catalog's default database one of another name.
func (c *Catalog) SetDefault(catalog, database string) {
	if c.defaults == nil {
		c.defaults = map[string]string{}
	}
	c.defaults[catalog] = database
	c.catalogs[catalog] = map[string]*Database{database: {Name: database, tables: map[string]*Table{}}}
}

// Default is the database that is current when a catalog becomes current.
func (c *Catalog) Default(catalog string) string {
	switch d := c.defaults[catalog]; {
	case d != "":
		return d
	case catalog == DefaultCatalog:
		return DefaultDatabase
	}
	return "default"
}

// DropCatalog removes a catalog that is not current.
func (c *Catalog) DropCatalog(name string) error {
	if c.catalogs[name] == nil {
		return fmt.Errorf("a catalog with name [%s] does not exist%s", name, suggest(name, c.Catalogs()))
	}
	if name == c.Current {
		return errors.New("cannot drop a catalog which is currently in use")
	}
	delete(c.catalogs, name)
	delete(c.options, name)
	delete(c.comments, name)
	delete(c.defaults, name)
	maps.DeleteFunc(c.models, func(p Path, _ *Model) bool { return p.Catalog == name })
	maps.DeleteFunc(c.temporary, func(p Path, _ *Table) bool { return p.Catalog == name })
	maps.DeleteFunc(c.functions, func(p Path, _ *Function) bool { return p.Catalog == name })
	return nil
}

// UseCatalog makes a catalog current, and its default database.
func (c *Catalog) UseCatalog(name string) error {
	if c.catalogs[name] == nil {
		return fmt.Errorf("a catalog with name [%s] does not exist%s", name, suggest(name, c.Catalogs()))
	}
	c.Current, c.Database = name, c.Default(name)
	return nil
}

// UseDatabase makes a database current.
func (c *Catalog) UseDatabase(catalog, name string) error {
	if c.catalogs[catalog][name] == nil {
		return fmt.Errorf("a database with name [%s] does not exist in the catalog: [%s]%s", name, catalog, suggest(name, c.Databases(catalog)))
	}
	c.Current, c.Database = catalog, name
	return nil
}

// CreateDatabase adds a database.
func (c *Catalog) CreateDatabase(catalog string, d Database) error {
	if c.catalogs[catalog] == nil {
		return fmt.Errorf("catalog %s does not exist%s", catalog, suggest(catalog, c.Catalogs()))
	}
	if c.catalogs[catalog][d.Name] != nil {
		return fmt.Errorf("database %s already exists in catalog %s", d.Name, catalog)
	}
	d.tables = map[string]*Table{}
	c.catalogs[catalog][d.Name] = &d
	return nil
}

// DropDatabase removes a database; with cascade also its tables.
func (c *Catalog) DropDatabase(catalog, name string, cascade bool) error {
	d := c.catalogs[catalog][name]
	switch {
	case d == nil:
		return fmt.Errorf("database %s does not exist in catalog %s%s", name, catalog, suggest(name, c.Databases(catalog)))
	case len(d.tables) > 0 && !cascade:
		return fmt.Errorf("database %s in catalog %s is not empty", name, catalog)
	case catalog == c.Current && name == c.Database:
		return errors.New("cannot drop a database which is currently in use")
	}
	delete(c.catalogs[catalog], name)
	return nil
}

// Function finds a declared function; nil: there is none.
func (c *Catalog) Function(p Path) *Function { return c.functions[lowered(p)] }

func lowered(p Path) Path { p.Name = strings.ToLower(p.Name); return p }

// PutFunction declares a function; false if it was there already.
func (c *Catalog) PutFunction(f *Function) bool {
	if c.functions[lowered(f.Path)] != nil {
		return false
	}
	c.functions[lowered(f.Path)] = f
	return true
}

// DropFunction removes a declared function; false if there is none.
func (c *Catalog) DropFunction(p Path) bool {
	_, ok := c.functions[lowered(p)]
	delete(c.functions, lowered(p))
	return ok
}

// Functions lists the names of the functions declared in a database.
func (c *Catalog) Functions(catalog, database string) []string {
	var out []string
	for p := range c.functions {
		if p.Catalog == catalog && p.Database == database {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return out
}

func suggest(name string, among []string) string {
	if near := option.Nearest(name, among); near != "" && near != name {
		return fmt.Sprintf("; did you mean '%s'?", near)
	}
	return ""
}
