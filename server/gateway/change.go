package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/resource"
)

// changesCatalogs tells whether a statement may change what outlives its session.
func changesCatalogs(st ast.Statement) bool {
	switch n := st.(type) {
	case *ast.CreateTable:
		return !n.Temporary
	case *ast.CreateView:
		return !n.Temporary
	case *ast.CreateFunction:
		return !n.Temporary
	case *ast.AlterFunction:
		return !n.Temporary
	case *ast.Drop:
		return !n.Temporary
	case *ast.AlterTable, *ast.AlterView, *ast.CreateDatabase, *ast.AlterDatabase, *ast.CreateCatalog, *ast.AlterCatalog:
		return true
	}
	return false
}

// declare carries out a statement that changes the catalogs, and keeps the
// change. The caller has the namespace's turn.
func (g *Gateway) declare(ctx context.Context, o *opened, by string, st ast.Statement) (err error) {
	if err := o.mayChange(st); err != nil {
		return err
	}
	if change, ok := o.dropBroken(st); ok {
		return g.keep(ctx, o, by, change)
	}
	before := o.objects
	if before == nil {
		before = o.Objects()
	}
	o.objects = nil
	if _, err := o.Execute(st); err != nil {
		return o.explained(err, st)
	}
	after := o.Objects()
	change := o.difference(before, after)
	defer func() {
		if err == nil {
			o.objects = after
		}
	}()
	if change.Empty() {
		return nil
	}
	if n := len(o.entries) + len(change.Create) - len(change.Delete); n > g.Limits.Entries {
		return ast.Errorf(st.Pos(), "the catalogs of namespace %q hold %d objects already, the most there may be", o.namespace, len(o.entries))
	}
	for _, e := range change.Create {
		if err, ok := o.broken[e.Metadata.Name]; ok {
			return ast.Errorf(st.Pos(), "%s exists already, but cannot be used: %v; DROP it first", e.Metadata.Name, err)
		}
	}
	if err := g.loads(o, change); err != nil {
		return ast.Errorf(st.Pos(), "%w", err)
	}
	return g.keep(ctx, o, by, change)
}

// mayChange protects what every namespace has.
func (o *opened) mayChange(st ast.Statement) error {
	d, ok := st.(*ast.Drop)
	if !ok || d.Name == nil {
		return nil
	}
	parts := d.Name.Strings()
	switch {
	case d.Kind == "CATALOG" && (parts[0] == engine.PlatformCatalog || parts[0] == catalog.DefaultCatalog):
		return ast.Errorf(d.Name.Pos(), "catalog '%s' is part of every namespace and cannot be dropped", parts[0])
	case d.Kind == "DATABASE":
		in, name := o.Catalog().Current, parts[len(parts)-1]
		if len(parts) == 2 {
			in = parts[0]
		}
		if in == engine.PlatformCatalog && name == engine.PlatformDatabase || in == catalog.DefaultCatalog && name == catalog.DefaultDatabase {
			return ast.Errorf(d.Name.Pos(), "database '%s' of catalog '%s' is part of every namespace and cannot be dropped", name, in)
		}
		if n := o.brokenIn(in, name); n != nil && !d.Cascade {
			return ast.Errorf(d.Name.Pos(), "database %s in catalog %s is not empty: it has %s", name, in, n.Metadata.Name)
		}
	}
	return nil
}

func (o *opened) brokenIn(catalogName, database string) *resource.CatalogEntry {
	for i, e := range o.broke {
		if e.Spec.Catalog == catalogName && e.Spec.Database == database && e.Spec.Object != resource.EntryDatabase {
			return &o.broke[i]
		}
	}
	return nil
}

// dropBroken removes an object that the session does not know because its
// statement cannot be carried out.
func (o *opened) dropBroken(st ast.Statement) (resource.CatalogChange, bool) {
	d, ok := st.(*ast.Drop)
	if !ok || d.Temporary || d.Name == nil {
		return resource.CatalogChange{}, false
	}
	spec := resource.CatalogEntrySpec{Object: resource.CatalogEntryKind(d.Kind)}
	switch parts := d.Name.Strings(); d.Kind {
	case "CATALOG":
		spec.Catalog, spec.Name = parts[0], parts[0]
	case "TABLE", "VIEW", "FUNCTION":
		p, ok := o.Catalog().Resolve(parts)
		if !ok {
			return resource.CatalogChange{}, false
		}
		spec.Catalog, spec.Database, spec.Name = p.Catalog, p.Database, p.Name
	}
	name := spec.EntryName()
	e, ok := o.entries[name]
	if o.broken[name] == nil || !ok || e.Spec.Object != spec.Object {
		return resource.CatalogChange{}, false
	}
	return resource.CatalogChange{Delete: []resource.CatalogEntry{e}}, true
}

