package clustertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// RunSessions checks session clusters and the jobs on them: everything that
// Run checks, for jobs on one, and what is only true of a session cluster.
func RunSessions(t *testing.T, newSubject func(t *testing.T) Subject) []Result {
	const on = "jobs on a session cluster"
	var results []Result
	t.Run(on, func(t *testing.T) {
		results = run(t, newSubject, jobChecks, true)
	})
	for i := range results {
		results[i].Check = on + ": " + results[i].Check
	}
	return append(results, run(t, newSubject, []check{
		{"a session cluster that was never launched is absent, and so are its jobs", (*suite).noSession},
		{"a session cluster answers without a job and is terminated", (*suite).sessionLife},
		{"several jobs share a session cluster and end one by one", (*suite).sharing},
		{"a job that was terminated does not come again", (*suite).comesTooLate},
		{"with a session cluster its jobs are terminated", (*suite).sessionEnds},
		{"a session cluster whose process ended has no jobs", (*suite).sessionKilled},
		{"session clusters are found again by another launcher", (*suite).sessionReopen},
	}, false)...)
}

// sessionSpec describes the next start of a session cluster.
func (s *suite) sessionSpec() cluster.Spec {
	s.n++
	id := fmt.Sprintf("5e551035-c105-4e12-a001-%012x", s.n)
	return cluster.Spec{
		Ref: cluster.Ref{Namespace: "default", Session: id}, DeploymentName: "shared", TaskManagers: 1,
		Configuration: map[string]string{flink.IncarnationKey: id},
	}
}

// launchSession brings up a session cluster and waits until it answers.
func (s *suite) launchSession(t *testing.T) (cluster.Spec, *flink.Client) {
	t.Helper()
	spec := s.sessionSpec()
	return spec, s.launch(t, spec)
}

// on is the spec of a job on a session cluster.
func (s *suite) on(session cluster.Spec) cluster.Spec {
	spec := s.spec()
	spec.Session = session.Session
	return spec
}

func (s *suite) noSession(t *testing.T) {
	session := s.sessionSpec()
	job := s.on(session)
	s.wantAbsent(t, s.Launcher, session.Ref)
	s.wantAbsent(t, s.Launcher, job.Ref)
	if err := s.Launcher.Launch(s.ctx, job); err == nil || errors.Is(err, cluster.ErrRefused) {
		t.Errorf("launch on a session cluster that is not there: %v; want an error that is not ErrRefused", err)
	}
	s.wantAbsent(t, s.Launcher, job.Ref)
}

