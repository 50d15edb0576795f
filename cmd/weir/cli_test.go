package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
)

// platform is a server with a fake launcher, as weir server runs it.
type platform struct {
	t    *testing.T
	url  string
	data string
}

// startPlatform runs weir server on a free port until the test ends.
func startPlatform(t *testing.T, args ...string) *platform {
	t.Helper()
	p := &platform{t: t, data: t.TempDir()}
	fake := clustertest.NewFake(clustertest.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	s := newSession(strings.NewReader(""), in, &syncWriter{w: t.Output()})
	s.getenv = func(string) string { return "" }
	s.launchers = func(string, string, *slog.Logger) (map[string]cluster.Launcher, error) {
		return map[string]cluster.Launcher{"process": fake}, nil
	}
	var running sync.WaitGroup
	running.Go(func() {
		code := execute(ctx, s, append([]string{"server", "--listen", "127.0.0.1:0", "--data", p.data, "--log-level", "warn"}, args...))
		if code != 0 {
			t.Errorf("weir server ended with %d", code)
		}
		in.Close()
	})
	running.Go(func() { // the fake's clock
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				fake.Advance(50 * time.Millisecond)
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatalf("no line with the URL: %v", err)
	}
	p.url = regexp.MustCompile(`http://\S+`).FindString(string(line[:n]))
	if p.url == "" {
		t.Fatalf("no URL in %q", line[:n])
	}
	return p
}

type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *syncWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// result is what a command line did.
type result struct {
	t        *testing.T
	line     string
	code     int
	out, err string
}

// weir runs a command line against the platform.
func (p *platform) weir(args ...string) result { return p.weirIn("", args...) }

func (p *platform) weirIn(stdin string, args ...string) result {
	p.t.Helper()
	env := map[string]string{"WEIR_SERVER": p.url, "WEIR_AUTHOR": "ann"}
	return run(p.t, p.t.Context(), env, stdin, args...)
}

func run(t *testing.T, ctx context.Context, env map[string]string, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	s := newSession(strings.NewReader(stdin), &out, &err)
	s.getenv = func(name string) string { return env[name] }
	code := execute(ctx, s, args)
	return result{t, "weir " + strings.Join(args, " "), code, out.String(), err.String()}
}

func (r result) exits(code int) result {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("%s: exit code %d, want %d\n%s%s", r.line, r.code, code, r.out, r.err)
	}
	return r
}

func (r result) prints(texts ...string) result {
	r.t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.out, text) {
			r.t.Errorf("%s prints\n%swithout %q (stderr: %s)", r.line, r.out, text, r.err)
		}
	}
	return r
}

func (r result) equals(text string) result {
	r.t.Helper()
	if r.out != text {
		r.t.Errorf("%s prints %q, want %q", r.line, r.out, text)
	}
	return r
}

func (r result) lacks(text string) result {
	r.t.Helper()
	if strings.Contains(r.out+r.err, text) {
		r.t.Errorf("%s prints %q:\n%s%s", r.line, text, r.out, r.err)
	}
	return r
}

func (r result) complains(texts ...string) result {
	r.t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.err, text) {
			r.t.Errorf("%s complains %q, without %q", r.line, r.err, text)
		}
	}
	return r
}

const orders = `# an example
kind: Deployment
metadata:
  name: orders
  labels: {team: a}
spec:
  state: RUNNING
  template:
    spec:
      artifact: {kind: SQLSCRIPT, sqlScript: "SELECT 1;"}
      parallelism: 2
      flinkConfiguration: {a: 1.10, b: 2}
`

