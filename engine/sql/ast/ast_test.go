package ast_test

import (
	"errors"
	"io"
	"testing"

	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

func TestPrintIsCanonical(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"select a,`b c` x from t where (a)>1", "SELECT a, `b c` AS x FROM t WHERE a > 1"},
		{"select (a+b)*c, a+(b*c), -(-a), not (not a), (a or b) and c from t", "SELECT (a + b) * c, a + b * c, - -a, NOT NOT a, (a OR b) AND c FROM t"},
		{"select * from a left outer join b on a.x=b.x, c natural join d", "SELECT * FROM a LEFT JOIN b ON a.x = b.x, c NATURAL INNER JOIN d"},
		{"select 1 union (select 2 intersect select 3) except all select 4 order by 1 fetch first 5 rows only", "SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT ALL SELECT 4 ORDER BY 1 LIMIT 5"},
		{"(select 1 union select 2) intersect select 3", "(SELECT 1 UNION SELECT 2) INTERSECT SELECT 3"},
		{
			"select substring(a from 2 for 3), position('a' in b), overlay(a placing b from 1), trim(leading 'x' from y), trim(z) from t",
			"SELECT substring(a, 2, 3), position('a' IN b), overlay(a PLACING b FROM 1), TRIM(LEADING 'x' FROM y), TRIM(z) FROM t",
		},
		{"select cast(a as decimal (10,2)), try_cast(b as row<x int not null, y array<varchar(3)>>), c::d from t", ""},
		{
			"create table t (a integer, b as a + 1 comment 'x''y', c timestamp (3) metadata from 'k' virtual, watermark for c as c - interval '5' second, primary key (a) not enforced) with ('k'='v')",
			"CREATE TABLE t (a INT, b AS a + 1 COMMENT 'x''y', c TIMESTAMP(3) METADATA FROM 'k' VIRTUAL, WATERMARK FOR c AS c - INTERVAL '5' SECOND, PRIMARY KEY (a) NOT ENFORCED) WITH ('k' = 'v')",
		},
		{
			"select * from t match_recognize (partition by a order by b measures last(x.c) as d one row per match after match skip to last x pattern (^ (a b+?){2,} | c) define a as a.v > 1) as m",
			"SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY a ORDER BY b MEASURES last(x.c) AS d ONE ROW PER MATCH AFTER MATCH SKIP TO LAST x PATTERN (^ (a b+?){2,} | c) DEFINE a AS a.v > 1) AS m",
		},
		{
			"select sum(a) filter (where b) over (partition by c order by d rows between 2 preceding and current row) from t window w as (order by x)",
			"SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY c ORDER BY d ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t WINDOW w AS (ORDER BY x)",
		},
		{
			"select * from table(tumble(data => table t, timecol => descriptor(ts), size => interval '1' hour))",
			"SELECT * FROM TABLE(tumble(data => TABLE t, timecol => DESCRIPTOR(ts), size => INTERVAL '1' HOUR))",
		},
	} {
		s, err := parse.Statement(tt.sql)
		if tt.want == "" {
			if err == nil {
				t.Errorf("%s is accepted", tt.sql)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		if got := ast.Print(s); got != tt.want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", tt.sql, got, tt.want)
		}
	}
}

func TestQuoteAllPrintsLikeShowCreate(t *testing.T) {
	e, err := parse.Expression("upper(name) || a.b - interval '5' second")
	if err != nil {
		t.Fatal(err)
	}
	want := "UPPER(`name`) || `a`.`b` - INTERVAL '5' SECOND"
	if got := ast.PrintWith(e, ast.PrintOptions{QuoteAll: true}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWalkVisitsEveryNameInOrder(t *testing.T) {
	s, err := parse.Statement("WITH w AS (SELECT a FROM b) SELECT c + f(d), CASE WHEN e THEN g END FROM w JOIN h ON i GROUP BY j ORDER BY k")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	ast.Walk(s, func(n ast.Node) bool {
		if name, ok := n.(*ast.Name); ok {
			got += name.String() + " "
		}
		return true
	})
	if want := "a b c f d e g w h i j k "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	seen := 0
	ast.Walk(s, func(ast.Node) bool { seen++; return false })
	if seen != 1 {
		t.Errorf("Walk went on below a node that said no: %d", seen)
	}
}

func TestErrorsCarryPlaceAndCause(t *testing.T) {
	err := ast.Errorf(ast.Pos{Line: 2, Column: 3}, "read %q: %w", "x", io.EOF)
	if err.Error() != `line 2, column 3: read "x": EOF` || !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	if got := ast.Errorf(ast.Pos{}, "no place").Error(); got != "no place" {
		t.Errorf("got %q", got)
	}
}
