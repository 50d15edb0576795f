package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/resource"
)

// opened is a session that knows what a namespace's catalogs hold.
type opened struct {
	*sql.Session
	namespace string
	engine    *engine.Engine
	objects   []sql.Object                     // as the last statement left them; nil: not known
	entries   map[string]resource.CatalogEntry // by name
	broken    map[string]error                 // entries whose statement cannot be carried out, by name
	broke     []resource.CatalogEntry          // the same, in order
}

// open begins a session in a catalog and database; empty ones are the
// platform's own.
func (g *Gateway) open(ctx context.Context, namespace, catalogName, database string) (*opened, error) {
	entries, err := g.Entries.List(ctx, resource.Filter{Namespace: namespace})
	if err != nil {
		return nil, err
	}
	o := &opened{namespace: namespace, entries: make(map[string]resource.CatalogEntry, len(entries)), broken: map[string]error{}}
	statements := make([]string, len(entries))
	for i, e := range entries {
		statements[i] = e.Spec.Statement
		o.entries[e.Metadata.Name] = e
	}
	if o.engine, err = g.engineOf(ctx, namespace); err != nil {
		return nil, err
	}
	s, problems := o.engine.NewPlatformSession(statements, nil)
	o.Session = s
	for _, err := range problems {
		var failed *sql.LoadError
		if !errors.As(err, &failed) {
			return nil, fmt.Errorf("begin a session: %w", err)
		}
		e := entries[failed.Index]
		o.broken[e.Metadata.Name] = failed.Err
		o.broke = append(o.broke, e)
	}
	return o, o.at(catalogName, database)
}

// at makes a catalog and a database current, as the query of a request names
// them.
func (o *opened) at(catalogName, database string) error {
	c := o.Catalog()
	if catalogName == "" && database == "" {
		return nil
	}
	if catalogName == "" {
		catalogName = engine.PlatformCatalog
	}
	if err := c.UseCatalog(catalogName); err != nil {
		return resource.Invalidf("catalog", "%v", err)
	}
	if database == "" {
		if catalogName != engine.PlatformCatalog {
			return nil
		}
		database = engine.PlatformDatabase
	}
	if err := c.UseDatabase(catalogName, database); err != nil {
		return resource.Invalidf("database", "%v", err)
	}
	return nil
}
