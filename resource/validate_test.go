package resource

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestValidateDeployment(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Deployment)
		want   string // empty: valid
	}{
		{"as it is", func(*Deployment) {}, ""},
		{"name of 63", func(d *Deployment) { d.Metadata.Name = strings.Repeat("a", 63) }, ""},
		{"name of 64", func(d *Deployment) { d.Metadata.Name = strings.Repeat("a", 64) }, "metadata.name: must be 1 to 63"},
		{"no name", func(d *Deployment) { d.Metadata.Name = "" }, "metadata.name: must be set"},
		{"name with capitals", func(d *Deployment) { d.Metadata.Name = "My_Orders" }, "for example my-orders"},
		{"name ending in a hyphen", func(d *Deployment) { d.Metadata.Name = "a-" }, "metadata.name: must be 1 to 63"},
		{"name ending in a newline", func(d *Deployment) { d.Metadata.Name = "a\n" }, "metadata.name: must be 1 to 63"},
		{"unwanted state", func(d *Deployment) { d.Spec.State = StateFailed }, `spec.state: must be one of RUNNING, SUSPENDED, CANCELLED, got "FAILED"`},
		{"no strategy", func(d *Deployment) { d.Spec.UpgradeStrategy.Kind = "" }, "spec.upgradeStrategy.kind: must be one of"},
		{"restore strategy of another product", func(d *Deployment) { d.Spec.RestoreStrategy.Kind = "FROM_SAVEPOINT" }, "spec.restoreStrategy.kind: must be one of"},
		{"no target", func(d *Deployment) { d.Spec.DeploymentTargetName = "" }, "spec.deploymentTargetName: must be set"},
		{"two targets", func(d *Deployment) { d.Spec.SessionClusterName = "s" }, "spec.sessionClusterName: cannot be set together with deploymentTargetName"},
		{"parallelism 0", func(d *Deployment) { d.Spec.Template.Spec.Parallelism = 0 }, "spec.template.spec.parallelism: must be at least 1, got 0"},
		{"task managers -1", func(d *Deployment) { d.Spec.Template.Spec.NumberOfTaskManagers = -1 }, "numberOfTaskManagers: must be at least 1"},
		{"attempts 0", func(d *Deployment) { d.Spec.MaxJobCreationAttempts = 0 }, "spec.maxJobCreationAttempts: must be at least 1"},
		{"cpu 0.1", func(d *Deployment) { d.Spec.Template.Spec.Resources.JobManager.CPU = 0.1 }, ""},
		{"cpu 0.05", func(d *Deployment) { d.Spec.Template.Spec.Resources.JobManager.CPU = 0.05 }, "resources.jobmanager.cpu: must be at least 0.1, got 0.05"},
		{"cpu NaN", func(d *Deployment) { d.Spec.Template.Spec.Resources.JobManager.CPU = math.NaN() }, "cpu: must be at least 0.1"},
		{"memory words", func(d *Deployment) { d.Spec.Template.Spec.Resources.TaskManager.Memory = "much" }, `resources.taskmanager.memory: must be a size such as 1g`},
		{"memory without unit", func(d *Deployment) { d.Spec.Template.Spec.Resources.TaskManager.Memory = "2" }, "is a unit missing"},
		{"no artifact", func(d *Deployment) { d.Spec.Template.Spec.Artifact = Artifact{} }, "artifact.kind: must be one of JAR, SQLSCRIPT, PYTHON, GO"},
		{"jar without uri", func(d *Deployment) { d.Spec.Template.Spec.Artifact = Artifact{Kind: ArtifactJar} }, "artifact.jarUri: must be set for an artifact of kind JAR"},
		{"empty script", func(d *Deployment) { d.Spec.Template.Spec.Artifact.SQLScript = " \n" }, "artifact.sqlScript: must be set"},
		{"python without program", func(d *Deployment) { d.Spec.Template.Spec.Artifact = Artifact{Kind: ArtifactPython} }, "artifact.pythonArtifactUri: must be set"},
		{"bad duration", func(d *Deployment) { d.Spec.JobFailureExpirationTime = "soon" }, "spec.jobFailureExpirationTime: must be a duration"},
		{"good duration", func(d *Deployment) { d.Spec.JobFailureExpirationTime = "10 min" }, ""},
		{"a schedule", func(d *Deployment) { d.Spec.Savepoints = SavepointPolicy{Every: "6h", Keep: 3, KeepFor: "7d"} }, ""},
		{"a schedule too close", func(d *Deployment) { d.Spec.Savepoints.Every = "10ms" }, "spec.savepoints.every: must be at least 1s"},
		{"a schedule in words", func(d *Deployment) { d.Spec.Savepoints.Every = "daily" }, "spec.savepoints.every: must be a duration"},
		{"keeps less than nothing", func(d *Deployment) { d.Spec.Savepoints.Keep = -1 }, "spec.savepoints.keep: must be at least 1, or 0 for all, got -1"},
		{"keeps for nothing", func(d *Deployment) { d.Spec.Savepoints.KeepFor = "0s" }, "spec.savepoints.keepFor: must be above 0"},
		{"parallelism 128", func(d *Deployment) { d.Spec.Template.Spec.Parallelism = 128 }, ""},
		{"parallelism 129", func(d *Deployment) { d.Spec.Template.Spec.Parallelism = 129 }, "parallelism: must be at most 128, which is how many key groups a job has unless"},
		{"parallelism 129 of more key groups", func(d *Deployment) {
			d.Spec.Template.Spec.Parallelism = 129
			d.Spec.Template.Spec.FlinkConfiguration = map[string]string{"pipeline.max-parallelism": "256"}
		}, ""},
		{"parallelism above the key groups", func(d *Deployment) {
			d.Spec.Template.Spec.Parallelism = 9
			d.Spec.Template.Spec.FlinkConfiguration = map[string]string{"pipeline.max-parallelism": "8"}
		}, "parallelism: must be at most 8, which is flinkConfiguration pipeline.max-parallelism"},
		{"key groups in words", func(d *Deployment) {
			d.Spec.Template.Spec.FlinkConfiguration = map[string]string{"pipeline.max-parallelism": "many"}
		}, "flinkConfiguration.pipeline.max-parallelism: must be a number from 1 to 32768"},
		{"a jar of parallelism 500", func(d *Deployment) {
			d.Spec.Template.Spec.Artifact = Artifact{Kind: ArtifactJar, JarURI: "file:///a.jar"}
			d.Spec.Template.Spec.Parallelism = 500
		}, ""},
		{"a secret place of state", func(d *Deployment) {
			d.Spec.Template.Spec.FlinkConfiguration = map[string]string{"state.savepoints.dir": "s3://${BUCKET}/x"}
		}, "flinkConfiguration.state.savepoints.dir: cannot refer to a secret"},
		{"a place of state with placeholders", func(d *Deployment) {
			d.Spec.Template.Spec.FlinkConfiguration = map[string]string{"state.savepoints.dir": "s3://b/{{namespace}}"}
		}, ""},
		{"disaster checkpoints", func(d *Deployment) { d.Spec.Template.Spec.DisasterCheckpointsDelay = -1 }, "disasterCheckpointsDelay: must be at least 0, got -1"},
		{"disaster checkpoints that are not retained", func(d *Deployment) {
			d.Spec.Template.Spec.DisasterCheckpointsDelay = 5
			d.Spec.Template.Spec.FlinkConfiguration = map[string]string{"state.checkpoints.num-retained": "5"}
		}, "flinkConfiguration.state.checkpoints.num-retained: must be at least 6, one more than disasterCheckpointsDelay"},
		{"pods and templates", func(d *Deployment) {
			d.Spec.Template.Spec.Kubernetes = map[string]any{"pods": map[string]any{}, "jobManagerPodTemplate": map[string]any{}}
		}, "kubernetes.jobManagerPodTemplate: cannot be set together"},
		{"another kind", func(d *Deployment) { d.Kind = KindJob }, "kind: must be Deployment"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := running(t)
			tt.change(&d)
			err := d.Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestValidateOtherKinds(t *testing.T) {
	for _, tt := range []struct {
		name string
		of   interface{ Validate() error }
		want string
	}{
		{"target", DeploymentTarget{Metadata: Metadata{Name: "My_Target-1"}}, ""},
		{"target name", DeploymentTarget{Metadata: Metadata{Name: "my target"}}, "metadata.name: must be 1 to 250"},
		{"launcher", DeploymentTarget{Metadata: Metadata{Name: "a"}, Spec: DeploymentTargetSpec{Launcher: "magic"}}, "spec.launcher: must be one of process, embedded, flink, kubernetes"},
		{"launcher and place", DeploymentTarget{Metadata: Metadata{Name: "a"}, Spec: DeploymentTargetSpec{Launcher: "process", Kubernetes: KubernetesTarget{Namespace: "x"}}}, "spec.kubernetes.namespace: belongs to the launcher kubernetes"},
		{"empty defaults", DeploymentDefaults{}, ""},
		{"wrong defaults", DeploymentDefaults{Spec: DeploymentSpec{MaxJobCreationAttempts: -1}}, "spec.maxJobCreationAttempts"},
		{"namespace", Namespace{Metadata: Metadata{Name: "team-a"}, Spec: NamespaceSpec{RoleBindings: []RoleBinding{{Role: "editor", Members: []string{"user:x", "system:authenticated"}}}}}, ""},
		{"role", Namespace{Metadata: Metadata{Name: "a"}, Spec: NamespaceSpec{RoleBindings: []RoleBinding{{Role: "king"}}}}, "spec.roleBindings[0].role: must be one of viewer"},
		{"member", Namespace{Metadata: Metadata{Name: "a"}, Spec: NamespaceSpec{RoleBindings: []RoleBinding{{Role: "owner", Members: []string{"bob"}}}}}, "spec.roleBindings[0].members[0]: must look like user:x"},
		{"savepoint", Savepoint{Metadata: Metadata{DeploymentID: "d"}}, ""},
		{"savepoint of nothing", Savepoint{}, "metadata.deploymentId: must be set"},
		{"copy of nothing", Savepoint{Metadata: Metadata{DeploymentID: "d", Origin: OriginCopied}}, "spec.savepointLocation: must be set"},
	} {
		err := tt.of.Validate()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestParseMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"1G": 1 << 30, "1.5g": 3 << 29, "1024m": 1 << 30, "1Gi": 1 << 30, "512 MB": 512 << 20, "1gib": 1 << 30, "100": 100, ".5k": 512, "2t": 2 << 40, "0": 0,
	} {
		if got, err := ParseMemory(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "g", "1x", "-1g", "1e9", "1.2.3g", "99999999999999999999t", "1g1m", "+1g", "0x1g", "NaN"} {
		if got, err := ParseMemory(text); err == nil {
			t.Errorf("%s: got %d", text, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "10 min": 10 * time.Minute, "PT1H30M": 90 * time.Minute, "P1DT2H": 26 * time.Hour,
		"500": 500 * time.Millisecond, "1.5 s": 1500 * time.Millisecond, "0": 0, "2 days": 48 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "soon", "P", "-1s", "1 fortnight", "999999999999999d", "1h x"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"Datagen to Prometheus": "datagen-to-prometheus", "--a__b--": "a-b", "ÄÖ": "", "x": "x",
	} {
		if got := Slug(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"Datagen", "", "日本", strings.Repeat("long name ", 50)} {
		if err := ValidateName("name", GenerateName(text, "su1po")); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, tt := range []struct{ name, display, wantName, wantDisplay string }{
		{"a", "", "a", ""},
		{"a", "B", "a", "B"},
		{"", "Top Speed", "top-speed-x1", "Top Speed"},
		{"INSERT INTO t\nSELECT 1", "", "insert-into-t-select-1-x1", "INSERT INTO t\nSELECT 1"},
		{"Bad_Name", "", "Bad_Name", ""},
		{"", "", "", ""},
	} {
		d := Deployment{Metadata: Metadata{Name: tt.name, DisplayName: tt.display}}
		d.FillName("x1")
		if d.Metadata.Name != tt.wantName || d.Metadata.DisplayName != tt.wantDisplay {
			t.Errorf("%+v: got %+v", tt, d.Metadata)
		}
	}
}
