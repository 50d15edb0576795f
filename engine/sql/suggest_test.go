package sql_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/parse"
)

func suggestSession(t *testing.T) *sql.Session {
	t.Helper()
	s := sql.NewSession(environment(), nil)
	for _, text := range []string{
		"CREATE TABLE orders (id BIGINT, item STRING, `order` INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen')",
		"CREATE TABLE items (item STRING, price DOUBLE) WITH ('connector' = 'datagen')",
		"CREATE VIEW cheap AS SELECT item FROM items WHERE price < 1",
		"CREATE DATABASE stock", "CREATE TABLE stock.shelf (place INT) WITH ('connector' = 'datagen')",
	} {
		st, err := parse.Statement(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Execute(st); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// The place is where the bar stands.
func TestSuggest(t *testing.T) {
	for _, tt := range []struct{ script, want, not string }{
		{"|", "KEYWORD SELECT, KEYWORD INSERT, KEYWORD CREATE", "COLUMN id"},
		{"SEL|", "KEYWORD SELECT", "KEYWORD INSERT"},
		{"sel|", "KEYWORD SELECT", ""},
		{"SELECT * FROM |", "TABLE orders, TABLE items, VIEW cheap, DATABASE stock, CATALOG default_catalog", "KEYWORD WHERE"},
		{"SELECT * FROM or|", "TABLE orders", "TABLE items"},
		{"SELECT * FROM orders, |", "TABLE items", "COLUMN id"},
		{"SELECT * FROM orders o JOIN |", "TABLE items, KEYWORD TABLE", ""},
		{"SELECT * FROM stock.|", "TABLE shelf", "TABLE orders"},
		{"SELECT * FROM default_catalog.|", "DATABASE stock, DATABASE default_database", "TABLE orders"},
		{"SELECT * FROM default_catalog.stock.s|", "TABLE shelf", ""},
		{"SELECT | FROM orders", "COLUMN id, COLUMN `order`, FUNCTION UPPER, FUNCTION COUNT, KEYWORD DISTINCT, TABLE orders", "COLUMN price"},
		{"SELECT i| FROM orders", "COLUMN id, COLUMN item", "COLUMN ts"},
		{"SELECT o.| FROM orders AS o, items", "COLUMN id, COLUMN item, COLUMN ts", "COLUMN price"},
		{"SELECT items.p| FROM orders AS o JOIN items ON o.item = items.item", "COLUMN price", "COLUMN id"},
		{"SELECT * FROM orders WHERE |", "COLUMN id, FUNCTION LOWER, KEYWORD NOT", "KEYWORD GROUP"},
		{"SELECT * FROM orders WHERE id > 3 |", "KEYWORD AND, KEYWORD GROUP, KEYWORD ORDER", "COLUMN id"},
		{"SELECT * FROM orders |", "KEYWORD WHERE, KEYWORD JOIN, KEYWORD GROUP", "TABLE items"},
		{"SELECT * FROM orders GROUP |", "KEYWORD BY", "COLUMN id"},
		{"SELECT * FROM orders GROUP BY |", "COLUMN id", ""},
		{"SELECT * FROM orders o JOIN items i ON o.item = i.|", "COLUMN price", "COLUMN id"},
		{"SELECT COUNT(|) FROM orders", "COLUMN id", ""},
		{"SELECT x.| FROM (SELECT id + 1 AS later FROM orders) x", "COLUMN later", "COLUMN id"},
		{"SELECT * FROM (SELECT | FROM items) x, orders", "COLUMN price", "COLUMN id"},
		{"SELECT * FROM orders WHERE item IN (SELECT | FROM items)", "COLUMN price", "COLUMN ts"},
		{"WITH a AS (SELECT price FROM items), b AS (SELECT price * 2 AS twice FROM a) SELECT | FROM b", "COLUMN twice", "COLUMN price"},
		{"WITH a AS (SELECT price FROM items) SELECT * FROM |", "TABLE a, TABLE orders", ""},
		{"SELECT | FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE))", "COLUMN window_start, COLUMN id", ""},
		{"SELECT * FROM TABLE(TUMBLE(TABLE |", "TABLE orders", ""},
		{"INSERT INTO |", "TABLE orders", ""},
		{"INSERT INTO items (|", "COLUMN price", "COLUMN id"},
		{"INSERT INTO items (item, p|) SELECT item, 1 FROM orders", "COLUMN price", "COLUMN item"},
		{"INSERT INTO items |", "KEYWORD SELECT", "TABLE orders"},
		{"INSERT INTO items SELECT | FROM orders", "COLUMN id", "COLUMN price"},
		{"CREATE |", "KEYWORD TABLE, KEYWORD TEMPORARY, KEYWORD VIEW", ""},
		{"DROP TABLE |", "TABLE orders", ""},
		{"DROP TABLE IF EXISTS o|", "TABLE orders", ""},
		{"DESCRIBE |", "TABLE orders, VIEW cheap", ""},
		{"USE |", "DATABASE stock, CATALOG default_catalog", ""},
		{"SHOW |", "KEYWORD TABLES", ""},
		{"CREATE TABLE t (a INT) WITH (|", "OPTION 'connector'", ""},
		{"CREATE TABLE t (a INT) WITH ('con|", "OPTION connector", ""},
		{"CREATE TABLE t (a INT) WITH ('connector' = '|')", "OPTION datagen, OPTION filesystem", ""},
		{"CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', '|", "OPTION path, OPTION format", "OPTION connector"},
		{"CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'format' = 'csv', 'csv.|", "OPTION csv.field-delimiter", "OPTION path"},
		{"CREATE TEMPORARY TABLE mine (mine_id INT) WITH ('connector'='datagen'); SELECT | FROM mine", "COLUMN mine_id", ""},
		{"nonsense; also 'this; SELECT | FROM orders", "", "COLUMN id"},
		{"nonsense here; SELECT | FROM orders", "COLUMN id", ""},
		{"USE stock; SELECT | FROM shelf; SELECT 1", "COLUMN place", ""},
		{"SELECT 'it is |", "", "COLUMN id"},
		{"SELECT 1 -- in a comment |", "", "COLUMN id"},
		{"SELECT /* in a comment |", "", "COLUMN id"},
		{"SELECT `or| FROM orders", "", ""},
		{"SELECT 'ä€😀', i| FROM orders", "COLUMN id", ""},
		{"SELECT ((((| FROM orders", "COLUMN id", ""},
		{")))) SELECT | FROM orders", "", ""},
		{"SELECT * FROM orders o WHERE o.|", "COLUMN id", ""},
		{"SELECT o.id, | FROM orders o", "COLUMN item", ""},
	} {
		t.Run(tt.script, func(t *testing.T) {
			before, after, _ := strings.Cut(tt.script, "|")
			var got []string
			for _, c := range suggestSession(t).Suggest(before+after, utf8.RuneCountInString(before)) {
				got = append(got, string(c.Kind)+" "+c.Text)
			}
			for want := range strings.SplitSeq(tt.want, ", ") {
				if want != "" && !slices.Contains(got, want) {
					t.Errorf("no %q in %v", want, got)
				}
			}
			if tt.not != "" && slices.Contains(got, tt.not) {
				t.Errorf("%q in %v", tt.not, got)
			}
			if tt.want == "" && tt.not != "" && len(got) > 0 {
				t.Errorf("got %v, want nothing", got)
			}
		})
	}
}

// Any text, cut anywhere, is completed without a fault.
func FuzzSuggest(f *testing.F) {
	for _, s := range []string{"SELECT a FROM t WHERE x.", "WITH a AS (SELECT", "CREATE TABLE t (a INT) WITH ('connector' = '", "a.b.c.", ")((", "`", "'", "/*", "INSERT INTO t (", "SELECT * FROM (TABLE(", "SELECT FROM LATERAL"} {
		f.Add(s, len(s))
		f.Add(s, len(s)/2)
	}
	f.Fuzz(func(t *testing.T, script string, offset int) {
		sql.NewSession(environment(), nil).Suggest(script, offset)
	})
}
