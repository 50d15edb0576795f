package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/weir-streams/weir/resource"
)

// channel is where servers that share a database tell one another what changed.
const channel = "weir_changes"

// note is what travels there. From is the sender, who knows already.
type note struct {
	From string       `json:"from"`
	Key  resource.Key `json:"key"`
}

func openPostgres(ctx context.Context, storeURL string) (_ *DB, err error) {
	config, err := pgx.ParseConfig(storeURL)
	if err != nil {
		return nil, err // pgx takes the password out
	}
	me, err := uuid.NewRandom()
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(8)
	db := &DB{
		name:    fmt.Sprintf("database %s on %s", config.Database, config.Host),
		write:   pool,
		read:    pool,
		rewrite: func(q string) string { return q },
		clock:   "(extract(epoch from clock_timestamp()) * 1000)::bigint",
		instr:   "strpos",
		feed:    newFeed(),
		retries: newRetries(),
		closers: []func() error{pool.Close},
	}
	db.notify = func(ctx context.Context, tx *sql.Tx, key resource.Key) error {
		return notifyOthers(ctx, tx, me.String(), key)
	}
	db.explain = func(err error) string { return explainPostgres(db.name, err) }
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()

	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx, goose.DialectPostgres, "postgres", goose.WithSessionLocker(locker)); err != nil {
		return nil, err
	}
	l := &listener{config: config, me: me.String(), feed: db.feed}
	conn, err := l.connect(ctx)
	if err != nil {
		return nil, db.wrap("listen for changes in "+db.name, err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.done.Go(func() { l.run(ctx, conn) })
	db.closers = append([]func() error{func() error { stop(); l.done.Wait(); return nil }}, db.closers...)
	return db, nil
}

func notifyOthers(ctx context.Context, tx *sql.Tx, me string, key resource.Key) error {
	text, err := json.Marshal(note{From: me, Key: key})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, string(text))
	return err
}

// listener brings the changes of other servers into our feed.
type listener struct {
	config *pgx.ConnConfig
	me     string
	feed   *feed
	done   sync.WaitGroup
}

func (l *listener) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, l.config.Copy())
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		closeListener(conn)
		return nil, err
	}
	return conn, nil
}

// run listens until ctx ends. After a lost connection nobody knows what was
// missed, so subscribers are told to read everything.
func (l *listener) run(ctx context.Context, conn *pgx.Conn) {
	const least, most = 50 * time.Millisecond, 5 * time.Second
	pause := least
	for {
		if conn != nil {
			l.follow(ctx, conn)
			closeListener(conn)
			pause = least
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		var err error
		if conn, err = l.connect(ctx); err != nil {
			conn = nil
			pause = min(2*pause, most)
			continue
		}
		l.feed.publish(resource.Key{})
	}
}

// follow publishes until the connection breaks or ctx ends.
func (l *listener) follow(ctx context.Context, conn *pgx.Conn) {
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return
		}
		var got note
		if json.Unmarshal([]byte(n.Payload), &got) != nil {
			got = note{} // not ours to understand: read everything
		}
		if got.From != l.me {
			l.feed.publish(got.Key)
		}
	}
}

func closeListener(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is broken, or we are leaving
}

func explainPostgres(name string, err error) string {
	var refused *pgconn.ConnectError
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e) && e.Code == "53100":
		return "the disk of " + name + " is full: nothing was changed"
	case errors.As(err, &e) && (e.Code == "25006" || e.Code == "42501"):
		return name + " cannot be written by this user"
	case errors.As(err, &refused):
		return name + " cannot be reached"
	}
	return ""
}
