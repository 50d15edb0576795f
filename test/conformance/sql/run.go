package sql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	enginesql "github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// Result is how a case ended.
type Result struct {
	Case Case
	Pass bool
	// Nullable tells that types agree but for NOT NULL; the case passes.
	Nullable bool
	// Level is how far expected errors agree (README, "Errors"): 1 to 4, the least of the case; 0 without errors.
	Level int
	// Weak tells that an expected failure is there only because the engine lacks
	// what the statement uses; the case passes, but nothing is proved.
	Weak bool
	// Quirk tells that the case passes because it is one that need not be copied.
	Quirk bool
	// Refused tells that the engine says it does not support something.
	Refused bool
	Why     string // why it does not pass
	// Said is the engine's text of the expected failure that agrees least.
	Said string
}

// patience ends a case that hangs.
const patience = 2 * time.Minute

// Run runs a case in a session of its own. dir is an empty folder for its output.
func (c *Corpus) Run(ctx context.Context, cs Case, dir string) (res Result) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	res = Result{Case: cs}
	defer func() {
		if p := recover(); p != nil {
			res.Pass, res.Why = false, fmt.Sprintf("panic: %v", p)
		}
	}()
	r, err := c.open(ctx, cs, dir)
	if err == nil {
		err = r.run()
	}
	res.Level, res.Nullable, res.Weak, res.Said = r.level, r.nullable, r.weak, r.said
	if err == nil {
		res.Pass = true
		return res
	}
	res.Why = err.Error()
	res.Refused = lacking(res.Why)
	if cs.Quirk != "" {
		res.Pass, res.Quirk = true, true
	}
	return res
}

// runner runs one case.
type runner struct {
	corpus   *Corpus
	cs       Case
	ctx      context.Context
	dir      string
	engine   *engine.Engine
	session  *enginesql.Session
	jobs     int
	level    int
	said     string
	nullable bool
	weak     bool
}

// lacking tells whether an error says that something is not built yet.
func lacking(message string) bool {
	for _, s := range []string{"not supported by this engine", "No match found for function", "Could not find any format", "Could not find any factory"} {
		if strings.Contains(message, s) {
			return true
		}
	}
	return false
}

func (c *Corpus) open(ctx context.Context, cs Case, dir string) (*runner, error) {
	config := map[string]string{
		"execution.runtime-mode": "streaming", "parallelism.default": "1", "table.local-time-zone": "UTC",
		"table.exec.mini-batch.enabled": "false", "table.dml-sync": "true", "restart-strategy.type": "none",
	}
	for _, kv := range cs.Set {
		config[kv[0]] = kv[1]
	}
	r := &runner{corpus: c, cs: cs, ctx: ctx, dir: dir, engine: engine.New(engine.Config{Dir: dir})}
	r.session = r.engine.NewSession(config)
	use := slices.Clone(cs.Use)
	if cs.From != "" {
		name, _, _ := strings.Cut(cs.From, " ")
		use = append(use, name)
	}
	for _, name := range use {
		def, ok := c.Tables[name]
		if !ok {
			return r, fmt.Errorf("the corpus has no table %q", name)
		}
		if err := r.script(def); err != nil {
			return r, fmt.Errorf("create table %s: %w", name, err)
		}
	}
	return r, nil
}

func (r *runner) text(sql string) string {
	return strings.NewReplacer("${DATA}", r.corpus.Data, "${OUT}", r.dir).Replace(sql)
}

// zone is the session's, in which results are shown.
func (r *runner) zone() *time.Location {
	name := r.session.Config()["table.local-time-zone"]
	if z, err := time.LoadLocation(name); err == nil {
		return z
	}
	if m := offsetZone.FindStringSubmatch(name); m != nil {
		h, _ := strconv.Atoi(m[2])
		min, _ := strconv.Atoi(m[3])
		seconds := h*3600 + min*60
		if m[1] == "-" {
			seconds = -seconds
		}
		return time.FixedZone(name, seconds)
	}
	return time.UTC
}

var offsetZone = regexp.MustCompile(`^GMT([+-])(\d\d):(\d\d)$`)

func (r *runner) run() error {
	if r.cs.Expr != nil {
		return r.expression()
	}
	for i := range r.cs.Steps {
		s := &r.cs.Steps[i]
		if err := r.step(s); err != nil {
			return fmt.Errorf("line %d: %w", s.Line, err)
		}
	}
	return nil
}

func (r *runner) step(s *Step) error {
	switch s.Kind {
	case Run:
		return r.script(s.SQL)
	case Query:
		a, err := r.statement(s.SQL)
		if err != nil {
			return err
		}
		return r.compare(s, a)
	case Fails:
		a, err := r.statement(s.SQL)
		if err == nil {
			return fmt.Errorf("must fail with %q, but gives %d changes", strings.Join(s.Error.Messages, " "), len(a.changes))
		}
		return r.failure(s.Error, err, 0)
	case Output:
		return r.output(s)
	}
	return fmt.Errorf("unknown step %q", s.Kind)
}

