package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/store"
)

// world is a gateway over a real store and a real engine.
type world struct {
	t   *testing.T
	db  *store.DB
	g   *Gateway
	mux *http.ServeMux
	dir string
}

func newWorld(t *testing.T, limits Limits) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	var n resource.Namespace
	n.Metadata.Name, n.Status.Phase = "default", resource.NamespaceActive
	if _, err := db.Namespaces().Create(t.Context(), "test", n); err != nil {
		t.Fatal(err)
	}
	files, err := artifact.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.g = New(Config{
		Files: files,
		Resources: Resources{
			Namespaces: db.Namespaces(), Deployments: db.Deployments(), Secrets: db.Secrets(), Entries: db.CatalogEntries(), Record: db,
			Scripts: db.SQLScripts(), UDFArtifacts: db.UDFArtifacts(), Connectors: db.Connectors(), Formats: db.Formats(),
			CatalogConnectors: db.CatalogConnectors(),
		},
		Engine: engine.New(engine.Config{Dir: w.dir}), Limits: limits,
	})
	w.mux = http.NewServeMux()
	w.g.Register(w.mux)
	return w
}

// call sends a request; v is its body, or none.
func (w *world) call(method, path string, v any) (int, string) {
	w.t.Helper()
	var text []byte
	switch v := v.(type) {
	case nil:
	case string:
		text = []byte(v)
	default:
		text, _ = json.Marshal(v)
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(text)).WithContext(w.t.Context())
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

const scripts = "/sql/v1beta1/namespaces/default/sqlscripts"

// execute carries out a statement and gives its reply.
func (w *world) execute(statement string, query ...string) executeReply {
	w.t.Helper()
	code, text := w.call("POST", scripts+":execute"+strings.Join(query, ""), map[string]string{"statement": statement})
	var reply executeReply
	if err := json.Unmarshal([]byte(text), &reply); err != nil || code != 200 {
		w.t.Fatalf("%s: %d %s", statement, code, text)
	}
	return reply
}

// must carries out statements that succeed.
func (w *world) must(statements ...string) executeReply {
	w.t.Helper()
	var reply executeReply
	for _, s := range statements {
		if reply = w.execute(s); reply.ErrorMessage != nil {
			w.t.Fatalf("%s: %s", s, reply.ErrorMessage.Message)
		}
	}
	return reply
}

// text is a reply in one line: its headings and rows, or its error.
func (r executeReply) text() string {
	var b strings.Builder
	b.WriteString(strings.TrimPrefix(r.Result, "RESULT_"))
	if t := r.ResultTable; t != nil {
		for _, h := range t.Headers {
			b.WriteString(" " + h.Name)
		}
		for _, row := range t.Rows {
			b.WriteString(" |")
			for _, c := range row.Cells {
				if c.Value == nil {
					b.WriteString(" NULL")
				} else {
					b.WriteString(" " + *c.Value)
				}
			}
		}
	}
	if e := r.ErrorMessage; e != nil {
		b.WriteString(" " + e.Message)
	}
	return b.String()
}

const orders = "CREATE TABLE orders (id BIGINT, item STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) " +
	"WITH ('connector' = 'datagen', 'number-of-rows' = '20', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '20')"

func TestStatements(t *testing.T) {
	for _, tt := range []struct {
		name       string
		before     []string
		statement  string
		want       string
		wantPlaces [4]int // line, column, end line, end column of an error
	}{
		{name: "a table", statement: orders, want: "SUCCESS"},
		{name: "tables", before: []string{orders, "CREATE VIEW v AS SELECT id FROM orders"}, statement: "SHOW TABLES;", want: "SUCCESS_WITH_ROWS table name | orders | v"},
		{
			name: "describe", before: []string{orders}, statement: "DESCRIBE `vvp`.`default`.`orders`",
			want: "SUCCESS_WITH_ROWS name type null key extras watermark | id BIGINT TRUE NULL NULL NULL | item STRING TRUE NULL NULL NULL | ts TIMESTAMP(3) *ROWTIME* TRUE NULL NULL `ts` - INTERVAL '5' SECOND",
		},
		{name: "a query", before: []string{orders}, statement: "SELECT id FROM orders WHERE id < 4", want: "SUCCESS_WITH_ROWS id | 1 | 2 | 3"},
		{name: "a query of changes", before: []string{orders}, statement: "SELECT COUNT(*) AS n, MAX(id) AS m FROM orders", want: "SUCCESS_WITH_ROWS n m | 20 20"},
		{name: "temporary within one request", statement: "CREATE TEMPORARY VIEW x AS SELECT 1 AS a; SELECT * FROM x", want: "SUCCESS_WITH_ROWS a | 1"},
		{name: "a view of a view after ALTER", before: []string{
			orders, "CREATE VIEW a AS SELECT id FROM orders", "CREATE VIEW b AS SELECT id FROM a WHERE id = 7",
			"DROP VIEW a", "CREATE VIEW a AS SELECT id, item FROM orders",
		}, statement: "SELECT * FROM b", want: "SUCCESS_WITH_ROWS id | 7"},
		{name: "databases", before: []string{"CREATE DATABASE d2 COMMENT 'x'", "CREATE TABLE d2.t (a INT) WITH ('connector'='datagen')"}, statement: "SHOW TABLES FROM d2", want: "SUCCESS_WITH_ROWS table name | t"},
		{name: "catalogs", before: []string{"CREATE CATALOG c WITH ('type'='generic_in_memory')", "CREATE TABLE c.`default`.t (a INT)"}, statement: "USE CATALOG c; SHOW TABLES", want: "SUCCESS_WITH_ROWS table name | t"},
		{name: "alter", before: []string{orders, "ALTER TABLE orders SET ('number-of-rows' = '2')", "ALTER TABLE orders RENAME TO o2"}, statement: "SELECT COUNT(*) AS n FROM o2", want: "SUCCESS_WITH_ROWS n | 2"},
		{name: "what a temporary table hides stays", before: []string{
			orders, "CREATE TABLE a (x INT); CREATE TEMPORARY TABLE orders (x INT); CREATE TABLE b (x INT); DROP TEMPORARY TABLE orders; CREATE TABLE c (x INT)",
		}, statement: "SHOW TABLES", want: "SUCCESS_WITH_ROWS table name | a | b | c | orders"},
		{name: "drop", before: []string{orders, "DROP TABLE orders"}, statement: "SHOW TABLES", want: "SUCCESS_WITH_ROWS table name"},
		{name: "drop a database with what is in it", before: []string{"CREATE DATABASE d2", "CREATE TABLE d2.t (a INT)", "DROP DATABASE d2 CASCADE", "CREATE DATABASE d2"}, statement: "SHOW TABLES FROM d2", want: "SUCCESS_WITH_ROWS table name"},
		{
			name: "explain", before: []string{orders}, statement: "EXPLAIN PLAN FOR SELECT 1", want: "SUCCESS_WITH_ROWS result | == Abstract Syntax Tree ==\ncollect",
		},

		{name: "the default database stays", statement: "DROP DATABASE `default`", want: "ERROR_WITH_DETAILS database 'default' of catalog 'vvp' is part of every namespace", wantPlaces: [4]int{1, 15, 1, 23}},
		{name: "the catalog stays", statement: "DROP CATALOG vvp", want: "ERROR_WITH_DETAILS catalog 'vvp' is part of every namespace"},
		{name: "no such column", before: []string{orders}, statement: "SELECT\n  nope FROM orders", want: "ERROR_WITH_DETAILS Column 'nope' not found", wantPlaces: [4]int{2, 3, 2, 6}},
		{name: "wrong writing", statement: "SELEC 1", want: "ERROR_WITH_DETAILS a statement cannot start with", wantPlaces: [4]int{1, 1, 1, 5}},
		{name: "taken", before: []string{orders}, statement: orders, want: "ERROR_WITH_DETAILS table (or view) default.orders already exists"},
		{name: "insert", before: []string{orders, "CREATE TABLE s (id BIGINT) WITH ('connector'='blackhole')"}, statement: "INSERT INTO s SELECT id FROM orders", want: "ERROR_WITH_DETAILS INSERT runs until its input ends, so it is not carried out here: create a deployment"},
		{name: "insert that does not compile", statement: "INSERT INTO s SELECT 1", want: "ERROR_WITH_DETAILS Cannot find table"},
		{name: "a view of what does not last", statement: "CREATE TEMPORARY TABLE x (a INT) WITH ('connector'='datagen'); CREATE VIEW v AS SELECT * FROM x", want: "ERROR_WITH_DETAILS table `vvp`.`default`.`v` cannot be kept"},
		{name: "a query that fails", statement: "CREATE TEMPORARY TABLE x (a INT) WITH ('connector'='filesystem','path'='/nowhere/at/all','format'='csv'); SELECT * FROM x", want: "ERROR_WITH_ROWS a "},
		{name: "deep", statement: "SELECT " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000), want: "ERROR_WITH_DETAILS the statement is nested more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, Limits{})
			w.must(tt.before...)
			reply := w.execute(tt.statement)
			if got := reply.text(); !strings.HasPrefix(got, tt.want) {
				t.Fatalf("got  %s\nwant %s", got, tt.want)
			}
			if e := reply.ErrorMessage; tt.wantPlaces != [4]int{} && [4]int{e.LineNumber, e.ColumnNumber, e.EndLineNumber, e.EndColumnNumber} != tt.wantPlaces {
				t.Errorf("at %d:%d to %d:%d, want %v", e.LineNumber, e.ColumnNumber, e.EndLineNumber, e.EndColumnNumber, tt.wantPlaces)
			}
		})
	}
}

