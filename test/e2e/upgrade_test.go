package e2e

import (
	"fmt"
	"math/rand"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// delays counts flights and delays by airline and hour, into files. The event
// time is out of order and the watermark tight, so that some rows are late:
// every run must drop the same ones.
func delays(in, out, filter string, rate int) string {
	limit := ""
	if rate > 0 {
		limit = fmt.Sprintf("'scan.rate-limit' = '%d',", rate)
	}
	return fmt.Sprintf(`
CREATE TEMPORARY TABLE flights (
  departed_at TIMESTAMP(3), scheduled_at TIMESTAMP(3), carrier STRING, flight INT, tail_number STRING, origin STRING, destination STRING,
  departure_delay_minutes INT, arrival_delay_minutes INT, distance_miles INT, cancelled BOOLEAN,
  happened_at AS COALESCE(departed_at, scheduled_at),
  WATERMARK FOR happened_at AS happened_at - INTERVAL '2' HOUR
) WITH ('connector' = 'filesystem', 'path' = '%s', %s 'format' = 'csv', 'csv.null-literal' = '');

CREATE TEMPORARY TABLE delays (
  carrier STRING, hour_start TIMESTAMP(3), flights BIGINT, delay BIGINT, worst INT, destinations BIGINT
) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv', 'csv.null-literal' = '');

INSERT INTO delays
SELECT * FROM (
  SELECT carrier, window_start, COUNT(*) AS flights, SUM(CAST(departure_delay_minutes AS BIGINT)) AS delay, MAX(departure_delay_minutes) AS worst,
    COUNT(DISTINCT destination) AS destinations
  FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(happened_at), INTERVAL '1' HOUR))
  GROUP BY carrier, window_start, window_end
) %s;`, in, limit, out, filter)
}

const (
	flightsRead = 12_000
	rowsASecond = 3_000
)

// undisturbed is what an embedded run makes of the same script.
func undisturbed(t testing.TB, in string) []string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(binary(t), "run", "-")
	cmd.Stdin = strings.NewReader(delays(in, filepath.Join(dir, "out"), "", 0))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("weir run: %v\n%s", err, out)
	}
	lines := output(t, filepath.Join(dir, "out"))
	if len(lines) < 100 {
		t.Fatalf("the undisturbed run gave %d lines only", len(lines))
	}
	return lines
}

func checkOutput(t testing.TB, p *platform, name string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	count := map[string]int{}
	for _, l := range want {
		count[l]++
	}
	for _, l := range got {
		count[l]--
	}
	var diff []string
	for l, n := range count {
		if n != 0 {
			diff = append(diff, fmt.Sprintf("%+d %s", -n, l))
		}
	}
	slices.Sort(diff)
	t.Fatalf("output differs from that of an undisturbed run (%d lines, want %d); + too many, - missing:\n%s\n%s",
		len(got), len(want), strings.Join(diff[:min(len(diff), 30)], "\n"), p.record(name))
}

const everyRow = "WHERE flights > 0"

// TestStateSurvivesEverything disturbs a deployment in every way there is, and
// compares its files with those of a run that nobody disturbed.
func TestStateSurvivesEverything(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	in := flights(t, p.data, flightsRead)
	want := undisturbed(t, in)
	out := filepath.Join(p.data, "out")
	p.deploy("delays", delays(in, out, "", rowsASecond), nil)
	p.settle("delays", resource.StateRunning)

	p.patch("delays", template(map[string]any{"parallelism": 3}))
	p.running("delays", 3)
	p.patch("delays", template(map[string]any{"artifact": map[string]any{"sqlScript": delays(in, out, everyRow, rowsASecond)}}))
	p.runningVersion("delays", 3)
	p.killEngine(t)
	p.runningAgain("delays")
	p.kill()
	p.start()
	p.settle("delays", resource.StateRunning, resource.StateFinished)
	p.stop()
	p.start()
	p.patch("delays", map[string]any{"spec": map[string]any{"state": "SUSPENDED"}})
	p.settle("delays", resource.StateSuspended)
	p.patch("delays", map[string]any{"spec": map[string]any{"state": "RUNNING"}})
	p.settle("delays", resource.StateFinished)

	if n := len(p.jobs("delays")); n < 4 {
		t.Errorf("%d jobs only: the disturbances did not happen while it ran", n)
	}
	checkOutput(t, p, "delays", output(t, out), want)
}

