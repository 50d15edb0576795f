package api

import (
	"strings"
	"testing"
)

const sqlDeployment = `
kind: deployment
metadata:
  name: orders
  labels: {team: a, buildIn: true}
spec:
  state: cancelled
  template:
    spec:
      artifact:
        kind: sqlscript
        flinkVersion: 1.10
        sqlScript: |
          CREATE TEMPORARY TABLE t (x INT);
          INSERT INTO t SELECT 1;
      flinkConfiguration:
        taskmanager.numberOfTaskSlots: 4
        taskmanager.memory.managed.fraction: 0.0
        execution.checkpointing.unaligned: true
`

// tolerated marks a request that clients send but the contract does not allow.
var tolerated = []string{"X-Tolerated", "true"}

func TestDeploymentLifeInTheAPI(t *testing.T) {
	w := start(t)
	created := w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...)
	created.want("kind", "Deployment")
	created.want("metadata/name", "orders")
	created.want("metadata/displayName", "orders")
	created.want("metadata/namespace", "default")
	created.want("metadata/resourceVersion", "1")
	created.want("metadata/generation", "1")
	created.want("metadata/labels/buildIn", "true")
	created.want("metadata/annotations/com.dataartisans.appmanager.controller.deployment.spec.version", "1")
	created.want("spec/state", "CANCELLED")
	created.want("spec/upgradeStrategy/kind", "STATEFUL")
	created.want("spec/deploymentTargetName", "local")
	created.want("spec/maxJobCreationAttempts", "4")
	created.want("spec/template/spec/artifact/flinkVersion", "1.10")
	created.want("spec/template/spec/flinkConfiguration/taskmanager.memory.managed.fraction", "0.0")
	created.want("spec/template/spec/flinkConfiguration/taskmanager.numberOfTaskSlots", "4")
	created.want("status/state", "CANCELLED")
	id := created.text("metadata/id")

	w.call("POST", inDefault+"/deployments", sqlDeployment, 409, tolerated...).want("statusCode", "409")
	w.call("GET", inDefault+"/deployments/"+id, "", 200).want("metadata/name", "orders")
	w.call("GET", inDefault+"/deployments/"+strings.ToUpper(id), "", 200).want("metadata/name", "orders")
	yaml := w.call("GET", inDefault+"/deployments/orders", "", 200, "Accept", "application/yaml")
	if !strings.Contains(string(yaml.body), "sqlScript: |\n") || !strings.Contains(string(yaml.body), `flinkVersion: "1.10"`) {
		t.Errorf("not the YAML a person would write:\n%s", yaml.body)
	}
	yaml.want("metadata/id", id)

	patched := w.call("PATCH", inDefault+"/deployments/orders", `{"spec":{"state":"running","template":{"spec":{"parallelism":4}}},"status":{"state":"FAILED"}}`, 200)
	patched.want("spec/state", "RUNNING")
	patched.want("spec/template/spec/parallelism", "4")
	patched.want("status/state", "CANCELLED")
	patched.want("metadata/generation", "2")
	patched.want("metadata/annotations/com.dataartisans.appmanager.controller.deployment.spec.version", "2")

	w.call("DELETE", inDefault+"/deployments/orders", "", 409).want("reason", "Conflict")
	stopped := w.call("PATCH", inDefault+"/deployments/"+id, "spec: {state: cancelled}", 200)
	stopped.want("metadata/annotations/com.dataartisans.appmanager.controller.deployment.spec.version", "2")
	stopped.want("metadata/generation", "3")

	revisions := w.call("GET", inDefault+"/deployments/orders/revisions", "", 200)
	revisions.want("items/0/generation", "1")
	revisions.want("items/1/spec/template/spec/parallelism", "4")
	revisions.want("items/2/author", "user")
	w.call("GET", inDefault+"/deployments/orders/revisions/1", "", 200).want("spec/state", "CANCELLED")
	w.call("GET", inDefault+"/deployments/orders/revisions/9", "", 404)

	back := w.call("POST", inDefault+"/deployments/orders:rollback", `{"generation":1}`, 200, "X-Weir-Author", "ann")
	back.want("spec/template/spec/parallelism", "1")
	w.call("GET", inDefault+"/deployments/orders/revisions/4", "", 200).want("author", "ann")

	w.call("DELETE", inDefault+"/deployments/orders", "", 200).want("metadata/id", id)
	w.call("GET", inDefault+"/deployments/orders", "", 404).want("statusCode", "404")
	w.call("DELETE", inDefault+"/deployments/"+id, "", 404)
}