func TestEndlessQueryIsStopped(t *testing.T) {
	w := newWorld(t, Limits{PreviewTime: 100 * time.Millisecond, Previews: 1})
	w.must("CREATE TABLE n (a BIGINT) WITH ('connector'='datagen','rows-per-second'='1000000')")
	reply := w.must("SELECT COUNT(*) FROM n")
	if reply.Preview.Reason != "TIME" || reply.Preview.Complete {
		t.Errorf("preview %+v", reply.Preview)
	}
	reply = w.execute("SELECT a FROM n", "?limit=3")
	if reply.Preview.Reason != "ROWS" || len(reply.ResultTable.Rows) != 3 {
		t.Errorf("preview %+v with %d rows", reply.Preview, len(reply.ResultTable.Rows))
	}
	if code, text := w.call("POST", scripts+":execute", map[string]string{"statement": "SELECT '" + strings.Repeat("x", 2<<20) + "'"}); code != 400 || !strings.Contains(text, "bytes of SQL") {
		t.Errorf("much SQL: %d %s", code, text)
	}
}

// A LIMIT ends a preview of an endless table when its rows are there.
func TestLimitEndsAPreview(t *testing.T) {
	w := newWorld(t, Limits{})
	w.must("CREATE TABLE n (a BIGINT) WITH ('connector'='datagen','rows-per-second'='100')")
	reply := w.must("SELECT a FROM n LIMIT 3")
	if !reply.Preview.Complete || reply.Preview.Reason != "END" || len(reply.ResultTable.Rows) != 3 {
		t.Errorf("%d rows, %+v", len(reply.ResultTable.Rows), reply.Preview)
	}
}

