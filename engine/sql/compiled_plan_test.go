package sql_test

import (
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// paper is files in memory.
type paper map[string][]byte

func (p paper) ReadFile(path string) ([]byte, error) {
	if b, ok := p[path]; ok {
		return b, nil
	}
	return nil, fmt.Errorf("read %s: %w", path, fs.ErrNotExist)
}

func (p paper) WriteFile(path string, content []byte) error {
	p[path] = content
	return nil
}

func execute(t *testing.T, s *sql.Session, text string) (*sql.Outcome, error) {
	t.Helper()
	st, err := parse.Statement(text)
	if err != nil {
		t.Fatal(err)
	}
	return s.Execute(st)
}

func TestACompiledPlanIsThePlan(t *testing.T) {
	env := environment()
	env.Files = paper{}
	s := sql.NewSession(env, nil)
	must := func(text string) *sql.Outcome {
		t.Helper()
		o, err := execute(t, s, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return o
	}
	must("CREATE TABLE src (a INT, b DECIMAL(10, 2), c STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'datagen')")
	must("CREATE TABLE dst (c STRING, n BIGINT, s DECIMAL(38, 2)) WITH ('connector' = 'print')")
	const insert = "INSERT INTO dst SELECT c, COUNT(*), SUM(b) FILTER (WHERE a > 3 AND c <> 'it''s') FROM TABLE(TUMBLE(TABLE src, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY c, window_start, window_end"
	want := must(insert)
	must("COMPILE PLAN 'file:///p.json' FOR " + insert)
	must("COMPILE PLAN 'file:///p.json' IF NOT EXISTS FOR INSERT INTO dst SELECT c, 1, 2 FROM src")
	got := must("EXECUTE PLAN 'file:///p.json'")
	if graph.Text(got.Graph) != graph.Text(want.Graph) || !reflect.DeepEqual(got.Graph, want.Graph) {
		t.Errorf("the plan read back is\n%s\nwant\n%s", graph.Text(got.Graph), graph.Text(want.Graph))
	}
	if got.Name != want.Name || len(got.Sinks) != 1 || got.Sinks[0].Name != "dst" || len(got.Sources) != 1 {
		t.Errorf("it is named %q, sinks %v, sources %v", got.Name, got.Sinks, got.Sources)
	}
	env.Files.(paper)["/flink.json"] = []byte(`{"flinkVersion": "2.3", "nodes": []}`)
	for text, message := range map[string]string{
		"COMPILE PLAN 'file:///p.json' FOR " + insert: "Cannot overwrite the plan file",
		"EXECUTE PLAN '/none.json'":                   "not found",
		"EXECUTE PLAN '/flink.json'":                  "no plan of this engine",
	} {
		if _, err := execute(t, s, text); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %q", text, err, message)
		}
	}
	s.Configure("table.plan.force-recompile", "true")
	if o := must("COMPILE AND EXECUTE PLAN 'file:///p.json' FOR INSERT INTO dst SELECT c, 1, 2 FROM src"); o.Kind != sql.Insert {
		t.Errorf("COMPILE AND EXECUTE gives %s", o.Kind)
	}
}
