// Package sql runs cases recorded from Apache Flink against the engine and says
// how far the two agree.
//
// The format of the case files is described in testdata/README.md. A case that
// is expected to pass never stops passing unnoticed: testdata/expected.txt lists them.
package sql

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Case is one case of a case file.
type Case struct {
	File  string
	Line  int
	Name  string
	Set   [][2]string // session settings in order
	Use   []string    // tables to create first
	From  string      // of an expression case: table [WHERE …]
	Order string      // exact, listing, or empty
	Quirk string
	// Steps of a query case, in order; empty for an expression case.
	Steps []Step
	Expr  *ExprCase
}

// ExprCase is an expression with its expected type and rows, or its error.
type ExprCase struct {
	Text  string
	Type  string
	Rows  []string // escaped; "id TAB value" if the case has a table
	Error *Error
}

// StepKind tells what a Step does.
type StepKind string

// Kinds of steps.
const (
	Run    StepKind = "run"   // statements that must succeed; setup too
	Query  StepKind = "query" // one statement with expected results
	Fails  StepKind = "fails" // one statement that must fail
	Output StepKind = "output"
)

// Step is one block of a query case with its expectations.
type Step struct {
	Kind         StepKind
	Line         int
	Arg          string // the directory of an output
	SQL          string
	Columns      []string // "name TAB type"; nil if not given
	Materialised []string // nil if not given
	Rows         []string
	Changelog    []string
	Output       []string
	Error        *Error
}

// Error is an expected failure.
type Error struct {
	Kind         string // parse, validation, plan, runtime
	Class        string
	Line, Column int // 0 if not given
	HasPosition  bool
	Messages     []string
}

// Corpus is a folder of cases and tables.
type Corpus struct {
	Data   string            // absolute path of the input files
	Tables map[string]string // name → CREATE TABLE
	Cases  []Case
}

// Load reads a folder with cases/*.sqlt and data/tables.sql.
func Load(dir string) (*Corpus, error) {
	data, err := filepath.Abs(filepath.Join(dir, "data"))
	if err != nil {
		return nil, fmt.Errorf("find the corpus data: %w", err)
	}
	c := &Corpus{Data: data, Tables: map[string]string{}}
	src, err := os.ReadFile(filepath.Join(data, "tables.sql"))
	if err != nil {
		return nil, fmt.Errorf("read the corpus tables: %w", err)
	}
	for i, part := range strings.Split(string(src), "\n-- table: ") {
		if i == 0 {
			continue
		}
		name, body, _ := strings.Cut(part, "\n")
		c.Tables[strings.TrimSpace(name)] = strings.TrimSpace(body)
	}
	files, err := filepath.Glob(filepath.Join(dir, "cases", "*.sqlt"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no case files in %s", filepath.Join(dir, "cases"))
	}
	sort.Strings(files)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("read cases: %w", err)
		}
		cases, err := parseFile(filepath.Base(f), string(text))
		if err != nil {
			return nil, err
		}
		c.Cases = append(c.Cases, cases...)
	}
	return c, nil
}

func parseFile(file, text string) ([]Case, error) {
	var out []Case
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); {
		if !strings.HasPrefix(lines[i], "-- case: ") {
			i++
			continue
		}
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(lines[end], "-- case: ") {
			end++
		}
		c, err := parseCase(file, i, lines[i:end])
		if err != nil {
			return nil, err
		}
		out = append(out, c)
		i = end
	}
	return out, nil
}

