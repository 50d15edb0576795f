package rehearsal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
)

// Fold makes the final table of a changelog: its rows, sorted by their text.
// With key, columns that identify a row, a row replaces the one of its key, as
// in a table that upserts; without, taking away a row that is not there is an
// error.
func Fold(changes []Change, key []int) ([]Change, error) {
	type held struct {
		row Change
		n   int
	}
	table := map[string]*held{}
	for i, c := range changes {
		id := identity(c.Cells, key)
		h := table[id]
		if h == nil {
			h = &held{}
			table[id] = h
		}
		switch {
		case len(key) > 0 && c.Op == data.UpdateBefore: // its +U replaces it
		case len(key) > 0 && c.Op == data.Delete:
			h.n = 0
		case len(key) > 0:
			h.n, h.row = 1, c
		case c.Op.Adds():
			h.n, h.row = h.n+1, c
		case h.n == 0:
			return nil, fmt.Errorf("change %d takes away a row that is not there: %s %s", i+1, c.Op, c.Text())
		default:
			h.n--
		}
	}
	out := []Change{}
	for _, h := range table {
		for range h.n {
			out = append(out, Change{Cells: h.row.Cells})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Text(), b.Text()) })
	return out, nil
}

// identity is the same text for equal values only. No columns are all.
func identity(cells []*string, columns []int) string {
	var b []byte
	add := func(v *string) {
		if v == nil {
			b = append(b, '-')
			return
		}
		b = append(strconv.AppendInt(b, int64(len(*v)), 10), ' ')
		b = append(b, *v...)
	}
	if len(columns) == 0 {
		for _, v := range cells {
			add(v)
		}
	}
	for _, c := range columns {
		add(cells[c])
	}
	return string(b)
}

// Difference tells which rows two sorted tables do not share, a line for each
// behind indent; empty if none.
func Difference(want, got []string, indent string) string {
	var b strings.Builder
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case j == len(got) || i < len(want) && want[i] < got[j]:
			fmt.Fprintf(&b, "%smissing  %s\n", indent, want[i])
			i++
		case i == len(want) || got[j] < want[i]:
			fmt.Fprintf(&b, "%sunwanted %s\n", indent, got[j])
			j++
		default:
			i++
			j++
		}
	}
	return b.String()
}
