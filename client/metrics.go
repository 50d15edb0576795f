package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/resource"
)

// JobMetrics is how a running job does, as its cluster tells.
type JobMetrics struct {
	JobID       string          `json:"jobId"`
	At          resource.Time   `json:"at"`
	State       string          `json:"state"` // Flink's: RUNNING, RESTARTING, …
	UptimeMs    int64           `json:"uptimeMs"`
	Restarts    int64           `json:"restarts"`
	MemoryBytes int64           `json:"memoryBytes"` // heap of its cluster
	Vertices    []VertexMetrics `json:"vertices"`
	Checkpoints Checkpoints     `json:"checkpoints"`
}

// VertexMetrics is one stage of a job, all its tasks together.
type VertexMetrics struct {
	ID               string  `json:"id"`
	Name             string  `json:"name"`
	Parallelism      int     `json:"parallelism"`
	Status           string  `json:"status"`
	Source           bool    `json:"source"` // nothing comes before it
	Sink             bool    `json:"sink"`   // nothing comes after it
	RecordsIn        int64   `json:"recordsIn"`
	RecordsOut       int64   `json:"recordsOut"`
	RecordsInPerSec  float64 `json:"recordsInPerSecond"`
	RecordsOutPerSec float64 `json:"recordsOutPerSecond"`
	Busy             float64 `json:"busy"` // of the busiest task, 0 to 1
	BackPressured    float64 `json:"backPressured"`
	// Watermark is the event time that every task has reached; zero if none is known.
	Watermark resource.Time `json:"watermark,omitzero"`
	// Pending is how many records a source knows it has yet to read; -1: not told.
	Pending     int64 `json:"pending"`
	LateDropped int64 `json:"lateDropped"`
	StateKeys   int64 `json:"stateKeys"`
	StateBytes  int64 `json:"stateBytes"`
}

// Checkpoints is the record of a job's checkpoints.
type Checkpoints struct {
	Completed  int64         `json:"completed"`
	Failed     int64         `json:"failed"`
	InProgress int64         `json:"inProgress"`
	LatestAt   resource.Time `json:"latestAt,omitzero"`
	LatestMs   int64         `json:"latestMs"` // how long it took
	LatestSize int64         `json:"latestSize"`
}

// FlinkJSON asks the Flink REST API of a job's cluster and reads the answer.
func (c *Client) FlinkJSON(ctx context.Context, namespace, jobID, path string, query url.Values, out any) error {
	body, err := c.Flink(ctx, namespace, jobID, path, query)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return fmt.Errorf("read %s of job %s: %w", path, jobID, err)
	}
	return nil
}

// vertexMetrics are the metrics that are asked of each vertex.
const vertexMetrics = "numRecordsIn,numRecordsOut,numRecordsInPerSecond,numRecordsOutPerSecond,busyTimeMsPerSecond,backPressuredTimeMsPerSecond," +
	"currentInputWatermark,currentOutputWatermark,pendingRecords,numLateRecordsDropped,weir.stateKeys,weir.stateBytes"

// aggregate is a metric over the tasks of a vertex.
type aggregate struct {
	ID            string `json:"id"`
	Min, Max, Sum float64
}

