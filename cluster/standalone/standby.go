package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/weir-streams/weir/flink"
)

// warmUpName is the name of the little job that brings the code of Flink's
// runtime into the processes.
const warmUpName = "weir warm-up"

// warmUpWait is how long one step of the preparation may take; then the cluster
// is as ready as it gets.
const warmUpWait = 90 * time.Second

// warmUp does all that can be done for a job before it comes: the processes are
// up, a SQL script has been compiled once, which brings the planner into the
// JobManager and finds what is wrong with the script, and a little job has run.
func (c *Cluster) warmUp(ctx context.Context) {
	began := time.Now()
	refused := ""
	switch err := c.prepare(ctx); {
	case ctx.Err() != nil:
		return
	case err != nil && isRefusal(err):
		refused = err.Error()
		c.config.Log.Error("the job cannot run, says Flink", "error", err)
	case err != nil:
		c.config.Log.Warn("the cluster could not be prepared in full", "error", err)
	}
	c.config.Log.Info("the cluster is ready for its job", "took", time.Since(began).Round(time.Millisecond))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warm = flink.Standby{Ready: true, Refused: refused}
}

func (c *Cluster) prepare(ctx context.Context) error {
	spec := c.config.Spec
	req, jar, name, err := c.request(spec)
	if err != nil {
		return &flink.Error{Status: http.StatusBadRequest, Messages: []string{err.Error()}}
	}
	if err := c.awaitSlots(ctx, req.Parallelism); err != nil {
		return err
	}
	upload := func() (string, error) {
		content, err := jar()
		if err != nil {
			return "", err
		}
		defer content.Close()
		return c.flink().UploadJar(ctx, name, content)
	}
	var trouble error
	step, cancel := context.WithTimeout(ctx, warmUpWait)
	defer cancel()
	if spec.Artifact.Kind == "SQLSCRIPT" {
		id, err := upload()
		if err != nil {
			return err
		}
		if trouble = c.flink().PlanJar(step, id, flink.RunRequest{EntryClass: req.EntryClass, Args: req.Args, Parallelism: req.Parallelism}); isRefusal(trouble) {
			return trouble
		}
	}
	for range 2 { // what has run twice is fast
		trouble = errors.Join(trouble, c.runLittleJob(step, req.Parallelism))
	}
	return trouble
}

// awaitSlots waits until TaskManagers have registered for a job.
func (c *Cluster) awaitSlots(ctx context.Context, parallelism int) error {
	ctx, cancel := context.WithTimeout(ctx, warmUpWait)
	defer cancel()
	for {
		if c.isReady() {
			if o, err := c.flink().Overview(ctx); err == nil && o.SlotsTotal >= parallelism {
				return nil
			}
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return fmt.Errorf("the TaskManagers have not come: %w", ctx.Err())
		}
	}
}

// runLittleJob runs a job of a moment, which leaves nothing behind.
func (c *Cluster) runLittleJob(ctx context.Context, parallelism int) error {
	statements := []string{
		"SET 'pipeline.name' = '" + warmUpName + "'",
		"SET 'execution.checkpointing.interval' = '1 d'",
		"SET 'execution.checkpointing.dir' = '" + scratch(c.config.Dir) + "'",
		"SET 'state.checkpoints.dir' = '" + scratch(c.config.Dir) + "'",
		`CREATE TEMPORARY TABLE warm_source (i BIGINT, k BIGINT, t AS TO_TIMESTAMP_LTZ(i, 3), WATERMARK FOR t AS t)
WITH ('connector' = 'datagen', 'fields.i.kind' = 'sequence', 'fields.i.start' = '0', 'fields.i.end' = '99', 'rows-per-second' = '1000')`,
		`CREATE TEMPORARY TABLE warm_sink (k BIGINT, n BIGINT) WITH ('connector' = 'blackhole')`,
		`EXECUTE STATEMENT SET BEGIN
INSERT INTO warm_sink SELECT k, COUNT(*) FROM warm_source GROUP BY k;
INSERT INTO warm_sink SELECT k, COUNT(*) FROM TABLE(TUMBLE(TABLE warm_source, DESCRIPTOR(t), INTERVAL '1' SECOND)) GROUP BY k, window_start, window_end;
END`,
	}
	class, args := c.statementArgs(statements)
	b, err := scriptJar()
	if err != nil {
		return err
	}
	id, err := c.flink().UploadJar(ctx, "warm-up.jar", strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	job, err := c.flink().RunJar(ctx, id, flink.RunRequest{EntryClass: class, Args: args, Parallelism: parallelism})
	if err != nil {
		return err
	}
	for {
		status, err := c.flink().JobStatus(ctx, job)
		if err == nil && status.Terminal() {
			return nil
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return c.flink().Cancel(context.WithoutCancel(ctx), job)
		}
	}
}

// isRefusal tells whether Flink has looked at a program and says that there is
// something wrong with it.
func isRefusal(err error) bool {
	var said *flink.Error
	if !errors.As(err, &said) {
		return false
	}
	for _, m := range said.Messages {
		for _, what := range []string{"SqlParserException", "ValidationException", "TableException", "No jobs included in application", "refused"} {
			if strings.Contains(m, what) {
				return true
			}
		}
	}
	return false
}

// serveStandby tells how far the cluster is, until it has its job.
func (c *Cluster) serveStandby(w http.ResponseWriter) {
	c.mu.Lock()
	b, err := json.Marshal(c.warm)
	standby := c.config.Spec.Standby && c.jobs[c.config.Spec.FlinkJobID()] == nil
	c.mu.Unlock()
	if !standby || err != nil {
		sayNo(w, http.StatusNotFound, errors.New("this cluster does not wait for a job"))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_, _ = w.Write(b)
}
