package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pressly/goose/v3"
	"golang.org/x/sys/unix"
	"modernc.org/sqlite"

	"github.com/weir-streams/weir/resource"
)

// checkLimit is the size of database, in bytes, up to which all of it is
// checked for damage at the start (about 10 ms a megabyte). In larger ones
// damage is found when it is met.
const checkLimit = 16 << 20

// Result codes of SQLite; the low byte is the class.
const (
	sqliteBusy     = 5
	sqliteReadOnly = 8
	sqliteIOError  = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteNotADB   = 26
)

func openSQLite(ctx context.Context, path string) (_ *DB, err error) {
	if path == "" || strings.HasPrefix(path, ":") {
		return nil, fmt.Errorf("sqlite needs the path of a file, such as sqlite:/var/lib/weir/weir.db, got %q", path)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	unlock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	db := &DB{
		name:    "database " + path,
		rewrite: func(q string) string { return strings.ReplaceAll(q, "$", "?") },
		clock:   "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
		instr:   "instr",
		notify:  func(context.Context, *sql.Tx, resource.Key) error { return nil }, // nobody else is there
		group:   newGroup(),
		feed:    newFeed(),
		retries: newRetries(),
	}
	db.explain = func(err error) string { return explainSQLite(db.name, err) }
	defer func() {
		if err != nil {
			db.closers = append(db.closers, unlock)
			_ = db.Close()
		}
	}()

	if err := db.openFile(ctx, path); err != nil {
		return nil, err
	}
	if err := db.migrate(ctx, goose.DialectSQLite3, "sqlite"); err != nil {
		return nil, err
	}
	db.closers = append(db.closers, unlock)
	return db, nil
}

// openFile connects: one connection that writes, a few that read.
func (db *DB) openFile(ctx context.Context, path string) error {
	// The file must not be readable by others from its first moment.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", db.name, err)
	}
	info, err := f.Stat()
	// Closed before SQLite opens it: closing drops all the process's locks.
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", db.name, err)
	}
	dsn := func(more url.Values) string {
		more.Set("_busy_timeout", "5000")
		more.Set("_journal_mode", "WAL")
		more.Set("_synchronous", "FULL")
		return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + more.Encode()
	}
	if db.write, err = sql.Open("sqlite", dsn(url.Values{"_txlock": {"immediate"}})); err != nil {
		return fmt.Errorf("%s: %w", db.name, err)
	}
	db.write.SetMaxOpenConns(1)
	db.closers = append(db.closers, db.write.Close)
	if db.read, err = sql.Open("sqlite", dsn(url.Values{"_query_only": {"1"}})); err != nil {
		return fmt.Errorf("%s: %w", db.name, err)
	}
	db.read.SetMaxOpenConns(8)
	db.read.SetMaxIdleConns(8)
	// Readers close first, so that the last connection tidies the log away.
	db.closers = append([]func() error{db.read.Close}, db.closers...)

	// A transaction that writes nothing still finds a file that is no
	// database, is locked, or cannot be written.
	if err := db.transact(ctx, func(context.Context, *sql.Tx) error { return nil }); err != nil {
		return db.wrap("begin", err)
	}
	if info.Size() > checkLimit {
		return nil
	}
	var verdict string
	if err := db.write.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return db.wrap("check", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%s is damaged: %s: restore it from a backup; nothing was changed", db.name, verdict)
	}
	return nil
}

// lockFile makes a store one process's alone, for as long as the process
// lives: the change feed of another would not see our writes.
func lockFile(path string) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("folder of database %s: %w", path, err)
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	switch {
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		return nil, fmt.Errorf("folder %s is read-only for this user: %w", filepath.Dir(path), err)
	case err != nil:
		return nil, fmt.Errorf("lock database %s: %w", path, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("database %s is in use by another weir", path)
		}
		return nil, fmt.Errorf("lock database %s: %w", path, err)
	}
	return f.Close, nil
}

func explainSQLite(name string, err error) string {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Code() & 0xff {
	case sqliteCorrupt, sqliteNotADB:
		return name + " is damaged: restore it from a backup; nothing was changed"
	case sqliteFull:
		return "the disk of " + name + " is full: nothing was changed"
	case sqliteReadOnly:
		return name + " cannot be written by this user"
	case sqliteBusy:
		return name + " is locked by another program"
	case sqliteIOError:
		return "the disk of " + name + " does not work"
	case sqliteCantOpen:
		return name + " cannot be opened"
	}
	return ""
}