func TestStateOfAQueryIsBounded(t *testing.T) {
	w := newWorld(t, Limits{PreviewMemory: 1 << 20})
	w.must("CREATE TABLE n (a BIGINT, b STRING) WITH ('connector'='datagen','number-of-rows'='200000','fields.a.kind'='sequence','fields.a.start'='1','fields.a.end'='200000')")
	reply := w.execute("SELECT COUNT(*) FROM (SELECT a, b, COUNT(*) FROM n GROUP BY a, b)")
	if reply.Result != resultErrorRows || !strings.Contains(reply.ErrorMessage.Message, "budget") {
		t.Errorf("%s", reply.text())
	}
}

func TestSecretsStayNamesInAnswers(t *testing.T) {
	w := newWorld(t, Limits{})
	var s resource.SecretValue
	s.Metadata.Namespace, s.Metadata.Name, s.Spec = "default", "PLACE", resource.SecretValueSpec{Kind: resource.SecretPlain, Value: "/hidden/place"}
	if _, err := w.db.Secrets().Create(t.Context(), "test", s); err != nil {
		t.Fatal(err)
	}
	w.must("CREATE TABLE f (a STRING) WITH ('connector'='filesystem','format'='raw','path'='${PLACE}')")
	for _, text := range []string{
		w.execute("SELECT * FROM f").text(), w.must("SHOW CREATE TABLE f").text(), w.must("SELECT '${PLACE}' AS x").text(),
	} {
		if strings.Contains(text, "hidden") || !strings.Contains(text, "${PLACE}") {
			t.Errorf("%s", text)
		}
	}
	w.must("CREATE TABLE g (a STRING) WITH ('connector'='filesystem','format'='raw','path'='${ELSEWHERE}')")
	if got := w.execute("SELECT * FROM g").text(); !strings.Contains(got, `secret value "ELSEWHERE"`) {
		t.Errorf("%s", got)
	}
}

