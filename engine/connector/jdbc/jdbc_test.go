package jdbc

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/connectortest"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/test/postgres"
)

func TestMain(m *testing.M) { os.Exit(postgres.Main(m)) }

// world is a database of its own with a connection to look and to write.
type world struct {
	t    testing.TB
	url  string // as the option has it
	conn *pgx.Conn
}

func newWorld(t testing.TB, statements ...string) *world {
	t.Helper()
	url := postgres.URL(t)
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	w := &world{t, "jdbc:" + strings.Replace(strings.Replace(url, "postgres://postgres@", "postgresql://", 1), "?", "?user=postgres&", 1), conn}
	w.exec(statements...)
	return w
}

func (w *world) exec(statements ...string) {
	w.t.Helper()
	for _, s := range statements {
		if _, err := w.conn.Exec(context.Background(), s); err != nil {
			w.t.Fatalf("%s: %v", s, err)
		}
	}
}

// rows are those of a query, each as text.
func (w *world) rows(query string) []string {
	w.t.Helper()
	rows, err := w.conn.Query(context.Background(), query)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (string, error) {
		values, err := r.Values()
		return strings.Trim(fmt.Sprint(values), "[]"), err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) options(more ...string) option.Values {
	w.t.Helper()
	given := map[string]string{"url": w.url, "table-name": "t"}
	for _, kv := range more {
		k, v, _ := strings.Cut(kv, "=")
		given[k] = v
	}
	o, err := option.CheckOf("connector jdbc", Connector.Options, given)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

var (
	bigint = data.Of(data.BigInt)
	str    = data.String()
)

func table(key []string, columns ...data.Column) graph.Table {
	return graph.Table{Name: "orders", Connector: "jdbc", Columns: columns, PrimaryKey: key}
}

func (w *world) source(t graph.Table, o option.Values, subtask, parallelism int) connector.Source {
	w.t.Helper()
	s := connector.SourceSpec{Source: graph.Source{Table: t}, Schema: t.Columns, Options: o, Subtask: subtask, Parallelism: parallelism, Log: slog.New(slog.DiscardHandler)}
	for i := range t.Columns {
		s.Source.Output = append(s.Source.Output, graph.Path{Column: i, Metadata: -1})
	}
	src, err := newSource(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return src
}

func (w *world) sink(t graph.Table, o option.Values) connector.Sink {
	w.t.Helper()
	s, err := newSink(connector.SinkSpec{Sink: graph.Sink{Table: t}, Schema: t.Columns, Options: o, Parallelism: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.Close() })
	return s
}

// batch makes rows.
func batch(columns []data.Column, ops []data.Op, rows ...[]data.Value) *data.Batch {
	var types []data.Type
	for _, c := range columns {
		types = append(types, c.Type)
	}
	b := data.MakeBatch(types, len(rows))
	b.Ops = ops
	for i, row := range rows {
		for k, x := range row {
			b.Cols[k].SetValueAt(i, x)
		}
	}
	return b
}

// Every type goes into the database and comes back as it was.
func TestTypesThereAndBack(t *testing.T) {
	w := newWorld(t, `CREATE TABLE t (id bigint PRIMARY KEY, b boolean, ti smallint, i integer, f real, d double precision, dec numeric(10,2), wide numeric(38,4), c char(3), s text,
		bin bytea, da date, tm time(3), ts3 timestamp(3), ts6 timestamp(6), ltz timestamptz(6), arr text[], ints integer[])`)
	of := func(k data.Kind, precision, scale int) data.Type {
		return data.Type{Kind: k, Nullable: true, Precision: precision, Scale: scale}
	}
	columns := []data.Column{
		{Name: "id", Type: bigint.NotNull()},
		{Name: "b", Type: data.Of(data.Boolean)},
		{Name: "ti", Type: data.Of(data.TinyInt)},
		{Name: "i", Type: data.Of(data.Int)},
		{Name: "f", Type: data.Of(data.Float)},
		{Name: "d", Type: data.Of(data.Double)},
		{Name: "dec", Type: of(data.Decimal, 10, 2)},
		{Name: "wide", Type: of(data.Decimal, 38, 4)},
		{Name: "c", Type: of(data.Char, 3, 0)},
		{Name: "s", Type: str},
		{Name: "bin", Type: of(data.VarBinary, data.MaxLength, 0)},
		{Name: "da", Type: data.Of(data.Date)},
		{Name: "tm", Type: of(data.Time, 3, 0)},
		{Name: "ts3", Type: of(data.Timestamp, 3, 0)},
		{Name: "ts6", Type: of(data.Timestamp, 6, 0)},
		{Name: "ltz", Type: of(data.TimestampLTZ, 6, 0)},
		{Name: "arr", Type: data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{str}}},
		{Name: "ints", Type: data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{data.Of(data.Int)}}},
	}
	wide, err := data.ParseDecimal("-1234567890123456789012345678901234.5678", 38, 4)
	if err != nil {
		t.Fatal(err)
	}
	none := make([]data.Value, len(columns))
	for i := range none {
		none[i] = data.NullValue()
	}
	none[0] = data.Value{I: 2}
	s := w.sink(table([]string{"id"}, columns...), w.options())
	b := batch(columns, nil, []data.Value{
		{I: 1},
		{I: 1},
		{I: -128},
		{I: 2147483647},
		{F: 1.5},
		{F: 1e-300},
		{I: -12345},
		{D: wide},
		{S: "abc"},
		{S: `it's "ü" \ {x}`},
		{S: "\x00\xff"},
		{I: 20000},
		{I: 86399999},
		{I: 1767225600123},
		{I: 1767225600123, Nano: 456000},
		{I: 1767225600123, Nano: 1000},
		{Elems: []data.Value{{S: `a,"b\`}, data.NullValue(), {S: ""}, {S: "NULL"}}},
		{Elems: []data.Value{{I: 1}, {I: -2}}},
	}, none)
	if err := s.Write(b); err != nil {
		t.Fatal(err)
	}
	src := w.source(table([]string{"id"}, columns...), w.options(), 0, 1)
	got := connectortest.Read(t, src, columns, 10)
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
	want := formattest.Rows(b)
	if !slices.Equal(got, want) {
		t.Errorf("wrote\n%s\nand read\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

func TestSinkReplacesAndDeletesByKey(t *testing.T) {
	w := newWorld(t, `CREATE SCHEMA s`, `CREATE TABLE s."The Orders" (id bigint, part text, n integer, PRIMARY KEY (id, part))`)
	columns := []data.Column{{Name: "part", Type: str.NotNull()}, {Name: "id", Type: bigint.NotNull()}, {Name: "n", Type: data.Of(data.Int)}}
	s := w.sink(table([]string{"id", "part"}, columns...), w.options("table-name=s.The Orders"))
	row := func(id int64, part string, n int64) []data.Value { return []data.Value{{S: part}, {I: id}, {I: n}} }
	write := func(ops []data.Op, rows ...[]data.Value) {
		t.Helper()
		if err := s.Write(batch(columns, ops, rows...)); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want ...string) {
		t.Helper()
		if got := w.rows(`SELECT id, part, n FROM s."The Orders" ORDER BY 1, 2`); !slices.Equal(got, want) {
			t.Errorf("the table is %q, want %q", got, want)
		}
	}
	write(nil, row(1, "a", 1), row(1, "b", 2), row(2, "a", 3))
	expect("1 a 1", "1 b 2", "2 a 3")
	write([]data.Op{data.UpdateBefore, data.UpdateAfter, data.Delete, data.Insert, data.Delete, data.Insert, data.UpdateAfter},
		row(1, "a", 1), row(1, "a", 10), row(1, "b", 2), row(3, "c", 1), row(3, "c", 1), row(2, "a", 4), row(2, "a", 5))
	expect("1 a 10", "2 a 5")
	write([]data.Op{data.Delete, data.Insert}, row(1, "a", 10), row(1, "a", 11))
	expect("1 a 11", "2 a 5")
	// The same once more, as after a failure.
	write([]data.Op{data.Delete, data.Insert}, row(1, "a", 10), row(1, "a", 11))
	expect("1 a 11", "2 a 5")
}

func TestSinkWithoutKeyOnlyAdds(t *testing.T) {
	w := newWorld(t, `CREATE TABLE t (id bigint)`)
	columns := []data.Column{{Name: "id", Type: bigint}}
	s := w.sink(table(nil, columns...), w.options("sink.buffer-flush.max-rows=2"))
	if err := s.Write(batch(columns, nil, []data.Value{{I: 1}}, []data.Value{{I: 1}}, []data.Value{data.NullValue()})); err != nil {
		t.Fatal(err)
	}
	if got := w.rows("SELECT count(*), count(id) FROM t"); got[0] != "3 2" {
		t.Errorf("rows and rows with id: %s, want 3 2", got[0])
	}
	err := s.Write(batch(columns, []data.Op{data.Delete}, []data.Value{{I: 1}}))
	if err == nil || !strings.Contains(err.Error(), "declare PRIMARY KEY") {
		t.Errorf("a deletion without a key: %v", err)
	}
}

// A connection that broke is made again; what the server refuses is said.
func TestSinkAfterTroubles(t *testing.T) {
	w := newWorld(t, `CREATE TABLE t (id bigint PRIMARY KEY, n integer CHECK (n > 0))`)
	columns := []data.Column{{Name: "id", Type: bigint.NotNull()}, {Name: "n", Type: data.Of(data.Int)}}
	s := w.sink(table([]string{"id"}, columns...), w.options())
	w.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weir' AND datname = current_database()`)
	if err := s.Write(batch(columns, nil, []data.Value{{I: 1}, {I: 1}})); err != nil {
		t.Fatal(err)
	}
	if got := w.rows("SELECT id FROM t"); len(got) != 1 {
		t.Errorf("%d rows, want 1", len(got))
	}
	err := s.Write(batch(columns, nil, []data.Value{{I: 2}, {I: -1}}))
	if err == nil || !strings.Contains(err.Error(), "table orders") || !strings.Contains(err.Error(), "t_n_check") || !strings.Contains(err.Error(), "(2, -1)") {
		t.Errorf("the server's refusal became: %v", err)
	}
	for column, want := range map[string]string{"other": `has no column "other"; it has id, n`} {
		_, err := newSink(connector.SinkSpec{Sink: graph.Sink{Table: table(nil, data.Column{Name: column, Type: bigint})}, Schema: []data.Column{{Name: column, Type: bigint}}, Options: w.options()})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("column %s: %v, want %s", column, err, want)
		}
	}
}

// Wherever a job is cut and however it is restored, every row comes once.
func TestSourceKeepsTheContract(t *testing.T) {
	w := newWorld(t, `CREATE TABLE t (id bigint PRIMARY KEY, name text)`, `INSERT INTO t SELECT i, 'row ' || i FROM generate_series(-2000, 5000) AS i`)
	columns := []data.Column{{Name: "name", Type: str}, {Name: "id", Type: bigint.NotNull()}}
	for name, c := range map[string]struct {
		key     []string
		options []string
	}{
		"with a key":    {[]string{"id"}, nil},
		"without a key": {nil, nil},
		"in parts":      {[]string{"id"}, []string{"scan.partition.column=id", "scan.partition.num=7", "scan.partition.lower-bound=-2000", "scan.partition.upper-bound=5000", "scan.fetch-size=100"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{t, w.url, w.conn}
			connectortest.RunSource(t, columns, func(_ testing.TB, subtask, parallelism int) connector.Source {
				return w.source(table(c.key, columns...), w.options(c.options...), subtask, parallelism)
			})
		})
	}
}

func TestLookup(t *testing.T) {
	w := newWorld(t, `CREATE TABLE t (id bigint, part text, name text)`, `INSERT INTO t VALUES (1, 'a', 'one'), (1, 'a', 'uno'), (2, 'b', NULL), (3, 'c', 'three')`)
	columns := []data.Column{{Name: "name", Type: str}, {Name: "part", Type: str}, {Name: "id", Type: bigint}}
	l, err := newLookup(connector.LookupSpec{Table: table(nil, columns...), Schema: columns, Keys: []int{2, 1}, Options: w.options()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	keys := batch([]data.Column{columns[2], columns[1]}, nil, []data.Value{{I: 2}, {S: "b"}}, []data.Value{{I: 9}, {S: "a"}}, []data.Value{{I: 1}, {S: "a"}}, []data.Value{{I: 3}, {S: "x"}})
	for range 2 { // the second time with the statement that is there already
		rows, counts, err := l.Find(context.Background(), keys)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(counts, []int32{1, 0, 2, 0}) {
			t.Errorf("counts %v, want 1 0 2 0", counts)
		}
		got := formattest.Rows(rows)
		slices.Sort(got[1:])
		if want := []string{`\N|b|2`, "one|a|1", "uno|a|1"}; !slices.Equal(got, want) {
			t.Errorf("rows %q, want %q", got, want)
		}
		rows.Release()
	}
}

func TestWrongOptions(t *testing.T) {
	for _, c := range []struct {
		options string
		column  data.Type
		want    string
	}{
		{"url=jdbc:mysql://localhost/shop", bigint, `got a URL of "mysql"; other databases run on a Flink target`},
		{"url=postgres://localhost/shop", bigint, "jdbc:postgresql://host:port/database expected"},
		{"url=jdbc:postgresql:shop", bigint, "jdbc:postgresql://host:port/database expected"},
		{"table-name=a.b.c", bigint, "table or schema.table expected"},
		{"scan.partition.num=3", bigint, "must be given together"},
		{"scan.partition.num=0 scan.partition.column=id scan.partition.lower-bound=1 scan.partition.upper-bound=2", bigint, "from 1 to 10000"},
		{"scan.partition.num=1 scan.partition.column=id scan.partition.lower-bound=3 scan.partition.upper-bound=2", bigint, "must not be above"},
		{"", data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{str, str}}, `column "id": type MAP<STRING, STRING> has no counterpart`},
	} {
		given := map[string]string{"url": "jdbc:postgresql://localhost/shop", "table-name": "t"}
		for _, kv := range strings.Fields(c.options) {
			k, v, _ := strings.Cut(kv, "=")
			given[k] = v
		}
		o, err := option.CheckOf("connector jdbc", Connector.Options, given)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(table(nil, data.Column{Name: "id", Type: c.column}), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.options, err, c.want)
		}
	}
}

func TestURLs(t *testing.T) {
	o, err := option.CheckOf("connector jdbc", Connector.Options, map[string]string{
		"url": "jdbc:postgresql://db.example:5433/shop?currentSchema=sales&ssl=true&reWriteBatchedInserts=true&ApplicationName=orders", "table-name": "t", "username": "me", "password": "p w",
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := connectionConfig(o)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Host, c.Port, c.Database, c.User, c.Password, c.RuntimeParams["search_path"], c.RuntimeParams["application_name"], c.TLSConfig.ServerName, c.TLSConfig.InsecureSkipVerify}
	if want := "[db.example 5433 shop me p w sales orders db.example false]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestPartsCoverTheRange(t *testing.T) {
	w := &world{t: t, url: "jdbc:postgresql://localhost/x"}
	for _, c := range [][3]int64{{1, 10, 3}, {-5, 5, 4}, {7, 7, 5}, {0, 3, 10}, {-1 << 63, 1<<63 - 1, 3}} {
		o := w.options("scan.partition.column=id", fmt.Sprintf("scan.partition.num=%d", c[2]), fmt.Sprintf("scan.partition.lower-bound=%d", c[0]), fmt.Sprintf("scan.partition.upper-bound=%d", c[1]))
		parts := partsOf(connector.SourceSpec{Options: o})
		if parts[0].low != c[0] || parts[len(parts)-1].hi != c[1] || int64(len(parts)) > c[2] {
			t.Errorf("%v: %d parts from %d to %d", c, len(parts), parts[0].low, parts[len(parts)-1].hi)
		}
		for i := 1; i < len(parts); i++ {
			if parts[i].low != parts[i-1].hi+1 {
				t.Errorf("%v: part %d begins at %d, the one before ends at %d", c, i, parts[i].low, parts[i-1].hi)
			}
		}
	}
}
