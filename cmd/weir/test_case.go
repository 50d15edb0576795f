package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/rehearsal"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// resultTable is what a test calls the rows of the SELECT that a script ends with.
const resultTable = "result"

// run runs a test, and tells the ways it was run. The error says in lines what is
// wrong.
func (t *testCase) run(ctx context.Context, f *testFile, asked []string) (ran []string, err error) {
	names := t.ways
	if len(names) == 0 {
		names = asked
	}
	ways, err := rehearsal.WaysNamed(names)
	if err != nil {
		return nil, err
	}
	for _, w := range ways {
		ran = append(ran, w.Name)
	}
	dir, err := os.MkdirTemp("", "weir-test-")
	if err != nil {
		return ran, fmt.Errorf("make a folder for the checkpoints of a test: %w", err)
	}
	defer os.RemoveAll(dir)
	err = t.jobs(ctx, f, ways, dir)
	if t.fails == "" {
		return ran, err
	}
	var wrong *testMistake
	switch {
	case err == nil:
		return ran, fmt.Errorf("it ended well, and must fail with %q", t.fails)
	case errors.As(err, &wrong), !strings.Contains(err.Error(), t.fails):
		return ran, fmt.Errorf("it must fail with %q, and failed with:\n%w", t.fails, err)
	}
	return ran, nil
}

// testMistake is an error of the test itself, not of the script.
type testMistake struct{ error }

func (m *testMistake) Unwrap() error { return m.error }

func mistakef(format string, args ...any) error { return &testMistake{fmt.Errorf(format, args...)} }

// testJob is one job that a test runs: the script's own, or a query of a view.
type testJob struct {
	test   *testCase
	file   *testFile
	script string
	view   string // the table that a query is of; empty: the script's own job
	expect []testRows
	read   map[string]bool // tables whose rows it reads
	zone   *time.Location
}

// jobs runs the script's job if the test says what comes of it, and a query for
// each view.
func (t *testCase) jobs(ctx context.Context, f *testFile, ways []rehearsal.Way, dir string) error {
	script := behind(f.script, t.setup)
	tables, runs, err := withoutJobs(script)
	if err != nil {
		return err
	}
	read := map[string]bool{}
	own := testJob{test: t, file: f, script: script, read: read}
	var views []testJob
	var sinks []graph.Table
	if runs {
		plan, err := own.compile(engine.New(engine.Config{Dir: f.dir}))
		if err != nil {
			return err
		}
		sinks = plan.Sinks
	}
	for _, e := range t.expect {
		isSink := slices.ContainsFunc(sinks, func(s graph.Table) bool { return isTable(s, e.table) })
		if isSink || runs && len(sinks) == 0 && e.table == resultTable {
			own.expect = append(own.expect, e)
			continue
		}
		views = append(views, testJob{test: t, file: f, script: behind(tables, "SELECT * FROM "+e.table), view: e.table, expect: []testRows{e}, read: read})
	}
	list := views
	if len(own.expect) > 0 || t.fails != "" {
		if !runs {
			return mistakef("the script has no INSERT and no SELECT, so it cannot fail when it runs")
		}
		list = append([]testJob{own}, views...)
	}
	for i, j := range list {
		if err := j.run(ctx, ways, filepath.Join(dir, strconv.Itoa(i))); err != nil && j.view != "" {
			return fmt.Errorf("SELECT * FROM %s: %w", j.view, withoutPlace(err))
		} else if err != nil {
			return err
		}
	}
	for _, g := range t.given {
		if !read[g.table] {
			return mistakef("%s:%d: rows are given for %s, which is not read", f.name, g.line, g.table)
		}
	}
	return nil
}

// withoutPlace leaves out the place of an error, which nobody wrote.
func withoutPlace(err error) error {
	var at *ast.Error
	if errors.As(err, &at) {
		return errors.New(at.Message)
	}
	return err
}

// isTable tells whether a name, or the end of one, is a table's.
func isTable(t graph.Table, name string) bool {
	return strings.HasSuffix("."+t.Catalog+"."+t.Database+"."+t.Name, "."+strings.ReplaceAll(name, "`", ""))
}

// withoutJobs is a script of which only tables, views, functions and settings are
// left, all in their places; runs tells whether there was more.
func withoutJobs(script string) (tables string, runs bool, err error) {
	statements, err := parse.Script(script)
	if err != nil {
		return "", false, err
	}
	lines := strings.Split(script, "\n")
	for _, st := range statements {
		switch st.(type) {
		case *ast.Insert, *ast.StatementSet, *ast.Query, *ast.ExecutePlan:
			blankOut(lines, st.Pos(), st.EndPos())
			runs = true
		}
	}
	return strings.Join(lines, "\n"), runs, nil
}

