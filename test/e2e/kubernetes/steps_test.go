package kubernetes_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// TestThePlatformIsKilledAtEveryStep changes a running deployment, and kills the
// server at each step on the way to the next job, as soon as that is seen.
func TestThePlatformIsKilledAtEveryStep(t *testing.T) {
	p, before := begin(t)
	p.deploy(numbered(p.folder, many, 100), 2)
	for _, step := range p.steps(before) {
		p.until(step.what, step.seen)
		p.kill()
		t.Logf("killed the server when %s", step.what)
		p.start()
	}
	p.runsNew(before)
	p.progress()
	p.finish(many)
}

// step is one on the way from a job to the next one.
type step struct {
	what string
	seen func() bool
}

// steps are those of an upgrade of a job.
func (p *platform) steps(before string) []step {
	job := func() resource.Job {
		j, err := p.api.Jobs(p.team).Get(ctx(), before)
		if err != nil {
			p.t.Fatal(err)
		}
		return j
	}
	stop := func() resource.Savepoint {
		all, err := p.api.Savepoints(p.team).List(ctx(), client.Query{JobID: before})
		if err != nil {
			p.t.Fatal(err)
		}
		for _, s := range all {
			if s.Spec.StopJob && s.Status.State != resource.SavepointFailed {
				return s
			}
		}
		return resource.Savepoint{}
	}
	next := func() resource.Job {
		if j := p.newestJob(); j.Metadata.ID != before {
			return j
		}
		return resource.Job{}
	}
	pod := func(of string) string {
		out, _ := p.kubectl("get", "pod", "job-"+of+"-engine", "--ignore-not-found", "-o", "jsonpath={.status.phase}{.metadata.deletionTimestamp}")
		return out
	}
	return []step{
		{"the change is accepted", func() bool { return true }},
		{"a savepoint is to be", func() bool { return stop().Metadata.ID != "" || next().Metadata.ID != "" }},
		{"it is asked for", func() bool { return !stop().Status.Asked.IsZero() || next().Metadata.ID != "" }},
		{"it is complete", func() bool { return stop().Status.State == resource.SavepointCompleted || next().Metadata.ID != "" }},
		{"the old job is being ended", func() bool { return job().Status.State != resource.JobStarted }},
		{"the old pod is to go", func() bool { s := pod(before); return s != "Running" }},
		{"the old job has ended", func() bool { return job().Status.State.Terminal() }},
		{"the new job is to start", func() bool { return next().Metadata.ID != "" }},
		{"its launch is asked for", func() bool { return next().Metadata.Annotations["weir.io/launch-asked"] != "" }},
		{"its root is there", func() bool {
			out, _ := p.kubectl("get", "secret", "job-"+next().Metadata.ID, "--ignore-not-found", "-o", "name")
			return out != "" || next().Status.State == resource.JobFailed
		}},
		{"its pod is there", func() bool { return pod(next().Metadata.ID) != "" || next().Status.State == resource.JobFailed }},
		{"its pod runs", func() bool { return pod(next().Metadata.ID) == "Running" || next().Status.State == resource.JobFailed }},
		{"the new job runs", func() bool { return next().Status.State == resource.JobStarted }},
	}
}

// TestThePodEndsInEveryState kills or deletes the pod of a deployment at each
// step of its life: no number is lost, and none comes twice.
func TestThePodEndsInEveryState(t *testing.T) {
	p, job := begin(t)
	pod := func(id string) string { return "job-" + id + "-engine" }
	phase := func(id string) string {
		out, _ := p.kubectl("get", "pod", pod(id), "--ignore-not-found", "-o", "jsonpath={.status.phase}")
		return out
	}
	kill := func(id string) { tryKillMain(p.namespace, pod(id)) }
	remove := func(id string) {
		if out, err := p.kubectl("delete", "pod", pod(id), "--ignore-not-found", "--wait=false"); err != nil {
			t.Fatal(out, err)
		}
	}
	next := func(but string) string {
		id := ""
		p.until("see another job", func() bool {
			id = p.newestJob().Metadata.ID
			return id != but
		})
		return id
	}
	for i, tt := range []struct {
		state string
		end   func(string)
		seen  func(id string) bool
	}{
		{"waits to start", remove, func(id string) bool { return phase(id) != "" }},
		{"starts", kill, func(id string) bool { return phase(id) == "Running" }},
		{"runs", kill, func(id string) bool { return p.get("orders").Status.State == resource.StateRunning }},
		{"runs", remove, func(id string) bool { return p.get("orders").Status.State == resource.StateRunning }},
	} {
		if i < 2 { // these are states of one that starts
			remove(job)
			job = next(job)
		}
		p.until("see that its pod "+tt.state, func() bool { return tt.seen(job) || p.newestJob().Metadata.ID != job })
		tt.end(job)
		t.Logf("ended the pod when it %s", tt.state)
		job = p.runsNew(job) // until the loss is seen the status is that of the one that is gone
	}
	p.progress()
	for i, state := range []string{"is asked for", "is complete"} {
		p.deploy(numbered(p.folder, many, 100+i), 1+(i+1)%2)
		p.until("see that a savepoint "+state, func() bool {
			all, err := p.api.Savepoints(p.team).List(ctx(), client.Query{JobID: job})
			return err == nil && slices.ContainsFunc(all, func(s resource.Savepoint) bool {
				return !s.Status.Asked.IsZero() && (i == 0 || s.Status.State == resource.SavepointCompleted)
			})
		})
		kill(job)
		t.Logf("killed the pod when its savepoint %s", state)
		job = p.runsNew(job)
		p.progress()
	}
	p.finish(many)
}

