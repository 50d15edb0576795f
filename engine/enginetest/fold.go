package enginetest

import (
	"fmt"
	"sort"
	"strings"
)

// fold makes the final table of a changelog: its rows, sorted. Taking away a
// row that is not there is an error.
func fold(changes []change) ([]string, error) {
	count := map[string]int{}
	for i, c := range changes {
		if c.op&1 == 0 {
			count[c.row]++
			continue
		}
		if count[c.row] == 0 {
			return nil, fmt.Errorf("change %d takes away a row that is not there: %s %s", i+1, ops[c.op&3], c.row)
		}
		count[c.row]--
	}
	out := []string{}
	for row, n := range count {
		for range n {
			out = append(out, row)
		}
	}
	sort.Strings(out)
	return out, nil
}

// texts are changes as scripts show them.
func texts(changes []change) []string {
	out := make([]string, len(changes))
	for i, c := range changes {
		out[i] = ops[c.op&3] + " " + c.row
	}
	return out
}

// difference tells which rows two sorted tables do not share; empty if none.
func difference(want, got []string) string {
	var b strings.Builder
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case j == len(got) || i < len(want) && want[i] < got[j]:
			fmt.Fprintf(&b, "\tmissing  %s\n", want[i])
			i++
		case i == len(want) || got[j] < want[i]:
			fmt.Fprintf(&b, "\tunwanted %s\n", got[j])
			j++
		default:
			i++
			j++
		}
	}
	return b.String()
}
