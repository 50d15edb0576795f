package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/engine/rehearsal"
)

type testOptions struct {
	run    string
	ways   []string
	output string
}

func testCommand(s *session) *cobra.Command {
	var o testOptions
	c := &cobra.Command{
		Use:   "test PATH…",
		Short: "Test SQL scripts: rows in, rows out",
		Long: `Run tests of SQL scripts. A file of tests, NAME.test.yaml, names a script, gives
rows to the tables that it reads, and says which rows its sinks or views must
have. Nothing outside is read or written. Each test runs five ways that must
agree: on one task, on three, through a savepoint to another parallelism, and
through two kinds of failure. Folders are searched for files of tests.`,
		Example: example(`weir test examples
weir test orders.test.yaml --run late
weir test . --output junit > report.xml`),
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runTests(c.Context(), s, args, o) },
	}
	f := c.Flags()
	f.StringVar(&o.run, "run", "", "run only tests whose name this regular expression matches")
	f.StringSliceVar(&o.ways, "ways", nil, "run only these ways: one, three, savepoint, recover, chain")
	f.StringVar(&o.output, "output", "text", "text, json or junit")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json", "junit"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("ways", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, w := range rehearsal.Ways {
			names = append(names, w.Name+"\t"+w.Doc)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// fileResult is what became of a file of tests.
type fileResult struct {
	File  string       `json:"file"`
	Tests []testResult `json:"tests"`
	// Error says why the file could not be read; it has no tests then.
	Error   string `json:"error,omitempty"`
	skipped bool   // no test of it was asked for
}

// testResult is what became of a test.
type testResult struct {
	Name    string   `json:"name"`
	Line    int      `json:"line"`
	Ways    []string `json:"ways,omitempty"` // that were run
	Seconds float64  `json:"seconds"`
	// Failure says what was wrong, in lines; empty: nothing.
	Failure string `json:"failure,omitempty"`
}

func runTests(ctx context.Context, s *session, paths []string, o testOptions) error {
	if !slices.Contains([]string{"text", "json", "junit"}, o.output) {
		return usagef("output %q is not known; it can be text, json or junit", o.output)
	}
	named, err := regexp.Compile(o.run)
	if err != nil {
		return usagef("--run: %v", err)
	}
	if _, err := rehearsal.WaysNamed(o.ways); err != nil {
		return usagef("--ways: %v", err)
	}
	files, err := testFiles(paths)
	if err != nil {
		return err
	}
	report := testReport{out: s.out, form: o.output, started: time.Now()}
	for _, name := range files {
		r := fileResult{File: name, Tests: []testResult{}}
		report.begin(name)
		f, err := readTestFile(name)
		if err != nil {
			r.Error = err.Error()
		} else {
			for _, t := range f.tests {
				if !named.MatchString(t.name) {
					continue
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
				started := time.Now()
				done := testResult{Name: t.name, Line: t.line}
				var failure error
				done.Ways, failure = t.run(ctx, f, o.ways)
				if done.Seconds = time.Since(started).Seconds(); failure != nil {
					done.Failure = failure.Error()
				}
				report.test(done)
				r.Tests = append(r.Tests, done)
			}
			r.skipped = len(r.Tests) == 0
		}
		report.end(r)
	}
	failed, err := report.close()
	if err != nil {
		return err
	}
	if report.tests == 0 && failed == 0 {
		return usagef("no test has a name that %q matches", o.run)
	}
	if failed > 0 {
		return &exitError{code: client.ExitFailed}
	}
	return nil
}

// testFiles finds the files of tests that paths name, in order, each once.
func testFiles(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("find tests: %w", err)
		}
		if !info.IsDir() {
			out = append(out, p)
			continue
		}
		before := len(out)
		root := p + string(filepath.Separator) // a link to a folder is followed
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			if !d.IsDir() && (strings.HasSuffix(d.Name(), ".test.yaml") || strings.HasSuffix(d.Name(), ".test.yml")) {
				out = append(out, filepath.Clean(path))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("find tests in %s: %w", p, err)
		}
		if len(out) == before {
			return nil, &exitError{code: client.ExitFailed, err: fmt.Errorf("no file of tests is in %s: their names end in .test.yaml", p)}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no file of tests is given")
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(f string) bool {
		was := seen[filepath.Clean(f)]
		seen[filepath.Clean(f)] = true
		return was
	}), nil
}
