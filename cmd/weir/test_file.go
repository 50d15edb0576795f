package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/weir-streams/weir/engine/rehearsal"
)

// testFile is a file of tests of one script.
type testFile struct {
	name, dir string // dir: of the script
	script    string // the script's text, variables replaced, and the set-up behind it
	settings  map[string]string
	tests     []*testCase
}

// testCase is one test.
type testCase struct {
	name   string
	line   int
	setup  string
	given  []testRows
	expect []testRows
	fails  string
	ways   []string
	serial bool
}

// testRows are rows of a table, as a test writes them.
type testRows struct {
	table   string
	line    int
	rows    []testRow
	changes bool // the changes in order, not the table they make
	count   int  // how many rows; -1: rows says it
}

// testRow is one row: texts, nil for NULL, and lists and maps of those.
type testRow struct {
	place string // for errors: "a.test.yaml:12", "rows.csv:3"
	op    string // +I, -U, +U, -D; empty if not written
	names []string
	cells []any
}

// reading is a file of tests while it is read.
type reading struct{ name, dir string }

func (r *reading) errorf(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s: %w", r.place(n), fmt.Errorf(format, args...))
}

func (r *reading) place(n *yaml.Node) string { return fmt.Sprintf("%s:%d", r.name, n.Line) }

func readTestFile(name string) (*testFile, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read tests: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(doc.Content) == 0 {
		return nil, fmt.Errorf("%s: the file is empty", name)
	}
	r := &reading{name: name, dir: filepath.Dir(name)}
	f := &testFile{name: name}
	var script, setup string
	var vars map[string]string
	err = r.fields(doc.Content[0], "the file", map[string]func(n *yaml.Node) error{
		"script": func(n *yaml.Node) (err error) { script, err = r.text(n); return err },
		"setup":  func(n *yaml.Node) (err error) { setup, err = r.text(n); return err },
		"vars":   func(n *yaml.Node) (err error) { vars, err = r.texts(n); return err },
		"set":    func(n *yaml.Node) (err error) { f.settings, err = r.texts(n); return err },
		"tests": func(n *yaml.Node) error {
			if n.Kind != yaml.SequenceNode {
				return r.errorf(n, "tests is a list")
			}
			for _, item := range n.Content {
				t, err := r.test(item)
				if err != nil {
					return err
				}
				f.tests = append(f.tests, t)
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	if len(f.tests) == 0 {
		return nil, fmt.Errorf("%s: there is no test in it", name)
	}
	f.dir = r.dir
	if script != "" {
		path := filepath.Join(r.dir, script)
		sql, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s: read script: %w", name, err)
		}
		f.script, f.dir = string(sql), filepath.Dir(path)
	} else if setup == "" {
		return nil, fmt.Errorf("%s: say which script is tested, or write one under setup", name)
	}
	var replaced []string
	for k, v := range vars {
		replaced = append(replaced, "${"+k+"}", v)
	}
	f.script = behind(strings.NewReplacer(replaced...).Replace(f.script), setup)
	return f, nil
}

// behind puts statements behind a script, on lines of their own.
func behind(script, more string) string {
	if strings.TrimSpace(more) == "" {
		return script
	}
	if strings.TrimSpace(script) == "" {
		return more
	}
	return script + "\n;\n" + more
}

// fields reads a mapping of known fields.
func (r *reading) fields(n *yaml.Node, what string, known map[string]func(*yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return r.errorf(n, "%s is a mapping of fields", what)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read := known[key.Value]
		switch {
		case read == nil:
			names := make([]string, 0, len(known))
			for k := range known {
				names = append(names, k)
			}
			slices.Sort(names)
			return r.errorf(key, "%s has no field %q; it has %s", what, key.Value, strings.Join(names, ", "))
		case seen[key.Value]:
			return r.errorf(key, "%s has the field %q twice", what, key.Value)
		}
		seen[key.Value] = true
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		if err := read(value); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) text(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode {
		return "", r.errorf(n, "a text is expected")
	}
	return n.Value, nil
}

func (r *reading) texts(n *yaml.Node) (map[string]string, error) {
	if n.Kind != yaml.MappingNode {
		return nil, r.errorf(n, "NAME: VALUE is expected")
	}
	m := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		v, err := r.text(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		m[n.Content[i].Value] = v
	}
	return m, nil
}

func (r *reading) test(n *yaml.Node) (*testCase, error) {
	t := &testCase{line: n.Line}
	err := r.fields(n, "a test", map[string]func(n *yaml.Node) error{
		"name":  func(n *yaml.Node) (err error) { t.name, err = r.text(n); return err },
		"setup": func(n *yaml.Node) (err error) { t.setup, err = r.text(n); return err },
		"fails": func(n *yaml.Node) (err error) { t.fails, err = r.text(n); return err },
		"serial": func(n *yaml.Node) (err error) {
			if err = n.Decode(&t.serial); err != nil {
				err = r.errorf(n, "serial is true or false")
			}
			return err
		},
		"ways": func(n *yaml.Node) error {
			if n.Decode(&t.ways) != nil {
				return r.errorf(n, "ways is a list of names")
			}
			if _, err := rehearsal.WaysNamed(t.ways); err != nil {
				return r.errorf(n, "%w", err)
			}
			return nil
		},
		"given":  func(n *yaml.Node) (err error) { t.given, err = r.tables(n, false); return err },
		"expect": func(n *yaml.Node) (err error) { t.expect, err = r.tables(n, true); return err },
	})
	switch {
	case err != nil:
		return nil, err
	case t.name == "":
		return nil, r.errorf(n, "a test needs a name")
	case t.fails == "" && len(t.expect) == 0:
		return nil, r.errorf(n, "test %q expects nothing: say under expect which rows a sink or a view has, or under fails what the error says", t.name)
	case t.fails != "" && len(t.expect) > 0:
		return nil, r.errorf(n, "test %q expects rows and an error; it can have one of them", t.name)
	}
	return t, nil
}

// tables reads rows by table.
func (r *reading) tables(n *yaml.Node, expected bool) ([]testRows, error) {
	if n.Kind != yaml.MappingNode {
		return nil, r.errorf(n, "TABLE: rows is expected")
	}
	var out []testRows
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		t := testRows{table: key.Value, line: key.Line, count: -1}
		if slices.ContainsFunc(out, func(o testRows) bool { return o.table == t.table }) {
			return nil, r.errorf(key, "table %s is named twice", t.table)
		}
		var err error
		if value.Kind != yaml.MappingNode {
			t.rows, err = r.rows(value)
		} else {
			err = r.described(value, &t, expected)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// described reads rows that are said by fields.
func (r *reading) described(n *yaml.Node, t *testRows, expected bool) error {
	ways := 0
	known := map[string]func(n *yaml.Node) error{
		"rows": func(n *yaml.Node) (err error) { ways++; t.rows, err = r.rows(n); return err },
		"file": func(n *yaml.Node) error {
			ways++
			name, err := r.text(n)
			if err != nil {
				return err
			}
			if t.rows, err = r.file(filepath.Join(r.dir, name)); err != nil {
				return r.errorf(n, "%w", err)
			}
			return nil
		},
	}
	what := "given rows"
	if expected {
		what = "an expectation"
		known["changes"] = func(n *yaml.Node) (err error) { ways++; t.changes = true; t.rows, err = r.rows(n); return err }
		known["count"] = func(n *yaml.Node) error {
			ways++
			if n.Decode(&t.count) != nil || t.count < 0 {
				return r.errorf(n, "count is a number of rows")
			}
			return nil
		}
	}
	if err := r.fields(n, what, known); err != nil {
		return err
	}
	if ways != 1 {
		return r.errorf(n, "table %s needs exactly one of its fields", t.table)
	}
	return nil
}

// rows reads a list of rows, or a text of CSV.
func (r *reading) rows(n *yaml.Node) ([]testRow, error) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil, nil
	case n.Kind == yaml.ScalarNode:
		return csvRows(strings.NewReader(n.Value), r.name, n.Line)
	case n.Kind != yaml.SequenceNode:
		return nil, r.errorf(n, "a list of rows is expected, or a text of CSV")
	}
	var out []testRow
	for _, item := range n.Content {
		row, err := r.row(item, r.place(item))
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// opField is the name under which a row says which change it is.
const opField = "$op"

func (r *reading) row(n *yaml.Node, place string) (testRow, error) {
	row := testRow{place: place}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		return row, fmt.Errorf("%s: a row is COLUMN: value for each of its columns", place)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		cell, err := r.cell(n.Content[i+1])
		if err != nil {
			return row, err
		}
		if err := row.add(name, cell); err != nil {
			return row, err
		}
	}
	return row, nil
}

// add puts a column, or the change, into a row.
func (w *testRow) add(name string, cell any) error {
	switch {
	case name == opField:
		w.op, _ = cell.(string)
		if !slices.Contains([]string{"+I", "-U", "+U", "-D"}, w.op) {
			return fmt.Errorf("%s: %s is +I, -U, +U or -D, not %v", w.place, opField, cell)
		}
		return nil
	case slices.Contains(w.names, name):
		return fmt.Errorf("%s: column %s is written twice", w.place, name)
	}
	w.names, w.cells = append(w.names, name), append(w.cells, cell)
	return nil
}

// cell reads a value as it is written: 1.10 stays 1.10, a day stays its text.
func (r *reading) cell(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return r.cell(n.Alias)
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return nil, nil
		}
		return n.Value, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			v, err := r.cell(item)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := r.cell(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[n.Content[i].Value] = v
		}
		return m, nil
	}
	return nil, r.errorf(n, "a value is expected")
}

// maxTestRows bounds what is read of one file of rows.
const maxTestRows = 1_000_000

// file reads rows of a file: .csv with a line of names, .jsonl with an object a
// line, .yaml or .json with a list.
func (r *reading) file(path string) ([]testRow, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	defer f.Close()
	name := filepath.Base(path)
	switch filepath.Ext(path) {
	case ".csv":
		return csvRows(f, name, 0)
	case ".jsonl", ".ndjson":
		return r.jsonLines(f, name)
	case ".yaml", ".yml", ".json":
		var doc yaml.Node
		if err := yaml.NewDecoder(f).Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(doc.Content) == 0 {
			return nil, nil
		}
		return (&reading{name: name, dir: filepath.Dir(path)}).rows(doc.Content[0])
	}
	return nil, fmt.Errorf("%s: rows are read from .csv, .jsonl, .json and .yaml", name)
}

func (r *reading) jsonLines(f io.Reader, name string) ([]testRow, error) {
	var out []testRow
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		place := name + ":" + strconv.Itoa(n)
		var doc yaml.Node // JSON is YAML, and a number stays as it is written
		if err := yaml.Unmarshal(lines.Bytes(), &doc); err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		row, err := r.row(doc.Content[0], place)
		if err != nil {
			return nil, err
		}
		if out = append(out, row); len(out) > maxTestRows {
			return nil, fmt.Errorf("%s: more than %d rows", name, maxTestRows)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// csvRows reads CSV behind a line of names: nothing is NULL, ” is empty. before is
// the line of the file before the text.
func csvRows(from io.Reader, name string, before int) ([]testRow, error) {
	c := csv.NewReader(from)
	c.TrimLeadingSpace = true
	var names []string
	var out []testRow
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if names == nil {
			for _, n := range cells {
				names = append(names, strings.TrimSpace(n))
			}
			continue
		}
		line, _ := c.FieldPos(0)
		row := testRow{place: name + ":" + strconv.Itoa(before+line)}
		for i, text := range cells {
			var cell any
			switch text = strings.TrimSpace(text); text {
			case "":
			case "''":
				cell = ""
			default:
				cell = text
			}
			if names[i] == opField && cell == nil {
				continue
			}
			if err := row.add(names[i], cell); err != nil {
				return nil, err
			}
		}
		if out = append(out, row); len(out) > maxTestRows {
			return nil, fmt.Errorf("%s: more than %d rows", name, maxTestRows)
		}
	}
}
