package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/test/flink"
)

// TestFlinkJAR takes a stateful program, built by Maven, through everything that
// happens to a deployment.
func TestFlinkJAR(t *testing.T) {
	for _, version := range []string{flink.Newest, flink.LongTerm} {
		t.Run(version, func(t *testing.T) {
			if version != flink.Newest { // TestFlinkKeepsState has the other
				unlessAll(t)
			}
			first, changed := flink.Programs(t, version)
			whole := countsOf(lifeLong)
			onFlink(t, version).throughEverything(life{
				artifact: func(c bool, out string, perSecond int) map[string]any {
					jar := first
					if c {
						jar = changed
					}
					return map[string]any{"kind": "JAR", "jarUri": "file://" + jar, "entryClass": "Numbers", "mainArgs": fmt.Sprintf("%d %d %s", lifeLong, perSecond, out)}
				},
				whole: whole,
				last:  slices.DeleteFunc(slices.Clone(whole), func(line string) bool { return strings.Count(line, ",") != 2 }),
			})
		})
	}
}

// countsOf is what the program writes of n numbers.
func countsOf(n int) []string {
	var lines []string
	for k := range 4 {
		sum := 0
		for i := k; i < n; i += 4 {
			sum += i
		}
		for c := 100; c < n/4; c += 100 {
			lines = append(lines, fmt.Sprintf("%d,%d", k, c))
		}
		lines = append(lines, fmt.Sprintf("%d,%d,%d", k, n/4, sum))
	}
	slices.Sort(lines)
	return lines
}
