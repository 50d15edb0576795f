package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// binary is the program under test.
func binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv("WEIR_BINARY")
	if path == "" {
		path = "../../bin/weir"
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(abs); err != nil {
		t.Fatalf("%v: run `make build` first", err)
	}
	return abs
}

// platform is a running weir server over a data folder, with the jobs it started.
type platform struct {
	t      testing.TB
	data   string
	listen string
	cmd    *exec.Cmd
	log    *lockedBuffer
	api    *client.Client
	// patience is a bound that only a hang reaches; 0: 90 s.
	patience time.Duration
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startPlatform(t testing.TB, args ...string) *platform {
	t.Helper()
	return startPlatformIn(t, t.TempDir(), args...)
}

// startPlatformIn starts a platform with its data in a folder.
func startPlatformIn(t testing.TB, data string, args ...string) *platform {
	t.Helper()
	p := &platform{t: t, data: data, listen: "127.0.0.1:0", log: &lockedBuffer{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("server log:\n%s", p.log.String())
		}
	})
	t.Cleanup(p.end)
	p.start(args...)
	return p
}

// start starts the server and waits for the line with its URL.
func (p *platform) start(args ...string) {
	p.t.Helper()
	p.cmd = exec.Command(binary(p.t), append([]string{"server", "--listen", p.listen, "--data", p.data}, args...)...)
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	url := make(chan string, 1)
	go func() {
		defer close(url)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			fmt.Fprintln(p.log, lines.Text())
			if i := strings.Index(lines.Text(), "http://"); i >= 0 {
				select {
				case url <- strings.Fields(lines.Text()[i:])[0]:
				default:
				}
			}
		}
	}()
	select {
	case u, ok := <-url:
		if !ok {
			_ = p.cmd.Wait()
			p.t.Fatalf("the server ended before it answered:\n%s", p.log.String())
		}
		u = strings.TrimSuffix(u, "/")
		p.listen = strings.TrimPrefix(u, "http://")
		if p.api, err = client.New(client.Options{Server: u, Author: "tester"}); err != nil {
			p.t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		p.t.Fatalf("the server has not said its URL within 30 s:\n%s", p.log.String())
	}
}

// kill ends the server at once, as a power cut would; its jobs go on.
func (p *platform) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// stop ends the server as an operator does.
func (p *platform) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatalf("SIGTERM ended the server with %v:\n%s", err, p.log.String())
	}
}

// end kills the server and every process it started, by pid.
func (p *platform) end() {
	if p.cmd != nil && p.cmd.ProcessState == nil {
		p.kill()
	}
	for _, pid := range p.processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for deadline := time.Now().Add(30 * time.Second); len(p.processes()) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Errorf("processes outlive the test: %v", p.processes())
			return
		}
	}
}

// engines lists the processes that run an engine under this data folder.
func (p *platform) engines() []int {
	return p.having(func(args []string) bool { return len(args) > 1 && args[1] == "engine" })
}

// processes lists those that jobs run in: engines, and all of Flink.
func (p *platform) processes() []int {
	return p.having(func(args []string) bool {
		return len(args) > 1 && (args[1] == "engine" || args[1] == "flink" || filepath.Base(args[0]) == "java")
	})
}

// having lists the processes with certain arguments, this data folder among them.
func (p *platform) having(ours func(args []string) bool) []int {
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		line, err := os.ReadFile(filepath.Join(d, "cmdline"))
		if err != nil {
			continue
		}
		if args := strings.Split(string(line), "\x00"); ours(args) && strings.Contains(string(line), p.data) && !zombie(d) {
			pid, _ := strconv.Atoi(filepath.Base(d))
			pids = append(pids, pid)
		}
	}
	return pids
}

func zombie(proc string) bool {
	stat, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return true
	}
	i := bytes.LastIndexByte(stat, ')')
	return i >= 0 && i+2 < len(stat) && stat[i+2] == 'Z'
}