// running waits until a job of that parallelism runs.
func (p *platform) running(name string, parallelism int) {
	p.t.Helper()
	p.until(name, fmt.Sprintf("running at parallelism %d", parallelism), func(d resource.Deployment) bool {
		return d.Status.State == resource.StateFinished || d.Status.State == resource.StateRunning && p.job(d).Spec.Parallelism == parallelism
	})
}

func (p *platform) runningVersion(name string, version int) {
	p.t.Helper()
	p.until(name, fmt.Sprintf("running spec version %d", version), func(d resource.Deployment) bool {
		return d.Status.State == resource.StateFinished || d.Status.State == resource.StateRunning && p.job(d).Metadata.SpecVersion() == version
	})
}

func (p *platform) job(d resource.Deployment) resource.Job {
	p.t.Helper()
	j, err := p.api.Jobs("default").Get(p.ctx(), d.Status.Running.JobID)
	if err != nil {
		p.t.Fatal(err)
	}
	return j
}

// killEngine kills the engine process of the only deployment.
func (p *platform) killEngine(t testing.TB) bool {
	t.Helper()
	pids := p.engines()
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return len(pids) > 0
}

// runningAgain waits until the deployment noticed that its engine is gone, and
// runs again.
func (p *platform) runningAgain(name string) {
	p.t.Helper()
	before := len(p.jobs(name))
	p.until(name, "running in a new job", func(d resource.Deployment) bool {
		return d.Status.State == resource.StateFinished || d.Status.State == resource.StateRunning && len(p.jobs(name)) > before
	})
}

// TestRandomDisturbances is the same with a random schedule for each seed.
func TestRandomDisturbances(t *testing.T) {
	in := flights(t, t.TempDir(), flightsRead)
	want := undisturbed(t, in)
	for seed := range int64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			disturb(t, seed, in, want)
		})
	}
}

func disturb(t *testing.T, seed int64, in string, want []string) {
	rng := rand.New(rand.NewSource(seed))
	p := startPlatform(t)
	out := filepath.Join(p.data, "out")
	p.deploy("delays", delays(in, out, "", rowsASecond), nil)
	filter := ""
	steps := 3 + rng.Intn(5)
	for range steps {
		time.Sleep(time.Duration(rng.Intn(400)) * time.Millisecond) // when, is part of the schedule
		if p.get("delays").Status.State == resource.StateFinished {
			break
		}
		step := rng.Intn(7)
		t.Logf("step %d", step)
		switch step {
		case 0:
			p.patch("delays", template(map[string]any{"parallelism": 1 + rng.Intn(4)}))
		case 1:
			if filter = everyRow; rng.Intn(2) == 0 {
				filter = ""
			}
			p.patch("delays", template(map[string]any{"artifact": map[string]any{"sqlScript": delays(in, out, filter, rowsASecond)}}))
		case 2:
			p.killEngine(t)
		case 3:
			p.kill()
			if rng.Intn(2) == 0 {
				p.killEngine(t)
			}
			p.start()
		case 4:
			p.stop()
			p.start()
		case 5:
			p.patch("delays", map[string]any{"spec": map[string]any{"state": "SUSPENDED"}})
			if rng.Intn(2) == 0 {
				p.settle("delays", resource.StateSuspended, resource.StateFinished)
			}
			p.patch("delays", map[string]any{"spec": map[string]any{"state": "RUNNING"}})
		case 6:
			if _, err := p.api.Savepoints("default").Create(p.ctx(), map[string]any{"metadata": map[string]any{"deploymentId": p.get("delays").Metadata.ID}}); err != nil {
				t.Logf("savepoint: %v", err) // there may be no job at the moment
			}
		}
	}
	p.settle("delays", resource.StateFinished)
	last := p.get("delays").SpecVersion()
	for _, j := range p.jobs("delays") {
		if j.Status.State == resource.JobFinished && j.Metadata.SpecVersion() != last {
			t.Logf("job %s had read all its input before the template changed: that asks for another run, with output of its own", j.Metadata.ID)
			return
		}
	}
	checkOutput(t, p, "delays", output(t, out), want)
}

