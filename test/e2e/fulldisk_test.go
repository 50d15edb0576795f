package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// disk is a small file system of its own that can be filled.
type disk struct {
	t   testing.TB
	dir string
}

// smallDisk mounts one; where that is not allowed the test cannot tell.
func smallDisk(t testing.TB, size string) disk {
	t.Helper()
	return disk{t, mount(t, "size="+size, 0)}
}

// readOnly is a folder that nobody can write to, root neither.
func readOnly(t testing.TB) string {
	t.Helper()
	return mount(t, "size=64k", syscall.MS_RDONLY)
}

func mount(t testing.TB, options string, flags uintptr) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("weir-test", dir, "tmpfs", flags, options); err != nil {
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
			t.Skip("this needs the right to mount a small file system: run it as root")
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all the space that is left.
func (d disk) fill() {
	d.t.Helper()
	f, err := os.OpenFile(filepath.Join(d.dir, ".filler"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for page := make([]byte, 4096); err == nil; {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatal(err)
	}
}

// free gives the space back.
func (d disk) free() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.dir, ".filler")); err != nil {
		d.t.Fatal(err)
	}
}

const noSpace = "no space left on device"

// trouble is all that a deployment says about how it fares.
func trouble(d resource.Deployment) string {
	text := d.Status.Message
	for _, c := range d.Status.Running.Conditions {
		text += "\n" + c.Message
	}
	return text
}

// TestAFullDisk fills the disk of the checkpoints, or that of the output,
// under a running job: it says so, and when there is space again the output is
// that of an undisturbed run.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	for _, full := range []string{"checkpoints", "output"} {
		t.Run(full, func(t *testing.T) {
			t.Parallel()
			small := smallDisk(t, "2m")
			var args []string
			if full == "checkpoints" {
				args = []string{"--state", small.dir}
			}
			p := startPlatform(t, args...)
			in := flights(t, p.data, flightsRead)
			want := undisturbed(t, in)
			out := filepath.Join(p.data, "out")
			if full == "output" {
				out = filepath.Join(small.dir, "out")
			}
			p.deploy("delays", delays(in, out, "", rowsASecond), map[string]any{"maxSavepointCreationAttempts": 1})
			p.settle("delays", resource.StateRunning)
			p.until("delays", "writing", func(resource.Deployment) bool { return len(output(t, out)) > 20 })

			d := p.until("delays", "clear about the disk", func(d resource.Deployment) bool {
				small.fill() // what the job gives up meanwhile is taken, too
				return strings.Contains(trouble(d), noSpace)
			})
			says(t, trouble(d), small.dir)
			if full == "output" {
				p.lives() // as all can whose disk is another
			}
			small.free()
			p.settle("delays", resource.StateFinished)
			p.lives()
			checkOutput(t, p, "delays", output(t, out), want)
			events, err := p.api.Events("default").List(p.ctx(), client.Query{DeploymentID: d.Metadata.ID})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(events, func(e resource.Event) bool { return strings.Contains(e.Spec.Message, noSpace) }) {
				t.Errorf("no event says that the disk was full:\n%s", p.record("delays"))
			}
		})
	}
}

// TestAFullDiskOfTheDatabase: what cannot be kept is refused, what was kept is
// still there.
func TestAFullDiskOfTheDatabase(t *testing.T) {
	t.Parallel()
	small := smallDisk(t, "4m")
	p := &platform{t: t, data: filepath.Join(small.dir, "data"), listen: "127.0.0.1:0", log: &lockedBuffer{}}
	t.Cleanup(p.end)
	p.start()
	p.deploy("before", "CREATE TABLE o (a INT) WITH ('connector' = 'print'); INSERT INTO o VALUES (1);", nil)
	p.settle("before", resource.StateFinished)
	small.fill()
	var refusal error
	for i := 0; i < 1000 && refusal == nil; i++ { // the database may still have room in its own files
		_, refusal = p.api.Deployments("default").Create(p.ctx(), map[string]any{
			"metadata": map[string]any{"name": fmt.Sprintf("during-%d", i)},
			"spec": map[string]any{"state": "CANCELLED", "template": map[string]any{"spec": map[string]any{
				"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": "SELECT '" + strings.Repeat("x", 4096) + "'"},
			}}},
		})
	}
	if refusal == nil {
		t.Fatal("1000 deployments were kept on a full disk")
	}
	says(t, refusal.Error(), "full")
	if got := p.get("before").Status.State; got != resource.StateFinished {
		t.Errorf("the deployment of before is %s", got)
	}
	small.free()
	p.lives()
	p.stop()
	p.start()
	p.lives()
	if got := p.get("before").Status.State; got != resource.StateFinished {
		t.Errorf("the deployment of before is %s", got)
	}
}

// TestAFullDiskOfSavepoints: an upgrade that cannot save the state does not
// happen, and the job goes on as before.
func TestAFullDiskOfSavepoints(t *testing.T) {
	t.Parallel()
	small := smallDisk(t, "2m")
	p := startPlatform(t)
	in := flights(t, p.data, flightsRead)
	want := undisturbed(t, in)
	out := filepath.Join(p.data, "out")
	// The job must outlast two attempts, which are some twenty seconds apart.
	p.deploy("delays", delays(in, out, "", rowsASecond/12), map[string]any{
		"maxSavepointCreationAttempts": 2,
		"template": map[string]any{"spec": map[string]any{
			"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": delays(in, out, "", rowsASecond/12)},
			"flinkConfiguration": map[string]any{
				"execution.checkpointing.interval": "200 ms", "state.savepoints.dir": "file://" + small.dir + "/savepoints",
			},
		}},
	})
	job := p.settle("delays", resource.StateRunning).Status.Running.JobID
	p.until("delays", "writing", func(resource.Deployment) bool { return len(output(t, out)) > 20 })
	small.fill()
	p.patch("delays", template(map[string]any{"parallelism": 2}))
	d := p.settle("delays", resource.StateFailed)
	says(t, d.Status.Message, noSpace, small.dir, "2 of 2 savepoints failed", "goes on running")
	j, err := p.api.Jobs("default").Get(p.ctx(), job)
	if err != nil || j.Status.State != resource.JobStarted {
		t.Errorf("the job is %s: %v", j.Status.State, err)
	}
	before := len(output(t, out))
	p.until("delays", "writing on", func(resource.Deployment) bool { return len(output(t, out)) > before })
	small.free()
	p.patch("delays", template(map[string]any{"parallelism": 1, "artifact": map[string]any{"sqlScript": delays(in, out, everyRow, rowsASecond/3)}}))
	p.runningVersion("delays", 3)
	p.settle("delays", resource.StateFinished)
	checkOutput(t, p, "delays", output(t, out), want)
}
