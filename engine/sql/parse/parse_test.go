package parse_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

func TestMistakesSayWhatWasMetAndExpected(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"SELCT 1", `line 1, column 1: a statement cannot start with "SELCT"; did you mean SELECT?`},
		{"SELECT a FORM t", `line 1, column 15: unexpected "t", expected the end of the statement; did you mean FROM instead of "FORM" before it?`},
		{"SELECT a FROM t WHRE a = 1", `line 1, column 22: unexpected "a", expected the end of the statement; did you mean WHERE instead of "WHRE" before it?`},
		{"SELECT a FROM t GROUP BT a", `line 1, column 23: unexpected "BT", expected BY`},
		{"SELECT order FROM t", "line 1, column 8: unexpected \"order\", expected an expression"},
		{"SELECT a AS value FROM t", "line 1, column 13: unexpected \"value\", expected a column name after AS; VALUE is a reserved word, a name must be quoted: `value`"},
		{"SELECT \"a\" FROM t", "line 1, column 8: double quotes are not used in SQL here; write 'text' for a string and `name` for a name"},
		{"SELECT 'a FROM t", "line 1, column 8: the string is not closed: a ' is missing"},
		{"SELECT a /* b", "line 1, column 10: the comment is not closed: */ is missing"},
		{"SELECT a != b FROM t", `line 1, column 10: "!=" is not allowed; write <>`},
		{"SELECT a = = b", `line 1, column 10: "=" needs a value on its right, found "="`},
		{"SELECT X'abc'", "line 1, column 8: a binary literal needs an even number of hexadecimal digits"},
		{"CREATE TABEL t (a INT)", `line 1, column 8: unexpected "TABEL", expected TABLE, VIEW, FUNCTION, DATABASE, CATALOG or TEMPORARY; did you mean TABLE?`},
		{"CREATE TABLE t (a)", "line 1, column 17: column a has no type; a type can be left out in CREATE TABLE … AS only"},
		{"SELECT CASE a WHEN 1 THEN 2 FROM t", `line 1, column 29: unexpected "FROM", expected WHEN, ELSE or END`},
		{"SELECT COUNT(*) OVER (PARTITON BY a) FROM t", `line 1, column 32: unexpected "BY"`},
		{"SELECT a FROM t LIMIT x", `line 1, column 23: unexpected "x", expected a number of rows`},
		{"SELECT a FROM t TABLESAMPLE BERNOULLI (5)", "line 1, column 17: TABLESAMPLE is not supported"},
		{"SELECT ? FROM t", "line 1, column 8: parameters (?) are not supported; write the value"},
		{"SELECT a FROM t WHERE b BETWEEN 1", "BETWEEN has no AND for its upper end"},
		{"SELECT\n  a,\n  b,\nFROM t", `line 4, column 1: unexpected "FROM", expected an expression`},
		{"SELECT 'é', x y z", `line 1, column 17: unexpected "z", expected the end of the statement`},
		{"SELECT 'a' 'b'", "line 1, column 12: a string is continued by another on the same line"},
		{"BEGIN", "line 1, column 1: BEGIN starts a statement set here: BEGIN STATEMENT SET; there are no transactions"},
		{"", "the statement is empty"},
		{";;", "the statement is empty"},
	} {
		_, err := parse.Statement(tt.sql)
		if err == nil {
			t.Errorf("%s\n\tis accepted", tt.sql)
			continue
		}
		if !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s\n\tgot  %v\n\twant %s", tt.sql, err, tt.want)
		}
	}
}

func TestScriptReportsEveryStatementAndKeepsTheGoodOnes(t *testing.T) {
	stmts, err := parse.Script("SELECT 1; SELCT 2;\nSELECT 3 FROM; SELECT ';' AS a -- ; here\n;")
	if len(stmts) != 2 {
		t.Errorf("got %d statements, want 2", len(stmts))
	}
	var errs parse.Errors
	if !errors.As(err, &errs) || len(errs) != 2 {
		t.Fatalf("got %v, want two errors", err)
	}
	if errs[0].Pos != (ast.Pos{Line: 1, Column: 11}) || errs[1].Pos != (ast.Pos{Line: 2, Column: 13}) {
		t.Errorf("positions %v, %v", errs[0].Pos, errs[1].Pos)
	}
	var one *ast.Error
	if !errors.As(err, &one) {
		t.Error("no *ast.Error inside")
	}
}

