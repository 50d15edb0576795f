package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/state"
	"github.com/weir-streams/weir/test/bench/nexmark"
)

type benchOptions struct {
	queries     string
	events      int64
	parallelism int
	checkpoints time.Duration
	stateMemory string
	input       string
	sink        string
	output      string
	set         []string
	profile     string
	warm        bool
}

func benchCommand(s *session) *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure the engine", Example: example("weir bench nexmark --queries q0,q5")}
	c.AddCommand(benchNexmarkCommand(s), benchLatencyCommand(s), benchLoopsCommand(s), benchSoakCommand(s), benchStateCommand(s))
	return c
}

func benchNexmarkCommand(s *session) *cobra.Command {
	var o benchOptions
	c := &cobra.Command{
		Use:   "nexmark",
		Short: "Run queries of the Nexmark benchmark",
		Long: `Run queries of the Nexmark benchmark over its generator (or a file of events)
into a sink that drops the rows (or, with --sink, into files). The generator is the nexmark connector's 'fast'
one: the published distributions, computed by columns. Each query runs in a process of its own, so that
memory and CPU are its own, and there twice: what is measured is the second run.
Memory that the first one has touched is used again, as in a process that has
been up for a while; a virtual machine may take seconds for a GiB of memory
that its host must back first. --warm-up=false measures the first run.`,
		Example: example(`weir bench nexmark --queries q0,q1,q2,q12 --parallelism 2
weir bench nexmark --queries all --events 10000000 --output json`),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return benchNexmark(c.Context(), s, o) },
	}
	f := c.Flags()
	f.StringVar(&o.queries, "queries", "q0,q1,q2,q12", "names, or all")
	f.Int64Var(&o.events, "events", 50_000_000, "events the generator makes")
	f.IntVar(&o.parallelism, "parallelism", 2, "subtasks of each stage")
	f.DurationVar(&o.checkpoints, "checkpoint-interval", 10*time.Second, "time between checkpoints; 0 for none")
	f.StringVar(&o.stateMemory, "state-memory", "", "memory for state, such as 512mb; empty for half of what the machine has")
	f.StringVar(&o.input, "input", "generator", "generator; json, csv, avro, parquet or kafka: what it makes is written there first and then read; or a file of events as JSON lines")
	f.StringVar(&o.sink, "sink", "blackhole", "blackhole; or csv, json, avro or parquet: the rows go into files of that format, exactly once, and committing them is measured too")
	f.StringVar(&o.output, "output", "table", "table or json")
	f.StringVar(&o.profile, "cpu-profile", "", "file for a profile of the processor time, for go tool pprof; of several queries the name gets theirs")
	f.BoolVar(&o.warm, "warm-up", true, "run each query once before it is measured")
	f.StringArrayVar(&o.set, "set", nil, "a setting, KEY=VALUE")
	return c
}

// benchResult is one line of the report.
type benchResult struct {
	Query              string  `json:"query"`
	Events             int64   `json:"events"`
	Parallelism        int     `json:"parallelism"`
	WallSeconds        float64 `json:"wall_seconds"`
	CPUSeconds         float64 `json:"cpu_seconds"`
	EventsPerSecond    float64 `json:"events_per_second"`
	EventsPerCPUSecond float64 `json:"events_per_cpu_second"`
	OutputRows         int64   `json:"output_rows"`
	PeakRSSBytes       int64   `json:"peak_rss_bytes"`
	Checkpoints        int64   `json:"checkpoints"`
}

func benchNexmark(ctx context.Context, s *session, o benchOptions) error {
	if o.parallelism < 1 || o.events < 1 {
		return usagef("--parallelism and --events must be at least 1")
	}
	if o.output != "table" && o.output != "json" {
		return usagef("--output must be table or json, got %q", o.output)
	}
	queries := strings.Split(o.queries, ",")
	if o.queries == "all" {
		queries = nexmark.Names()
	}
	if len(queries) == 1 {
		r, err := benchOne(ctx, queries[0], o)
		if err != nil {
			return fmt.Errorf("%s: %w", queries[0], err)
		}
		return printBench(s, o, r, true)
	}
	failed := 0
	for i, q := range queries {
		r, err := benchChild(ctx, q, o)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed++
			fmt.Fprintf(s.err, "weir: %s: %v\n", q, err)
			continue
		}
		if err := printBench(s, o, r, i == 0); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d queries did not run", failed, len(queries))
	}
	return nil
}

// benchChild runs one query in a process of its own.
func benchChild(ctx context.Context, query string, o benchOptions) (benchResult, error) {
	self, err := os.Executable()
	if err != nil {
		return benchResult{}, fmt.Errorf("find this program: %w", err)
	}
	args := []string{
		"bench", "nexmark", "--queries", query, "--output", "json", "--events", strconv.FormatInt(o.events, 10),
		"--parallelism", strconv.Itoa(o.parallelism), "--checkpoint-interval", o.checkpoints.String(), "--input", o.input, "--state-memory", o.stateMemory,
		"--warm-up=" + strconv.FormatBool(o.warm), "--sink", o.sink,
	}
	for _, kv := range o.set {
		args = append(args, "--set", kv)
	}
	if o.profile != "" {
		args = append(args, "--cpu-profile", o.profile+"."+query)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	if err != nil {
		exit := (*exec.ExitError)(nil)
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			return benchResult{}, errors.New(strings.TrimPrefix(strings.TrimSpace(string(exit.Stderr)), "weir: "+query+": "))
		}
		return benchResult{}, err
	}
	var r benchResult
	if err := json.Unmarshal(out, &r); err != nil {
		return benchResult{}, fmt.Errorf("read its report: %w", err)
	}
	return r, nil
}

