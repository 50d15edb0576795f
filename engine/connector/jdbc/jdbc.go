// Package jdbc reads tables of relational databases, asks them by key in lookup
// joins, and writes into them, with the options of Flink's connector 'jdbc'. The
// database is PostgreSQL; others answer with an error that says so.
//
// Every value travels as text, in the form that the database itself reads and
// writes, so types need no table of conversions on either side but one.
package jdbc

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// Connector is the entry of the jdbc connector.
var Connector = &connector.Connector{
	Name: "jdbc",
	Doc: "Tables of PostgreSQL. Reads a table once, asks it by key in lookup joins, and writes rows: with a PRIMARY KEY each row replaces the one of its key, so what is written again after " +
		"a failure changes nothing; without one rows are only added, and some may come twice after a failure.",
	Options:        slices.Concat(options, connector.LookupOptions()),
	AcceptsUpdates: true, NoBefore: true,
	Bounded: func(option.Values) bool { return true },
	Source:  newSource,
	Sink:    newSink,
	Lookup:  newLookup,
	Check:   check,
}

var options = []option.Option{
	{Key: "url", Required: true, Doc: "The database. Parameters: sslmode, currentSchema, ApplicationName and settings of the session.", Example: "jdbc:postgresql://localhost:5432/shop"},
	{Key: "table-name", Required: true, Doc: "The table, or schema.table.", Example: "public.orders"},
	{Key: "username", Doc: "Who connects."},
	{Key: "password", Doc: "The password; better a reference to a secret."},
	{Key: "driver", Doc: "Accepted as in Flink; there is nothing to load here."},
	{Key: "connection.max-retry-timeout", Type: option.Duration, Default: "60 s", Doc: "How long a connection may take."},
	{Key: "scan.partition.column", Doc: "A column of numbers by whose ranges the table is read in parts, side by side. Needs the three options after it; rows outside of the bounds, and with NULL, are not read."},
	{Key: "scan.partition.num", Type: option.Int, Doc: "How many parts."},
	{Key: "scan.partition.lower-bound", Type: option.Int, Doc: "The least value of the first part."},
	{Key: "scan.partition.upper-bound", Type: option.Int, Doc: "The greatest value of the last part."},
	{Key: "scan.fetch-size", Type: option.Int, Default: "0", Doc: "How many rows are asked for at once; 0: a few thousand."},
	{Key: "scan.auto-commit", Type: option.Bool, Default: "true", Doc: "Accepted as in Flink."},
	{Key: "sink.buffer-flush.max-rows", Type: option.Int, Default: "0", Doc: "How many rows one statement writes at most; 0: as many as come together."},
	{Key: "sink.buffer-flush.interval", Type: option.Duration, Default: "1 s", Doc: "Accepted as in Flink. Rows are never kept back for it."},
	{Key: "sink.max-retries", Type: option.Int, Default: "3", Doc: "How often a statement is tried again after the connection broke."},
	{Key: "sink.parallelism", Type: option.Int, Doc: "Parallelism of the sink; without it that of its input."},
}

func check(t graph.Table, o option.Values) error {
	if _, err := connectionConfig(o); err != nil {
		return err
	}
	if _, err := identifier(o); err != nil {
		return err
	}
	partition := 0
	for _, key := range []string{"scan.partition.column", "scan.partition.num", "scan.partition.lower-bound", "scan.partition.upper-bound"} {
		if o.Has(key) {
			partition++
		}
	}
	switch {
	case partition == 0:
	case partition < 4:
		return fmt.Errorf("options 'scan.partition.column', 'scan.partition.num', 'scan.partition.lower-bound' and 'scan.partition.upper-bound' must be given together")
	case o.Int("scan.partition.num") < 1 || o.Int("scan.partition.num") > 10_000:
		return fmt.Errorf("option 'scan.partition.num' must be from 1 to 10000, got %d", o.Int("scan.partition.num"))
	case o.Int("scan.partition.lower-bound") > o.Int("scan.partition.upper-bound"):
		return fmt.Errorf("option 'scan.partition.lower-bound' must not be above 'scan.partition.upper-bound'")
	}
	for _, c := range t.Columns {
		if err := supported(c.Type); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	if len(t.Metadata) > 0 {
		return fmt.Errorf("metadata column %q: tables of a database have none", t.Metadata[0].Name)
	}
	return nil
}

const prefix = "jdbc:postgresql:"

// connectionConfig makes the settings of connections of the options.
func connectionConfig(o option.Values) (*pgx.ConnConfig, error) {
	text := o.String("url")
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		kind, _, _ := strings.Cut(strings.TrimPrefix(text, "jdbc:"), ":")
		return nil, fmt.Errorf("option 'url': jdbc:postgresql://host:port/database expected, got a URL of %q; other databases run on a Flink target", kind)
	}
	u, err := url.Parse("postgres:" + rest)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("option 'url': jdbc:postgresql://host:port/database expected, got %q", text)
	}
	q := u.Query()
	// Java's names of what others call otherwise.
	for java, own := range map[string]string{"currentSchema": "search_path", "ApplicationName": "application_name"} {
		if q.Has(java) {
			q.Set(own, q.Get(java))
			q.Del(java)
		}
	}
	if q.Has("ssl") {
		if q.Get("ssl") != "false" && !q.Has("sslmode") {
			q.Set("sslmode", "verify-full")
		}
		q.Del("ssl")
	}
	user, password := o.String("username"), o.String("password")
	if q.Has("user") {
		user = firstOf(user, q.Get("user"))
		q.Del("user")
	}
	if q.Has("password") {
		password = firstOf(password, q.Get("password"))
		q.Del("password")
	}
	for key := range q {
		if strings.ToLower(key) != key {
			q.Del(key) // a setting of Java's driver alone
		}
	}
	u.RawQuery = q.Encode()
	c, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, fmt.Errorf("option 'url': %w", err)
	}
	if user != "" {
		c.User = user
	}
	if password != "" {
		c.Password = password
	}
	c.ConnectTimeout = o.Duration("connection.max-retry-timeout")
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "weir"
	}
	// The forms of values as text must not depend on the server's settings.
	for k, v := range map[string]string{
		"TimeZone": "UTC", "DateStyle": "ISO", "IntervalStyle": "iso_8601", "extra_float_digits": "3", "bytea_output": "hex", "synchronize_seqscans": "off",
	} {
		c.RuntimeParams[k] = v
	}
	return c, nil
}

// identifier is the table's name for statements, quoted.
func identifier(o option.Values) (string, error) {
	parts := strings.Split(o.String("table-name"), ".")
	for _, p := range parts {
		if p == "" || len(parts) > 2 {
			return "", fmt.Errorf("option 'table-name': table or schema.table expected, got %q", o.String("table-name"))
		}
	}
	return pgx.Identifier(parts).Sanitize(), nil
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// supported says whether values of a type have a form in the database.
func supported(t data.Type) error {
	switch t.Kind {
	case data.Boolean, data.TinyInt, data.SmallInt, data.Int, data.BigInt, data.Float, data.Double, data.Decimal, data.Char, data.VarChar,
		data.Binary, data.VarBinary, data.Date, data.Time, data.Timestamp, data.TimestampLTZ:
		return nil
	case data.Array:
		if e := t.Args[0]; e.Kind != data.Array && supported(e) == nil {
			return nil
		}
	}
	return fmt.Errorf("type %s has no counterpart in PostgreSQL here; use STRING", t)
}
