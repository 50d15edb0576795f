package platform_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/test/kubernetes"
	"github.com/weir-streams/weir/test/postgres"
)

// server is a pod of the platform.
type server struct {
	pod, uid, address string
	leads             bool
}

var leads = regexp.MustCompile(`(?m)^weir_leader (\d)`)

// servers are the pods that run and answer.
func (p *platform) servers() []server {
	out, err := kubernetes.Kubectl("", "-n", p.namespace, "get", "pods", "-l", "app.kubernetes.io/component=server", "--field-selector", "status.phase=Running", "-o",
		`jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.status.podIP}{"\n"}{end}`)
	if err != nil {
		return nil
	}
	var all []server
	client := http.Client{Timeout: 5 * time.Second}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		answer, err := client.Get("http://" + f[2] + ":9090/metrics")
		if err != nil {
			continue
		}
		b, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		m := leads.FindSubmatch(b)
		if err != nil || m == nil {
			continue
		}
		all = append(all, server{f[0], f[1], f[2], string(m[1]) == "1"})
	}
	return all
}

// leader waits until two servers answer, and one of them leads that is not the
// one of before.
func (p *platform) leader(before string) server {
	p.t.Helper()
	var leader server
	until(p.t, "have another leader than "+before, func() bool {
		n := 0
		all := p.servers()
		for _, s := range all {
			if s.leads {
				n++
				leader = s
			}
		}
		return len(all) == 2 && n == 1 && leader.pod != before
	})
	return leader
}

// asked sends requests to the Service, each by a connection of its own, until it
// is told to end; it answers with how many failed.
func (p *platform) asked(ctx context.Context) (end func() (sent int, failed []string)) {
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var sent int
	var failed []string
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	wg.Go(func() {
		for ctx.Err() == nil {
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/namespaces/default/deployments", nil) // the address is right
			r.Header.Set("Authorization", "Bearer "+bootstrapToken)
			answer, err := client.Do(r)
			if ctx.Err() != nil {
				return
			}
			sent++
			switch {
			case err != nil:
				failed = append(failed, err.Error())
			case answer.StatusCode != http.StatusOK:
				failed = append(failed, answer.Status)
			}
			if err == nil {
				_ = answer.Body.Close()
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	return func() (int, []string) {
		stop()
		wg.Wait()
		return sent, failed
	}
}

// TestTwoServersShareADatabase installs two servers on PostgreSQL. One leads;
// when it is killed, the other one does, and when both are upgraded, nobody who
// asks them is refused. The job notices nothing of it.
func TestTwoServersShareADatabase(t *testing.T) {
	const rows = 6_000
	ns := newNamespace(t)
	s := newServers(t)
	values := s.blobs()
	database, err := url.Parse(postgres.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	database.User = nil
	merge(values, map[string]any{
		"replicaCount": 2,
		"vvp": map[string]any{"persistence": map[string]any{"type": "jdbc", "datasource": map[string]any{
			"url": "jdbc:" + strings.Replace(database.String(), "postgres:", "postgresql:", 1), "username": "postgres", "password": postgres.Password,
		}}},
		"affinity": map[string]any{"podAntiAffinity": map[string]any{"preferredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{
			"weight": 1, "podAffinityTerm": map[string]any{"topologyKey": "kubernetes.io/hostname", "labelSelector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/component": "server"}}},
		}}}},
	})
	p := install(t, ns, values)
	first := p.leader("")
	p.deploy("orders", s.numbered(rows, 100))
	p.weir("wait", "orders", "--for", "running")
	l := p.lifeOf()
	unharmed := func(after string) {
		t.Helper()
		p.weir("wait", "orders", "--for", "running")
		s.grows(t)
		if now := p.lifeOf(); now != l {
			t.Fatalf("after %s the job is %+v, was %+v", after, now, l)
		}
	}

	began := time.Now()
	if n := killPods(t, first.uid); n == 0 {
		t.Fatal("no process of the leader is found")
	}
	second := p.leader(first.pod)
	t.Logf("another server leads, and both answer, %s after the leader was killed", time.Since(began).Round(100*time.Millisecond))
	unharmed("its leader was killed")

	end := p.asked(t.Context())
	p.upgrade(map[string]any{"image": map[string]any{"tag": nextTag}})
	p.leader(second.pod)
	sent, failed := end()
	t.Logf("%d requests while both were upgraded, %d of them failed", sent, len(failed))
	if len(failed) > 0 || sent == 0 {
		t.Errorf("requests failed: %q", failed)
	}
	unharmed("an upgrade of both")

	// The new leader acts.
	p.weir("scale", "orders", "--parallelism", "2")
	p.weir("wait", "orders", "--for", "finished")
	s.wantAll(t, rows)
	p.remove("orders")
}
