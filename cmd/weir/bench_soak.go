package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/test/bench/soak"
)

func benchSoakCommand(s *session) *cobra.Command {
	var o soak.Options
	var set []string
	var output string
	c := &cobra.Command{
		Use:   "soak",
		Short: "Run queries for a long time and watch what must not grow",
		Long: `Run Nexmark queries that keep state side by side for a given time, at half of what
they can do on this machine, and watch memory, goroutines and open files of this
process. State is kept for an eighth of the time, so that it comes to its full
size. The last quarter of the time is compared with the second: memory that grew by
more than a twentieth, more goroutines or files, a restart or a checkpoint that
failed gives exit code 1.`,
		Example: example("weir bench soak --duration 5m\nweir bench soak --duration 8h --queries q4,q5,q9,q18 --output json"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return benchSoak(c.Context(), s, o, set, output) },
	}
	f := c.Flags()
	f.DurationVar(&o.Duration, "duration", 5*time.Minute, "how long")
	f.StringSliceVar(&o.Queries, "queries", []string{"q4", "q5", "q9", "q18"}, "names")
	f.Int64Var(&o.Rate, "rate", 0, "events a second of each query; 0: half of what is measured first")
	f.IntVar(&o.Parallelism, "parallelism", 2, "subtasks of each stage")
	f.DurationVar(&o.Checkpoints, "checkpoint-interval", 10*time.Second, "time between checkpoints; 0 for none")
	f.DurationVar(&o.TTL, "state-ttl", 0, "how long state is kept; 0: an eighth of the time")
	f.StringVar(&output, "output", "table", "table or json")
	f.StringArrayVar(&set, "set", nil, "a setting, KEY=VALUE")
	return c
}

func benchSoak(ctx context.Context, s *session, o soak.Options, set []string, output string) error {
	if o.Duration <= 0 || o.Parallelism < 1 || o.Rate < 0 {
		return usagef("--duration and --parallelism must be more than nothing, --rate not negative")
	}
	if output != "table" && output != "json" {
		return usagef("--output must be table or json, got %q", output)
	}
	var err error
	if o.Config, err = pairs("--set", set); err != nil {
		return err
	}
	progress := s.out
	if output == "json" {
		progress = s.err // the result is for a program
	}
	fmt.Fprintf(progress, "%8s %14s %9s %9s %9s %11s %6s %12s\n", "after", "events", "rss MiB", "heap MiB", "state MiB", "goroutines", "files", "checkpoints")
	last := time.Duration(-time.Hour)
	o.Watch = func(x soak.Sample) {
		if x.After-last < o.Duration/30 {
			return
		}
		last = x.After
		fmt.Fprintf(progress, "%8s %14d %9d %9d %9d %11d %6d %12d\n", x.After.Round(time.Second), x.Events, x.RSS>>20, x.Heap>>20, x.State>>20, x.Goroutines, x.Files, x.Checkpoints)
	}
	r, err := soak.Run(ctx, o)
	if err != nil {
		return err
	}
	if output == "json" {
		if err := json.NewEncoder(s.out).Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.out, "%d events/s for each query, %.0f %% of it reached; most memory of the last quarter over that of the second: %.3f\n", r.Rate, 100*r.Reached, r.Memory)
	}
	if len(r.Wrong) > 0 {
		return errors.New(strings.Join(r.Wrong, "; "))
	}
	return nil
}
