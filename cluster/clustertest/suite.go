package clustertest

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// Subject is a launcher to be tested, and what the suite must know of it.
type Subject struct {
	Launcher cluster.Launcher
	// Reopen gives another launcher over the same ground, as after a restart
	// of the platform. Nil when clusters do not outlive their launcher.
	Reopen func(t *testing.T) cluster.Launcher
	// Artifact runs until it is stopped, and has state.
	Artifact cluster.Artifact
	// Broken cannot run: its job fails, or its launch is refused. Nil skips.
	Broken *cluster.Artifact
	// Kill ends the cluster's process from outside, so that it is present but
	// has failed. Nil skips.
	Kill func(t *testing.T, ref cluster.Ref)
	// Directory is where savepoints and checkpoints may be written.
	Directory string
	// Patience is how long a check may take; 0 is a minute.
	Patience time.Duration
	// Advance lets a little time pass; nil waits a few milliseconds.
	Advance func()
}

// patience is how long the suite waits for anything, unless the subject says. Nothing is measured by it.
const patience = time.Minute

type suite struct {
	Subject
	ctx     context.Context
	n       int
	session string // jobs are launched on this session cluster; empty: each on its own
}

type check struct {
	name string
	run  func(*suite, *testing.T)
}

// jobChecks are of a job, wherever it is.
var jobChecks = []check{
	{"a cluster that was never launched is absent", (*suite).neverLaunched},
	{"a launched cluster runs its job and is terminated", (*suite).life},
	{"launching again changes nothing", (*suite).launchAgain},
	{"many launches at once make one cluster", (*suite).launchTogether},
	{"clusters are independent", (*suite).independent},
	{"a stopped job leaves a savepoint from which another goes on", (*suite).stopAndGoOn},
	{"a job that is to start from nowhere fails", (*suite).startFromNowhere},
	{"a cancelled job is canceled and its cluster stays", (*suite).cancel},
	{"a broken program fails without looking absent", (*suite).broken},
	{"a cluster whose process ended is present and failed", (*suite).killed},
	{"clusters are found again by another launcher", (*suite).reopen},
	{"a cancelled context is an error", (*suite).cancelledContext},
}

// Run checks that a launcher keeps the contract of package cluster. Each check
// has a subject of its own.
func Run(t *testing.T, newSubject func(t *testing.T) Subject) []Result {
	return run(t, newSubject, jobChecks, false)
}

// Result is how a check of a launcher went.
type Result struct {
	Check           string
	Passed, Skipped bool
	Took            time.Duration
}

func run(t *testing.T, newSubject func(t *testing.T) Subject, checks []check, onSession bool) []Result {
	var results []Result
	for _, check := range checks {
		r, began := Result{Check: check.name}, time.Now()
		r.Passed = t.Run(check.name, func(t *testing.T) {
			defer func() { r.Skipped = t.Skipped() }()
			subject := newSubject(t)
			if subject.Patience == 0 {
				subject.Patience = patience
			}
			ctx, stop := context.WithTimeout(context.Background(), subject.Patience)
			defer stop()
			s := &suite{Subject: subject, ctx: ctx}
			if onSession {
				spec, _ := s.launchSession(t)
				s.session = spec.Session
			}
			check.run(s, t)
		})
		r.Took = time.Since(began)
		results = append(results, r)
	}
	return results
}

func (s *suite) spec() cluster.Spec {
	s.n++
	job := fmt.Sprintf("6f1ed002-ab5a-4b3e-9d8c-%012x", s.n)
	return cluster.Spec{
		Ref:            cluster.Ref{Namespace: "default", DeploymentID: "0c4be10f-1f3b-4c15-93c4-6a3d1ab5a001", JobID: job, Session: s.session},
		DeploymentName: "orders",
		Artifact:       s.Artifact,
		Parallelism:    1,
		TaskManagers:   1,
		Configuration: map[string]string{
			"pipeline.name": "orders", "parallelism.default": "1", flink.IncarnationKey: job,
			"execution.checkpointing.interval":                          "100 ms",
			"execution.checkpointing.dir":                               path.Join(s.Directory, "checkpoints"),
			"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
		},
	}
}

func (s *suite) launch(t *testing.T, spec cluster.Spec) *flink.Client {
	t.Helper()
	if err := s.Launcher.Launch(s.ctx, spec); err != nil {
		t.Fatalf("launch: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Launcher.Terminate(context.Background(), spec.Ref); err != nil {
			t.Errorf("terminate at the end: %v", err)
		}
	})
	return s.connect(t, s.Launcher, spec.Ref)
}

