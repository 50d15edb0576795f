package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/weir-streams/weir/cluster"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func testLauncher() *Launcher {
	return New(Config{
		Image: "registry.example.com/weir:1", FlinkImages: map[string]string{"": "flink:2.3.0", "2.3": "flink:2.3.0", "1.20.5": "flink:1.20.5"}, FlinkUser: 9999,
		PullPolicy: "IfNotPresent", Environment: map[string]string{"AWS_SECRET_ACCESS_KEY": "only in the Secret"},
		Files: func(_ cluster.Ref, path string) (string, string, string, error) {
			return "http://weir/internal/v1/files/" + filepath.Base(path), "token", "5e0f", nil
		},
	})
}

func testSpec() cluster.Spec {
	return cluster.Spec{
		Ref:            cluster.Ref{Namespace: "default", DeploymentID: "0c4be10f-1f3b-4c15-93c4-6a3d1ab5a001", JobID: "6f1ed002-ab5a-4b3e-9d8c-000000000001", Target: "jobs"},
		DeploymentName: "orders", Artifact: cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "INSERT INTO o SELECT * FROM i"}, Parallelism: 2,
		Configuration: map[string]string{"execution.checkpointing.dir": "s3://b/checkpoints/jobs/6f1e"},
	}
}

func optionsIn(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// allOptions has every pod option.
const allOptions = `
labels: {team: blue}
pods:
  annotations: {prometheus.io/scrape: "true"}
  labels: {tier: gold}
  nodeSelector: {disk: ssd}
  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [a]}]}]}}}
  tolerations: [{key: dedicated, operator: Equal, value: streams, effect: NoSchedule}]
  imagePullSecrets: [{name: registry}]
  securityContext: {fsGroup: 1000}
  envVars: [{name: REGION, value: eu}, {name: PASSWORD, valueFrom: {secretKeyRef: {name: kafka, key: password}}}]
  volumeMounts:
  - {name: certificates, volume: {secret: {secretName: kafka-tls}}, volumeMount: {mountPath: /certificates, readOnly: true}}
  - {name: scratch, volume: {persistentVolumeClaim: {claimName: spill}}, volumeMount: {mountPath: /weir/run}}
  initContainers: [{name: wait, image: busybox, command: [sleep, "1"]}]
  containers: [{name: log, image: shipper}]
  serviceAccountName: streams
`

func TestObjects(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*cluster.Spec)
	}{
		{"engine", func(*cluster.Spec) {}},
		{"engine-options", func(s *cluster.Spec) {
			s.Kubernetes = optionsIn(t, allOptions)
			s.TaskManagers, s.TaskManagerCPU, s.TaskManagerMemory = 2, 1.5, 2<<30
		}},
		{"engine-template", func(s *cluster.Spec) {
			s.Kubernetes = optionsIn(t, `{jobManagerPodTemplate: {metadata: {annotations: {a: b}}, spec: {runtimeClassName: gvisor, containers: [{name: flink-jobmanager, resources: {limits: {memory: 3Gi}}, env: [{name: X, value: "1"}]}, {name: log, image: shipper}]}}}`)
		}},
		{"engine-session", func(s *cluster.Spec) {
			s.Ref = cluster.Ref{Namespace: "default", Session: "5e551035-c105-4e12-a001-000000000001"}
			s.Artifact, s.DeploymentName = cluster.Artifact{}, "shared"
		}},
		{"flink-sql", func(s *cluster.Spec) { s.Target = "jobs/flink"; s.TaskManagers = 2 }},
		{"flink-options", func(s *cluster.Spec) { s.Target = "jobs/flink"; s.Kubernetes = optionsIn(t, allOptions) }},
		{"flink-templates", func(s *cluster.Spec) {
			s.Target = "jobs/flink"
			s.Kubernetes = optionsIn(t, `{taskManagerPodTemplate: {spec: {containers: [{name: flink-taskmanager, image: "own/flink:9", resources: {limits: {memory: 4Gi, cpu: "2"}}}]}}}`)
		}},
		{"flink-jar", func(s *cluster.Spec) {
			s.Artifact = cluster.Artifact{Kind: "JAR", JarPath: "/var/lib/orders.jar", EntryClass: "com.example.Orders", Args: []string{"--x"}, Engine: "1.20", Dependencies: []string{"/var/lib/kafka.jar"}}
			s.Image = cluster.Image{Registry: "registry.example.com/team", Tag: "1.20-own"}
			s.JobManagerCPU, s.JobManagerMemory, s.TaskManagerCPU, s.TaskManagerMemory = 1, 1<<30, 2, 4<<30
		}},
		{"flink-python", func(s *cluster.Spec) {
			s.Artifact = cluster.Artifact{Kind: "PYTHON", JarPath: "/var/lib/orders.py", PythonLibraries: []string{"/var/lib/words.py"}, PythonArchives: []string{"/var/lib/data.zip#data"}}
		}},
		{"flink-available-own", func(s *cluster.Spec) {
			s.Target = "jobs/flink"
			s.Configuration["high-availability.type"] = "kubernetes"
			s.Kubernetes = optionsIn(t, `{pods: {serviceAccountName: streams}}`)
		}},
		{"flink-native", func(s *cluster.Spec) {
			s.Target = "jobs/flink"
			s.Configuration["execution.target"] = "kubernetes-application"
			s.TaskManagerCPU, s.TaskManagerMemory = 1.5, 2<<30
			s.Kubernetes = optionsIn(t, `{taskManagerPodTemplate: {metadata: {annotations: {a: b}}, spec: {containers: [{name: flink-main-container, env: [{name: X, value: "1"}]}, {name: log, image: shipper}]}}}`)
		}},
		{"flink-native-available", func(s *cluster.Spec) {
			s.Target = "jobs/flink"
			s.Configuration["execution.target"], s.Configuration["high-availability.type"] = "kubernetes-application", "kubernetes"
		}},
		{"flink-session", func(s *cluster.Spec) {
			s.Ref = cluster.Ref{Namespace: "default", Session: "5e551035-c105-4e12-a001-000000000001", Target: "jobs/flink"}
			s.Artifact, s.DeploymentName, s.TaskManagers = cluster.Artifact{}, "shared", 2
		}},
		{"flink-available", func(s *cluster.Spec) {
			s.Target = "jobs/flink"
			s.Configuration["high-availability.type"] = "kubernetes"
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := testSpec()
			tt.change(&spec)
			p, err := testLauncher().plan(spec, "jobs")
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			p.root.StringData = map[string]string{}
			for k, v := range p.root.Data { // as people can read it
				if strings.HasPrefix(k, variable) || !json.Valid(v) {
					p.root.StringData[k] = string(v)
					continue
				}
				var indented bytes.Buffer
				if err := json.Indent(&indented, v, "", " "); err != nil {
					t.Fatal(err)
				}
				p.root.StringData[k] = indented.String()
			}
			p.root.Data = nil
			for _, o := range append([]part{{secrets, p.root}}, append(p.parts, p.main)...) {
				u, err := plain(o.object)
				if err != nil {
					t.Fatal(err)
				}
				text, err := yaml.Marshal(u.Object)
				if err != nil {
					t.Fatal(err)
				}
				out.WriteString("---\n")
				out.Write(text)
			}
			path := filepath.Join("testdata", tt.name+".yaml")
			if *rewrite {
				if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(want, out.Bytes()) {
				t.Errorf("objects differ from %s (go test ./cluster/kubernetes -rewrite, then read the difference): %v\n%s", path, err, out.String())
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	for _, tt := range []struct {
		says   string
		change func(*cluster.Spec)
	}{
		{"unknown field \"pods.nodeSelektor\"", func(s *cluster.Spec) { s.Kubernetes = optionsIn(t, `{pods: {nodeSelektor: {a: b}}}`) }},
		{"cannot be set together", func(s *cluster.Spec) { s.Kubernetes = optionsIn(t, `{pods: {}, jobManagerPodTemplate: {}}`) }},
		{"volume weir-spec belongs to weir", func(s *cluster.Spec) {
			s.Kubernetes = optionsIn(t, `{pods: {volumeMounts: [{name: weir-spec, volume: {emptyDir: {}}, volumeMount: {mountPath: /x}}]}}`)
		}},
		{"state.backend.memory is 900 mb", func(s *cluster.Spec) { s.Configuration["state.backend.memory"] = "900 mb" }},
		{"on weir's engine only", func(s *cluster.Spec) { s.Target = "jobs/weir"; s.Artifact.Kind = "JAR" }},
		{"knows no image of Flink 1.19", func(s *cluster.Spec) { s.Target = "jobs/flink"; s.Artifact.Engine = "1.19" }},
		{"resources.taskmanager.memory", func(s *cluster.Spec) { s.Target = "jobs/flink"; s.TaskManagerMemory = 200 << 20 }},
		{"native mode is kubernetes-application", func(s *cluster.Spec) {
			s.Target = "jobs/flink"
			s.Configuration["execution.target"] = "kubernetes-per-job"
		}},
		{"kubernetes.pod-template-file.taskmanager names a file", func(s *cluster.Spec) {
			s.Target = "jobs/flink"
			s.Configuration["execution.target"], s.Configuration["kubernetes.pod-template-file.taskmanager"] = "kubernetes-application", "/etc/pod.yaml"
		}},
		{"high-availability.type zookeeper", func(s *cluster.Spec) {
			s.Target = "jobs/flink"
			s.Configuration["high-availability.type"] = "zookeeper"
		}},
		{"Kubernetes keeps", func(s *cluster.Spec) { s.Artifact.SQLScript = strings.Repeat("x", 2<<20) }},
		{"is not made of letters", func(s *cluster.Spec) { s.JobID = "../x" }},
	} {
		spec := testSpec()
		tt.change(&spec)
		_, err := testLauncher().plan(spec, "jobs")
		if !errors.Is(err, cluster.ErrRefused) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("want a refusal that says %q, got %v", tt.says, err)
		}
	}
}

func TestJobsForSessions(t *testing.T) {
	on := func(engine string, change func(*cluster.Artifact)) (cluster.Spec, error) {
		spec := testSpec()
		spec.Session, spec.Target = "5e551035-c105-4e12-a001-000000000001", "jobs"+engine
		spec.Artifact = cluster.Artifact{Kind: "JAR", JarPath: "/var/lib/orders.jar"}
		change(&spec.Artifact)
		return testLauncher().forSession(spec)
	}
	spec, err := on("/flink", func(a *cluster.Artifact) {
		a.Kind, a.JarPath, a.PythonArchives = "PYTHON", "/var/lib/orders.py", []string{"/var/lib/data.zip#data"}
	})
	if err != nil || len(spec.Files) != 2 || spec.Artifact.JarPath != spec.Files[1].To || spec.Artifact.PythonArchives[0] != spec.Files[0].To+"#data" {
		t.Errorf("%+v, %v", spec, err)
	}
	for _, f := range spec.Files {
		if !filepath.IsLocal(f.To) || f.URL == "" || f.Token == "" {
			t.Errorf("%+v", f)
		}
	}
	if _, err := on("", func(*cluster.Artifact) {}); !errors.Is(err, cluster.ErrRefused) || !strings.Contains(err.Error(), "engine: flink") {
		t.Errorf("a jar on a session cluster of the engine: %v", err)
	}
	if _, err := on("/flink", func(a *cluster.Artifact) { a.Dependencies = []string{"/var/lib/kafka.jar"} }); !errors.Is(err, cluster.ErrRefused) || !strings.Contains(err.Error(), "class path") {
		t.Errorf("a dependency on a session cluster: %v", err)
	}
}

func TestTargets(t *testing.T) {
	for _, tt := range []cluster.KubernetesTarget{
		{}, {Namespace: "a"}, {Namespace: "a", KubeconfigSecret: "s"}, {Namespace: "a", KubeconfigSecret: "s", Engine: "flink"}, {Engine: "weir"},
	} {
		if got := cluster.ParseKubernetesTarget(tt.String()); got != tt {
			t.Errorf("%+v became %q and %+v", tt, tt.String(), got)
		}
	}
}
