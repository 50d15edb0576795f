package jdbc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/weir-streams/weir/engine/option"
)

// database is one connection to the database, made when it is needed and again
// after it broke.
type database struct {
	config *pgx.ConnConfig
	table  string // for people
	target string // for statements
	conn   *pgx.Conn
	types  map[string]string // of the table's columns, as the database calls them
}

func open(table string, o option.Values) (*database, error) {
	config, err := connectionConfig(o)
	if err != nil {
		return nil, err
	}
	target, err := identifier(o)
	if err != nil {
		return nil, err
	}
	return &database{config: config, table: table, target: target}, nil
}

func (d *database) close() error {
	if d.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := d.conn.Close(ctx)
	d.conn = nil
	return err
}

// connect makes the connection, if there is none, and learns the table's columns.
func (d *database) connect(ctx context.Context) error {
	if d.conn != nil && !d.conn.IsClosed() {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, d.config)
	if err != nil {
		return fmt.Errorf("connect to %s:%d: %w", d.config.Host, d.config.Port, err)
	}
	d.conn = conn
	if d.types != nil {
		return nil
	}
	rows, err := conn.Query(ctx, "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped", d.target)
	if err != nil {
		return err
	}
	types := map[string]string{}
	var name, typ string
	if _, err := pgx.ForEachRow(rows, []any{&name, &typ}, func() error { types[name] = typ; return nil }); err != nil {
		return err
	}
	d.types = types
	return nil
}

// typeOf is the type of a column in the database.
func (d *database) typeOf(column string) (string, error) {
	t, ok := d.types[column]
	if !ok {
		var have []string
		for name := range d.types {
			have = append(have, name)
		}
		slices.Sort(have)
		return "", fmt.Errorf("table %s in the database has no column %q; it has %s", d.target, column, strings.Join(have, ", "))
	}
	return t, nil
}

// again tells whether an error may pass: the connection broke, or the server is
// coming up, or two transactions were in each other's way.
func again(err error) bool {
	var broken *brokenError
	if errors.As(err, &broken) {
		return false
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return strings.HasPrefix(refused.Code, "40") || strings.HasPrefix(refused.Code, "57P") || strings.HasPrefix(refused.Code, "08")
	}
	return !errors.Is(err, context.Canceled)
}

const firstPause = 200 * time.Millisecond

// try does something with a connection, some times more while the error may pass.
func (d *database) try(ctx context.Context, more int64, do func() error) error {
	pause := firstPause
	for {
		err := d.connect(ctx)
		if err == nil {
			err = do()
		}
		if err == nil {
			return nil
		}
		if more <= 0 || ctx.Err() != nil || !again(err) {
			return fmt.Errorf("table %s: %w", d.table, explained(err))
		}
		more--
		if d.conn != nil && d.conn.IsClosed() {
			d.conn = nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
}

// explained adds the details a server gives.
func explained(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Detail != "" {
		return fmt.Errorf("%w: %s", err, refused.Detail)
	}
	return err
}
