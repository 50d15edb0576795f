package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/rehearsal"
)

// compare looks at what a job wrote; ordered: the order of changes is to be
// looked at too.
func (j *testJob) compare(outputs []rehearsal.Output, ordered bool) error {
	var wrong []string
	for _, e := range j.expect {
		var columns []data.Column
		var changes []rehearsal.Change
		var key []int
		for _, o := range outputs {
			if len(outputs) > 1 && !isTable(o.Table, e.table) {
				continue
			}
			columns, key = columnsWritten(o), o.Key
			changes = append(changes, o.Changes...)
		}
		problem, err := j.differs(e, columns, key, changes, ordered)
		if err != nil {
			return err
		}
		if problem != "" {
			wrong = append(wrong, problem)
		}
	}
	if wrong != nil {
		return fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return nil
}

// columnsWritten are the columns of a sink under the names that its table has.
func columnsWritten(o rehearsal.Output) []data.Column {
	columns := slices.Clone(o.Columns)
	names := slices.Clone(o.Table.Columns)
	for _, m := range o.Table.Metadata {
		if !m.Virtual {
			names = append(names, data.Column{Name: m.Name})
		}
	}
	if len(names) == len(columns) {
		for i := range columns {
			columns[i].Name = names[i].Name
		}
	}
	return columns
}

// differs says in lines how rows are not those expected; empty if they are.
func (j *testJob) differs(e testRows, columns []data.Column, key []int, changes []rehearsal.Change, ordered bool) (string, error) {
	got, err := rehearsal.Fold(changes, key)
	if err != nil {
		return "", err
	}
	if e.count >= 0 {
		if e.count == len(got) {
			return "", nil
		}
		return fmt.Sprintf("%s has %s, and must have %d", e.table, count(len(got), "row"), e.count), nil
	}
	want, picked, err := j.expected(e, columns)
	if err != nil {
		return "", err
	}
	if e.changes && ordered {
		return inOrder(e.table, shown(want, picked, columns, true), shown(changes, picked, columns, true)), nil
	}
	if e.changes {
		if want, err = rehearsal.Fold(want, nil); err != nil && len(key) == 0 {
			return "", mistakef("%s:%d: the changes expected of %s: %w", j.file.name, e.line, e.table, err)
		}
		if len(key) > 0 { // what an upsert replaces is not known from the columns that are written
			return "", nil
		}
	}
	wantRows, gotRows := shown(want, picked, columns, false), shown(got, picked, columns, false)
	slices.Sort(wantRows)
	slices.Sort(gotRows)
	diff := rehearsal.Difference(wantRows, gotRows, "  ")
	if diff == "" {
		return "", nil
	}
	return fmt.Sprintf("%s has other rows:\n%s", e.table, strings.TrimSuffix(firstLines(diff), "\n")), nil
}

// firstLines keeps the first lines of a long difference.
func firstLines(text string) string {
	lines := strings.SplitAfter(text, "\n")
	if len(lines) <= 41 {
		return text
	}
	return strings.Join(lines[:40], "") + fmt.Sprintf("  and %d more\n", len(lines)-41)
}

// expected are the rows of an expectation as a job would show them, with NULL
// where nothing is said, and the columns that are said.
func (j *testJob) expected(e testRows, columns []data.Column) (rows []rehearsal.Change, picked []int, err error) {
	said := make([]bool, len(columns))
	for _, row := range e.rows {
		cells := make([]any, len(columns))
		for i, name := range row.names {
			c := slices.IndexFunc(columns, func(c data.Column) bool { return c.Name == name })
			if c < 0 {
				return nil, nil, unknownColumn(row.place, e.table, name, columns, "")
			}
			said[c] = true
			if cells[c], err = inUTC(row.cells[i], columns[c].Type, j.zone); err != nil {
				return nil, nil, mistakef("%s: column %s: %w", row.place, name, err)
			}
		}
		text, err := json.Marshal(cells)
		if err != nil {
			return nil, nil, mistakef("%s: %w", row.place, err)
		}
		values, err := rehearsal.ParseRow(string(text), columns)
		if err != nil {
			return nil, nil, mistakef("%s: %w", row.place, err)
		}
		c := rehearsal.Change{Cells: rehearsal.Display(values, columns, j.zone)}
		if row.op != "" {
			c.Op = data.Op(slices.Index([]string{"+I", "-U", "+U", "-D"}, row.op))
			if !e.changes {
				return nil, nil, mistakef("%s: %s is expected in a table; changes are expected under changes", row.place, row.op)
			}
		}
		rows = append(rows, c)
	}
	for i, is := range said {
		if is || len(e.rows) == 0 {
			picked = append(picked, i)
		}
	}
	return rows, picked, nil
}

// shown writes rows as a test would: {name: amy, n: 2}.
func shown(rows []rehearsal.Change, picked []int, columns []data.Column, changes bool) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		var b strings.Builder
		b.WriteByte('{')
		if changes {
			b.WriteString(opField + ": " + r.Op.String())
		}
		for _, c := range picked {
			if b.Len() > 1 {
				b.WriteString(", ")
			}
			b.WriteString(textYAML(columns[c].Name) + ": " + cellYAML(r.Cells[c], columns[c].Type))
		}
		b.WriteByte('}')
		out[i] = b.String()
	}
	return out
}

func cellYAML(cell *string, t data.Type) string {
	if cell == nil {
		return "null"
	}
	digits, bits := 0, 64
	switch t.Kind {
	case data.Double:
		digits = 12
	case data.Float:
		digits, bits = 6, 32
	case data.Array, data.Map, data.Multiset, data.Row:
		return *cell
	}
	if digits > 0 { // the last digits of a sum depend on the order of its parts
		if v, err := strconv.ParseFloat(*cell, bits); err == nil {
			return strconv.FormatFloat(v, 'g', digits, 64)
		}
	}
	return textYAML(*cell)
}

var plain = regexp.MustCompile(`^[\p{L}\p{N}_.][\p{L}\p{N}_ .:/+-]*$`)

// textYAML quotes what YAML would not read as this text.
func textYAML(text string) string {
	if !plain.MatchString(text) || strings.Contains(text, ": ") || strings.HasSuffix(text, ":") || strings.HasSuffix(text, " ") || slices.Contains([]string{"null", "Null", "NULL"}, text) {
		return strconv.Quote(text)
	}
	return text
}

// inOrder says where two lists of changes part.
func inOrder(table string, want, got []string) string {
	if slices.Equal(want, got) {
		return ""
	}
	n := 0
	for n < len(want) && n < len(got) && want[n] == got[n] {
		n++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s has other changes, from change %d on:\n", table, n+1)
	for _, side := range []struct {
		title string
		rows  []string
	}{{"expected", want}, {"came", got}} {
		fmt.Fprintf(&b, "  %s:\n", side.title)
		for _, r := range side.rows[n:min(len(side.rows), n+20)] {
			fmt.Fprintf(&b, "    - %s\n", r)
		}
		switch left := len(side.rows) - n - 20; {
		case left > 0:
			fmt.Fprintf(&b, "    and %d more\n", left)
		case len(side.rows) == n:
			fmt.Fprintf(&b, "    nothing more\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
