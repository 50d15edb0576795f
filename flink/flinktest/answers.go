package flinktest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/flink"
)

// The job has two stages of the same parallelism.
var stages = []struct{ id, name string }{
	{"cbc357ccb763df2852fee8c4fc7d55f2", "Source: counter"},
	{"f6dc7f4d2283f4605b127b9364e21148", "Sink: nowhere"},
}

const version, commit = "2.3.0", "c0f8d1a"

func (m *JobManager) overview() any {
	o := flink.Overview{TaskManagers: 1, SlotsTotal: m.opts.Parallelism, FlinkVersion: version, FlinkCommit: commit}
	switch m.job.status {
	case flink.JobFinished:
		o.JobsFinished++
	case flink.JobCanceled:
		o.JobsCancelled++
	case flink.JobFailed:
		o.JobsFailed++
	default:
		o.JobsRunning++
	}
	if m.job.status.Terminal() {
		o.SlotsAvailable = o.SlotsTotal
	}
	return o
}

func (m *JobManager) dashboardConfig() any {
	return map[string]any{
		"refresh-interval": 3000, "timezone-name": "Coordinated Universal Time", "timezone-offset": 0,
		"flink-version": version, "flink-revision": commit,
		"features": map[string]bool{"web-submit": false, "web-cancel": true, "web-rescale": false, "web-history": false},
	}
}

func (m *JobManager) config() any {
	entries := []flink.ConfigEntry{}
	for _, k := range slices.Sorted(maps.Keys(m.opts.Configuration)) {
		entries = append(entries, flink.ConfigEntry{Key: k, Value: m.opts.Configuration[k]})
	}
	return entries
}

func (m *JobManager) jobIDs() any {
	return map[string]any{"jobs": []map[string]any{{"id": m.opts.JobID, "status": m.job.status}}}
}

func (m *JobManager) lifetime() (start, end, duration flink.Millis) {
	j := m.job
	if j.end.IsZero() {
		return flink.MillisOf(j.start), -1, flink.Millis(m.now.Sub(j.start).Milliseconds())
	}
	return flink.MillisOf(j.start), flink.MillisOf(j.end), flink.Millis(j.end.Sub(j.start).Milliseconds())
}

func (m *JobManager) jobsOverview() any {
	return map[string]any{"jobs": []flink.JobSummary{m.summary()}}
}

func (m *JobManager) summary() flink.JobSummary {
	s := flink.JobSummary{
		ID: m.opts.JobID, Name: m.opts.Name, JobType: "STREAMING", SchedulerType: "Default",
		State: m.job.status, LastModification: flink.MillisOf(m.job.modified),
	}
	s.StartTime, s.EndTime, s.Duration = m.lifetime()
	n := len(stages) * m.opts.Parallelism
	s.Tasks.Total = n
	switch m.job.tasks {
	case flink.TaskCreated:
		s.Tasks.Created = n
	case flink.TaskInitializing:
		s.Tasks.Initializing = n
	case flink.TaskRunning:
		s.Tasks.Running = n
	case flink.TaskFinished:
		s.Tasks.Finished = n
	case flink.TaskCanceling:
		s.Tasks.Canceling = n
	case flink.TaskCanceled:
		s.Tasks.Canceled = n
	case flink.TaskFailed:
		s.Tasks.Failed = n
	}
	return s
}

func (m *JobManager) details() any {
	j := m.job
	d := flink.JobDetails{
		ID: m.opts.JobID, ApplicationID: m.opts.JobID, Name: m.opts.Name, State: j.status, JobType: "STREAMING",
		SchedulerType: "Default", MaxParallelism: -1, Now: flink.MillisOf(m.now),
		Timestamps: map[flink.JobStatus]flink.Millis{}, StatusCounts: m.counts(len(stages)), Plan: m.plan(),
		Vertices: []flink.Vertex{},
	}
	d.StartTime, d.EndTime, d.Duration = m.lifetime()
	for _, s := range flink.JobStatuses {
		d.Timestamps[s] = flink.MillisOf(j.entered[s])
	}
	for _, s := range stages {
		v := flink.Vertex{
			ID: s.id, SlotSharingGroupID: "086660e882a9b1f768ea1e712c7a03fd", Name: s.name, MaxParallelism: 128,
			Parallelism: m.opts.Parallelism, Status: j.tasks, StartTime: d.StartTime, EndTime: d.EndTime, Duration: d.Duration,
			Tasks: m.counts(1),
		}
		v.Metrics.WriteRecords, v.Metrics.WriteRecordsComplete = j.position(m.now), true
		d.Vertices = append(d.Vertices, v)
	}
	return d
}

