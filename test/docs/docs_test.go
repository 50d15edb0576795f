package docs

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const root = "../.."

// patience is a bound that only a hang reaches.
const patience = 2 * time.Minute

// binary is the program that the documents speak of.
func binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv("WEIR_BINARY")
	if path == "" {
		path = root + "/bin/weir"
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

func documents(t testing.TB) []string {
	t.Helper()
	guides, err := filepath.Glob(root + "/docs/guides/*.md")
	if err != nil || len(guides) == 0 {
		t.Fatalf("no guides found (%v)", err)
	}
	examples, err := filepath.Glob(root + "/examples/*/README.md")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples found (%v)", err)
	}
	return append(append(guides, root+"/README.md"), examples...)
}

func TestCommandsOfDocuments(t *testing.T) {
	for _, path := range documents(t) {
		blocks, err := readBlocks(path)
		if err != nil {
			t.Fatal(err)
		}
		script := shellScript(filepath.Base(path), blocks)
		if script == "" {
			continue
		}
		t.Run(strings.TrimPrefix(path, root+"/"), func(t *testing.T) {
			t.Parallel()
			newReader(t).shell(script)
		})
	}
}

// shellScript joins the blocks for bash; each says where it is from.
func shellScript(file string, blocks []block) string {
	var b strings.Builder
	for _, x := range blocks {
		switch x.mark {
		case "sh run":
			fmt.Fprintf(&b, "echo '### %s:%d'\n%s", file, x.line, x.text)
		case "sh server":
			fmt.Fprintf(&b, "echo '### %s:%d'\n{\n%s} >server-%d.log 2>&1 &\n", file, x.line, x.text, x.line)
			fmt.Fprintf(&b, "until grep -q 'weir is running at' server-%d.log; do kill -0 $! || { cat server-%[1]d.log; exit 1; }; sleep 0.05; done\n", x.line)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "set -euo pipefail\n" + b.String()
}

// reader is somebody who follows a document in a fresh account: a home folder
// of their own, the examples beside them, weir in the path.
type reader struct {
	t    *testing.T
	home string
	env  []string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	// Not t.TempDir: a process that was killed a moment ago may still write.
	home, err := os.MkdirTemp("", "docs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	examples, err := filepath.Abs(root + "/examples")
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"bin/weir": binary(t), "examples": examples} {
		link := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	address := freeAddress(t)
	r := &reader{t: t, home: home, env: []string{
		"HOME=" + home, "PATH=" + filepath.Join(home, "bin") + ":" + os.Getenv("PATH"),
		"WEIR_LISTEN=" + address, "WEIR_SERVER=http://" + address,
	}}
	t.Cleanup(r.end)
	return r
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// shell runs a script and fails with what it printed last.
func (r *reader) shell(script string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := os.Create(filepath.Join(r.home, "output"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.Env = r.home, r.env
	cmd.Stdout, cmd.Stderr = out, out // a file: servers left running would keep a pipe open
	err = cmd.Run()
	printed, _ := os.ReadFile(out.Name())
	if err != nil {
		r.t.Fatalf("%v\n%s\n%s", err, printed, r.logs())
	}
	r.t.Logf("%s", printed)
}

func (r *reader) logs() string {
	var b strings.Builder
	files, _ := filepath.Glob(filepath.Join(r.home, "server-*.log"))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		fmt.Fprintf(&b, "--- %s\n%s", filepath.Base(f), text)
	}
	return b.String()
}

// end kills the server and the engines of this home, by their recorded pids.
func (r *reader) end() {
	data := filepath.Join(r.home, ".local/share/weir")
	for _, pattern := range []string{"server.lock", "clusters/*/pid"} {
		files, _ := filepath.Glob(filepath.Join(data, pattern))
		for _, f := range files {
			text, _ := os.ReadFile(f)
			fields := strings.Fields(string(text))
			if len(fields) == 0 {
				continue
			}
			pid, err := strconv.Atoi(fields[0])
			if err == nil && r.owns(pid) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

// owns tells whether a process is of this home: a recorded pid may be another's by now.
func (r *reader) owns(pid int) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err == nil && bytes.Contains(env, []byte("HOME="+r.home+"\x00")) {
		return true
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.Contains(line, []byte(r.home))
}

// weir runs one command line in this home.
func (r *reader) weir(stdin string, args ...string) (string, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "weir", args...)
	cmd.Path = filepath.Join(r.home, "bin/weir")
	cmd.Err = nil
	cmd.Dir, cmd.Env, cmd.Stdin = r.home, r.env, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestSQLOfDocuments(t *testing.T) {
	for _, path := range documents(t) {
		blocks, err := readBlocks(path)
		if err != nil {
			t.Fatal(err)
		}
		setup := ""
		for _, x := range blocks {
			at := fmt.Sprintf("%s:%d", filepath.Base(path), x.line)
			switch x.mark {
			case "sql setup":
				setup += x.text
			case "sql run", "sql refused":
				for _, statement := range statements(x.text) {
					checkStatement(t, at, setup, statement, x.mark == "sql run")
				}
			}
		}
	}
}

// statements splits at semicolons that end a line.
func statements(text string) []string {
	var all []string
	for _, s := range strings.SplitAfter(text, ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func checkStatement(t *testing.T, at, setup, statement string, runs bool) {
	out, err := newReader(t).weir(setup+statement, "run", "-", "--materialize", "--timeout", "1m")
	switch {
	case runs && err != nil:
		t.Errorf("%s: the document says that this runs:\n%s\n%s", at, statement, out)
	case !runs && err == nil:
		t.Errorf("%s: this runs now; the document says it does not:\n%s", at, statement)
	case !runs && !strings.Contains(out, "not supported"):
		t.Errorf("%s: refused for another reason than that it is not built:\n%s\n%s", at, statement, out)
	}
}

// links are those to files, relative to the document.
var (
	// fenced is code, where brackets before a parenthesis are no link.
	fenced = regexp.MustCompile("(?ms)^```.*?^```")
	links  = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
)

func TestLinksOfDocuments(t *testing.T) {
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "examples/*/*.md", "changes/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files...)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range links.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", strings.TrimPrefix(path, root+"/"), m[1])
			}
		}
	}
}
