package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

type runOptions struct {
	set, vars     []string
	parallelism   int
	mode          string
	output        string
	materialize   bool
	limit         int64
	timeout       time.Duration
	goOn          bool
	fromSavepoint string
	stats         bool
	verbose       bool
}

func runCommand(s *session) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run FILE.sql|-",
		Short: "Run a SQL script here and now",
		Long: `Run the statements of a script in order, in this process. DDL and SET take
effect; an INSERT or a statement set runs to its end or until interrupted; a
SELECT prints its changelog as it comes, or with --materialize the final table.
Relative paths in a script are relative to the script's folder.`,
		Example: example(`weir run examples/flights/carriers.sql --materialize
weir run query.sql --var DAY=2024-02-29 --output json
echo "SELECT 1 + 1;" | weir run -`),
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runScript(c.Context(), s, args[0], o) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.set, "set", nil, "a setting, KEY=VALUE, as SET would make it")
	f.StringArrayVar(&o.vars, "var", nil, "NAME=VALUE: replaces ${NAME} in the script")
	f.IntVar(&o.parallelism, "parallelism", 0, "subtasks of each stage (default 1)")
	f.StringVar(&o.mode, "mode", "", "streaming or batch")
	f.StringVar(&o.output, "output", "table", "table, json (one object a line) or csv")
	f.BoolVar(&o.materialize, "materialize", false, "print the final table of a SELECT, not its changes")
	f.Int64Var(&o.limit, "limit", 0, "stop a SELECT after so many rows")
	f.DurationVar(&o.timeout, "timeout", 0, "give up after so long (exit code 124)")
	f.BoolVar(&o.goOn, "continue-on-error", false, "go on after a statement that failed; the exit code is still 1")
	f.StringVar(&o.fromSavepoint, "from-savepoint", "", "savepoint or checkpoint that jobs of the script start from")
	f.BoolVar(&o.stats, "stats", false, "say at the end what the run cost")
	f.BoolVar(&o.verbose, "verbose", false, "log what the engine does to standard error")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{"streaming", "batch"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// scriptRun is one execution of a script.
type scriptRun struct {
	session *session
	options runOptions
	engine  *engine.Engine
	sql     *sql.Session
	printer printer
	script  string // name of the file, for advice
	totals  runTotals
}

type runTotals struct {
	started         time.Time
	in, out         int64
	checkpoints     int64
	statementFailed bool
}

func runScript(ctx context.Context, s *session, file string, o runOptions) error {
	src, dir, err := readScript(s.in, file)
	if err != nil {
		return err
	}
	config, err := o.config()
	if err != nil {
		return err
	}
	vars, err := pairs("--var", o.vars)
	if err != nil {
		return err
	}
	var replaced []string
	for name, value := range vars {
		replaced = append(replaced, "${"+name+"}", value)
	}
	src = strings.NewReplacer(replaced...).Replace(src) // what a value has in it is not looked at
	log := slog.New(slog.DiscardHandler)
	if o.verbose {
		log = slog.New(slog.NewTextHandler(s.err, nil))
	}
	r := &scriptRun{session: s, options: o, script: file, totals: runTotals{started: time.Now()}}
	if r.printer, err = newPrinter(s.out, o); err != nil {
		return err
	}
	r.engine = engine.New(engine.Config{Log: log, Dir: dir})
	r.sql = r.engine.NewSession(config)
	bound, cancel := bounded(ctx, o.timeout)
	defer cancel()
	err = r.statements(bound, src)
	if o.stats {
		r.printer.stats(r.totals.now())
	}
	if e := r.printer.flush(); err == nil {
		err = e
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(bound.Err(), context.DeadlineExceeded) && err != nil {
		return &exitError{code: client.ExitTimeout, err: fmt.Errorf("%s: not done after %s", file, o.timeout)}
	}
	if err == nil && r.totals.statementFailed {
		return &exitError{code: client.ExitFailed}
	}
	return err
}

func readScript(in io.Reader, file string) (src, dir string, err error) {
	var p []byte
	if file == "-" {
		p, err = io.ReadAll(in)
	} else {
		p, err = os.ReadFile(file)
		dir = filepath.Dir(file)
	}
	if err != nil {
		return "", "", fmt.Errorf("read script: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", "", fmt.Errorf("read script: %w", err)
	}
	return string(p), dir, nil
}

func (o runOptions) config() (map[string]string, error) {
	config, err := pairs("--set", o.set)
	if err != nil {
		return nil, err
	}
	if o.parallelism < 0 {
		return nil, usagef("--parallelism must be at least 1, got %d", o.parallelism)
	}
	if o.parallelism > 0 {
		config["parallelism.default"] = strconv.Itoa(o.parallelism)
	}
	switch o.mode {
	case "":
	case "streaming", "batch":
		config["execution.runtime-mode"] = o.mode
	default:
		return nil, usagef("--mode must be streaming or batch, got %q", o.mode)
	}
	return config, nil
}

var pair = regexp.MustCompile(`^([^=]+)=((?s).*)$`)

func pairs(flag string, list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, p := range list {
		g := pair.FindStringSubmatch(p)
		if g == nil {
			return nil, usagef("%s takes KEY=VALUE, got %q", flag, p)
		}
		m[strings.TrimSpace(g[1])] = g[2]
	}
	return m, nil
}

// statements runs the script statement by statement. Each is parsed on its own,
// in its place, so that an error in one does not hide what the others do.
func (r *scriptRun) statements(ctx context.Context, src string) error {
	for i, part := range parse.Split(src) {
		if err := ctx.Err(); err != nil {
			return err
		}
		start := time.Now()
		rows, err := r.statement(ctx, i+1, part)
		if err == nil {
			if err := r.printer.end(i+1, rows, time.Since(start)); err != nil {
				return err
			}
			continue
		}
		if ctx.Err() != nil {
			return err
		}
		if !r.printer.fail(i+1, err) { // people read it from standard error
			if !r.options.goOn {
				return locate(r.script, err)
			}
			if e := r.printer.flush(); e != nil {
				return e
			}
			fmt.Fprintf(r.session.err, "weir: %v\n", locate(r.script, err))
		}
		r.totals.statementFailed = true
		if !r.options.goOn {
			return nil
		}
	}
	return nil
}

// locate puts the file before the position of an error.
func locate(file string, err error) error {
	at := (*ast.Error)(nil)
	if errors.As(err, &at) && at.Pos.Line > 0 {
		return fmt.Errorf("%s:%d:%d: %s", file, at.Pos.Line, at.Pos.Column, at.Message)
	}
	return fmt.Errorf("%s: %w", file, err)
}

func (r *scriptRun) statement(ctx context.Context, number int, part parse.Fragment) (rows int64, err error) {
	// Blank lines and columns before the text make every position one of the script.
	text := strings.Repeat("\n", part.Pos.Line-1) + strings.Repeat(" ", part.Pos.Column-1) + part.Text
	st, err := parse.Statement(text)
	if err != nil {
		return 0, err
	}
	o, err := r.sql.Continue(st) // all statements are one text
	if err != nil {
		return 0, err
	}
	if err := r.printer.setZone(r.sql.Config()["table.local-time-zone"]); err != nil {
		return 0, err
	}
	switch {
	case o.Graph != nil:
		return r.job(ctx, number, o)
	case o.Kind == sql.Rows:
		if err := r.printer.schema(number, o.Columns, comeAtOnce); err != nil {
			return 0, err
		}
		return int64(len(o.Rows)), r.printer.values(number, o.Columns, o.Rows)
	}
	return 0, nil
}

var errEnough = errors.New("enough rows")

// job runs a query or an INSERT to its end.
func (r *scriptRun) job(ctx context.Context, number int, o *sql.Outcome) (int64, error) {
	isSelect := o.Kind == sql.Select
	if isSelect {
		if err := r.printer.schema(number, o.Columns, comeAsChanges); err != nil {
			return 0, err
		}
	}
	var rows atomic.Int64
	var enough atomic.Bool
	spec := engine.JobSpec{
		ID: strings.ReplaceAll(uuid.NewString(), "-", ""), Name: o.Name, Graph: o.Graph, Config: r.sql.Config(),
		SavepointPath: r.options.fromSavepoint,
		Collect: func(b *data.Batch) error {
			if limit := r.options.limit; limit > 0 {
				if left := limit - rows.Load(); int64(b.Len()) >= left {
					b = firstRows(b, int(left))
					enough.Store(true)
				}
			}
			if err := r.printer.batch(number, o.Columns, b); err != nil {
				return err
			}
			rows.Add(int64(b.Len()))
			if enough.Load() {
				return errEnough
			}
			return nil
		},
		Print: func(printed []connector.Printed) { r.printer.printed(printed) },
	}
	if isSelect {
		spec.Config = withoutRestarts(spec.Config)
	}
	// The job has a life of its own: an interrupt asks it to stop well.
	job, err := r.engine.Start(context.WithoutCancel(ctx), spec)
	if err != nil {
		return 0, err
	}
	err = job.Wait(ctx)
	if ctx.Err() != nil {
		err = r.interrupted(ctx, job, isSelect)
	}
	r.totals.add(job)
	if err != nil && enough.Load() {
		err = nil
	}
	if err == nil && isSelect {
		err = r.printer.finish(number, o.Columns)
	}
	return rows.Load(), err
}

// firstRows is b with only its first n rows counting.
func firstRows(b *data.Batch, n int) *data.Batch {
	c := *b
	c.Sel = make([]int32, 0, n)
	for i := range n {
		c.Sel = append(c.Sel, int32(b.Row(i)))
	}
	return &c
}

// withoutRestarts makes a failure the end: a SELECT that started again would
// print its rows twice.
func withoutRestarts(config map[string]string) map[string]string {
	c := map[string]string{}
	for k, v := range config {
		if !strings.HasPrefix(k, "restart-strategy") {
			c[k] = v
		}
	}
	c["restart-strategy.type"] = "none"
	return c
}

// interrupted ends a job well: an INSERT stops with a savepoint, so that it can
// go on later; a SELECT just ends.
func (r *scriptRun) interrupted(ctx context.Context, job *engine.Job, isSelect bool) error {
	cause := ctx.Err()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if !isSelect {
		if path, err := job.Savepoint(end, engine.SavepointRequest{Dir: r.savepointDir(), Stop: true}); err == nil {
			fmt.Fprintf(r.session.err, "weir: stopped; to go on: weir run %s --from-savepoint %s\n", r.script, path)
			return cause
		}
	}
	job.Cancel()
	_ = job.Wait(end) // how a cancelled job ended is no news
	return cause
}

// savepointDir is where a job that is stopped leaves its state.
func (r *scriptRun) savepointDir() string {
	if dir := r.sql.Config()["execution.checkpointing.savepoint-dir"]; dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "weir", "savepoints")
}

func (t *runTotals) add(job *engine.Job) {
	for _, v := range job.Info().Vertices {
		for _, s := range v.Subtasks {
			if len(v.Inputs) == 0 {
				t.in += s.RecordsIn
			}
		}
	}
	t.out += sinkRows(job)
	t.checkpoints += job.Checkpoints().Completed
}

// runStats is what a run cost, as --stats shows it.
type runStats struct {
	wall, cpu   float64
	peakRSS     int64
	in, out     int64
	checkpoints int64
}

func (t *runTotals) now() runStats {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for ourselves
	cpu := float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
	return runStats{wall: time.Since(t.started).Seconds(), cpu: cpu, peakRSS: u.Maxrss << 10, in: t.in, out: t.out, checkpoints: t.checkpoints}
}