// TestHowLongAnUpgradeTakes measures from the change of a deployment until its
// new job has processed something, three times.
func TestHowLongAnUpgradeTakes(t *testing.T) {
	p := newPlatform(t, namespace(t), "")
	const script = `CREATE TEMPORARY TABLE n (i BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000', 'fields.i.min' = '0', 'fields.i.max' = '1000');
CREATE TEMPORARY TABLE o (k BIGINT, c BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT MOD(i, 10), COUNT(*) FROM n GROUP BY MOD(i, 10);`
	p.deploy(script, 1)
	job := p.runsNew()
	var took []time.Duration
	for i := range 3 {
		p.processes(job)
		patch := map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"parallelism": 1 + (i+1)%2}}}}
		began := time.Now()
		if _, err := p.api.Deployments(p.team).Patch(ctx(), "orders", patch); err != nil {
			t.Fatal(err)
		}
		before := job
		for job == before {
			job = p.newestJob().Metadata.ID
			time.Sleep(10 * time.Millisecond)
		}
		p.processes(job)
		took = append(took, time.Since(began))
		t.Logf("%d: %s", i+1, p.phases(before, job, began, took[i]))
	}
	slices.Sort(took)
	t.Logf("from PATCH to the new job processing on an engine pod: median of 3 %s, of %s", took[1].Round(10*time.Millisecond), took)
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}

// phases tells when what happened between a change and the new job.
func (p *platform) phases(before, job string, began time.Time, took time.Duration) string {
	p.t.Helper()
	events, err := p.api.Events(p.team).List(ctx(), client.Query{DeploymentID: p.get("orders").Metadata.ID, From: began})
	if err != nil {
		p.t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s in all", took.Round(10*time.Millisecond))
	for _, e := range events {
		fmt.Fprintf(&b, "\n  %6s %s: %s", e.Metadata.CreatedAt.Sub(began).Round(10*time.Millisecond), e.Metadata.Name, e.Spec.Message)
	}
	out, _ := p.kubectl("get", "pod", "job-"+job+"-engine", "-o", `jsonpath=pod created {.metadata.creationTimestamp}{range .status.conditions[*]}, {.type} {.lastTransitionTime}{end}, container {.status.containerStatuses[0].state.running.startedAt}`)
	return b.String() + "\n  " + out + ", changed " + began.UTC().Format(time.RFC3339Nano)
}

// processes waits until a job has taken in rows.
func (p *platform) processes(job string) {
	p.t.Helper()
	api := p.api
	for end := time.Now().Add(10 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var j struct {
			Vertices []struct {
				ID string `json:"id"`
			} `json:"vertices"`
		}
		at := "jobs/" + strings.ReplaceAll(job, "-", "")
		if err := api.FlinkJSON(ctx(), p.team, job, at, nil, &j); err == nil {
			for _, v := range j.Vertices {
				var all []struct {
					Sum float64 `json:"sum"`
				}
				query := url.Values{"get": {"numRecordsOut"}}
				if err := api.FlinkJSON(ctx(), p.team, job, at+"/vertices/"+v.ID+"/subtasks/metrics", query, &all); err == nil && len(all) > 0 && all[0].Sum > 0 {
					return
				}
			}
		}
		if time.Now().After(end) {
			p.t.Fatalf("job %s processes nothing", job)
		}
	}
}
