package rest_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server"
)

const shared = inDefault + "/sessionclusters/shared"

// become writes a status as the controller does.
func (w *world) become(name string, state resource.SessionState) {
	w.t.Helper()
	s, err := w.db.SessionClusters().GetByName(w.t.Context(), "default", name)
	if err == nil {
		_, err = w.db.SessionClusters().Update(w.t.Context(), "weir", s.Metadata.ID, func(s *resource.SessionCluster) error {
			s.Status.State = state
			return nil
		})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestSessionClusters(t *testing.T) {
	w := start(t)
	const all = inDefault + "/sessionclusters"
	id := w.call("POST", all, "metadata:\n  name: shared\n  annotations:\n    "+resource.AnnotationResourcesAcquired+": 'true'\nspec:\n  flinkVersion: 1.20\n  flinkConfiguration:\n    x: 7\n", 201).
		want("kind", "SessionCluster", "spec/state", "STOPPED", "spec/numberOfTaskManagers", "1", "spec/flinkVersion", "1.20",
			"spec/flinkConfiguration/x", "7", "status/state", "STOPPED", "metadata/resourceVersion", "1", "spec/resources/taskmanager/memory", "1G").
		hides(resource.AnnotationResourcesAcquired).text("metadata/id")
	w.call("POST", all, `{"metadata":{"name":"shared"}}`, 409)
	w.call("GET", all, "", 200).want("kind", "SessionClusterList").count(1)
	w.call("GET", all+"/"+id, "", 200, "Accept", "application/yaml").want("metadata/name", "shared")
	w.call("GET", all+"/none", "", 404)
	w.call("PUT", all+"/other", `{"spec":{"deploymentTargetName":"local"}}`, 201).want("metadata/name", "other")
	w.call("PUT", all+"/other", `{"spec":{"numberOfTaskManagers":2}}`, 200).want("spec/numberOfTaskManagers", "2", "spec/deploymentTargetName", "local")
	w.call("PATCH", shared, `{"spec":{"state":"running"}}`, 200).want("spec/state", "RUNNING", "metadata/generation", "2")
	w.call("PATCH", shared, `{"metadata":{"labels":{"a":"b"}}}`, 412, "If-Match", `"1"`)

	for _, tt := range []struct{ method, path, body, attribute string }{
		{"POST", all, `{"metadata":{"name":"Upper"}}`, "metadata.name"},
		{"POST", all, `{"metadata":{"name":"x"},"spec":{"state":"SUSPENDED"}}`, "spec.state"},
		{"POST", all, `{"metadata":{"name":"x"},"spec":{"numberOfTaskManagers":-1}}`, "spec.numberOfTaskManagers"},
		{"POST", all, `{"metadata":{"name":"x"},"spec":{"deploymentTargetName":"nowhere"}}`, "spec.deploymentTargetName"},
		{"POST", all, `{"metadata":{"name":"x"},"spec":{"resources":{"taskmanager":{"memory":"lots"}}}}`, "spec.resources.taskmanager.memory"},
		{"POST", all, `{"metadata":{"name":"x"},"spec":{"flinkConfiguration":{"weir.cluster.incarnation":"me"}}}`, "spec.flinkConfiguration"},
		{"PUT", shared, `{"metadata":{"name":"renamed"}}`, "metadata.name"},
	} {
		w.call(tt.method, tt.path, tt.body, 400).want("errors/0/attribute", tt.attribute)
	}
}

func TestWhatChangesOfASessionClusterThatIsUp(t *testing.T) {
	w := start(t)
	w.call("PUT", shared, `{"spec":{"state":"RUNNING"}}`, 201)
	for _, state := range []resource.SessionState{resource.SessionStarting, resource.SessionRunning, resource.SessionUpdating, resource.SessionStopping} {
		w.become("shared", state)
		for patch, attribute := range map[string]string{
			`{"spec":{"flinkConfiguration":{"a":"b"}}}`:                      "spec.flinkConfiguration",
			`{"spec":{"flinkVersion":"2.0"}}`:                                "spec.flinkVersion",
			`{"spec":{"deploymentTargetName":"local"}}`:                      "spec.deploymentTargetName",
			`{"spec":{"resources":{"taskmanager":{"memory":"2g"}}}}`:         "spec.resources",
			`{"spec":{"logging":{"log4jLoggers":{"":"DEBUG"}}}}`:             "spec.logging",
			`{"spec":{"kubernetes":{"labels":{"a":"b"}},"state":"STOPPED"}}`: "spec.kubernetes",
		} {
			w.call("PATCH", shared, patch, 400).want("errors/0/attribute", attribute)
		}
		w.call("PATCH", shared, `{"spec":{"numberOfTaskManagers":2}}`, 200)
		w.call("PATCH", shared, `{"spec":{"numberOfTaskManagers":1},"metadata":{"labels":{"a":"b"}}}`, 200)
		w.call("DELETE", shared, "", 409)
	}
	w.become("shared", resource.SessionFailed) // a person mends it
	w.call("PATCH", shared, `{"spec":{"flinkConfiguration":{"a":"b"}}}`, 200)
	w.call("DELETE", shared, "", 409)
	w.call("PATCH", shared, `{"spec":{"state":"STOPPED"}}`, 200)
	w.call("DELETE", shared, "", 200).want("metadata/name", "shared")
	w.call("GET", shared, "", 404)
}

func TestDeploymentsInSessionMode(t *testing.T) {
	w := start(t)
	const orders = inDefault + "/deployments/orders"
	onShared := `{"metadata":{"name":"orders"},"spec":{"sessionClusterName":"shared","template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"INSERT INTO t SELECT 1"}}}}}`
	w.call("POST", inDefault+"/deployments", onShared, 400).want("errors/0/attribute", "spec.sessionClusterName")
	w.call("PUT", shared, `{}`, 201)
	r := w.call("POST", inDefault+"/deployments", onShared, 201).want("spec/sessionClusterName", "shared", "spec/deploymentTargetName", "")
	if r.get("spec/template/spec/resources") != nil || r.get("spec/template/spec/logging") != nil {
		t.Errorf("defaults of what belongs to the session cluster: %s", r.body)
	}
	for patch, attribute := range map[string]string{
		`{"spec":{"template":{"spec":{"resources":{"taskmanager":{"memory":"2g"}}}}}}`: "spec.template.spec.resources",
		`{"spec":{"template":{"spec":{"numberOfTaskManagers":2}}}}`:                    "spec.template.spec.numberOfTaskManagers",
		`{"spec":{"template":{"spec":{"logging":{"loggingProfile":"x"}}}}}`:            "spec.template.spec.logging",
		`{"spec":{"template":{"spec":{"kubernetes":{"labels":{"a":"b"}}}}}}`:           "spec.template.spec.kubernetes",
	} {
		w.call("PATCH", orders, patch, 400).want("errors/0/attribute", attribute)
	}
	// There and back again: what belongs to the cluster goes and comes.
	w.call("PATCH", orders, `{"spec":{"deploymentTargetName":"local","template":{"spec":{"numberOfTaskManagers":2}}}}`, 200).
		want("spec/sessionClusterName", "", "spec/template/spec/resources/taskmanager/memory", "1G")
	w.call("PATCH", orders, `{"spec":{"sessionClusterName":"nowhere"}}`, 400).want("errors/0/attribute", "spec.sessionClusterName")
	w.call("PATCH", orders, `{"spec":{"sessionClusterName":"shared","template":{"spec":{"numberOfTaskManagers":2}}}}`, 400).
		want("errors/0/attribute", "spec.template.spec.numberOfTaskManagers")
	w.call("PATCH", orders, `{"spec":{"sessionClusterName":"shared"}}`, 200).want("spec/deploymentTargetName", "", "spec/template/spec/numberOfTaskManagers", "")
	// What is referred to stays.
	w.call("DELETE", shared, "", 409)
	w.call("DELETE", orders, "", 200)
	w.call("PUT", shared, `{"spec":{"deploymentTargetName":"local"}}`, 200)
	w.call("DELETE", inDefault+"/deployment-targets/local", "", 409)
	w.call("DELETE", shared, "", 200)
	w.call("DELETE", inDefault+"/deployment-targets/local", "", 200)
}

// answering is a session cluster that says where it was asked.
type answering struct{ err error }

func (a answering) SessionTransport(_ context.Context, s resource.SessionCluster) (http.RoundTripper, error) {
	return flink.InProcess(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"at":"` + s.Metadata.Name + r.URL.Path + `"}`)) // the reader is the test
	})), a.err
}

func TestTheFlinkUIOfASessionCluster(t *testing.T) {
	const ui = "/flink-ui/v1/namespaces/default/sessionclusters/shared/"
	w := start(t, func(c *server.Config) { c.SessionClusters = answering{} })
	w.call("GET", ui+"jobs/overview", "", 404)
	w.call("PUT", shared, `{}`, 201)
	w.call("GET", ui+"jobs/overview", "", 404)
	w.become("shared", resource.SessionRunning)
	w.call("GET", ui+"jobs/overview", "", 200).want("at", "shared/jobs/overview")
	w.call("GET", ui, "", 200).want("at", "shared/")
	w.call("GET", ui+"jobs/1/yarn-cancel", "", 403)
	silent := start(t, func(c *server.Config) { c.SessionClusters = answering{errors.New("no answer")} })
	silent.call("PUT", shared, `{}`, 201)
	silent.become("shared", resource.SessionRunning)
	silent.call("GET", ui+"overview", "", 502)
}

// TestFlinksWebUIForTheEngine serves the files of an installation where the
// cluster has none, and nothing but these.
func TestFlinksWebUIForTheEngine(t *testing.T) {
	const ui = "/flink-ui/v1/namespaces/default/sessionclusters/shared/"
	for _, tt := range []struct {
		name  string
		files fs.FS
		at    string
		code  int
		want  string
	}{
		{"the page", fstest.MapFS{"index.html": {Data: []byte("<html>Flink")}}, "", 200, "<html>Flink"},
		{"what it loads", fstest.MapFS{"main.1.js": {Data: []byte("run()")}}, "main.1.js", 200, "run()"},
		{"in folders", fstest.MapFS{"assets/a.svg": {Data: []byte("<svg>")}}, "assets/a.svg", 200, "<svg>"},
		{"none such", fstest.MapFS{"index.html": {}}, "other.js", 404, "no such file"},
		{"not outside", fstest.MapFS{"index.html": {}}, "assets/%2e%2e/%2e%2e/secret", 404, "no such file"},
		{"no installation", nil, "", 404, "weir flink install"},
		{"the API's own", fstest.MapFS{"index.html": {}}, "jobs/none", 404, "no page here"},
	} {
		w := start(t, func(c *server.Config) { c.SessionClusters, c.FlinkWebUI = pageless{}, tt.files })
		w.call("PUT", shared, `{}`, 201)
		w.become("shared", resource.SessionRunning)
		if got := w.send("GET", ui+tt.at, ""); got.status != tt.code || !strings.Contains(string(got.body), tt.want) {
			t.Errorf("%s: %d %s", tt.name, got.status, got.body)
		}
	}
}

// pageless is a cluster with no pages.
type pageless struct{}

func (pageless) SessionTransport(context.Context, resource.SessionCluster) (http.RoundTripper, error) {
	return flink.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no page here", http.StatusNotFound) })), nil
}
