package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
)

const numbersTable = "CREATE TABLE numbers (id BIGINT, k AS MOD(id, 3), small INT) WITH ('connector'='datagen', 'rows-per-second'='20000', " +
	"'fields.id.kind'='sequence', 'fields.id.start'='1', 'fields.id.end'='1000000000');\n" +
	"CREATE TABLE sums (a BIGINT, b BIGINT, c BIGINT, d BIGINT) WITH ('connector'='print');\n" +
	"CREATE TABLE rest (a BIGINT, b BIGINT, c BIGINT, d BIGINT) WITH ('connector'='print');\n"

// seen waits for rows of a printed table.
type seen struct {
	mu   sync.Mutex
	rows [][]string
	some chan struct{}
}

func (s *seen) take(rows []connector.Printed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		row := make([]string, len(r.Values))
		for i, v := range r.Values {
			row[i] = "null"
			if v != nil {
				row[i] = *v
			}
		}
		s.rows = append(s.rows, row)
	}
	s.rows = s.rows[max(0, len(s.rows)-1000):]
	if len(s.rows) >= 50 {
		select {
		case s.some <- struct{}{}:
		default:
		}
	}
}

func startPlan(t *testing.T, e *Engine, script, savepoint string, allow bool) (*Job, *Plan, *seen) {
	t.Helper()
	p, err := e.Compile(script, map[string]string{"parallelism.default": "1"})
	if err != nil {
		t.Fatal(err)
	}
	s := &seen{some: make(chan struct{}, 1)}
	j, err := e.Start(t.Context(), JobSpec{ID: jobID, Name: "plan", Graph: p.Graph, Config: p.Config, SavepointPath: savepoint, AllowNonRestored: allow, Print: s.take})
	if err != nil {
		t.Fatal(err)
	}
	return j, p, s
}

// What a comparison says of a savepoint and a new script is what a start from
// it does: it is refused exactly when state is lost, and what is kept goes on
// where it was. Counts of a sequence prove it: each is the last number.
func TestComparisonAgreesWithTheStart(t *testing.T) {
	e := New(Config{})
	sums := func(body string) string { return numbersTable + "INSERT INTO sums " + body }
	first := sums("SELECT COUNT(*), MAX(id), SUM(id), MIN(id) FROM numbers")
	j, _, out := startPlan(t, e, first, "", false)
	<-out.some
	path, err := j.Savepoint(t.Context(), SavepointRequest{Dir: t.TempDir(), Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, script string
		fates        map[string]string // of operators, by the beginning of the name
		// columns of COUNT and MAX in the rows given; a negative one: no such check
		count, max int
		grouped    bool
	}{
		{"the same", first, map[string]string{"Source": "KEPT", "GroupAggregate": "KEPT"}, 0, 1, false},
		{
			"another order of aggregates", sums("SELECT SUM(id), MIN(id), MAX(id), COUNT(*) FROM numbers"),
			map[string]string{"Source": "KEPT", "GroupAggregate": "KEPT"},
			3, 2, false,
		},
		{
			"a filter above and another column of what there is", sums("SELECT n, m, s + n, l FROM (SELECT MIN(id) AS l, SUM(id) AS s, COUNT(*) AS n, MAX(id) AS m FROM numbers) WHERE n > 5"),
			map[string]string{"Source": "KEPT", "GroupAggregate": "KEPT"},
			0, 1, false,
		},
		{
			"a second use of the source", first + ";\nINSERT INTO rest SELECT id, id, id, id FROM numbers WHERE id < 0",
			map[string]string{"Source": "KEPT", "GroupAggregate": "KEPT"},
			0, 1, false,
		},
		{
			"one more aggregate", sums("SELECT COUNT(*), MAX(id), SUM(id), AVG(id) FROM numbers"),
			map[string]string{"Source": "KEPT", "GroupAggregate": "NEW LOST"},
			-1, -1, false,
		},
		{
			"a filter below", sums("SELECT COUNT(*), MAX(id), SUM(id), MIN(id) FROM numbers WHERE id > 0"),
			map[string]string{"Source": "KEPT", "GroupAggregate": "NEW LOST"},
			-1, -1, false,
		},
		{
			"another type below", strings.Replace(first, "id BIGINT", "id INT", 1),
			map[string]string{"Source": "KEPT", "GroupAggregate": "NEW LOST"},
			-1, -1, false,
		},
		{
			"groups", sums("SELECT COUNT(*), MAX(id), SUM(id), MIN(id) FROM numbers GROUP BY k"),
			map[string]string{"Source": "KEPT", "GroupAggregate": "NEW LOST"},
			-1, -1, true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := e.Compile(tt.script, map[string]string{"parallelism.default": "1"})
			if err != nil {
				t.Fatal(err)
			}
			verdicts, err := e.CompareSavepoint(path, p.Graph, p.Config)
			if err != nil {
				t.Fatal(err)
			}
			lost := false
			got := map[string][]string{}
			for _, v := range verdicts {
				kind, _, _ := strings.Cut(v.Name, ":")
				got[kind] = append(got[kind], string(v.Fate))
				lost = lost || v.Fate == StateLost
				if v.Fate != StateNew && (v.Rows == 0 && v.Items == 0 || v.Bytes == 0) {
					t.Errorf("%s: no size: %+v", v.Name, v)
				}
				if v.Fate == StateLost && v.Reason == "" {
					t.Errorf("%s: no reason", v.Name)
				}
			}
			for kind, want := range tt.fates {
				for _, fate := range strings.Fields(want) {
					if !strings.Contains(strings.Join(got[kind], " "), fate) {
						t.Errorf("%s: %v, want %s; all: %+v", kind, got[kind], want, verdicts)
					}
				}
			}
			j, _, out := startPlan(t, e, tt.script, path, false)
			if lost {
				if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "no operator of the job takes") {
					t.Fatalf("the job ended with %v although state is lost", err)
				}
				j, _, out = startPlan(t, e, tt.script, path, true)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() { _ = j.Wait(t.Context()); cancel() }()
			select {
			case <-out.some:
			case <-ctx.Done():
				t.Fatalf("the job ended: %v", j.Wait(t.Context()))
			}
			j.Cancel()
			<-ctx.Done()
			if tt.count >= 0 {
				out.mu.Lock()
				defer out.mu.Unlock()
				for _, row := range out.rows {
					n, _ := strconv.ParseInt(row[tt.count], 10, 64)
					if m, _ := strconv.ParseInt(row[tt.max], 10, 64); n != m || n == 0 {
						t.Fatalf("COUNT %d and MAX %d: state was not kept (%s)", n, m, fmt.Sprint(row))
					}
				}
			}
		})
	}
}