func (r *runner) expression() error {
	e := r.cs.Expr
	offset := len("SELECT ")
	if r.cs.From != "" {
		offset = len("SELECT `id`, ")
	}
	a, err := r.statement(r.cs.Statement())
	if e.Error != nil {
		if err == nil {
			return fmt.Errorf("must fail with %q", strings.Join(e.Error.Messages, " "))
		}
		return r.failure(e.Error, err, offset)
	}
	if err != nil {
		return err
	}
	columns := a.columns
	if err := r.types([]string{e.Type}, columns[len(columns)-1:], false); err != nil {
		return err
	}
	got, _ := fold(a.changes)
	want := slices.Clone(sortedEntries(e.Rows, columns))
	sort.Strings(want)
	return same("rows", want, got)
}

// answer is what a statement gave.
type answer struct {
	columns []data.Column
	changes []change
	rows    []string // of SHOW and the like
	listing bool
}

// script runs statements that must succeed.
func (r *runner) script(sql string) error {
	stmts, err := parse.Script(r.text(sql))
	if err != nil {
		return err
	}
	for _, st := range stmts {
		if _, err := r.execute(st); err != nil {
			return fmt.Errorf("%s: %w", firstWords(ast.Print(st)), err)
		}
	}
	return nil
}

func firstWords(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

func (r *runner) statement(sql string) (answer, error) {
	st, err := parse.Statement(r.text(sql))
	if err != nil {
		return answer{}, err
	}
	return r.execute(st)
}

func (r *runner) execute(st ast.Statement) (answer, error) {
	o, err := r.session.Execute(st)
	if err != nil {
		return answer{}, err
	}
	a := answer{columns: o.Columns}
	switch o.Kind {
	case enginesql.Select:
		zone := r.zone()
		a.columns = resultColumns(o.Graph, o.Columns)
		err = r.job(o.Graph, func(b *data.Batch) error {
			for i := range b.Len() {
				row := b.Row(i)
				a.changes = append(a.changes, change{b.Op(row), rowLine(b, row, zone)})
			}
			return nil
		})
	case enginesql.Insert:
		err = r.job(o.Graph, nil)
		a.listing, a.rows = true, []string{"OK"}
	case enginesql.Rows:
		a.listing = true
		for _, row := range o.Rows {
			a.rows = append(a.rows, valueLine(o.Columns, row, r.zone()))
		}
	default:
		a.listing, a.rows = true, []string{"OK"}
		a.columns = []data.Column{{Name: "result", Type: data.String()}}
	}
	return a, err
}

// resultColumns takes the schema of the collect sink if the outcome has none.
func resultColumns(g *graph.Graph, columns []data.Column) []data.Column {
	if columns != nil {
		return columns
	}
	for _, v := range g.Vertices {
		for _, op := range v.Ops {
			if op.Sink != nil {
				return op.Schema
			}
		}
	}
	return nil
}

func (r *runner) job(g *graph.Graph, collect func(b *data.Batch) error) error {
	r.jobs++
	id := sha256.Sum256([]byte(r.dir + strconv.Itoa(r.jobs)))
	job, err := r.engine.Start(r.ctx, engine.JobSpec{
		ID: hex.EncodeToString(id[:16]), Name: r.cs.Name, Graph: g, Config: maps.Clone(r.session.Config()), Collect: collect,
	})
	if err != nil {
		return err
	}
	if err := job.Wait(r.ctx); err != nil {
		return &runtimeError{err}
	}
	return nil
}

// runtimeError marks a failure of a running job.
type runtimeError struct{ err error }

func (e *runtimeError) Error() string { return e.err.Error() }
func (e *runtimeError) Unwrap() error { return e.err }

func (r *runner) compare(s *Step, a answer) error {
	if s.Columns != nil {
		if err := r.types(s.Columns, a.columns, true); err != nil {
			return err
		}
	}
	if a.listing {
		want := s.Rows
		if want == nil {
			want = s.Materialised
		}
		if want == nil {
			return nil
		}
		want = r.expand(want)
		if s.Rows == nil {
			want, a.rows = slices.Clone(want), slices.Clone(a.rows)
			sort.Strings(want)
			sort.Strings(a.rows)
		}
		return same("rows", want, a.rows)
	}
	if s.Changelog != nil && r.cs.Order == "exact" {
		var got []string
		for _, c := range a.changes {
			got = append(got, c.op.String()+" "+c.row)
		}
		if err := same("changelog", r.expand(s.Changelog), got); err != nil && s.Materialised == nil {
			return err
		} else if err != nil && !slices.Contains(strings.Fields(r.cs.Quirk), "inconsistent-changelog") {
			return err
		}
	}
	switch {
	case s.Rows != nil:
		var got []string
		for _, c := range a.changes {
			got = append(got, c.row)
		}
		if r.cs.Order != "listing" {
			got, _ = fold(a.changes)
			want := slices.Clone(s.Rows)
			sort.Strings(want)
			return same("rows", want, got)
		}
		return same("rows", sortedEntries(r.expand(s.Rows), a.columns), got)
	case s.Materialised != nil:
		got, missing := fold(a.changes)
		if missing > 0 && r.cs.Quirk == "" {
			return fmt.Errorf("the changelog takes away %d rows that are not there", missing)
		}
		want := slices.Clone(sortedEntries(r.expand(s.Materialised), a.columns))
		sort.Strings(want)
		return same("materialised", want, got)
	}
	return nil
}

func (r *runner) expand(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = r.text(l)
	}
	return out
}