// connect waits until the cluster answers.
func (s *suite) connect(t *testing.T, l cluster.Launcher, ref cluster.Ref) *flink.Client {
	t.Helper()
	var client *flink.Client
	s.wait(t, "connect to the cluster", func() (bool, string) {
		c, err := l.Connect(s.ctx, ref)
		if err != nil && !errors.Is(err, cluster.ErrUnreachable) {
			t.Fatalf("connect: %v; want a client or ErrUnreachable", err)
		}
		client = c
		return err == nil, fmt.Sprint(err)
	})
	return client
}

func (s *suite) wait(t *testing.T, what string, done func() (bool, string)) {
	t.Helper()
	for {
		ok, seen := done()
		if ok {
			return
		}
		if s.ctx.Err() != nil {
			t.Fatalf("waited %s to %s; last seen: %s", s.Patience, what, seen)
		}
		if s.Advance != nil {
			s.Advance()
		} else {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func (s *suite) waitStatus(t *testing.T, c *flink.Client, ref cluster.Ref, want flink.JobStatus) {
	t.Helper()
	s.wait(t, "see the job "+string(want), func() (bool, string) {
		got, err := c.JobStatus(s.ctx, ref.FlinkJobID())
		if err == nil && got != want && got.Terminal() {
			e, _ := c.Exceptions(s.ctx, ref.FlinkJobID())
			t.Fatalf("job is %s, want %s; its exceptions: %s", got, want, e.Latest())
		}
		return err == nil && got == want, fmt.Sprint(got, " ", err)
	})
}

func (s *suite) waitTasks(t *testing.T, c *flink.Client, ref cluster.Ref) {
	t.Helper()
	s.waitStatus(t, c, ref, flink.JobRunning)
	s.wait(t, "see all tasks run", func() (bool, string) {
		d, err := c.Job(s.ctx, ref.FlinkJobID())
		return err == nil && d.AllTasksRunning(), fmt.Sprint(d.StatusCounts, " ", err)
	})
}

func (s *suite) observe(t *testing.T, l cluster.Launcher, ref cluster.Ref) cluster.Observation {
	t.Helper()
	o, err := l.Observe(s.ctx, ref)
	if err != nil {
		t.Fatalf("observe: %v", err)
	}
	return o
}

func (s *suite) wantAbsent(t *testing.T, l cluster.Launcher, ref cluster.Ref) {
	t.Helper()
	if o := s.observe(t, l, ref); o.Presence != cluster.Absent {
		t.Errorf("observed %+v, want absent", o)
	}
	if _, err := l.Connect(s.ctx, ref); !errors.Is(err, cluster.ErrGone) {
		t.Errorf("connect: %v, want ErrGone", err)
	}
	if err := l.Terminate(s.ctx, ref); err != nil {
		t.Errorf("terminate what is absent: %v", err)
	}
}

func (s *suite) wantPresent(t *testing.T, l cluster.Launcher, ref cluster.Ref) {
	t.Helper()
	if o := s.observe(t, l, ref); o.Presence != cluster.Present || o.Failed {
		t.Errorf("observed %+v, want present", o)
	}
}

func (s *suite) neverLaunched(t *testing.T) { s.wantAbsent(t, s.Launcher, s.spec().Ref) }

func (s *suite) life(t *testing.T) {
	spec := s.spec()
	c := s.launch(t, spec)
	config, err := c.Config(s.ctx)
	if err != nil || flink.Lookup(config, flink.IncarnationKey) != spec.Incarnation() {
		t.Errorf("incarnation %q, %v; want %s", flink.Lookup(config, flink.IncarnationKey), err, spec.Incarnation())
	}
	s.waitTasks(t, c, spec.Ref)
	s.wantPresent(t, s.Launcher, spec.Ref)
	jobs, err := c.Jobs(s.ctx)
	if err != nil || len(jobs) != 1 || jobs[0].ID != spec.FlinkJobID() || jobs[0].Name != spec.DeploymentName {
		t.Errorf("jobs %+v, %v", jobs, err)
	}
	if err := s.Launcher.Terminate(s.ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
	s.wantAbsent(t, s.Launcher, spec.Ref)
}

func (s *suite) launchAgain(t *testing.T) {
	spec := s.spec()
	c := s.launch(t, spec)
	s.waitTasks(t, c, spec.Ref)
	before, err := c.Job(s.ctx, spec.FlinkJobID())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Launcher.Launch(s.ctx, spec); err != nil {
		t.Fatal(err)
	}
	after, err := s.connect(t, s.Launcher, spec.Ref).Job(s.ctx, spec.FlinkJobID())
	if err != nil || after.StartTime != before.StartTime {
		t.Errorf("the job started at %d and again at %d (%v)", before.StartTime, after.StartTime, err)
	}
}

func (s *suite) launchTogether(t *testing.T) {
	spec := s.spec()
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = s.Launcher.Launch(s.ctx, spec) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	c := s.launch(t, spec)
	s.waitTasks(t, c, spec.Ref)
	jobs, err := c.Jobs(s.ctx)
	if err != nil || len(jobs) != 1 {
		t.Errorf("jobs %+v, %v", jobs, err)
	}
	if err := s.Launcher.Terminate(s.ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
	if s.session != "" {
		if _, err := c.JobStatus(s.ctx, spec.FlinkJobID()); !flink.IsNotFound(err) {
			t.Errorf("after Terminate the session cluster still knows the job: %v", err)
		}
	} else if _, err := c.Overview(s.ctx); err == nil {
		t.Error("after Terminate a cluster still answers")
	}
}

func (s *suite) independent(t *testing.T) {
	one, two := s.spec(), s.spec()
	s.waitTasks(t, s.launch(t, one), one.Ref)
	c := s.launch(t, two)
	s.waitTasks(t, c, two.Ref)
	if err := s.Launcher.Terminate(s.ctx, one.Ref); err != nil {
		t.Fatal(err)
	}
	s.wantAbsent(t, s.Launcher, one.Ref)
	s.wantPresent(t, s.Launcher, two.Ref)
	s.waitStatus(t, c, two.Ref, flink.JobRunning)
}

func (s *suite) stopAndGoOn(t *testing.T) {
	const trigger = "0a0b0c0d0e0f00010203040506070809"
	spec := s.spec()
	c := s.launch(t, spec)
	s.waitTasks(t, c, spec.Ref)
	for range 2 { // asking again changes nothing
		err := c.StopWithSavepoint(s.ctx, spec.FlinkJobID(), flink.StopRequest{TriggerID: trigger, TargetDirectory: path.Join(s.Directory, "savepoints")})
		if err != nil {
			t.Fatal(err)
		}
	}
	var result flink.SavepointResult
	s.wait(t, "see the stop end", func() (bool, string) {
		r, err := c.SavepointStatus(s.ctx, spec.FlinkJobID(), trigger)
		if err != nil {
			t.Fatal(err)
		}
		result = r
		return r.State != flink.InProgress, fmt.Sprintf("%+v", r)
	})
	if result.State != flink.Completed || !strings.Contains(result.Location, "savepoints") {
		t.Fatalf("stop: %+v", result)
	}
	s.waitStatus(t, c, spec.Ref, flink.JobFinished)
	s.wantPresent(t, s.Launcher, spec.Ref)
	if err := s.Launcher.Terminate(s.ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
	next := s.spec()
	next.SavepointLocation = result.Location
	next.Parallelism = 2
	next.Configuration["parallelism.default"] = "2"
	c = s.launch(t, next)
	s.waitTasks(t, c, next.Ref)
	ck, err := c.Checkpoints(s.ctx, next.FlinkJobID())
	// A job that has failed since then last recovered from a checkpoint of its own.
	from := ck.Latest.Restored
	if err != nil || from == nil || !flink.SameLocation(from.ExternalPath, result.Location) && !strings.Contains(from.ExternalPath, next.FlinkJobID()) {
		e, _ := c.Exceptions(s.ctx, next.FlinkJobID())
		t.Errorf("restored %+v, %v; want %s; its exceptions: %s", from, err, result.Location, e.Latest())
	}
}

func (s *suite) startFromNowhere(t *testing.T) {
	spec := s.spec()
	spec.SavepointLocation = path.Join(s.Directory, "savepoints", "nosuch")
	s.wantFailed(t, spec, "nosuch")
}

func (s *suite) broken(t *testing.T) {
	if s.Broken == nil {
		t.Skip("the subject has no broken program")
	}
	spec := s.spec()
	spec.Artifact = *s.Broken
	s.wantFailed(t, spec, "")
}

// wantFailed launches what cannot run, and wants to be told so: by the launch,
// by the observation, or by the job with its exceptions.
func (s *suite) wantFailed(t *testing.T, spec cluster.Spec, says string) {
	t.Helper()
	if err := s.Launcher.Launch(s.ctx, spec); err != nil {
		if !errors.Is(err, cluster.ErrRefused) {
			t.Errorf("launch: %v, want ErrRefused or none", err)
		}
		return
	}
	defer func() {
		if err := s.Launcher.Terminate(context.Background(), spec.Ref); err != nil {
			t.Error(err)
		}
	}()
	s.wait(t, "be told that it failed", func() (bool, string) {
		o := s.observe(t, s.Launcher, spec.Ref)
		if o.Presence == cluster.Absent {
			t.Fatalf("observed %+v: a failed cluster must not look absent", o)
		}
		if o.Failed {
			if o.Message == "" || !strings.Contains(o.Message, says) {
				t.Errorf("observed %+v; want a message that names %q", o, says)
			}
			return true, ""
		}
		c, err := s.Launcher.Connect(s.ctx, spec.Ref)
		if err != nil {
			return false, err.Error()
		}
		status, err := c.JobStatus(s.ctx, spec.FlinkJobID())
		if err != nil || status != flink.JobFailed {
			return false, fmt.Sprint(status, " ", err)
		}
		e, err := c.Exceptions(s.ctx, spec.FlinkJobID())
		if err != nil || e.Latest() == "" || !strings.Contains(e.Latest(), says) {
			t.Errorf("exceptions %+v, %v; want a cause that names %q", e, err, says)
		}
		return true, ""
	})
}

func (s *suite) cancel(t *testing.T) {
	spec := s.spec()
	c := s.launch(t, spec)
	s.waitTasks(t, c, spec.Ref)
	if err := c.Cancel(s.ctx, spec.FlinkJobID()); err != nil {
		t.Fatal(err)
	}
	s.waitStatus(t, c, spec.Ref, flink.JobCanceled)
	s.wantPresent(t, s.Launcher, spec.Ref)
}

func (s *suite) killed(t *testing.T) {
	if s.Kill == nil || s.session != "" {
		t.Skip("the subject cannot be killed from outside")
	}
	spec := s.spec()
	s.waitTasks(t, s.launch(t, spec), spec.Ref)
	s.Kill(t, spec.Ref)
	s.wait(t, "see it failed", func() (bool, string) {
		o := s.observe(t, s.Launcher, spec.Ref)
		if o.Presence == cluster.Absent {
			t.Fatalf("observed %+v: a dead cluster is not absent before it is terminated", o)
		}
		return o.Failed && o.Message != "", fmt.Sprintf("%+v", o)
	})
	if _, err := s.Launcher.Connect(s.ctx, spec.Ref); !errors.Is(err, cluster.ErrUnreachable) {
		t.Errorf("connect: %v, want ErrUnreachable", err)
	}
	if err := s.Launcher.Launch(s.ctx, spec); err != nil {
		t.Errorf("launch again: %v", err)
	}
	if o := s.observe(t, s.Launcher, spec.Ref); !o.Failed {
		t.Errorf("observed %+v: launching again must not start a job a second time", o)
	}
	if err := s.Launcher.Terminate(s.ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
	s.wantAbsent(t, s.Launcher, spec.Ref)
}

func (s *suite) reopen(t *testing.T) {
	if s.Reopen == nil {
		t.Skip("clusters do not outlive this launcher")
	}
	spec := s.spec()
	c := s.launch(t, spec)
	s.waitTasks(t, c, spec.Ref)
	before, err := c.Job(s.ctx, spec.FlinkJobID())
	if err != nil {
		t.Fatal(err)
	}
	again := s.Reopen(t)
	s.wantPresent(t, again, spec.Ref)
	if err := again.Launch(s.ctx, spec); err != nil {
		t.Fatal(err)
	}
	after, err := s.connect(t, again, spec.Ref).Job(s.ctx, spec.FlinkJobID())
	if err != nil || after.StartTime != before.StartTime {
		t.Errorf("the job started at %d and again at %d (%v)", before.StartTime, after.StartTime, err)
	}
	if err := again.Terminate(s.ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
	s.wantAbsent(t, again, spec.Ref)
	s.wantAbsent(t, s.Launcher, spec.Ref)
}

func (s *suite) cancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	spec := s.spec()
	if err := s.Launcher.Launch(ctx, spec); err == nil {
		t.Error("launch: no error")
	}
	if o, err := s.Launcher.Observe(s.ctx, spec.Ref); err != nil || o.Presence == cluster.Unknown {
		t.Errorf("observed %+v, %v afterwards", o, err)
	}
	if err := s.Launcher.Terminate(s.ctx, spec.Ref); err != nil {
		t.Error(err)
	}
}