func TestALifeOnTheCommandLine(t *testing.T) {
	p := startPlatform(t)
	file := filepath.Join(t.TempDir(), "orders.yaml")
	write(t, file, orders)
	p.weir("diff", "-f", file).exits(1).prints("+state: RUNNING")
	p.weir("apply", "-f", file, "--dry-run").exits(0).prints("deployment orders would be created")
	p.weir("get", "deployment", "orders").exits(4)
	p.weir("apply", "-f", file, "--wait", "--timeout", "60s").exits(0).prints("deployment orders created", "is RUNNING after")
	p.weir("apply", "-f", file).exits(0).prints("deployment orders unchanged")
	p.weir("diff", "-f", file).exits(0)
	p.weir("get", "deployments").exits(0).prints("NAME", "orders", "RUNNING", "local")
	p.weir("get", "deploy", "-l", "team=b").exits(0).complains("No deployments")
	p.weir("get", "d", "orders", "-o", "name").exits(0).prints("deployments/orders\n")

	p.weir("scale", "orders", "--parallelism", "4", "--wait").exits(0).prints("scaled to 4", "is RUNNING after")
	p.weir("history", "orders").exits(0).prints("created", "parallelism: 2 → 4", "ann")
	p.weir("diff", "deployment", "orders", "--revision", "1..2").exits(1).prints("-    parallelism: 2", "+    parallelism: 4")

	id := regexp.MustCompile(`savepoint (\S+) started`).FindStringSubmatch(p.weir("savepoint", "create", "orders", "--wait").exits(0).prints("completed at").out)[1]
	p.weir("savepoint", "list", "orders").exits(0).prints(id, "USER_REQUEST", "COMPLETED", "SUSPEND_AND_UPGRADE")
	p.weir("reset", "orders", "--savepoint", id, "--wait").exits(0).prints("is to start from savepoint", "is RUNNING after")
	p.weir("describe", "deployment", "orders").exits(0).prints("State", "RUNNING", "SELECT 1;", "Savepoints", "Events")
	p.weir("delete", "deployment", "orders").exits(5).complains("wanted RUNNING")
	p.weir("suspend", "orders", "--wait").exits(0).prints("is SUSPENDED after")
	p.weir("wait", "orders", "--for", "suspended").exits(0)
	p.weir("wait", "orders", "--for", "running", "--timeout", "50ms").exits(124).complains("SUSPENDED")
	p.weir("savepoint", "create", "orders").exits(1).complains("no active job")
	p.weir("start", "orders", "--wait").exits(0).prints("is RUNNING after")
	p.weir("get", "jobs").exits(0).prints("STARTED", "TERMINATED")
	p.weir("rollback", "orders", "--to", "1", "--wait").exits(0).prints("rolled back to revision 1")
	p.weir("events", "orders", "-o", "wide").exits(0).prints("STATE_TRANSITION_IS_COMPLETED")
	p.weir("fork", "orders", "scratch", "--savepoint", id).exits(0).prints("deployment scratch created")
	p.weir("cancel", "orders", "--wait").exits(0).prints("is CANCELLED after")
	p.weir("delete", "deployment", "orders").exits(0).prints("deployment orders deleted")
	p.weir("wait", "orders", "--for", "deleted").exits(0)
	p.weir("describe", "d", "orders").exits(4)
}

func TestApplyRemovesWhatTheFileNoLongerSays(t *testing.T) {
	p := startPlatform(t)
	stopped := strings.Replace(orders, "RUNNING", "CANCELLED", 1)
	p.weirIn(stopped, "apply", "-f", "-").exits(0)
	p.weirIn("", "scale", "orders", "-p", "7").exits(0)
	withoutB := strings.Replace(strings.Replace(stopped, ", b: 2", "", 1), "      parallelism: 2\n", "", 1)
	p.weirIn(withoutB, "apply", "-f", "-").exits(0).prints("flinkConfiguration.b: removed", "parallelism: 7 → 1")
	out := p.weir("get", "d", "orders", "-o", "yaml").exits(0).prints(`a: "1.10"`).out
	if strings.Contains(out, `b: "2"`) {
		t.Errorf("b is still there:\n%s", out)
	}
	// What was exported can be applied elsewhere.
	p.weirIn("kind: Namespace\nmetadata: {name: staging}\n", "apply", "-f", "-").exits(0).prints("namespace staging created")
	p.weirIn(out, "apply", "-n", "staging", "-f", "-").exits(0).prints("deployment orders created")
	p.weirIn(p.weir("get", "d", "-o", "json").out, "apply", "-f", "-").exits(0).prints("deployment orders unchanged")
}

