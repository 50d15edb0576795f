package enginetest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/parse"
	"github.com/weir-streams/weir/engine/udf/udftest"
)

// RunScripts runs every .test file of a folder as a subtest, and tells which
// operators they ran.
func RunScripts(t *testing.T, dir string) *Coverage {
	t.Helper()
	covered := &Coverage{}
	whole, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.test"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s", dir)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".test"), func(t *testing.T) {
			s := &script{dir: whole, covered: covered, config: map[string]string{"table.local-time-zone": "UTC"}}
			datadriven.RunTest(t, f, func(t *testing.T, d *datadriven.TestData) string { return s.directive(t, d) })
		})
	}
	return covered
}

// script is the state of a file between its directives.
type script struct {
	feeds  []*feed
	setup  []string
	config map[string]string

	dir     string // of the file
	covered *Coverage
}

func (s *script) directive(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "feed":
		return s.feed(t, d)
	case "exec":
		text := strings.ReplaceAll(d.Input, "${FOLDER}", s.dir)
		if strings.Contains(text, "${MODULE}") {
			text = strings.ReplaceAll(text, "${MODULE}", udftest.Go(t))
		}
		for _, f := range parse.Split(text) {
			s.setup = append(s.setup, f.Text)
		}
		return "ok\n"
	case "config":
		for _, line := range strings.Split(strings.TrimSpace(d.Input), "\n") {
			k, v, _ := strings.Cut(line, "=")
			s.config[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
		return "ok\n"
	case "query":
		return s.query(t, d)
	case "fails":
		_, err := run(s.program(d.Input), ways[0], t.TempDir())
		if err == nil {
			d.Fatalf(t, "the query must fail")
		}
		return err.Error() + "\n"
	}
	d.Fatalf(t, "unknown directive %q", d.Cmd)
	return ""
}

func (s *script) program(query string) program {
	return program{feeds: s.feeds, setup: s.setup, query: query, config: s.config}
}

// query runs the ways and shows the first one's result.
func (s *script) query(t *testing.T, d *datadriven.TestData) string {
	var names []string
	changelog, late := false, false
	prog := s.program(d.Input)
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "ways":
			names = a.Vals
		case "changelog":
			changelog = true
		case "serial":
			prog.serial = true
		case "late":
			prog.serial, late = true, true
		default:
			d.Fatalf(t, "unknown argument %q", a.Key)
		}
	}
	list, err := waysNamed(names)
	if err != nil {
		d.Fatalf(t, "%v", err)
	}
	dir := t.TempDir()
	var shown []string
	var table []string
	same := true
	for i, w := range list {
		got, err := run(prog, w, filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			t.Errorf("%s: run %q: %v", d.Pos, w.name, err)
			same = false
			if i == 0 {
				return "error: " + err.Error() + "\n"
			}
			continue
		}
		rows, err := fold(got.changes)
		if err != nil {
			t.Errorf("%s: run %q: %v\n\t%s", d.Pos, w.name, err, strings.Join(texts(got.changes), "\n\t"))
			if i == 0 {
				return "error: " + err.Error() + "\n"
			}
			continue
		}
		if i == 0 {
			table = rows
			shown = append(shown, columnText(got.columns))
			if changelog {
				shown = append(shown, texts(got.changes)...)
			} else {
				shown = append(shown, rows...)
			}
			continue
		}
		if diff := difference(table, rows); diff != "" {
			same = false
			t.Errorf("%s: the result of run %q is not that of run %q:\n%s", d.Pos, w.name, list[0].name, diff)
		}
	}
	if same && len(names) == 0 && len(table) > 0 && prog.feeds != nil {
		s.cover(prog, late)
	}
	return strings.Join(shown, "\n") + "\n"
}

// cover records the operators of a query that was run all ways.
func (s *script) cover(p program, late bool) {
	r, err := prepare(p, "")
	if err != nil || len(r.used) == 0 {
		return
	}
	nulls := false
	for _, f := range s.feeds {
		if slices.Contains(r.used, f.name) {
			nulls = nulls || slices.ContainsFunc(f.rows, func(row string) bool { return strings.Contains(row, "NULL") })
		}
	}
	s.covered.add(r.plan.Graph, nulls, late)
}

func columnText(columns []data.Column) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = c.Name + " " + c.Type.String()
	}
	return strings.Join(parts, ", ")
}

// feed reads: columns, a line of two dashes, rows.
func (s *script) feed(t *testing.T, d *datadriven.TestData) string {
	f := &feed{splits: 1}
	for _, a := range d.CmdArgs {
		switch {
		case len(a.Vals) == 0 && f.name == "":
			f.name = a.Key
		case a.Key == "splits":
			f.splits, _ = strconv.Atoi(a.Vals[0])
		default:
			d.Fatalf(t, "unknown argument %q", a.Key)
		}
	}
	columns, rows, ok := strings.Cut(d.Input, "\n--\n")
	if !ok || f.name == "" || f.splits < 1 {
		d.Fatalf(t, "a feed has a name, columns, a line with --, and rows")
	}
	f.columns = strings.TrimSpace(columns)
	for _, line := range strings.Split(strings.TrimSpace(rows), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			f.rows = append(f.rows, line)
		}
	}
	if len(f.rows) == 0 {
		d.Fatalf(t, "a feed needs rows")
	}
	f.updates = isChange(f.rows[0])
	for i, old := range s.feeds {
		if old.name == f.name {
			s.feeds[i] = f
			return fmt.Sprintf("%d rows\n", len(f.rows))
		}
	}
	s.feeds = append(s.feeds, f)
	return fmt.Sprintf("%d rows\n", len(f.rows))
}

func isChange(line string) bool {
	for _, op := range ops {
		if strings.HasPrefix(line, op+" ") {
			return true
		}
	}
	return false
}
