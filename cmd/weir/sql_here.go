package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// sqlHere carries out statements in this process.
type sqlHere struct {
	scriptRun
	sh         *shell
	background bool // an INSERT does not hold up the prompt
	jobs       []*hereJob
	watched    sync.WaitGroup
}

// hereJob is an INSERT that runs, or ran, in the background.
type hereJob struct {
	id, name string
	since    time.Time
	job      *engine.Job
}

// stopTime is how long a job may take to write its savepoint.
const stopTime = 30 * time.Second

func newSQLHere(sh *shell, e *engine.Engine, config map[string]string, background bool) *sqlHere {
	h := &sqlHere{sh: sh, background: background}
	h.scriptRun = scriptRun{session: sh.session, engine: e, sql: e.NewSession(config), printer: sh.printer, script: sh.script}
	return h
}

func (h *sqlHere) suggest(_ context.Context, text string, at int) []string {
	return namesOf(h.sql.Suggest(text, at), func(c sql.Completion) string { return c.Text })
}

func (h *sqlHere) statement(ctx context.Context, number int, text string) (int64, error) {
	st, err := parse.Statement(text)
	if err != nil {
		return 0, err
	}
	if h.background {
		switch n := st.(type) {
		case *ast.Show:
			if n.What == "JOBS" {
				return h.showJobs(number)
			}
		case *ast.StopJob:
			return 0, h.stopJob(ctx, n)
		}
	}
	o, err := h.sql.Execute(st)
	if err != nil {
		return 0, err
	}
	config := h.sql.Config()
	if err := h.printer.setZone(config["table.local-time-zone"]); err != nil {
		return 0, err
	}
	h.options.fromSavepoint = firstOf(config["execution.state-recovery.path"], config["execution.savepoint.path"])
	switch {
	case o.Kind == sql.Insert && h.background && config["table.dml-sync"] != "true":
		return 0, h.insert(ctx, o, config)
	case o.Kind == sql.Select:
		return h.query(ctx, number, o, config)
	case o.Graph != nil:
		return h.job(ctx, number, o)
	case o.Kind == sql.Rows:
		return int64(len(o.Rows)), errors.Join(h.printer.schema(number, o.Columns, comeAtOnce), h.printer.values(number, o.Columns, o.Rows))
	}
	return 0, nil
}

// query shows a query: its table as it changes, or its changes.
func (h *sqlHere) query(ctx context.Context, number int, o *sql.Outcome, config map[string]string) (int64, error) {
	live, err := h.sh.liveTable(config)
	if err != nil {
		return 0, err
	}
	if h.printer.materialize = live; !live {
		return h.job(ctx, number, o)
	}
	if err := h.printer.schema(number, o.Columns, comeAsChanges); err != nil {
		return 0, err
	}
	view := h.sh.watchTable(&h.printer, o.Columns, config)
	job, err := h.engine.Start(context.WithoutCancel(ctx), engine.JobSpec{
		ID: strings.ReplaceAll(uuid.NewString(), "-", ""), Name: o.Name, Graph: o.Graph, Config: withoutRestarts(config), SavepointPath: h.options.fromSavepoint,
		Collect: func(b *data.Batch) error { return errors.Join(h.printer.batch(number, o.Columns, b), view.room()) },
	})
	if err == nil {
		err = job.Wait(ctx)
		if ctx.Err() != nil {
			err = h.interrupted(ctx, job, true)
		}
	}
	return view.end(number, err)
}

// insert starts a job and does not wait for its end.
func (h *sqlHere) insert(ctx context.Context, o *sql.Outcome, config map[string]string) error {
	j := &hereJob{id: strings.ReplaceAll(uuid.NewString(), "-", ""), name: o.Name, since: time.Now()}
	var err error
	j.job, err = h.engine.Start(context.WithoutCancel(ctx), engine.JobSpec{
		ID: j.id, Name: j.name, Graph: o.Graph, Config: config, SavepointPath: h.options.fromSavepoint,
		Print: func(printed []connector.Printed) { h.printer.printed(printed) },
	})
	if err != nil {
		return err
	}
	h.jobs = append(h.jobs, j)
	fmt.Fprintf(h.sh.out, "job %s runs in the background\n", j.id)
	h.watched.Go(func() {
		err := j.job.Wait(context.WithoutCancel(ctx))
		if err != nil && j.job.Info().State == engine.Failed {
			fmt.Fprintf(h.sh.out, "job %s failed: %v\n", j.id, err)
			return
		}
		fmt.Fprintf(h.sh.out, "job %s is %s\n", j.id, j.job.Info().State)
	})
	return nil
}

func (h *sqlHere) showJobs(number int) (int64, error) {
	text := data.String()
	columns := []data.Column{{Name: "job id", Type: text}, {Name: "job name", Type: text}, {Name: "status", Type: text}, {Name: "start time", Type: text}}
	if err := h.printer.schema(number, columns, comeAtOnce); err != nil {
		return 0, err
	}
	rows := make([][]*string, len(h.jobs))
	for i, j := range h.jobs {
		rows[i] = []*string{&j.id, &j.name, new(string(j.job.Info().State)), new(j.since.UTC().Format("2006-01-02 15:04:05"))}
	}
	return int64(len(rows)), h.printer.list(number, columns, rows)
}

func (h *sqlHere) stopJob(ctx context.Context, n *ast.StopJob) error {
	for _, j := range h.jobs {
		if j.id != n.ID {
			continue
		}
		if j.job.Info().State.Terminal() {
			return ast.Errorf(n.Pos(), "job %s is %s already", j.id, j.job.Info().State)
		}
		if !n.WithSavepoint {
			j.job.Cancel()
			return j.wait(ctx)
		}
		return h.stopWell(ctx, j, n.WithDrain)
	}
	return ast.Errorf(n.Pos(), "there is no job '%s' in this session; SHOW JOBS lists them", n.ID)
}

func (j *hereJob) wait(ctx context.Context) error {
	bound, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	_ = j.job.Wait(bound) // how a job ended that was to end is said when it ends
	return bound.Err()
}

// stopWell ends a job with a savepoint.
func (h *sqlHere) stopWell(ctx context.Context, j *hereJob, drain bool) error {
	bound, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	path, err := j.job.Savepoint(bound, engine.SavepointRequest{Dir: h.savepointDir(), Stop: true, Drain: drain})
	if err != nil {
		return fmt.Errorf("job %s: %w", j.id, err)
	}
	fmt.Fprintf(h.sh.out, "job %s stopped; to go on: SET 'execution.state-recovery.path' = '%s'; and the INSERT again\n", j.id, path)
	return nil
}

func (h *sqlHere) end(ctx context.Context) {
	for _, j := range h.jobs {
		if j.job.Info().State.Terminal() {
			continue
		}
		if err := h.stopWell(ctx, j, false); err != nil {
			j.job.Cancel()
			fmt.Fprintf(h.sh.out, "ended without a savepoint: %v\n", err)
			_ = j.wait(ctx) // nothing more can be done for it
		}
	}
	h.watched.Wait()
}
