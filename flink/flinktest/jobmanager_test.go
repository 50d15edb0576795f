package flinktest_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/flinktest"
)

const (
	jobID = "8ff098007297c8814c7538f4566ad770"
	id1   = "00000000000000000000000000000001"
	id2   = "00000000000000000000000000000002"
)

func start(o flinktest.Options) (*flinktest.JobManager, *flink.Client) {
	o.JobID = jobID
	m := flinktest.New(o)
	return m, m.Client()
}

func status(t *testing.T, c *flink.Client, want flink.JobStatus) {
	t.Helper()
	got, err := c.JobStatus(context.Background(), jobID)
	if err != nil || got != want {
		t.Fatalf("job is %q, %v; want %s", got, err, want)
	}
}

func savepoint(t *testing.T, c *flink.Client, trigger string) flink.SavepointResult {
	t.Helper()
	r, err := c.SavepointStatus(context.Background(), jobID, trigger)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStateContinuesFromAStop(t *testing.T) {
	ctx := context.Background()
	disk := flinktest.NewStorage()
	timing := flinktest.Timing{Initialize: time.Second, Deploy: time.Second, Savepoint: time.Second}
	m, c := start(flinktest.Options{Storage: disk, Timing: timing})
	status(t, c, flink.JobInitializing)
	m.Advance(time.Second)
	status(t, c, flink.JobRunning)
	d, err := c.Job(ctx, jobID)
	if err != nil || d.AllTasksRunning() {
		t.Fatalf("tasks run already (%v)", err)
	}
	m.Advance(3 * time.Second)
	for range 5 { // the same id starts one operation
		if err := c.StopWithSavepoint(ctx, jobID, flink.StopRequest{TriggerID: id1, TargetDirectory: "file:///sp"}); err != nil {
			t.Fatal(err)
		}
	}
	if r := savepoint(t, c, id1); r.State != flink.InProgress {
		t.Fatalf("savepoint %+v", r)
	}
	m.Advance(time.Second)
	status(t, c, flink.JobFinished)
	r := savepoint(t, c, id1)
	snap, found := disk.Get(r.Location)
	if !found || snap.Position != 3000 || len(disk.List("")) != 1 {
		t.Fatalf("%+v: snapshot %+v of %v", r, snap, disk.List(""))
	}
	m2, c2 := start(flinktest.Options{Storage: disk, Location: r.Location})
	m2.Advance(time.Second)
	if got := m2.Position(); got != 4000 {
		t.Errorf("restored job is at %d, want 4000", got)
	}
	ck, err := c2.Checkpoints(ctx, jobID)
	if err != nil || ck.Latest.Restored == nil || !flink.SameLocation(ck.Latest.Restored.ExternalPath, r.Location) {
		t.Errorf("restored %+v, %v", ck.Latest.Restored, err)
	}
	_, c3 := start(flinktest.Options{Storage: disk, Location: "file:///sp/nosuch"})
	status(t, c3, flink.JobFailed)
	e, err := c3.Exceptions(ctx, jobID)
	if err != nil || !strings.Contains(e.Latest(), "Cannot find checkpoint") {
		t.Errorf("cause %q, %v", e.Latest(), err)
	}
}

func TestTriggersBehaveAsFlinks(t *testing.T) {
	ctx := context.Background()
	ask := func(t *testing.T, c *flink.Client, id string) {
		t.Helper()
		if err := c.TriggerSavepoint(ctx, jobID, flink.SavepointRequest{TriggerID: id, TargetDirectory: "file:///sp"}); err != nil {
			t.Fatal(err)
		}
	}
	stop := func(t *testing.T, c *flink.Client, id string) {
		t.Helper()
		if err := c.StopWithSavepoint(ctx, jobID, flink.StopRequest{TriggerID: id, TargetDirectory: "file:///sp"}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a stop with the id of a savepoint stops nothing", func(t *testing.T) {
		_, c := start(flinktest.Options{})
		ask(t, c, id1)
		stop(t, c, id1)
		status(t, c, flink.JobRunning)
	})
	t.Run("a failed id keeps failing", func(t *testing.T) {
		m, c := start(flinktest.Options{Timing: flinktest.Timing{Deploy: time.Second}})
		ask(t, c, id1)
		m.Advance(time.Minute)
		ask(t, c, id1)
		if r := savepoint(t, c, id1); r.State != flink.Failed || !strings.Contains(r.Failure, "Not all required tasks") {
			t.Errorf("%+v", r)
		}
		ask(t, c, id2)
		if r := savepoint(t, c, id2); r.State != flink.Completed {
			t.Errorf("%+v", r)
		}
	})
	t.Run("two stops at once fail both", func(t *testing.T) {
		m, c := start(flinktest.Options{Timing: flinktest.Timing{Savepoint: time.Second, Restart: time.Second}})
		stop(t, c, id1)
		stop(t, c, id2)
		if a, b := savepoint(t, c, id1), savepoint(t, c, id2); a.State != flink.Failed || b.State != flink.Failed {
			t.Errorf("%+v, %+v", a, b)
		}
		status(t, c, flink.JobRestarting)
		m.Advance(time.Second)
		status(t, c, flink.JobRunning)
	})
	t.Run("results are forgotten by age and by failover", func(t *testing.T) {
		m, c := start(flinktest.Options{})
		ask(t, c, id1)
		m.Advance(6 * time.Minute)
		if _, err := c.SavepointStatus(ctx, jobID, id1); !flink.IsNotFound(err) {
			t.Errorf("old result: %v", err)
		}
		ask(t, c, id2)
		m.Strike(flinktest.Failover)
		if _, err := c.SavepointStatus(ctx, jobID, id2); !flink.IsNotFound(err) {
			t.Errorf("after failover: %v", err)
		}
	})
	t.Run("an unknown job is accepted and fails in the poll", func(t *testing.T) {
		_, c := start(flinktest.Options{})
		if err := c.TriggerSavepoint(ctx, id2, flink.SavepointRequest{TriggerID: id1, TargetDirectory: "x"}); err != nil {
			t.Fatal(err)
		}
		if r, err := c.SavepointStatus(ctx, id2, id1); err != nil || r.State != flink.Failed {
			t.Errorf("%+v, %v", r, err)
		}
	})
	t.Run("a stop that fails after its files were written leaves the job running", func(t *testing.T) {
		disk := flinktest.NewStorage()
		m, c := start(flinktest.Options{Storage: disk, Choose: flinktest.Script(flinktest.Scripted{Fault: flinktest.FailAfterFiles, When: flinktest.Savepoint})})
		m.Advance(time.Second)
		stop(t, c, id1)
		if r := savepoint(t, c, id1); r.State != flink.Failed || !strings.Contains(r.Failure, "savepoint has been created at") {
			t.Errorf("%+v", r)
		}
		status(t, c, flink.JobRunning)
		if len(disk.List("file:///sp")) != 1 {
			t.Errorf("written: %v", disk.List(""))
		}
	})
}

func TestCheckpointsAndRecovery(t *testing.T) {
	ctx := context.Background()
	config := map[string]string{
		"execution.checkpointing.interval": "10 s", "execution.checkpointing.dir": "file:///ck",
		"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
	}
	disk := flinktest.NewStorage()
	m, c := start(flinktest.Options{Storage: disk, Configuration: config, HighAvailability: true})
	m.Advance(25 * time.Second)
	m.Strike(flinktest.RestartJob)
	if got := m.Position(); got != 20_000 {
		t.Errorf("recovered at %d, want 20000", got)
	}
	m.Strike(flinktest.Failover)
	if got := m.StartPosition(); got != 20_000 {
		t.Errorf("after failover at %d, want 20000", got)
	}
	m.Advance(10 * time.Second)
	if err := c.Cancel(ctx, jobID); err != nil {
		t.Fatal(err)
	}
	if err := c.Cancel(ctx, jobID); err != nil {
		t.Fatalf("cancel again: %v", err)
	}
	status(t, c, flink.JobCanceled)
	ck, err := c.Checkpoints(ctx, jobID)
	if err != nil {
		t.Fatal(err)
	}
	snap, found := disk.Get(ck.Latest.Completed.Path())
	if !found || snap.Position != 30_000 || len(disk.List("")) != 1 {
		t.Errorf("retained %+v of %v", snap, disk.List(""))
	}
}

func TestLostConnections(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		fault          flinktest.Fault
		atOnce, inTime bool
	}{
		{flinktest.LoseRequest, false, false},
		{flinktest.LoseReply, true, true},
		{flinktest.Delay, false, true},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			m, c := start(flinktest.Options{Choose: flinktest.Script(flinktest.Scripted{Fault: tt.fault})})
			if err := c.Cancel(ctx, jobID); err == nil {
				t.Fatal("no error")
			}
			if got := m.Status() == flink.JobCanceled; got != tt.atOnce {
				t.Errorf("canceled at once: %t", got)
			}
			m.Advance(time.Second)
			if got := m.Status() == flink.JobCanceled; got != tt.inTime {
				t.Errorf("canceled in time: %t", got)
			}
		})
	}
}

