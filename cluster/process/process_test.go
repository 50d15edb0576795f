package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/cluster/process"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/flinktest"
)

// The test binary is also the cluster's process.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "engine" {
		if err := engine(os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "engine:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) >= 2 && os.Args[1] == "fail" {
		fmt.Fprintln(os.Stderr, "cannot even begin")
		os.Exit(3)
	}
	if len(os.Args) == 4 && os.Args[1] == "launch" { // a platform that is killed right after it launched
		l, err := process.New(process.Config{Dir: os.Args[2], Command: []string{os.Args[0], "engine"}})
		if err == nil {
			err = l.Launch(context.Background(), specOf(os.Args[3]))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "launch:", err)
			os.Exit(1)
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	os.Exit(m.Run())
}

// engine serves a flinktest job whose time is the real one.
func engine(dir string) error {
	life, err := process.Enter(dir)
	if err != nil {
		return err
	}
	if life.Spec.Artifact.SQLScript == "IGNORE SIGTERM" {
		signal.Ignore(syscall.SIGTERM)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT)
	if life.Spec.Artifact.SQLScript != "IGNORE SIGTERM" {
		ctx, stop = signal.NotifyContext(context.Background(), syscall.SIGTERM)
	}
	defer stop()
	listener, err := life.Listen()
	if err != nil {
		return err
	}
	disk, err := flinktest.OpenStorage(filepath.Join(filepath.Dir(filepath.Dir(dir)), "disk"))
	if err != nil {
		return err
	}
	start := func(spec cluster.Spec) *flinktest.JobManager {
		o := flinktest.Options{
			JobID: spec.FlinkJobID(), Name: spec.DeploymentName, Parallelism: spec.Parallelism,
			Configuration: spec.Configuration, Location: spec.SavepointLocation, Storage: disk, Start: time.Now(),
		}
		if spec.Artifact.SQLScript == "SELEKT" {
			o.Broken = "SELEKT is no statement"
		}
		return flinktest.New(o)
	}
	var m interface {
		http.Handler
		Advance(time.Duration)
		Gone() bool
	}
	if life.Spec.IsSession() {
		m = flinktest.NewSession(life.Spec.Configuration, func(_ string, body []byte) (*flinktest.JobManager, error) {
			var spec cluster.Spec
			if err := json.Unmarshal(body, &spec); err != nil {
				return nil, err
			}
			return start(spec), nil
		})
	} else if life.Spec.Standby {
		m = &standby{spec: life.Spec, start: start}
	} else {
		m = start(life.Spec)
	}
	server := &http.Server{Handler: m}
	go func() { _ = server.Serve(listener) }()
	last := time.Now()
	for tick := time.Tick(5 * time.Millisecond); ctx.Err() == nil && !m.Gone(); {
		select {
		case now := <-tick:
			m.Advance(now.Sub(last))
			last = now
		case <-ctx.Done():
		}
	}
	return nil
}

// standby is a cluster whose job comes later.
type standby struct {
	spec  cluster.Spec
	start func(cluster.Spec) *flinktest.JobManager
	mu    sync.Mutex
	job   *flinktest.JobManager
}

func (s *standby) has() *flinktest.JobManager {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.job
}

func (s *standby) Advance(d time.Duration) {
	if j := s.has(); j != nil {
		j.Advance(d)
	}
}

func (s *standby) Gone() bool { j := s.has(); return j != nil && j.Gone() }

