package autopilot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// world is one deployment with a job that is measured; it stands for the store
// and the cluster.
type world struct {
	policy     resource.AutopilotPolicy
	removed    bool
	deployment resource.Deployment
	job        resource.Job
	events     []resource.Event
	by         string
	handler    http.HandlerFunc
}

type (
	policies    struct{ *world }
	deployments struct{ *world }
	jobs        struct{ *world }
	clusters    struct{ *world }
	events      struct{ *world }
)

func (w policies) Get(context.Context, string) (resource.AutopilotPolicy, error) {
	return w.policy, nil
}

func (w policies) GetByName(_ context.Context, _, name string) (resource.AutopilotPolicy, error) {
	if name != w.policy.Metadata.Name {
		return resource.AutopilotPolicy{}, resource.ErrNotFound
	}
	return w.policy, nil
}

func (w policies) List(context.Context, resource.Filter) ([]resource.AutopilotPolicy, error) {
	return []resource.AutopilotPolicy{w.policy}, nil
}

func (w policies) Update(_ context.Context, _, _ string, change func(*resource.AutopilotPolicy) error) (resource.AutopilotPolicy, error) {
	err := change(&w.policy)
	return w.policy, err
}

func (w policies) Delete(context.Context, string) (resource.AutopilotPolicy, error) {
	w.removed = true
	return w.policy, nil
}

func (w deployments) Get(_ context.Context, id string) (resource.Deployment, error) {
	if id != w.deployment.Metadata.ID {
		return resource.Deployment{}, resource.ErrNotFound
	}
	return w.deployment, nil
}

func (w deployments) Update(_ context.Context, by, _ string, change func(*resource.Deployment) error) (resource.Deployment, error) {
	w.by = by
	err := change(&w.deployment)
	w.deployment.Metadata.Generation++
	return w.deployment, err
}

func (w jobs) Get(context.Context, string) (resource.Job, error) { return w.job, nil }

func (w clusters) Client(context.Context, resource.Job) (*flink.Client, error) {
	return flink.NewClient(flink.InProcess(w.handler), "http://cluster"), nil
}

func (w events) Create(_ context.Context, _ string, e resource.Event) (resource.Event, error) {
	w.events = append(w.events, e)
	return e, nil
}

const jobID = "11111111-1111-4111-8111-111111111111"

func newWorld() *world {
	w := &world{}
	w.policy.Metadata = resource.Metadata{ID: "p", Name: "d", Namespace: "n", Generation: 1}
	w.policy.Spec.Mode = resource.AutopilotActive
	w.deployment.Metadata = resource.Metadata{ID: "d", Name: "orders", Namespace: "n", Generation: 3}
	w.deployment.Spec.UpgradeStrategy.Kind = resource.UpgradeStateful
	w.deployment.Spec.Template.Spec.Parallelism = 2
	w.deployment.Spec.Template.Spec.NumberOfTaskManagers = 1
	w.deployment.Spec.Template.Spec.FlinkConfiguration = map[string]string{"taskmanager.numberOfTaskSlots": "2"}
	w.deployment.Status.State = resource.StateRunning
	w.deployment.Status.Running.JobID = jobID
	w.job.Metadata = resource.Metadata{ID: jobID, Namespace: "n", DeploymentID: "d"}
	w.job.Status.State = resource.JobStarted
	w.job.Status.Started.StartedAt = ago(3600)
	return w
}

// serve makes the cluster answer with the metrics of a source and a stage after
// it, as Flink writes them.
func (w *world) serve(source, stage map[string]string) {
	w.handler = func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		metrics := stage
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, "/vertices/src/subtasks/metrics"):
			metrics = source
		case strings.HasSuffix(path, "/vertices/agg/subtasks/metrics"):
		default:
			_, _ = fmt.Fprint(rw, `{"state":"RUNNING","vertices":[`+
				`{"id":"src","name":"Source: s","parallelism":2,"maxParallelism":128,"tasks":{"RUNNING":2}},`+
				`{"id":"agg","name":"Aggregate -> Sink","parallelism":2,"maxParallelism":128,"tasks":{"RUNNING":2}}],`+
				`"plan":{"nodes":[{"id":"src"},{"id":"agg","inputs":[{"id":"src"}]}]}}`)
			return
		}
		var all []map[string]json.RawMessage
		for _, name := range strings.Split(r.URL.Query().Get("get"), ",") {
			if v, ok := metrics[name]; ok {
				one := map[string]json.RawMessage{"id": json.RawMessage(`"` + name + `"`)}
				for _, agg := range []string{"min", "max", "avg", "sum"} {
					one[agg] = json.RawMessage(v)
				}
				all = append(all, one)
			}
		}
		_ = json.NewEncoder(rw).Encode(all)
	}
}

// run lets the controller work for a number of passes, each when it wants to
// look again.
func (w *world) run(t *testing.T, passes int) {
	t.Helper()
	now := noon
	c := New(Needs{
		Policies: policies{w}, Deployments: deployments{w}, Jobs: jobs{w}, Clusters: clusters{w}, Events: events{w},
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
	}, Config{})
	for range passes {
		again, err := c.Reconcile(t.Context(), resource.Key{Kind: resource.KindAutopilotPolicy, ID: "p"})
		if err != nil {
			t.Fatal(err)
		}
		if !again.After(now) {
			return
		}
		now = again
	}
}

