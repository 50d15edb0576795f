package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/test/bench/broker"
	"github.com/weir-streams/weir/test/bench/nexmark"
)

// benchInput is what a query of the benchmark reads.
type benchInput struct {
	source string // the WITH clause
	bids   bool   // it has bids alone
	close  func()
}

const benchTopic = "events"

// openInput finds or makes the input. What it makes lies below dir.
func openInput(ctx context.Context, e *engine.Engine, o benchOptions, dir string) (benchInput, error) {
	generator := fmt.Sprintf("'connector' = 'nexmark', 'generator' = 'fast', 'events.num' = '%d'", o.events)
	in := benchInput{close: func() {}}
	partitions := ""
	switch o.input {
	case "generator":
		in.source = generator
		return in, nil
	case "json":
		in.source = files("json", dir) + ", 'json.encode.ignore-null-fields' = 'true'"
	case "csv":
		in.bids = true
		in.source = files("csv", dir) + ", 'csv.disable-quote-character' = 'true'"
	case "avro", "parquet":
		in.bids = true
		in.source = files(o.input, dir)
	case "kafka":
		b, err := broker.Start(max(o.parallelism, 1), benchTopic)
		if err != nil {
			return in, err
		}
		in.close = b.Close
		in.source = fmt.Sprintf("'connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s', 'format' = 'json', 'json.encode.ignore-null-fields' = 'true'", benchTopic, b.Address())
		partitions = ", 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'"
	default:
		path, err := filepath.Abs(o.input)
		if err != nil {
			return in, err
		}
		if _, err := os.Stat(path); err != nil {
			return in, usagef("--input is generator, json, csv, avro, parquet, kafka or a file of events as JSON lines: %v", err)
		}
		in.source = fmt.Sprintf("'connector' = 'filesystem', 'format' = 'json', 'path' = '%s'", strings.ReplaceAll(path, "'", "''"))
		return in, nil
	}
	script, err := nexmark.Fill(generator, in.source+fileSink(o.input), in.bids)
	if err == nil {
		err = runFill(ctx, e, script, dir)
	}
	if err != nil {
		in.close()
		return in, fmt.Errorf("make the input: %w", err)
	}
	in.source += partitions
	return in, nil
}

func files(format, dir string) string {
	return fmt.Sprintf("'connector' = 'filesystem', 'format' = '%s', 'path' = '%s'", format, strings.ReplaceAll(filepath.Join(dir, "input"), "'", "''"))
}

// fileSink is what writing one large file needs besides.
func fileSink(input string) string {
	if input == "kafka" {
		return ""
	}
	return ", 'sink.rolling-policy.file-size' = '1 tb', 'sink.rolling-policy.rollover-interval' = '1 d'"
}

// benchSink is the WITH clause of the table that a query writes. Files lie below dir.
func benchSink(sink, dir string) (string, error) {
	switch sink {
	case "blackhole":
		return "'connector' = 'blackhole'", nil
	case "csv", "json", "avro", "parquet":
		return fmt.Sprintf("'connector' = 'filesystem', 'format' = '%s', 'path' = '%s'", sink, strings.ReplaceAll(sinkFolder(dir), "'", "''")), nil
	}
	return "", usagef("--sink is blackhole, csv, json, avro or parquet, got %q", sink)
}

func sinkFolder(dir string) string { return filepath.Join(dir, "output") }

// runFill runs a script of one INSERT, in one subtask.
func runFill(ctx context.Context, e *engine.Engine, script, dir string) error {
	plan, err := e.Compile(script, map[string]string{"parallelism.default": "1", "execution.checkpointing.dir": dir})
	if err != nil {
		return err
	}
	job, err := e.Start(ctx, engine.JobSpec{ID: strings.ReplaceAll(uuid.NewString(), "-", ""), Name: "input", Graph: plan.Graph, Config: plan.Config})
	if err != nil {
		return err
	}
	return job.Wait(ctx)
}
