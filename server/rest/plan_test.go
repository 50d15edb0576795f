package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server"
	"github.com/weir-streams/weir/server/rest"
)

// planner is what compiles nothing: a script with LOSE in it loses state, one
// with BROKEN does not compile. It notes what it was asked.
type planner struct{ asked []rest.PlanRequest }

func (p *planner) Plan(_ context.Context, ask rest.PlanRequest) ([]resource.OperatorPlan, []string, error) {
	p.asked = append(p.asked, ask)
	script := ask.Wanted.Spec.Template.Spec.Artifact.SQLScript
	if strings.Contains(script, "BROKEN") {
		return nil, nil, resource.Invalidf("spec.template.spec.artifact.sqlScript", "line 1, column 8: table BROKEN not found")
	}
	state := resource.StateKept
	if strings.Contains(script, "LOSE") {
		state = resource.StateLost
	}
	return []resource.OperatorPlan{{Name: "aggregate", Fingerprint: "f1", State: state, Keys: 3, Bytes: 96, Reason: "its keys changed"}}, []string{"a warning"}, nil
}

func withPlanner(p rest.Planner) func(*server.Config) {
	return func(c *server.Config) { c.Planner = p }
}

// running stores what controllers would: a job of a deployment that runs.
func (w *world) running(id string) resource.Job {
	w.t.Helper()
	d, err := w.db.Deployments().Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	j := resource.Job{Status: resource.JobStatus{State: resource.JobStarted, Started: resource.StartedInfo{StartedAt: d.Metadata.CreatedAt}}}
	j.Metadata = resource.Metadata{
		Namespace: d.Metadata.Namespace, DeploymentID: id, DeploymentName: d.Metadata.Name,
		Annotations: map[string]string{resource.AnnotationSpecVersion: fmt.Sprint(d.SpecVersion())},
	}
	j.Spec.Generation, j.Spec.JobTemplate = d.Metadata.Generation, d.Spec.Template.Spec
	if j, err = w.db.Jobs().Create(w.t.Context(), "weir", j); err != nil {
		w.t.Fatal(err)
	}
	w.seen(id, resource.DeploymentStatus{State: resource.StateRunning, Running: resource.DeploymentRunning{JobID: j.Metadata.ID}})
	return j
}

