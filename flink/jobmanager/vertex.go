package jobmanager

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/flink"
)

func (m *JobManager) endpoint() string { return m.host + ":0" }

func (m *JobManager) vertex(r request) (any, error) {
	v := r.vertex
	subtasks := []object{}
	for i := range v.Subtasks {
		subtasks = append(subtasks, m.subtaskObject(v, i))
	}
	return object{
		"id": v.ID, "name": v.Name, "parallelism": len(v.Subtasks), "maxParallelism": r.info.MaxParallelism,
		"now": flink.MillisOf(time.Now()), "subtasks": subtasks, "aggregated": aggregate(v.Subtasks),
	}, nil
}

func (m *JobManager) subtaskObject(v *engine.VertexInfo, i int) object {
	t := v.Subtasks[i]
	start, end, duration := lifetime(t.Start, t.End)
	return object{
		"subtask": i, "status": t.State, "attempt": t.Attempt, "endpoint": m.endpoint(), "start-time": start, "end-time": end,
		"duration": duration, "metrics": ioMetrics([]engine.SubtaskInfo{t}), "taskmanager-id": taskManager,
		"status-duration": object{string(t.State): max(duration, 0)}, "start_time": start,
	}
}

func (m *JobManager) subtask(r request) (any, error) { return m.subtaskObject(r.vertex, r.task), nil }

func (m *JobManager) attempt(r request) (any, error) {
	s := r.PathValue("attempt")
	n, err := strconv.Atoi(s)
	if err != nil {
		return nil, badParameter("attempt", s)
	}
	if n != r.vertex.Subtasks[r.task].Attempt {
		return nil, failure{http.StatusNotFound, restException + "Attempt " + s + " is no longer known."}
	}
	return m.subtaskObject(r.vertex, r.task), nil
}

// aggregate describes how a vertex's tasks differ.
func aggregate(tasks []engine.SubtaskInfo) object {
	of := func(f func(engine.SubtaskInfo) int64) object {
		values := make([]int64, 0, len(tasks))
		for _, t := range tasks {
			values = append(values, f(t))
		}
		if len(values) == 0 {
			values = []int64{0}
		}
		slices.Sort(values)
		var sum int64
		for _, v := range values {
			sum += v
		}
		at := func(p float64) int64 { return values[min(int(p*float64(len(values))), len(values)-1)] }
		return object{
			"min": values[0], "max": values[len(values)-1], "avg": sum / int64(len(values)), "sum": sum,
			"median": at(.5), "p25": at(.25), "p75": at(.75), "p95": at(.95),
		}
	}
	durations := object{}
	states := map[engine.TaskState][]engine.SubtaskInfo{}
	for _, t := range tasks {
		states[t.State] = append(states[t.State], t)
	}
	for state := range states {
		durations[string(state)] = of(func(t engine.SubtaskInfo) int64 {
			_, _, d := lifetime(t.Start, t.End)
			return int64(max(d, 0))
		})
	}
	return object{
		"metrics": object{
			"read-bytes":                     of(func(t engine.SubtaskInfo) int64 { return t.BytesIn }),
			"write-bytes":                    of(func(t engine.SubtaskInfo) int64 { return t.BytesOut }),
			"read-records":                   of(func(t engine.SubtaskInfo) int64 { return t.RecordsIn }),
			"write-records":                  of(func(t engine.SubtaskInfo) int64 { return t.RecordsOut }),
			"accumulated-backpressured-time": of(func(t engine.SubtaskInfo) int64 { return t.BackPressured.Milliseconds() }),
			"accumulated-idle-time":          of(func(t engine.SubtaskInfo) int64 { return t.Idle.Milliseconds() }),
			"accumulated-busy-time":          of(func(t engine.SubtaskInfo) int64 { return t.Busy.Milliseconds() }),
		},
		"status-duration": durations,
	}
}

// subtaskTimes: the engine remembers when a task began and what it is now.
func (m *JobManager) subtaskTimes(r request) (any, error) {
	subtasks := []object{}
	for i, t := range r.vertex.Subtasks {
		_, _, duration := lifetime(t.Start, t.End)
		at := map[flink.TaskState]flink.Millis{}
		for _, s := range flink.TaskStates {
			at[s] = 0
		}
		at[flink.TaskCreated] = flink.MillisOf(r.info.Start)
		at[flink.TaskDeploying] = flink.MillisOf(t.Start)
		if entered := t.Start; !entered.IsZero() {
			if !t.End.IsZero() {
				entered = t.End
			}
			at[flink.TaskState(t.State)] = flink.MillisOf(entered)
		}
		subtasks = append(subtasks, object{"subtask": i, "endpoint": m.endpoint(), "duration": max(duration, 0), "timestamps": at})
	}
	return object{"id": r.vertex.ID, "name": r.vertex.Name, "now": flink.MillisOf(time.Now()), "subtasks": subtasks}, nil
}

func (m *JobManager) vertexTaskManagers(r request) (any, error) {
	tasks := r.vertex.Subtasks
	start, end, duration := lifetime(span(tasks))
	return object{
		"id": r.vertex.ID, "name": r.vertex.Name, "now": flink.MillisOf(time.Now()),
		"taskmanagers": []object{{
			"endpoint": m.endpoint(), "status": vertexState(tasks), "start-time": start, "end-time": end, "duration": duration,
			"metrics": ioMetrics(tasks), "status-counts": stateCounts(tasks), "taskmanager-id": taskManager,
			"aggregated": aggregate(tasks),
		}},
	}, nil
}

// watermarks lists the tasks that have one, in milliseconds since 1970.
func (m *JobManager) watermarks(r request) (any, error) {
	marks := []object{}
	for i, t := range r.vertex.Subtasks {
		if t.Watermark != data.MinWatermark {
			marks = append(marks, object{"id": strconv.Itoa(i) + ".currentInputWatermark", "value": strconv.FormatInt(t.Watermark, 10)})
		}
	}
	return marks, nil
}

// backPressure tells how much of the last seconds each task waited for those after it.
func (m *JobManager) backPressure(r request) (any, error) {
	if r.info.State.Terminal() {
		return object{"status": "deprecated"}, nil
	}
	worst := "ok"
	subtasks := []object{}
	shares := r.job.rates.of(r.info, r.vertex.ID)
	for i := range r.vertex.Subtasks {
		var s rate
		if i < len(shares) {
			s = shares[i]
		}
		level := pressureLevel(s.backPressured)
		if s.backPressured > .1 && worst == "ok" || level == "high" {
			worst = level
		}
		subtasks = append(subtasks, object{
			"subtask": i, "backpressureLevel": level, "backpressure-level": level,
			"ratio": ratio(s.backPressured), "idleRatio": ratio(s.idle), "busyRatio": ratio(s.busy),
		})
	}
	return object{
		"status": "ok", "backpressureLevel": worst, "backpressure-level": worst,
		"end-timestamp": flink.MillisOf(time.Now()), "subtasks": subtasks,
	}, nil
}

func pressureLevel(share float64) string {
	switch {
	case share <= .1:
		return "ok"
	case share <= .5:
		return "low"
	}
	return "high"
}

func ratio(f float64) float64 { return math.Round(f*100) / 100 }

func (m *JobManager) subtaskAccumulators(r request) (any, error) {
	subtasks := []object{}
	for i, t := range r.vertex.Subtasks {
		subtasks = append(subtasks, object{"subtask": i, "attempt": t.Attempt, "endpoint": m.endpoint(), "user-accumulators": []any{}})
	}
	return object{"id": r.vertex.ID, "parallelism": len(r.vertex.Subtasks), "subtasks": subtasks}, nil
}
