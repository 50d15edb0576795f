package sql

import (
	"sort"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/data"
)

// change is one row of a changelog, as case files write it.
type change struct {
	op  data.Op
	row string
}

// rowLine writes row r of b with the escapes of the case files.
func rowLine(b *data.Batch, r int, zone *time.Location) string {
	cells := make([]string, len(b.Cols))
	for i, v := range b.Cols {
		if v.IsNull(r) || v.Type.Kind == data.Null {
			cells[i] = `\N`
			continue
		}
		cells[i] = escape(unordered(string(data.AppendDisplay(nil, v, r, zone)), v.Type))
	}
	return strings.Join(cells, "\t")
}

// valueLine writes a row of values, as SHOW and DESCRIBE give them.
func valueLine(columns []data.Column, values []data.Value, zone *time.Location) string {
	cells := make([]string, len(values))
	for i, v := range values {
		if v.Null {
			cells[i] = `\N`
			continue
		}
		cells[i] = escape(data.FormatValue(v, columns[i].Type, zone))
	}
	return strings.Join(cells, "\t")
}

// escape writes the text of a value as the case files do.
func escape(s string) string {
	if s == "" {
		return `\E`
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x20 || r == 0x7f:
			const hex = "0123456789abcdef"
			b.WriteString(`\x` + string(hex[r>>4]) + string(hex[r&15]))
		case r == ' ' && (i == 0 || i == len(s)-1):
			b.WriteString(`\s`)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hasEntries tells whether the text of a type holds {entries} in no order.
func hasEntries(t data.Type) bool {
	if t.Kind == data.Map || t.Kind == data.Multiset {
		return true
	}
	for _, a := range t.Args {
		if hasEntries(a) {
			return true
		}
	}
	return false
}

func unordered(s string, t data.Type) string {
	if hasEntries(t) {
		return sortEntries(s)
	}
	return s
}

// sortEntries sorts the entries of every {…} in a text.
func sortEntries(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '{' {
			out.WriteByte(s[i])
			continue
		}
		end := closing(s, i)
		if end < 0 {
			out.WriteString(s[i:])
			break
		}
		var entries []string
		depth, from := 0, i+1
		for j := i + 1; j <= end; j++ {
			switch {
			case j == end, depth == 0 && strings.HasPrefix(s[j:], ", "):
				if j > from {
					entries = append(entries, sortEntries(s[from:j]))
				}
				from = j + 2
			case s[j] == '{' || s[j] == '[' || s[j] == '(':
				depth++
			case s[j] == '}' || s[j] == ']' || s[j] == ')':
				depth--
			}
		}
		sort.Strings(entries)
		out.WriteString("{" + strings.Join(entries, ", ") + "}")
		i = end
	}
	return out.String()
}

// closing finds the brace that closes the one at i, -1 if none does.
func closing(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			depth--
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

// sortedEntries brings the recorded lines of a result with maps into our order.
func sortedEntries(lines []string, columns []data.Column) []string {
	any := false
	for _, c := range columns {
		any = any || hasEntries(c.Type)
	}
	if !any {
		return lines
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		cells := strings.Split(l, "\t")
		for k := range cells {
			if k < len(columns) && hasEntries(columns[k].Type) {
				cells[k] = sortEntries(cells[k])
			}
		}
		out[i] = strings.Join(cells, "\t")
	}
	return out
}

// fold makes the final table of a changelog, sorted. Rows taken away that are
// not there are counted.
func fold(changes []change) (rows []string, missing int) {
	count := map[string]int{}
	for _, c := range changes {
		switch {
		case c.op.Adds():
			count[c.row]++
		case count[c.row] > 0:
			count[c.row]--
		default:
			missing++
		}
	}
	rows = []string{}
	for row, n := range count {
		for range n {
			rows = append(rows, row)
		}
	}
	sort.Strings(rows)
	return rows, missing
}