func TestDeploymentPut(t *testing.T) {
	w := start(t)
	const body = `{"spec":{"state":"RUNNING","template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"SELECT 1"},"parallelism":2,"flinkConfiguration":{"a":"1","b":"2"}}}}}`
	w.call("PUT", inDefault+"/deployments/put", body, 201).want("spec/template/spec/parallelism", "2")
	w.call("PUT", inDefault+"/deployments/put", body, 200).want("metadata/resourceVersion", "1")
	r := w.call("PUT", inDefault+"/deployments/put", `{"spec":{"template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"SELECT 2"},"flinkConfiguration":{"b":"2"}}}}}`, 200)
	r.want("spec/state", "RUNNING") // leaving it out does not stop the job
	r.want("spec/deploymentTargetName", "local")
	r.want("spec/template/spec/parallelism", "1")
	r.want("spec/template/spec/flinkConfiguration/a", "")
	w.call("PUT", inDefault+"/deployments/put", `{"metadata":{"name":"other"},"spec":{}}`, 400).want("errors/0/attribute", "metadata.name")
	w.call("PUT", inDefault+"/deployments/new", `{"metadata":{"name":"other"}}`, 400)
}

func TestDeploymentRefusals(t *testing.T) {
	w := start(t)
	w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		attribute                string
	}{
		{"parallelism below one", "PATCH", "/deployments/orders", `{"spec":{"template":{"spec":{"parallelism":-1}}}}`, 400, "spec.template.spec.parallelism"},
		{"wrong shape", "PATCH", "/deployments/orders", `{"spec":{"template":{"spec":{"parallelism":"x"}}}}`, 400, "spec.template.spec.parallelism"},
		{"rename", "PATCH", "/deployments/orders", `{"metadata":{"name":"x"}}`, 400, "metadata.name"},
		{"unknown target", "PATCH", "/deployments/orders", `{"spec":{"deploymentTargetName":"mars"}}`, 400, "spec.deploymentTargetName"},
		{"another namespace", "POST", "/deployments", `{"metadata":{"name":"x","namespace":"other"},"spec":{}}`, 400, "metadata.namespace"},
		{"no artifact", "POST", "/deployments", `{"metadata":{"name":"x"},"spec":{}}`, 400, "spec.template.spec.artifact.kind"},
		{"no name", "POST", "/deployments", `{"spec":{"template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"SELECT 1"}}}}}`, 400, "metadata.name"},
		{"another kind", "POST", "/deployments", `{"kind":"Job"}`, 400, "kind"},
		{"a list", "PATCH", "/deployments/orders", `[]`, 400, ""},
		{"not JSON", "PATCH", "/deployments/orders", `{"spec":`, 400, ""},
		{"nothing", "PATCH", "/deployments/orders", "", 400, ""},
		{"selector", "GET", "/deployments?labelSelector=a%20b", "", 400, "labelSelector"},
		{"unknown verb", "POST", "/deployments/orders:explode", "", 405, ""},
		{"no verb", "POST", "/deployments/orders", "", 405, ""},
		{"unknown path", "GET", "/nothing", "", 404, ""},
		{"unknown method", "PUT", "/deployments", "", 405, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := (&world{t: t, url: w.url, router: w.router}).call(tt.method, inDefault+tt.path, tt.body, tt.status)
			if tt.attribute != "" {
				r.want("errors/0/attribute", tt.attribute)
			}
			if r.text("message") == "" {
				t.Errorf("no message in %s", r.body)
			}
		})
	}
	w.call("GET", "/api/v1/namespaces/nowhere/deployments", "", 404)
	w.call("GET", inDefault+"/deployments/orders", "", 200).want("metadata/resourceVersion", "1")
}

func TestDeploymentSelectorAndDryRunAndVersion(t *testing.T) {
	w := start(t)
	w.call("POST", inDefault+"/deployments?dryRun=true", sqlDeployment, 201, tolerated...).want("metadata/resourceVersion", "")
	w.call("GET", inDefault+"/deployments/orders", "", 404)
	w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...)
	w.call("POST", inDefault+"/deployments?dryRun=true", sqlDeployment, 409, tolerated...)
	w.call("GET", inDefault+"/deployments?labelSelector=team%20in%20(a,b)", "", 200).want("items/0/metadata/name", "orders")
	if items := w.call("GET", inDefault+"/deployments?labelSelector=!team", "", 200).get("items").([]any); len(items) != 0 {
		t.Errorf("selected %v", items)
	}
	w.call("PATCH", inDefault+"/deployments/orders?dryRun=true", `{"spec":{"state":"RUNNING"}}`, 200).want("spec/state", "RUNNING")
	got := w.call("GET", inDefault+"/deployments/orders", "", 200)
	got.want("spec/state", "CANCELLED")
	w.call("PATCH", inDefault+"/deployments/orders", `{"metadata":{"labels":{"x":"y"}}}`, 200, "If-Match", got.header.Get("ETag")).want("metadata/resourceVersion", "2")
	w.call("PATCH", inDefault+"/deployments/orders", `{"metadata":{"labels":{"x":"z"}}}`, 412, "If-Match", got.header.Get("ETag"))
}

func TestDeploymentNameFromDisplayName(t *testing.T) {
	w := start(t)
	r := w.call("POST", inDefault+"/deployments", `{"metadata":{"displayName":"Datagen to Prometheus"},"spec":{"template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"SELECT 1"}}}}}`, 201)
	if name := r.text("metadata/name"); !strings.HasPrefix(name, "datagen-to-prometheus-") {
		t.Errorf("name %q", name)
	}
}
