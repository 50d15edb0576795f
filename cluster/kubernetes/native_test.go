package kubernetes

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestNativeStart calls what Flink's pods start with as Flink does.
func TestNativeStart(t *testing.T) {
	spec := testSpec()
	spec.Target = "jobs/flink"
	spec.Configuration[executionTarget] = "kubernetes-application"
	p, err := testLauncher().plan(spec, "jobs")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{nativeEntry, nativeStart} {
		text := strings.ReplaceAll(string(p.root.Data[name]), specDir, dir)
		text = strings.ReplaceAll(text, binDir+"/weir", `printf "[%s]"`)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// exec takes a program, and here printf is one.
	cmd := exec.Command(filepath.Join(dir, nativeEntry), "bash", "-c", `kubernetes-taskmanager.sh -D taskmanager.cpu.cores=0.5 -D pipeline.name='two words'`)
	cmd.Env = append(os.Environ(), "POD_IP=10.1.2.3", "POD_NAME=tm-1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"[flink][taskmanager]", "[--address][10.1.2.3][--name][tm-1][--native][--]", "[-D][taskmanager.cpu.cores=0.5][-D][pipeline.name=two words]"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("it says %s, want %s", out, want)
		}
	}
	if spec.Configuration[executionTarget] == "" || bytes.Contains(p.root.Data[specFile], []byte(executionTarget)) {
		t.Error("processes of Flink are told how a client is to start them")
	}
}

// TestNativeContainer knows which container of a pod that Flink made does the work.
func TestNativeContainer(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{labelComponent: componentTaskManager}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "log"}, {Name: nativeContainer}}},
		Status: corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{{
			Name: nativeContainer, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}},
		}}},
	}
	if s := mainStatus(pod); s == nil || s.Name != nativeContainer {
		t.Errorf("the container that does the work is %v", s)
	}
	if words := stuck(pod); !strings.Contains(words, "resources.taskmanager.memory") {
		t.Errorf("it says %q", words)
	}
}
