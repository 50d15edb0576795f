package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type followLine struct {
	Headers []tableHeader `json:"headers"`
	Rows    [][]*string   `json:"rows"`
	End     *followEnd    `json:"end"`
}

// opensFollow sends a query to be followed over a real connection.
func (w *world) opensFollow(ctx context.Context, query string, body map[string]any) (lines func() (followLine, bool)) {
	w.t.Helper()
	server := httptest.NewServer(w.mux)
	w.t.Cleanup(server.Close)
	text, _ := json.Marshal(body)
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+scripts+":follow"+query, strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = answer.Body.Close() })
	in := bufio.NewScanner(answer.Body)
	in.Buffer(nil, 4<<20)
	return func() (followLine, bool) {
		var l followLine
		if !in.Scan() {
			return l, false
		}
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			w.t.Fatalf("%s: %v", in.Text(), err)
		}
		return l, true
	}
}

// followedAll is everything that a followed query sends, rows as words.
func (w *world) followedAll(query string, body map[string]any) (headers, rows []string, end followEnd) {
	w.t.Helper()
	next := w.opensFollow(w.t.Context(), query, body)
	for {
		l, ok := next()
		if !ok {
			return headers, rows, end
		}
		for _, h := range l.Headers {
			headers = append(headers, h.Name+" "+h.Type)
		}
		for _, r := range l.Rows {
			var words []string
			for _, v := range r {
				if v == nil {
					words = append(words, "NULL")
				} else {
					words = append(words, *v)
				}
			}
			rows = append(rows, strings.Join(words, " "))
		}
		if l.End != nil {
			end = *l.End
		}
	}
}

func TestFollow(t *testing.T) {
	w := newWorld(t, Limits{FollowTime: 200 * time.Millisecond})
	w.must("CREATE TABLE n (a BIGINT) WITH ('connector'='datagen','rows-per-second'='1000','fields.a.kind'='sequence','fields.a.start'='1','fields.a.end'='1000000')")
	for _, tt := range []struct {
		name, query string
		body        map[string]any
		reason      string
		rows        string // the first ones
		failure     string
	}{
		{"changes", "", map[string]any{"statement": "SELECT a, SUM(b) FROM (VALUES ('x', 1), ('x', 2), ('y', CAST(NULL AS INT))) AS t(a, b) GROUP BY a"}, "END", "+I x 1|-U x 1|+U x 3|+I y NULL", ""},
		{"so many", "?limit=3", map[string]any{"statement": "SELECT a FROM n"}, "ROWS", "+I 1|+I 2|+I 3", ""},
		{"limit of the query", "", map[string]any{"statement": "SELECT a FROM n LIMIT 2"}, "END", "+I 1|+I 2", ""},
		{"so long", "", map[string]any{"statement": "SELECT a FROM n WHERE a < 0"}, "TIME", "", ""},
		{"before", "", map[string]any{"statement": "SELECT x FROM v", "before": []string{"SET 'table.local-time-zone' = 'UTC'", "CREATE TEMPORARY VIEW v AS SELECT 1 AS x"}}, "END", "+I 1", ""},
		{"mistake", "", map[string]any{"statement": "SELECT b FROM n"}, "FAILED", "", "'b'"},
		{"mistake before", "", map[string]any{"statement": "SELECT 1", "before": []string{"USE nowhere"}}, "FAILED", "", "before the query"},
		{"change of a catalog", "", map[string]any{"statement": "SELECT 1", "before": []string{"DROP TABLE n"}}, "FAILED", "", "changes the catalog"},
		{"no query", "", map[string]any{"statement": "SHOW TABLES"}, "FAILED", "", "only a query"},
		{"two", "", map[string]any{"statement": "SELECT 1; SELECT 2"}, "FAILED", "", "2 statements"},
		{"while it runs", "", map[string]any{"statement": "SELECT 10 / (a - 5) FROM n"}, "FAILED", "+I -2|+I -3|+I -5|+I -10", "by zero"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, rows, end := w.followedAll(tt.query, tt.body)
			if end.Reason != tt.reason || end.Message == "" {
				t.Fatalf("ended %+v with %d rows, want %s", end, len(rows), tt.reason)
			}
			// Rows that come in one batch with one that fails are lost with it.
			if got := strings.Join(rows, "|"); got != tt.rows && (tt.failure == "" || !strings.HasPrefix(tt.rows, got)) {
				t.Errorf("rows %s, want %s", got, tt.rows)
			}
			if tt.failure != "" && (end.Error == nil || !strings.Contains(end.Error.Message, tt.failure)) {
				t.Errorf("error %+v, want %s", end.Error, tt.failure)
			}
		})
	}
	if headers, _, _ := w.followedAll("", map[string]any{"statement": "SELECT 1 AS x"}); strings.Join(headers, ",") != "x INT NOT NULL" {
		t.Errorf("headers %v", headers)
	}
}

// Rows of an endless query arrive while it runs; a reader that goes away ends
// it and another has its place, and so does the end of the server.
func TestFollowedQueryEndsWithItsReader(t *testing.T) {
	w := newWorld(t, Limits{Follows: 1})
	w.must("CREATE TABLE n (a BIGINT) WITH ('connector'='datagen','rows-per-second'='1000')")
	query := map[string]any{"statement": "SELECT COUNT(*) FROM n"}
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		next := w.opensFollow(ctx, "", query)
		for seen := 0; seen < 10; {
			l, ok := next()
			if !ok || l.End != nil {
				t.Fatalf("ended %+v", l.End)
			}
			seen += len(l.Rows)
		}
		if code, text := w.call("POST", scripts+":follow", query); code != 503 || !strings.Contains(text, "no more at once") {
			t.Errorf("second query: %d %s", code, text)
		}
		cancel()
		for len(w.g.followed) > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	next := w.opensFollow(t.Context(), "", query)
	if _, ok := next(); !ok {
		t.Fatal("no headers")
	}
	w.g.EndStreams()
	for {
		l, ok := next()
		if !ok {
			t.Fatal("no word of the end")
		}
		if l.End != nil {
			if l.End.Reason != "STOPPED" {
				t.Errorf("ended %+v", l.End)
			}
			return
		}
	}
}
