package kubernetes_test

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
)

// platform is a server beside the pods, with a deployment target for them.
type platform struct {
	t         *testing.T
	namespace string // of Kubernetes
	folder    string // that pods see too
	team      string // namespace of weir
	args      []string
	url       string
	api       *client.Client
	cmd       *exec.Cmd
	log       string // file
}

func newPlatform(t *testing.T, namespace, engine string) *platform {
	t.Helper()
	return newPlatformAt(t, namespace, engine, freeAddress(t, "127.0.0.1"))
}

// freeAddress is one that a server has now, and after it was started again.
func freeAddress(t *testing.T, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return at
}

// newReachablePlatform makes a platform that pods reach, too, which needs
// somebody to sign in.
func newReachablePlatform(t *testing.T, namespace, engine string, more ...string) *platform {
	t.Helper()
	at := freeAddress(t, "10.89.0.1") // of node 1
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("a-token-for-the-tests-of-pods-0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WEIR_TOKEN", "a-token-for-the-tests-of-pods-0123456789")
	return newPlatformAt(t, namespace, engine, at, append([]string{
		"--auth", "--auth-bootstrap-token-file", token, "--auth-admins", "user:bootstrap", "--pod-url", "http://" + at, "--external-url", "http://" + at,
	}, more...)...)
}

func newPlatformAt(t *testing.T, namespace, engine, listen string, more ...string) *platform {
	t.Helper()
	p := &platform{t: t, namespace: namespace, folder: shared(t)}
	for _, dir := range []string{"state", "out"} {
		if err := os.MkdirAll(filepath.Join(p.folder, dir), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(p.folder, dir), 0o777); err != nil { // pods are other users
			t.Fatal(err)
		}
	}
	p.args = []string{
		"server", "--listen", listen, "--data", t.TempDir(), "--state", filepath.Join(p.folder, "state"), "--checkpoint-interval", "1s",
		"--kubeconfig", os.Getenv("KUBECONFIG"), "--kube-reach", "direct", "--pod-image", weirImage, "--pod-image-pull-policy", "IfNotPresent",
		"--flink-images", flinkImages,
	}
	p.args = append(p.args, more...)
	p.start()
	t.Cleanup(p.kill)
	p.team = "default"
	if len(more) > 0 { // somebody signs in, and has a namespace
		p.team = "team"
		t.Setenv("WEIR_NAMESPACE", p.team)
		p.weir("namespace", "create", p.team, "--owner", "user:bootstrap")
	}
	p.apply(map[string]any{
		"kind": "DeploymentTarget", "apiVersion": "v1", "metadata": map[string]any{"name": "pods", "namespace": p.team},
		"spec": map[string]any{"launcher": "kubernetes", "kubernetes": without(map[string]any{"namespace": namespace, "engine": engine})},
	})
	return p
}

func without(m map[string]any) map[string]any {
	for k, v := range m {
		if v == "" {
			delete(m, k)
		}
	}
	return m
}

// start starts the server, and waits until it answers.
func (p *platform) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Getenv("WEIR_BINARY"), p.args...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(files(), strings.ReplaceAll(p.t.Name(), "/", "-")+".log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	p.cmd.Stderr, p.log = log, log.Name()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "running at "); ok {
			p.url = strings.TrimSpace(url)
			if p.api, err = client.New(client.Options{Server: p.url, Author: "tester", Token: os.Getenv("WEIR_TOKEN")}); err != nil {
				p.t.Fatal(err)
			}
			return
		}
	}
	p.t.Fatal("the server did not start; see ", log.Name())
}

// kill ends the server without notice.
func (p *platform) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	_ = p.cmd.Wait()
	p.cmd = nil
}

func (p *platform) try(stdin string, args ...string) (string, error) {
	cmd := exec.Command(os.Getenv("WEIR_BINARY"), args...)
	cmd.Env = append(os.Environ(), "WEIR_SERVER="+p.url)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p *platform) weir(args ...string) string {
	p.t.Helper()
	out, err := p.try("", args...)
	if err != nil {
		described, _ := p.try("", "describe", "deployment", "orders")
		p.t.Fatalf("weir %s: %v: %s\n%s", strings.Join(args, " "), err, out, described)
	}
	return out
}

func (p *platform) apply(resource map[string]any) {
	p.t.Helper()
	b, err := json.Marshal(resource)
	if err != nil {
		p.t.Fatal(err)
	}
	if out, err := p.try(string(b), "apply", "-f", "-"); err != nil {
		p.t.Fatalf("apply: %v: %s", err, out)
	}
}

// deploy applies a deployment of a script, changed as the test wants.
func (p *platform) deploy(script string, parallelism int, change ...func(template map[string]any)) {
	p.t.Helper()
	template := map[string]any{
		"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": script}, "parallelism": parallelism,
		"kubernetes": sharedFolder(p.folder),
	}
	for _, f := range change {
		f(template)
	}
	p.apply(map[string]any{
		"kind": "Deployment", "apiVersion": "v1", "metadata": map[string]any{"name": "orders", "namespace": p.team},
		"spec": map[string]any{
			"state": "RUNNING", "deploymentTargetName": "pods", "upgradeStrategy": map[string]any{"kind": "STATEFUL"},
			"template": map[string]any{"spec": template},
		},
	})
}

// mainPod waits for the running engine or JobManager.
func (p *platform) mainPod() string {
	p.t.Helper()
	var out string
	p.until("see the main pod run", func() bool {
		out, _ = p.kubectl("get", "pods", "-l", "weir.io/component in (engine,jobmanager)", "--field-selector", "status.phase=Running", "-o", "jsonpath={.items[*].metadata.name}")
		return out != "" && !strings.Contains(out, " ")
	})
	return out
}

func (p *platform) kubectl(args ...string) (string, error) {
	cmd := exec.Command("kubectl", append([]string{"-n", p.namespace}, args...)...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// until waits; what for is said when it does not come in ten minutes.
func (p *platform) until(what string, done func() bool) {
	p.t.Helper()
	for end := time.Now().Add(10 * time.Minute); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			described, _ := p.try("", "describe", "deployment", "orders")
			p.t.Fatalf("waited to %s\n%s", what, described)
		}
	}
}

// untilSaid waits until the description of the deployment says something.
func (p *platform) untilSaid(all ...string) {
	p.t.Helper()
	p.until("be told "+strings.Join(all, " and "), func() bool {
		out, err := p.try("", "describe", "deployment", "orders")
		if err != nil {
			return false
		}
		for _, text := range all {
			if !strings.Contains(out, text) {
				return false
			}
		}
		return true
	})
}
