package rest_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server"
)

// opened stands for state and logs where they lie.
type opened struct{ asked []resource.StateQuery }

func (o *opened) Operators(_ context.Context, location string) (resource.SavepointContents, error) {
	if strings.HasSuffix(location, "broken") {
		return resource.SavepointContents{}, fmt.Errorf("the file is torn")
	}
	return resource.SavepointContents{Kind: resource.KindSavepointContents, Location: location, Operators: []resource.StateOperator{}}, nil
}

func (o *opened) Rows(_ context.Context, _ string, q resource.StateQuery) (resource.StateRows, error) {
	o.asked = append(o.asked, q)
	return resource.StateRows{Kind: resource.KindStateRows, Rows: [][]*string{}}, nil
}

func (*opened) Kept(_ context.Context, job resource.Job) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("the last words of " + job.Metadata.ID)), nil
}

func TestSavepointsAreLookedInto(t *testing.T) {
	o := &opened{}
	w := start(t, func(c *server.Config) { c.StateReader = o; c.Logs = o })
	savepoint := func(state resource.SavepointState, location string) string {
		s, err := w.db.Savepoints().Create(t.Context(), "test", resource.Savepoint{
			Metadata: resource.Metadata{Namespace: "default"}, Spec: resource.SavepointSpec{SavepointLocation: location}, Status: resource.SavepointStatus{State: state},
		})
		if err != nil {
			t.Fatal(err)
		}
		return inDefault + "/savepoints/" + s.Metadata.ID + "/state"
	}
	good := savepoint(resource.SavepointCompleted, "file:///state/1")
	for _, tt := range []struct {
		path   string
		status int
		says   string
	}{
		{good, 200, `"location":"file:///state/1"`},
		{good + "/rows?operator=Join&table=left&where=id=7&where=" + "note=a=b&limit=5000", 200, `"StateRows"`},
		{good + "/rows", 400, "operator"},
		{good + "/rows?operator=Join&where=id", 400, "COLUMN=TEXT"},
		{good + "/rows?operator=Join&limit=none", 400, "limit"},
		{savepoint(resource.SavepointStarted, ""), 409, "only a completed one"},
		{savepoint(resource.SavepointCompleted, "file:///state/broken"), 422, "the file is torn"},
		{inDefault + "/savepoints/00000000-0000-0000-0000-000000000001/state", 404, "not found"},
	} {
		if r := w.send("GET", tt.path, ""); r.status != tt.status || !strings.Contains(r.body, tt.says) {
			t.Errorf("%s: %d %s, want %d and %q", tt.path, r.status, r.body, tt.status, tt.says)
		}
	}
	if len(o.asked) != 1 || o.asked[0].Limit != 1000 || len(o.asked[0].Where) != 2 || o.asked[0].Where[1] != (resource.StateCondition{Column: "note", Text: "a=b"}) {
		t.Errorf("asked for %+v", o.asked)
	}
}

func TestLogsOfEndedJobs(t *testing.T) {
	w := start(t, func(c *server.Config) { c.Logs = &opened{} })
	for state, want := range map[resource.JobState]int{resource.JobFailed: 200, resource.JobStarted: 404} {
		j, err := w.db.Jobs().Create(t.Context(), "test", resource.Job{Metadata: resource.Metadata{Namespace: "default"}, Status: resource.JobStatus{State: state}})
		if err != nil {
			t.Fatal(err)
		}
		r := w.send("GET", inDefault+"/jobs/"+j.Metadata.ID+"/log", "")
		if r.status != want || want == 200 && r.body != "the last words of "+j.Metadata.ID {
			t.Errorf("of a job that is %s: %d %s", state, r.status, r.body)
		}
	}
}