func (w *world) seen(id string, status resource.DeploymentStatus) {
	w.t.Helper()
	if _, err := w.db.Deployments().Update(w.t.Context(), "weir", id, func(d *resource.Deployment) error { d.Status = status; return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) ended(j resource.Job, state resource.JobState) {
	w.t.Helper()
	if _, err := w.db.Jobs().Update(w.t.Context(), "weir", j.Metadata.ID, func(j *resource.Job) error {
		j.Status.State, j.Metadata.TerminatedAt = state, j.Metadata.CreatedAt
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	w.seen(j.Metadata.DeploymentID, resource.DeploymentStatus{State: resource.StateCancelled})
}

func script(text string) string {
	return fmt.Sprintf(`{"spec":{"template":{"spec":{"artifact":{"sqlScript":%q}}}}}`, text)
}

func TestPlan(t *testing.T) {
	p := &planner{}
	w := start(t, withPlanner(p))
	const path = inDefault + "/deployments/orders"
	const patch = path + ":plan?method=patch"

	// Nothing there yet.
	w.call("POST", path+":plan", sqlBody("orders", ""), 200).want("effect", "CREATE", "deployment", "orders", "stateLost", "false", "warnings/0", "a warning")
	w.call("POST", path+":plan", `{"spec":{"state":"RUNNING","template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"LOSE"}}}}}`, 200).
		want("effect", "START", "stateLost", "false")
	w.call("POST", path+":plan", sqlBody("other", ""), 400).want("errors/0/attribute", "metadata.name")
	w.call("POST", path+":plan", `{"spec":{}}`, 400).want("errors/0/attribute", "spec.template.spec.artifact.kind")
	w.call("POST", path+":plan?method=DELETE", sqlBody("orders", ""), 400).want("errors/0/attribute", "method")
	w.call("POST", "/api/v1/namespaces/nowhere/deployments/x:plan", sqlBody("x", ""), 404)
	w.call("GET", path, "", 404) // planned only

	id := w.call("POST", inDefault+"/deployments", sqlBody("orders", `,"flinkConfiguration":{"s3.secret-key":"hidden-one"}`), 201).text("metadata/id")
	w.call("POST", path+":plan", sqlBody("orders", `,"flinkConfiguration":{"s3.secret-key":"hidden-two"}`), 200).hides("hidden").
		want("effect", "LATER", "changes/0/field", `spec.template.spec.flinkConfiguration["s3.secret-key"]`, "changes/0/old", "******", "changes/0/new", "******")
	for _, tt := range []struct{ name, patch, effect, field string }{
		{"nothing", `{}`, "NONE", ""},
		{"a label", `{"metadata":{"labels":{"a":"b"}}}`, "NONE", "metadata.labels.a"},
		{"a start", `{"spec":{"state":"RUNNING"}}`, "START", "spec.state"},
		{"a template", `{"spec":{"template":{"spec":{"parallelism":2}}}}`, "LATER", "spec.template.spec.parallelism"},
	} {
		w.call("POST", patch, tt.patch, 200).want("effect", tt.effect, "changes/0/field", tt.field)
	}
	w.call("POST", path+":plan", `{"metadata":{"labels":{"a":"b"}}}`, 200, "Content-Type", "application/merge-patch+json").want("effect", "NONE")

	w.call("PATCH", path, `{"spec":{"state":"RUNNING"}}`, 200)
	job := w.running(id)
	for _, tt := range []struct{ name, patch, effect string }{
		{"parallelism", `{"spec":{"template":{"spec":{"parallelism":2}}}}`, "RESCALE"},
		{"script", script("SELECT 2"), "RESTART"},
		{"strategy", `{"spec":{"upgradeStrategy":{"kind":"NONE"},"template":{"spec":{"parallelism":2}}}}`, "LATER"},
		{"suspend", `{"spec":{"state":"SUSPENDED"}}`, "STOP"},
		{"attempts", `{"spec":{"maxJobCreationAttempts":9}}`, "NONE"},
	} {
		w.call("POST", patch, tt.patch, 200).want("effect", tt.effect)
	}
	w.call("POST", patch, script("LOSE"), 200).want("stateLost", "true", "operators/0/state", "LOST")
	w.call("POST", patch, script("BROKEN"), 400).want("errors/0/attribute", "spec.template.spec.artifact.sqlScript", "errors/0/message", "line 1, column 8: table BROKEN not found")

	// With a savepoint that is what is compared with.
	sp := w.call("POST", inDefault+"/savepoints", fmt.Sprintf(`{"metadata":{"deploymentId":%q},"spec":{"savepointLocation":"file:///sp"}}`, id), 201).text("metadata/id")
	w.call("POST", patch, script("LOSE"), 200).want("restoresFrom/id", sp, "restoresFrom/location", "file:///sp")
	if last := p.asked[len(p.asked)-1]; last.Savepoint.Metadata.ID != sp || last.Current.Metadata.ID != id || last.Namespace != "default" {
		t.Errorf("the planner was asked %+v", last)
	}
	w.call("POST", patch, `{"spec":{"restoreStrategy":{"kind":"NONE"},"template":{"spec":{"artifact":{"sqlScript":"LOSE"}}}}}`, 200).
		want("restoresFrom", "", "stateLost", "false", "warnings/0", "spec.restoreStrategy.kind is NONE: the next job starts empty, whatever state there is")
	w.ended(job, resource.JobFailed)
	w.seen(id, resource.DeploymentStatus{State: resource.StateFailed})
	w.call("POST", patch, script("SELECT 2"), 200).want("effect", "START")
}

func TestStateIsNotLostUnasked(t *testing.T) {
	w := start(t, withPlanner(&planner{}))
	const path = inDefault + "/deployments/orders"
	id := w.call("POST", inDefault+"/deployments", `{"metadata":{"name":"orders"},"spec":{"state":"RUNNING","template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"SELECT 1"}}}}}`, 201).text("metadata/id")
	w.running(id)
	refused := w.call("PATCH", path+"?refuseStateLoss=true", script("LOSE"), 409).want("reason", "StateWouldBeLost", "statusCode", "409")
	for _, part := range []string{"aggregate", "3 keys", "its keys changed", "acceptStateLoss"} {
		if !strings.Contains(refused.text("message"), part) {
			t.Errorf("the message does not say %q: %s", part, refused.text("message"))
		}
	}
	whole := `{"spec":{"template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"LOSE"}}}}}`
	w.call("PUT", path+"?refuseStateLoss=true", whole, 409)
	w.call("GET", path, "", 200).want("metadata/generation", "1")
	w.call("PATCH", path+"?refuseStateLoss=true&dryRun=true", script("LOSE"), 409)
	w.call("PATCH", path+"?refuseStateLoss=true", script("SELECT 2"), 200)
	w.call("PATCH", path+"?refuseStateLoss=true&acceptStateLoss=true", script("LOSE 1"), 200)
	w.call("PATCH", path+"?refuseStateLoss=true", `{"spec":{"restoreStrategy":{"allowNonRestoredState":true},"template":{"spec":{"artifact":{"sqlScript":"LOSE 2"}}}}}`, 200)
	w.call("PATCH", path, script("LOSE 3"), 200) // Ververica Platform's clients are not asked
	w.call("PATCH", path+"?validate=true", script("BROKEN"), 400).want("errors/0/attribute", "spec.template.spec.artifact.sqlScript")
	w.call("PATCH", path, script("BROKEN"), 200)
	w.call("PATCH", path+"?validate=true", `{"metadata":{"labels":{"a":"b"}}}`, 200) // what was accepted before does not stand in the way
	w.call("POST", inDefault+"/deployments?validate=true", `{"metadata":{"name":"x"},"spec":{"template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"BROKEN"}}}}}`, 400)
	w.call("PATCH", path+"?refuseStateLoss=maybe", script("x"), 400).want("errors/0/attribute", "refuseStateLoss")
}

func TestHistoryAndDiff(t *testing.T) {
	w := start(t)
	const path = inDefault + "/deployments/orders"
	id := w.call("POST", inDefault+"/deployments", sqlBody("orders", `,"flinkConfiguration":{"a.password":"pw-one","b":"1"}`), 201, "X-Weir-Author", "ann").text("metadata/id")
	first := w.running(id)
	w.ended(first, resource.JobTerminated)
	w.call("PATCH", path, `{"spec":{"template":{"spec":{"parallelism":3,"flinkConfiguration":{"a.password":"pw-two","b":null}}}}}`, 200, "X-Weir-Author", "bob")
	second := w.running(id)

	w.call("GET", path+"/revisions/1:diff?with=2", "", 200).hides("pw-").want("from", "1", "to", "2",
		"changes/0/field", `spec.template.spec.flinkConfiguration["a.password"]`, "changes/0/old", "******",
		"changes/1/field", "spec.template.spec.flinkConfiguration.b", "changes/1/old", "1", "changes/1/new", "",
		"changes/2/field", "spec.template.spec.parallelism", "changes/2/old", "1", "changes/2/new", "3", "changes/3", "")
	w.call("GET", path+"/revisions/2:diff?with=1", "", 200).want("changes/2/old", "3")
	w.call("GET", path+"/revisions/2:diff", "", 200, "Accept", "application/yaml").want("from", "1", "to", "2")
	w.call("GET", path+"/revisions/1:diff", "", 200).want("from", "0", "changes/0/field", "spec.deploymentTargetName")
	w.call("GET", path+"/revisions/1:diff?with=9", "", 404)
	w.call("GET", path+"/revisions/x:diff", "", 400).want("errors/0/attribute", "generation")
	w.call("GET", path+"/revisions/1:diff?with=x", "", 400).want("errors/0/attribute", "with")
	w.call("GET", path+"/revisions/0", "", 400)

	history := w.call("GET", path+"/history", "", 200).hides("pw-").count(2)
	history.want("items/0/jobId", first.Metadata.ID, "items/0/generation", "1", "items/0/author", "ann", "items/0/state", "TERMINATED", "items/0/changes", "",
		"items/1/jobId", second.Metadata.ID, "items/1/generation", "2", "items/1/author", "bob", "items/1/endedAt", "", "items/1/changes/2/new", "3")
	if history.text("items/0/endedAt") == "" || history.text("items/1/acceptedAt") == "" {
		t.Errorf("no times in %s", history.body)
	}
	w.call("GET", path+"/history?newest=1", "", 200).count(1).want("items/0/jobId", second.Metadata.ID, "items/0/changes/2/new", "3")
	w.call("GET", inDefault+"/deployments/none/history", "", 404)
}