// UnmarshalJSON reads numbers that Flink writes as "NaN" too.
func (a *aggregate) UnmarshalJSON(text []byte) error {
	var raw struct {
		ID  string          `json:"id"`
		Min json.RawMessage `json:"min"`
		Max json.RawMessage `json:"max"`
		Sum json.RawMessage `json:"sum"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	a.ID, a.Min, a.Max, a.Sum = raw.ID, number(raw.Min), number(raw.Max), number(raw.Sum)
	return nil
}

func number(text json.RawMessage) float64 {
	var v float64
	if json.Unmarshal(text, &v) != nil || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// count makes a whole number of a metric; one that is not told is zero.
func count(v float64) int64 {
	if math.IsNaN(v) || v < 0 || v > math.MaxInt64/2 {
		return 0
	}
	return int64(v)
}

func ratio(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, 0), 1)
}

func rate(v float64) float64 {
	if math.IsNaN(v) || v < 0 {
		return 0
	}
	return v
}

// Metrics asks a running job's cluster how the job does.
func (c *Client) Metrics(ctx context.Context, namespace, jobID string) (JobMetrics, error) {
	m := JobMetrics{JobID: jobID, At: resource.Time{Time: time.Now()}, Vertices: []VertexMetrics{}}
	flink := "jobs/" + strings.ReplaceAll(jobID, "-", "")
	var job struct {
		State    string `json:"state"`
		Duration int64  `json:"duration"`
		Vertices []struct {
			ID          string `json:"id"`
			Name        string `json:"name"`
			Parallelism int    `json:"parallelism"`
			Status      string `json:"status"`
		} `json:"vertices"`
		Plan struct {
			Nodes []struct {
				ID     string `json:"id"`
				Inputs []struct {
					ID string `json:"id"`
				} `json:"inputs"`
			} `json:"nodes"`
		} `json:"plan"`
	}
	if err := c.FlinkJSON(ctx, namespace, jobID, flink, nil, &job); err != nil {
		return m, err
	}
	m.State, m.UptimeMs = job.State, job.Duration
	fed, feeds := map[string]bool{}, map[string]bool{}
	for _, n := range job.Plan.Nodes {
		for _, in := range n.Inputs {
			fed[n.ID], feeds[in.ID] = true, true
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	m.Vertices = make([]VertexMetrics, len(job.Vertices))
	for i, v := range job.Vertices {
		m.Vertices[i] = VertexMetrics{ID: v.ID, Name: v.Name, Parallelism: v.Parallelism, Status: v.Status, Source: !fed[v.ID], Sink: !feeds[v.ID], Pending: -1}
		g.Go(func() error {
			var all []aggregate
			err := c.FlinkJSON(ctx, namespace, jobID, flink+"/vertices/"+v.ID+"/subtasks/metrics", url.Values{"get": {vertexMetrics}, "agg": {"min,max,sum"}}, &all)
			for _, a := range all {
				m.Vertices[i].set(a)
			}
			return err
		})
	}
	g.Go(func() error { return c.checkpoints(ctx, namespace, jobID, flink, &m) })
	g.Go(func() error {
		var all []aggregate
		err := c.FlinkJSON(ctx, namespace, jobID, "taskmanagers/metrics", url.Values{"get": {"Status.JVM.Memory.Heap.Used"}, "agg": {"sum"}}, &all)
		for _, a := range all {
			m.MemoryBytes = count(a.Sum)
		}
		return err
	})
	return m, g.Wait()
}

// set takes one metric over.
func (v *VertexMetrics) set(a aggregate) {
	switch a.ID {
	case "numRecordsIn":
		v.RecordsIn = count(a.Sum)
	case "numRecordsOut":
		v.RecordsOut = count(a.Sum)
	case "numRecordsInPerSecond":
		v.RecordsInPerSec = rate(a.Sum)
	case "numRecordsOutPerSecond":
		v.RecordsOutPerSec = rate(a.Sum)
	case "busyTimeMsPerSecond":
		v.Busy = ratio(a.Max / 1000)
	case "backPressuredTimeMsPerSecond":
		v.BackPressured = ratio(a.Max / 1000)
	case "currentInputWatermark", "currentOutputWatermark":
		// The ends of the range are Flink's words for "none yet" and "the input has ended".
		if !math.IsNaN(a.Min) && math.Abs(a.Min) < 1<<60 && v.Watermark.IsZero() {
			v.Watermark = resource.Time{Time: time.UnixMilli(int64(a.Min)).UTC()}
		}
	case "pendingRecords":
		v.Pending = count(a.Sum)
	case "numLateRecordsDropped":
		v.LateDropped = count(a.Sum)
	case "weir.stateKeys":
		v.StateKeys = count(a.Sum)
	case "weir.stateBytes":
		v.StateBytes = count(a.Sum)
	}
}

func (c *Client) checkpoints(ctx context.Context, namespace, jobID, flink string, m *JobMetrics) error {
	var answer struct {
		Counts struct {
			Restored   int64 `json:"restored"`
			Completed  int64 `json:"completed"`
			Failed     int64 `json:"failed"`
			InProgress int64 `json:"in_progress"`
		} `json:"counts"`
		Latest struct {
			Completed struct {
				At       int64 `json:"latest_ack_timestamp"`
				Duration int64 `json:"end_to_end_duration"`
				Size     int64 `json:"state_size"`
			} `json:"completed"`
		} `json:"latest"`
	}
	err := c.FlinkJSON(ctx, namespace, jobID, flink+"/checkpoints", nil, &answer)
	if refused := (*Error)(nil); err != nil && errors.As(err, &refused) {
		return nil // a job that does not take checkpoints
	}
	n, last := answer.Counts, answer.Latest.Completed
	m.Checkpoints = Checkpoints{Completed: n.Completed, Failed: n.Failed, InProgress: n.InProgress, LatestMs: last.Duration, LatestSize: last.Size}
	if last.At > 0 {
		m.Checkpoints.LatestAt = resource.Time{Time: time.UnixMilli(last.At).UTC()}
	}
	if err != nil {
		return err
	}
	var restarts []struct {
		ID    string `json:"id"`
		Value string `json:"value"`
	}
	if err := c.FlinkJSON(ctx, namespace, jobID, flink+"/metrics", url.Values{"get": {"numRestarts"}}, &restarts); err != nil {
		return err
	}
	for _, r := range restarts {
		_, _ = fmt.Sscan(r.Value, &m.Restarts) // what is no number is not told
	}
	return nil
}
