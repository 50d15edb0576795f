package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
)

// farmEnv makes this test binary a weir server whose clusters are those of
// the test that started it, so that the server can be killed and they live on.
const (
	farmEnv     = "WEIR_TEST_FARM"
	farmNameEnv = "WEIR_TEST_FARM_NAME"
)

func serveOnFarm(url string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if path := os.Getenv("WEIR_TEST_PROFILE"); path != "" {
		f, err := os.Create(path + "." + strconv.Itoa(os.Getpid()))
		if err == nil && pprof.StartCPUProfile(f) == nil {
			defer pprof.StopCPUProfile()
		}
	}
	s := newSession(os.Stdin, os.Stdout, os.Stderr)
	s.launchers = func(string, string, *slog.Logger) (map[string]cluster.Launcher, error) {
		return map[string]cluster.Launcher{"process": clustertest.Remote{URL: url, Name: os.Getenv(farmNameEnv)}}, nil
	}
	return execute(ctx, s, os.Args[1:])
}

// farm is clusters that outlive the servers that start them.
type farm struct {
	t       testing.TB
	fake    *clustertest.Fake
	journal *clustertest.Journal
	url     string
}

// newFarm starts one whose time goes so many times as fast as ours.
func newFarm(t testing.TB, tick time.Duration, speed int, o clustertest.Options) *farm {
	t.Helper()
	f := &farm{t: t, fake: clustertest.NewFake(o), journal: &clustertest.Journal{}}
	server := httptest.NewServer(f.fake.Handler(f.journal))
	f.url = server.URL
	ctx, cancel := context.WithCancel(context.Background())
	var clock sync.WaitGroup
	clock.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				f.fake.Advance(tick * time.Duration(speed))
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		clock.Wait()
		server.CloseClientConnections()
		server.Close()
	})
	return f
}

// child is a server in a process of its own.
type child struct {
	t      testing.TB
	name   string
	listen string
	args   []string
	farm   *farm
	cmd    *exec.Cmd
	ended  chan struct{}
	api    *client.Client

	mu  sync.Mutex
	log strings.Builder
	led time.Time // when it said that it leads
}

// server starts one over a data folder, and waits until it answers.
func (f *farm) server(name, data string, args ...string) *child {
	f.t.Helper()
	c := &child{t: f.t, name: name, listen: "127.0.0.1:0", farm: f, args: append([]string{"--data", data, "--log-level", "info"}, args...)}
	f.t.Cleanup(func() {
		if f.t.Failed() {
			text := c.output()
			f.t.Logf("end of the log of %s:\n%s", name, text[max(0, len(text)-6000):])
		}
	})
	f.t.Cleanup(c.stop)
	c.start()
	return c
}

func (c *child) start() {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	c.cmd = exec.Command(self, append([]string{"server", "--listen", c.listen}, c.args...)...)
	c.cmd.Env = append(os.Environ(), farmEnv+"="+c.farm.url, farmNameEnv+"="+c.name)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.Stderr = c
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	url, ended := make(chan string, 1), make(chan struct{})
	c.ended = ended
	go func(cmd *exec.Cmd) {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if i := strings.Index(lines.Text(), "http://"); i >= 0 {
				select {
				case url <- strings.TrimSuffix(strings.Fields(lines.Text()[i:])[0], "/"):
				default:
				}
			}
		}
		_ = cmd.Wait()
		close(ended)
	}(c.cmd)
	select {
	case u := <-url:
		c.listen = strings.TrimPrefix(u, "http://")
		if c.api, err = client.New(client.Options{Server: u, Author: "tester"}); err != nil {
			c.t.Fatal(err)
		}
	case <-ended:
		c.t.Fatalf("%s ended before it answered:\n%s", c.name, c.output())
	case <-time.After(time.Minute):
		c.t.Fatalf("%s does not answer:\n%s", c.name, c.output())
	}
}

// Write takes the log.
func (c *child) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.led.IsZero() && strings.Contains(string(p), "this server leads") {
		c.led = time.Now()
	}
	return c.log.Write(p)
}

func (c *child) output() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.String()
}

func (c *child) leadsSince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.led
}

// kill ends it with no chance to say goodbye.
func (c *child) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.t.Fatal(err)
	}
	<-c.ended
}

func (c *child) stop() {
	if c.cmd == nil || c.cmd.Process == nil {
		return
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(20 * time.Second):
		c.t.Errorf("%s does not end", c.name)
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// memory is what the process holds now, and has held at most, in bytes.
func (c *child) memory() (now, most int64) {
	c.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(words[1], 10, 64)
		switch words[0] {
		case "VmRSS:":
			now = n << 10
		case "VmHWM:":
			most = n << 10
		}
	}
	return now, most
}
