package platform_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/weir-streams/weir/test/kubernetes"
)

// line is a connection between places that can be cut: then nothing comes
// through any more, and nobody is told.
type line struct {
	address string
	mu      sync.Mutex
	isCut   bool
	open    map[net.Conn]bool
	running sync.WaitGroup
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{address: listener.Addr().String(), open: map[net.Conn]bool{}}
	l.running.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return // it is closed
			}
			l.running.Go(func() { l.lead(c, to) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		l.mu.Lock()
		for c := range l.open {
			_ = c.Close()
		}
		l.mu.Unlock()
		l.running.Wait()
	})
	return l
}

func (l *line) lead(near net.Conn, to string) {
	far, err := net.Dial("tcp", to)
	if err != nil {
		_ = near.Close()
		return
	}
	l.mu.Lock()
	l.open[near], l.open[far] = true, true
	l.mu.Unlock()
	pass := func(to, from net.Conn) {
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			for l.cut() && err == nil { // what was sent is on its way for ever
				n, err = from.Read(buffer)
			}
			if n > 0 {
				if _, err := to.Write(buffer[:n]); err != nil {
					break
				}
			}
			if err != nil {
				break
			}
		}
		_ = near.Close()
		_ = far.Close()
	}
	l.running.Go(func() { pass(far, near) })
	pass(near, far)
	l.mu.Lock()
	delete(l.open, near)
	delete(l.open, far)
	l.mu.Unlock()
}

func (l *line) cut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isCut
}

// set cuts the line, or mends it: then connections of before are lost.
func (l *line) set(isCut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = isCut
	if !isCut {
		for c := range l.open {
			_ = c.Close()
		}
	}
}

// kubeconfigOf is a kubeconfig of a service account that has the chart's rights
// in a namespace, and reaches pods through the API server.
func kubeconfigOf(t *testing.T, config *rest.Config, namespace, address string) string {
	t.Helper()
	rules := `[{"apiGroups":[""],"resources":["pods"],"verbs":["get","list","watch","create","delete"]},{"apiGroups":[""],"resources":["secrets"],"verbs":["get","create","update","patch","delete"]},
{"apiGroups":[""],"resources":["services"],"verbs":["get","list","create","patch","delete"]},{"apiGroups":["apps"],"resources":["deployments"],"verbs":["get","list","create","patch","delete"]},
{"apiGroups":[""],"resources":["events"],"verbs":["get","list"]},{"apiGroups":[""],"resources":["pods/log"],"verbs":["get"]},{"apiGroups":[""],"resources":["pods/proxy"],"verbs":["get","create","update","patch","delete"]}]`
	manifest := `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"far"}},
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"far"},"rules":` + rules + `},
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"far"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"far"},"subjects":[{"kind":"ServiceAccount","name":"far","namespace":"` + namespace + `"}]}]}`
	if _, err := kubernetes.Kubectl(manifest, "-n", namespace, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	token, err := kubernetes.Kubectl("", "-n", namespace, "create", "token", "far", "--duration=2h")
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	authority := config.CAData
	if len(authority) == 0 {
		if authority, err = os.ReadFile(config.CAFile); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "far",
		"clusters": []any{map[string]any{"name": "far", "cluster": map[string]any{
			"server": "https://" + address, "tls-server-name": at.Hostname(), "certificate-authority-data": base64.StdEncoding.EncodeToString(authority),
		}}},
		"users":    []any{map[string]any{"name": "far", "user": map[string]any{"token": strings.TrimSpace(token)}}},
		"contexts": []any{map[string]any{"name": "far", "context": map[string]any{"cluster": "far", "user": "far", "namespace": namespace}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestManyClustersFromOnePlace drives two clusters from one server that is in
// neither, and reaches the pods of both through their API servers. The second
// one is known by a kubeconfig in a secret value alone. While it cannot be
// reached, that is said, and the first one is as quick as ever.
func TestManyClustersFromOnePlace(t *testing.T) {
	config := adminConfig(t)
	at, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	l := newLine(t, at.Host)
	near, far := newNamespace(t), newNamespace(t)
	s := newServers(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "testsecret")
	api, _ := newOutsideServer(t, os.Getenv("KUBECONFIG"), near, "--kube-reach", "proxy", "--state", "s3://streams/many", "--s3-endpoint", s.s3.Endpoint, "--s3-path-style", "--checkpoint-interval", "1s")
	p := &platform{t: t, namespace: far, team: "default", url: api.Server()}
	apply := func(resource map[string]any) {
		t.Helper()
		b, err := json.Marshal(resource)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := p.try(string(b), "apply", "-f", "-"); err != nil {
			t.Fatalf("apply: %v: %s", err, out)
		}
	}
	apply(map[string]any{"kind": "SecretValue", "apiVersion": "v1", "metadata": map[string]any{"name": "far"}, "spec": map[string]any{"kind": "PLAIN", "value": kubeconfigOf(t, config, far, l.address)}})
	apply(map[string]any{"kind": "DeploymentTarget", "apiVersion": "v1", "metadata": map[string]any{"name": "far"}, "spec": map[string]any{
		"launcher": "kubernetes", "kubernetes": map[string]any{"namespace": far, "kubeconfigSecret": "far"},
	}})
	const rows = 3_000
	of := func(name, target, script string) {
		t.Helper()
		d := deployment(name, "default", script)
		d["spec"].(map[string]any)["deploymentTargetName"] = target
		apply(d)
	}
	of("near", "kubernetes", fmt.Sprintf(`CREATE TEMPORARY TABLE n (i BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '%d');
CREATE TEMPORARY TABLE o (i BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT i FROM n;`, 20))
	of("far", "far", s.numbered(rows, 20))
	p.weir("wait", "near", "--for", "running")
	p.weir("wait", "far", "--for", "running")
	job := p.lifeOf()
	scale := func(parallelism string) time.Duration {
		t.Helper()
		began := time.Now()
		p.weir("scale", "near", "--parallelism", parallelism)
		p.weir("wait", "near", "--for", "running")
		return time.Since(began)
	}
	before := scale("2")

	l.set(true)
	s.grows(t) // it runs on, unseen
	until(t, "be told that the second cluster cannot be reached", func() bool {
		out, err := p.try("", "describe", "deployment", "far")
		return err == nil && strings.Contains(out, "cannot be reached")
	})
	during := scale("1")
	t.Logf("the first cluster's upgrade took %s, and %s while the second one was out of reach", before.Round(10*time.Millisecond), during.Round(10*time.Millisecond))
	p.weir("scale", "far", "--parallelism", "2")
	scale("2")
	if now := p.lifeOf(); now != job {
		t.Errorf("out of reach, %+v runs, was %+v", now, job)
	}

	l.set(false)
	until(t, "have another job on the second cluster", func() bool { return p.lifeOf().job != job.job })
	p.weir("wait", "far", "--for", "finished")
	s.wantAll(t, rows)
	for _, name := range []string{"near", "far"} {
		p.weir("cancel", name)
		p.weir("wait", name, "--for", "cancelled")
		p.weir("delete", "deployment", name)
	}
	p.wantNothingLeft()
}
