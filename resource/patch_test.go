package resource

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// The examples of RFC 7386, appendix A.
func TestMergePatchOfTheStandard(t *testing.T) {
	for _, tt := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		if got := mustText(t, mergePatch(mustTree(t, tt.target), mustTree(t, tt.patch))); got != tt.want {
			t.Errorf("%s + %s: got %s, want %s", tt.target, tt.patch, got, tt.want)
		}
	}
}

func running(t *testing.T) Deployment {
	t.Helper()
	d, err := DecodeDeployment([]byte(`{"metadata":{"name":"orders","namespace":"default","labels":{"team":"a"}},"spec":{"state":"RUNNING","deploymentTargetName":"local","template":{"spec":{"parallelism":2,"artifact":{"kind":"SQLSCRIPT","sqlScript":"x"},"flinkConfiguration":{"a":"1","b":"2"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	d = ApplyDefaults(DeploymentDefaults{}, DeploymentDefaults{}, d)
	d.CountSpecVersion(Deployment{})
	d.Metadata.ID, d.Metadata.ResourceVersion, d.Metadata.Generation = "id-1", 7, 3
	d.Status.State = StateRunning
	return d
}

func TestMergePatchOfADeployment(t *testing.T) {
	for _, tt := range []struct {
		name, patch string
		want        func(*Deployment)
	}{
		{"nothing", `{}`, func(*Deployment) {}},
		{"state", `{"spec":{"state":"suspended"},"status":{"state":"SUSPENDED"}}`, func(d *Deployment) { d.Spec.State = StateSuspended }},
		{"parallelism as text", `{"spec":{"template":{"spec":{"parallelism":"8"}}}}`, func(d *Deployment) { d.Spec.Template.Spec.Parallelism = 8 }},
		{"configuration by key", `{"spec":{"template":{"spec":{"flinkConfiguration":{"a":null,"c":3}}}}}`, func(d *Deployment) {
			d.Spec.Template.Spec.FlinkConfiguration = map[string]string{"b": "2", "c": "3"}
		}},
		{"labels", `{"metadata":{"labels":null,"displayName":"Orders"}}`, func(d *Deployment) { d.Metadata.Labels, d.Metadata.DisplayName = nil, "Orders" }},
		{"platform fields stay", `{"metadata":{"id":"other","name":"orders","resourceVersion":99,"generation":99,"createdAt":null,"annotations":{"com.dataartisans.appmanager.controller.deployment.spec.version":"41","mine":"1"}}}`, func(d *Deployment) {
			d.Metadata.Annotations = map[string]string{AnnotationSpecVersion: "1", "mine": "1"}
		}},
		{"annotations cannot be dropped", `{"metadata":{"annotations":null}}`, func(*Deployment) {}},
		{"metadata cannot be dropped", `{"metadata":null,"kind":null}`, func(d *Deployment) { d.Metadata.Labels = nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			original := running(t)
			want := running(t)
			tt.want(&want)
			got, err := MergePatch(original, []byte(tt.patch))
			if err != nil {
				t.Fatal(err)
			}
			if mustText(t, got) != mustText(t, want) {
				t.Errorf("got  %s\nwant %s", mustText(t, got), mustText(t, want))
			}
			if !reflect.DeepEqual(original, running(t)) {
				t.Errorf("original was changed: %+v", original)
			}
		})
	}
}

func TestMergePatchRefuses(t *testing.T) {
	for _, tt := range []struct{ patch, want string }{
		{`{"metadata":{"name":"other"}}`, `metadata.name: cannot be changed from "orders" to "other"`},
		{`{"metadata":{"namespace":"other"}}`, `metadata.namespace: cannot be changed`},
		{`{"kind":"Job"}`, `kind: must be Deployment`},
		{`{"spec":{"template":{"spec":{"parallelism":"x"}}}}`, `spec.template.spec.parallelism: must be an integer, got "x"`},
		{`{"spec":7}`, `spec: must be an object, got 7`},
		{`[]`, `body: must be an object`},
		{`nope`, `body: is not JSON`},
	} {
		if _, err := MergePatch(running(t), []byte(tt.patch)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.patch, err, tt.want)
		}
	}
}

// A patch applied twice is a patch applied once, and never leaves a null that
// it brought itself.
func FuzzMergePatch(f *testing.F) {
	f.Add([]byte(`{"a":{"b":1}}`), []byte(`{"a":{"b":null,"c":[null]}}`))
	f.Add([]byte(`[1]`), []byte(`{"a":{"x":{"y":null}}}`))
	f.Add([]byte(`{"spec":{"state":"RUNNING"}}`), []byte(`{"spec":{"state":"x"}}`))
	f.Fuzz(func(t *testing.T, target, patch []byte) {
		a, errA := parseTree(target)
		p, errP := parseTree(patch)
		if errA != nil || errP != nil {
			return
		}
		once := mustText(t, mergePatch(a, p))
		p, _ = parseTree(patch)
		if twice := mustText(t, mergePatch(mustTree(t, once), p)); twice != once {
			t.Fatalf("once  %s\ntwice %s", once, twice)
		}
		d, err := MergePatch(Deployment{Metadata: Metadata{Name: "n", ID: "i"}}, patch)
		if err == nil && (d.Metadata.Name != "n" || d.Metadata.ID != "i") {
			t.Fatalf("identity lost: %+v", d.Metadata)
		}
	})
}

func mustTree(t *testing.T, text string) any {
	t.Helper()
	v, err := parseTree([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
