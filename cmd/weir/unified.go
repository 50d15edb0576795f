package main

import "fmt"

// maxDiffCells bounds the table of the comparison; larger texts are shown as
// wholly replaced.
const maxDiffCells = 16 << 20

// edit is one line of a comparison: ' ' in both, '-' only in the old, '+' only
// in the new.
type edit struct {
	op   byte
	text string
}

// unifiedDiff compares lines and returns hunks with some lines of context; nil
// when nothing differs.
func unifiedDiff(a, b []string, context int) []string {
	edits := compareLines(a, b)
	keep := make([]bool, len(edits))
	for i, e := range edits {
		if e.op != ' ' {
			for j := max(0, i-context); j < min(len(edits), i+context+1); j++ {
				keep[j] = true
			}
		}
	}
	var out []string
	oldLine, newLine := 1, 1
	for i := 0; i < len(edits); i++ {
		if !keep[i] {
			oldLine++
			newLine++
			continue
		}
		oldCount, newCount := 0, 0
		end := i
		for ; end < len(edits) && keep[end]; end++ {
			if edits[end].op != '+' {
				oldCount++
			}
			if edits[end].op != '-' {
				newCount++
			}
		}
		out = append(out, fmt.Sprintf("@@ -%d,%d +%d,%d @@", oldLine, oldCount, newLine, newCount))
		for _, e := range edits[i:end] {
			out = append(out, string(e.op)+e.text)
		}
		oldLine += oldCount
		newLine += newCount
		i = end - 1
	}
	return out
}

// compareLines finds a shortest list of edits, by the longest common
// subsequence of what lies between equal beginnings and ends.
func compareLines(a, b []string) []edit {
	var edits, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		edits = append(edits, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, edit{' ', a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	edits = append(edits, middle(a, b)...)
	for i := len(tail) - 1; i >= 0; i-- {
		edits = append(edits, tail[i])
	}
	return edits
}

func middle(a, b []string) []edit {
	var edits []edit
	i, j := 0, 0
	if (len(a)+1)*(len(b)+1) <= maxDiffCells {
		// common[i][j] is the length of the longest common subsequence of a[i:], b[j:].
		common := make([][]int32, len(a)+1)
		for i := range common {
			common[i] = make([]int32, len(b)+1)
		}
		for i := len(a) - 1; i >= 0; i-- {
			for j := len(b) - 1; j >= 0; j-- {
				if a[i] == b[j] {
					common[i][j] = common[i+1][j+1] + 1
				} else {
					common[i][j] = max(common[i+1][j], common[i][j+1])
				}
			}
		}
		for i < len(a) && j < len(b) {
			switch {
			case a[i] == b[j]:
				edits = append(edits, edit{' ', a[i]})
				i++
				j++
			case common[i+1][j] >= common[i][j+1]:
				edits = append(edits, edit{'-', a[i]})
				i++
			default:
				edits = append(edits, edit{'+', b[j]})
				j++
			}
		}
	}
	for ; i < len(a); i++ {
		edits = append(edits, edit{'-', a[i]})
	}
	for ; j < len(b); j++ {
		edits = append(edits, edit{'+', b[j]})
	}
	return edits
}