func TestBrokenEntryDoesNotBlockTheOthers(t *testing.T) {
	w := newWorld(t, Limits{})
	w.must(orders)
	var e resource.CatalogEntry
	e.Spec = resource.CatalogEntrySpec{Catalog: "vvp", Database: "default", Object: resource.EntryTable, Name: "bad", Statement: "CREATE TABLE `vvp`.`default`.`bad` (x NOTYPE)"}
	e.Metadata.Namespace, e.Metadata.Name = "default", e.Spec.EntryName()
	if _, err := w.db.CatalogEntries().Create(t.Context(), "test", e); err != nil {
		t.Fatal(err)
	}
	w.must("SELECT 1 FROM orders")
	if _, text := w.call("GET", "/catalog/v1beta2/namespaces/default/catalogs/vvp:listTables", nil); !strings.Contains(text, `"broken":[{"name":"bad"`) {
		t.Errorf("%s", text)
	}
	if got := w.execute("SELECT * FROM bad").text(); !strings.Contains(got, "cannot be used") {
		t.Errorf("%s", got)
	}
	if got := w.execute("CREATE TABLE bad (a INT)").text(); !strings.Contains(got, "DROP it first") {
		t.Errorf("%s", got)
	}
	w.must("DROP TABLE bad", "CREATE TABLE bad (a INT)")
}

func TestStatementsInARow(t *testing.T) {
	w := newWorld(t, Limits{})
	for query, want := range map[string]string{
		"":                   "SUCCESS ERROR_WITH_DETAILS SKIPPED",
		"?stopOnError=false": "SUCCESS ERROR_WITH_DETAILS SUCCESS_WITH_ROWS",
	} {
		_, text := w.call("POST", scripts+":execute-multi"+query, []string{"USE CATALOG vvp", "SELECT x", "SHOW CURRENT CATALOG"})
		var out struct{ Responses []executeReply }
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		var results []string
		for _, r := range out.Responses {
			results = append(results, strings.TrimPrefix(r.Result, "RESULT_"))
		}
		if got := strings.Join(results, " "); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	w := newWorld(t, Limits{})
	w.must(orders)
	for _, tt := range []struct{ statement, want string }{
		{"SELECT * FROM orders", "VALID_SELECT_QUERY"},
		{"CREATE TEMPORARY TABLE s (a BIGINT) WITH ('connector'='blackhole'); INSERT INTO s SELECT id FROM orders;", "VALID_INSERT_QUERY"},
		{"CREATE TEMPORARY TABLE s (a BIGINT) WITH ('connector'='blackhole'); BEGIN STATEMENT SET; INSERT INTO s SELECT id FROM orders; INSERT INTO s SELECT 1; END;", "VALID_INSERT_QUERY"},
		{"CREATE TABLE t (a INT) WITH ('connector'='print')", "VALID_DDL_STATEMENT"},
		{"DROP TABLE orders", "VALID_DDL_STATEMENT"},
		{"SHOW TABLES", "VALID_COMMAND_STATEMENT"},
		{"SELECT nope FROM orders", "INVALID_QUERY"},
		{"SELECT * FROM", "INVALID_QUERY"},
		{"", "INVALID_QUERY"},
		{"CREATE TABLE t (a INT) WITH ('connector'='datagn')", "INVALID_CONNECTOR_CONFIG"},
		{"CREATE TEMPORARY TABLE s (a BIGINT) WITH ('connector'='blackhole', 'x'='y'); INSERT INTO s SELECT 1", "INVALID_CONNECTOR_CONFIG"},
		{"DELETE FROM orders", "UNSUPPORTED_QUERY"},
	} {
		code, text := w.call("POST", scripts+":validate", map[string]string{"statement": tt.statement})
		var out struct {
			ValidationResult string
			ErrorDetails     *errorDetails
		}
		if err := json.Unmarshal([]byte(text), &out); err != nil || code != 200 {
			t.Fatalf("%s: %d %s", tt.statement, code, text)
		}
		if got := strings.TrimPrefix(out.ValidationResult, "VALIDATION_RESULT_"); got != tt.want || (out.ErrorDetails == nil) != strings.HasPrefix(tt.want, "VALID_") {
			t.Errorf("%s: %s", tt.statement, text)
		}
	}
	w.must("SELECT * FROM orders") // validation drops nothing
}

func TestSavedScripts(t *testing.T) {
	w := newWorld(t, Limits{})
	for _, tt := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"POST", "", "{\"name\":\"namespaces/default/sqlscripts/daily\",\"displayName\":\"Daily\",\"script\":\"SELECT 1,\n\t2\"}", 201, `"script":"SELECT 1,\n\t2"`},
		{"POST", "", `{"name":"daily"}`, 409, `"code":"ALREADY_EXISTS"`},
		{"POST", "", `{"displayName":"My own Script","script":"x"}`, 201, `"name":"namespaces/default/sqlscripts/my-own-script"`},
		{"POST", "", `{"name":"No Name"}`, 400, "INVALID_ARGUMENT"},
		{"POST", "", `{"name":"namespaces/other/sqlscripts/x"}`, 400, "namespaces/default/sqlscripts/NAME"},
		{"GET", "", "", 200, `"sqlScripts":[{"name":"namespaces/default/sqlscripts/daily"`},
		{"PUT", "/daily", `{"script":"SELECT 3"}`, 200, `"script":"SELECT 3"`},
		{"PUT", "/new", `{"script":"SELECT 4"}`, 201, `"script":"SELECT 4"`},
		{"GET", "/daily", "", 200, `"script":"SELECT 3"`},
		{"DELETE", "/daily", "", 200, "{}"},
		{"GET", "/daily", "", 404, `"code":"NOT_FOUND"`},
	} {
		code, text := w.call(tt.method, scripts+tt.path, tt.body)
		if code != tt.code || !strings.Contains(text, tt.want) {
			t.Errorf("%s %s %s: %d %s", tt.method, tt.path, tt.body, code, text)
		}
	}
}