// TestTimeTravel resets a deployment to an earlier savepoint and starts another
// from it: each goes on exactly from that state.
func TestTimeTravel(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	in := flights(t, p.data, flightsRead)
	want := undisturbed(t, in)
	out := filepath.Join(p.data, "out")
	d := p.deploy("delays", delays(in, out, "", rowsASecond), nil)
	p.settle("delays", resource.StateRunning)
	p.until("delays", "writing", func(resource.Deployment) bool { return len(output(t, out)) > 20 })
	sp, err := p.api.Savepoints("default").Create(p.ctx(), map[string]any{"metadata": map[string]any{"deploymentId": d.Metadata.ID}})
	if err != nil {
		t.Fatal(err)
	}
	sp = p.completed(sp.Metadata.ID)
	// Suspended, the files hold exactly what came before some later savepoint.
	p.until("delays", "further on", func(resource.Deployment) bool { return len(output(t, out)) > 120 })
	p.patch("delays", map[string]any{"spec": map[string]any{"state": "SUSPENDED"}})
	p.settle("delays", resource.StateSuspended)

	// A fork from the savepoint writes into a folder of its own what came after it.
	forked := filepath.Join(p.data, "forked")
	fork, err := p.api.Fork(p.ctx(), "default", "delays", "delays-fork", sp.Metadata.ID)
	if err != nil {
		t.Fatal(err)
	}
	p.patch("delays-fork", map[string]any{"spec": map[string]any{"state": "RUNNING", "template": map[string]any{"spec": map[string]any{
		"artifact": map[string]any{"sqlScript": delays(in, forked, "", 0)}, "parallelism": 2,
	}}}})
	p.settle("delays-fork", resource.StateFinished)
	after := output(t, forked)
	if len(after) == 0 || len(after) >= len(want) {
		t.Fatalf("the fork wrote %d lines of %d: it did not go on from the savepoint", len(after), len(want))
	}
	before := minus(want, after)
	if len(before)+len(after) != len(want) {
		t.Fatalf("the fork wrote lines that an undisturbed run does not have:\n%s", strings.Join(minus(after, want), "\n"))
	}
	_ = fork

	// The original, reset to the savepoint and started with a folder of its own,
	// writes the same.
	if _, err := p.api.Reset(p.ctx(), "default", "delays", sp.Metadata.ID); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(p.data, "again")
	p.patch("delays", map[string]any{"spec": map[string]any{"state": "RUNNING", "template": map[string]any{"spec": map[string]any{
		"artifact": map[string]any{"sqlScript": delays(in, again, "", 0)}, "parallelism": 3,
	}}}})
	p.settle("delays", resource.StateFinished)
	if got := output(t, again); !slices.Equal(got, after) {
		t.Fatalf("after the reset %d lines were written, the fork wrote %d; too many:\n%s\nmissing:\n%s",
			len(got), len(after), strings.Join(minus(got, after), "\n"), strings.Join(minus(after, got), "\n"))
	}
}

// minus is the multiset difference of sorted lines.
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

func (p *platform) completed(id string) resource.Savepoint {
	p.t.Helper()
	var s resource.Savepoint
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var err error
		if s, err = p.api.Savepoints("default").Get(p.ctx(), id); err != nil {
			p.t.Fatal(err)
		}
		switch s.Status.State {
		case resource.SavepointCompleted:
			return s
		case resource.SavepointFailed:
			p.t.Fatalf("savepoint failed: %s", s.Status.Failure.Message)
		}
	}
	p.t.Fatalf("savepoint %s is still %s", id, s.Status.State)
	return s
}

// TestRollback gives a deployment a script that cannot start from its state: the
// last good one must come back by itself, with its state.
func TestRollback(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	in := flights(t, p.data, flightsRead)
	want := undisturbed(t, in)
	out := filepath.Join(p.data, "out")
	d := p.deploy("delays", delays(in, out, "", rowsASecond), map[string]any{"maxJobCreationAttempts": 2})
	p.settle("delays", resource.StateRunning)
	p.patch("delays", template(map[string]any{"artifact": map[string]any{"sqlScript": "INSERT INTO nowhere SELECT 1"}}))
	p.until("delays", "rolled back", func(d resource.Deployment) bool {
		return d.Metadata.Generation >= 3 && (d.Status.State == resource.StateRunning || d.Status.State == resource.StateFinished)
	})
	p.settle("delays", resource.StateFinished)
	checkOutput(t, p, "delays", output(t, out), want)
	revisions, err := p.api.Revisions(p.ctx(), "default", d.Metadata.Name)
	if err != nil {
		t.Fatal(err)
	}
	if len(revisions) != 3 || revisions[2].Author != "weir" || !strings.Contains(string(revisions[1].Spec), "nowhere") {
		t.Errorf("the record should show three revisions, the refused one among them, the last by weir; got %d", len(revisions))
	}
	events, err := p.api.Events("default").List(p.ctx(), client.Query{DeploymentID: d.Metadata.ID})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(events, func(e resource.Event) bool { return strings.Contains(e.Spec.Message, "nowhere") }) {
		t.Error("no event says why the upgrade was undone")
	}
}
