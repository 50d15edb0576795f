package api

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/test/postgres"
)

func TestMain(m *testing.M) { os.Exit(postgres.Main(m)) }

// process is a weir server, the real binary, over a data folder of its own.
type process struct {
	*world
	t     *testing.T
	data  string
	args  []string
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd was waited for
	log   strings.Builder
	mu    sync.Mutex
}

func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("WEIR_BINARY")
	if path == "" {
		path = "../../../bin/weir"
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

// launch starts a server; the end of the test ends it and its jobs.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, data: t.TempDir(), args: args, world: &world{t: t, router: router(t)}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("server log:\n%s", p.output())
		}
	})
	t.Cleanup(p.end)
	p.start()
	return p
}

func (p *process) start() {
	p.t.Helper()
	listen := "127.0.0.1:0"
	if p.url != "" { // again, where it was
		listen = strings.TrimPrefix(p.url, "http://")
	}
	p.cmd = exec.Command(binary(p.t), append([]string{"server", "--listen", listen, "--data", p.data}, p.args...)...)
	p.cmd.Stderr = p
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	url := make(chan string, 1)
	p.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			_, _ = p.Write([]byte(lines.Text() + "\n"))
			if i := strings.Index(lines.Text(), "http://"); i >= 0 {
				select {
				case url <- strings.TrimSuffix(strings.Fields(lines.Text()[i:])[0], "/"):
				default:
				}
			}
		}
		_ = cmd.Wait()
		close(ended)
	}(p.cmd, p.ended)
	select {
	case p.url = <-url:
	case <-p.ended:
		p.t.Fatalf("the server ended before it answered:\n%s", p.output())
	case <-time.After(time.Minute):
		p.t.Fatalf("the server has not said its URL within a minute:\n%s", p.output())
	}
}

func (p *process) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(text)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// end stops the server, and then the jobs that it started: theirs are the
// process groups in its folder of clusters.
func (p *process) end() {
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		p.t.Errorf("the server does not end")
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	for _, folder := range p.folders() {
		for _, pid := range engines(p.t, folder) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// folders are where its jobs may have their processes.
func (p *process) folders() []string {
	folders := []string{p.data}
	for i, arg := range p.args {
		if arg == "--clusters" {
			folders = append(folders, p.args[i+1])
		}
	}
	return folders
}

// engines lists the processes of jobs below a folder.
func engines(t *testing.T, folder string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && strings.Contains(string(line), "engine\x00") && strings.Contains(string(line), folder) {
			pids = append(pids, pid)
		}
	}
	return pids
}
