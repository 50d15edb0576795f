package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// run compiles and runs a script and waits for its end.
func run(t *testing.T, e *Engine, script string, config map[string]string) *Job {
	t.Helper()
	p, err := e.Compile(script, config)
	if err != nil {
		t.Fatal(err)
	}
	j, err := e.Start(t.Context(), JobSpec{ID: jobID, Name: p.Name, Graph: p.Graph, Config: p.Config})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Wait(t.Context()); err != nil {
		t.Fatalf("%v", err)
	}
	return j
}

// lines are all lines of the visible files of a folder, sorted.
func lines(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "[^.]*"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Split(strings.TrimSpace(string(b)), "\n")...)
	}
	slices.Sort(out)
	return out
}

func TestScriptFromFileToFile(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.Mkdir(in, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.csv": "1,apple,3\n2,pear,5\n", "b.csv": "3,apple,4\n4,fig,-1\n"} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	script := `
		CREATE TABLE orders (id BIGINT, item STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'csv');
		CREATE TABLE dest (id BIGINT, item STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
		INSERT INTO dest SELECT id, UPPER(item), n + 1 FROM orders WHERE n > 0;`
	for _, parallelism := range []string{"1", "3"} {
		if err := os.RemoveAll(filepath.Join(dir, "out")); err != nil {
			t.Fatal(err)
		}
		run(t, New(Config{Dir: dir}), script, map[string]string{"parallelism.default": parallelism})
		if got := strings.Join(lines(t, filepath.Join(dir, "out")), ";"); got != "1,APPLE,4;2,PEAR,6;3,APPLE,5" {
			t.Errorf("parallelism %s: got %s", parallelism, got)
		}
	}
}

func TestScriptThatPrints(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in.csv"), []byte("a,1\nb,2\na,3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	j := run(t, New(Config{Dir: dir}), `
		CREATE TABLE t (k STRING, v BIGINT) WITH ('connector' = 'filesystem', 'path' = 'in.csv', 'format' = 'csv');
		CREATE TABLE p (k STRING, n BIGINT, s BIGINT) WITH ('connector' = 'print');
		INSERT INTO p SELECT k, COUNT(*), SUM(v) FROM t GROUP BY k;`, nil)
	var got []string
	for _, r := range j.Output(0, 100)[0].Rows {
		text := r.Op.String()
		for _, v := range r.Values {
			text += " " + *v
		}
		got = append(got, text)
	}
	if s := strings.Join(got, "; "); s != "+I a 1 1; +I b 1 2; -U a 1 1; +U a 2 4" {
		t.Errorf("got %s", s)
	}
}

func TestSelectIsCollected(t *testing.T) {
	e := New(Config{})
	p, err := e.NewSession(nil).CompileScript("SELECT 1 + 1 AS two, UPPER('x') AS x")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	j, err := e.Start(t.Context(), JobSpec{ID: jobID, Graph: p.Graph, Collect: func(b *data.Batch) error {
		for i := range b.Len() {
			var row []byte
			for _, c := range b.Cols {
				row = append(data.AppendText(row, c, b.Row(i), nil), '|')
			}
			got = append(got, string(row))
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != "2|X|" {
		t.Errorf("got %q", got)
	}
}

func TestWindowOverEventTime(t *testing.T) {
	dir := t.TempDir()
	text := "a,1,2024-01-01 00:00:01\nb,2,2024-01-01 00:00:03\na,3,2024-01-01 00:00:12\na,9,2024-01-01 00:00:02\nb,4,2024-01-01 00:00:25\n"
	if err := os.WriteFile(filepath.Join(dir, "in.csv"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, parallelism := range []string{"1", "2"} {
		j := run(t, New(Config{Dir: dir}), `
			CREATE TABLE t (k STRING, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
				WITH ('connector' = 'filesystem', 'path' = 'in.csv', 'format' = 'csv');
			CREATE TABLE p (k STRING, ws TIMESTAMP(3), n BIGINT, s BIGINT) WITH ('connector' = 'print');
			INSERT INTO p SELECT k, window_start, COUNT(*), SUM(v)
				FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;`,
			map[string]string{"parallelism.default": parallelism, "pipeline.auto-watermark-interval": "0 ms"})
		var got []string
		for _, r := range j.Output(0, 100)[0].Rows {
			got = append(got, *r.Values[0]+" "+strings.TrimPrefix(*r.Values[1], "2024-01-01T")+" "+*r.Values[2]+" "+*r.Values[3])
		}
		slices.Sort(got)
		if s := strings.Join(got, "; "); s != "a 00:00 1 1; a 00:00:10 1 3; b 00:00 1 2; b 00:00:20 1 4" {
			t.Errorf("parallelism %s: got %s", parallelism, s)
		}
		var late int64
		for _, v := range j.Info().Vertices {
			for _, s := range v.Subtasks {
				late += s.LateDropped
			}
		}
		if late != 1 {
			t.Errorf("parallelism %s: %d late rows, want 1", parallelism, late)
		}
	}
}

// A stream that is stopped with a savepoint goes on at another parallelism as
// if nothing had been.
func TestStreamGoesOnFromASavepoint(t *testing.T) {
	dir := t.TempDir()
	e := New(Config{Dir: dir})
	p, err := e.Compile(`
		CREATE TABLE t (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '500000', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '200000');
		CREATE TABLE dest (k BIGINT, n BIGINT, s BIGINT) WITH ('connector' = 'print');
		INSERT INTO dest SELECT MOD(id, 7), COUNT(*), SUM(id) FROM t GROUP BY MOD(id, 7);`, map[string]string{"parallelism.default": "2"})
	if err != nil {
		t.Fatal(err)
	}
	start := func(id, from, parallelism string) (*Job, map[string][2]string) {
		last := map[string][2]string{}
		var mu sync.Mutex
		p.Config["parallelism.default"] = parallelism
		j, err := e.Start(t.Context(), JobSpec{ID: id + jobID[1:], Graph: p.Graph, Config: p.Config, SavepointPath: from, Print: func(rows []connector.Printed) {
			mu.Lock()
			defer mu.Unlock()
			for _, r := range rows {
				if r.Op.Adds() {
					last[*r.Values[0]] = [2]string{*r.Values[1], *r.Values[2]}
				}
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		return j, last
	}
	j, _ := start("1", "", "2")
	path := ""
	for path == "" && !j.Info().State.Terminal() {
		if path, err = j.Savepoint(t.Context(), SavepointRequest{Dir: filepath.Join(dir, "savepoints"), Stop: true}); err != nil {
			path = "" // the tasks were not running yet
		}
	}
	if path == "" {
		t.Skip("the job had read all before it could be stopped")
	}
	j, last := start("2", path, "3")
	if err := j.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for k := range int64(7) {
		var n, sum int64
		for id := int64(1); id <= 200000; id++ {
			if id%7 == k {
				n, sum = n+1, sum+id
			}
		}
		if got, want := last[fmt.Sprint(k)], [2]string{fmt.Sprint(n), fmt.Sprint(sum)}; got != want {
			t.Errorf("key %d: %v, want %v", k, got, want)
		}
	}
}
