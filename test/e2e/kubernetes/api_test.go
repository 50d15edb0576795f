package kubernetes_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func (p *platform) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	p.t.Cleanup(cancel)
	return ctx
}

func (p *platform) get(name string) resource.Deployment {
	p.t.Helper()
	d, err := p.api.Deployments(p.team).Get(p.ctx(), name)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

func (p *platform) patch(name string, spec map[string]any) {
	p.t.Helper()
	if _, err := p.api.Deployments(p.team).Patch(p.ctx(), name, map[string]any{"spec": spec}); err != nil {
		p.t.Fatal(err)
	}
}

// patchTemplate changes what a deployment runs.
func (p *platform) patchTemplate(name string, fields map[string]any) {
	p.t.Helper()
	p.patch(name, map[string]any{"template": map[string]any{"spec": fields}})
}

// is waits until a deployment is as is wanted of it; it ends the test at once
// when the deployment has failed for good.
func (p *platform) is(name, what string, ok func(resource.Deployment) bool) resource.Deployment {
	p.t.Helper()
	var d resource.Deployment
	failed := time.Now()
	for end := failed.Add(10 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if d = p.get(name); ok(d) {
			return d
		}
		if d.Status.State != resource.StateFailed {
			failed = time.Now()
		} else if time.Since(failed) > 20*time.Second {
			break // it does not leave this state by itself
		}
	}
	described, _ := p.try("", "describe", "deployment", name)
	log, _ := os.ReadFile(p.log)
	p.t.Fatalf("%s is not %s:\n%s\n%s\n%s", name, what, described, p.record(name), log[max(0, len(log)-4000):])
	return d
}

// record is what happened to a deployment.
func (p *platform) record(name string) string {
	events, err := p.api.Events(p.team).List(p.ctx(), client.Query{DeploymentID: p.get(name).Metadata.ID})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %s %s\n", e.Metadata.CreatedAt.Format("15:04:05.000"), e.Metadata.Name, e.Spec.Message)
	}
	return b.String()
}

func (p *platform) settle(name string, want resource.State) resource.Deployment {
	p.t.Helper()
	return p.is(name, string(want), func(d resource.Deployment) bool { return d.Status.State == want })
}

func (p *platform) jobs(name string) []resource.Job {
	p.t.Helper()
	jobs, err := p.api.Jobs(p.team).List(p.ctx(), client.Query{DeploymentID: p.get(name).Metadata.ID})
	if err != nil {
		p.t.Fatal(err)
	}
	return jobs
}

// job is the running one of a deployment.
func (p *platform) job(d resource.Deployment) resource.Job {
	p.t.Helper()
	j, err := p.api.Jobs(p.team).Get(p.ctx(), d.Status.Running.JobID)
	if err != nil {
		p.t.Fatal(err)
	}
	return j
}

// runs waits until another job than that of before runs.
func (p *platform) runs(name, before string) resource.Deployment {
	p.t.Helper()
	return p.is(name, "running in another job than "+before, func(d resource.Deployment) bool {
		return d.Status.State == resource.StateFinished || d.Status.State == resource.StateRunning && d.Status.Running.JobID != before
	})
}

// saving waits until the running job has completed another checkpoint, and one
// more: it may have begun before what came before.
func (p *platform) saving(name string) {
	p.t.Helper()
	newest := func(d resource.Deployment) string {
		for _, j := range p.jobs(name) {
			if j.Metadata.ID == d.Status.Running.JobID {
				return j.Status.LatestCheckpoint.Location
			}
		}
		return ""
	}
	for seen, n := newest(p.get(name)), 0; n < 2; n++ {
		p.is(name, "checkpointing", func(d resource.Deployment) bool {
			now := newest(d)
			if now == "" || now == seen {
				return false
			}
			seen = now
			return true
		})
	}
}

// saved makes a savepoint of a deployment.
func (p *platform) saved(name string) resource.Savepoint {
	p.t.Helper()
	s, err := p.api.Savepoints(p.team).Create(p.ctx(), map[string]any{"metadata": map[string]any{"deploymentId": p.get(name).Metadata.ID}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.until("see savepoint "+s.Metadata.ID+" completed", func() bool {
		if s, err = p.api.Savepoints(p.team).Get(p.ctx(), s.Metadata.ID); err != nil {
			p.t.Fatal(err)
		}
		if s.Status.State == resource.SavepointFailed {
			p.t.Fatalf("the savepoint failed: %s", s.Status.Failure.Message)
		}
		return s.Status.State == resource.SavepointCompleted
	})
	return s
}

// removeAll cancels and deletes deployments. That nothing is left is for the
// end of the namespace.
func (p *platform) removeAll(names ...string) {
	p.t.Helper()
	for _, name := range names {
		p.patch(name, map[string]any{"state": "CANCELLED"})
		p.settle(name, resource.StateCancelled)
		if err := p.api.Deployments(p.team).Delete(p.ctx(), name); err != nil {
			p.t.Fatal(err)
		}
	}
}

// none wants that no object of weir's is in the namespace of the pods, soon:
// Kubernetes takes away what was owned, and pods that have ended.
func (p *platform) none(when string) {
	p.t.Helper()
	p.until("see nothing "+when, func() bool {
		out, err := p.kubectl("get", "pods,secrets,services,deployments,configmaps,serviceaccounts,roles,rolebindings", "-l", "app.kubernetes.io/managed-by=weir", "-o", "name")
		return err == nil && out == ""
	})
}

// pods are the names of the pods of a component that are not being deleted.
func (p *platform) pods(component string) []string {
	p.t.Helper()
	out, err := p.kubectl("get", "pods", "-l", "weir.io/component="+component, "-o", `go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}`)
	if err != nil {
		p.t.Fatal(out, err)
	}
	return strings.Fields(out)
}

// upload gives a file to the artifacts of the platform's namespace, and answers
// with its URI.
func (p *platform) upload(file string) string {
	p.t.Helper()
	said := strings.Fields(p.weir("artifact", "upload", file))
	return said[len(said)-1]
}

// linesIn are the lines of all committed files below a folder, sorted.
func (p *platform) linesIn(folder string) []string {
	p.t.Helper()
	var lines []string
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_") {
			return err
		}
		b, err := os.ReadFile(path)
		lines = append(lines, strings.Fields(string(b))...)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// same wants the same lines, and shows the first that differ.
func (p *platform) same(what string, got, want []string) {
	p.t.Helper()
	if slices.Equal(got, want) {
		return
	}
	missing, more := minus(want, got), minus(got, want)
	p.t.Errorf("%s: %d lines, want %d; missing %d: %v; too many %d: %v", what, len(got), len(want), len(missing), missing[:min(5, len(missing))], len(more), more[:min(5, len(more))])
}

// minus is what a has more often than b.
func minus(a, b []string) []string {
	count := map[string]int{}
	for _, l := range b {
		count[l]++
	}
	var left []string
	for _, l := range a {
		if count[l] > 0 {
			count[l]--
			continue
		}
		left = append(left, l)
	}
	return left
}
