package sql_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/sql"
)

// chain is a query of n joins, each table with its next.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO dest SELECT t0.a, t0.b FROM t AS t0")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, " JOIN t AS t%d ON t%d.a = t%d.a AND t%d.b > %d", i, i-1, i, i, i)
	}
	return b.String()
}

// list is the same tables with a comma between, those that meet far from another.
func list(n int) string {
	from, where := []string{"t AS t0"}, []string{"TRUE"}
	for i := 1; i <= n; i++ {
		from = append(from, fmt.Sprintf("t AS t%d", i))
		where = append(where, fmt.Sprintf("t%d.a = t%d.a + %d", i, (i+17)%(n+1), i))
	}
	return "INSERT INTO dest SELECT t0.a, t0.b FROM " + strings.Join(from, ", ") + " WHERE " + strings.Join(where, " AND ")
}

const world = `CREATE TABLE t (a BIGINT, b BIGINT, c STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH ('connector' = 'datagen');
CREATE TABLE dest (a BIGINT, b BIGINT) WITH ('connector' = 'blackhole');
`

// script is n statements: definitions, views on views, and INSERTs.
func script(n int) string {
	var b strings.Builder
	b.WriteString(world)
	b.WriteString("CREATE VIEW v0 AS SELECT a, b, c FROM t WHERE b > 0;\n")
	for i := 1; i < n/2; i++ {
		on := "t"
		if i%10 != 0 {
			on = fmt.Sprintf("v%d", i-i%10)
		}
		fmt.Fprintf(&b, "CREATE VIEW v%d AS SELECT a, b + %d AS b, c FROM %s WHERE a <> %d;\n", i, i, on, i)
	}
	for i := range n / 2 {
		fmt.Fprintf(&b, "INSERT INTO dest SELECT a, COUNT(*) FROM v%d WHERE c = 'x%d' GROUP BY a;\n", i%(n/2), i)
	}
	return b.String()
}

func plan(tb testing.TB, text string) {
	tb.Helper()
	if _, err := sql.NewSession(environment(), nil).CompileScript(text); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkScript(b *testing.B) {
	for _, n := range []int{250, 500, 1000} {
		text := script(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				plan(b, text)
			}
		})
	}
}

func BenchmarkJoins(b *testing.B) {
	for _, n := range []int{12, 25, 50} {
		text := world + chain(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				plan(b, text)
			}
		})
	}
}

// The promise is 1,000 statements in 2 s and 50 joins in 1 s on a machine that does
// nothing else: the times are told, and ten times as much fails.
func TestPlanningIsFast(t *testing.T) {
	for _, x := range []struct {
		name, text string
		promised   time.Duration
	}{
		{"1,000 statements", script(1000), 2 * time.Second},
		{"50 joins", world + chain(50), time.Second},
		{"50 joins in the best order", "SET 'table.optimizer.join-reorder-enabled' = 'true';\n" + world + chain(50), time.Second},
		{"51 tables in a list", world + list(50), time.Second},
	} {
		begun := time.Now()
		plan(t, x.text)
		took := time.Since(begun)
		t.Logf("%s are planned in %d ms, promised %v", x.name, took.Milliseconds(), x.promised)
		if took > 10*x.promised {
			t.Errorf("%s: %v", x.name, took)
		}
	}
}

// What planning costs grows with what is planned, and not much faster: a script
// twice as long costs at most three times as much, a chain of joins twice as long
// (whose rows are twice as wide) at most six times. Counted in allocations,
// which do not depend on the machine.
func TestPlanningGrowsWithTheText(t *testing.T) {
	cost := func(text string) float64 { return testing.AllocsPerRun(1, func() { plan(t, text) }) }
	for _, x := range []struct {
		name         string
		small, large string
		most         float64
	}{
		{"statements", script(125), script(250), 3},
		{"joins", world + chain(20), world + chain(40), 6},
		{"nested queries", world + nested(40), world + nested(80), 4},
		{"conditions", world + conditions(200), world + conditions(400), 3},
	} {
		small, large := cost(x.small), cost(x.large)
		if large > x.most*small {
			t.Errorf("%s: twice as many cost %.1f times as much (%.0f allocations after %.0f)", x.name, large/small, large, small)
		}
	}
}

// nested is a query in a query in a query, each with an aggregation and a filter.
func nested(n int) string {
	q := "SELECT a, b FROM t"
	for i := range n {
		q = fmt.Sprintf("SELECT a, MAX(b) AS b FROM (%s) WHERE a > %d GROUP BY a", q, i)
	}
	return "INSERT INTO dest " + q
}

func conditions(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("(b <> %d OR c = 'x%d')", i, i)
	}
	return "INSERT INTO dest SELECT a, b FROM t WHERE " + strings.Join(parts, " AND ")
}
