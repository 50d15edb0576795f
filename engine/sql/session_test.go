package sql_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/optimize"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// Commands of the test data: run carries statements out and shows what they
// answer; columns shows the types of a query's result, plan its optimized plan,
// graph its graph, uids the identities of its operators, script the graph of a whole script in a fresh session. Each
// file is one session; reset begins another.
func TestSession(t *testing.T) {
	datadriven.Walk(t, "testdata", session)
}

// The optimizer's rules: plan expect=Rule expect-not=Rule.
func TestRules(t *testing.T) { datadriven.Walk(t, "optimize/testdata", session) }

func session(t *testing.T, path string) {
	s := sql.NewSession(environment(), nil)
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "reset":
			s = sql.NewSession(environment(), nil)
			return ""
		case "script":
			o, err := sql.NewSession(environment(), nil).CompileScript(d.Input)
			if err != nil {
				return err.Error()
			}
			return show(o)
		}
		var b strings.Builder
		for _, text := range strings.Split(d.Input, ";\n") {
			b.WriteString(answer(s, d.Cmd, strings.TrimSuffix(text, ";")))
		}
		for _, a := range d.CmdArgs {
			checkFired(t, d, s, a)
		}
		return b.String()
	})
}

// checkFired looks whether rules fired that should, and others did not.
func checkFired(t *testing.T, d *datadriven.TestData, s *sql.Session, a datadriven.CmdArg) {
	st, err := parse.Statement(d.Input)
	if err != nil {
		d.Fatalf(t, "%v", err)
	}
	p, err := s.Plans(st)
	if err != nil {
		d.Fatalf(t, "%v", err)
	}
	for _, rule := range a.Vals {
		if known := slices.ContainsFunc(optimize.Rules, func(r optimize.Rule) bool { return r.Name == rule }); !known && !slices.Contains(optimize.PassNames(), rule) {
			d.Fatalf(t, "no rule is called %s", rule)
		}
		if fired := p.Fired[rule] > 0; fired != (a.Key == "expect") {
			d.Fatalf(t, "%s: it fired %d times", a.String(), p.Fired[rule])
		}
	}
}

func answer(s *sql.Session, command, text string) string {
	st, err := parse.Statement(text)
	if err != nil {
		return err.Error() + "\n"
	}
	switch command {
	case "run", "columns":
		o, err := s.Execute(st)
		if err != nil {
			return err.Error() + "\n"
		}
		if command == "columns" {
			return columnLines(o.Columns)
		}
		return show(o)
	}
	p, err := s.Plans(st)
	if err != nil {
		return err.Error() + "\n"
	}
	switch command {
	case "bound", "plan":
		nodes := p.Optimized
		if command == "bound" {
			nodes = p.Bound
		}
		out := ""
		for _, n := range nodes {
			out += logical.Text(n)
		}
		return out
	case "graph":
		return graph.Text(p.Graph)
	case "uids":
		out := ""
		for _, v := range p.Graph.Vertices {
			for _, op := range v.Ops {
				if op.UID != "" {
					out += op.UID + " " + op.Name + "\n"
				}
			}
		}
		return out
	}
	return "unknown command " + command
}

func columnLines(cols []data.Column) string {
	out := ""
	for _, c := range cols {
		out += c.Name + " " + c.Type.String() + "\n"
	}
	return out
}

func show(o *sql.Outcome) string {
	switch o.Kind {
	case sql.OK:
		return "OK\n"
	case sql.Rows:
		out := ""
		for _, r := range o.Rows {
			parts := make([]string, len(r))
			for i, v := range r {
				switch {
				case v.Null:
					parts[i] = "NULL"
				case o.Columns[i].Type.Kind == data.Boolean:
					parts[i] = fmt.Sprint(v.I != 0)
				default:
					parts[i] = v.S
				}
			}
			out += strings.Join(parts, " | ") + "\n"
		}
		return out
	}
	return o.Name + "\n" + graph.Text(o.Graph)
}

// TestEveryRuleIsTested looks for a plan that each rule and pass is expected in.
func TestEveryRuleIsTested(t *testing.T) {
	text, err := os.ReadFile("optimize/testdata/rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := optimize.PassNames()
	for _, r := range optimize.Rules {
		names = append(names, r.Name)
	}
	for _, n := range names {
		if !regexp.MustCompile(`expect=\(?([A-Za-z]+,)*` + n + `\b`).Match(text) {
			t.Errorf("no plan of optimize/testdata/rules.txt expects %s", n)
		}
	}
}