func (s *standby) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		var spec cluster.Spec
		if err := json.NewDecoder(r.Body).Decode(&spec); err != nil || spec.Ref != s.spec.Ref || spec.Standby {
			http.Error(w, `{"errors":["another job"]}`, http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.job == nil {
			s.job = s.start(spec)
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if j := s.has(); j != nil {
		j.ServeHTTP(w, r)
		return
	}
	switch r.URL.Path {
	case "/jobmanager/config":
		fmt.Fprintf(w, `[{"key":%q,"value":%q}]`, flink.IncarnationKey, s.spec.Incarnation())
	case "/weir/v1/standby":
		fmt.Fprint(w, `{"ready":true}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"errors":["no such job"]}`)
	}
}

// TestAJobComesToItsStandby brings a cluster up before its job: the job runs in
// it when it is launched, once, however often.
func TestAJobComesToItsStandby(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	l, err := process.New(process.Config{Dir: filepath.Join(dir, "c"), Command: []string{os.Args[0], "engine"}, Warms: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	spec := specOf("6f1ed002-ab5a-4b3e-9d8c-000000000001")
	early := spec
	early.Standby = true
	for range 2 {
		if err := l.Launch(t.Context(), early); err != nil {
			t.Fatal(err)
		}
	}
	var client *flink.Client
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if client, err = l.Connect(t.Context(), spec.Ref); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if s, err := client.Standby(t.Context()); err != nil || s == nil || !s.Ready {
		t.Fatalf("standby: %+v, %v", s, err)
	}
	if _, err := client.JobStatus(t.Context(), spec.FlinkJobID()); !flink.IsNotFound(err) {
		t.Fatalf("the job is there before it was launched: %v", err)
	}
	pid := pidOf(t, filepath.Join(dir, "c"), spec.JobID)
	for range 2 {
		if err := l.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.JobStatus(t.Context(), spec.FlinkJobID()); err != nil {
		t.Errorf("the job has not come: %v", err)
	}
	if got := pidOf(t, filepath.Join(dir, "c"), spec.JobID); got != pid {
		t.Errorf("the job runs in process %d, the cluster was %d", got, pid)
	}
	if err := l.Terminate(t.Context(), spec.Ref); err != nil {
		t.Fatal(err)
	}
	if o, err := l.Observe(t.Context(), spec.Ref); err != nil || o.Presence != cluster.Absent {
		t.Errorf("after it was terminated: %+v, %v", o, err)
	}
	cold := newLauncher(t, filepath.Join(dir, "d"), 0)
	if err := cold.Launch(t.Context(), early); !errors.Is(err, cluster.ErrRefused) {
		t.Errorf("a launcher that brings up no cluster before its job says %v", err)
	}
}

func specOf(job string) cluster.Spec {
	return cluster.Spec{
		Ref:            cluster.Ref{Namespace: "default", DeploymentID: "d", JobID: job},
		DeploymentName: "orders", Parallelism: 1, Artifact: cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "INSERT"},
		Configuration: map[string]string{flink.IncarnationKey: job},
	}
}

func newLauncher(t *testing.T, dir string, grace time.Duration) *process.Launcher {
	t.Helper()
	l, err := process.New(process.Config{Dir: dir, Command: []string{os.Args[0], "engine"}, Grace: grace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// shortDir is a folder with a path that leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "weir")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func pidOf(t *testing.T, dir, job string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, job, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(b))[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestProcessKeepsTheContract(t *testing.T) {
	for _, tt := range []struct {
		name string
		deep int
	}{{"short path", 0}, {"path too long for a socket", 120}} {
		t.Run(tt.name, func(t *testing.T) {
			subject := func(t *testing.T) clustertest.Subject {
				dir := filepath.Join(shortDir(t), strings.Repeat("x", tt.deep), "clusters")
				l := newLauncher(t, dir, 0)
				return clustertest.Subject{
					Launcher:  l,
					Reopen:    func(t *testing.T) cluster.Launcher { return newLauncher(t, dir, 0) },
					Artifact:  cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "INSERT"},
					Broken:    &cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "SELEKT"},
					Directory: "file:/disk",
					Kill: func(t *testing.T, ref cluster.Ref) {
						if err := syscall.Kill(pidOf(t, dir, ref.Incarnation()), syscall.SIGKILL); err != nil {
							t.Fatal(err)
						}
					},
				}
			}
			clustertest.Run(t, subject)
			clustertest.RunSessions(t, subject)
		})
	}
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited a minute to " + what)
		}
	}
}

func TestAProcessSurvivesItsLauncher(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(shortDir(t), "clusters")
	const job = "6f1ed002-ab5a-4b3e-9d8c-0000000000aa"
	if err := exec.Command(os.Args[0], "launch", dir, job).Run(); err == nil {
		t.Fatal("the platform was to be killed")
	}
	l := newLauncher(t, dir, 0)
	spec := specOf(job)
	until(t, "connect", func() bool { _, err := l.Connect(ctx, spec.Ref); return err == nil })
	before := pidOf(t, dir, job)
	if err := l.Launch(ctx, spec); err != nil {
		t.Fatal(err)
	}
	if after := pidOf(t, dir, job); after != before {
		t.Errorf("process %d was started beside %d", after, before)
	}
	refs, err := l.List(ctx)
	if err != nil || len(refs) != 1 || refs[0] != spec.Ref {
		t.Errorf("list %v, %v", refs, err)
	}
	if err := l.Terminate(ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(before, 0); err == nil {
		if b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", before)); len(b) > 0 && !strings.Contains(string(b), ") Z ") {
			t.Errorf("process %d lives on: %s", before, b)
		}
	}
}

func TestAnInterruptedLaunchIsAbsentAndCanBeRepeated(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(shortDir(t), "clusters")
	l, err := process.New(process.Config{Dir: dir, Command: []string{os.Args[0], "fail"}})
	if err != nil {
		t.Fatal(err)
	}
	spec := specOf("6f1ed002-ab5a-4b3e-9d8c-0000000000ab")
	if err := l.Launch(ctx, spec); err != nil {
		t.Fatal(err)
	}
	until(t, "see that it never began", func() bool {
		o, err := l.Observe(ctx, spec.Ref)
		if err != nil {
			t.Fatal(err)
		}
		return o.Presence == cluster.Absent && strings.Contains(o.Message, "cannot even begin")
	})
	again := newLauncher(t, dir, 0)
	if err := again.Launch(ctx, spec); err != nil {
		t.Fatal(err)
	}
	until(t, "connect", func() bool { _, err := again.Connect(ctx, spec.Ref); return err == nil })
	if err := again.Terminate(ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
}

func TestTheExitIsTold(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(shortDir(t), "clusters")
	l := newLauncher(t, dir, 0)
	spec := specOf("6f1ed002-ab5a-4b3e-9d8c-0000000000ac")
	if err := l.Launch(ctx, spec); err != nil {
		t.Fatal(err)
	}
	until(t, "connect", func() bool { _, err := l.Connect(ctx, spec.Ref); return err == nil })
	if err := os.WriteFile(filepath.Join(dir, spec.JobID, "log"), []byte("first\npanic: out of memory\n\ngoroutine 1 [running]:\n\tmain.go:1\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pidOf(t, dir, spec.JobID), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "see it dead", func() bool {
		o, err := l.Observe(ctx, spec.Ref)
		if err != nil {
			t.Fatal(err)
		}
		// The very first look knows how it ended.
		if o.Failed && o.Message != "the process was ended by signal 9 (killed): panic: out of memory" {
			t.Fatalf("message %q", o.Message)
		}
		return o.Failed
	})
	if err := l.Terminate(ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "logs", spec.JobID+".log"))
	if err != nil || !strings.Contains(string(b), "out of memory") {
		t.Errorf("kept log %q, %v", b, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 { // the logs, and the name of the folder
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAStubbornProcessIsKilled(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(shortDir(t), "clusters")
	l := newLauncher(t, dir, 50*time.Millisecond)
	spec := specOf("6f1ed002-ab5a-4b3e-9d8c-0000000000ad")
	spec.Artifact.SQLScript = "IGNORE SIGTERM"
	if err := l.Launch(ctx, spec); err != nil {
		t.Fatal(err)
	}
	until(t, "connect", func() bool { _, err := l.Connect(ctx, spec.Ref); return err == nil })
	if err := l.Terminate(ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
	if o, err := l.Observe(ctx, spec.Ref); err != nil || o.Presence != cluster.Absent {
		t.Errorf("observed %+v, %v", o, err)
	}
}

// A pid that now belongs to another process must not be signalled.
func TestAStrangerIsNotSignalled(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(shortDir(t), "clusters")
	l := newLauncher(t, dir, 50*time.Millisecond)
	spec := specOf("6f1ed002-ab5a-4b3e-9d8c-0000000000ae")
	if err := l.Launch(ctx, spec); err != nil {
		t.Fatal(err)
	}
	until(t, "connect", func() bool { _, err := l.Connect(ctx, spec.Ref); return err == nil })
	stranger := exec.Command("sleep", "600")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Process.Kill(); _ = stranger.Wait() }()
	path := filepath.Join(dir, spec.JobID, "pid")
	mine, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(mine))
	// The start times might be equal: both began in the same hundredth of a second.
	fields[0], fields[1] = strconv.Itoa(stranger.Process.Pid), "1"
	if err := os.WriteFile(path, []byte(strings.Join(fields, " ")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Terminate(ctx, spec.Ref); err == nil || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("terminate: %v", err)
	}
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger was hit: %v", err)
	}
	if err := os.WriteFile(path, mine, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Terminate(ctx, spec.Ref); err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsProvedWithoutTheFolder(t *testing.T) {
	dir := filepath.Join(shortDir(t), "clusters")
	l := newLauncher(t, dir, 0)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	ref := specOf("6f1ed002-ab5a-4b3e-9d8c-0000000000af").Ref
	if o, err := l.Observe(context.Background(), ref); err == nil {
		t.Errorf("observed %+v without a folder", o)
	}
	if _, err := l.Connect(context.Background(), ref); !errors.Is(err, cluster.ErrUnreachable) {
		t.Errorf("connect: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	l := newLauncher(t, filepath.Join(shortDir(t), "clusters"), 0)
	for name, change := range map[string]func(*cluster.Spec){
		"a jar":        func(s *cluster.Spec) { s.Artifact.Kind = "JAR" },
		"an id with /": func(s *cluster.Spec) { s.JobID = "../x" },
		"an empty id":  func(s *cluster.Spec) { s.JobID = "" },
	} {
		spec := specOf("6f1ed002-ab5a-4b3e-9d8c-0000000000b0")
		change(&spec)
		if err := l.Launch(context.Background(), spec); !errors.Is(err, cluster.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
