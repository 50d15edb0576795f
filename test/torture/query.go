package torture

import "strings"

// query is what a schedule runs.
type query struct {
	columns string
	sql     string
	view    string // c
	changes bool   // its result is updated: the files hold a changelog
}

var queries = map[string]query{
	"windows": {columns: "k STRING, s TIMESTAMP(3), n BIGINT, d BIGINT, v INT", sql: `
		SELECT k, window_start, COUNT(*), COUNT(DISTINCT other), SUM(v) FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY k, window_start, window_end`},
	"sessions": {columns: "k STRING, s TIMESTAMP(3), e TIMESTAMP(3), n BIGINT", sql: `
		SELECT k, window_start, window_end, COUNT(*) FROM TABLE(SESSION(TABLE a PARTITION BY k, DESCRIPTOR(ts), INTERVAL '0.7' SECOND)) GROUP BY k, window_start, window_end`},
	"join": {columns: "x BIGINT, y BIGINT, k STRING", sql: `
		SELECT a.id, b.id, a.k FROM a JOIN b ON a.id = b.other AND a.v < 800`},
	"interval": {columns: "x BIGINT, y BIGINT", sql: `
		SELECT a.id, b.id FROM a JOIN b ON a.k = b.k AND a.ts BETWEEN b.ts - INTERVAL '1' SECOND AND b.ts + INTERVAL '1' SECOND`},
	"full": {columns: "x BIGINT, y BIGINT", sql: `
		SELECT a.id, b.id FROM a FULL JOIN b ON a.k = b.k AND a.ts BETWEEN b.ts - INTERVAL '0.3' SECOND AND b.ts + INTERVAL '0.6' SECOND AND a.v < b.v`},
	// Versions of a key come from one split, and so in the order of time: those out of
	// order are none.
	"temporal": {columns: "x BIGINT, y BIGINT, k BIGINT", view: `
		SELECT k, id, v, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) AS n FROM (SELECT MOD(id, 40) AS k, id, v, ts FROM b)) WHERE n = 1`, sql: `
		SELECT d.id, c.id, d.k FROM (SELECT id, MOD(other, 40) AS k, ts FROM a) AS d LEFT JOIN c FOR SYSTEM_TIME AS OF d.ts ON d.k = c.k AND c.v > 200`},
	"sorted": {columns: "k STRING, id BIGINT, v INT", sql: `
		SELECT k, id, v FROM a ORDER BY ts, v DESC`},
	"distinct": {columns: "k STRING, s TIMESTAMP(3), e TIMESTAMP(3), n BIGINT, d BIGINT", sql: `
		SELECT k, window_start, window_end, COUNT(DISTINCT v), SUM(DISTINCT other) FROM TABLE(SESSION(TABLE a PARTITION BY k, DESCRIPTOR(ts), INTERVAL '0.7' SECOND))
		GROUP BY k, window_start, window_end`},
	"first": {columns: "k STRING, s TIMESTAMP(3), id BIGINT", sql: `
		SELECT k, window_start, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, k ORDER BY v, id DESC) AS n
		FROM TABLE(HOP(TABLE a, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND))) WHERE n = 1`},
	"over": {columns: "id BIGINT, n BIGINT, s INT", sql: `
		SELECT id, COUNT(*) OVER (PARTITION BY k ORDER BY ts), SUM(v) OVER (PARTITION BY k ORDER BY ts) FROM a`},
	"top": {columns: "k STRING, s TIMESTAMP(3), id BIGINT, n BIGINT", sql: `
		SELECT k, window_start, id, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, k ORDER BY v DESC, id) AS n
		FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND))) WHERE n <= 3`},
	"match": {columns: "k STRING, x BIGINT, y BIGINT, n BIGINT", sql: `
		SELECT * FROM a MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES A.id AS x, LAST(B.id) AS y, COUNT(*) AS n
		AFTER MATCH SKIP PAST LAST ROW PATTERN (A B+ C) DEFINE B AS B.v > A.v, C AS C.v < A.v)`},
	"groups": {columns: "k STRING, n BIGINT, m INT, s INT", changes: true, sql: `
		SELECT k, COUNT(*), MAX(v), SUM(v) FROM a GROUP BY k`},
	"outer": {columns: "x BIGINT, n BIGINT, c BIGINT", changes: true, sql: `
		SELECT a.id, b.n, b.c FROM a LEFT JOIN (SELECT other, COUNT(*) AS n, COUNT(DISTINCT k) AS c FROM b WHERE v < 500 GROUP BY other) AS b ON a.id = b.other WHERE a.v < 300`},
}

// script is the query as one job.
func (q query) script() string {
	format := "'format' = 'csv'"
	if q.changes {
		format = "'format' = 'debezium-json'"
	}
	table := `CREATE TABLE NAME (k STRING, id BIGINT, other BIGINT, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '0.001' SECOND) WITH ('connector' = 'numbers');
`
	view := ""
	if q.view != "" {
		view = "CREATE TEMPORARY VIEW c AS" + q.view + ";\n"
	}
	return strings.ReplaceAll(table, "NAME", "a") + strings.ReplaceAll(table, "NAME", "b") + view +
		"CREATE TABLE outcome (" + q.columns + ") WITH ('connector' = 'files', 'path' = 'out', " + format + ");\nINSERT INTO outcome" + q.sql + ";\n"
}
