package platform_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/kubernetes"
)

// newOutsideServer starts a server beside the cluster, by a kubeconfig.
func newOutsideServer(t *testing.T, kubeconfig, namespace string, more ...string) (api *client.Client, pid int) {
	t.Helper()
	args := append([]string{
		"server", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--default-launcher", "kubernetes", "--kubeconfig", kubeconfig,
		"--kube-namespace", namespace, "--kube-reach", "direct", "--pod-image", repository + ":" + tag, "--pod-image-pull-policy", "IfNotPresent", "--log-level", "warn",
	}, more...)
	cmd := exec.Command(os.Getenv("WEIR_BINARY"), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL) // it may have ended
		_ = cmd.Wait()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("the server said: %s", b[max(0, len(b)-4000):])
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, at, ok := strings.Cut(lines.Text(), "running at "); ok {
			if api, err = client.New(client.Options{Server: strings.TrimSpace(at), Author: "tester"}); err != nil {
				t.Fatal(err)
			}
			return api, cmd.Process.Pid
		}
	}
	b, _ := os.ReadFile(log.Name())
	t.Fatalf("the server did not start: %s", b)
	return nil, 0
}

// TestFiveHundredDeployments runs 500 deployments on a pretended node. What the
// server asks the API server for does not grow with those that do nothing.
// WEIR_E2E_MANY has another number of them, for a machine that does much else.
func TestFiveHundredDeployments(t *testing.T) {
	const idle = 30 * time.Second
	many := 500
	if n, err := strconv.Atoi(os.Getenv("WEIR_E2E_MANY")); err == nil {
		many = n
	}
	few := many / 5
	ns := kubernetes.Namespace(t, "many-"+strconv.FormatInt(time.Now().Unix()%1e6, 36))
	config := adminConfig(t)
	newKubelet(t, config, ns)
	c := newCounter(t, config, ns)
	state := t.TempDir()
	api, pid := newOutsideServer(t, c.kubeconfig, ns, "--state", state)
	deployments := api.Deployments("default")
	create := func(from, to int) {
		t.Helper()
		began, before := time.Now(), c.requests.Load()
		for i := from; i < to; i++ {
			d := deployment(fmt.Sprint("d", i), "default", "CREATE TEMPORARY TABLE n (i BIGINT) WITH ('connector' = 'datagen');\nCREATE TEMPORARY TABLE o (i BIGINT) WITH ('connector' = 'blackhole');\nINSERT INTO o SELECT i FROM n;")
			spec := d["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
			spec["kubernetes"] = map[string]any{"pods": map[string]any{
				"nodeSelector": map[string]any{"pretended": ns}, "tolerations": []any{map[string]any{"key": "pretended", "operator": "Exists"}},
			}}
			if _, err := deployments.Create(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		until(t, "have all run", func() bool {
			time.Sleep(time.Second) // asking costs, too
			all, err := deployments.List(t.Context(), client.Query{})
			if err != nil {
				t.Fatal(err)
			}
			n = 0
			for _, d := range all {
				if d.Status.State == resource.StateRunning {
					n++
				}
			}
			return n == to
		})
		t.Logf("%d more run after %s, with %.1f requests each", to-from, time.Since(began).Round(time.Second), float64(c.requests.Load()-before)/float64(to-from))
	}
	// quiet is how many requests are sent while nothing is to be done.
	quiet := func(n int) int64 {
		t.Helper()
		last := int64(-1)
		until(t, "see the server come to rest", func() bool {
			before := c.requests.Load()
			time.Sleep(5 * time.Second)
			now := c.requests.Load() - before
			rest := now == last || now == 0
			last = now
			return rest
		})
		requests, watches := c.requests.Load(), c.watches.Load()
		time.Sleep(idle)
		requests, watches = c.requests.Load()-requests, c.watches.Load()-watches
		t.Logf("%d deployments that do nothing: %.2f requests a second, %d new watches in %s; memory %s", n, float64(requests)/idle.Seconds(), watches, idle, memory(t, pid))
		return requests + watches
	}
	create(0, few)
	a := quiet(few)
	create(few, many)
	b := quiet(many)
	if b > a+3 {
		t.Errorf("%d deployments that do nothing cost %d requests in %s, %d cost %d", few, a, idle, many, b)
	}
}

var memoryLine = regexp.MustCompile(`(?m)^Vm(RSS|HWM):\s*(\d+) kB`)

// memory of a process, now and at most.
func memory(t *testing.T, pid int) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	size := map[string]int{}
	for _, m := range memoryLine.FindAllSubmatch(b, -1) {
		n, _ := strconv.Atoi(string(m[2]))
		size[string(m[1])] = n / 1024
	}
	return fmt.Sprintf("%d MiB, at most %d MiB", size["RSS"], size["HWM"])
}
