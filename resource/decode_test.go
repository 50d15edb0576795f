package resource_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
)

func TestDecodeIsKind(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       func(*resource.Deployment)
	}{
		{"kind and version may be absent", `{}`, func(*resource.Deployment) {}},
		{"numbers keep their text in text fields", `{"spec":{"template":{"spec":{"artifact":{"flinkVersion":1.10}}}}}`, func(d *resource.Deployment) {
			d.Spec.Template.Spec.Artifact.FlinkVersion = "1.10"
		}},
		{"scalars in configuration become text", `{"spec":{"template":{"spec":{"flinkConfiguration":{"a":4,"b":0.0,"c":true,"d":"x","e":null}}}}}`, func(d *resource.Deployment) {
			d.Spec.Template.Spec.FlinkConfiguration = map[string]string{"a": "4", "b": "0.0", "c": "true", "d": "x"}
		}},
		{"labels may be booleans", `{"metadata":{"name":"a","labels":{"buildIn":true}}}`, func(d *resource.Deployment) {
			d.Metadata.Name, d.Metadata.Labels = "a", map[string]string{"buildIn": "true"}
		}},
		{"cpu as text, memory as number", `{"spec":{"template":{"spec":{"resources":{"jobmanager":{"cpu":"0.5","memory":1073741824},"taskmanager":{"cpu":"500m"}}}}}}`, func(d *resource.Deployment) {
			d.Spec.Template.Spec.Resources = resource.Resources{
				JobManager:  resource.ResourceSpec{CPU: 0.5, Memory: "1073741824"},
				TaskManager: resource.ResourceSpec{CPU: 0.5},
			}
		}},
		{"enumerations in any case", `{"kind":"deployment","apiVersion":"V1","spec":{"state":"running","upgradeStrategy":{"kind":"stateless"},"restoreStrategy":{"kind":"latest_state"},"template":{"spec":{"artifact":{"kind":"sqlscript"}}}}}`, func(d *resource.Deployment) {
			d.Spec.State = resource.StateRunning
			d.Spec.UpgradeStrategy.Kind = resource.UpgradeStateless
			d.Spec.RestoreStrategy.Kind = resource.RestoreLatestState
			d.Spec.Template.Spec.Artifact.Kind = resource.ArtifactSQLScript
		}},
		{"quoted integers and whole fractions", `{"spec":{"maxJobCreationAttempts":"3","maxSavepointCreationAttempts":2.0}}`, func(d *resource.Deployment) {
			d.Spec.MaxJobCreationAttempts, d.Spec.MaxSavepointCreationAttempts = 3, 2
		}},
		{"quoted booleans", `{"spec":{"restoreStrategy":{"allowNonRestoredState":"True"}}}`, func(d *resource.Deployment) {
			d.Spec.RestoreStrategy.AllowNonRestoredState = true
		}},
		{"what the platform owns is ignored, whatever it is", `{"metadata":{"id":"00000000-0000-0000-0000-000000000000","createdAt":"yesterday","modifiedAt":7,"resourceVersion":"x","generation":[]},"status":"fine"}`, func(*resource.Deployment) {}},
		{"nulls everywhere", `{"kind":null,"apiVersion":null,"metadata":null,"spec":{"template":{"metadata":null,"spec":{"artifact":null,"kubernetes":null,"parallelism":null}}},"status":null}`, func(*resource.Deployment) {}},
		{"unknown fields", `{"spec":{"startFromSavepoint":{"kind":"NONE"},"template":{"spec":{"batchMode":true}}},"x":1}`, func(*resource.Deployment) {}},
		{"field names count as written", `{"spec":{"State":"RUNNING"}}`, func(*resource.Deployment) {}},
		{"kubernetes passes through", `{"spec":{"template":{"spec":{"kubernetes":{"pods":{"nodeSelector":{"a":1.10},"tolerations":[{"tolerationSeconds":30}],"affinity":null,"envVars":[{"name":"V","value":1.10}]}}}}}}`, func(d *resource.Deployment) {
			d.Spec.Template.Spec.Kubernetes = map[string]any{"pods": map[string]any{
				"nodeSelector": map[string]any{"a": "1.10"},
				"tolerations":  []any{map[string]any{"tolerationSeconds": 30.0}},
				"envVars":      []any{map[string]any{"name": "V", "value": "1.10"}},
			}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := resource.DecodeDeployment([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			want := resource.Deployment{Kind: resource.KindDeployment, APIVersion: "v1"}
			tt.want(&want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestDecodeNamesTheField(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"spec":{"template":{"spec":{"parallelism":"x"}}}}`, `spec.template.spec.parallelism: must be an integer, got "x"`},
		{`{"spec":{"template":{"spec":{"parallelism":1.5}}}}`, `spec.template.spec.parallelism: must be an integer, got 1.5`},
		{`{"spec":{"template":{"spec":{"parallelism":3000000000}}}}`, `spec.template.spec.parallelism: is out of range`},
		{`{"spec":{"template":{"spec":{"parallelism":1e999999999}}}}`, `spec.template.spec.parallelism: must be an integer`},
		{`{"spec":{"template":{"spec":{"parallelism":true}}}}`, `spec.template.spec.parallelism: must be an integer, got true`},
		{`{"spec":{"template":[]}}`, `spec.template: must be an object, got a list`},
		{`{"spec":{"template":{"spec":{"flinkConfiguration":{"state.backend":{"type":"x"}}}}}}`, `spec.template.spec.flinkConfiguration["state.backend"]: must be a string, got an object`},
		{`{"spec":{"template":{"spec":{"artifact":{"additionalDependencies":["a",{}]}}}}}`, `spec.template.spec.artifact.additionalDependencies[1]: must be a string, got an object`},
		{`{"spec":{"template":{"spec":{"artifact":{"additionalDependencies":"a"}}}}}`, `spec.template.spec.artifact.additionalDependencies: must be a list, got "a"`},
		{`{"spec":{"template":{"spec":{"resources":{"jobmanager":{"cpu":"NaN"}}}}}}`, `spec.template.spec.resources.jobmanager.cpu: must be a number, got "NaN"`},
		{`{"spec":{"restoreStrategy":{"allowNonRestoredState":"maybe"}}}`, `spec.restoreStrategy.allowNonRestoredState: must be true or false, got "maybe"`},
		{`{"kind":"Job"}`, `kind: must be Deployment, got "Job"`},
		{`{"apiVersion":"v2"}`, `apiVersion: must be v1, got "v2"`},
		{`[]`, `body: must be an object, got a list`},
		{`null`, `body: must be an object, got null`},
		{``, `body: is empty`},
		{"{\n\"a\": }", `body: is not JSON (line 2)`},
		{`{} {}`, `body: has something after its end`},
	} {
		_, err := resource.DecodeDeployment([]byte(tt.body))
		var invalid *resource.InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.body, err, tt.want)
		}
	}
}

func TestDecodeGathersProblems(t *testing.T) {
	_, err := resource.DecodeDeployment([]byte(`{"spec":{"state":[],"template":{"spec":{"parallelism":"x"}}}}`))
	if got := resource.Problems(err); len(got) != 2 || got[0].Field != "spec.state" || got[1].Field != "spec.template.spec.parallelism" {
		t.Errorf("got %v", got)
	}
	many := `{"spec":{"template":{"spec":{"artifact":{"additionalDependencies":[` + strings.Repeat(`{},`, 1000) + `{}]}}}}}`
	_, err = resource.DecodeDeployment([]byte(many))
	if n := len(resource.Problems(err)); n == 0 || n > 100 {
		t.Errorf("%d problems", n)
	}
}

func TestDecodeSavepointOfOlderClients(t *testing.T) {
	got, err := resource.DecodeSavepoint([]byte(`{"spec":{"deploymentId":"d","jobId":"j","flinkSavepointId":{"uuid":"u"},"savepointLocation":"s3://x"},"status":{"state":"COMPLETED"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got.Metadata.DeploymentID != "d" || got.Metadata.JobID != "j" || got.Spec.FlinkSavepointID != "u" || got.Status.State != "" {
		t.Errorf("got %+v", got)
	}
}

// Every kind can be read: no field's Go type lacks a rule.
func TestDecodeCoversEveryField(t *testing.T) {
	check := func(name string, v any, decode func([]byte) (any, error)) {
		full := reflect.ValueOf(v).Elem()
		populate(full)
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(data)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, data)
		}
		for _, part := range []string{"Kind", "Metadata", "Status"} {
			if f := full.FieldByName(part); f.IsValid() {
				f.SetZero()
			}
			if f := reflect.ValueOf(got); f.FieldByName(part).IsValid() {
				c := reflect.New(f.Type()).Elem()
				c.Set(f)
				c.FieldByName(part).SetZero()
				got = c.Interface()
			}
		}
		if !reflect.DeepEqual(got, full.Interface()) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, full.Interface())
		}
	}
	check("Deployment", &resource.Deployment{}, func(b []byte) (any, error) { return resource.DecodeDeployment(b) })
	check("DeploymentDefaults", &resource.DeploymentDefaults{}, func(b []byte) (any, error) { return resource.DecodeDeploymentDefaults(b) })
	check("DeploymentTarget", &resource.DeploymentTarget{}, func(b []byte) (any, error) { return resource.DecodeDeploymentTarget(b) })
	check("Job", &resource.Job{}, func(b []byte) (any, error) { return resource.DecodeJob(b) })
	check("Savepoint", &resource.Savepoint{}, func(b []byte) (any, error) { return resource.DecodeSavepoint(b) })
	check("Event", &resource.Event{}, func(b []byte) (any, error) { return resource.DecodeEvent(b) })
	check("SessionCluster", &resource.SessionCluster{}, func(b []byte) (any, error) { return resource.DecodeSessionCluster(b) })
	check("Namespace", &resource.Namespace{}, func(b []byte) (any, error) { return resource.DecodeNamespace(b) })
}

// populate sets every field to something that is not zero.
func populate(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[resource.Time]() {
			return
		}
		for i := range v.NumField() {
			populate(v.Field(i))
		}
	case reflect.String:
		v.SetString("X")
		if v.Type() == reflect.TypeFor[resource.Kind]() {
			v.SetString("")
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		populate(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("k"), reflect.ValueOf("X"))
	}
	if v.Kind() == reflect.Struct {
		if f := v.FieldByName("APIVersion"); f.IsValid() {
			f.SetString("v1")
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{}`, `{"kind":"Deployment","spec":{"state":"running","template":{"spec":{"parallelism":"4","flinkConfiguration":{"a":1.10},"kubernetes":{"pods":{"labels":{"a":1}}}}}}}`, `{"metadata":{"labels":{"":null}}}`, `[1]`, `{"spec":{"maxJobCreationAttempts":1e9}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := resource.DecodeDeployment(data)
		if err != nil {
			var invalid *resource.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("not an InvalidError: %v", err)
			}
			return
		}
		_ = d.Validate()
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := resource.DecodeDeployment(text)
		if err != nil {
			t.Fatalf("what we write we cannot read: %v\n%s", err, text)
		}
		second, _ := json.Marshal(again)
		if string(second) != string(text) {
			t.Fatalf("reading what we wrote changes it:\n%s\n%s", text, second)
		}
	})
}
