package api

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/test/postgres"
)

const streams = `{"metadata":{"name":"d"},"spec":{"state":"RUNNING","template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"CREATE TEMPORARY TABLE s (x INT) WITH ('connector' = 'datagen', 'rows-per-second' = '5'); CREATE TEMPORARY TABLE t (x INT) WITH ('connector' = 'blackhole'); INSERT INTO t SELECT x FROM s"}}}}}`

// TestReplicasOfOneMachine: servers that share the database and the folders of
// clusters and state: the one that takes over goes on with the very jobs.
func TestReplicasOfOneMachine(t *testing.T) {
	shared := t.TempDir()
	args := []string{"--database", postgres.URL(t), "--clusters", shared + "/clusters", "--state", shared + "/state"}
	first := launch(t, args...)
	first.call("POST", inDefault+"/deployments", streams, 201)
	first.state("d", "RUNNING")
	job := first.call("GET", inDefault+"/deployments/d", "", 200).text("status/running/jobId")
	second := launch(t, args...)
	first.crash()
	second.leads()
	second.call("PATCH", inDefault+"/deployments/d", `{"spec":{"template":{"spec":{"parallelism":2}}}}`, 200)
	second.until("/jobs/"+job, "status/state", "TERMINATED")
	second.state("d", "RUNNING")
	after := second.call("GET", inDefault+"/jobs/"+second.call("GET", inDefault+"/deployments/d", "", 200).text("status/running/jobId"), "", 200)
	if !strings.HasPrefix(after.text("spec/savepointLocation"), "file:") {
		t.Errorf("the job after the upgrade began with %q", after.text("spec/savepointLocation"))
	}
	second.call("PATCH", inDefault+"/deployments/d", `{"spec":{"state":"CANCELLED"}}`, 200)
	second.state("d", "CANCELLED")
	for _, p := range []*process{first, second} {
		if left := engines(t, shared); len(left) > 0 {
			t.Errorf("processes %v are left of %s", left, p.data)
		}
	}
}

// TestReplicasOfTwoMachines: a server that takes over cannot see the jobs of
// the other machine. It must not start them a second time.
func TestReplicasOfTwoMachines(t *testing.T) {
	url := postgres.URL(t)
	first := launch(t, "--database", url)
	first.call("POST", inDefault+"/deployments", streams, 201)
	first.state("d", "RUNNING")
	job := first.call("GET", inDefault+"/deployments/d", "", 200).text("status/running/jobId")
	second := launch(t, "--database", url)
	first.crash()
	second.leads()
	second.call("PATCH", inDefault+"/deployments/d", `{"spec":{"template":{"spec":{"parallelism":2}}}}`, 200)
	second.until("/deployments/d", "status/state", "TRANSITIONING")
	time.Sleep(2 * time.Second) // for what must not happen
	if n := len(engines(t, first.data)); n != 1 {
		t.Errorf("%d processes of the first server, want the one that it started", n)
	}
	if n := len(engines(t, second.data)); n != 0 {
		t.Errorf("the second server started %d processes", n)
	}
	if text := second.raw(inDefault+"/jobs/"+job, "application/json"); !strings.Contains(text, "another server") {
		t.Errorf("the job does not say what it waits for: %s", text)
	}
	// When the first one is there again and leads, everything goes its way.
	second.crash()
	first.start()
	first.until("/jobs/"+job, "status/state", "TERMINATED")
	first.state("d", "RUNNING")
	first.call("PATCH", inDefault+"/deployments/d", `{"spec":{"state":"CANCELLED"}}`, 200)
	first.state("d", "CANCELLED")
}

// crash ends the server at once; its jobs go on.
func (p *process) crash() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
}

// leads waits until the server says that it does.
func (p *process) leads() {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); !strings.Contains(p.output(), "this server leads"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatal("the server does not lead after a minute")
		}
	}
}

// TestMachineLostForGood: who says that he speaks for the lost machine proves
// that nothing runs there.
func TestMachineLostForGood(t *testing.T) {
	url, state := postgres.URL(t), t.TempDir()
	first := launch(t, "--database", url, "--state", state)
	first.call("POST", inDefault+"/deployments", streams, 201)
	first.state("d", "RUNNING")
	job := first.call("GET", inDefault+"/deployments/d", "", 200).text("status/running/jobId")
	place, err := os.ReadFile(filepath.Join(first.data, "clusters", "place"))
	if err != nil {
		t.Fatal(err)
	}
	first.crash()
	for _, pid := range engines(t, first.data) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "place"), place, 0o600); err != nil {
		t.Fatal(err)
	}
	heir := launch(t, "--database", url, "--state", state, "--clusters", folder)
	heir.until("/jobs/"+job, "status/state", "FAILED")
	heir.state("d", "RUNNING")
}
