package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// testReport tells what becomes of tests: in text as they end, as a document at
// the end.
type testReport struct {
	out           io.Writer
	form          string // text, json, junit
	started       time.Time
	files         []fileResult
	tests, failed int
}

func (r *testReport) begin(file string) {
	if r.form == "text" {
		fmt.Fprintln(r.out, file)
	}
}

func (r *testReport) test(t testResult) {
	r.tests++
	if t.Failure != "" {
		r.failed++
	}
	if r.form != "text" {
		return
	}
	if t.Failure == "" {
		fmt.Fprintf(r.out, "  ok    %-52s %s  %.2f s\n", t.Name, count(len(t.Ways), "way"), t.Seconds)
		return
	}
	fmt.Fprintf(r.out, "  FAIL  %s  (line %d)\n", t.Name, t.Line)
	for line := range strings.SplitSeq(strings.TrimRight(t.Failure, "\n"), "\n") {
		fmt.Fprintf(r.out, "        %s\n", line)
	}
}

func (r *testReport) end(f fileResult) {
	if f.Error != "" {
		r.failed++
		if r.form == "text" {
			fmt.Fprintf(r.out, "  FAIL  %s\n", f.Error)
		}
	}
	if f.skipped && r.form == "text" {
		fmt.Fprintln(r.out, "  no test of that name")
	}
	r.files = append(r.files, f)
}

// close writes the document and tells how many failed; a file that cannot be read
// is one.
func (r *testReport) close() (failed int, err error) {
	switch r.form {
	case "json":
		e := json.NewEncoder(r.out)
		e.SetIndent("", "  ")
		return r.failed, e.Encode(r.files)
	case "junit":
		return r.failed, r.junit()
	}
	verdict := "all passed"
	if r.failed > 0 {
		verdict = fmt.Sprintf("%d failed", r.failed)
	}
	_, err = fmt.Fprintf(r.out, "%s, %s  (%.1f s)\n", count(r.tests, "test"), verdict, time.Since(r.started).Seconds())
	return r.failed, err
}

type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		File      string        `xml:"file,attr"`
		Line      int           `xml:"line,attr,omitempty"`
		Time      string        `xml:"time,attr"`
		Failure   *junitFailure `xml:"failure,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (r *testReport) junit() error {
	doc := junitSuites{Tests: r.tests, Failures: r.failed}
	for _, f := range r.files {
		suite := junitSuite{Name: f.File, Tests: len(f.Tests)}
		var sum float64
		add := func(t testResult) {
			c := junitCase{Name: t.Name, ClassName: f.File, File: f.File, Line: t.Line, Time: fmt.Sprintf("%.3f", t.Seconds)}
			if t.Failure != "" {
				first, _, _ := strings.Cut(t.Failure, "\n")
				c.Failure = &junitFailure{Message: first, Text: t.Failure}
				suite.Failures++
			}
			sum += t.Seconds
			suite.Cases = append(suite.Cases, c)
		}
		for _, t := range f.Tests {
			add(t)
		}
		if f.Error != "" {
			suite.Tests++
			doc.Tests++
			add(testResult{Name: "the file can be read", Failure: f.Error})
		}
		suite.Time = fmt.Sprintf("%.3f", sum)
		doc.Suites = append(doc.Suites, suite)
	}
	if _, err := io.WriteString(r.out, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(r.out)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err := io.WriteString(r.out, "\n")
	return err
}

// count is "1 test", "2 tests".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
