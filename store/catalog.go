package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/weir-streams/weir/resource"
)

// ChangeCatalog makes a change of a namespace's catalogs, whole or not at all,
// and returns it as stored: with ids and versions. If an entry was changed or taken by others meanwhile, the error wraps
// resource.ErrConflict and nothing happened.
func (db *DB) ChangeCatalog(ctx context.Context, by string, change resource.CatalogChange) (stored resource.CatalogChange, err error) {
	c := db.CatalogEntries()
	var keys []resource.Key
	err = db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		keys, stored = keys[:0], resource.CatalogChange{Delete: change.Delete}
		for _, e := range change.Delete {
			if err := one(tx.ExecContext(ctx, db.sql(`DELETE FROM resource WHERE kind = $1 AND id = $2 AND version = $3`),
				string(c.kind), e.Metadata.ID, e.Metadata.ResourceVersion)); err != nil {
				return fmt.Errorf("remove %s: %w", e.Metadata.Name, err)
			}
			keys = append(keys, resource.Key{Kind: c.kind, Namespace: e.Metadata.Namespace, ID: e.Metadata.ID})
		}
		for _, e := range change.Replace {
			version := e.Metadata.ResourceVersion
			e.Metadata.ResourceVersion++
			e.Metadata.Generation++
			e.Metadata.ModifiedAt = resource.At(time.Now())
			e, doc, err := c.normal(e)
			if err != nil {
				return err
			}
			stored.Replace = append(stored.Replace, e)
			if err := one(tx.ExecContext(ctx, db.sql(`UPDATE resource SET version = $1, doc = $2 WHERE kind = $3 AND id = $4 AND version = $5`),
				e.Metadata.ResourceVersion, string(doc), string(c.kind), e.Metadata.ID, version)); err != nil {
				return fmt.Errorf("change %s: %w", e.Metadata.Name, err)
			}
			keys = append(keys, resource.Key{Kind: c.kind, Namespace: e.Metadata.Namespace, ID: e.Metadata.ID})
		}
		for _, e := range change.Create {
			e, key, err := c.insert(ctx, tx, by, e)
			if err != nil {
				return fmt.Errorf("create %s: %w", e.Metadata.Name, err)
			}
			keys, stored.Create = append(keys, key), append(stored.Create, e)
		}
		for _, k := range keys {
			if err := db.notify(ctx, tx, k); err != nil {
				return err
			}
		}
		return nil
	})
	for _, k := range keys {
		db.feed.publish(k) // also on an error, after which it may be there
	}
	if err != nil {
		return resource.CatalogChange{}, db.wrap("change the catalog", err)
	}
	return stored, nil
}

// one expects a statement to have touched one row.
func one(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fmt.Errorf("it was changed meanwhile: %w", resource.ErrConflict))
	}
	return nil
}

// insert adds a resource within a transaction.
func (c *Collection[T, P]) insert(ctx context.Context, tx *sql.Tx, by string, v T) (T, resource.Key, error) {
	m := P(&v).Meta()
	id, err := uuid.NewRandom()
	if err != nil {
		return v, resource.Key{}, err
	}
	m.ID = id.String()
	now := resource.At(time.Now())
	m.CreatedAt, m.ModifiedAt = now, now
	m.ResourceVersion, m.Generation = 1, 1
	resource.SetKind(P(&v))
	if name := c.name(m); !storable(m.ID, m.Namespace, name, by) {
		return v, resource.Key{}, resource.Invalidf("name", "is not UTF-8, has a NUL character, or is longer than %d bytes", textLimit)
	}
	v, doc, err := c.normal(v)
	if err != nil {
		return v, resource.Key{}, err
	}
	m = P(&v).Meta()
	return v, resource.Key{Kind: c.kind, Namespace: m.Namespace, ID: m.ID}, one(tx.ExecContext(ctx, c.db.sql(`
		INSERT INTO resource (kind, id, namespace, name, owner, job, version, doc)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`),
		string(c.kind), m.ID, m.Namespace, c.name(m), owner(m), m.JobID, m.ResourceVersion, string(doc)))
}