// blankOut overwrites a part of a text with spaces.
func blankOut(lines []string, from, to ast.Pos) {
	for n := from.Line; n <= to.Line; n++ {
		line := []rune(lines[n-1])
		first, last := 0, len(line)
		if n == from.Line {
			first = from.Column - 1
		}
		if n == to.Line {
			last = min(to.Column, len(line))
		}
		for i := first; i < last; i++ {
			line[i] = ' '
		}
		lines[n-1] = string(line)
	}
}

// compile plans the job. A test is in UTC unless it says otherwise.
func (j *testJob) compile(e *engine.Engine) (*engine.Plan, error) {
	config := map[string]string{"table.local-time-zone": "UTC"}
	for k, v := range j.file.settings {
		config[k] = v
	}
	p, err := e.Compile(j.script, config)
	if err != nil {
		return nil, err
	}
	j.zone, err = time.LoadLocation(p.Config["table.local-time-zone"])
	return p, err
}

// run runs the job all ways and looks at what came.
func (j *testJob) run(ctx context.Context, ways []rehearsal.Way, dir string) error {
	if _, err := j.compile(engine.New(engine.Config{Dir: j.file.dir})); err != nil { // which tells the time zone
		return err
	}
	p := rehearsal.Program{Plan: j.compile, Serial: j.test.serial, Engine: engine.Config{Dir: j.file.dir}, Zone: j.zone}
	for _, g := range j.test.given {
		p.Feeds = append(p.Feeds, &rehearsal.Feed{Table: strings.ReplaceAll(g.table, "`", ""), Fill: func(a rehearsal.Asked) ([]string, error) {
			j.read[g.table] = true
			return j.lines(g, a)
		}})
	}
	stage, err := rehearsal.Prepare(p)
	if err != nil {
		return err
	}
	for i, w := range ways {
		outputs, err := stage.Run(ctx, w, filepath.Join(dir, w.Name))
		if err == nil {
			err = j.compare(outputs, w.Name == "one" || j.test.serial)
		}
		if err != nil && i > 0 {
			return fmt.Errorf("run %q (%s), while %q passed:\n%w", w.Name, w.Doc, ways[0].Name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lines are the rows of a table as a feed has them.
func (j *testJob) lines(g testRows, a rehearsal.Asked) ([]string, error) {
	out := make([]string, 0, len(g.rows))
	for _, row := range g.rows {
		if row.op != "" && row.op != "+I" && a.Modes.InsertOnly() {
			return nil, mistakef("%s: %s is given to table %s, and connector %s gives inserts only", row.place, row.op, g.table, a.Table.Connector)
		}
		cells := make([]any, len(a.Columns))
		given := make([]bool, len(a.Columns))
		for i, name := range row.names {
			c := slices.IndexFunc(a.Columns, func(c data.Column) bool { return c.Name == name })
			if c < 0 {
				return nil, unknownColumn(row.place, g.table, name, a.Columns, " that rows can be given for")
			}
			var err error
			if cells[c], err = inUTC(row.cells[i], a.Columns[c].Type, j.zone); err != nil {
				return nil, mistakef("%s: column %s: %w", row.place, name, err)
			}
			given[c] = cells[c] != nil
		}
		for c, col := range a.Columns {
			if !given[c] && !col.Type.Nullable && row.op != "-D" {
				return nil, mistakef("%s: column %s of table %s is %s, and needs a value", row.place, col.Name, g.table, col.Type)
			}
		}
		text, err := json.Marshal(cells)
		if err != nil {
			return nil, mistakef("%s: %w", row.place, err)
		}
		if _, err := rehearsal.ParseRow(string(text), a.Columns); err != nil {
			return nil, mistakef("%s: %w", row.place, err)
		}
		line := string(text)
		if row.op != "" {
			line = row.op + " " + line
		}
		out = append(out, line)
	}
	return out, nil
}

func unknownColumn(place, table, name string, columns []data.Column, which string) error {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return mistakef("%s: table %s has no column %s%s; it has %s", place, table, name, which, strings.Join(names, ", "))
}

// inUTC turns an instant, which a test writes in the session's time zone or with
// an offset, into what feeds have. Other values stay.
func inUTC(cell any, t data.Type, zone *time.Location) (any, error) {
	text, isText := cell.(string)
	if t.Kind != data.TimestampLTZ || !isText {
		return cell, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Format("2006-01-02 15:04:05.999999999"), nil
		}
	}
	millis, nano, err := data.ParseTimestamp(text)
	if err != nil {
		return nil, err
	}
	at := time.UnixMilli(data.NewClock(zone).Instant(millis)).Add(time.Duration(nano))
	return at.UTC().Format("2006-01-02 15:04:05.999999999"), nil
}