func TestOneSeedIsOneHistory(t *testing.T) {
	run := func(seed uint64) string {
		dice := rand.New(rand.NewPCG(seed, 0))
		m, c := start(flinktest.Options{
			Configuration: map[string]string{"execution.checkpointing.interval": "1s"},
			Timing:        flinktest.Timing{Deploy: time.Second, Savepoint: time.Second},
			Choose: flinktest.Seeded(dice, flinktest.Rates{
				LoseRequest: .1, LoseReply: .1, Delay: .1, FailBeforeFiles: .2,
				FailAfterFiles: .2, RestartJob: .1, Failover: .05, FailJob: .01, Vanish: .01,
			}),
		})
		var log strings.Builder
		for i := range 100 {
			m.Advance(700 * time.Millisecond)
			err := c.TriggerSavepoint(context.Background(), jobID, flink.SavepointRequest{TriggerID: id1[:31] + string("0123456789abcdef"[i%16]), TargetDirectory: "x"})
			log.WriteString(string(m.Status()))
			if err != nil {
				log.WriteString(err.Error())
			}
		}
		return log.String()
	}
	if first, again := run(1), run(1); first != again {
		t.Error("two runs of one seed differ")
	}
	if run(1) == run(2) {
		t.Error("two seeds make the same history")
	}
}