func TestItScalesWhatIsMeasured(t *testing.T) {
	w := newWorld()
	w.serve(
		map[string]string{metricBusy: "300", metricHeld: "300", metricIdle: "400", metricOut: "500"},
		map[string]string{metricBusy: "1000", metricHeld: "0", metricIdle: "0", metricIn: "500", metricOut: "5"},
	)
	w.run(t, 2)
	if w.by != "" {
		t.Fatal("it acts on two measurements")
	}
	w.policy.Status.UpdateTime = ago(60)
	w.run(t, 1)
	spec := w.deployment.Spec.Template.Spec
	if w.by != By || spec.Parallelism != 6 || spec.NumberOfTaskManagers != 3 || w.deployment.SpecVersion() == 0 {
		t.Fatalf("by %q: parallelism %d on %d task managers; %+v", w.by, spec.Parallelism, spec.NumberOfTaskManagers, w.policy.Status)
	}
	if len(w.events) != 1 || w.events[0].Spec.Actor != By || w.events[0].Metadata.Name != string(resource.EventExternal) ||
		!strings.Contains(w.events[0].Spec.Message, "parallelism 6 instead of 2") {
		t.Errorf("events %+v", w.events)
	}
	if w.policy.Status.LastActionTime.IsZero() || len(w.policy.Status.Vertices) != 2 {
		t.Errorf("status %+v", w.policy.Status)
	}
}

func TestItSaysWhatIsMissing(t *testing.T) {
	for name, tt := range map[string]struct {
		source map[string]string
		want   string
	}{
		"nothing":     {nil, "Source: s does not tell busyTimeMsPerSecond"},
		"not numbers": {map[string]string{metricBusy: `"NaN"`, metricHeld: `"NaN"`, metricIdle: `"NaN"`}, "does not tell"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.serve(tt.source, map[string]string{metricBusy: "1000"})
			w.run(t, 1)
			if s := w.policy.Status; !s.Failed || !strings.Contains(s.Message, tt.want) {
				t.Errorf("%+v", s)
			}
		})
	}
	// What old sources do not say follows from what they do.
	w := newWorld()
	w.serve(map[string]string{metricBusy: `"NaN"`, metricHeld: "0", metricIdle: "250"}, map[string]string{metricBusy: "100", metricIn: "5"})
	w.run(t, 1)
	if s := w.policy.Status; s.Failed || s.Vertices[0].Utilization != 0.75 {
		t.Errorf("%+v", s)
	}
	w.handler = func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) }
	w.policy.Status.UpdateTime = ago(60)
	w.run(t, 1)
	if s := w.policy.Status; !s.Failed || !strings.Contains(s.Message, "503") {
		t.Errorf("a cluster that does not answer: %+v", s)
	}
}

func TestItNeverOverwritesAnothersChange(t *testing.T) {
	w := newWorld()
	w.policy.Status = resource.AutopilotStatus{ObservedGeneration: 1, JobID: jobID, Parallelism: 2, Proposals: []int{6, 6}, UpdateTime: ago(60)}
	busy := map[string]string{metricBusy: "1000", metricIn: "500"}
	w.serve(map[string]string{metricBusy: "300", metricHeld: "300", metricOut: "500"}, busy)
	handler := w.handler
	w.handler = func(rw http.ResponseWriter, r *http.Request) {
		w.deployment.Metadata.Generation = 4 // somebody changes it meanwhile
		handler(rw, r)
	}
	c := New(Needs{
		Policies: policies{w}, Deployments: deployments{w}, Jobs: jobs{w}, Clusters: clusters{w}, Events: events{w},
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon },
	}, Config{})
	if _, err := c.Reconcile(t.Context(), resource.Key{ID: "p"}); err == nil {
		t.Error("it did not notice")
	}
	if w.deployment.Spec.Template.Spec.Parallelism != 2 || len(w.events) != 0 {
		t.Errorf("it scaled to %d", w.deployment.Spec.Template.Spec.Parallelism)
	}
}

func TestPoliciesGoWithTheirDeployments(t *testing.T) {
	w := newWorld()
	w.deployment.Metadata.ID = "another"
	w.run(t, 1)
	if !w.removed {
		t.Error("the policy of a deployment that is gone is kept")
	}
}

func TestWhatWakesAPolicy(t *testing.T) {
	w := newWorld()
	c := New(Needs{Policies: policies{w}}, Config{})
	for _, tt := range []struct {
		changed resource.Key
		want    int
	}{
		{resource.Key{Kind: resource.KindAutopilotPolicy, ID: "p"}, 1},
		{resource.Key{Kind: resource.KindDeployment, ID: "d"}, 1},
		{resource.Key{Kind: resource.KindDeployment, ID: "other"}, 0},
		{resource.Key{Kind: resource.KindJob, ID: jobID}, 0},
	} {
		got, err := c.Related(t.Context(), tt.changed)
		if err != nil || len(got) != tt.want || slices.ContainsFunc(got, func(k resource.Key) bool { return k.ID != "p" }) {
			t.Errorf("%v wakes %v, %v", tt.changed, got, err)
		}
	}
}