func TestStatementSets(t *testing.T) {
	for _, tt := range []struct {
		sql     string
		inserts int
		wantErr string
	}{
		{sql: "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT CASE WHEN x THEN 1 END FROM t; END;", inserts: 2},
		{sql: "BEGIN STATEMENT SET; INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END;", inserts: 2},
		{sql: "BEGIN STATEMENT SET; SELECT 1; END;", wantErr: "only INSERT statements"},
		{sql: "BEGIN STATEMENT SET; INSERT INTO a SELECT 1;", wantErr: "without END"},
		{sql: "END;", wantErr: "END without BEGIN"},
		{sql: "EXECUTE STATEMENT SET BEGIN END;", wantErr: `unexpected "END", expected INSERT`},
	} {
		stmts, err := parse.Script(tt.sql)
		if tt.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("%s: got %v, want %q", tt.sql, err, tt.wantErr)
			}
			continue
		}
		if err != nil || len(stmts) != 1 {
			t.Errorf("%s: %d statements, %v", tt.sql, len(stmts), err)
			continue
		}
		if set, ok := stmts[0].(*ast.StatementSet); !ok || len(set.Inserts) != tt.inserts {
			t.Errorf("%s: got %T", tt.sql, stmts[0])
		}
	}
}

func TestSplitKeepsTextAndPlace(t *testing.T) {
	parts := parse.Split("SELECT ';';\n\n  INSERT INTO `a;b` SELECT 1 /* ; */ ;EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;;")
	want := []parse.Fragment{
		{Text: "SELECT ';'", Pos: ast.Pos{Line: 1, Column: 1}},
		{Text: "INSERT INTO `a;b` SELECT 1", Pos: ast.Pos{Line: 3, Column: 3}},
		{Text: "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END", Pos: ast.Pos{Line: 3, Column: 39}},
	}
	if len(parts) != len(want) {
		t.Fatalf("got %q", parts)
	}
	for i := range want {
		if parts[i] != want[i] {
			t.Errorf("part %d: got %+v, want %+v", i, parts[i], want[i])
		}
	}
}

// The text printed for an expression shows how it was grouped.
func TestPrecedence(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"1 + 2 * 3", "1 + (2 * 3)"},
		{"a || b + c", "(a || b) + c"},
		{"a = b AND NOT c = d OR e", "((a = b) AND (NOT (c = d))) OR e"},
		{"a - b - c", "(a - b) - c"},
		{"-a * b", "(-a) * b"},
		{"-a[1]", "-(a[1])"},
		{"a + b IS NULL", "(a + b) IS NULL"},
		{"NOT a IS NULL", "NOT (a IS NULL)"},
		{"a = b IS NULL", "(a = b) IS NULL"},
		{"a BETWEEN 1 AND 2 AND b", "(a BETWEEN 1 AND 2) AND b"},
		{"a BETWEEN b + 1 AND c + 2 = TRUE", "(a BETWEEN (b + 1) AND (c + 2)) = TRUE"},
		{"a LIKE b || '%' ESCAPE '!' OR c", "(a LIKE (b || '%') ESCAPE '!') OR c"},
		{"a IN (1, 2) = b", "(a IN (1, 2)) = b"},
		{"a = NOT b AND c", "(a = (NOT b)) AND c"},
		{"a IS DISTINCT FROM b OR c", "(a IS DISTINCT FROM b) OR c"},
		{"a IS NOT DISTINCT FROM b + 1 AND c", "(a IS NOT DISTINCT FROM (b + 1)) AND c"},
		{"ROW(1, 2).f[3].g", "ROW(1, 2).f[3].g"},
		{"a OR b AND c", "a OR (b AND c)"},
	} {
		got, err := parse.Expression(tt.sql)
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		want, err := parse.Expression(tt.want)
		if err != nil {
			t.Errorf("%s: %v", tt.want, err)
			continue
		}
		if !ast.Equal(got, want) {
			t.Errorf("%s is read as %s, not as %s", tt.sql, ast.Print(got), tt.want)
		}
	}
}

func TestPositions(t *testing.T) {
	s, err := parse.Statement("SELECT\n  `ä`.b + foo(1, c)\nFROM t AS x")
	if err != nil {
		t.Fatal(err)
	}
	sel := s.(*ast.Query).Body.(*ast.Select)
	sum := sel.Items[0].Expr.(*ast.Binary)
	for _, tt := range []struct {
		what string
		n    ast.Node
		want ast.Span
	}{
		{"sum", sum, ast.Span{Start: ast.Pos{Line: 2, Column: 3}, End: ast.Pos{Line: 2, Column: 19}}},
		{"name", sum.L, ast.Span{Start: ast.Pos{Line: 2, Column: 3}, End: ast.Pos{Line: 2, Column: 7}}},
		{"call", sum.R, ast.Span{Start: ast.Pos{Line: 2, Column: 11}, End: ast.Pos{Line: 2, Column: 19}}},
		{"argument", sum.R.(*ast.Call).Args[1], ast.Span{Start: ast.Pos{Line: 2, Column: 18}, End: ast.Pos{Line: 2, Column: 18}}},
		{"table", sel.From, ast.Span{Start: ast.Pos{Line: 3, Column: 6}, End: ast.Pos{Line: 3, Column: 11}}},
		{"statement", s, ast.Span{Start: ast.Pos{Line: 1, Column: 1}, End: ast.Pos{Line: 3, Column: 11}}},
	} {
		if got := tt.n.Extent(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.what, got, tt.want)
		}
	}
	if sum.OpPos != (ast.Pos{Line: 2, Column: 9}) {
		t.Errorf("operator at %v", sum.OpPos)
	}
}

