package udf_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/parse"
	"github.com/weir-streams/weir/engine/udf"
	"github.com/weir-streams/weir/engine/udf/udftest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	udftest.Remove()
	os.Exit(code)
}

// rows runs a script that ends in a SELECT and gives its rows, sorted.
func rows(t *testing.T, e *engine.Engine, script string) ([]string, error) {
	t.Helper()
	plan, err := e.Compile(script, map[string]string{"table.local-time-zone": "UTC"})
	if err != nil {
		return nil, err
	}
	var out []string
	job, err := e.Start(t.Context(), engine.JobSpec{
		ID: strings.Repeat("ab", 16), Graph: plan.Graph, Config: plan.Config,
		Collect: func(b *data.Batch) error {
			for i := range b.Len() {
				var cells []string
				for _, c := range b.Cols {
					text := "NULL"
					if r := b.Row(i); !c.IsNull(r) {
						text = string(data.AppendText(nil, c, r, time.UTC))
					}
					cells = append(cells, text)
				}
				out = append(out, strings.Join(cells, " | "))
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	err = job.Wait(t.Context())
	slices.Sort(out)
	return out, err
}

func check(t *testing.T, e *engine.Engine, script string, want ...string) {
	t.Helper()
	got, err := rows(t, e, script)
	if err != nil {
		t.Errorf("%s:\n%v", script, err)
		return
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %s\nwant %s", script, strings.Join(got, "; "), strings.Join(want, "; "))
	}
}

func fails(t *testing.T, e *engine.Engine, script string, parts ...string) {
	t.Helper()
	_, err := rows(t, e, script)
	if err == nil {
		t.Errorf("%s: it must fail", script)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%s:\n%v\nlacks %q", script, err, p)
		}
	}
}

func TestGoModule(t *testing.T) {
	e := engine.New(engine.Config{Dir: filepath.Dir(udftest.Go(t))})
	var declare string
	for _, f := range []string{"levenshtein", "initials", "or_else", "discount", "words"} {
		declare += udftest.Declare(f, f, filepath.Base(udftest.Go(t)))
	}
	check(t, e, declare+`SELECT s, w, p FROM (VALUES ('to be or'), (''), (CAST(NULL AS STRING))) AS t(s), LATERAL TABLE(words(s)) AS x(w, p)`,
		"to be or | be | 2", "to be or | or | 3", "to be or | to | 1")
	check(t, e, declare+`SELECT s, w, p FROM (VALUES ('a b', 1), ('', 2), (CAST(NULL AS STRING), 3)) AS t(s, n) LEFT JOIN LATERAL TABLE(words(s)) AS x(w, p) ON p > 1`,
		" | NULL | NULL", "NULL | NULL | NULL", "a b | b | 2")
	check(t, e, declare+`SELECT * FROM TABLE(words('x y'))`, "x | 1", "y | 2")
	check(t, e, declare+`SELECT levenshtein('kitten', 'sitting'), INITIALS('wide world'), initials('12'), or_else(NULL, 4), or_else(CAST(5 AS SMALLINT), NULL)`,
		"3 | WW | NULL | 4 | 5")
	check(t, e, declare+`SELECT discount(x) FROM (VALUES (12.345), (1), (CAST(NULL AS INT))) AS t(x)`, "0.90", "11.12", "NULL")
	check(t, e, declare+`SELECT n, CASE WHEN n > 0 THEN discount(n) END FROM (VALUES (-2), (3)) AS t(n)`, "-2 | NULL", "3 | 2.70")
	fails(t, e, declare+`SELECT discount(x) FROM (VALUES (1), (-3), (2)) AS t(x)`, "discount of go.wasm, called with (-3.00): a price must not be negative")
	fails(t, e, declare+`SELECT levenshtein('a') FROM (VALUES (1)) AS t(x)`, "levenshtein(STRING, STRING)")
	fails(t, e, declare+`SELECT words('a')`, "words is a table function")
	fails(t, e, declare+`SELECT * FROM TABLE(initials('a'))`, "initials is no table function")
	fails(t, e, udftest.Declare("f", "levenstein", "go.wasm")+`SELECT 1`, "did you mean 'levenshtein'?")
}

// What a module of Go leaves behind is collected between calls.
func TestGoModuleCollectsGarbage(t *testing.T) {
	e := engine.New(engine.Config{})
	check(t, e, "CREATE FUNCTION lev AS 'levenshtein' LANGUAGE WASM USING ARTIFACT '"+udftest.Go(t)+`' WITH ('memory' = '24 mb');
		CREATE TABLE g (n INT) WITH ('connector' = 'datagen', 'number-of-rows' = '100000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '100000');
		CREATE TABLE o (s BIGINT) WITH ('connector' = 'blackhole');
		INSERT INTO o SELECT lev('some text', CAST(n AS STRING)) FROM g`+";")
}

func TestRustModule(t *testing.T) {
	path := udftest.Rust(t)
	e := engine.New(engine.Config{})
	declare := udftest.Declare("vowels", "vowels", path) + udftest.Declare("clamp", "clamp", "file://"+path) + udftest.Declare("series", "series", path)
	check(t, e, declare+`SELECT s, vowels(s), clamp(n, 2, NULL), x FROM (VALUES ('hello', 2), ('', 1), (CAST(NULL AS STRING), CAST(NULL AS INT))) AS t(s, n), LATERAL TABLE(series(n)) AS x(x)`,
		" | 0 | 2 | 1", "hello | 2 | 2 | 1", "hello | 2 | 2 | 2")
	fails(t, e, declare+`SELECT clamp(n, 5, 1) FROM (VALUES (1)) AS t(n)`, "called with (1, 5, 1): the bounds 5 and 1 leave nothing")
	// an aggregate written against the calling convention alone: all four ways to call it
	declare = udftest.Declare("total", "total", path)
	check(t, e, "SET 'execution.runtime-mode' = 'batch';"+declare+`SELECT k, total(x) FROM (VALUES ('a', 1), ('b', CAST(NULL AS INT)), ('a', 41)) AS t(k, x) GROUP BY k`, "a | 42", "b | NULL")
	check(t, e, "SET 'execution.runtime-mode' = 'batch';"+declare+`SELECT x, total(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1), (10), (100)) AS t(x)`, "1 | 1", "10 | 11", "100 | 110")
	check(t, e, declare+`CREATE TABLE g (n BIGINT, ts AS TIMESTAMPADD(SECOND, CAST(n AS INT), TIMESTAMP '2024-01-01 00:00:00'), WATERMARK FOR ts AS ts)
		WITH ('connector' = 'datagen', 'number-of-rows' = '20', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '19');
		SELECT CAST(window_start AS TIME), total(n) FROM TABLE(HOP(TABLE g, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) GROUP BY window_start, window_end`,
		"00:00:00 | 45", "00:00:05 | 95", "00:00:10 | 145", "00:00:15 | 85", "23:59:55 | 10")
}

// A batch of many rows and every layout there and back.
func TestTypesThereAndBack(t *testing.T) {
	types := []string{
		"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(10, 2)", "DECIMAL(38, 3)",
		"STRING", "BYTES", "DATE", "TIME", "TIMESTAMP(3)", "TIMESTAMP(9)", "TIMESTAMP_LTZ(3)", "TIMESTAMP_LTZ(6)",
	}
	var declare []string
	for i, typ := range types {
		declare = append(declare, fmt.Sprintf(`{"name":"f%d","args":["%s"],"result":"%s","strict":%v}`, i, typ, typ, i%2 == 0))
	}
	// The answer is the column of the request, as it lies there.
	module := udftest.By{Describe: `{"abi":1,"functions":[` + strings.Join(declare, ",") + `]}`, Memory: 64, Call: columnBack, Room: udftest.Const(1 << 16)}
	path := module.Write(t)
	e := engine.New(engine.Config{})
	for i, typ := range types {
		values := map[string]string{
			"BOOLEAN": "MOD(n, 2) = 0", "STRING": "REPEAT('x', n) || CAST(n AS STRING)", "BYTES": "CAST(REPEAT('ab', n) AS BYTES)",
			"DATE": "CAST(TIMESTAMPADD(DAY, n, TIMESTAMP '2024-02-28 10:11:12') AS DATE)", "TIME": "TIME '10:11:12'",
		}[typ]
		if strings.HasPrefix(typ, "TIMESTAMP") {
			values = "CAST(TIMESTAMPADD(SECOND, n, CAST('2024-02-28 10:11:12.123456789' AS TIMESTAMP(9))) AS " + typ + ")"
		}
		if values == "" {
			values = "CAST(n - 20 AS " + typ + ")"
		}
		script := udftest.Declare("f", fmt.Sprintf("f%d", i), path) + `
			CREATE TABLE g (n INT) WITH ('connector' = 'datagen', 'number-of-rows' = '50', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '50');
			SELECT COUNT(*), COUNT(CASE WHEN f(v) = v THEN 1 END), COUNT(CASE WHEN v IS NULL AND f(v) IS NULL THEN 1 END) FROM (
			SELECT CASE WHEN MOD(n, 5) = 0 THEN NULL ELSE ` + values + ` END AS v FROM g WHERE MOD(n, 3) > 0)`
		got, err := rows(t, e, script)
		if err != nil {
			t.Errorf("%s: %v", typ, err)
			continue
		}
		if last := "34 | 27 | 7"; !slices.Contains(got, last) {
			t.Errorf("%s: %v, without %s", typ, got, last)
		}
	}
}

// columnBack copies the 16 bytes of the request's first column into the answer.
var columnBack = slices.Concat(
	udftest.Const(512), []byte{0x20, 1, 0x28, 2, 4, 0x36, 2, 4}, // rows
	udftest.Const(512), udftest.Const(1), []byte{0x36, 2, 8}, // columns
	udftest.Const(512), []byte{0x20, 1, 0x29, 3, 32, 0x37, 3, 32},
	udftest.Const(512), []byte{0x20, 1, 0x29, 3, 40, 0x37, 3, 40},
	udftest.Const(512),
)

func TestModulesThatMisbehave(t *testing.T) {
	select1 := `SELECT f(x) FROM (VALUES (CAST(1 AS BIGINT)), (5), (13), (21)) AS t(x)`
	describe := func(s string) string { return strings.Replace(udftest.Description, `"name":"f"`, s, 1) }
	for _, tt := range []struct {
		name   string
		module udftest.By
		want   []string
	}{
		{"a trap names the row", udftest.By{Call: udftest.Echo(13)}, []string{"f of module.wasm broke down, called with (13)", "unreachable"}},
		{"a call without end", udftest.By{Call: udftest.Forever}, []string{"it took longer than 200ms and was stopped", "option 'timeout'"}},
		{"a start without end", udftest.By{Start: udftest.Forever}, []string{"start an instance", "longer than 200ms"}},
		{"room outside of memory", udftest.By{Room: udftest.Const(1 << 30)}, []string{"weir_room(", "no place in its memory"}},
		{"room at nothing", udftest.By{Room: udftest.Const(0)}, []string{"no place in its memory"}},
		{"an answer outside of memory", udftest.By{Call: udftest.Const(1<<31 - 8)}, []string{"points outside of its memory"}},
		{"an answer that is none", udftest.By{Call: udftest.Const(1028)}, []string{"status"}},
		{"an answer without columns", udftest.By{Call: udftest.Const(3000)}, []string{"0 columns, not one"}},
		{"no weir_call", udftest.By{Without: "weir_call"}, []string{"does not export weir_call(i32, i32) → i32"}},
		{"too much memory", udftest.By{Memory: 5000}, []string{"memory"}},
		{"no JSON", udftest.By{Describe: "hello"}, []string{"read what the module says of itself"}},
		{"no version", udftest.By{Describe: `{"functions":[]}`}, []string{"version 0 of the calling convention"}},
		{"a wrong type", udftest.By{Describe: describe(`"args":["INTEGERS"],"name":"f"`) + "x"}, nil},
		{"a type that cannot be handed over", udftest.By{Describe: strings.ReplaceAll(udftest.Description, "BIGINT", "VARIANT")}, []string{"VARIANT cannot be handed to a module"}},
		{"a result of a bounded length", udftest.By{Describe: strings.Replace(udftest.Description, `"result":"BIGINT"`, `"result":"VARCHAR(3)"`, 1)}, []string{"use STRING"}},
		{"an aggregate that gives one column", udftest.By{Describe: strings.Replace(udftest.Description, "scalar", "aggregate", 1)}, []string{"its answer has 1 columns, not 3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			declare := fmt.Sprintf("CREATE FUNCTION f AS 'f' LANGUAGE WASM USING ARTIFACT '%s' WITH ('timeout' = '200 ms', 'memory' = '8 mb');\n", tt.module.Write(t))
			e := engine.New(engine.Config{})
			if tt.want != nil {
				fails(t, e, declare+select1, tt.want...)
			} else if _, err := rows(t, e, declare+select1); err != nil && !strings.Contains(err.Error(), "f") {
				t.Error(err)
			}
		})
	}
}

func TestNoModules(t *testing.T) {
	dir := t.TempDir()
	e := engine.New(engine.Config{Dir: dir})
	if err := os.WriteFile(filepath.Join(dir, "text.wasm"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, e, udftest.Declare("f", "f", "text.wasm")+"SELECT 1", "module text.wasm: it is no WebAssembly module")
	fails(t, e, udftest.Declare("f", "f", "none.wasm")+"SELECT 1", "artifact none.wasm is not there")
	fails(t, e, udftest.Declare("f", "f", ".")+"SELECT 1", "artifact . is no file")
	fails(t, e, udftest.Declare("f", "f", "https://example.com/f.wasm")+"SELECT 1", "cannot be reached from here")
	fails(t, e, "CREATE FUNCTION f AS 'f' LANGUAGE WASM; SELECT 1", "needs one module")
	fails(t, e, "CREATE FUNCTION f AS 'f' LANGUAGE WASM USING JAR 'f.jar'; SELECT 1", "is in no JAR")
	fails(t, e, "CREATE TEMPORARY FUNCTION f AS 'f' LANGUAGE PYTHON; SELECT 1", "run it on a Flink target")
	fails(t, e, "CREATE FUNCTION f AS 'com.F' LANGUAGE JAVA; SELECT f(1)", "run it on a Flink target")
	fails(t, e, "CREATE FUNCTION f AS 'f' LANGUAGE WASM USING ARTIFACT 'text.wasm' WITH ('speed' = '1'); SELECT f(1)", "speed")
}

func TestFetchedModules(t *testing.T) {
	fetched := 0
	e := engine.New(engine.Config{Fetch: func(uri string) ([]byte, error) {
		if fetched++; uri != "s3://functions/f.wasm" {
			return nil, fmt.Errorf("there is no %s", uri)
		}
		return udftest.By{}.Bytes(), nil
	}})
	check(t, e, udftest.Declare("f", "f", "s3://functions/f.wasm")+`SELECT f(x) FROM (VALUES (CAST(4 AS BIGINT))) AS t(x)`, "4")
	fails(t, e, udftest.Declare("f", "f", "s3://functions/g.wasm")+"SELECT 1", "fetch artifact s3://functions/g.wasm: there is no")
	if fetched != 2 {
		t.Errorf("fetched %d times", fetched)
	}
}

// A plan holds the checksum of its modules; another module is refused.
func TestAModuleThatChangedIsRefused(t *testing.T) {
	path := udftest.By{}.Write(t)
	e := engine.New(engine.Config{})
	plan, err := e.Compile(udftest.Declare("f", "f", path)+"CREATE TABLE g (x BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '3'); SELECT f(x) FROM g", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(plan.Graph.Functions); n != 1 || len(plan.Graph.Functions[0].SHA256) != 64 {
		t.Fatalf("the plan says %+v", plan.Graph.Functions)
	}
	if err := os.WriteFile(path, udftest.By{Call: udftest.Echo(1)}.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = e.Start(t.Context(), engine.JobSpec{ID: strings.Repeat("ab", 16), Graph: plan.Graph, Config: plan.Config, Collect: func(*data.Batch) error { return nil }})
	if err == nil || !strings.Contains(err.Error(), "is not what it was when the job was planned") {
		t.Error(err)
	}
}

// Scripts of the platform and objects of its catalogs call modules too.
func TestPlatform(t *testing.T) {
	path := udftest.By{}.Write(t)
	e := engine.New(engine.Config{})
	catalog := []string{"CREATE FUNCTION g AS 'f' LANGUAGE WASM USING ARTIFACT '" + path + "'"}
	plan, err := e.CompileIn(catalog, udftest.Declare("h", "f", path)+"CREATE TABLE n (x BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '3'); SELECT g(x), h(x) FROM n", nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range plan.Graph.Functions {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "vvp.default.g vvp.default.h" {
		t.Errorf("the plan has %s", got)
	}
}

func TestNames(t *testing.T) {
	path := udftest.By{}.Write(t)
	e := engine.New(engine.Config{})
	s := e.NewSession(nil)
	run := func(text string) string {
		st, err := parse.Statement(text)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Execute(st)
		if err != nil {
			return err.Error()
		}
		var lines []string
		for _, r := range o.Rows {
			var cells []string
			for _, v := range r {
				cells = append(cells, v.S)
			}
			lines = append(lines, strings.Join(cells, ": "))
		}
		return strings.Join(lines, "\n")
	}
	create := func(what string) string {
		return "CREATE " + what + " AS 'f' LANGUAGE WASM USING ARTIFACT '" + path + "'"
	}
	for _, step := range []struct{ do, want string }{
		{create("FUNCTION Twice"), ""},
		{create("FUNCTION IF NOT EXISTS twice"), ""},
		{create("FUNCTION twice"), "Function default_database.twice already exists in Catalog default_catalog."},
		{create("TEMPORARY SYSTEM FUNCTION reverse"), ""},
		{create("TEMPORARY SYSTEM FUNCTION reverse"), "Temporary system function 'reverse' exists already."},
		{"SHOW USER FUNCTIONS", "reverse\ntwice"},
		{"DESCRIBE FUNCTION TWICE", "is system function: false\nis temporary: false\nclass name: f\nfunction language: WASM\nresource: " + path},
		{"DESCRIBE FUNCTION EXTENDED reverse", "is system function: true\nis temporary: true\nclass name: f\nfunction language: WASM\nresource: " + path +
			"\nkind: SCALAR\nis deterministic: true\nsignature: f(BIGINT) → BIGINT\nchecksum: sha256:"},
		{"DESCRIBE FUNCTION md5", "is system function: true\nis temporary: false"},
		{"DESCRIBE FUNCTION nothing", "line 1, column 19: Function with the identifier '`nothing`' doesn't exist."},
		{"EXPLAIN SELECT REVERSE(x), twice(x), default_database.TWICE(x) FROM (VALUES (CAST(1 AS BIGINT))) AS t(x)", "reverse"},
		{"DROP TEMPORARY SYSTEM FUNCTION reverse", ""},
		{"DROP TEMPORARY SYSTEM FUNCTION reverse", "Temporary system function 'reverse' does not exist."},
		{"DROP TEMPORARY SYSTEM FUNCTION IF EXISTS reverse", ""},
		{"DROP FUNCTION twice", ""},
		{"EXPLAIN SELECT twice(1)", "No match found for function signature twice"},
	} {
		got := run(step.do)
		if step.want == "" && got != "" || !strings.Contains(got, step.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", step.do, got, step.want)
		}
	}
}

func TestGoFunctions(t *testing.T) {
	e := engine.New(engine.Config{Functions: []udf.Function{
		udf.Scalar1("double_it", func(x int64) int64 { return 2 * x }),
		udf.Scalar2("glue", func(a udf.Null[string], b string) string { return a.V + "-" + b }),
		udf.Scalar3("between_days", func(from, to int32, names string) udf.Null[string] {
			return udf.Null[string]{V: strings.Repeat(names, int(max(to-from, 0))), Valid: to >= from}
		}).Types("DATE", "DATE", "STRING", "STRING"),
	}})
	check(t, e, `SELECT double_it(x), Glue(CAST(x AS STRING), 'y'), glue(CAST(NULL AS STRING), 'z'), GLUE('a', CAST(NULL AS STRING)) FROM (VALUES (1), (CAST(NULL AS INT))) AS t(x)`,
		"2 | 1-y | -z | NULL", "NULL | -y | -z | NULL")
	check(t, e, `SELECT between_days(DATE '2024-02-28', d, 'ab') FROM (VALUES (DATE '2024-03-01'), (DATE '2024-01-01')) AS t(d)`, "NULL", "abab")
	fails(t, e, `SELECT double_it('x') FROM (VALUES (1)) AS t(x)`, "double_it(BIGINT) → BIGINT")
}
