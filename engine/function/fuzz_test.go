package function_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/bind"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// fuzzRows are the columns that expressions of FuzzExpression may name, each
// with its values.
var fuzzRows = [][]string{
	{"a", "CAST(NULL AS INT)", "0", "7", "-2147483648", "2147483647", "3"},
	{"b", "CAST(NULL AS BIGINT)", "CAST(0 AS BIGINT)", "CAST(-1 AS BIGINT)", "9223372036854775807", "CAST(86400 AS BIGINT)", "CAST(5 AS BIGINT)"},
	{"d", "CAST(NULL AS DOUBLE)", "0e0", "1.5e0", "-1e308", "CAST('NaN' AS DOUBLE)", "3e0"},
	{"m", "CAST(NULL AS DECIMAL(10, 2))", "CAST(0 AS DECIMAL(10, 2))", "CAST(-1.25 AS DECIMAL(10, 2))", "CAST(99999999.99 AS DECIMAL(10, 2))", "CAST(0.01 AS DECIMAL(10, 2))", "CAST(3 AS DECIMAL(10, 2))"},
	{"s", "CAST(NULL AS STRING)", "CAST('' AS STRING)", "CAST('a,b' AS STRING)", "CAST('wörld 日本😀' AS STRING)", "CAST('{\"a\": [1, null, \"x\"]}' AS STRING)", "CAST('2024-02-29 12:34:56.789' AS STRING)"},
	{"x", "CAST(NULL AS BYTES)", "CAST(X'' AS BYTES)", "CAST(X'00ff80' AS BYTES)", "CAST(X'68656c6c6f' AS BYTES)", "CAST(X'c3' AS BYTES)", "CAST(X'41' AS BYTES)"},
	{"dt", "CAST(NULL AS DATE)", "DATE '1970-01-01'", "DATE '2024-02-29'", "DATE '0001-01-01'", "DATE '9999-12-31'", "DATE '1582-10-04'"},
	{"tm", "CAST(NULL AS TIME)", "TIME '00:00:00'", "TIME '23:59:59'", "TIME '12:00:00'", "TIME '01:02:03'", "TIME '06:00:00'"},
	{"ts", "CAST(NULL AS TIMESTAMP(3))", "TIMESTAMP '1970-01-01 00:00:00.000'", "TIMESTAMP '2024-03-31 02:30:00.500'", "TIMESTAMP '0001-01-01 00:00:00.000'", "TIMESTAMP '9999-12-31 23:59:59.999'", "TIMESTAMP '1969-12-31 23:59:59.999'"},
	{"ai", "CAST(NULL AS ARRAY<INT>)", "ARRAY_REMOVE(ARRAY[1], 1)", "ARRAY[1, 2, 2]", "ARRAY[CAST(NULL AS INT), 3]", "ARRAY[-2147483648]", "ARRAY[5, 4, 3, 2, 1]"},
	{"mp", "CAST(NULL AS MAP<STRING, INT>)", "MAP['a', 1]", "MAP['a', 1, 'b', CAST(NULL AS INT)]", "MAP['', 0]", "MAP['k', 7, 'a', 8]", "MAP['z', 2147483647]"},
	{"r", "CAST(NULL AS ROW<p INT, q STRING>)", "CAST(ROW(1, 'a') AS ROW<p INT, q STRING>)", "CAST(ROW(CAST(NULL AS INT), '') AS ROW<p INT, q STRING>)", "CAST(ROW(-1, CAST(NULL AS STRING)) AS ROW<p INT, q STRING>)", "CAST(ROW(2, 'b') AS ROW<p INT, q STRING>)", "CAST(ROW(3, 'c') AS ROW<p INT, q STRING>)"},
}

// FuzzExpression evaluates expressions that are SQL text: over rows at once and
// one by one, which must give the same values, and the same rows an error.
func FuzzExpression(f *testing.F) {
	for _, s := range all.Scalars() {
		for _, x := range s.Examples {
			f.Add(x.SQL)
		}
	}
	files, _ := filepath.Glob("../../test/conformance/sql/testdata/cases/expr_*.sqlt")
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, l := range strings.Split(string(text), "\n") {
			if e, ok := strings.CutPrefix(l, "? "); ok {
				f.Add(e)
			}
		}
	}
	zone, err := function.LoadZone("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	env := &function.Env{TimeZone: zone, Now: 1700000000000}
	table := &catalog.Table{Path: catalog.Path{Catalog: catalog.DefaultCatalog, Database: catalog.DefaultDatabase, Name: "t"}, Options: map[string]string{"connector": "x"}}
	var types []data.Type
	rows := len(fuzzRows[0]) - 1
	values := make([][]data.Value, len(fuzzRows))
	for i, c := range fuzzRows {
		for _, sql := range c[1:] {
			e, err := constant(sql)
			if err != nil {
				f.Fatal(err)
			}
			if values[i] == nil {
				types = append(types, e.Type.WithNull(true))
				table.Columns = append(table.Columns, catalog.Column{Name: c[0], Type: types[i]})
			}
			v, err := expr.EvalConst(e, all, env)
			if err != nil {
				f.Fatal(err)
			}
			values[i] = append(values[i], v)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := catalog.New()
		if err := c.Put(table, false); err != nil {
			t.Fatal(err)
		}
		e, ok := bound(text, c)
		if !ok {
			return
		}
		p, err := expr.Compile([]expr.Expr{e}, types, all)
		if err != nil {
			return
		}
		b := data.MakeBatch(types, rows)
		defer b.Release()
		for i := range types {
			for k, v := range values[i] {
				b.Cols[i].SetValueAt(k, v)
			}
		}
		show := func(v *data.Vector, row int) string {
			return data.FormatValue(v.ValueAt(row), e.Type, zone.Location)
		}
		out := []*data.Vector{nil}
		bad := -1
		single := make([]string, rows)
		for k := range rows {
			b.Sel = []int32{int32(k)}
			if err := p.Eval(b, env, out); err != nil {
				bad = k
				continue
			}
			single[k] = show(out[0], k)
			out[0].Release()
		}
		b.Sel = nil
		err = p.Eval(b, env, out)
		if (err != nil) != (bad >= 0) {
			t.Fatalf("%s: row %d fails alone, all of them: %v", text, bad, err)
		}
		if err != nil {
			return
		}
		for k := range rows {
			if got := show(out[0], k); got != single[k] && !volatile(text) {
				t.Errorf("%s: row %d is %s, alone %s", text, k, got, single[k])
			}
		}
		out[0].Release()
	})
}

// volatile tells whether a text calls what gives something else each time.
func volatile(text string) bool {
	text = strings.ToUpper(text)
	for _, name := range []string{"RAND", "UUID"} {
		if strings.Contains(text, name) {
			return true
		}
	}
	return false
}

// bound is an expression over t; false if the text is none.
func bound(text string, c *catalog.Catalog) (e expr.Expr, ok bool) {
	st, err := parse.Statement("SELECT " + text + "\n FROM t")
	if err != nil {
		return e, false
	}
	q, ok := st.(*ast.Query)
	if !ok {
		return e, false
	}
	source := func(*catalog.Table, ast.Pos) (graph.Modes, error) { return graph.Modes{}, nil }
	n, err := (&bind.Binder{Catalog: c, Functions: all, Source: source}).Query(q)
	if err != nil {
		return e, false
	}
	p, ok := n.(*logical.Project)
	if !ok || len(p.Exprs) == 0 {
		return e, false
	}
	if _, ok := p.Input.(*logical.Scan); !ok {
		return e, false
	}
	return p.Exprs[0], true
}