func TestComparisonOfTwoScripts(t *testing.T) {
	e := New(Config{})
	compile := func(body string) *Plan {
		p, err := e.Compile(numbersTable+"INSERT INTO sums "+body, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a, b := compile("SELECT COUNT(*), 1, 2, 3 FROM numbers GROUP BY k"), compile("SELECT SUM(id), 1, 2, 3 FROM numbers GROUP BY k")
	verdicts, err := e.CompareGraphs(a.Graph, b.Graph)
	if err != nil {
		t.Fatal(err)
	}
	fates := map[string]bool{}
	for _, v := range verdicts {
		kind, _, _ := strings.Cut(v.Name, ":")
		fates[kind+" "+string(v.Fate)] = true
		if v.Bytes != 0 || v.Rows != 0 {
			t.Errorf("%+v has a size", v)
		}
	}
	for _, want := range []string{"Source KEPT", "GroupAggregate LOST", "GroupAggregate NEW"} {
		if !fates[want] {
			t.Errorf("%v, want %s", fates, want)
		}
	}
}

// An operator that means the same but keeps another form of state cannot take
// what there is: it is lost, and the reason says why.
func TestStateOfAnotherForm(t *testing.T) {
	e := New(Config{})
	script := numbersTable + "INSERT INTO sums SELECT COUNT(*), 1, 2, 3 FROM numbers GROUP BY small"
	j, _, out := startPlan(t, e, script, "", false)
	<-out.some
	path, err := j.Savepoint(t.Context(), SavepointRequest{Dir: t.TempDir(), Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(script, "small INT", "small STRING", 1)
	p, err := e.Compile(other, nil)
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := e.CompareSavepoint(path, p.Graph, p.Config)
	if err != nil {
		t.Fatal(err)
	}
	told := false
	for _, v := range verdicts {
		told = told || v.Fate == StateLost && v.Name == "GroupAggregate" && strings.Contains(v.Reason, "INT")
	}
	if !told {
		t.Errorf("%+v", verdicts)
	}
	if j, _, _ = startPlan(t, e, other, path, false); j.Wait(t.Context()) == nil {
		t.Error("the job took state of another form")
	}
	j, _, out = startPlan(t, e, other, path, true)
	<-out.some // it begins empty and runs
	j.Cancel()
	_ = j.Wait(t.Context())
	for _, config := range []map[string]string{{"pipeline.max-parallelism": "64"}, {"parallelism.default": "500"}} {
		if _, err := e.CompareSavepoint(path, p.Graph, config); err == nil {
			t.Errorf("%v: a start would fail, the comparison does not", config)
		}
	}
}

// Every operator with state comes back as what it was: the comparison finds
// nothing new and nothing lost, and the start agrees.
func TestStateOfEveryOperatorIsKept(t *testing.T) {
	e := New(Config{})
	const tables = "CREATE TABLE numbers (id BIGINT, k AS MOD(id, 3), ts AS TO_TIMESTAMP_LTZ(id, 3), WATERMARK FOR ts AS ts) WITH ('connector'='datagen', 'rows-per-second'='200000', " +
		"'fields.id.kind'='sequence', 'fields.id.start'='1', 'fields.id.end'='1000000000');\n" +
		"CREATE TABLE o (a BIGINT, b BIGINT) WITH ('connector'='print');\nINSERT INTO o "
	for name, query := range map[string]string{
		"distinct":      "SELECT k, COUNT(DISTINCT id) FROM numbers GROUP BY k",
		"retractions":   "SELECT MAX(n), MIN(n) FROM (SELECT k, COUNT(*) AS n FROM numbers GROUP BY k)",
		"tumble":        "SELECT k, COUNT(*) FROM TABLE(TUMBLE(TABLE numbers, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY k, window_start, window_end",
		"hop":           "SELECT k, MAX(id) FROM TABLE(HOP(TABLE numbers, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '2' SECOND)) GROUP BY k, window_start, window_end",
		"top":           "SELECT id, r FROM (SELECT id, k, ROW_NUMBER() OVER (PARTITION BY k ORDER BY id DESC) AS r FROM numbers) WHERE r <= 3",
		"deduplication": "SELECT id, k FROM (SELECT id, k, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) AS r FROM numbers) WHERE r = 1",
		"join":          "SELECT x.id, y.id FROM (SELECT id FROM numbers WHERE id < 100000) x JOIN (SELECT id + 1 AS id FROM numbers WHERE id < 100000) y ON x.id = y.id",
		"outer join":    "SELECT x.id, y.n FROM (SELECT id, k FROM numbers WHERE id < 1000000) x LEFT JOIN (SELECT k, COUNT(*) AS n FROM numbers WHERE id < 100 GROUP BY k) y ON x.k = y.k",
		"over":          "SELECT id, SUM(id) OVER (PARTITION BY k ORDER BY ts ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM numbers",
	} {
		t.Run(name, func(t *testing.T) {
			j, p, out := startPlan(t, e, tables+query, "", false)
			ended := waited(t, j)
			select {
			case <-out.some:
			case err := <-ended:
				t.Fatalf("the job ended: %v", err)
			}
			path, err := j.Savepoint(t.Context(), SavepointRequest{Dir: t.TempDir(), Stop: true})
			if err != nil {
				t.Fatal(err)
			}
			verdicts, err := e.CompareSavepoint(path, p.Graph, p.Config)
			if err != nil || len(verdicts) < 2 {
				t.Fatal(verdicts, err)
			}
			for _, v := range verdicts {
				if v.Fate != StateKept {
					t.Errorf("%+v", v)
				}
			}
			<-ended
			j, _, out = startPlan(t, e, tables+query, path, false)
			select {
			case <-out.some:
			case err := <-waited(t, j):
				t.Fatalf("the job did not start from what it left: %v", err)
			}
			j.Cancel()
			_ = j.Wait(t.Context())
		})
	}
}

// A column that becomes wider takes its state along.
func TestWiderColumnsKeepTheirState(t *testing.T) {
	e := New(Config{})
	query := numbersTable + "INSERT INTO rest SELECT k, id, small, 0 FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY id DESC) AS rn FROM numbers) WHERE rn <= 2"
	j, _, out := startPlan(t, e, query, "", false)
	<-out.some
	path, err := j.Savepoint(t.Context(), SavepointRequest{Dir: t.TempDir(), Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ from, to, fate string }{
		{"small INT", "small BIGINT", "MIGRATED"}, {"small INT", "small INT", "KEPT"}, {"small INT", "small SMALLINT", "LOST"},
	} {
		script := strings.Replace(query, tt.from, tt.to, 1)
		p, err := e.Compile(script, map[string]string{"parallelism.default": "1"})
		if err != nil {
			t.Fatal(err)
		}
		verdicts, err := e.CompareSavepoint(path, p.Graph, p.Config)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, v := range verdicts {
			if v.Name == "TopN" {
				found = string(v.Fate) == tt.fate && (v.Reason == "") == (tt.fate == "KEPT")
			}
		}
		if !found {
			t.Errorf("%s: %+v", tt.to, verdicts)
		}
		j, _, out := startPlan(t, e, script, path, false)
		if tt.fate == "LOST" {
			if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot hold all values") {
				t.Errorf("%s: got %v", tt.to, err)
			}
			continue
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = j.Wait(t.Context()); cancel() }()
		select {
		case <-out.some:
		case <-ctx.Done():
			t.Fatalf("%s: the job ended: %v", tt.to, j.Wait(t.Context()))
		}
		j.Cancel()
		<-ctx.Done()
	}
}

// waited tells how a job ended, when it has.
func waited(t *testing.T, j *Job) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- j.Wait(t.Context()) }()
	return ended
}