// difference is what became of the objects of a session.
func (o *opened) difference(before, after []sql.Object) resource.CatalogChange {
	was := make(map[string]string, len(before))
	for _, x := range before {
		was[entryOf(o.namespace, x).Metadata.Name] = x.Statement
	}
	var change resource.CatalogChange
	for _, x := range after {
		e := entryOf(o.namespace, x)
		name := e.Metadata.Name
		statement, there := was[name]
		delete(was, name)
		switch old, kept := o.entries[name]; {
		case there && statement == x.Statement:
		case there && kept:
			old.Spec = e.Spec
			change.Replace = append(change.Replace, old)
		default:
			change.Create = append(change.Create, e)
		}
	}
	for name := range was {
		if e, ok := o.entries[name]; ok {
			change.Delete = append(change.Delete, e)
		}
	}
	for _, e := range o.broke { // they go with the database or catalog they were in
		if e.Spec.Object != resource.EntryCatalog && lost(before, after, e.Spec) {
			change.Delete = append(change.Delete, e)
		}
	}
	return change
}

// lost tells whether the catalog or database of an entry was there before and
// no longer is.
func lost(before, after []sql.Object, spec resource.CatalogEntrySpec) bool {
	holds := func(list []sql.Object) bool {
		return slices.ContainsFunc(list, func(x sql.Object) bool {
			return x.Catalog == spec.Catalog && (x.Kind == sql.CatalogObject && spec.Database == "default" || x.Kind == sql.DatabaseObject && x.Database == spec.Database)
		})
	}
	return holds(before) && !holds(after)
}

func entryOf(namespace string, x sql.Object) resource.CatalogEntry {
	var e resource.CatalogEntry
	e.Spec = resource.CatalogEntrySpec{
		Catalog: x.Catalog, Database: x.Database, Object: resource.CatalogEntryKind(x.Kind), Name: x.Name, Statement: x.Statement,
	}
	e.Metadata.Namespace, e.Metadata.Name = namespace, e.Spec.EntryName()
	return e
}

// loads makes sure that what is to be kept can be made again by its statement,
// in a session that knows nothing else.
func (g *Gateway) loads(o *opened, change resource.CatalogChange) error {
	next := make(map[string]resource.CatalogEntry, len(o.entries)+len(change.Create))
	for name, e := range o.entries {
		next[name] = e
	}
	for _, e := range change.Delete {
		delete(next, e.Metadata.Name)
	}
	changed := map[string]bool{}
	for _, e := range slices.Concat(change.Replace, change.Create) {
		next[e.Metadata.Name], changed[e.Metadata.Name] = e, true
	}
	// What a view reads may be anything; the rest needs its database at most.
	views := slices.ContainsFunc(slices.Concat(change.Replace, change.Create), func(e resource.CatalogEntry) bool { return e.Spec.Object == resource.EntryView })
	var names, statements []string
	for name, e := range next {
		if !views && !changed[name] && e.Spec.Object != resource.EntryDatabase && e.Spec.Object != resource.EntryCatalog {
			continue
		}
		names, statements = append(names, name), append(statements, e.Spec.Statement)
	}
	_, problems := g.Engine.NewPlatformSession(statements, nil)
	for _, err := range problems {
		if failed := (*sql.LoadError)(nil); errors.As(err, &failed) && changed[names[failed.Index]] {
			return fmt.Errorf("%s cannot be kept, because it could not be made again without this session: %v", names[failed.Index], failed.Err)
		}
	}
	return nil
}

// keep writes a change to the store, and to what the session knows of it.
func (g *Gateway) keep(ctx context.Context, o *opened, by string, change resource.CatalogChange) error {
	stored, err := g.Record.ChangeCatalog(ctx, by, change)
	if errors.Is(err, resource.ErrConflict) {
		return fmt.Errorf("others changed the same object at the same time; send the statement again: %w", err)
	}
	if err != nil {
		return err
	}
	for _, e := range slices.Concat(stored.Create, stored.Replace) {
		o.entries[e.Metadata.Name] = e
	}
	for _, e := range change.Delete {
		if o.entries[e.Metadata.Name].Metadata.ID == e.Metadata.ID {
			delete(o.entries, e.Metadata.Name)
		}
		delete(o.broken, e.Metadata.Name)
		o.broke = slices.DeleteFunc(o.broke, func(x resource.CatalogEntry) bool { return x.Metadata.ID == e.Metadata.ID })
	}
	return nil
}

// explained adds to an error about a name what is known of a broken object of
// that name.
func (o *opened) explained(err error, st ast.Statement) error {
	if len(o.broke) == 0 {
		return err
	}
	var at *ast.Error
	if !errors.As(err, &at) {
		return err
	}
	var found error
	ast.Walk(st, func(n ast.Node) bool {
		if name, ok := n.(*ast.Name); ok && found == nil {
			if p, ok := o.Catalog().Resolve(name.Strings()); ok {
				spec := resource.CatalogEntrySpec{Object: resource.EntryTable, Catalog: p.Catalog, Database: p.Database, Name: p.Name}
				if why := o.broken[spec.EntryName()]; why != nil {
					found = ast.Errorf(at.Pos, "%s (%s is in the catalog, but cannot be used: %v)", at.Message, spec.EntryName(), why)
				}
			}
		}
		return true
	})
	if found != nil {
		return found
	}
	return err
}
