package control

import (
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/flinktest"
	"github.com/weir-streams/weir/resource"
)

func fakeJob(location string) (resource.Job, cluster.Spec) {
	j := resource.Job{
		Metadata: resource.Metadata{
			ID: "11111111-2222-8333-8444-555555555555", Namespace: "default", DeploymentID: "d",
			Annotations: map[string]string{AnnotationLauncher: "fake"},
		},
		Spec: resource.JobSpec{SavepointLocation: location},
	}
	return j, cluster.Spec{Ref: Ref(j), Parallelism: 2, SavepointLocation: location, Configuration: map[string]string{
		KeyCheckpointDir: "file:/ck/" + j.Metadata.ID, "execution.checkpointing.interval": "1 s",
		"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
	}}
}

func TestLookSeesTheLifeOfAJob(t *testing.T) {
	ctx := t.Context()
	fake := clustertest.NewFake(clustertest.Options{Timing: flinktest.Timing{Answer: time.Second, Deploy: 2 * time.Second, Savepoint: time.Second}})
	fake.Storage().Put(flinktest.Snapshot{Location: "file:/sp/a", JobID: "x", Position: 500})
	c := NewClusters(map[string]cluster.Launcher{"fake": fake})
	j, spec := fakeJob("file:///sp/a")

	if s := c.Look(ctx, j, true); s.Presence != cluster.Absent || s.Answers {
		t.Fatalf("before the launch: %+v", s)
	}
	if err := c.Launch(ctx, j, spec); err != nil {
		t.Fatal(err)
	}
	if s := c.Look(ctx, j, true); s.Presence != cluster.Present || s.Answers || s.Message == "" {
		t.Fatalf("while the cluster boots: %+v", s)
	}
	fake.Advance(time.Second)
	if s := c.Look(ctx, j, true); !s.Answers || s.Processing {
		t.Fatalf("while tasks are deployed: %+v", s)
	}
	fake.Advance(5 * time.Second)
	s := c.Look(ctx, j, true)
	if !s.Processing || !s.Points || !flink.SameLocation(s.Restored.Location, "/sp/a") {
		t.Fatalf("while it runs: %+v", s)
	}
	if s.Newest.Location == "" || s.Newest.ID != s.NewestID || !Within("/ck/"+j.Metadata.ID, s.Newest.Location) || s.Newest.CompletedAt.IsZero() {
		t.Fatalf("newest checkpoint: %+v of %d", s.Newest, s.NewestID)
	}
	if s.BeganAgain(s.Newest, CheckpointDirectory(j)) {
		t.Error("a job that runs on has not begun again")
	}
	known := s.Newest

	id := TriggerID("99999999-2222-8333-8444-555555555555")
	if _, err := c.Poll(ctx, j, id); !flink.IsNotFound(err) {
		t.Fatalf("poll before the trigger: %v", err)
	}
	if err := c.Trigger(ctx, j, Trigger{ID: id, Directory: "file:/sp/b", Stop: true}); err != nil {
		t.Fatal(err)
	}
	if r, err := c.Poll(ctx, j, id); err != nil || r.State != flink.InProgress {
		t.Fatalf("poll while it is written: %+v, %v", r, err)
	}
	fake.Advance(2 * time.Second)
	r, err := c.Poll(ctx, j, id)
	if err != nil || r.State != flink.Completed || !Within("file:/sp/b", r.Location) {
		t.Fatalf("poll after: %+v, %v", r, err)
	}
	s = c.Look(ctx, j, false)
	found, ok := s.Find("/sp/b")
	if s.Status != flink.JobFinished || !ok || found.Location != r.Location || found.ID <= known.ID || found.SizeBytes == 0 {
		t.Fatalf("after the stop: %+v", s)
	}
	if s.BeganAgain(known, CheckpointDirectory(j)) {
		t.Error("a stopped job has not begun again")
	}
	if err := c.Cancel(ctx, j); err != nil {
		t.Errorf("cancelling a finished job: %v", err)
	}
	if err := c.Terminate(ctx, j); err != nil {
		t.Fatal(err)
	}
	if s := c.Look(ctx, j, true); s.Presence != cluster.Absent {
		t.Fatalf("after the end: %+v", s)
	}
}