func parseCase(file string, at int, lines []string) (Case, error) {
	c := Case{File: file, Line: at + 1, Name: strings.TrimPrefix(lines[0], "-- case: ")}
	i := 1
	for ; i < len(lines) && strings.HasPrefix(lines[i], "-- "); i++ {
		key, value, ok := strings.Cut(lines[i][3:], ": ")
		if !ok {
			return c, fmt.Errorf("%s:%d: a header is written -- key: value", file, at+i+1)
		}
		switch key {
		case "set":
			k, v, _ := strings.Cut(value, "=")
			c.Set = append(c.Set, [2]string{strings.TrimSpace(k), strings.TrimSpace(v)})
		case "use":
			for _, t := range strings.Split(value, ",") {
				c.Use = append(c.Use, strings.TrimSpace(t))
			}
		case "from":
			c.From = value
		case "order":
			c.Order = value
		case "quirk":
			c.Quirk = value
		}
	}
	var block []string
	kind, arg, blockLine := "", "", 0
	flush := func() error {
		for len(block) > 0 && strings.TrimSpace(block[len(block)-1]) == "" {
			block = block[:len(block)-1]
		}
		err := c.addBlock(kind, arg, blockLine, block)
		block = nil
		return err
	}
	for ; i < len(lines); i++ {
		l := lines[i]
		if strings.HasPrefix(l, "---- ") {
			if kind != "" {
				if err := flush(); err != nil {
					return c, err
				}
			}
			kind, arg, _ = strings.Cut(strings.TrimPrefix(l, "---- "), ": ")
			blockLine = at + i + 2
			continue
		}
		if kind != "" {
			block = append(block, l)
			continue
		}
		if len(l) >= 2 && l[1] == ' ' {
			c.addExprLine(l[0], l[2:])
		} else if len(l) == 1 && l == "=" {
			c.addExprLine('=', "")
		}
	}
	if kind != "" {
		return c, flush()
	}
	return c, nil
}

func (c *Case) addExprLine(mark byte, text string) {
	if c.Expr == nil {
		c.Expr = &ExprCase{}
	}
	switch mark {
	case '?':
		c.Expr.Text = text
	case ':':
		c.Expr.Type = text
	case '=':
		c.Expr.Rows = append(c.Expr.Rows, text)
	case '!':
		if c.Expr.Error == nil {
			c.Expr.Error = &Error{}
		}
		c.Expr.Error.add(text)
	}
}

var positionForm = regexp.MustCompile(`^line (\d+), column (\d+)$`)

func (e *Error) add(line string) {
	key, value, _ := strings.Cut(line, ": ")
	switch key {
	case "kind":
		e.Kind = value
	case "class":
		e.Class = value
	case "position":
		if m := positionForm.FindStringSubmatch(value); m != nil {
			e.Line, _ = strconv.Atoi(m[1])
			e.Column, _ = strconv.Atoi(m[2])
			e.HasPosition = true
		}
	case "message":
		e.Messages = append(e.Messages, value)
	}
}

func (c *Case) addBlock(kind, arg string, line int, block []string) error {
	text := strings.Join(block, "\n")
	if block == nil {
		block = []string{}
	}
	switch kind {
	case "setup", "run":
		c.Steps = append(c.Steps, Step{Kind: Run, Line: line, SQL: text})
		return nil
	case "query":
		c.Steps = append(c.Steps, Step{Kind: Query, Line: line, SQL: text})
		return nil
	case "fails":
		c.Steps = append(c.Steps, Step{Kind: Fails, Line: line, SQL: text})
		return nil
	case "output":
		c.Steps = append(c.Steps, Step{Kind: Output, Line: line, Arg: arg, Output: block})
		return nil
	}
	if len(c.Steps) == 0 {
		return fmt.Errorf("%s:%d: block %q has no statement before it", c.File, line, kind)
	}
	s := &c.Steps[len(c.Steps)-1]
	switch kind {
	case "columns":
		s.Columns = block
	case "materialised":
		s.Materialised = block
	case "rows":
		s.Rows = block
	case "changelog":
		s.Changelog = block
	case "error":
		s.Error = &Error{}
		for _, l := range block {
			s.Error.add(l)
		}
	default:
		return fmt.Errorf("%s:%d: unknown block %q", c.File, line, kind)
	}
	return nil
}

// Statement gives the SQL of an expression case. Those with a parse error were
// recorded with an alias after the expression.
func (c *Case) Statement() string {
	expr := c.Expr.Text
	if c.Expr.Error != nil && c.Expr.Error.Kind == "parse" {
		expr += " AS r"
	}
	if c.From == "" {
		return "SELECT " + expr
	}
	return "SELECT `id`, " + expr + " FROM " + c.From
}
