package jobmanager_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/jobmanager"
)

const (
	jobID  = "0123456789abcdef0123456789abcdef"
	vertex = "11111111111111111111111111111111"
	one    = "00000000000000000000000000000001"
	two    = "00000000000000000000000000000002"
)

// gated is a job whose savepoints are done when the test says so.
type gated struct {
	mu     sync.Mutex
	state  engine.JobState
	asked  []engine.SavepointRequest
	gate   chan error // one for each savepoint
	tables []engine.OutputTable
}

func (j *gated) Info() engine.JobInfo {
	j.mu.Lock()
	defer j.mu.Unlock()
	start := time.Now().Add(-10 * time.Second)
	return engine.JobInfo{
		ID: jobID, Name: "orders", State: j.state, Start: start, Streaming: true, MaxParallelism: 128,
		Failures: []engine.FailureInfo{{Message: "line 1\nline 2", Task: "Source (1/2)", At: start}, {Message: "older", At: start}},
		Vertices: []engine.VertexInfo{{ID: vertex, Name: "Source", Detail: "a < b\nc & d", Subtasks: []engine.SubtaskInfo{
			{State: engine.TaskRunning, Start: start, RecordsIn: 100, Busy: 8 * time.Second, BackPressured: time.Second, Watermark: 1000},
			{State: engine.TaskRunning, Start: start, RecordsIn: 300, Busy: time.Second, BackPressured: 9 * time.Second, Watermark: data.MinWatermark},
		}}},
	}
}

func (j *gated) Savepoint(ctx context.Context, r engine.SavepointRequest) (string, error) {
	j.mu.Lock()
	j.asked = append(j.asked, r)
	j.mu.Unlock()
	select {
	case err := <-j.gate:
		if err == nil && r.Stop {
			j.mu.Lock()
			j.state = engine.Finished
			j.mu.Unlock()
		}
		return r.Dir + "/savepoint-1", err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (j *gated) Checkpoints() engine.Checkpoints           { return engine.Checkpoints{} }
func (j *gated) Checkpoint(context.Context) (int64, error) { return 7, nil }

func (j *gated) Cancel() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.state = engine.Canceled
}

// Output gives all rows, whatever is asked: the limit is the engine's.
func (j *gated) Output(after int64, limit int) []engine.OutputTable {
	var out []engine.OutputTable
	for _, t := range j.tables {
		rows := t.Rows
		if after < 0 { // the newest
			rows = rows[max(0, len(rows)-limit):]
		}
		t.Rows = nil
		for _, r := range rows {
			if r.Seq > after && len(t.Rows) < limit {
				t.Rows = append(t.Rows, r)
			}
		}
		out = append(out, t)
	}
	return out
}

func serve(t *testing.T, c jobmanager.Config) (*gated, *jobmanager.JobManager, *flink.Client) {
	t.Helper()
	j := &gated{state: engine.Running, gate: make(chan error)}
	if c.Job == nil {
		c.Job = j
	}
	m := jobmanager.New(c)
	t.Cleanup(m.Close)
	return j, m, flink.NewClient(m.Transport(), "http://cluster")
}

func get(t *testing.T, m *jobmanager.JobManager, path string, into any) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://cluster"+path, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := m.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := into.(*string); ok {
		*s = string(b)
	} else if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v in %s", path, err, b)
	}
	return res.StatusCode
}

func await(t *testing.T, c *flink.Client, trigger string) flink.SavepointResult {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		r, err := c.SavepointStatus(context.Background(), jobID, trigger)
		if err != nil {
			t.Fatal(err)
		}
		if r.State != flink.InProgress {
			return r
		}
		if time.Now().After(end) {
			t.Fatal("the operation does not end")
		}
	}
}

