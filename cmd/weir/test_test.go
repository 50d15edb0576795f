package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weir-streams/weir/client"
)

const ordersScript = `CREATE TABLE orders (id INT NOT NULL, customer STRING, amount DECIMAL(10, 2), tags ARRAY<STRING>, happened TIMESTAMP_LTZ(3) METADATA FROM 'timestamp')
  WITH ('connector' = 'kafka', 'topic' = 'orders', 'properties.bootstrap.servers' = 'nowhere:1', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset');
CREATE TABLE totals (customer STRING, n BIGINT, amount DOUBLE, PRIMARY KEY (customer) NOT ENFORCED)
  WITH ('connector' = 'upsert-kafka', 'topic' = 'totals', 'properties.bootstrap.servers' = 'nowhere:1', 'key.format' = 'json', 'value.format' = 'json');
CREATE VIEW first_tags AS SELECT id, tags[1] AS tag, happened FROM orders;
BEGIN STATEMENT SET;
INSERT INTO totals SELECT customer, COUNT(*), SUM(CAST(amount AS DOUBLE)) FROM orders GROUP BY customer;
END;
`

// testRun runs weir test on a file of tests, and gives what it printed without times.
func testRun(t *testing.T, tests string, args ...string) (code int, printed string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"orders.sql": ordersScript, "orders.test.yaml": tests,
		"rows.csv":   "id,customer,amount\n1,amy,1.5\n2,amy,\n3,'',2\n",
		"rows.jsonl": `{"id": 1, "customer": "amy", "amount": 1.10, "tags": ["a", null]}` + "\n\n" + `{"id": 2}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, problems bytes.Buffer
	s := &session{in: strings.NewReader(""), out: &out, err: &problems, getenv: func(string) string { return "" }}
	code = execute(t.Context(), s, append([]string{"test", dir}, args...))
	text := strings.ReplaceAll(out.String()+problems.String(), dir+string(filepath.Separator), "")
	return code, regexp.MustCompile(`\d+\.\d+ s`).ReplaceAllString(text, "TIME")
}

func TestTestsPass(t *testing.T) {
	code, printed := testRun(t, `
script: orders.sql
set: {table.local-time-zone: Europe/Berlin}
tests:
  - name: rows of a list
    given:
      orders:
        - &amy {id: 1, customer: amy, amount: 0.10}
        - {id: 2, customer: amy, amount: 0.2}
        - {id: 3, customer: '', amount: 7}
    expect:
      totals:
        - {amount: 0.3, n: 2, customer: amy}
        - {customer: '', n: 1, amount: 7}
  - name: rows of files
    given: {orders: {file: rows.csv}}
    expect: {totals: [{n: 2, customer: amy}, {n: 1, customer: ''}]}
  - name: a view, its time zone and nested values
    given: {orders: [{id: 1, tags: [x, y], happened: 2024-07-01 12:00:00}, {id: 2, happened: "2024-07-01T10:00:00.5Z"}]}
    expect:
      first_tags:
        - {id: 1, tag: x, happened: "2024-07-01 12:00:00.000"}
        - {id: 2, tag: null, happened: 2024-07-01T10:00:00.5Z}
  - name: a view of the test
    setup: CREATE VIEW many AS SELECT customer FROM orders WHERE id > 1
    given: {orders: {file: rows.jsonl}}
    expect: {many: {count: 1}, "`+"`first_tags`"+`": "id, tag\n1, a\n2,"}
  - name: changes
    ways: [one]
    given: {orders: [*amy, *amy]}
    expect:
      totals: {changes: [{customer: amy, n: 1, amount: 0.1}, {$op: +U, customer: amy, n: 2, amount: 0.2}]}
  - name: nothing
    given: {orders: []}
    expect: {totals: []}
`)
	want := `orders.test.yaml
  ok    rows of a list                                       5 ways  TIME
  ok    rows of files                                        5 ways  TIME
  ok    a view, its time zone and nested values              5 ways  TIME
  ok    a view of the test                                   5 ways  TIME
  ok    changes                                              1 way  TIME
  ok    nothing                                              5 ways  TIME
6 tests, all passed  (TIME)
`
	if code != client.ExitDone || printed != want {
		t.Errorf("exit code %d, printed\n%s\nwanted\n%s", code, printed, want)
	}
}

func TestTestsFail(t *testing.T) {
	code, printed := testRun(t, `
script: orders.sql
tests:
  - name: other rows
    given: {orders: [{id: 1, customer: amy, amount: 1}, {id: 2, customer: "5: x", amount: 1}]}
    expect: {totals: [{customer: amy, n: 2}, {customer: bob, n: 1}]}
  - name: another number
    given: {orders: [{id: 1, customer: x}]}
    expect: {totals: {count: 2}}
  - name: other changes
    given: {orders: [{id: 1, customer: amy, amount: 1}, {id: 2, customer: amy}]}
    expect: {totals: {changes: [{customer: amy, n: 1}, {$op: -U, customer: amy, n: 1}]}}
  - name: no rows given
    expect: {totals: []}
  - name: rows for nobody
    given: {orders: [], others: []}
    expect: {totals: []}
  - name: no such sink
    given: {orders: []}
    expect: {totals_of_all: []}
  - name: no such column
    given: {orders: [{id: 1, costumer: amy}]}
    expect: {totals: []}
  - name: no such column expected
    given: {orders: [{id: 1, customer: x}]}
    expect: {totals: [{many: 1}]}
  - name: a value is missing
    given: {orders: [{customer: amy}]}
    expect: {totals: []}
  - name: a value of another type
    given: {orders: [{id: one}]}
    expect: {totals: []}
  - name: a change where none can be
    given: {orders: [{id: 1, $op: -D}]}
    expect: {totals: []}
  - name: a failure that does not come
    given: {orders: []}
    fails: overflow
  - name: another failure
    setup: INSERT INTO nothing SELECT 1
    given: {orders: []}
    fails: overflow
`)
	want := `orders.test.yaml
  FAIL  other rows  (line 4)
        totals has other rows:
          unwanted {customer: "5: x", n: 1}
          unwanted {customer: amy, n: 1}
          missing  {customer: amy, n: 2}
          missing  {customer: bob, n: 1}
  FAIL  another number  (line 7)
        totals has 1 row, and must have 2
  FAIL  other changes  (line 10)
        totals has other changes, from change 2 on:
          expected:
            - {$op: -U, customer: amy, n: 1}
          came:
            - {$op: +U, customer: amy, n: 2}
  FAIL  no rows given  (line 13)
        table orders is read, and no rows are given for it: connector kafka reads without end
  FAIL  rows for nobody  (line 15)
        orders.test.yaml:16: rows are given for others, which is not read
  FAIL  no such sink  (line 18)
        SELECT * FROM totals_of_all: Object 'totals_of_all' not found
  FAIL  no such column  (line 21)
        orders.test.yaml:22: table orders has no column costumer that rows can be given for; it has id, customer, amount, tags, happened
  FAIL  no such column expected  (line 24)
        orders.test.yaml:26: table totals has no column many; it has customer, n, amount
  FAIL  a value is missing  (line 27)
        orders.test.yaml:28: column id of table orders is INT NOT NULL, and needs a value
  FAIL  a value of another type  (line 30)
        orders.test.yaml:31: column id: for input string "one": invalid character found
  FAIL  a change where none can be  (line 33)
        orders.test.yaml:34: -D is given to table orders, and connector kafka gives inserts only
  FAIL  a failure that does not come  (line 36)
        it ended well, and must fail with "overflow"
  FAIL  another failure  (line 39)
        it must fail with "overflow", and failed with:
        line 11, column 13: Cannot find table '` + "`" + `default_catalog` + "`" + `.` + "`" + `default_database` + "`" + `.` + "`" + `nothing` + "`" + `' in any of the catalogs [default_catalog], nor as a temporary table.
13 tests, 13 failed  (TIME)
`
	if code != client.ExitFailed || printed != want {
		t.Errorf("exit code %d, printed\n%s\nwanted\n%s", code, printed, want)
	}
}

func TestFilesOfTestsThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "the file is empty",
		"- 1":                                 "orders.test.yaml:1: the file is a mapping of fields",
		"tests: []":                           "there is no test in it",
		"scripts: x":                          `orders.test.yaml:1: the file has no field "scripts"; it has script, set, setup, tests, vars`,
		"tests: [{name: a, expect: {t: []}}]": "say which script is tested",
		"script: none.sql\ntests: [{name: a, expect: {t: []}}]":                            "read script: open ",
		"script: orders.sql\ntests: [{expect: {t: []}}]":                                   "orders.test.yaml:2: a test needs a name",
		"script: orders.sql\ntests: [{name: a}]":                                           `test "a" expects nothing`,
		"script: orders.sql\ntests: [{name: a, ways: [two], expect: {t: []}}]":             `no way "two"; there are one, three, savepoint, recover, chain`,
		"script: orders.sql\ntests: [{name: a, expect: {t: [1]}}]":                         "orders.test.yaml:2: a row is COLUMN: value",
		"script: orders.sql\ntests: [{name: a, expect: {t: {file: a.csv}}}]":               "read rows: open ",
		"script: orders.sql\ntests: [{name: a, expect: {t: {file: orders.sql}}}]":          "rows are read from .csv, .jsonl, .json and .yaml",
		"script: orders.sql\ntests: [{name: a, expect: {t: {rows: [], count: 1}}}]":        "needs exactly one of its fields",
		"script: orders.sql\ntests: [{name: a, expect: {t: {count: -1}}}]":                 "count is a number of rows",
		"script: orders.sql\ntests: [{name: a, expect: {t: [{$op: x}]}}]":                  "$op is +I, -U, +U or -D, not x",
		"script: orders.sql\ntests:\n- name: a\n  expect:\n    t: |\n      a,b\n      1\n": "wrong number of fields",
		"script: orders.sql\ntests: [":                                                     "did not find expected",
	} {
		if code, printed := testRun(t, text); code != client.ExitFailed || !strings.Contains(printed, want) {
			t.Errorf("%q: exit code %d, printed %s, wanted %s", text, code, printed, want)
		}
	}
	if code, printed := testRun(t, "script: orders.sql\ntests: [{name: a, expect: {t: []}}]", "--run", "b"); code != client.ExitUsage || !strings.Contains(printed, `no test has a name that "b" matches`) {
		t.Errorf("exit code %d, printed %s", code, printed)
	}
}

func TestReportsOfTests(t *testing.T) {
	const tests = "script: orders.sql\ntests:\n- {name: a, given: {orders: []}, expect: {totals: []}}\n- {name: b, given: {orders: []}, expect: {totals: {count: 1}}}\n"
	code, printed := testRun(t, tests, "--output", "junit", "--ways", "one")
	if code != client.ExitFailed || !strings.Contains(printed, `<testsuites tests="2" failures="1">`) || !strings.Contains(printed, `<failure message="totals has 0 rows, and must have 1">`) {
		t.Errorf("exit code %d, printed %s", code, printed)
	}
	code, printed = testRun(t, tests, "--output", "json", "--ways", "one")
	var files []fileResult
	if err := json.Unmarshal([]byte(printed), &files); err != nil || code != client.ExitFailed || len(files) != 1 || len(files[0].Tests) != 2 || files[0].Tests[1].Failure == "" || files[0].Tests[1].Line != 4 {
		t.Errorf("exit code %d, %v, printed %s", code, err, printed)
	}
}