// types compares columns; names too if the expectation has them ("name TAB type").
func (r *runner) types(want []string, columns []data.Column, named bool) error {
	if len(want) != len(columns) {
		return fmt.Errorf("%d columns, want %d", len(columns), len(want))
	}
	for i, w := range want {
		got := clientIntervals(columns[i].Type.String())
		if named {
			got = columns[i].Name + "\t" + got
		}
		if got == w {
			continue
		}
		if strings.ReplaceAll(got, " NOT NULL", "") != strings.ReplaceAll(w, " NOT NULL", "") {
			return fmt.Errorf("column %d is %q, want %q", i+1, got, w)
		}
		r.nullable = true
	}
	return nil
}

var (
	dayTime   = regexp.MustCompile(`INTERVAL DAY\(\d+\) TO SECOND\(\d+\)`)
	yearMonth = regexp.MustCompile(`INTERVAL YEAR\(\d+\) TO MONTH`)
)

// clientIntervals writes the types of intervals as Flink's client does, which
// leaves their precision out.
func clientIntervals(t string) string {
	return yearMonth.ReplaceAllString(dayTime.ReplaceAllString(t, "INTERVAL SECOND(3)"), "INTERVAL MONTH")
}

// failure compares an error with the expected one and lowers the level.
func (r *runner) failure(want *Error, err error, offset int) error {
	if lacking(err.Error()) && !lacking(strings.Join(want.Messages, "\n")) {
		r.weak = true
	}
	level := 1
	var pos *ast.Error
	var run *runtimeError
	before := errors.As(err, &pos)
	ran := errors.As(err, &run)
	early := want.Kind == "parse" || want.Kind == "validation"
	if early == (before && pos.Stage == ast.Validation && !ran) {
		level = 2
		if !want.HasPosition || before && pos.Pos.Line == want.Line && pos.Pos.Column == want.Column+offset {
			level = 3
			if sharesWords(want.Messages, err.Error()) {
				level = 4
			}
		}
	}
	if r.level == 0 || level < r.level {
		r.level, r.said = level, fmt.Sprintf("%s, want %s: %s", firstLine(err), want.Kind, strings.Join(want.Messages, " "))
	}
	return nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// sharesWords tells whether the quoted words of Flink's message occur in ours.
func sharesWords(messages []string, got string) bool {
	for _, m := range messages {
		parts := strings.Split(m, "'")
		for i := 1; i < len(parts); i += 2 {
			if parts[i] != "" && !strings.Contains(strings.ToLower(got), strings.ToLower(parts[i])) {
				return false
			}
		}
	}
	return true
}

// output compares the lines of the files of a folder, written with the escapes of
// the case files.
func (r *runner) output(s *Step) error {
	root := filepath.Join(r.dir, s.Arg)
	got := []string{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); path != root && (name[0] == '.' || name[0] == '_') {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		prefix := ""
		if sub, _ := filepath.Rel(root, filepath.Dir(path)); sub != "." {
			prefix = sub + "/: "
		}
		for _, l := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			got = append(got, prefix+escape(l))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the output: %w", err)
	}
	sort.Strings(got)
	want := slices.Clone(s.Output)
	sort.Strings(want)
	return same("output", want, got)
}

// same compares lines; the error shows the first that differs.
func same(what string, want, got []string) error {
	for i := 0; i < len(want) || i < len(got); i++ {
		switch {
		case i >= len(want):
			return fmt.Errorf("%s: %d lines, want %d; unwanted: %q", what, len(got), len(want), got[i])
		case i >= len(got):
			return fmt.Errorf("%s: %d lines, want %d; missing: %q", what, len(got), len(want), want[i])
		case want[i] != got[i]:
			return fmt.Errorf("%s: line %d is %q, want %q", what, i+1, got[i], want[i])
		}
	}
	return nil
}
