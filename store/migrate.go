package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// migrate brings the tables up to date. A database of a newer weir is refused
// before anything in it is touched.
func (db *DB) migrate(ctx context.Context, dialect goose.Dialect, folder string, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	options = append(options, goose.WithTableName("schema_version"), goose.WithDisableGlobalRegistry(true))
	p, err := goose.NewProvider(dialect, db.write, files, options...)
	if err != nil {
		return fmt.Errorf("migrations of %s: %w", db.name, err)
	}
	current, known, err := p.GetVersions(ctx)
	if err != nil {
		return db.wrap("read the schema version of "+db.name, err)
	}
	if current > known {
		return fmt.Errorf("%s was written by a newer weir (schema %d, this one knows %d): use that weir, or another database; nothing was changed", db.name, current, known)
	}
	if _, err := p.Up(ctx); err != nil {
		return db.wrap("bring the tables of "+db.name+" up to date", err)
	}
	return nil
}
