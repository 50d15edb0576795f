package standalone

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

func TestPlan(t *testing.T) {
	spec := cluster.Spec{
		Ref: cluster.Ref{JobID: "6f1ed002-ab5a-4b3e-9d8c-0000000000b1"}, DeploymentName: "orders: \"all\"", Parallelism: 5, TaskManagers: 2,
		Configuration: map[string]string{"rest.port": "8081", "io.tmp.dirs": "/fast", "a": "b: c # d"},
	}
	p, err := planOf(spec, "/d", ports{rest: 1, rpc: 2, blob: 3})
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{
		"rest.port": "1", "jobmanager.rpc.port": "2", "blob.server.port": "3", flink.IncarnationKey: spec.JobID, "taskmanager.numberOfTaskSlots": "3",
		"parallelism.default": "5", "pipeline.name": spec.DeploymentName, "io.tmp.dirs": "/fast", "a": "b: c # d",
	} {
		if p.config[k] != want {
			t.Errorf("%s is %q, want %q", k, p.config[k], want)
		}
	}
	if spec.Configuration["rest.port"] != "8081" {
		t.Error("the spec was changed")
	}
	if !p.frugal || p.taskManagers != 2 || p.taskManager.Managed != 32<<20 {
		t.Errorf("%+v", p)
	}
	if total := p.jobManager.Process() + p.taskManager.Process(); total > 1150<<20 {
		t.Errorf("the bounds of a small cluster are %d MiB", total>>20)
	}
	// 20 slots need more managed memory, or SQL fails.
	spec.Parallelism, spec.TaskManagers = 20, 1
	if p, err = planOf(spec, "/d", ports{}); err != nil || p.taskManager.Managed != 160<<20 {
		t.Errorf("%+v, %v", p.taskManager, err)
	}
	spec.TaskManagerMemory = 2 << 30
	if p, err = planOf(spec, "/d", ports{}); err != nil || p.frugal || p.taskManager.Process() > 2<<30 || p.taskManager.Process() < 2<<30-64 {
		t.Errorf("%+v, %v", p.taskManager, err)
	}
	for _, bad := range []map[string]string{
		{"taskmanager.numberOfTaskSlots": "0"}, {"taskmanager.numberOfTaskSlots": "x"}, {"taskmanager.memory.process.size": "100m"}, {"jobmanager.memory.process.size": "1x"},
	} {
		spec.Configuration = bad
		if _, err := planOf(spec, "/d", ports{}); !errors.Is(err, cluster.ErrRefused) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestConfigIsYAML(t *testing.T) {
	dir := t.TempDir()
	if err := writeConfig(dir, map[string]string{"b": "x: 'y' # \"z\"\nä", "a": "1"}, log4jOf(cluster.Logging{}, false)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "config.yaml"))
	if want := "\"a\": \"1\"\n\"b\": \"x: 'y' # \\\"z\\\"\\nä\"\n"; err != nil || string(b) != want {
		t.Errorf("%q, %v", b, err)
	}
}

func TestHighAvailability(t *testing.T) {
	for kind, want := range map[string]bool{"": false, "NONE": false, "none": false, "zookeeper": true} {
		if got := highlyAvailable(map[string]string{"high-availability.type": kind}); got != want {
			t.Errorf("%q: %v", kind, got)
		}
	}
	if !highlyAvailable(map[string]string{"high-availability": "zookeeper"}) {
		t.Error("the old key is not known")
	}
}

func TestScriptJar(t *testing.T) {
	b, err := scriptJar()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(z.File) != 2 || z.File[0].Name != "META-INF/MANIFEST.MF" || z.File[1].Name != "SqlRun.class" {
		t.Errorf("%v, %v", z, err)
	}
	if !bytes.HasPrefix(sqlRun, []byte{0xca, 0xfe, 0xba, 0xbe}) {
		t.Error("SqlRun.class is no class")
	}
}

func TestLastWords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("a ERROR b\n"+strings.Repeat("x ERROR y", 100)+"\ncalm\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	words := lastWords(path, func(s string) bool { return strings.Contains(s, "ERROR") })
	if !strings.HasPrefix(words, "x ERROR y") || len(words) > 510 {
		t.Errorf("%q", words)
	}
	if words := lastWords(path+".no", func(string) bool { return true }); words != "" {
		t.Errorf("%q", words)
	}
}