func benchOne(ctx context.Context, query string, o benchOptions) (benchResult, error) {
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return benchResult{}, err
	}
	defer os.RemoveAll(dir)
	config, err := pairs("--set", o.set)
	if err != nil {
		return benchResult{}, err
	}
	config["parallelism.default"] = strconv.Itoa(o.parallelism)
	config["execution.checkpointing.dir"] = dir
	if o.checkpoints > 0 {
		config["execution.checkpointing.interval"] = fmt.Sprintf("%d ms", o.checkpoints.Milliseconds())
	}
	if o.stateMemory != "" {
		config["state.backend.memory"] = o.stateMemory
	}
	if _, set := config["table.exec.mini-batch.enabled"]; !set {
		config["table.exec.mini-batch.enabled"] = "true" // as the benchmark's published figures
	}
	e := engine.New(engine.Config{Log: slog.New(slog.DiscardHandler)})
	in, err := openInput(ctx, e, o, dir)
	if err != nil {
		return benchResult{}, err
	}
	defer in.close()
	side := filepath.Join(dir, "side.csv")
	if err := os.WriteFile(side, nexmark.SideRows(), 0o600); err != nil {
		return benchResult{}, fmt.Errorf("write the side input: %w", err)
	}
	sink, err := benchSink(o.sink, dir)
	if err != nil {
		return benchResult{}, err
	}
	script, err := nexmark.Script(query, nexmark.Options{Source: in.source, Sink: sink, SideInput: side, Bids: in.bids})
	if err != nil {
		return benchResult{}, err
	}
	plan, err := e.Compile(script, config)
	if err != nil {
		return benchResult{}, err
	}
	if o.warm {
		state.Keep(math.MaxInt32 << 20)
		if _, err := benchRun(ctx, e, query, plan); err != nil {
			return benchResult{}, err
		}
		if err := os.RemoveAll(sinkFolder(dir)); err != nil {
			return benchResult{}, fmt.Errorf("remove what the first run has written: %w", err)
		}
		runtime.GC()
	}
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return benchResult{}, fmt.Errorf("profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return benchResult{}, fmt.Errorf("profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	var totals runTotals
	totals.started = time.Now()
	before := totals.now()
	job, err := benchRun(ctx, e, query, plan)
	if err != nil {
		return benchResult{}, err
	}
	totals.add(job)
	after := totals.now()
	r := benchResult{
		Query: query, Events: o.events, Parallelism: o.parallelism,
		WallSeconds: after.wall - before.wall, CPUSeconds: after.cpu - before.cpu,
		OutputRows: sinkRows(job), PeakRSSBytes: after.peakRSS, Checkpoints: after.checkpoints,
	}
	if o.input != "generator" {
		r.Events = totals.in
	}
	r.EventsPerSecond = float64(r.Events) / r.WallSeconds
	r.EventsPerCPUSecond = float64(r.Events) / r.CPUSeconds
	return r, nil
}

// benchRun runs a compiled query to its end.
func benchRun(ctx context.Context, e *engine.Engine, query string, plan *engine.Plan) (*engine.Job, error) {
	job, err := e.Start(ctx, engine.JobSpec{ID: strings.ReplaceAll(uuid.NewString(), "-", ""), Name: query, Graph: plan.Graph, Config: plan.Config})
	if err != nil {
		return nil, err
	}
	return job, job.Wait(ctx)
}

// sinkRows is what the last vertices took in (or gave, where a whole job is one).
func sinkRows(job *engine.Job) int64 {
	info := job.Info()
	read := map[int]bool{}
	for _, v := range info.Vertices {
		for _, e := range v.Inputs {
			read[e.From] = true
		}
	}
	var n int64
	for i, v := range info.Vertices {
		if read[i] {
			continue
		}
		for _, t := range v.Subtasks {
			n += t.RecordsOut
		}
	}
	return n
}

func printBench(s *session, o benchOptions, r benchResult, first bool) error {
	if o.output == "json" {
		return json.NewEncoder(s.out).Encode(r)
	}
	if first {
		fmt.Fprintf(s.out, "%-6s %12s %4s %8s %8s %12s %16s %12s %10s %6s\n",
			"QUERY", "EVENTS", "PAR", "WALL s", "CPU s", "M EVENTS/s", "M EVENTS/CPU s", "OUTPUT ROWS", "PEAK MiB", "CHKPTS")
	}
	_, err := fmt.Fprintf(s.out, "%-6s %12d %4d %8.2f %8.2f %12.2f %16.2f %12d %10d %6d\n",
		r.Query, r.Events, r.Parallelism, r.WallSeconds, r.CPUSeconds, r.EventsPerSecond/1e6, r.EventsPerCPUSecond/1e6, r.OutputRows, r.PeakRSSBytes>>20, r.Checkpoints)
	return err
}
