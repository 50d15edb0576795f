package resource

import (
	"reflect"
	"testing"
)

func TestApplyDefaults(t *testing.T) {
	global := DeploymentDefaults{Spec: DeploymentSpec{
		State:                StateRunning,
		DeploymentTargetName: "global",
		RestoreStrategy:      RestoreStrategy{Kind: RestoreLatestSavepoint, AllowNonRestoredState: true},
		Template: Template{Spec: JobTemplate{
			Artifact:           Artifact{FlinkVersion: "1.20", JarURI: "s3://default.jar"},
			FlinkConfiguration: map[string]string{"a": "global", "b": "global", "c": "global"},
			Kubernetes:         map[string]any{"pods": map[string]any{"labels": map[string]any{"x": "1"}, "list": []any{"g"}}},
		}},
	}}
	namespace := DeploymentDefaults{Spec: DeploymentSpec{
		DeploymentTargetID: "namespace",
		Template: Template{Spec: JobTemplate{
			Parallelism:        4,
			FlinkConfiguration: map[string]string{"a": "namespace", "b": "namespace"},
		}},
	}}
	mine := Deployment{Spec: DeploymentSpec{
		RestoreStrategy: RestoreStrategy{Kind: RestoreLatestState},
		Template: Template{Spec: JobTemplate{
			Artifact:           Artifact{Kind: ArtifactSQLScript, SQLScript: "x"},
			FlinkConfiguration: map[string]string{"a": "mine"},
			Kubernetes:         map[string]any{"pods": map[string]any{"labels": map[string]any{"y": "2"}, "list": []any{"m"}}},
		}},
	}}
	mine.Metadata.Name = "a"

	got := ApplyDefaults(global, namespace, mine)

	want := mine
	want.Spec = DeploymentSpec{
		State:                        StateRunning,
		UpgradeStrategy:              UpgradeStrategy{Kind: UpgradeStateful},
		RestoreStrategy:              RestoreStrategy{Kind: RestoreLatestState}, // not allowed to drop state: that went with the other strategy
		DeploymentTargetID:           "namespace",
		MaxSavepointCreationAttempts: 4,
		MaxJobCreationAttempts:       4,
		Template: Template{
			Metadata: BuiltinDefaults().Spec.Template.Metadata,
			Spec: JobTemplate{
				Artifact:           Artifact{Kind: ArtifactSQLScript, SQLScript: "x", FlinkVersion: "1.20"},
				Parallelism:        4,
				Resources:          BuiltinDefaults().Spec.Template.Spec.Resources,
				FlinkConfiguration: map[string]string{"a": "mine", "b": "namespace", "c": "global"},
				Logging:            BuiltinDefaults().Spec.Template.Spec.Logging,
				Kubernetes:         map[string]any{"pods": map[string]any{"labels": map[string]any{"x": "1", "y": "2"}, "list": []any{"m"}}},
			},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", mustText(t, got), mustText(t, want))
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}

	got.Spec.Template.Spec.FlinkConfiguration["c"] = "changed"
	got.Spec.Template.Spec.Kubernetes["pods"].(map[string]any)["labels"].(map[string]any)["x"] = "changed"
	if global.Spec.Template.Spec.FlinkConfiguration["c"] != "global" || global.Spec.Template.Spec.Kubernetes["pods"].(map[string]any)["labels"].(map[string]any)["x"] != "1" {
		t.Error("the result shares memory with the defaults")
	}
}

func TestPodTemplatesTakeThePlaceOfDefaultPods(t *testing.T) {
	global := DeploymentDefaults{Spec: DeploymentSpec{Template: Template{Spec: JobTemplate{Kubernetes: map[string]any{"pods": map[string]any{}, "labels": map[string]any{"a": "b"}}}}}}
	mine := Deployment{Spec: DeploymentSpec{Template: Template{Spec: JobTemplate{Kubernetes: map[string]any{"jobManagerPodTemplate": map[string]any{}}}}}}
	got := ApplyDefaults(global, DeploymentDefaults{}, mine).Spec.Template.Spec.Kubernetes
	if got["pods"] != nil || got["labels"] == nil || got["jobManagerPodTemplate"] == nil {
		t.Errorf("got %v", got)
	}
	if len(global.Spec.Template.Spec.Kubernetes) != 2 {
		t.Error("the defaults were changed")
	}
}

func TestCountSpecVersion(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Deployment)
		want   int
	}{
		{"nothing", func(*Deployment) {}, 5},
		{"parallelism", func(d *Deployment) { d.Spec.Template.Spec.Parallelism++ }, 6},
		{"template annotation", func(d *Deployment) { d.Spec.Template.Metadata.Annotations = map[string]string{"a": "b"} }, 6},
		{"target", func(d *Deployment) { d.Spec.DeploymentTargetName = "other" }, 6},
		{"session cluster", func(d *Deployment) { d.Spec.SessionClusterName = "s" }, 6},
		{"state", func(d *Deployment) { d.Spec.State = StateSuspended }, 5},
		{"strategy", func(d *Deployment) { d.Spec.UpgradeStrategy.Kind = UpgradeNone }, 5},
		{"labels", func(d *Deployment) { d.Metadata.Labels = map[string]string{"a": "b"} }, 5},
		{"empty for absent", func(d *Deployment) { d.Spec.Template.Spec.Artifact.AdditionalDependencies = nil }, 5},
		{"annotation dropped", func(d *Deployment) { d.Metadata.Annotations = nil }, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			old := running(t)
			old.Metadata.Annotations = map[string]string{AnnotationSpecVersion: "5"}
			d := old
			tt.change(&d)
			d.CountSpecVersion(old)
			if d.SpecVersion() != tt.want || old.SpecVersion() != 5 {
				t.Errorf("got %d, old %d; want %d", d.SpecVersion(), old.SpecVersion(), tt.want)
			}
		})
	}
	imported := running(t)
	imported.Metadata.Annotations = map[string]string{AnnotationSpecVersion: "20"}
	imported.CountSpecVersion(Deployment{})
	if imported.SpecVersion() != 1 {
		t.Errorf("a new deployment has spec version %d", imported.SpecVersion())
	}
}

func TestConditionsAreAlwaysAList(t *testing.T) {
	for _, tt := range []struct {
		status DeploymentStatus
		want   string
	}{
		{DeploymentStatus{State: StateCancelled}, `{"state":"CANCELLED"}`},
		{DeploymentStatus{State: StateRunning, Running: DeploymentRunning{JobID: "j"}}, `{"state":"RUNNING","running":{"jobId":"j","conditions":[]}}`},
	} {
		if got := mustText(t, tt.status); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