func TestCatalogRoutes(t *testing.T) {
	w := newWorld(t, Limits{})
	w.must(orders, "CREATE VIEW v AS SELECT item FROM orders", "CREATE FUNCTION f AS 'com.example.AddOne' LANGUAGE PYTHON", "CREATE DATABASE d2 COMMENT 'two' WITH ('k'='v')",
		"CREATE TABLE d2.m (a INT NOT NULL, `off` BIGINT METADATA FROM 'offset' VIRTUAL, b AS a + 1, PRIMARY KEY (a) NOT ENFORCED) WITH ('connector'='datagen')")
	const catalogs = "/catalog/v1beta2/namespaces/default/catalogs"
	for _, tt := range []struct {
		path string
		code int
		want string
	}{
		{"", 200, `{"name":"vvp","properties":{"type":"generic_in_memory"}}`},
		{"/vvp", 200, `{"catalog":{"name":"vvp"`},
		{"/nope", 404, `"code":"NOT_FOUND","description":"Catalog nope does not exist."`},
		{"/vvp:listDatabases", 200, `{"name":"d2","comment":"two","properties":{"k":"v"}}`},
		{"/vvp%3AlistDatabases", 200, `"name":"default","comment":"Default Database"`},
		{"/vvp:getDatabase?database=default", 200, `"comment":"Default Database"`},
		{"/vvp:getDatabase?database=default2", 404, `"description":"Database default2 does not exist in Catalog vvp."`},
		{"/vvp:getDatabase", 400, "database: must be set"},
		{"/vvp:listTables", 200, `{"tables":[{"name":"orders"`},
		{"/vvp:getTable?table=orders", 200, `"watermarkSpec":[{"timeColumn":"ts","watermarkExpression":"` + "`ts` - INTERVAL '5' SECOND" + `","watermarkType":"TIMESTAMP(3)"}]`},
		{"/vvp:getTable?table=orders", 200, `{"name":"item","type":"VARCHAR(2147483647)","expression":""}`},
		{"/vvp:getTable?table=m&database=d2", 200, `{"name":"off","type":"BIGINT","expression":"","meta":{"name":"offset","virtual":true}},{"name":"b","type":"INT NOT NULL","expression":"` + "`a` + 1" + `"}],"primaryKey":{"name":"PK_a","column":["a"],"enforced":false,"type":"CONSTRAINT_TYPE_PRIMARY_KEY"}`},
		{"/vvp:getTable?table=nope", 404, `"description":"Table (or view) default.nope does not exist in Catalog vvp."`},
		{"/vvp:listViews", 200, `{"views":[{"name":"v"`},
		{"/vvp:getView?view=v", 200, "\"expandedQuery\":\"SELECT `item` FROM `vvp`.`default`.`orders`\""},
		{"/vvp:listFunctions", 200, `"className":"com.example.AddOne","functionLanguage":"FUNCTION_LANGUAGE_PYTHON"`},
		{"/vvp:getFunction?function=g", 404, `"description":"Function default.g does not exist in Catalog vvp."`},
		{"/vvp:nope", 404, "NOT_FOUND"},
	} {
		if code, text := w.call("GET", catalogs+tt.path, nil); code != tt.code || !strings.Contains(text, tt.want) {
			t.Errorf("%s: %d %s", tt.path, code, text)
		}
	}
	if code, _ := w.call("GET", "/catalog/v1beta2/namespaces/other/catalogs", nil); code != 404 {
		t.Errorf("another namespace: %d", code)
	}
}

