package sql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/sql"
)

// What doubles at each level is refused before it takes all memory or time.
func TestBounds(t *testing.T) {
	ctes := "WITH c0 AS (SELECT 1 AS a)"
	for i := range 40 {
		ctes += fmt.Sprintf(", c%d AS (SELECT a FROM c%d UNION ALL SELECT a FROM c%d)", i+1, i, i)
	}
	nullif, between := "a", "a"
	for range 60 {
		nullif = "NULLIF(" + nullif + ", 1)"
		between = "CAST(" + between + " BETWEEN 1 AND 2 AS INT)"
	}
	query := "SELECT a FROM t"
	for range 60 {
		query = "SELECT a + a AS a FROM (" + query + ")"
	}
	for _, tt := range []struct{ name, query, want string }{
		{"WITH", ctes + " SELECT * FROM c40", "more than 2000 queries"},
		{"NULLIF", "SELECT " + nullif + " FROM t", "more than 50000 parts"},
		{"BETWEEN", "SELECT " + between + " FROM t", "more than 50000 parts"},
		{"merging", query, ""},
		{"long IN", "SELECT a FROM t WHERE a IN (1" + strings.Repeat(", 2", 20_000) + ")", ""},
		{"long AND", "SELECT a FROM t WHERE a = 1" + strings.Repeat(" AND a = 1", 900), ""},
		{"columns", "SELECT a" + strings.Repeat(", a", 5000) + " FROM t", "5001 columns; at most 4096"},
		{"keys", "SELECT 1 FROM t GROUP BY a" + strings.Repeat(", a", 2000), "GROUP BY has 2001 items; at most 1000"},
		{"aggregates", "SELECT 1" + many(1100, ", SUM(a + %d)") + " FROM t", "more than 1000 aggregates"},
		{"columns of a table", "CREATE TABLE w (a INT" + many(5000, ", c%d INT") + ") WITH ('connector' = 'datagen'); SELECT 1", "has 5001 columns; at most 4096"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sql.NewSession(environment(), nil).CompileScript("CREATE TABLE t (a INT) WITH ('connector' = 'datagen');" + tt.query)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %.300v, want %q", err, tt.want)
			}
		})
	}
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