func TestTheSameTriggerStartsOneOperation(t *testing.T) {
	ctx := context.Background()
	j, _, c := serve(t, jobmanager.Config{})
	for range 5 {
		if err := c.StopWithSavepoint(ctx, jobID, flink.StopRequest{TriggerID: one, TargetDirectory: "/sp", Drain: true}); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := c.SavepointStatus(ctx, jobID, one); err != nil || r.State != flink.InProgress {
		t.Fatalf("%+v, %v", r, err)
	}
	// Another stop meanwhile fails alone; the first is not disturbed.
	if err := c.StopWithSavepoint(ctx, jobID, flink.StopRequest{TriggerID: two, TargetDirectory: "/sp"}); err != nil {
		t.Fatal(err)
	}
	if r := await(t, c, two); r.State != flink.Failed || !strings.Contains(r.Failure, "suspending") {
		t.Errorf("second stop: %+v", r)
	}
	j.gate <- nil
	if r := await(t, c, one); r.State != flink.Completed || r.Location != "/sp/savepoint-1" {
		t.Errorf("first stop: %+v", r)
	}
	if len(j.asked) != 1 || !j.asked[0].Stop || !j.asked[0].Drain {
		t.Errorf("the job was asked for %+v", j.asked)
	}
	// The id of an ended operation answers as before, for a savepoint too.
	if err := c.TriggerSavepoint(ctx, jobID, flink.SavepointRequest{TriggerID: one, TargetDirectory: "/other"}); err != nil {
		t.Fatal(err)
	}
	if r := await(t, c, one); r.Location != "/sp/savepoint-1" {
		t.Errorf("asked again: %+v", r)
	}
}

func TestOperationsFail(t *testing.T) {
	ctx := context.Background()
	j, _, c := serve(t, jobmanager.Config{})
	if err := c.TriggerSavepoint(ctx, jobID, flink.SavepointRequest{TriggerID: one, TargetDirectory: "/sp"}); err != nil {
		t.Fatal(err)
	}
	j.gate <- errors.New("write savepoint: the disk is full")
	for range 2 { // a failed id keeps failing
		if r := await(t, c, one); r.State != flink.Failed || !strings.Contains(r.Failure, "the disk is full") {
			t.Errorf("%+v", r)
		}
		if err := c.TriggerSavepoint(ctx, jobID, flink.SavepointRequest{TriggerID: one, TargetDirectory: "/sp"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.TriggerSavepoint(ctx, two, flink.SavepointRequest{TriggerID: one, TargetDirectory: "/sp"}); err != nil {
		t.Fatal(err)
	}
	if r, err := c.SavepointStatus(ctx, two, one); err != nil || !strings.Contains(r.Failure, "Could not find Flink job") {
		t.Errorf("unknown job: %+v, %v", r, err)
	}
	if err := c.TriggerSavepoint(ctx, jobID, flink.SavepointRequest{TriggerID: "short", TargetDirectory: "/sp"}); err == nil {
		t.Error("a trigger id that is no id was taken")
	}
}

func TestCloseAbandonsOperations(t *testing.T) {
	_, m, c := serve(t, jobmanager.Config{})
	if err := c.TriggerSavepoint(context.Background(), jobID, flink.SavepointRequest{TriggerID: one, TargetDirectory: "/sp"}); err != nil {
		t.Fatal(err)
	}
	m.Close()
	if _, err := c.Overview(context.Background()); err == nil {
		t.Error("a closed JobManager answers")
	}
}

func TestShutdownIsAskedOnce(t *testing.T) {
	asked := make(chan struct{}, 2)
	_, m, c := serve(t, jobmanager.Config{Shutdown: func() { asked <- struct{}{} }})
	for range 2 {
		if err := c.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	m.Close()
	if len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
}

func TestOutputIsPaged(t *testing.T) {
	j, m, _ := serve(t, jobmanager.Config{})
	value := func(s string) []*string { return []*string{&s, nil} }
	table := engine.OutputTable{Name: "snk", Columns: []data.Column{{Name: "k", Type: data.Of(data.BigInt).NotNull()}, {Name: "v", Type: data.Of(data.BigInt)}}}
	for i := range int64(5) {
		table.Rows = append(table.Rows, engine.OutputRow{Seq: i + 1, Op: data.Op(i % 4), Values: value(fmt.Sprint(i))})
	}
	j.tables = []engine.OutputTable{table, {Name: "empty"}}
	for query, want := range map[string]string{
		"":                 "1 2 3 4 5",
		"?after=3":         "4 5",
		"?after=1&limit=2": "2 3",
		"?limit=2":         "4 5",
		"?after=9":         "",
	} {
		var page struct{ Tables []jobmanager.Table }
		if status := get(t, m, "/jobs/"+jobID+"/weir/output"+query, &page); status != 200 || len(page.Tables) != 2 {
			t.Fatalf("%s: status %d, %+v", query, status, page)
		}
		var got []string
		for _, r := range page.Tables[0].Rows {
			got = append(got, fmt.Sprint(r.Seq))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: rows %v, want %s", query, got, want)
		}
	}
	var text string
	get(t, m, "/v1/jobs/"+jobID+"/weir/output?limit=1", &text)
	if want := `{"tables":[{"name":"snk","columns":[{"name":"k","type":"BIGINT NOT NULL"},{"name":"v","type":"BIGINT"}],"rows":[{"seq":5,"op":"+I","values":["4",null]}]},{"name":"empty","columns":[],"rows":[]}]}`; text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	for _, bad := range []string{"?after=x", "?limit=0", "?after=-1"} {
		if status := get(t, m, "/jobs/"+jobID+"/weir/output"+bad, &text); status != 400 {
			t.Errorf("%s: status %d", bad, status)
		}
	}
}

func TestMetrics(t *testing.T) {
	_, m, _ := serve(t, jobmanager.Config{})
	for path, want := range map[string]string{
		"/vertices/" + vertex + "/metrics?get=0.numRecordsIn,1.numRecordsIn,9.nosuch":         `[{"id":"0.numRecordsIn","value":"100"},{"id":"1.numRecordsIn","value":"300"}]`,
		"/vertices/" + vertex + "/subtasks/metrics?get=numRecordsIn&agg=min,max,avg,sum,skew": `[{"avg":200,"id":"numRecordsIn","max":300,"min":100,"skew":50,"sum":400}]`,
		"/vertices/" + vertex + "/subtasks/metrics?get=numRecordsIn&agg=sum&subtasks=1-5":     `[{"id":"numRecordsIn","sum":300}]`,
		"/vertices/" + vertex + "/subtasks/1/metrics?get=currentInputWatermark":               `[{"id":"currentInputWatermark","value":"-9223372036854775808"}]`,
		"/vertices/" + vertex + "/watermarks":                                                 `[{"id":"0.currentInputWatermark","value":"1000"}]`,
		"/metrics?get=numRestarts,numberOfCompletedCheckpoints":                               `[{"id":"numRestarts","value":"0"},{"id":"numberOfCompletedCheckpoints","value":"0"}]`,
	} {
		var got string
		if status := get(t, m, "/jobs/"+jobID+path, &got); status != 200 || got != want {
			t.Errorf("%s: %d\ngot  %s\nwant %s", path, status, got, want)
		}
	}
	var pressure struct {
		Level    string `json:"backpressureLevel"`
		Subtasks []struct {
			Level string `json:"backpressureLevel"`
		}
	}
	get(t, m, "/jobs/"+jobID+"/vertices/"+vertex+"/backpressure", &pressure)
	if pressure.Level != "high" || pressure.Subtasks[0].Level != "ok" || pressure.Subtasks[1].Level != "high" {
		t.Errorf("back-pressure %+v", pressure)
	}
}

func TestWhatPeopleRead(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, m, c := serve(t, jobmanager.Config{LogFile: log, Configuration: map[string]string{"a": "b", "s3.secret-key": "hush"}})
	d, err := c.Job(context.Background(), jobID)
	if err != nil || d.Plan.Nodes[0].Description != "a &lt; b<br/>c &amp; d<br/>" {
		t.Errorf("description %q, %v", d.Plan.Nodes[0].Description, err)
	}
	e, err := c.Exceptions(context.Background(), jobID)
	if err != nil || len(e.History.Entries) != 2 || e.Latest() != "line 1" {
		t.Errorf("exceptions %+v, %v", e, err)
	}
	config, err := c.Config(context.Background())
	if err != nil || flink.Lookup(config, "a") != "b" || flink.Lookup(config, "s3.secret-key") != "******" {
		t.Errorf("configuration %v, %v", config, err)
	}
	for path, want := range map[string]string{
		"/jobmanager/log": "hello\n", "/jobmanager/logs/log": "hello\n", "/taskmanagers/weir-engine/log": "hello\n",
		"/jobmanager/logs/..%2Fother": `{"errors":["This file does not exist in the log directory of the engine."]}`,
	} {
		var got string
		if get(t, m, path, &got); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestAJobThatNeverRan(t *testing.T) {
	ctx := context.Background()
	job := jobmanager.FailedJob(jobID, "orders", time.Now(), errors.New(`line 1, column 1: "SELEKT" is no statement`))
	_, _, c := serve(t, jobmanager.Config{Job: job})
	if s, err := c.JobStatus(ctx, jobID); err != nil || s != flink.JobFailed {
		t.Errorf("status %s, %v", s, err)
	}
	if e, err := c.Exceptions(ctx, jobID); err != nil || !strings.Contains(e.Latest(), `"SELEKT" is no statement`) {
		t.Errorf("exceptions %+v, %v", e, err)
	}
	if err := c.Cancel(ctx, jobID); !flink.IsConflict(err) {
		t.Errorf("cancel: %v", err)
	}
}
