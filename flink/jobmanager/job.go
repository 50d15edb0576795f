package jobmanager

import (
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/flink"
)

func (m *JobManager) jobIDs(r request) (any, error) {
	all := []object{}
	for _, info := range r.infos {
		all = append(all, object{"id": info.ID, "status": info.State})
	}
	return object{"jobs": all}, nil
}

func (m *JobManager) jobsOverview(r request) (any, error) {
	all := []flink.JobSummary{}
	for _, info := range r.infos {
		all = append(all, summary(info))
	}
	return object{"jobs": all}, nil
}

func summary(info engine.JobInfo) flink.JobSummary {
	start, end, duration := lifetime(info.Start, info.End)
	return flink.JobSummary{
		ID: info.ID, Name: info.Name, JobType: jobType(info), SchedulerType: "Default",
		StartTime: start, EndTime: end, Duration: duration, State: flink.JobStatus(info.State),
		LastModification: flink.MillisOf(modified(info)), Tasks: taskCounts(info),
	}
}

func (m *JobManager) details(r request) (any, error) {
	info := r.info
	start, end, duration := lifetime(info.Start, info.End)
	d := flink.JobDetails{
		ID: info.ID, ApplicationID: info.ID, Name: info.Name, State: flink.JobStatus(info.State),
		JobType: jobType(info), SchedulerType: "Default", StartTime: start, EndTime: end, Duration: duration,
		MaxParallelism: -1, Now: flink.MillisOf(time.Now()), Timestamps: map[flink.JobStatus]flink.Millis{},
		Vertices: []flink.Vertex{}, StatusCounts: stateCounts(nil), Plan: plan(info),
	}
	if info.MaxParallelism > 0 {
		d.MaxParallelism = info.MaxParallelism
	}
	for _, s := range flink.JobStatuses {
		d.Timestamps[s] = flink.MillisOf(info.Timestamps[engine.JobState(s)])
	}
	for _, v := range info.Vertices {
		counts := stateCounts(v.Subtasks)
		for s, n := range counts {
			d.StatusCounts[s] += n
		}
		status := vertexState(v.Subtasks)
		from, until := span(v.Subtasks)
		start, end, duration := lifetime(from, until)
		d.Vertices = append(d.Vertices, flink.Vertex{
			ID: v.ID, SlotSharingGroupID: slotSharingGroup, Name: v.Name, MaxParallelism: info.MaxParallelism,
			Parallelism: len(v.Subtasks), Status: status, StartTime: start, EndTime: end, Duration: duration,
			Tasks: counts, Metrics: ioMetrics(v.Subtasks),
		})
	}
	return d, nil
}

// slotSharingGroup is the one group all tasks are in.
const slotSharingGroup = "086660e882a9b1f768ea1e712c7a03fd"

func jobType(info engine.JobInfo) string {
	if info.Streaming {
		return "STREAMING"
	}
	return "BATCH"
}

func modified(info engine.JobInfo) time.Time {
	latest := info.Start
	for _, t := range info.Timestamps {
		if t.After(latest) {
			latest = t
		}
	}
	return latest
}

// lifetime is start, end and duration as Flink shows them: -1 for "not yet".
func lifetime(start, end time.Time) (from, until, duration flink.Millis) {
	if start.IsZero() {
		return -1, -1, -1
	}
	from, until = flink.MillisOf(start), -1
	stop := time.Now()
	if !end.IsZero() {
		until, stop = flink.MillisOf(end), end
	}
	return from, until, flink.Millis(max(stop.Sub(start).Milliseconds(), 0))
}

// span is from when the first task started until the last one ended; the end
// is zero while one lives.
func span(tasks []engine.SubtaskInfo) (from, until time.Time) {
	ended := len(tasks) > 0
	for _, t := range tasks {
		if !t.Start.IsZero() && (from.IsZero() || t.Start.Before(from)) {
			from = t.Start
		}
		ended = ended && !t.End.IsZero()
		if t.End.After(until) {
			until = t.End
		}
	}
	if !ended {
		until = time.Time{}
	}
	return from, until
}

func stateCounts(tasks []engine.SubtaskInfo) map[flink.TaskState]int {
	counts := make(map[flink.TaskState]int, len(flink.TaskStates))
	for _, s := range flink.TaskStates {
		counts[s] = 0
	}
	for _, t := range tasks {
		counts[flink.TaskState(t.State)]++
	}
	return counts
}

// vertexState is the state of a vertex: the most telling of its tasks'.
func vertexState(tasks []engine.SubtaskInfo) flink.TaskState {
	counts := stateCounts(tasks)
	for _, s := range []flink.TaskState{
		flink.TaskFailed, flink.TaskCanceling, flink.TaskCanceled, flink.TaskCreated, flink.TaskScheduled,
		flink.TaskDeploying, flink.TaskInitializing, flink.TaskRunning, flink.TaskFinished,
	} {
		if counts[s] > 0 {
			return s
		}
	}
	return flink.TaskCreated
}