func (p *platform) deploy(name, script string, patch map[string]any) resource.Deployment {
	p.t.Helper()
	spec := map[string]any{
		"state": "RUNNING", "deploymentTargetName": "local",
		"template": map[string]any{"spec": map[string]any{
			"artifact":    map[string]any{"kind": "SQLSCRIPT", "sqlScript": script},
			"parallelism": 1,
			"flinkConfiguration": map[string]any{
				"execution.checkpointing.interval": "200 ms",
			},
		}},
	}
	for k, v := range patch {
		spec[k] = v
	}
	d, err := p.api.Deployments("default").Create(p.ctx(), map[string]any{"kind": "Deployment", "apiVersion": "v1", "metadata": map[string]any{"name": name}, "spec": spec})
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

func (p *platform) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	p.t.Cleanup(cancel)
	return ctx
}

// patch changes a deployment; it repeats itself while the server is away.
func (p *platform) patch(name string, patch map[string]any) {
	p.t.Helper()
	if _, err := p.api.Deployments("default").Patch(p.ctx(), name, patch); err != nil {
		p.t.Fatal(err)
	}
}

func template(fields map[string]any) map[string]any {
	return map[string]any{"spec": map[string]any{"template": map[string]any{"spec": fields}}}
}

func (p *platform) get(name string) resource.Deployment {
	p.t.Helper()
	d, err := p.api.Deployments("default").Get(p.ctx(), name)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

// settle waits until a deployment is as wanted, and no longer than a bound that
// only a hang reaches.
func (p *platform) settle(name string, want ...resource.State) resource.Deployment {
	p.t.Helper()
	return p.until(name, fmt.Sprintf("in state %v", want), func(d resource.Deployment) bool {
		for _, w := range want {
			if d.Status.State == w && !transitionPending(d) {
				return true
			}
		}
		return false
	})
}

// transitionPending tells that the controller has not yet looked at the newest spec.
func transitionPending(d resource.Deployment) bool {
	return d.Status.State == resource.StateTransitioning
}

func (p *platform) until(name, what string, ok func(resource.Deployment) bool) resource.Deployment {
	p.t.Helper()
	var d resource.Deployment
	failed := time.Now() // since when it has not been FAILED
	for deadline := time.Now().Add(cmp.Or(p.patience, 90*time.Second)); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if d = p.get(name); ok(d) {
			return d
		}
		if d.Status.State != resource.StateFailed {
			failed = time.Now()
		} else if time.Since(failed) > 10*time.Second {
			break // it does not leave this state by itself
		}
	}
	p.t.Fatalf("%s is not %s; status %+v\n%s", name, what, d.Status, p.record(name))
	return d
}

// record is the event log of a deployment, for a failing test.
func (p *platform) record(name string) string {
	d := p.get(name)
	events, err := p.api.Events("default").List(p.ctx(), client.Query{DeploymentID: d.Metadata.ID})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %s %s\n", e.Metadata.CreatedAt.Format("15:04:05.000"), e.Metadata.Name, e.Spec.Message)
	}
	for _, pid := range []string{"*"} {
		logs, _ := filepath.Glob(filepath.Join(p.data, "clusters", pid, "log"))
		for _, l := range logs {
			text, _ := os.ReadFile(l)
			fmt.Fprintf(&b, "--- %s\n%s", l, text)
		}
	}
	return b.String()
}

func (p *platform) jobs(deployment string) []resource.Job {
	p.t.Helper()
	jobs, err := p.api.Jobs("default").List(p.ctx(), client.Query{DeploymentID: p.get(deployment).Metadata.ID})
	if err != nil {
		p.t.Fatal(err)
	}
	return jobs
}

// flights writes the first n flights of the example as a CSV file.
func flights(t testing.TB, dir string, n int) string {
	t.Helper()
	f, err := os.Open("../../examples/flights/data/flights.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Scan() // header
	var b bytes.Buffer
	for i := 0; i < n && lines.Scan(); i++ {
		b.Write(lines.Bytes())
		b.WriteByte('\n')
	}
	path := filepath.Join(dir, "flights.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// output is the lines of all visible files of a folder, sorted.
func output(t testing.TB, dir string) []string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if s := strings.TrimSuffix(string(text), "\n"); s != "" {
			lines = append(lines, strings.Split(s, "\n")...)
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	sort.Strings(lines)
	return lines
}
