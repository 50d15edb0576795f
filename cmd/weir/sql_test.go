package main

import (
	"context"
	"strings"
	"testing"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/engine/data"
)

func TestSQLOfAFile(t *testing.T) {
	for _, c := range []struct {
		name, in string
		args     []string
		code     int
		out, err string
	}{
		{"rows", "SELECT 1 AS x; SELECT 'a;b' AS y", []string{"--output", "csv"}, 0, "op,x\n+I,1\nop,y\n+I,a;b\n", ""},
		{"declared and used", "CREATE VIEW v AS SELECT 1 AS x;\nSHOW VIEWS;", nil, 0, "view name\n--------------------\nv\n", ""},
		{"the first mistake ends it", "SELECT 1 AS x;\n\n SELECT nope;\nSELECT 2 AS y;", []string{"--output", "csv"}, 1, "op,x\n+I,1\n", "weir: -:3:9: Column 'nope' not found in any table\n"},
		{"a mistake as JSON", "SELECT nope", []string{"--output", "json"}, 1, `{"statement":1,"kind":"error","message":"Column 'nope' not found in any table","line":1,"column":8}` + "\n", ""},
		{"a setting", "SET 'table.local-time-zone' = 'Asia/Tokyo'; SELECT TO_TIMESTAMP_LTZ(0, 0) AS x", []string{"--output", "csv"}, 0, "op,x\n+I,1970-01-01 09:00:00.000\n", ""},
		{"no jobs here", "SHOW JOBS", nil, 1, "", "see jobs with `weir get jobs`"},
		{"wrong mode", "", []string{"--mode", "fast"}, 2, "", "--mode must be streaming or batch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, err strings.Builder
			code := execute(context.Background(), newSession(strings.NewReader(c.in), &out, &err), append([]string{"sql"}, c.args...))
			if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(err.String(), c.err) {
				t.Errorf("code %d, want %d\nout:\n%s\nwant:\n%s\nerrors: %s\nwant: %s", code, c.code, out.String(), c.out, err.String(), c.err)
			}
		})
	}
}

func TestWordsAreCompleted(t *testing.T) {
	for _, c := range []struct {
		typed, word, end string
		ok               bool
	}{
		{"", "SELECT", "SELECT", true},
		{"se", "SELECT", "lect", true},
		{"SE", "SELECT", "LECT", true},
		{"car", "carrier", "rier", true},
		{"car", "Carrier", "rier", true},
		{"car", "origin", "", false},
		{"carrier", "car", "", false},
	} {
		if end, ok := wordEnd(c.typed, c.word); end != c.end || ok != c.ok {
			t.Errorf("wordEnd(%q, %q) = %q, %v; want %q, %v", c.typed, c.word, end, ok, c.end, c.ok)
		}
	}
	for line, want := range map[string]string{"": "", "SELECT a": "a", "SELECT t.ab": "ab", "f(x": "x", "SELECT ": "", "`a b": "b"} {
		if got := line[wordStart([]rune(line)):]; got != want {
			t.Errorf("the word at the end of %q is %q, want %q", line, got, want)
		}
	}
}

// A table that changes for ever takes no more room than its rows.
func TestMaterializedTable(t *testing.T) {
	text := func(words ...string) []*string {
		row := make([]*string, len(words))
		for i := range words {
			if words[i] != "-" {
				row[i] = &words[i]
			}
		}
		return row
	}
	show := func(m *materialized) string {
		var all []string
		for _, row := range m.rows(-1) {
			var cells []string
			for _, v := range row {
				cells = append(cells, cellText(v))
			}
			all = append(all, strings.Join(cells, ","))
		}
		return strings.Join(all, " ")
	}
	m := newMaterialized()
	m.apply(data.Insert, text("a", "1"))
	m.apply(data.Insert, text("b", "1"))
	m.apply(data.Insert, text("b", "1"))
	m.apply(data.Insert, text("-", "9"))
	m.apply(data.UpdateBefore, text("a", "1"))
	m.apply(data.UpdateAfter, text("a", "2"))
	m.apply(data.Delete, text("b", "1"))
	m.apply(data.Delete, text("x", "1")) // never there
	if got := show(m); got != "a,2 b,1 <NULL>,9" || m.live != 3 {
		t.Errorf("the table is %q with %d rows", got, m.live)
	}
	for range 10_000 {
		m.apply(data.Insert, text("n", "1"))
		m.apply(data.Insert, text("n", "2"))
		m.apply(data.Delete, text("n", "1"))
		m.apply(data.Delete, text("n", "2"))
	}
	if got := show(m); got != "a,2 b,1 <NULL>,9" || len(m.list) > 2000 {
		t.Errorf("after many changes the table is %q in %d places", got, len(m.list))
	}
}

func TestMistakesHaveTheirPlace(t *testing.T) {
	var out strings.Builder
	sh := &shell{out: &out}
	sh.mistake("SELECT\n\tnope", &client.SQLError{Message: "no such column", Line: 2, Column: 2})
	if want := "error in line 2, column 2: no such column\n   nope\n   ^\n\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