func taskCounts(info engine.JobInfo) flink.TaskCounts {
	var c flink.TaskCounts
	for _, v := range info.Vertices {
		for _, t := range v.Subtasks {
			c.Total++
			switch t.State {
			case engine.TaskCreated:
				c.Created++
			case engine.TaskScheduled:
				c.Scheduled++
			case engine.TaskDeploying:
				c.Deploying++
			case engine.TaskInitializing:
				c.Initializing++
			case engine.TaskRunning:
				c.Running++
			case engine.TaskFinished:
				c.Finished++
			case engine.TaskCanceling:
				c.Canceling++
			case engine.TaskCanceled:
				c.Canceled++
			case engine.TaskFailed:
				c.Failed++
			}
		}
	}
	return c
}

func ioMetrics(tasks []engine.SubtaskInfo) flink.IOMetrics {
	m := flink.IOMetrics{ReadBytesComplete: true, WriteBytesComplete: true, ReadRecordsComplete: true, WriteRecordsComplete: true}
	for _, t := range tasks {
		m.ReadBytes += t.BytesIn
		m.WriteBytes += t.BytesOut
		m.ReadRecords += t.RecordsIn
		m.WriteRecords += t.RecordsOut
		m.BackPressured += t.BackPressured.Milliseconds()
		m.Idle += t.Idle.Milliseconds()
		m.Busy += flink.Number(t.Busy.Milliseconds())
	}
	return m
}

// plan lists the vertices as Flink does, users before their inputs.
func plan(info engine.JobInfo) flink.Plan {
	p := flink.Plan{JobID: info.ID, Name: info.Name, Type: jobType(info), Nodes: []flink.PlanNode{}}
	for i := len(info.Vertices) - 1; i >= 0; i-- {
		v := info.Vertices[i]
		n := flink.PlanNode{
			ID: v.ID, Parallelism: len(v.Subtasks), Description: description(v), OptimizerProperties: map[string]any{},
		}
		for num, edge := range v.Inputs {
			if edge.From < 0 || edge.From >= len(info.Vertices) {
				continue
			}
			n.Inputs = append(n.Inputs, flink.PlanInput{
				ID: info.Vertices[edge.From].ID, Num: num, Exchange: "pipelined_bounded", ShipStrategy: shipStrategy(edge),
			})
		}
		p.Nodes = append(p.Nodes, n)
	}
	return p
}

func shipStrategy(e graph.Edge) string { return string(e.Partitioning) }

// description has one line for each operator, indented, as HTML.
func description(v engine.VertexInfo) string {
	detail := v.Detail
	if detail == "" {
		detail = v.Name
	}
	var b strings.Builder
	for line := range strings.Lines(detail) {
		b.WriteString(html.EscapeString(strings.TrimRight(line, "\r\n")))
		b.WriteString("<br/>")
	}
	return b.String()
}

func (m *JobManager) executionConfig(r request) (any, error) {
	parallelism := 1
	for _, v := range r.info.Vertices {
		parallelism = max(parallelism, len(v.Subtasks))
	}
	strategy := r.job.configuration["restart-strategy.type"]
	switch strategy {
	case "none", "off", "disable":
		strategy = "Restart deactivated."
	case "":
		strategy = "Cluster level default restart strategy"
	}
	return object{"jid": r.info.ID, "name": r.info.Name, "execution-config": object{
		"restart-strategy": strategy, "job-parallelism": parallelism, "object-reuse-mode": true, "user-config": object{},
	}}, nil
}

func (m *JobManager) exceptions(r request) (any, error) {
	most := 16
	if s := r.URL.Query().Get("maxExceptions"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return nil, badParameter("maxExceptions", s)
		}
		most = n
	}
	labels := map[string]string{}
	if r.job.refused() {
		labels[flink.LabelRefused] = "true"
	}
	history := flink.ExceptionHistory{Entries: []flink.ExceptionEntry{}}
	for i, f := range r.info.Failures {
		if i >= most {
			history.Truncated = true
			break
		}
		e := flink.ExceptionEntry{
			Name: exceptionClass, Stacktrace: f.Message,
			Timestamp: flink.MillisOf(f.At), FailureLabels: labels, TaskName: f.Task,
		}
		if f.Task != "" {
			e.Endpoint, e.TaskManagerID = m.endpoint(), taskManager
		}
		history.Entries = append(history.Entries, e)
	}
	return flink.Exceptions{History: history}, nil
}

// exceptionClass is what all failures of the engine are to Java clients.
const exceptionClass = "org.apache.flink.runtime.JobException"

func (m *JobManager) executionResult(r request) (any, error) {
	info := r.info
	if !info.State.Terminal() {
		return flink.ExecutionResult{Status: flink.StatusID{ID: flink.InProgress}}, nil
	}
	start, end, duration := lifetime(info.Start, info.End)
	result := &flink.JobResult{
		ID: info.ID, Name: info.Name, ApplicationStatus: "SUCCEEDED", AccumulatorResults: map[string]any{},
		NetRuntime: duration, ApplicationID: info.ID, StartTime: start, EndTime: end,
	}
	switch info.State {
	case engine.Canceled:
		result.ApplicationStatus = "CANCELED"
	case engine.Failed:
		result.ApplicationStatus = "FAILED"
		message := "the job failed and left no cause"
		if len(info.Failures) > 0 {
			message = info.Failures[0].Message
		}
		result.FailureCause = cause(message)
	}
	return flink.ExecutionResult{Status: flink.StatusID{ID: flink.Completed}, Result: result}, nil
}

func cause(message string) *flink.FailureCause {
	return &flink.FailureCause{Class: exceptionClass, StackTrace: message}
}
