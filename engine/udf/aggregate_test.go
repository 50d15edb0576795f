package udf_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/udf"
	"github.com/weir-streams/weir/engine/udf/udftest"
)

// mean is that of the example, for a program.
type mean struct {
	Sum    float64
	Weight int64
}

var meanFold = udf.Fold2[float64, int64, mean, udf.Null[float64]]{
	Add:     func(m *mean, x float64, w int64) { m.Sum += x * float64(w); m.Weight += w },
	Retract: func(m *mean, x float64, w int64) { m.Sum -= x * float64(w); m.Weight -= w },
	Merge:   func(m, o *mean) { m.Sum += o.Sum; m.Weight += o.Weight },
	Value: func(m *mean) udf.Null[float64] {
		if m.Weight == 0 {
			return udf.Null[float64]{}
		}
		return udf.Null[float64]{V: m.Sum / float64(m.Weight), Valid: true}
	},
}

// longest is that of the example, for a program.
type longest struct {
	Text  string
	Any   bool
	Nulls int
}

var longestFold = udf.Fold1[udf.Null[string], longest, udf.Null[string]]{
	Add: func(l *longest, text udf.Null[string]) {
		if !text.Valid {
			l.Nulls++
		} else if !l.Any || len(text.V) > len(l.Text) {
			l.Text, l.Any = strings.Clone(text.V), true
		}
	},
	Value: func(l *longest) udf.Null[string] {
		return udf.Null[string]{V: l.Text + strings.Repeat("?", l.Nulls), Valid: l.Any || l.Nulls > 0}
	},
}

// An aggregate function wherever aggregate functions stand, in a module and in a program.
func TestAggregates(t *testing.T) {
	path := udftest.Go(t)
	for _, c := range []struct {
		name, declare string
		engine        *engine.Engine
	}{
		{"module", udftest.Declare("weighted", "weighted", path) + udftest.Declare("longest", "longest", path), engine.New(engine.Config{})},
		{"program", "", engine.New(engine.Config{Functions: []udf.Function{udf.Aggregate2("weighted", meanFold), udf.Aggregate1("longest", longestFold)}})},
	} {
		t.Run(c.name, func(t *testing.T) {
			const orders = ` (VALUES (1, 'a', 10.0, 1), (2, 'b', 20.0, 3), (3, 'a', 30.0, 3), (4, 'a', CAST(NULL AS DOUBLE), 5), (5, 'c', 7.0, 0)) AS t(id, k, price, n)`
			batch := "SET 'execution.runtime-mode' = 'batch';\n" + c.declare
			check(t, c.engine, batch+`SELECT k, weighted(price, n), COUNT(*) FROM`+orders+` GROUP BY k`, "a | 25.0 | 3", "b | 20.0 | 1", "c | NULL | 1")
			check(t, c.engine, batch+`SELECT weighted(price, n), longest(k) FROM`+orders, "22.857142857142858 | a")
			check(t, c.engine, batch+`SELECT weighted(price, n), longest(k) FROM`+orders+` WHERE id > 9`, "NULL | NULL")
			check(t, c.engine, batch+`SELECT k, weighted(price, n) FILTER (WHERE id > 1) FROM`+orders+` GROUP BY k HAVING weighted(price, n) IS NOT NULL`, "a | 30.0", "b | 20.0")
			check(t, c.engine, batch+`SELECT longest(DISTINCT s), longest(s) FROM (VALUES ('aa'), ('bb'), (CAST(NULL AS STRING)), (CAST(NULL AS STRING))) AS t(s)`, "aa | aa??")
			check(t, c.engine, batch+`SELECT k, longest(s) FROM (VALUES (1, 'x'), (1, CAST(NULL AS STRING)), (2, CAST(NULL AS STRING))) AS t(k, s) GROUP BY GROUPING SETS ((k), ())`, "1 | x?", "2 | ?", "NULL | x??")
			// OVER, growing and sliding: of longest only growing, as it takes nothing back
			check(t, c.engine, batch+`SELECT id, weighted(price, n) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM`+orders+` WHERE id < 4`, "1 | 10.0", "2 | 17.5", "3 | 25.0")
			check(t, c.engine, batch+`SELECT id, longest(s) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM (VALUES (1, 'x'), (2, 'xyz'), (3, 'y')) AS t(id, s)`, "1 | x", "2 | xyz", "3 | xyz")
			fails(t, c.engine, batch+`SELECT id, longest(s) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1, 'x')) AS t(id, s)`, "method 'retract' for function")

			fails(t, c.engine, c.declare+`SELECT longest(s) FROM (SELECT CAST(COUNT(*) AS STRING) AS s FROM`+orders+`)`, "retract", "takes no rows back")
			fails(t, c.engine, c.declare+`SELECT id FROM`+orders+` WHERE weighted(price, n) > 1`, "illegal in WHERE")
			fails(t, c.engine, c.declare+`SELECT weighted(weighted(price, n), n) FROM`+orders, "cannot be nested")
			fails(t, c.engine, c.declare+`SELECT weighted(price) FROM`+orders, "weighted(DOUBLE, BIGINT)")
		})
	}
}