func (s *suite) sessionLife(t *testing.T) {
	spec, c := s.launchSession(t)
	s.wantPresent(t, s.Launcher, spec.Ref)
	config, err := c.Config(s.ctx)
	if got := flink.Lookup(config, flink.IncarnationKey); err != nil || got != spec.Session {
		t.Errorf("incarnation %q, %v; want %s", got, err, spec.Session)
	}
	jobs, err := c.Jobs(s.ctx)
	if err != nil || len(jobs) != 0 {
		t.Errorf("jobs %+v, %v; want none", jobs, err)
	}
	if err := s.Launcher.Launch(s.ctx, spec); err != nil {
		t.Errorf("launch again: %v", err)
	}
	if err := s.Launcher.Terminate(s.ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
	s.wantAbsent(t, s.Launcher, spec.Ref)
	if _, err := c.Overview(s.ctx); err == nil {
		t.Error("after Terminate the session cluster still answers")
	}
}

func (s *suite) sharing(t *testing.T) {
	session, c := s.launchSession(t)
	one, two := s.on(session), s.on(session)
	s.waitTasks(t, s.launch(t, one), one.Ref)
	s.waitTasks(t, s.launch(t, two), two.Ref)
	jobs, err := c.Jobs(s.ctx)
	// In which order, Flink does not say.
	slices.SortFunc(jobs, func(a, b flink.JobSummary) int { return strings.Compare(a.ID, b.ID) })
	if err != nil || len(jobs) != 2 || jobs[0].ID != one.FlinkJobID() || jobs[1].ID != two.FlinkJobID() {
		t.Errorf("jobs %+v, %v", jobs, err)
	}
	if err := c.Cancel(s.ctx, one.FlinkJobID()); err != nil {
		t.Fatal(err)
	}
	s.waitStatus(t, c, one.Ref, flink.JobCanceled)
	s.wantPresent(t, s.Launcher, one.Ref) // until it is terminated
	if err := s.Launcher.Terminate(s.ctx, one.Ref); err != nil {
		t.Fatal(err)
	}
	s.wantAbsent(t, s.Launcher, one.Ref)
	s.wantPresent(t, s.Launcher, two.Ref)
	s.wantPresent(t, s.Launcher, session.Ref)
	s.waitStatus(t, c, two.Ref, flink.JobRunning)
}

func (s *suite) comesTooLate(t *testing.T) {
	session, _ := s.launchSession(t)
	job := s.on(session)
	if err := s.Launcher.Terminate(s.ctx, job.Ref); err != nil { // before it came
		t.Fatal(err)
	}
	if err := s.Launcher.Launch(s.ctx, job); err == nil {
		t.Error("a job that was terminated is launched")
	}
	s.wantAbsent(t, s.Launcher, job.Ref)
}

func (s *suite) sessionEnds(t *testing.T) {
	session, _ := s.launchSession(t)
	job := s.on(session)
	s.waitTasks(t, s.launch(t, job), job.Ref)
	if err := s.Launcher.Terminate(s.ctx, session.Ref); err != nil {
		t.Fatal(err)
	}
	s.wantAbsent(t, s.Launcher, session.Ref)
	s.wantAbsent(t, s.Launcher, job.Ref)
}

func (s *suite) sessionKilled(t *testing.T) {
	if s.Kill == nil {
		t.Skip("the subject cannot be killed from outside")
	}
	session, _ := s.launchSession(t)
	job := s.on(session)
	s.waitTasks(t, s.launch(t, job), job.Ref)
	s.Kill(t, session.Ref)
	s.wait(t, "see it failed", func() (bool, string) {
		o := s.observe(t, s.Launcher, session.Ref)
		if o.Presence == cluster.Absent {
			t.Fatalf("observed %+v: a dead cluster is not absent before it is terminated", o)
		}
		return o.Failed && o.Message != "", fmt.Sprintf("%+v", o)
	})
	if o := s.observe(t, s.Launcher, job.Ref); o.Presence != cluster.Absent || o.Message == "" {
		t.Errorf("observed the job as %+v; want absent, with the reason", o)
	}
	if err := s.Launcher.Terminate(s.ctx, job.Ref); err != nil {
		t.Errorf("terminate a job that went with its session cluster: %v", err)
	}
	next := s.sessionSpec()
	s.launch(t, next)
	moved := job
	moved.Session = next.Session
	s.wantAbsent(t, s.Launcher, moved.Ref)
	s.wantPresent(t, s.Launcher, next.Ref)
}

func (s *suite) sessionReopen(t *testing.T) {
	if s.Reopen == nil {
		t.Skip("clusters do not outlive this launcher")
	}
	session, c := s.launchSession(t)
	job := s.on(session)
	s.waitTasks(t, s.launch(t, job), job.Ref)
	before, err := c.Job(s.ctx, job.FlinkJobID())
	if err != nil {
		t.Fatal(err)
	}
	again := s.Reopen(t)
	s.wantPresent(t, again, session.Ref)
	s.wantPresent(t, again, job.Ref)
	if err := again.Launch(s.ctx, job); err != nil {
		t.Fatal(err)
	}
	after, err := s.connect(t, again, job.Ref).Job(s.ctx, job.FlinkJobID())
	if err != nil || after.StartTime != before.StartTime {
		t.Errorf("the job started at %d and again at %d (%v)", before.StartTime, after.StartTime, err)
	}
	if err := again.Terminate(context.WithoutCancel(s.ctx), session.Ref); err != nil {
		t.Fatal(err)
	}
	s.wantAbsent(t, s.Launcher, job.Ref)
}
