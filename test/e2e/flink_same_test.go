package e2e

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/bench/nexmark"
	"github.com/weir-streams/weir/test/flink"
)

// sameQueries are those of Nexmark whose results are rows and no changes of
// rows, which is what files take.
var sameQueries = []string{"q0", "q1", "q2", "q3", "q5", "q7", "q8", "q11", "q20", "q21", "q22"}

// TestFlinkSameSQL runs the same deployments on the engine and on Flink, from the
// same files through the same API, and compares what they write.
func TestFlinkSameSQL(t *testing.T) {
	p := onFlink(t, flink.Newest)
	events := filepath.Join(p.data, "events.json")
	unzip(t, "../conformance/nexmark/testdata/events.jsonl.gz", events)
	in := flights(t, p.data, flightsRead)
	for _, target := range []string{"local", "flink"} {
		for name, script := range map[string]string{
			"nexmark": nexmarkScript(t, events, filepath.Join(p.data, target)),
			// No row is late: which ones are, depends on when watermarks are sent.
			"flights": strings.Replace(delays(in, filepath.Join(p.data, target, "flights"), "", 0), "happened_at - INTERVAL '2' HOUR", "happened_at - INTERVAL '40' DAY", 1),
		} {
			name = name + "-" + target
			p.deploy(name, "", map[string]any{"deploymentTargetName": target, "template": map[string]any{"spec": map[string]any{
				"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": script}, "parallelism": 1,
				"flinkConfiguration": map[string]any{"execution.checkpointing.interval": "1 s"},
			}}})
			p.settle(name, resource.StateFinished)
		}
	}
	for _, folder := range append([]string{"flights"}, sameQueries...) {
		want := output(t, filepath.Join(p.data, "flink", folder))
		if len(want) == 0 {
			t.Errorf("%s: Flink writes nothing", folder)
		}
		got := output(t, filepath.Join(p.data, "local", folder))
		t.Logf("%-8s %5d rows", folder, len(want))
		if few, many := minus(want, got), minus(got, want); len(few)+len(many) > 0 {
			t.Errorf("%s: the engine differs from Flink: %d rows too many, such as\n%s\nand %d missing, such as\n%s",
				folder, len(many), strings.Join(many[:min(5, len(many))], "\n"), len(few), strings.Join(few[:min(5, len(few))], "\n"))
		}
	}
	p.removeAll("nexmark-local", "flights-local", "nexmark-flink", "flights-flink")
}

// nexmarkScript is all queries in one script, each with a folder of its own.
func nexmarkScript(t testing.TB, events, out string) string {
	t.Helper()
	var all strings.Builder
	var inserts []string
	source := ""
	for i, q := range sameQueries {
		script, err := nexmark.Script(q, nexmark.Options{
			Source: fmt.Sprintf("'connector' = 'filesystem', 'path' = '%s', 'format' = 'json', 'json.timestamp-format.standard' = 'SQL'", events),
			Sink:   fmt.Sprintf("'connector' = 'filesystem', 'path' = '%s', 'format' = 'csv'", filepath.Join(out, q)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			source, _, _ = strings.Cut(script, "CREATE TABLE sink")
			all.WriteString(source)
		}
		body, found := strings.CutPrefix(script, source)
		if !found {
			t.Fatalf("script of %s:\n%s", q, script)
		}
		body = strings.NewReplacer("TABLE sink", "TABLE sink_"+q, "INTO sink", "INTO sink_"+q).Replace(body)
		ddl, insert, _ := strings.Cut(body, "INSERT INTO")
		all.WriteString(ddl)
		inserts = append(inserts, "INSERT INTO"+insert)
	}
	return all.String() + strings.Join(inserts, "\n")
}

func unzip(t testing.TB, from, to string) {
	t.Helper()
	f, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, z); err != nil {
		t.Fatal(err)
	}
}
