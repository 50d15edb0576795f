package kubernetes_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	launcher "github.com/weir-streams/weir/cluster/kubernetes"
	"github.com/weir-streams/weir/test/flink"
	"github.com/weir-streams/weir/test/kubernetes"
)

// inPods is a launcher that gives each pod a folder of this machine for state.
type inPods struct {
	*launcher.Launcher
	folder string
}

// sharedFolder mounts a folder of this machine, which all nodes see, at its own path.
func sharedFolder(folder string) map[string]any {
	return map[string]any{"pods": map[string]any{"volumeMounts": []any{map[string]any{
		"name": "shared", "volume": map[string]any{"hostPath": map[string]any{"path": folder}}, "volumeMount": map[string]any{"mountPath": folder},
	}}}}
}

func (l inPods) Launch(ctx context.Context, spec cluster.Spec) error {
	if !spec.OnSession() {
		spec.Kubernetes = sharedFolder(l.folder)
	}
	return l.Launcher.Launch(ctx, spec)
}

// shared makes a folder that pods of any user may write to.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "weir-kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil { // the umask counts for MkdirTemp
		t.Fatal(err)
	}
	return dir
}

func newLauncher(t *testing.T, namespace, folder string, change ...func(*launcher.Config)) inPods {
	t.Helper()
	direct := true
	c := launcher.Config{
		Kubeconfig: os.Getenv("KUBECONFIG"), Namespace: namespace, Image: weirImage, Direct: &direct, PullPolicy: "IfNotPresent",
		FlinkImages: map[string]string{"": flinkImage, "2.3": flinkImage}, FlinkUser: 9999,
		Log: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&c)
	}
	l := launcher.New(c)
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return inPods{l, folder}
}

// flinkImage is what images.sh calls it.
const flinkImage = "weir.local/flink:" + flink.Newest

// flinkImages are those of a platform.
const flinkImages = "2.3=" + flinkImage + ",1.20=weir.local/flink:" + flink.LongTerm

var namespaces atomic.Int64

// namespace makes a namespace of its own for a test, and afterwards wants that
// nothing of weir's is left in it.
func namespace(t *testing.T, labels ...string) string {
	t.Helper()
	name := "t" + strconv.FormatInt(time.Now().Unix()%1e6, 36) + strconv.FormatInt(namespaces.Add(1), 10)
	kubernetes.Namespace(t, name, labels...)
	t.Cleanup(func() { wantNothingLeft(t, name) })
	return name
}

func wantNothingLeft(t *testing.T, namespace string) {
	t.Helper()
	left := ""
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		out, err := kubernetes.Kubectl("", "-n", namespace, "get", "pods,secrets,services,configmaps,deployments,replicasets,serviceaccounts,roles,rolebindings,jobs",
			"-l", "app.kubernetes.io/managed-by=weir", "-o", "name")
		if left = strings.TrimSpace(out); err == nil && left == "" {
			return
		}
		if time.Now().After(end) {
			t.Errorf("left behind in %s: %s (%v)", namespace, left, err)
			return
		}
	}
}

// killMain ends the process in the main container of a cluster, from outside.
func killMain(t *testing.T, namespace, pod string) {
	t.Helper()
	if tryKillMain(namespace, pod) == 0 {
		t.Fatalf("no process of pod %s found", pod)
	}
}

func tryKillMain(namespace, pod string) int {
	uid, err := kubernetes.Kubectl("", "-n", namespace, "get", "pod", pod, "-o", "jsonpath={.metadata.uid}")
	if err != nil {
		return 0
	}
	killed := 0
	all, _ := filepath.Glob("/proc/[0-9]*/cgroup")
	for _, path := range all {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(b, []byte("pod"+uid)) {
			continue
		}
		dir := filepath.Dir(path)
		if comm, _ := os.ReadFile(filepath.Join(dir, "comm")); strings.TrimSpace(string(comm)) != "weir" && strings.TrimSpace(string(comm)) != "java" {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if err := syscall.Kill(pid, syscall.SIGKILL); err == nil {
			killed++
		}
	}
	return killed
}

func mainPodOf(ref cluster.Ref, component string) string {
	if ref.Session != "" {
		return "session-" + ref.Session + "-" + component
	}
	return "job-" + ref.JobID + "-" + component
}

const endlessSQL = `CREATE TEMPORARY TABLE n (i BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '20', 'fields.i.min' = '0', 'fields.i.max' = '1000');
CREATE TEMPORARY TABLE o (k BIGINT, c BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT MOD(i, 10), COUNT(*) FROM n GROUP BY MOD(i, 10);`

func TestFlinkPodsKeepTheContract(t *testing.T) {
	ns, folder := namespace(t), shared(t)
	subject := func(t *testing.T) clustertest.Subject {
		return clustertest.Subject{
			Launcher:  onFlink{newLauncher(t, ns, folder)},
			Reopen:    func(t *testing.T) cluster.Launcher { return onFlink{newLauncher(t, ns, folder)} },
			Artifact:  cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: endlessSQL},
			Broken:    &cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "SELEKT"},
			Directory: "file:" + folder,
			Kill:      func(t *testing.T, ref cluster.Ref) { killMain(t, ns, mainPodOf(ref, "jobmanager")) },
			Patience:  10 * time.Minute, // JVMs on a machine that does much else
			Advance:   func() { time.Sleep(100 * time.Millisecond) },
		}
	}
	clustertest.Run(t, subject)
	clustertest.RunSessions(t, subject)
}

// onFlink runs everything on Flink.
type onFlink struct{ inPods }

func (l onFlink) at(ref cluster.Ref) cluster.Ref {
	ref.Target = cluster.KubernetesTarget{Engine: "flink"}.String()
	return ref
}

func (l onFlink) Launch(ctx context.Context, spec cluster.Spec) error {
	spec.Ref = l.at(spec.Ref)
	if spec.IsSession() {
		spec.TaskManagers = 2 // of one slot each, for two jobs
	}
	return l.inPods.Launch(ctx, spec)
}
