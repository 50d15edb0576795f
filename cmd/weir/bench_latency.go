package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/test/bench/broker"
)

type latencyOptions struct {
	rate        int
	duration    time.Duration
	warmup      time.Duration
	parallelism int
	checkpoints time.Duration
	guarantee   string
	output      string
	set         []string
}

func benchLatencyCommand(s *session) *cobra.Command {
	var o latencyOptions
	c := &cobra.Command{
		Use:   "latency",
		Short: "Measure how long records take from topic to topic",
		Long: `Measure how long records take from topic to topic: a job reads JSON from Kafka,
filters it and writes JSON to Kafka. The broker, the producer and the consumer
are in this process too and share its processors. The time of a record runs from
when it was due to be sent until the consumer has it.`,
		Example: example("weir bench latency --rate 50000 --duration 20s"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return benchLatency(c.Context(), s, o) },
	}
	f := c.Flags()
	f.IntVar(&o.rate, "rate", 20_000, "records a second")
	f.DurationVar(&o.duration, "duration", 20*time.Second, "how long records are sent")
	f.DurationVar(&o.warmup, "warmup", 3*time.Second, "how long at the beginning nothing is counted")
	f.IntVar(&o.parallelism, "parallelism", 2, "subtasks of each stage, and partitions of each topic")
	f.DurationVar(&o.checkpoints, "checkpoint-interval", 10*time.Second, "time between checkpoints; 0 for none")
	f.StringVar(&o.guarantee, "delivery-guarantee", "at-least-once", "of the sink; with exactly-once records become visible with checkpoints only")
	f.StringVar(&o.output, "output", "table", "table or json")
	f.StringArrayVar(&o.set, "set", nil, "a setting, KEY=VALUE")
	return c
}

func benchLatency(ctx context.Context, s *session, o latencyOptions) error {
	if o.rate < 1 || o.parallelism < 1 || o.duration <= o.warmup {
		return usagef("--rate and --parallelism must be at least 1, --duration longer than --warmup")
	}
	if o.output != "table" && o.output != "json" {
		return usagef("--output must be table or json, got %q", o.output)
	}
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	config, err := pairs("--set", o.set)
	if err != nil {
		return err
	}
	config["parallelism.default"] = strconv.Itoa(o.parallelism)
	config["execution.checkpointing.dir"] = dir
	if o.checkpoints > 0 {
		config["execution.checkpointing.interval"] = fmt.Sprintf("%d ms", o.checkpoints.Milliseconds())
	}
	b, err := broker.Start(o.parallelism, "in", "out")
	if err != nil {
		return err
	}
	defer b.Close()
	table := "CREATE TABLE %s (id BIGINT, sent BIGINT, text STRING) WITH ('connector' = 'kafka', 'topic' = '%[2]s', 'properties.bootstrap.servers' = '" + b.Address() + "', 'format' = 'json'%[3]s);\n"
	script := fmt.Sprintf(table, "source", "in", ", 'scan.startup.mode' = 'earliest-offset'") +
		fmt.Sprintf(table, "sink", "out", ", 'sink.delivery-guarantee' = '"+o.guarantee+"', 'sink.transactional-id-prefix' = 'latency'") +
		"INSERT INTO sink SELECT id, sent, UPPER(text) FROM source WHERE id >= 0;"
	e := engine.New(engine.Config{Log: slog.New(slog.DiscardHandler)})
	plan, err := e.Compile(script, config)
	if err != nil {
		return err
	}
	job, err := e.Start(ctx, engine.JobSpec{ID: strings.ReplaceAll(uuid.NewString(), "-", ""), Name: "latency", Graph: plan.Graph, Config: plan.Config})
	if err != nil {
		return err
	}
	measured, err := b.Measure(ctx, broker.Load{Input: "in", Output: "out", Rate: o.rate, Duration: o.duration, Warmup: o.warmup})
	job.Cancel()
	if ended := job.Wait(ctx); err != nil && ended != nil && !errors.Is(ended, engine.ErrCanceled) {
		err = ended
	}
	if err != nil {
		return err
	}
	if o.output == "json" {
		return json.NewEncoder(s.out).Encode(measured)
	}
	_, err = fmt.Fprintf(s.out, "%10s %10s %10s %10s %10s %10s %10s %10s\n%10d %10d %10d %10s %10s %10s %10s %10s\n", "RATE", "SENT", "RECEIVED", "P50", "P90", "P99", "P99.9", "GREATEST",
		o.rate, measured.Sent, measured.Received, measured.P50, measured.P90, measured.P99, measured.P999, measured.Greatest)
	return err
}
