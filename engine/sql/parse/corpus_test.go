package parse_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// recorded is one statement of testdata/flink.txt.gz: recorded from Flink, with
// its parse error if Flink has one.
type recorded struct {
	sql    string
	fails  bool
	at     ast.Pos // of the error; zero if Flink gives none, or if we differ on purpose
	script bool
}

// readRecorded reads lines "ok TAB sql", "script TAB sql" and "error TAB
// line:column TAB sql", in which \n stands for a line break.
func readRecorded(t testing.TB) []recorded {
	t.Helper()
	f, err := os.Open("testdata/flink.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []recorded
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		kind, rest, _ := strings.Cut(lines.Text(), "\t")
		r := recorded{fails: kind == "error", script: kind == "script"}
		if r.fails {
			var at string
			at, rest, _ = strings.Cut(rest, "\t")
			l, c, _ := strings.Cut(at, ":")
			r.at.Line, _ = strconv.Atoi(l)
			r.at.Column, _ = strconv.Atoi(c)
		}
		r.sql = strings.NewReplacer(`\n`, "\n", `\\`, `\`).Replace(rest)
		out = append(out, r)
	}
	if len(out) < 1000 {
		t.Fatalf("only %d recorded statements", len(out))
	}
	return out
}

func TestRecordedStatementsParseAsInFlink(t *testing.T) {
	for _, r := range readRecorded(t) {
		var err error
		var stmts []ast.Statement
		if r.script {
			stmts, err = parse.Script(r.sql)
		} else {
			var s ast.Statement
			s, err = parse.Statement(r.sql)
			stmts = []ast.Statement{s}
		}
		if !r.fails {
			if err != nil {
				t.Errorf("%s\n\tmust parse, but: %v", r.sql, err)
				continue
			}
			for _, s := range stmts {
				checkRoundTrip(t, s)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s\n\tmust be refused", r.sql)
			continue
		}
		var e *ast.Error
		if !errors.As(err, &e) {
			t.Errorf("%s\n\terror %T is no *ast.Error", r.sql, err)
		} else if r.at.IsValid() && e.Pos != r.at {
			t.Errorf("%s\n\terror at %v, Flink's is at %v: %v", r.sql, e.Pos, r.at, e)
		}
	}
}

func checkRoundTrip(t testing.TB, s ast.Statement) {
	t.Helper()
	text := ast.Print(s)
	again, err := parse.Statement(text)
	if err != nil {
		t.Errorf("what was printed does not parse: %v\n\t%s", err, text)
		return
	}
	if !ast.Equal(s, again) {
		t.Errorf("parsing what was printed gives another tree:\n\t%s\n\t%s", text, ast.Print(again))
	}
}
