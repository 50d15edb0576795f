package api

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server"
)

// running stores what controllers would: a job of the deployment that runs.
func (w *world) running(deploymentID string) resource.Job {
	w.t.Helper()
	ctx := context.Background()
	j := resource.Job{Status: resource.JobStatus{State: resource.JobStarted}}
	j.Metadata = resource.Metadata{
		Namespace: "default", DeploymentID: deploymentID, DeploymentName: "orders",
		Annotations: map[string]string{resource.AnnotationSpecVersion: "1"},
	}
	j.Spec.FlinkConfiguration = map[string]string{"execution.checkpointing.savepoint-dir": "file:///sp/"}
	j.Status.Started = resource.StartedInfo{StartedAt: resource.At(j.Metadata.CreatedAt.Time), FlinkJobID: "x"}
	j, err := w.db.Jobs().Create(ctx, "weir", j)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.db.Deployments().Update(ctx, "weir", deploymentID, func(d *resource.Deployment) error {
		d.Status = resource.DeploymentStatus{
			State:   resource.StateRunning,
			Running: resource.DeploymentRunning{JobID: j.Metadata.ID, Conditions: []resource.Condition{}},
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

func (w *world) ended(j resource.Job) {
	w.t.Helper()
	ctx := context.Background()
	if _, err := w.db.Jobs().Update(ctx, "weir", j.Metadata.ID, func(j *resource.Job) error {
		j.Status.State = resource.JobTerminated
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.db.Deployments().Update(ctx, "weir", j.Metadata.DeploymentID, func(d *resource.Deployment) error {
		d.Status = resource.DeploymentStatus{State: resource.StateCancelled}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
}

func TestSavepointsAndResetAndFork(t *testing.T) {
	w := start(t)
	id := w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...).text("metadata/id")
	ask := fmt.Sprintf(`{"metadata":{"deploymentId":%q}}`, id)
	w.call("POST", inDefault+"/savepoints", ask, 400).want("reason", "NoActiveJob")
	job := w.running(id)
	w.call("DELETE", inDefault+"/deployments/orders", "", 409)

	s := w.call("POST", inDefault+"/savepoints", ask, 201)
	s.want("status/state", "STARTED")
	s.want("metadata/origin", "USER_REQUEST")
	s.want("metadata/jobId", job.Metadata.ID)
	s.want("spec/savepointLocation", "file:///sp/"+s.text("metadata/id"))
	s.want("spec/flinkSavepointId", s.text("metadata/id"))
	started := s.text("metadata/id")
	w.call("DELETE", inDefault+"/savepoints/"+started, "", 409)
	w.call("POST", inDefault+"/deployments/orders:reset", fmt.Sprintf(`{"savepointId":%q}`, started), 409)

	copied := w.call("POST", inDefault+"/savepoints", fmt.Sprintf(`{"metadata":{"deploymentId":%q},"spec":{"savepointLocation":"file:///old"}}`, id), 201)
	copied.want("metadata/origin", "COPIED")
	copied.want("status/state", "COMPLETED")
	copied.want("spec/flinkSavepointId", "00000000-0000-0000-0000-000000000000")
	if strings.Contains(string(copied.body), "weir.io/reset") {
		t.Error("adopting a savepoint resets nothing")
	}
	first := copied.text("metadata/id")
	w.call("DELETE", inDefault+"/savepoints/"+first, "", 409) // the newest there is

	reset := w.call("POST", inDefault+"/deployments/orders:reset", fmt.Sprintf(`{"savepointId":%q}`, first), 201)
	reset.want("spec/savepointLocation", "file:///old")
	if a := reset.get("metadata/annotations").(map[string]any); a["weir.io/reset"] != "true" {
		t.Errorf("annotations %v", a)
	}
	w.call("POST", inDefault+"/deployments/orders:reset", `{}`, 400)
	w.call("POST", inDefault+"/deployments/orders:reset", `{"savepointId":"11111111-1111-4111-8111-111111111111"}`, 404)
	w.call("DELETE", inDefault+"/savepoints/"+first, "", 204)
	w.call("DELETE", inDefault+"/savepoints/"+reset.text("metadata/id"), "", 409)
	w.call("DELETE", inDefault+"/savepoints/"+reset.text("metadata/id")+"?force=true", "", 204)

	other := w.call("POST", inDefault+"/savepoints", fmt.Sprintf(`{"metadata":{"deploymentId":%q},"spec":{"savepointLocation":"file:///other"}}`, id), 201).text("metadata/id")
	fork := w.call("POST", inDefault+"/deployments/orders:fork", fmt.Sprintf(`{"name":"scratch","savepointId":%q}`, other), 201)
	fork.want("spec/state", "CANCELLED")
	fork.want("metadata/displayName", "Fork of orders")
	list := w.call("GET", inDefault+"/savepoints?deploymentId="+fork.text("metadata/id"), "", 200)
	list.want("kind", "SavepointList")
	list.want("items/0/spec/savepointLocation", "file:///other")
	w.call("POST", inDefault+"/deployments/orders:fork", `{"name":"scratch"}`, 409)
	w.call("POST", inDefault+"/deployments/scratch:reset", fmt.Sprintf(`{"savepointId":%q}`, other), 400)
	w.call("GET", inDefault+"/savepoints?deploymentId=none", "", 200)
	w.call("GET", inDefault+"/savepoints/"+other, "", 200, "Accept", "application/yaml").want("status/state", "COMPLETED")

	w.call("GET", inDefault+"/jobs?deploymentId="+id, "", 200).want("items/0/status/state", "STARTED")
	w.call("GET", inDefault+"/jobs/"+job.Metadata.ID, "", 200)
	w.call("GET", inDefault+"/jobs/"+strings.ReplaceAll(job.Metadata.ID, "-", ""), "", 200)
	w.call("GET", inDefault+"/jobs/none", "", 404)
	w.ended(job)
	w.call("DELETE", inDefault+"/deployments/orders", "", 200)
}

func TestTargetsAndDefaults(t *testing.T) {
	w := start(t)
	w.call("POST", inDefault+"/deployment-targets", `{"metadata":{"name":"k8s"},"spec":{"kubernetes":{"namespace":"jobs"}}}`, 201)
	w.call("POST", inDefault+"/deployment-targets", `{"metadata":{"name":"k8s"},"spec":{"kubernetes":{"namespace":"jobs"}}}`, 409)
	w.call("PUT", inDefault+"/deployment-targets/k8s", `{"metadata":{"labels":{"a":"b"}},"spec":{"kubernetes":{"namespace":"jobs"}}}`, 200).want("metadata/labels/a", "b")
	w.call("PUT", inDefault+"/deployment-targets/k8s", `{"spec":{"kubernetes":{"namespace":"else"}}}`, 400)
	w.call("PUT", inDefault+"/deployment-targets/second", `{"spec":{"launcher":"process"}}`, 201)
	w.call("GET", inDefault+"/deployment-targets", "", 200).want("items/0/metadata/name", "local")

	w.call("PATCH", inDefault+"/deployment-defaults", `{"spec":{"deploymentTargetName":"k8s","template":{"spec":{"parallelism":3}}}}`, 200)
	w.call("PATCH", inDefault+"/deployment-defaults", `{"spec":{"deploymentTargetName":"mars"}}`, 400)
	d := w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...)
	d.want("spec/deploymentTargetName", "k8s")
	d.want("spec/template/spec/parallelism", "3")
	w.call("DELETE", inDefault+"/deployment-targets/k8s", "", 409)
	w.call("PATCH", inDefault+"/deployments/orders", `{"spec":{"deploymentTargetId":"`+w.call("GET", inDefault+"/deployment-targets/local", "", 200).text("metadata/id")+`"}}`, 200).
		want("spec/deploymentTargetName", "")
	w.call("DELETE", inDefault+"/deployment-targets/k8s", "", 200)
	w.call("PUT", inDefault+"/deployment-defaults", `{"spec":{"deploymentTargetName":"second"}}`, 200)
	w.call("GET", inDefault+"/deployment-defaults", "", 200).want("spec/deploymentTargetName", "second")
	w.call("GET", "/api/v1/global-deployment-defaults", "", 200).want("spec/maxJobCreationAttempts", "4")
}

func TestNamespacesAndStatus(t *testing.T) {
	w := start(t)
	const all = "/namespaces/v1/namespaces"
	w.call("GET", all, "", 200).want("namespaces/0/name", "namespaces/default")
	w.call("POST", all, `{"name":"namespaces/team"}`, 201).want("namespace/lifecyclePhase", "LIFECYCLE_PHASE_ACTIVE")
	w.call("POST", all, `{"name":"namespaces/team"}`, 409).want("code", "ALREADY_EXISTS")
	w.call("POST", all, `{"name":"Team!"}`, 400).want("code", "INVALID_ARGUMENT")
	w.call("PUT", all+"/team", `{"roleBindings":[{"role":"owner","members":["user:ann"]}]}`, 200).want("namespace/roleBindings/0/role", "owner")
	w.call("PATCH", all+"/team", `{"name":"namespaces/team"}`, 200).want("namespace/roleBindings/0/members/0", "user:ann")
	w.call("PUT", all+"/other", `{"roleBindings":[]}`, 201)
	w.call("GET", all+"/team", "", 200)
	w.call("GET", "/api/v1/namespaces/team/deployment-targets", "", 200).want("items/0/metadata/name", "local")
	w.call("POST", "/api/v1/namespaces/team/deployments", sqlDeployment, 201, tolerated...)
	w.call("DELETE", all+"/team", "", 200).want("namespace/lifecyclePhase", "LIFECYCLE_PHASE_TERMINATING")
	w.call("GET", all+"/team", "", 200).want("namespace/lifecyclePhase", "LIFECYCLE_PHASE_TERMINATING")
	w.call("PATCH", all+"/team", `{"roleBindings":[]}`, 409).want("code", "FAILED_PRECONDITION")
	w.call("PATCH", "/api/v1/namespaces/team/deployments/orders", `{"spec":{"state":"RUNNING"}}`, 409)
	w.call("GET", all+"/nowhere", "", 404).want("code", "NOT_FOUND")
	w.call("DELETE", all+"/nowhere", "", 404)

	w.call("GET", "/api/v1/status", "", 200).want("health/status", "UP")
	w.call("GET", "/api/v1/status/system-info", "", 200).want("status/revisionInformation/commitShaShort", "0123456")
}

func TestEvents(t *testing.T) {
	w := start(t)
	for i := range 5 {
		e := resource.Event{Spec: resource.EventSpec{Message: fmt.Sprint("event ", i), Actor: "weir"}}
		e.Metadata = resource.Metadata{Namespace: "default", Name: "EXTERNAL", DeploymentID: "d1", JobID: fmt.Sprint("j", i%2)}
		if _, err := w.db.Events().Create(context.Background(), "weir", e); err != nil {
			t.Fatal(err)
		}
	}
	w.call("GET", inDefault+"/events?deploymentId=d1&newest=2", "", 200).want("items/0/spec/message", "event 3")
	w.call("GET", inDefault+"/events?jobId=j1", "", 200).want("items/1/spec/message", "event 3")
	for _, query := range []string{"deploymentId=none", "sessionClusterId=x"} {
		if n := len(w.call("GET", inDefault+"/events?"+query, "", 200).get("items").([]any)); n != 0 {
			t.Errorf("%s: %d events", query, n)
		}
	}
	w.call("GET", inDefault+"/events?newest=none", "", 400)
}

// stream reads server-sent events.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

func (w *world) changes(ctx context.Context, lastID string) *stream {
	w.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+inDefault+"/changes", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { res.Body.Close() })
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		w.t.Fatalf("content type %q", got)
	}
	return &stream{w.t, bufio.NewScanner(res.Body)}
}

func (s *stream) next() (id, event, data string) {
	s.t.Helper()
	for s.lines.Scan() {
		line := s.lines.Text()
		switch {
		case line == "" && event != "":
			return id, event, data
		case strings.HasPrefix(line, "id: "):
			id = line[4:]
		case strings.HasPrefix(line, "event: "):
			event = line[7:]
		case strings.HasPrefix(line, "data: "):
			data = line[6:]
		}
	}
	s.t.Fatalf("the stream ended: %v", s.lines.Err())
	return
}

func TestChangeStream(t *testing.T) {
	w := start(t)
	s := w.changes(t.Context(), "")
	if _, event, _ := s.next(); event != "resync" {
		t.Fatalf("begins with %s", event)
	}
	id := w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...).text("metadata/id")
	var lastID, event, data string
	for !strings.Contains(data, id) { // the namespace's own creation may still come
		lastID, event, data = s.next()
	}
	if want := fmt.Sprintf(`{"kind":"Deployment","namespace":"default","id":%q}`, id); event != "change" || data != want {
		t.Errorf("%s %s, want change %s", event, data, want)
	}
	w.call("POST", "/namespaces/v1/namespaces", `{"name":"elsewhere"}`, 201)
	w.call("POST", "/api/v1/namespaces/elsewhere/deployments", sqlDeployment, 201, tolerated...)
	w.call("PATCH", inDefault+"/deployments/orders", `{"spec":{"state":"RUNNING"}}`, 200)

	again := w.changes(t.Context(), lastID) // missed things, but nothing is lost
	for {
		_, event, data := again.next()
		if event != "change" {
			t.Fatalf("%s after a reconnect", event)
		}
		if strings.Contains(data, "elsewhere\"") && !strings.Contains(data, "Namespace") {
			t.Errorf("a change of another namespace: %s", data)
		}
		if strings.Contains(data, id) {
			break
		}
	}
	if _, event, _ := w.changes(t.Context(), "other-7").next(); event != "resync" {
		t.Errorf("%s for the id of another process", event)
	}
}

func TestFlinkProxy(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/jobs/{id}/weir/output", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization")+r.Header.Get("Cookie") != "" {
			t.Error("our credentials were passed on")
		}
		w.Header().Set("Set-Cookie", "a=b")
		_, _ = fmt.Fprintf(w, "%s %s", r.PathValue("id"), r.URL.RawQuery)
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ui")) })
	w := start(t, func(c *server.Config) { c.Clusters = clusters{flink.InProcess(mux)} })
	id := w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...).text("metadata/id")
	job := w.running(id)
	base := "/flink-ui/v1/namespaces/default/jobs/" + job.Metadata.ID + "/"
	r := w.call("GET", base+"jobs/abc/weir/output?after=3", "", 200, "Authorization", "Bearer x", "Cookie", "c=d")
	if string(r.body) != "abc after=3" || r.header.Get("Set-Cookie") != "" {
		t.Errorf("%s %v", r.body, r.header)
	}
	if r := w.call("GET", base, "", 200); string(r.body) != "ui" {
		t.Errorf("root: %s", r.body)
	}
	w.call("PATCH", base+"jobs/abc", "{}", 405)
	w.call("GET", base+"jobs/abc/yarn-cancel", "", 403)
	w.call("GET", "/flink-ui/v1/namespaces/default/jobs/none/", "", 404)
	w.ended(job)
	w.call("GET", base, "", 404)
}

func TestFrontDoor(t *testing.T) {
	w := start(t)
	w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...)
	const start = `{"spec":{"state":"RUNNING"}}`
	for _, tt := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"another site's form", []string{"Origin", "https://evil.example"}, 403},
		{"another site's fetch", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"text from a form", []string{"Content-Type", "text/plain"}, 415},
		{"our own page", []string{"Origin", w.url, "Sec-Fetch-Site", "same-origin"}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "PATCH", w.url+inDefault+"/deployments/orders", strings.NewReader(start))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(tt.headers); i += 2 {
				r.Header.Set(tt.headers[i], tt.headers[i+1])
			}
			checkStatus(t, r, tt.status)
		})
	}
	for host, status := range map[string]int{"evil.example": 403, "localhost:1": 200, "[::1]:80": 200, "192.168.0.7": 200} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/api/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		checkStatus(t, r, status)
	}
	for path, status := range map[string]int{"/": 302, "/app/": 200, "/app/x/y": 200, "/swagger": 200} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", w.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkStatus(t, r, status)
	}
}

func checkStatus(t *testing.T, r *http.Request, want int) {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != want {
		t.Errorf("%s %s (host %s): status %d, want %d", r.Method, r.URL.Path, r.Host, res.StatusCode, want)
	}
}
