package e2e

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func clientQuery(j resource.Job) client.Query {
	return client.Query{DeploymentID: j.Metadata.DeploymentID}
}

// watchIncarnations looks at all clusters of Flink until its result is called,
// and fails the test if ever two of them run a job. One that is seen running
// before and after another one is ran at the same time.
func (p *platform) watchIncarnations() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		last := ""
		seen := map[string]bool{} // clusters that others have followed
		for ctx.Err() == nil {
			sockets, _ := filepath.Glob(filepath.Join(p.data, "*", "*", "engine.sock"))
			for _, s := range sockets {
				if !processing(ctx, s) {
					continue
				}
				if seen[s] && s != last {
					p.t.Errorf("the cluster at %s runs its job while the one at %s does", s, last)
				}
				if s != last && last != "" {
					seen[last] = true
				}
				last = s
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	return func() { cancel(); wg.Wait() }
}

// processing tells whether a job runs on the cluster at a socket.
func processing(ctx context.Context, socket string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://cluster/jobs/overview", nil)
	if err != nil {
		return false
	}
	res, err := c.Do(r)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	var all struct {
		Jobs []struct {
			Name  string `json:"name"`
			State string `json:"state"`
			Tasks struct {
				Running int `json:"running"`
			} `json:"tasks"`
		} `json:"jobs"`
	}
	if json.NewDecoder(res.Body).Decode(&all) != nil {
		return false
	}
	for _, j := range all.Jobs {
		if j.Name != "weir warm-up" && j.State == "RUNNING" && j.Tasks.Running > 0 {
			return true
		}
	}
	return false
}

// removeAll cancels and deletes deployments; no process may be left of them.
func (p *platform) removeAll(names ...string) {
	p.t.Helper()
	for _, name := range names {
		p.patch(name, map[string]any{"spec": map[string]any{"state": "CANCELLED"}})
		p.settle(name, resource.StateCancelled)
		if err := p.api.Deployments("default").Delete(p.ctx(), name); err != nil {
			p.t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(time.Minute); len(p.processes()) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("processes are left behind: %v", p.processes())
		}
	}
}

// signalJVM sends a signal to the processes of a role.
func (p *platform) signalJVM(class string, s syscall.Signal) {
	p.t.Helper()
	pids := p.jvms(class)
	if len(pids) == 0 {
		p.t.Fatalf("no %s runs", class)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, s); err != nil {
			p.t.Fatal(err)
		}
	}
}
