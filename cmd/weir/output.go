package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

var outputs = []string{"table", "wide", "json", "yaml", "name"}

// outputFlag adds -o and checks it before the verb runs.
func outputFlag(c *cobra.Command, output *string) {
	c.Flags().StringVarP(output, "output", "o", "table", "table, wide, json, yaml or name")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(outputs, cobra.ShellCompDirectiveNoFileComp))
	c.PreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains(outputs, *output) {
			return usagef("output %q is not known; it can be %s", *output, strings.Join(outputs, ", "))
		}
		return nil
	}
}

// printJSON and printYAML show v as the API does.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func printYAML(w io.Writer, v any) error {
	text, err := toYAML(v)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func toYAML(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return wire.JSONToYAML(text)
}

// table aligns columns as kubectl does: names in capitals, three spaces between.
type table struct {
	head  []string
	right []bool // numbers stand at the right
	rows  [][]string
	// headless leaves the head out but keeps its widths, for rows that follow.
	headless bool
	full     bool // cells are not shortened
}

func (t *table) add(cells ...string) {
	for i, c := range cells {
		if c == "" {
			c = "-"
		}
		cells[i] = inOneLine(c)
		if i < len(cells)-1 && !t.full { // the last may run over the edge, the others would push it there
			cells[i] = shortened(cells[i])
		}
	}
	t.rows = append(t.rows, cells)
}

func (t *table) write(w io.Writer, paint func(column int, cell string) string) error {
	width := make([]int, columns(t))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var out bytes.Buffer
	line := func(row []string, painted bool) {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if painted && paint != nil {
				cell = paint(i, cell)
			}
			if t.right != nil && t.right[i] {
				cell = pad + cell
			} else {
				cell += pad
			}
			if i > 0 {
				b.WriteString("   ")
			}
			b.WriteString(cell)
		}
		out.WriteString(strings.TrimRight(b.String(), " "))
		out.WriteByte('\n')
	}
	if t.head != nil && !t.headless {
		line(t.head, false)
	}
	for _, row := range t.rows {
		line(row, true)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func columns(t *table) int {
	n := len(t.head)
	for _, row := range t.rows {
		n = max(n, len(row))
	}
	return n
}

// inOneLine makes a cell of any text; control characters do not reach the
// terminal.
func inOneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

func shortened(s string) string {
	const limit = 80
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}

// colour tells whether to paint what goes to standard output.
func (s *session) colour() bool {
	return s.outTerminal && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"
}

// paintState colours the states of deployments, jobs and savepoints.
func (s *session) paintState(cell string) string {
	if !s.colour() {
		return cell
	}
	code := ""
	switch cell {
	case "RUNNING", "STARTED", "COMPLETED", "ACTIVE":
		code = "32"
	case "FAILED", "FAILED_DELETION":
		code = "31"
	case "TRANSITIONING", "STARTING", "TERMINATING":
		code = "33"
	default:
		return cell
	}
	return "\x1b[" + code + "m" + cell + "\x1b[0m"
}

// age is how long ago something was, in its one or two largest units.
func age(now time.Time, t resource.Time) string {
	if t.IsZero() {
		return ""
	}
	d := max(now.Sub(t.Time), 0)
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 10*time.Minute:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 3*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours())/24)
}

// instant is an exact time, for people.
func instant(t resource.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// size is a number of bytes for people.
func size(n int64) string {
	if n <= 0 {
		return ""
	}
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	v, u := float64(n), 0
	for v >= 1024 && u < len(units)-1 {
		v /= 1024
		u++
	}
	if u == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}

// indented writes every line two spaces to the right. Each Write holds whole
// lines.
type indented struct{ w io.Writer }

func (i indented) Write(p []byte) (int, error) {
	text := "  " + strings.ReplaceAll(strings.TrimSuffix(string(p), "\n"), "\n", "\n  ") + "\n"
	if _, err := io.WriteString(i.w, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// tableOf makes the table of some resources of a kind.
func (k kind) tableOf(now time.Time, all []resource.Object, wide, everywhere bool) *table {
	t := &table{full: wide}
	shown := slices.DeleteFunc(slices.Clone(k.columns), func(c column) bool { return c.wide && !wide })
	if everywhere && !k.global {
		shown = append([]column{{head: "NAMESPACE", cell: func(_ time.Time, o resource.Object) string { return o.Meta().Namespace }}}, shown...)
	}
	for _, c := range shown {
		t.head = append(t.head, c.head)
		t.right = append(t.right, c.right)
	}
	for _, o := range all {
		cells := make([]string, len(shown))
		for i, c := range shown {
			cells[i] = c.cell(now, o)
		}
		t.add(cells...)
	}
	return t
}

// document prints v as JSON or YAML.
func (s *session) document(v any, output string) error {
	if output == "json" {
		return printJSON(s.out, v)
	}
	return printYAML(s.out, v)
}

// jsonLine prints v as one line of JSON.
func (s *session) jsonLine(v any) error {
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
