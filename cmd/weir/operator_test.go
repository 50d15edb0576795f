package main

import (
	"testing"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/operator"
)

// TestDriftIsInDiff applies what git says as the operator does, edits it
// elsewhere, and looks at what git's file would change.
func TestDriftIsInDiff(t *testing.T) {
	p := startPlatform(t)
	const manifest = `apiVersion: weir.io/v1alpha1
kind: WeirDeployment
metadata: {name: orders, namespace: team-a, annotations: {weir.io/namespace: default, kubectl.kubernetes.io/x: y}}
spec:
  state: CANCELLED
  template: {spec: {parallelism: 1, artifact: {kind: SQLSCRIPT, sqlScript: "SELECT 1;"}}}
`
	api, err := client.New(client.Options{Server: p.url, Author: "operator"})
	if err != nil {
		t.Fatal(err)
	}
	p.weirIn(manifest, "diff", "-f", "-").exits(1).prints("+++ deployment orders, by standard input", "+    parallelism: 1")
	p.weirIn(manifest, "apply", "-f", "-").exits(1).complains("applied and deleted with kubectl")

	wanted := map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{operator.Owner: "kubernetes:team-a/orders"}},
		"spec": map[string]any{"state": "CANCELLED", "template": map[string]any{"spec": map[string]any{
			"parallelism": 1, "artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": "SELECT 1;"},
		}}},
	}
	d, err := weirAPI{api}.Apply(t.Context(), "default", "orders", wanted, nil)
	if err != nil || d.Metadata.Annotations[operator.Revision] != "1" {
		t.Fatalf("%v, %v", d.Metadata.Annotations, err)
	}
	p.weirIn(manifest, "diff", "-f", "-").exits(0)

	// What the manifest does not speak of is taken back, too.
	p.weir("scale", "orders", "-p", "3").exits(0)
	if _, err := api.Deployments("default").Patch(t.Context(), d.Metadata.ID, map[string]any{"spec": map[string]any{
		"template": map[string]any{"spec": map[string]any{"flinkConfiguration": map[string]any{"a": "b"}}},
	}}); err != nil {
		t.Fatal(err)
	}
	p.weirIn(manifest, "diff", "-f", "-").exits(1).
		prints("-    parallelism: 3", "+    parallelism: 1", "-      a: b").
		complains("edited elsewhere since its manifest was applied", "parallelism: 3", "a: b")

	// Git's next change wins, and is the revision that counts.
	undo := map[string]any{"template": map[string]any{"spec": map[string]any{"parallelism": 1, "flinkConfiguration": nil}}}
	if d, err = (weirAPI{api}).Apply(t.Context(), "default", "orders", wanted, undo); err != nil || d.Metadata.Annotations[operator.Revision] != "4" {
		t.Fatalf("%v, %v", d.Metadata.Annotations, err)
	}
	p.weirIn(manifest, "diff", "-f", "-").exits(0)
}