func TestLookTellsBrokenUnknownAndBegunAgain(t *testing.T) {
	ctx := t.Context()
	fake := clustertest.NewFake(clustertest.Options{})
	c := NewClusters(map[string]cluster.Launcher{"fake": fake})
	j, spec := fakeJob("")
	if err := c.Launch(ctx, j, spec); err != nil {
		t.Fatal(err)
	}
	fake.Advance(10 * time.Second)
	known := c.Look(ctx, j, false).Newest

	fake.Cluster(Ref(j)).Strike(flinktest.Failover)
	fake.Advance(500 * time.Millisecond)
	if s := c.Look(ctx, j, false); !s.BeganAgain(known, CheckpointDirectory(j)) {
		t.Errorf("after a failover without high availability: %+v, known %+v", s, known)
	}
	fake.Advance(12 * time.Second)
	if s := c.Look(ctx, j, false); !s.BeganAgain(known, CheckpointDirectory(j)) {
		t.Errorf("with more checkpoints than before: %+v, known %+v", s, known)
	}

	fake.Cluster(Ref(j)).Strike(flinktest.FailJob)
	if s := c.Look(ctx, j, false); s.Status != flink.JobFailed || s.Failure == "" {
		t.Errorf("a failed job: %+v", s)
	}
	fake.Cluster(Ref(j)).Strike(flinktest.Vanish)
	if s := c.Look(ctx, j, false); s.Presence != cluster.Present || !s.Broken || s.Message == "" {
		t.Errorf("a process that ended: %+v", s)
	}
	fake.SetFaults(func(clustertest.Call, cluster.Ref) clustertest.Fault { return clustertest.Before }, nil)
	if s := c.Look(ctx, j, false); s.Presence != cluster.Unknown || s.Broken || s.Message == "" {
		t.Errorf("a launcher that does not answer: %+v", s)
	}
	j.Metadata.Annotations = nil
	if s := c.Look(ctx, j, false); s.Presence != cluster.Unknown || s.Message == "" {
		t.Errorf("a job of no launcher: %+v", s)
	}
}

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		dir, location string
		want          bool
	}{
		{"file:/a/b", "file:///a/b/savepoint-1", true},
		{"/a/b/", "file:/a/b", true},
		{"/a/b", "/a/bc", false},
		{"s3://x/a", "s3://x/a/chk-1", true},
		{"", "/a", false},
		{"/a", "", false},
	} {
		if got := Within(tt.dir, tt.location); got != tt.want {
			t.Errorf("Within(%q, %q) = %v, want %v", tt.dir, tt.location, got, tt.want)
		}
	}
}

func TestDerivedIDsAreStableAndApart(t *testing.T) {
	a := DerivedID("job", "d", "1")
	if a != DerivedID("job", "d", "1") || a == DerivedID("job", "d1", "") || a == DerivedID("stop", "d", "1") {
		t.Errorf("derived ids: %s", a)
	}
	if len(a) != 36 || len(TriggerID(a)) != 32 || a[14] != '8' {
		t.Errorf("%s has not the form of a UUID", a)
	}
}

// TestBeganAgainIsSeenWhenTheJobRuns tells a cluster that lost its memory from
// the adaptive scheduler, which knows of no checkpoints between two attempts.
func TestBeganAgainIsSeenWhenTheJobRuns(t *testing.T) {
	known := resource.CheckpointRef{ID: 105, Location: "/ck/a/chk-105"}
	for _, tt := range []struct {
		status   flink.JobStatus
		restored string
		newest   int64
		want     bool
	}{
		{flink.JobRestarting, "", 0, false},
		{flink.JobCreated, "", 0, false},
		{flink.JobRunning, "/ck/a/chk-105", 0, false},
		{flink.JobRunning, "/ck/a/chk-105", 106, false},
		{flink.JobRunning, "", 0, true},
		{flink.JobRunning, "/sp/first", 0, true},
		{flink.JobRestarting, "/sp/first", 0, true},
		{flink.JobRestarting, "", 7, true},
		{flink.JobFinished, "", 0, false},
	} {
		s := Sight{Points: true, Status: tt.status, Restored: resource.CheckpointRef{Location: tt.restored}, NewestID: tt.newest}
		if got := s.BeganAgain(known, "/ck/a"); got != tt.want {
			t.Errorf("%s, restored %q, checkpoint %d: began again is %v", tt.status, tt.restored, tt.newest, got)
		}
	}
}