func TestDepthAndLengthAreBounded(t *testing.T) {
	const n = 60_000
	for name, sql := range map[string]string{
		"parentheses": "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"unclosed":    "SELECT " + strings.Repeat("(", n),
		"calls":       "SELECT " + strings.Repeat("f(", n) + "1",
		"case":        "SELECT " + strings.Repeat("CASE WHEN ", n),
		"not":         "SELECT " + strings.Repeat("NOT ", n) + "a",
		"minus":       "SELECT " + strings.Repeat("- ", n) + "1",
		"chain":       "SELECT 1" + strings.Repeat(" + 1", n),
		"postfix":     "SELECT a" + strings.Repeat("[1]", n),
		"is":          "SELECT a" + strings.Repeat(" IS NULL", n),
		"union":       "SELECT 1" + strings.Repeat(" UNION SELECT 1", n),
		"joins":       "SELECT 1 FROM a" + strings.Repeat(", a", n),
		"from":        "SELECT 1 FROM " + strings.Repeat("(", n),
		"queries":     strings.Repeat("SELECT * FROM (", n),
		"types":       "SELECT CAST(a AS " + strings.Repeat("ARRAY<", n),
		"arrays":      "SELECT CAST(a AS INT" + strings.Repeat(" ARRAY", n) + ")",
		"patterns":    "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (" + strings.Repeat("(", n),
		"with":        strings.Repeat("WITH a AS (", n),
		"array":       "SELECT " + strings.Repeat("ARRAY[", n),
		"row":         "SELECT " + strings.Repeat("ROW(", n),
		"rollup":      "SELECT 1 GROUP BY " + strings.Repeat("ROLLUP (", n),
		"between":     "SELECT " + strings.Repeat("a BETWEEN ", n),
		"interval":    "SELECT " + strings.Repeat("INTERVAL (", n),
		"explain":     strings.Repeat("EXPLAIN ", n) + "SELECT 1",
	} {
		if _, err := parse.Statement(sql); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, sql := range map[string]string{
		"list":    "SELECT a IN (1" + strings.Repeat(", 1", n) + ")",
		"columns": "SELECT 1" + strings.Repeat(", 1", n),
		"strings": "SELECT 'a'" + strings.Repeat("\n'a'", n),
		"chain":   "SELECT 1" + strings.Repeat(" + 1", 10_000),
	} {
		s, err := parse.Statement(sql)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkRoundTrip(t, s)
	}
}

func TestQueryTextOfViewsIsKept(t *testing.T) {
	s, err := parse.Statement("CREATE VIEW v AS  SELECT  a -- x\n FROM t  ;")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.(*ast.CreateView).QueryText; got != "SELECT  a -- x\n FROM t" {
		t.Errorf("got %q", got)
	}
}

func FuzzPrintAndParseAgree(f *testing.F) {
	for i, r := range readRecorded(f) {
		if i%7 == 0 { // enough seeds to start fast
			f.Add(r.sql)
		}
	}
	f.Fuzz(func(t *testing.T, sql string) {
		stmts, err := parse.Script(sql)
		for _, s := range stmts {
			checkRoundTrip(t, s)
		}
		var e *ast.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("error %T is no *ast.Error", err)
		}
		parse.Split(sql)
		if x, err := parse.Expression(sql); err == nil {
			again, err := parse.Expression(ast.Print(x))
			if err != nil || !ast.Equal(x, again) {
				t.Errorf("%q is printed as %q: %v", sql, ast.Print(x), err)
			}
		}
	})
}

func BenchmarkScript(b *testing.B) {
	var all strings.Builder
	for _, r := range readRecorded(b) {
		if !r.fails && !r.script {
			all.WriteString(r.sql + ";\n")
		}
	}
	src := all.String()
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := parse.Script(src); err != nil {
			b.Fatal(err)
		}
	}
}
