package enginetest

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/rehearsal"
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
		dir := t.TempDir()
		stage, err := s.prepare(d.Input, dir, false)
		if err == nil {
			_, err = stage.Run(t.Context(), rehearsal.Ways[0], dir)
		}
		if err == nil {
			d.Fatalf(t, "the query must fail")
		}
		return err.Error() + "\n"
	}
	d.Fatalf(t, "unknown directive %q", d.Cmd)
	return ""
}

// feed is an input table.
type feed struct {
	rehearsal.Feed
	columns string // as in CREATE TABLE
}

// prepare plans a query with the feeds as tables.
func (s *script) prepare(query, dir string, serial bool) (*rehearsal.Stage, error) {
	zone, err := time.LoadLocation(s.config["table.local-time-zone"])
	if err != nil {
		return nil, fmt.Errorf("time zone of the test: %w", err)
	}
	p := rehearsal.Program{Serial: serial, Zone: zone, Engine: engine.Config{Dir: dir}}
	text := ""
	for _, f := range s.feeds {
		kind := rehearsal.LinesName
		if f.Changes() {
			kind = rehearsal.ChangesName
		}
		p.Feeds = append(p.Feeds, &f.Feed)
		text += fmt.Sprintf("CREATE TABLE %s (%s) WITH ('connector' = '%s', 'name' = '%s', 'format' = '%s');\n", f.Table, f.columns, rehearsal.PlayName, f.Table, kind)
	}
	for _, line := range s.setup {
		text += line + ";\n"
	}
	p.Plan = func(e *engine.Engine) (*engine.Plan, error) { return e.Compile(text+query, s.config) }
	return rehearsal.Prepare(p)
}

// query runs the ways and shows the first one's result.
func (s *script) query(t *testing.T, d *datadriven.TestData) string {
	var names []string
	changelog, late := false, false
	serial := false
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "ways":
			names = a.Vals
		case "changelog":
			changelog = true
		case "serial":
			serial = true
		case "late":
			serial, late = true, true
		default:
			d.Fatalf(t, "unknown argument %q", a.Key)
		}
	}
	list, err := rehearsal.WaysNamed(names)
	if err != nil {
		d.Fatalf(t, "%v", err)
	}
	dir := t.TempDir()
	var stage *rehearsal.Stage
	var shown, table []string
	same := true
	for i, w := range list {
		dir := filepath.Join(dir, strconv.Itoa(i))
		stage, err = s.prepare(d.Input, dir, serial)
		var got []rehearsal.Output
		if err == nil {
			got, err = stage.Run(t.Context(), w, dir)
		}
		var rows []string
		switch {
		case err == nil && len(got) == 0:
			err = errors.New("the query has no result")
		case err == nil:
			rows, err = folded(got[0])
		}
		if err != nil {
			t.Errorf("%s: run %q: %v", d.Pos, w.Name, err)
			same = false
			if i == 0 {
				return "error: " + err.Error() + "\n"
			}
			continue
		}
		if i == 0 {
			table = rows
			shown = append(shown, columnText(got[0].Columns))
			if changelog {
				for _, c := range got[0].Changes {
					shown = append(shown, c.Op.String()+" "+c.Text())
				}
			} else {
				shown = append(shown, rows...)
			}
			continue
		}
		if diff := rehearsal.Difference(table, rows, "\t"); diff != "" {
			same = false
			t.Errorf("%s: the result of run %q is not that of run %q:\n%s", d.Pos, w.Name, list[0].Name, diff)
		}
	}
	if same && len(names) == 0 && len(table) > 0 && len(stage.Used) > 0 {
		s.cover(stage, late)
	}
	return strings.Join(shown, "\n") + "\n"
}

// folded is the final table of a query's changes, sorted.
func folded(o rehearsal.Output) ([]string, error) {
	rows, err := rehearsal.Fold(o.Changes, o.Key)
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Text()
	}
	if err != nil {
		for _, c := range o.Changes {
			err = fmt.Errorf("%w\n\t%s %s", err, c.Op, c.Text())
		}
	}
	return out, err
}

// cover records the operators of a query that was run all ways.
func (s *script) cover(stage *rehearsal.Stage, late bool) {
	nulls := false
	for _, f := range s.feeds {
		if slices.Contains(stage.Used, f.Table) {
			nulls = nulls || slices.ContainsFunc(f.Rows, func(row string) bool { return strings.Contains(row, "NULL") })
		}
	}
	s.covered.add(stage.Plan.Graph, nulls, late)
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
	f := &feed{Feed: rehearsal.Feed{Splits: 1}}
	for _, a := range d.CmdArgs {
		switch {
		case len(a.Vals) == 0 && f.Table == "":
			f.Table = a.Key
		case a.Key == "splits":
			f.Splits, _ = strconv.Atoi(a.Vals[0])
		default:
			d.Fatalf(t, "unknown argument %q", a.Key)
		}
	}
	columns, rows, ok := strings.Cut(d.Input, "\n--\n")
	if !ok || f.Table == "" || f.Splits < 1 {
		d.Fatalf(t, "a feed has a name, columns, a line with --, and rows")
	}
	f.columns = strings.TrimSpace(columns)
	for _, line := range strings.Split(strings.TrimSpace(rows), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			f.Rows = append(f.Rows, line)
		}
	}
	if len(f.Rows) == 0 {
		d.Fatalf(t, "a feed needs rows")
	}
	for i, old := range s.feeds {
		if old.Table == f.Table {
			s.feeds[i] = f
			return fmt.Sprintf("%d rows\n", len(f.Rows))
		}
	}
	s.feeds = append(s.feeds, f)
	return fmt.Sprintf("%d rows\n", len(f.Rows))
}