func TestApplyReportsEveryDocument(t *testing.T) {
	p := startPlatform(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), orders+"---\nkind: DeploymentTarget\nmetadata: {name: second}\nspec: {launcher: process}\n")
	write(t, filepath.Join(dir, "b.yaml"), strings.ReplaceAll(strings.Replace(orders, "name: orders", "name: broken", 1), "parallelism: 2", "parallelism: x"))
	p.weir("apply", "-f", dir).exits(1).prints("target second created", "deployment orders created").complains("b.yaml", "parallelism")
	p.weirIn("kind: Job\nmetadata: {name: x}\n", "apply", "-f", "-").exits(1).complains("kind Job cannot be applied")
	p.weirIn("a: [", "apply", "-f", "-").exits(1).complains("standard input", "line 1")
	p.weirIn("", "apply", "-f", "-").exits(1).complains("no resource")
	p.weir("apply", "-f", filepath.Join(dir, "none.yaml")).exits(1).complains("none.yaml")
}

func TestUsage(t *testing.T) {
	p := startPlatform(t)
	for _, tt := range []struct {
		args  string
		code  int
		wants string
	}{
		{"get", 2, "arg"},
		{"get deployment a b", 4, `"b"`},
		{"get deployments,jobs a", 2, "KIND/NAME"},
		{"get deployments -o jsonpath={.a", 2, "braces"},
		{"get deployments a -A", 2, "-n"},
		{"get jobs -l a=b", 2, "no labels"},
		{"delete", 2, "KIND NAME"},
		{"delete deployments", 2, "which"},
		{"get deplyments", 2, `did you mean "deployments"?`},
		{"get deployments -o xml", 2, "xml"},
		{"get deployments --nope", 2, "--nope"},
		{"nope", 2, "nope"},
		{"scale orders", 2, "--parallelism"},
		{"wait orders", 2, "--for"},
		{"wait orders --for runing", 2, `did you mean "running"?`},
		{"delete event x", 2, "record"},
		{"start orders", 4, "not found"},
		{"logs orders", 4, "not found"},
		{"history orders", 4, "not found"},
		{"diff", 2, "-f FILE"},
		{"server extra", 2, "extra"},
		{"server --log-level loud", 2, "loud"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			(&platform{t: t, url: p.url}).weir(strings.Fields(tt.args)...).exits(tt.code).complains(tt.wants)
		})
	}
	nobody := map[string]string{"WEIR_SERVER": "http://127.0.0.1:1"}
	run(t, t.Context(), nobody, "", "get", "deployments").exits(3).complains("http://127.0.0.1:1", "weir server")
	run(t, t.Context(), nobody, "", "version").exits(0).prints("client").complains("No server")
}

func TestJSONIsTheAPIs(t *testing.T) {
	p := startPlatform(t)
	p.weirIn(strings.Replace(orders, "RUNNING", "CANCELLED", 1), "apply", "-f", "-").exits(0)
	var list struct {
		Kind  string
		Items []struct{ Metadata struct{ Name string } }
	}
	if err := json.Unmarshal([]byte(p.weir("get", "d", "-o", "json").exits(0).out), &list); err != nil {
		t.Fatal(err)
	}
	if list.Kind != "DeploymentList" || len(list.Items) != 1 || list.Items[0].Metadata.Name != "orders" {
		t.Errorf("%+v", list)
	}
	p.weir("get", "events", "-o", "json").exits(0).prints(`"items": []`)
}

