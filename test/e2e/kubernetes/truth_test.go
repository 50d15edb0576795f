package kubernetes_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// truth looks at the deployment and at the processes of this machine all the
// time, and notes what must never be.
type truth struct {
	p    *platform
	stop context.CancelFunc
	done chan struct{}

	mu    sync.Mutex
	wrong []string
	said  []string // states and messages, in order
	looks int
}

// lookAllTheTime begins to look, until the test ends or end is called.
func (p *platform) lookAllTheTime() *truth {
	p.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t := &truth{p: p, stop: stop, done: make(chan struct{})}
	api := p.api // of the address that the server has again when it is started again
	go func() {
		defer close(t.done)
		for ctx.Err() == nil {
			t.look(ctx, api)
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	p.t.Cleanup(t.end)
	return t
}

// end stops looking, and says what was wrong.
func (t *truth) end() {
	t.p.t.Helper()
	t.stop()
	<-t.done
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.wrong {
		t.p.t.Error(w)
	}
	if t.looks > 0 {
		t.p.t.Logf("%d looks at its status; it said:\n%s", t.looks, strings.Join(t.said, "\n"))
	}
	t.wrong, t.looks, t.said = nil, 0, nil
}

func (t *truth) look(ctx context.Context, api *client.Client) {
	// Processes are looked at after the statuses: one that is there now was
	// there when it was said to have failed.
	var failed []string
	d, err := api.Deployments(t.p.team).Get(ctx, "orders")
	if err == nil {
		var jobs []resource.Job
		if jobs, err = api.Jobs(t.p.team).List(ctx, client.Query{DeploymentID: d.Metadata.ID}); err == nil {
			for _, j := range jobs {
				if j.Status.State == resource.JobFailed {
					failed = append(failed, j.Metadata.ID)
				}
			}
		}
	}
	running := enginesRunning()
	t.mu.Lock()
	defer t.mu.Unlock()
	wrong := func(format string, args ...any) {
		if s := fmt.Sprintf(format, args...); !slices.Contains(t.wrong, s) && len(t.wrong) < 20 {
			t.wrong = append(t.wrong, s)
		}
	}
	if len(running) > 1 {
		wrong("two jobs run at the same time: %v", running)
	}
	if err != nil {
		return // the server is not there; tests that end it know
	}
	t.looks++
	if d.Status.State == resource.StateFailed {
		wrong("the deployment is said to have failed: %s", d.Status.Message)
	}
	for _, id := range failed {
		if slices.Contains(running, id) {
			wrong("job %s is said to have failed while its process runs", id)
		}
	}
	line := fmt.Sprintf("  %s: %s", d.Status.State, d.Status.Message)
	if n := len(t.said); n == 0 || t.said[n-1] != line {
		t.said = append(t.said, line)
	}
}

// enginesRunning are the jobs that have an engine or JobManager in a pod of this
// cluster, as the kernel knows it and nobody in between.
func enginesRunning() []string {
	var jobs []string
	mine := []byte("/" + os.Getenv("CLUSTER") + "-n")
	all, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, path := range all {
		dir := filepath.Dir(path)
		if comm, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(comm)) != "weir" {
			continue
		}
		if group, err := os.ReadFile(filepath.Join(dir, "cgroup")); err != nil || !bytes.Contains(group, mine) {
			continue
		}
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil {
			continue // it has ended
		}
		for v := range bytes.SplitSeq(env, []byte{0}) {
			name, ok := strings.CutPrefix(string(v), "HOSTNAME=job-")
			if !ok {
				continue
			}
			for _, component := range []string{"-engine", "-jobmanager"} {
				if id, ok := strings.CutSuffix(name, component); ok && !slices.Contains(jobs, id) {
					jobs = append(jobs, id)
				}
			}
		}
	}
	return jobs
}

func ctx() context.Context { return context.Background() }

func (p *platform) newestJob() resource.Job {
	p.t.Helper()
	jobs := p.jobs("orders")
	if len(jobs) == 0 {
		return resource.Job{}
	}
	return jobs[len(jobs)-1]
}

// runsNew waits until a job runs that is none of some.
func (p *platform) runsNew(but ...string) string {
	p.t.Helper()
	id := ""
	p.until("see a new job run", func() bool {
		d := p.get("orders")
		id = d.Status.Running.JobID
		return d.Status.State == resource.StateRunning && id != "" && !slices.Contains(but, id)
	})
	return id
}

// progress waits until more was written than so far.
func (p *platform) progress() {
	p.t.Helper()
	before := len(output(p.t, p.folder))
	p.until("see more numbers come out", func() bool { return len(output(p.t, p.folder)) > before })
}

// finish lets it run fast, wants every number once, and removes the deployment.
func (p *platform) finish(rows int) {
	p.t.Helper()
	p.deploy(numbered(p.folder, rows, 100_000), 1)
	p.weir("wait", "orders", "--for", "finished")
	wantNumbers(p.t, p.folder, rows)
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}
