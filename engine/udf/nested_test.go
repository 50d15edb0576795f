package udf_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/udf/udftest"
)

// Lists, maps and rows, in and out of a module, with NULLs at every depth.
func TestNestedValues(t *testing.T) {
	path := udftest.Go(t)
	e := engine.New(engine.Config{})
	declare := udftest.Declare("tally", "tally", path) + udftest.Declare("label", "label", path)
	check(t, e, declare+`SELECT id, tally(a) FROM (VALUES (1, ARRAY['a', 'bb', 'a']), (2, ARRAY['x']), (3, CAST(NULL AS ARRAY<STRING>)), (4, ARRAY[CAST(NULL AS STRING), 'c'])) AS t(id, a)`,
		"1 | ({a=2, bb=1}, [[bb], [], [bb]], 4.50, a)", "2 | ({x=1}, [[]], 1.50, x)", "3 | NULL", "4 | ({c=1}, [[]], 3.00, NULL)")
	check(t, e, declare+`SELECT id, CASE WHEN MOD(id, 2) = 0 THEN tally(ARRAY[w]).words END, tally(ARRAY[w]).longer[1] FROM (VALUES (1, 'p'), (2, 'q'), (3, 'r'), (4, 's')) AS t(id, w)`,
		"1 | NULL | []", "2 | {q=1} | []", "3 | NULL | []", "4 | {s=1} | []")
	check(t, e, declare+`SELECT label(p, MAP['a', 'alpha']) FROM (VALUES (ROW(CAST(1 AS BIGINT), CAST(2 AS BIGINT), 'a')), (ROW(3, 4, CAST(NULL AS STRING))), (CAST(NULL AS ROW<x BIGINT, y BIGINT, n STRING>))) AS t(p)`,
		"@3,4", "NULL", "alpha@1,2")
	fails(t, e, declare+`SELECT label(p, MAP['a', 'b']) FROM (VALUES (ROW(CAST(NULL AS BIGINT), CAST(2 AS BIGINT), 'a'))) AS t(p)`, "a NULL within an argument where the function takes int64")
}

// Columns that hold others, there and back through a module made by hand.
func TestNestedThereAndBack(t *testing.T) {
	values := map[string]string{
		"ARRAY<STRING>":     "CASE WHEN n < 5 THEN ARRAY[CAST(n AS STRING), NULL] WHEN n < 9 THEN ARRAY[REPEAT('long text ', n)] END",
		"ARRAY<ARRAY<INT>>": "ARRAY[ARRAY[n, n + 1], ARRAY[n]]",
		"MAP<INT, DOUBLE>":  "MAP[n, n * 1.5E0, n + 100, 0E0]",
		"MULTISET<STRING>":  "CAST(NULL AS MULTISET<STRING>)",
		"ROW<a INT, b ROW<c ARRAY<DECIMAL(20, 2)>, d TIMESTAMP(6)>>": "CASE WHEN MOD(n, 3) > 0 THEN ROW(n, ROW(ARRAY[CAST(n AS DECIMAL(20, 2))], CAST('2024-01-02 03:04:05.678901' AS TIMESTAMP(6)))) END",
	}
	var types, forms []string
	for typ := range values {
		forms = append(forms, fmt.Sprintf(`{"name":"f%d","args":["%s"],"result":"%s","strict":%v}`, len(types), typ, typ, len(types)%2 == 0))
		types = append(types, typ)
	}
	path := udftest.By{Describe: `{"abi":1,"functions":[` + strings.Join(forms, ",") + `]}`, Memory: 64, Call: columnBack, Room: udftest.Const(1 << 16)}.Write(t)
	e := engine.New(engine.Config{})
	for i, typ := range types {
		table := `CREATE TABLE g (n INT) WITH ('connector' = 'datagen', 'number-of-rows' = '50', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '50');`
		want, err := rows(t, e, table+fmt.Sprintf("SELECT n, CAST(%s AS %s) FROM g WHERE MOD(n, 4) > 0", values[typ], typ))
		if err != nil {
			t.Errorf("%s: %v", typ, err)
			continue
		}
		check(t, e, udftest.Declare("f", fmt.Sprintf("f%d", i), path)+table+fmt.Sprintf("SELECT n, f(%s) FROM g WHERE MOD(n, 4) > 0", values[typ]), want...)
	}
}
