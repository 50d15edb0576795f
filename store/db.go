package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// DB is an open store. All its methods are safe for concurrent use.
type DB struct {
	name  string // for messages: the file, or the server without password
	write *sql.DB
	read  *sql.DB
	// sql of the two databases differs in little: parameters, the clock, and
	// how other servers are told of a change.
	rewrite func(string) string
	clock   string // SQL expression: milliseconds since 1970
	instr   string // SQL function: where in the first text the second begins, 0 if nowhere
	notify  func(context.Context, *sql.Tx, resource.Key) error
	explain func(error) string // what an error of the database means for people; "" if nothing special

	group *group // nil: transactions run beside each other

	keys    *Keys // nil: secret values are stored as they are
	feed    *feed
	retries retries
	audit   Audit
	closers []func() error // in order
}

// Option sets up a store that is being opened.
type Option func(*DB)

// Sealed keeps the values of secrets sealed. Without it they are stored as
// they are, and sealed ones cannot be read.
func Sealed(keys *Keys) Option { return func(db *DB) { db.keys = keys } }

// Open opens the store at a URL, sqlite:/path/weir.db or postgres://…, and
// brings its tables up to date. An SQLite store is one server's alone; a
// Postgres store may be shared.
func Open(ctx context.Context, storeURL string, options ...Option) (*DB, error) {
	scheme, rest, _ := strings.Cut(storeURL, ":")
	var db *DB
	var err error
	switch scheme {
	case "sqlite":
		db, err = openSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case "postgres", "postgresql":
		db, err = openPostgres(ctx, storeURL)
	default:
		return nil, fmt.Errorf("open store: %q is not sqlite:/path/weir.db or postgres://user@host/database", redact(storeURL))
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	for _, set := range options {
		set(db)
	}
	db.audit.db = db
	return db, nil
}

// Close ends all subscriptions and closes the database.
func (db *DB) Close() error {
	db.feed.close()
	var all []error
	for _, c := range db.closers {
		all = append(all, c())
	}
	db.closers = nil
	return errors.Join(all...)
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	if err := db.read.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return db.wrap("ping store", err)
	}
	return nil
}

// wrap says what was being done and, where it helps, what the error means.
func (db *DB) wrap(doing string, err error) error {
	if meaning := db.explain(err); meaning != "" {
		return fmt.Errorf("%s: %s: %w", doing, meaning, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// sql makes a query of the form both databases are written for ($1, $2 …, NOW, INSTR)
// one of this database.
func (db *DB) sql(query string) string {
	return db.rewrite(strings.NewReplacer("NOW", db.clock, "INSTR(", db.instr+"(").Replace(query))
}

// redact takes the password out of a URL for messages.
func redact(storeURL string) string {
	u, err := url.Parse(storeURL)
	if err != nil {
		scheme, _, _ := strings.Cut(storeURL, ":")
		return scheme + ":…"
	}
	return u.Redacted()
}
