package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestGetManyWays(t *testing.T) {
	p := startPlatform(t)
	stopped := strings.Replace(orders, "RUNNING", "CANCELLED", 1)
	p.weirIn(stopped+"---\n"+strings.Replace(strings.Replace(stopped, "orders", "second", 1), "team: a", "team: b", 1), "apply", "-f", "-").exits(0)
	p.weirIn("kind: Namespace\nmetadata: {name: other}\n", "apply", "-f", "-").exits(0)
	p.weirIn(strings.Replace(stopped, "orders", "third", 1), "apply", "-n", "other", "-f", "-").exits(0)

	p.weir("get", "deployments", "-A").exits(0).prints("NAMESPACE", "default     orders", "other       third")
	p.weir("get", "d", "-A", "-l", "team=b", "-o", "name").exits(0).equals("deployments/second\n")
	p.weir("get", "deployment", "orders", "second", "-o", "name").exits(0).equals("deployments/orders\ndeployments/second\n")
	p.weir("get", "deployments/orders", "targets/local", "-o", "name").exits(0).equals("deployments/orders\ntargets/local\n")
	p.weir("get", "d,targets").exits(0).prints("orders", "local", "LAUNCHER")
	p.weir("get", "d", "--no-headers").exits(0).lacks("NAME")
	p.weir("get", "d", "orders", "-o", "jsonpath={.status.state}").exits(0).equals("CANCELLED\n")
	p.weir("get", "d", "-o", "jsonpath={.items[*].metadata.name}").exits(0).equals("orders second\n")
	p.weir("get", "d", "ordres").exits(4).complains(`did you mean "orders"?`)
	p.weir("get", "d", "orders", "none").exits(4).prints("orders").complains("none")
	p.weir("get", "defaults", "-o", "yaml").exits(0).prints("kind: DeploymentDefaultsList")
	p.weir("get", "DeploymentTarget").exits(0).prints("local")

	var all struct{ Items []struct{ Kind string } }
	if err := json.Unmarshal([]byte(p.weir("get", "d,targets", "-o", "json").exits(0).out), &all); err != nil || len(all.Items) != 3 {
		t.Errorf("%v, %+v", err, all)
	}
	p.weir("describe", "target", "local").exits(0).prints("DeploymentTarget", "launcher: process")
	p.weir("describe", "namespace", "other").exits(0).prints("other", "ACTIVE", "deployments  ")

	p.weir("delete", "deployments/orders", "deployments/second").exits(0).prints("orders deleted", "second deleted")
	p.weir("delete", "deployment", "orders").exits(4)
	p.weir("delete", "deployment", "orders", "--ignore-not-found").exits(0).prints("was not there")
}

func TestDeleteWhatRuns(t *testing.T) {
	p := startPlatform(t)
	p.weirIn(orders, "apply", "-f", "-", "--wait").exits(0)
	p.weir("delete", "deployment", "orders").exits(5)
	p.weir("delete", "deployment", "orders", "--cancel").exits(0).prints("is CANCELLED after", "deployment orders deleted")
	p.weirIn(orders, "apply", "-f", "-", "--wait").exits(0)
	p.weirIn(orders+"---\nkind: DeploymentDefaults\nspec: {}\n", "delete", "-f", "-", "--cancel").exits(0).prints("orders deleted").complains("DeploymentDefaults stays")
	p.weirIn(orders, "delete", "-f", "-").exits(4)
}

func TestSessionClustersOnTheCommandLine(t *testing.T) {
	p := startPlatform(t)
	const shared = "kind: SessionCluster\nmetadata: {name: shared}\nspec: {state: RUNNING, deploymentTargetName: local}\n"
	p.weirIn(shared, "diff", "-f", "-").exits(1).prints("+  state: RUNNING")
	p.weirIn(shared, "apply", "-f", "-", "--wait").exits(0).prints("sessioncluster shared is RUNNING after")
	p.weirIn(shared, "diff", "-f", "-").exits(0)
	p.weirIn(shared, "apply", "-f", "-").exits(0).prints("unchanged")
	p.weirIn(strings.Replace(shared, "RUNNING", "STOPPED", 1), "apply", "-f", "-", "--dry-run").exits(0).prints("state: RUNNING → STOPPED")
	p.weir("wait", "sc/shared", "--for", "running").exits(0)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) { // the event comes after the state
		if r := p.weir("describe", "sc", "shared").exits(0); strings.Contains(r.out, "SESSION_CLUSTER_SUCCESSFULLY_STARTED") {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("no event of the start:\n%s", r.out)
		}
	}
	p.weir("delete", "sc", "shared").exits(5)
	p.weir("delete", "sc", "shared", "--cancel").exits(0).prints("is STOPPED after", "sessioncluster shared deleted")
}

func TestPaths(t *testing.T) {
	const document = `{"a":{"b":["x",{"c":1.50}],"d.e":true,"f":"text"}}`
	var v any
	if err := decodeNumbers([]byte(document), &v); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, want, fails string }{
		{path: ".a.f", want: "text"},
		{path: "a.f", want: "text"},
		{path: "{.a.f}", want: "text"},
		{path: "$.a.b[1].c", want: "1.50"},
		{path: ".a.b[-1]", want: `{"c":1.50}`},
		{path: ".a.b[*].c", want: "1.50"},
		{path: ".a['d.e']", want: "true"},
		{path: ".a.none.b"},
		{path: ".a.b[7]"},
		{path: "", fails: "no field"},
		{path: "{.a", fails: "braces"},
		{path: "..a", fails: "dot"},
		{path: ".a[", fails: "without ]"},
		{path: ".a[x]", fails: "no position"},
		{path: ".a[0]b", fails: "after ]"},
	} {
		p, err := parsePath(tt.path)
		if tt.fails != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%s: %v, want %q", tt.path, err, tt.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		if got := strings.Join(namesOf(p.find(v), plainText), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, got, tt.want)
		}
	}
}
