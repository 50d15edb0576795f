package sql

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
)

var (
	accept   = flag.Bool("accept", false, "rewrite testdata/expected.txt with the cases that pass now")
	corpus   = flag.String("corpus", "", "run another corpus folder and report, without expectations")
	only     = flag.String("case", "", "run only cases whose name begins so, and say why they fail")
	failures = flag.Bool("failures", false, "say why cases fail")
	levels   = flag.Bool("levels", false, "show expected failures whose stage, place or words are others")
)

// runAll runs cases two at a time.
func runAll(t *testing.T, c *Corpus, cases []Case) []Result {
	t.Helper()
	dir := t.TempDir()
	out := make([]Result, len(cases))
	var wg sync.WaitGroup
	next := make(chan int)
	for range 2 {
		wg.Go(func() {
			for i := range next {
				own := filepath.Join(dir, fmt.Sprint(i))
				if err := os.MkdirAll(own, 0o755); err != nil {
					out[i] = Result{Case: cases[i], Why: err.Error()}
					continue
				}
				out[i] = c.Run(t.Context(), cases[i], own)
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// id names a case within a corpus; names may repeat in different files.
func id(c Case) string { return strings.TrimSuffix(c.File, ".sqlt") + " " + c.Name }

func TestRecordedCasesKeepPassing(t *testing.T) {
	if *corpus != "" {
		t.Skip("another corpus is asked for")
	}
	c, err := Load("testdata")
	if err != nil {
		t.Fatal(err)
	}
	cases := selected(c.Cases)
	results := runAll(t, c, cases)
	t.Log("\n" + report(results))
	expected := readExpected(t)
	passing := map[string]bool{}
	fresh := 0
	for _, r := range results {
		name := id(r.Case)
		switch {
		case r.Pass && (r.Weak || r.Quirk):
			if expected[name] {
				passing[name] = true
			}
		case r.Pass:
			passing[name] = true
			if !expected[name] {
				fresh++
			}
		case expected[name]:
			t.Errorf("%s:%d: %s passed before: %s", r.Case.File, r.Case.Line, r.Case.Name, r.Why)
		}
		if !r.Pass && (*failures || *only != "") {
			t.Logf("%s:%d: %s: %s", r.Case.File, r.Case.Line, r.Case.Name, r.Why)
		}
	}
	if *only != "" {
		return
	}
	for name := range expected {
		if !slices.ContainsFunc(cases, func(c Case) bool { return id(c) == name }) {
			t.Errorf("expected.txt names a case that is not there: %s", name)
		}
	}
	if *accept {
		lines := slices.Sorted(maps.Keys(passing))
		if err := os.WriteFile("testdata/expected.txt", []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if fresh > 0 {
		t.Logf("%d more cases pass than expected.txt says; go test -accept adds them", fresh)
	}
}

func TestOtherCorpus(t *testing.T) {
	if *corpus == "" {
		t.Skip("give -corpus=FOLDER to run one")
	}
	c, err := Load(*corpus)
	if err != nil {
		t.Fatal(err)
	}
	results := runAll(t, c, selected(c.Cases))
	t.Log("\n" + report(results))
	for _, r := range results {
		if !r.Pass && (*failures || *only != "") {
			t.Logf("%s:%d: %s: %s", r.Case.File, r.Case.Line, r.Case.Name, r.Why)
		}
		if *levels && r.Pass && (r.Weak || r.Level > 0 && r.Level < 4) {
			t.Logf("%s:%d: %s: level %d: %s", r.Case.File, r.Case.Line, r.Case.Name, r.Level, r.Said)
		}
	}
}

func selected(cases []Case) []Case {
	if *only == "" {
		return cases
	}
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return !strings.HasPrefix(c.Name, *only) })
}

func readExpected(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("testdata/expected.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, l := range strings.Split(string(text), "\n") {
		if l != "" {
			out[l] = true
		}
	}
	return out
}

// report is a table of the files: passed, of how many, and of what sort.
func report(results []Result) string {
	type line struct{ all, pass, quirk, weak, nullable, refused, wrong, l1, l2, l3, l4 int }
	lines := map[string]*line{}
	for _, r := range results {
		for _, file := range []string{r.Case.File, "total"} {
			l := lines[file]
			if l == nil {
				l = &line{}
				lines[file] = l
			}
			l.all++
			switch {
			case r.Pass:
				l.pass++
			case r.Refused:
				l.refused++
			default:
				l.wrong++
			}
			if r.Quirk {
				l.quirk++
			}
			if r.Weak {
				l.weak++
			}
			if r.Pass && r.Nullable {
				l.nullable++
			}
			switch r.Level {
			case 1:
				l.l1++
			case 2:
				l.l2++
			case 3:
				l.l3++
			case 4:
				l.l4++
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-30s %6s %6s %6s | %s\n", "", "pass", "of", "%", "refused, wrong; passed by quirk, for lack of the feature, without NOT NULL; errors at level 1, 2, 3, 4")
	names := slices.Collect(maps.Keys(lines))
	sort.Slice(names, func(i, j int) bool {
		if (names[i] == "total") != (names[j] == "total") {
			return names[j] == "total"
		}
		return names[i] < names[j]
	})
	for _, n := range names {
		l := lines[n]
		fmt.Fprintf(&b, "%-30s %6d %6d %5.1f%% | %d, %d; %d, %d, %d; %d, %d, %d, %d\n", n, l.pass, l.all, 100*float64(l.pass)/float64(l.all), l.refused, l.wrong, l.quirk, l.weak, l.nullable, l.l1, l.l2, l.l3, l.l4)
	}
	return b.String()
}