func TestCompletions(t *testing.T) {
	w := newWorld(t, Limits{})
	w.must(orders)
	for _, tt := range []struct {
		body any
		code int
		want string
	}{
		{map[string]any{"sqlScript": "SELECT  FROM orders", "position": 7}, 200, `{"text":"item","type":"HINT_TYPE_COLUMN"}`},
		{map[string]any{"sqlScript": "SELECT * FROM ", "position": 14}, 200, `{"text":"orders","type":"HINT_TYPE_TABLE"}`},
		{map[string]any{"sqlScript": "SELECT * FROM ", "position": 1400}, 200, "{\"text\":\"`default`\",\"type\":\"HINT_TYPE_SCHEMA\"}"},
		{map[string]any{"sqlScript": "SELECT * FROM ", "position": -1}, 400, "position: must be at least 0"},
		{map[string]any{"sqlScript": "SELECT * FROM ", "position": "x"}, 400, "position"},
		{map[string]any{"sqlScript": "SELECT 'no", "position": 10}, 200, `{"completions":[]}`},
	} {
		if code, text := w.call("POST", scripts+":suggest", tt.body); code != tt.code || !strings.Contains(text, tt.want) {
			t.Errorf("%v: %d %s", tt.body, code, text)
		}
	}
}

// A request that is given up ends its query; the next one has its place.
func TestQueryEndsWithItsRequest(t *testing.T) {
	w := newWorld(t, Limits{PreviewTime: time.Hour, Previews: 1})
	w.must("CREATE TABLE n (a BIGINT) WITH ('connector'='datagen','rows-per-second'='1000')")
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequest("POST", scripts+":execute", strings.NewReader(`{"statement":"SELECT COUNT(*) FROM n"}`)).WithContext(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.mux.ServeHTTP(httptest.NewRecorder(), r)
		}()
		for len(w.g.previews) == 0 {
			runtime.Gosched()
		}
		cancel()
		<-done
	}
	if reply := w.execute("SELECT a FROM n", "?limit=1"); reply.Preview == nil || reply.Preview.Reason != "ROWS" {
		t.Errorf("%s", reply.text())
	}
}

// Statements sent at the same time change the catalogs one after the other.
func TestManyStatementsAtOnce(t *testing.T) {
	w := newWorld(t, Limits{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if r := w.execute(fmt.Sprintf("CREATE TABLE t%d (a INT); ALTER TABLE t%d SET ('connector' = 'print'); DROP TABLE t%d; CREATE TABLE t%d (b INT)", i, i, i, i)); r.ErrorMessage != nil {
				t.Error(r.text())
			}
		})
	}
	wg.Wait()
	if got := len(w.must("SHOW TABLES").ResultTable.Rows); got != 20 {
		t.Errorf("%d tables, want 20", got)
	}
}
