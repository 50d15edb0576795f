package sql_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// FuzzStatement looks for statements that are neither planned nor refused.
func FuzzStatement(f *testing.F) {
	for _, pattern := range []string{"testdata/*.txt", "optimize/testdata/*.txt"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			for _, part := range strings.Split(string(text), "\n\n") {
				_, part, _ = strings.Cut(part, "\n")
				part, _, _ = strings.Cut(part, "\n----")
				for _, s := range strings.Split(part, ";\n") {
					f.Add(s)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		statements, err := parse.Script(text)
		if err != nil {
			return
		}
		s := sql.NewSession(environment(), nil)
		for _, setup := range strings.Split(fuzzTables, ";\n") {
			st, err := parse.Statement(setup)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Execute(st); err != nil {
				t.Fatal(err)
			}
		}
		for _, st := range statements {
			o, err := s.Execute(st)
			if err == nil && o.Graph != nil && graph.Text(o.Graph) == "" {
				t.Errorf("%s gave an empty graph", ast.Print(st))
			}
		}
	})
}

const fuzzTables = `CREATE TABLE t (a INT, b STRING, c BIGINT, d DOUBLE, m DECIMAL(10, 2), r ROW<x INT, y ROW<z STRING, w INT>>, ai ARRAY<INT>, mp MAP<STRING, INT>, ts TIMESTAMP(3), pt AS PROCTIME(), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH ('connector' = 'filesystem', 'path' = '/t', 'format' = 'csv');
CREATE TABLE emp (id INT, name STRING, salary INT) WITH ('connector' = 'filesystem', 'path' = '/e', 'format' = 'csv');
CREATE TABLE orders (id BIGINT, customer STRING, amount BIGINT, note STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'path' = '/o', 'format' = 'json');
CREATE TABLE cdc (id INT, g STRING, n INT) WITH ('connector' = 'filesystem', 'path' = '/d', 'format' = 'debezium-json');
CREATE TABLE snk (b STRING, n BIGINT) WITH ('connector' = 'print')`