// What a module does wrong while it aggregates fails the job with its words.
func TestAggregateBreaksDown(t *testing.T) {
	e := engine.New(engine.Config{Dir: filepath.Dir(udftest.Go(t))})
	// Only what never ends may take too long: starting an instance can take a while on
	// a machine that is busy.
	declare := "CREATE FUNCTION longest AS 'longest' LANGUAGE WASM USING ARTIFACT 'go.wasm' WITH ('timeout' = '300 ms');"
	fails(t, e, strings.Replace(declare, "300 ms", "10 min", 1)+`SELECT k, longest(s) FROM (VALUES (1, 'x'), (1, 'boom')) AS t(k, s) GROUP BY k`, "longest of go.wasm, called with (boom): it exploded")
	fails(t, e, declare+`SELECT k, longest(s) FROM (VALUES (1, 'x'), (1, 'for ever')) AS t(k, s) GROUP BY k`, "it took longer than 300ms and was stopped")
	fails(t, e, strings.Replace(declare, "'timeout' = '300 ms'", "'timeout' = '10 min', 'memory' = '24 mb'", 1)+`SELECT k, longest(s) FROM (VALUES (1, 'x'), (1, 'grow')) AS t(k, s) GROUP BY k`, "it ran out of its 25165824 bytes of memory", "option 'memory'")
}

// States of another layout belong to another operator: those of a savepoint are
// told to have no place, and are not read.
func TestLayoutOfStates(t *testing.T) {
	uid := func(state string) string {
		path := udftest.By{Describe: `{"abi":1,"functions":[{"name":"f","kind":"aggregate","args":["BIGINT"],"result":"BYTES","state":"` + state + `"}]}`}.Write(t)
		plan, err := engine.New(engine.Config{}).Compile(udftest.Declare("f", "f", path)+`SELECT x, f(x) FROM (VALUES (CAST(1 AS BIGINT))) AS t(x) GROUP BY x`, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range plan.Graph.Vertices {
			for _, op := range v.Ops {
				if op.GroupAggregate != nil {
					return op.UID
				}
			}
		}
		t.Fatal("no aggregation is planned")
		return ""
	}
	if a, again, b := uid("one"), uid("one"), uid("two"); a != again || a == b || a == "" {
		t.Errorf("states of one layout are those of %s and %s, of another %s", a, again, b)
	}
}

// Table functions of a program.
func TestTablesOfAProgram(t *testing.T) {
	e := engine.New(engine.Config{Functions: []udf.Function{
		udf.Table1("upto", func(n int64, out *udf.Rows) {
			for i := range n {
				out.Add(i+1, udf.Null[string]{V: strings.Repeat("x", int(i)), Valid: i > 0})
			}
		}, udf.Col[int64]("n"), udf.Col[udf.Null[string]]("s")),
	}})
	const table = ` FROM (VALUES (2), (0), (CAST(NULL AS INT))) AS t(k)`
	check(t, e, `SELECT k, n, s`+table+`, LATERAL TABLE(upto(k)) AS u(n, s)`, "2 | 1 | NULL", "2 | 2 | x")
	check(t, e, `SELECT k, n, s`+table+` LEFT JOIN LATERAL TABLE(UPTO(k)) AS u(n, s) ON TRUE`, "0 | NULL | NULL", "2 | 1 | NULL", "2 | 2 | x", "NULL | NULL | NULL")
	check(t, e, `SELECT n FROM TABLE(upto(2))`, "1", "2")
	fails(t, e, `SELECT upto(2)`, "upto is a table function")
	fails(t, e, `SELECT * FROM TABLE(upto('a'))`, "upto(BIGINT)")
}
