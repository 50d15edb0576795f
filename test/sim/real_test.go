package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/control/deployment"
	"github.com/weir-streams/weir/control/job"
	"github.com/weir-streams/weir/control/savepoint"
	"github.com/weir-streams/weir/flink/flinktest"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/store"
)

// platform is the real thing: store, loop and controllers, in real time, over
// clusters that are real JobManagers by their REST API.
type platform struct {
	t    *testing.T
	db   *store.DB
	fake *clustertest.Fake
}

func startPlatform(t *testing.T, timing flinktest.Timing) *platform {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	fake := clustertest.NewFake(clustertest.Options{Timing: timing, Start: time.Now(), Customize: func(s cluster.Spec, o *flinktest.Options) {
		if strings.Contains(s.Artifact.SQLScript, "no_such_table") {
			o.Broken = "org.apache.flink.table.api.ValidationException: Object 'no_such_table' not found"
		}
	}})
	clusters := control.NewClusters(map[string]cluster.Launcher{"fake": fake})
	log := slog.New(slog.DiscardHandler)
	loop := control.NewLoop(log, db.Subscribe, control.Options{},
		deployment.New(deployment.Needs{
			Deployments: db.Deployments(), Jobs: db.Jobs(), Savepoints: db.Savepoints(), Targets: db.Targets(),
			Revisions: db, Launchers: clusters, Events: db.Events(), Log: log,
		}, deployment.Config{StateBase: "file:/state", DefaultLauncher: "fake"}),
		job.New(job.Needs{Jobs: db.Jobs(), Savepoints: db.Savepoints(), Clusters: clusters, Events: db.Events(), Log: log}, job.Config{}),
		savepoint.New(savepoint.Needs{Savepoints: db.Savepoints(), Jobs: db.Jobs(), Clusters: clusters, Events: db.Events(), Log: log}, savepoint.Config{}),
	)
	done := make(chan error, 2)
	go func() { done <- loop.Run(ctx) }()
	go func() { // the clusters' time is ours
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				done <- nil
				return
			case now := <-tick.C:
				fake.Advance(now.Sub(fake.Now()))
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Targets().Create(ctx, "user", resource.DeploymentTarget{Metadata: resource.Metadata{Name: "local", Namespace: "default"}}); err != nil {
		t.Fatal(err)
	}
	return &platform{t, db, fake}
}

func (p *platform) deploy(name string) resource.Deployment {
	p.t.Helper()
	d := resource.Deployment{Metadata: resource.Metadata{Name: name, Namespace: "default"}}
	d.Spec = resource.BuiltinDefaults().Spec
	d.Spec.State = resource.StateRunning
	d.Spec.DeploymentTargetName = "local"
	d.Spec.Template.Spec.Artifact = resource.Artifact{Kind: resource.ArtifactSQLScript, SQLScript: "INSERT INTO b SELECT * FROM a"}
	d.CountSpecVersion(resource.Deployment{})
	d, err := p.db.Deployments().Create(p.t.Context(), "user", d)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.wait(d.Metadata.ID, resource.StateRunning)
}

func (p *platform) edit(id string, change func(*resource.DeploymentSpec)) {
	p.t.Helper()
	_, err := p.db.Deployments().Update(p.t.Context(), "user", id, func(d *resource.Deployment) error {
		old := *d
		d.Spec.Template.Spec.FlinkConfiguration = maps.Clone(d.Spec.Template.Spec.FlinkConfiguration)
		change(&d.Spec)
		d.CountSpecVersion(old)
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// wait until a deployment has settled on its newest spec.
func (p *platform) wait(id string, state resource.State) resource.Deployment {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute) // against hanging, not a measure
	defer cancel()
	changes := p.db.Subscribe(ctx)
	for {
		d, err := p.db.Deployments().Get(ctx, id)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			p.t.Fatal(err)
		}
		tr := d.Status.Transition
		if d.Status.State == state && tr.SpecVersion == d.SpecVersion() && tr.WantedState == d.Spec.State {
			if state != resource.StateRunning {
				return d
			}
			if j, err := p.db.Jobs().Get(ctx, d.Status.Running.JobID); err == nil && j.Metadata.SpecVersion() == d.SpecVersion() {
				return d
			}
		}
		select {
		case <-changes:
		case <-ctx.Done():
			p.t.Fatalf("deployment is %s (%s), want %s\n%s", d.Status.State, d.Status.Message, state, p.story(id))
		}
	}
}

func (p *platform) story(id string) string {
	all, err := p.db.Events().List(context.WithoutCancel(p.t.Context()), resource.Filter{DeploymentID: id})
	if err != nil {
		p.t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range all {
		fmt.Fprintf(&b, "%s %s: %s\n", e.Metadata.CreatedAt.Format("05.000"), e.Metadata.Name, e.Spec.Message)
	}
	return b.String()
}

func (p *platform) jobs(id string) []resource.Job {
	p.t.Helper()
	all, err := p.db.Jobs().List(p.t.Context(), resource.Filter{DeploymentID: id})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

func (p *platform) cluster(j resource.Job) *clustertest.Cluster {
	return p.fake.Cluster(control.Ref(j))
}

func TestARealUpgradeKeepsItsState(t *testing.T) {
	p := startPlatform(t, flinktest.Timing{Initialize: 5 * time.Millisecond, Deploy: 5 * time.Millisecond, Savepoint: 5 * time.Millisecond})
	d := p.deploy("orders")
	before := p.jobs(d.Metadata.ID)[0]
	var took []time.Duration
	for n := 2; n <= 6; n++ {
		begin := time.Now()
		p.edit(d.Metadata.ID, func(s *resource.DeploymentSpec) { s.Template.Spec.Parallelism = n })
		p.wait(d.Metadata.ID, resource.StateRunning)
		took = append(took, time.Since(begin))
	}
	jobs := p.jobs(d.Metadata.ID)
	if len(jobs) != 6 {
		t.Fatalf("%d jobs after 5 upgrades", len(jobs))
	}
	last := jobs[5]
	c := p.cluster(last)
	if c == nil || c.StartPosition() == 0 {
		t.Fatalf("the last job started with no state\n%s", p.story(d.Metadata.ID))
	}
	if len(p.fake.Clusters()) != 1 || p.cluster(before) != nil {
		t.Errorf("clusters left: %s", p.fake)
	}
	if jobs[0].Status.State != resource.JobTerminated || last.Status.Restored.Location == "" {
		t.Errorf("first job %s, last restored %q", jobs[0].Status.State, last.Status.Restored.Location)
	}
	slices.Sort(took)
	t.Logf("upgrades took %v\n%s", took, p.story(d.Metadata.ID))
}

func TestARealUpgradeThatCannotStartIsUndone(t *testing.T) {
	p := startPlatform(t, flinktest.Timing{})
	d := p.deploy("orders")
	id := d.Metadata.ID
	p.edit(id, func(s *resource.DeploymentSpec) {
		s.MaxJobCreationAttempts = 1
		s.Template.Spec.Artifact.SQLScript = "INSERT INTO b SELECT * FROM no_such_table"
	})
	deadline := time.Now().Add(time.Minute)
	for {
		d = p.wait(id, resource.StateRunning)
		if d.Metadata.Generation == 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(p.story(id))
		}
	}
	if strings.Contains(d.Spec.Template.Spec.Artifact.SQLScript, "no_such_table") || d.Status.Transition.RolledBackFrom != 2 {
		t.Errorf("after the roll-back: %+v", d)
	}
	jobs := p.jobs(id)
	if len(jobs) != 3 || jobs[1].Status.State != resource.JobFailed || !strings.Contains(jobs[1].Status.Failure.Message, "no_such_table") {
		t.Errorf("jobs: %+v", jobs)
	}
	if a, b := jobs[1].Spec.SavepointLocation, jobs[2].Spec.SavepointLocation; a == "" || a != b {
		t.Errorf("started from %q, then from %q", a, b)
	}
	revisions, err := p.db.Revisions(t.Context(), resource.KindDeployment, id)
	if err != nil || len(revisions) != 3 || revisions[2].Author != control.By {
		t.Errorf("revisions: %+v, %v", revisions, err)
	}
	if story := p.story(id); !strings.Contains(story, string(resource.EventRolledBack)) {
		t.Error(story)
	}
}

func TestSuspendCancelResumeAndResetForReal(t *testing.T) {
	p := startPlatform(t, flinktest.Timing{Checkpoint: 20 * time.Millisecond})
	d := p.deploy("orders")
	id := d.Metadata.ID
	set := func(state resource.State) {
		p.edit(id, func(s *resource.DeploymentSpec) { s.State = state })
		p.wait(id, state)
	}
	set(resource.StateSuspended)
	if n := len(p.fake.Clusters()); n != 0 {
		t.Errorf("%d clusters while suspended", n)
	}
	set(resource.StateRunning)
	set(resource.StateCancelled)
	set(resource.StateRunning)
	savepoints, err := p.db.Savepoints().List(t.Context(), resource.Filter{DeploymentID: id})
	if err != nil {
		t.Fatal(err)
	}
	origins := []resource.SavepointOrigin{}
	for _, s := range savepoints {
		origins = append(origins, s.Metadata.Origin)
	}
	if origins[0] != resource.OriginSuspend {
		t.Fatalf("savepoints: %v\n%s", origins, p.story(id))
	}
	jobs := p.jobs(id)
	if jobs[1].Spec.SavepointLocation != savepoints[0].Spec.SavepointLocation {
		t.Errorf("after the suspension it started from %q", jobs[1].Spec.SavepointLocation)
	}

	back := resource.Savepoint{
		Metadata: resource.Metadata{
			Namespace: "default", DeploymentID: id, Origin: resource.OriginCopied, Type: resource.SavepointTypeFull,
			Annotations: map[string]string{control.AnnotationReset: "true"},
		},
		Spec:   resource.SavepointSpec{SavepointLocation: savepoints[0].Spec.SavepointLocation},
		Status: resource.SavepointStatus{State: resource.SavepointCompleted, CompletedAt: resource.At(time.Now())},
	}
	if back, err = p.db.Savepoints().Create(t.Context(), "user", back); err != nil {
		t.Fatal(err)
	}
	old := jobs[len(jobs)-1].Metadata.ID
	deadline := time.Now().Add(time.Minute)
	for {
		d = p.wait(id, resource.StateRunning)
		if d.Status.Running.JobID != old {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(p.story(id))
		}
		time.Sleep(time.Millisecond)
	}
	j, err := p.db.Jobs().Get(t.Context(), d.Status.Running.JobID)
	if err != nil || j.Metadata.Annotations[control.AnnotationStartedFrom] != back.Metadata.ID {
		t.Errorf("after the reset it started from %q (%v)\n%s", j.Spec.SavepointLocation, err, p.story(id))
	}
}

func TestALostClusterIsReplacedForReal(t *testing.T) {
	p := startPlatform(t, flinktest.Timing{Checkpoint: 10 * time.Millisecond})
	d := p.deploy("orders")
	old := p.jobs(d.Metadata.ID)[0]
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	changes := p.db.Subscribe(ctx)
	for { // until a checkpoint is known
		j, err := p.db.Jobs().Get(ctx, old.Metadata.ID)
		if err != nil {
			t.Fatal(err)
		}
		if at := j.Status.LatestCheckpoint.Location; at != "" {
			snap, found := p.fake.Storage().Get(at)
			p.fake.Remove(control.Ref(old))
			if !found { // overwritten while we looked: keep it, as num-retained does
				snap.Location = at
			}
			p.fake.Storage().Put(snap)
			break
		}
		<-changes
	}
	for {
		d = p.wait(d.Metadata.ID, resource.StateRunning)
		if d.Status.Running.JobID != old.Metadata.ID {
			break
		}
		<-changes
	}
	jobs := p.jobs(d.Metadata.ID)
	if len(jobs) != 2 || jobs[0].Status.Failure.Reason != control.ReasonLost || jobs[1].Spec.SavepointLocation != jobs[0].Status.LatestCheckpoint.Location {
		t.Errorf("jobs: %+v\n%s", jobs, p.story(d.Metadata.ID))
	}
}