func (m *JobManager) counts(vertices int) map[flink.TaskState]int {
	c := map[flink.TaskState]int{}
	for _, s := range flink.TaskStates {
		c[s] = 0
	}
	c[m.job.tasks] = vertices * m.opts.Parallelism
	return c
}

func (m *JobManager) plan() flink.Plan {
	p := flink.Plan{JobID: m.opts.JobID, Name: m.opts.Name, Type: "STREAMING"}
	for i := len(stages) - 1; i >= 0; i-- {
		n := flink.PlanNode{
			ID: stages[i].id, Parallelism: m.opts.Parallelism, Description: stages[i].name + "<br/>",
			OptimizerProperties: map[string]any{},
		}
		if i > 0 {
			n.Inputs = []flink.PlanInput{{ID: stages[i-1].id, Exchange: "pipelined_bounded", ShipStrategy: "HASH"}}
		}
		p.Nodes = append(p.Nodes, n)
	}
	return p
}

func (m *JobManager) executionConfig() any {
	return map[string]any{"jid": m.opts.JobID, "name": m.opts.Name, "execution-config": map[string]any{
		"restart-strategy": "Cluster level default restart strategy", "job-parallelism": m.opts.Parallelism,
		"object-reuse-mode": false, "user-config": map[string]string{},
	}}
}

func (m *JobManager) exceptions() any {
	e := flink.Exceptions{History: flink.ExceptionHistory{Entries: slices.Clone(m.job.exceptions)}}
	if e.History.Entries == nil {
		e.History.Entries = []flink.ExceptionEntry{}
	}
	return e
}

func (m *JobManager) executionResult() any {
	if !m.job.status.Terminal() {
		return flink.ExecutionResult{Status: flink.StatusID{ID: flink.InProgress}}
	}
	start, end, duration := m.lifetime()
	r := &flink.JobResult{
		ID: m.opts.JobID, Name: m.opts.Name, AccumulatorResults: map[string]any{}, NetRuntime: duration,
		ApplicationID: m.opts.JobID, StartTime: start, EndTime: end, ApplicationStatus: "SUCCEEDED",
	}
	switch m.job.status {
	case flink.JobCanceled:
		r.ApplicationStatus = "CANCELED"
	case flink.JobFailed:
		r.ApplicationStatus = "FAILED"
		if len(m.job.exceptions) > 0 {
			e := m.job.exceptions[0]
			r.FailureCause = &flink.FailureCause{Class: e.Name, StackTrace: e.Stacktrace}
		}
	}
	return flink.ExecutionResult{Status: flink.StatusID{ID: flink.Completed}, Result: r}
}

func (m *JobManager) checkpoints() any {
	c := flink.Checkpoints{Counts: m.job.counts, Latest: m.job.latest, History: slices.Clone(m.job.points)}
	if c.History == nil {
		c.History = []flink.CheckpointDetails{}
	}
	for _, op := range m.ops {
		if op.result == nil {
			c.Counts.InProgress++
			c.Counts.Total++
		}
	}
	return c
}

func (m *JobManager) checkpointConfig() any {
	interval := m.opts.Timing.Checkpoint.Milliseconds()
	if interval == 0 {
		interval = 1<<63 - 1
	}
	return flink.CheckpointConfig{
		Mode: "exactly_once", Interval: interval, Timeout: 600_000, MaxConcurrent: 1,
		Externalization: flink.Externalization{Enabled: m.job.retains(), DeleteOnCancellation: !m.job.retains()},
		StateBackend:    "HashMapStateBackend", CheckpointStorage: "FileSystemCheckpointStorage",
		AfterTasksFinish: true, ChangelogMaterializeInterval: 600_000, ChangelogStorage: "memory",
	}
}

// parseDuration reads Flink's durations ("10 s", "500ms", "1 min") and bare milliseconds.
func parseDuration(s string) (time.Duration, bool) {
	s = strings.ToLower(strings.ReplaceAll(s, " ", ""))
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.ParseInt(s[:i], 10, 64)
	if err != nil {
		return 0, false
	}
	unit, ok := map[string]time.Duration{
		"": time.Millisecond, "ms": time.Millisecond, "s": time.Second, "sec": time.Second, "min": time.Minute, "m": time.Minute,
		"h": time.Hour, "d": 24 * time.Hour,
	}[s[i:]]
	return time.Duration(n) * unit, ok
}