func TestWatch(t *testing.T) {
	p := startPlatform(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	s := newSession(strings.NewReader(""), in, io.Discard)
	s.getenv = func(string) string { return "" }
	done := make(chan int)
	go func() {
		done <- execute(ctx, s, []string{"get", "deployments", "--watch", "-o", "json", "--server", p.url})
	}()
	p.weirIn(orders, "apply", "-f", "-").exits(0)
	docs := json.NewDecoder(out)
	for {
		var d struct{ Status struct{ State string } }
		if err := docs.Decode(&d); err != nil {
			t.Fatal(err)
		}
		if d.Status.State == "RUNNING" {
			break
		}
	}
	cancel()
	go func() { _, _ = io.Copy(io.Discard, out) }() // what it still had to say
	if code := <-done; code != 130 {
		t.Errorf("an interrupted watch ends with %d", code)
	}
	in.Close()
}

func TestOneServerForAFolder(t *testing.T) {
	p := startPlatform(t)
	run(t, t.Context(), nil, "", "server", "--data", p.data).exits(1).complains("another weir server", p.data)
	port := p.url[strings.LastIndexByte(p.url, ':')+1:]
	run(t, t.Context(), nil, "", "server", "--data", t.TempDir(), "--listen", "127.0.0.1:"+port).exits(1).complains("port " + port + " is in use")
	run(t, t.Context(), nil, "", "server", "--data", t.TempDir(), "--listen", "0.0.0.0:0").exits(1).complains("refusing to listen")
}

func TestSettingsAndTheirSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weir.yaml")
	write(t, file, "listen: 127.0.0.1:1\ndata: /from/file\ncheckpoint-interval: 30s\nglobalDeploymentDefaults: {spec: {template: {spec: {parallelism: 3}}}}\n")
	env := map[string]string{"WEIR_CONFIG": file, "WEIR_DATA": "/from/env", "WEIR_CHECKPOINT_INTERVAL": "20s"}
	run(t, t.Context(), env, "", "server", "--print-config", "--checkpoint-interval", "10s").exits(0).
		prints("127.0.0.1:1", file, "/from/env", "WEIR_DATA", "--checkpoint-interval", "default")
	write(t, file, "lisen: x\n")
	run(t, t.Context(), env, "", "server", "--print-config").exits(1).complains(`did you mean "listen"?`)
	write(t, file, "globalDeploymentDefaults: {spec: {template: {spec: {parallelism: x}}}}\n")
	run(t, t.Context(), env, "", "server", "--print-config").exits(1).complains("parallelism")
	run(t, t.Context(), map[string]string{"WEIR_CONFIG": "/none"}, "", "server", "--print-config").exits(1).complains("/none")
}

func TestDemo(t *testing.T) {
	p := startPlatform(t, "--demo")
	p.weir("wait", "flights-delays", "--for", "running").exits(0)
	out := p.weir("get", "d", "flights-delays", "-o", "yaml").exits(0).out
	path := regexp.MustCompile(`'path' = '([^']+)'`).FindStringSubmatch(out)
	if path == nil {
		t.Fatalf("no path in\n%s", out)
	}
	if info, err := os.Stat(path[1]); err != nil || info.Size() == 0 {
		t.Errorf("%s: %v", path[1], err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestUnifiedDiff(t *testing.T) {
	a := strings.Fields("a b c d e f g h i j k l")
	b := strings.Fields("a b x d e f g h i j l m")
	want := []string{"@@ -2,3 +2,3 @@", " b", "-c", "+x", " d", "@@ -10,3 +10,3 @@", " j", "-k", " l", "+m"}
	if got := unifiedDiff(a, b, 1); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := unifiedDiff(a, a, 3); got != nil {
		t.Errorf("no difference, but %q", got)
	}
}

func TestLastLines(t *testing.T) {
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{{"a\nb\nc\n", 1, "c\n"}, {"a\nb\nc\n", 2, "b\nc\n"}, {"a\nb\nc\n", 9, "a\nb\nc\n"}, {"a\nb\nc", 1, "c"}, {"", 1, ""}, {"a\nb\n", 0, "a\nb\n"}} {
		if got := string(lastLines([]byte(tt.text), tt.n)); got != tt.want {
			t.Errorf("lastLines(%q, %d) = %q, want %q", tt.text, tt.n, got, tt.want)
		}
	}
}

// A script goes on after a statement that failed, in every form of output.
func TestGoingOnAfterAStatementThatFailed(t *testing.T) {
	for _, form := range []string{"table", "csv", "json"} {
		var out, problems bytes.Buffer
		s := &session{in: strings.NewReader("SELECT 'one'; SELECT tow; SELECT 'three';"), out: &out, err: &problems, getenv: func(string) string { return "" }}
		code := execute(t.Context(), s, []string{"run", "-", "--continue-on-error", "--output", form})
		if told := out.String() + problems.String(); code != client.ExitFailed || !strings.Contains(told, "'tow' not found") || !strings.Contains(out.String(), "three") {
			t.Errorf("%s: exit code %d, printed %s%s", form, code, out.String(), problems.String())
		}
	}
}
