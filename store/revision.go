package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/weir-streams/weir/resource"
)

// Revisions returns every spec a deployment had, oldest first. Other kinds
// have none.
func (db *DB) Revisions(ctx context.Context, kind resource.Kind, id string) ([]resource.Revision, error) {
	list, err := db.revisions(ctx, "", kind, id)
	if err != nil {
		return nil, db.wrap(fmt.Sprintf("list revisions of %s %s", kind, id), err)
	}
	return list, nil
}

// Revision returns one spec a deployment had; the error wraps
// resource.ErrNotFound if there is none of that generation.
func (db *DB) Revision(ctx context.Context, kind resource.Kind, id string, generation int) (resource.Revision, error) {
	doing := fmt.Sprintf("get revision %d of %s %s", generation, kind, id)
	list, err := db.revisions(ctx, " AND generation = $3", kind, id, generation)
	switch {
	case err != nil:
		return resource.Revision{}, db.wrap(doing, err)
	case len(list) == 0:
		return resource.Revision{}, fmt.Errorf("%s: %w", doing, resource.ErrNotFound)
	}
	return list[0], nil
}

func (db *DB) revisions(ctx context.Context, and string, kind resource.Kind, id string, more ...any) ([]resource.Revision, error) {
	if !storable(string(kind), id) {
		return nil, nil
	}
	rows, err := db.read.QueryContext(ctx, db.sql(`
		SELECT generation, author, created_at, spec FROM revision WHERE kind = $1 AND id = $2`+and+` ORDER BY generation`),
		append([]any{string(kind), id}, more...)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err below says what went wrong
	var list []resource.Revision
	for rows.Next() {
		var r resource.Revision
		var at, spec string
		if err := rows.Scan(&r.Generation, &r.Author, &at, &spec); err != nil {
			return nil, err
		}
		if err := r.CreatedAt.UnmarshalJSON([]byte(`"` + at + `"`)); err != nil {
			return nil, err
		}
		r.Spec = json.RawMessage(spec)
		list = append(list, r)
	}
	return list, rows.Err()
}

// Count is how many resources of a kind there are.
func (db *DB) Count(ctx context.Context, kind resource.Kind) (n int, err error) {
	if err := db.read.QueryRowContext(ctx, db.sql(`SELECT COUNT(*) FROM resource WHERE kind = $1`), string(kind)).Scan(&n); err != nil {
		return 0, db.wrap("count "+string(kind), err)
	}
	return n, nil
}
