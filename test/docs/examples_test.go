package docs

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/function"
)

// endless are the examples that do not end by themselves, with the arguments
// that end them.
var endless = map[string][]string{
	"flights/delays.sql": {"--timeout", "4s"},
	"nexmark/q12.sql":    {"--limit", "10"},
}

// TestExamples runs every example; one without an end gives rows until it is stopped.
func TestExamples(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(root+"/examples", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".sql" {
			return err
		}
		name := strings.TrimPrefix(filepath.ToSlash(path), root+"/examples/")
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"run", filepath.Join("examples", name)}, endless[name]...)
			if endless[name] == nil {
				args = append(args, "--materialize")
			}
			began := time.Now()
			out, err := newReader(t).weir("", args...)
			stopped := len(endless[name]) > 0 && endless[name][0] == "--timeout" && strings.Contains(out, "not done after")
			if err != nil && !stopped {
				t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, out)
			}
			if lines := strings.Count(out, "\n"); lines < 4 {
				t.Errorf("weir %s printed %d lines only:\n%s", strings.Join(args, " "), lines, out)
			}
			t.Logf("%s: %d lines, %s", name, strings.Count(out, "\n"), time.Since(began).Round(time.Millisecond))
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range endless {
		if !seen[name] {
			t.Errorf("examples/%s is gone", name)
		}
	}
}

// TestExamplesOfFunctions evaluates what the reference shows of each function.
func TestExamplesOfFunctions(t *testing.T) {
	built := engine.BuiltIn()
	type example struct {
		function string
		batch    bool
		function.Example
		statement int // of the script
	}
	var all []example
	for _, f := range built.Scalars {
		for _, e := range f.Examples {
			all = append(all, example{f.Name, false, e, 0})
		}
	}
	for _, f := range built.Aggregates {
		for _, e := range f.Examples {
			all = append(all, example{f.Name, f.Batch, e, 0})
		}
	}
	var script strings.Builder
	statements, batch := 0, false
	say := func(format string, a ...any) {
		fmt.Fprintf(&script, format+";\n", a...)
		statements++
	}
	for i, e := range all {
		if e.batch != batch {
			mode := map[bool]string{true: "batch", false: "streaming"}[e.batch]
			say("SET 'execution.runtime-mode' = '%s'", mode)
			batch = e.batch
		}
		say("SELECT %s", e.SQL)
		all[i].statement = statements
	}
	out, _ := newReader(t).weir(script.String(), "run", "-", "--output", "json", "--continue-on-error", "--materialize")
	got := map[int]string{}
	for line := range strings.Lines(out) {
		var o struct {
			Statement     int
			Kind, Message string
			Values        []*string
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch {
		case o.Kind == "error":
			got[o.Statement] = "error: " + o.Message
		case o.Kind == "row" && o.Values[0] == nil:
			got[o.Statement] = "NULL"
		case o.Kind == "row":
			got[o.Statement] = *o.Values[0]
		}
	}
	for _, e := range all {
		if result := got[e.statement]; result != e.Want && !nearly(result, e.Want) {
			t.Errorf("%s: %s gives %s, the reference says %s", e.function, e.SQL, result, e.Want)
		}
	}
	if len(all) < 50 {
		t.Errorf("only %d examples", len(all))
	}
}

// nearly tells that two numbers differ in the last digit only: transcendental
// functions do, from one kind of processor to another.
func nearly(a, b string) bool {
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err == nil && err2 == nil && strings.Contains(b, ".") && math.Abs(x-y) <= 1e-15*math.Abs(y)
}
