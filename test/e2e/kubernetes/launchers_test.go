package kubernetes_test

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/cluster/embedded"
	"github.com/weir-streams/weir/cluster/process"
	"github.com/weir-streams/weir/engine"
)

// TestLaunchersKeepTheContract runs the same checks on weir's engine in this
// process, in processes of its own, and in pods, and shows them side by side.
func TestLaunchersKeepTheContract(t *testing.T) {
	program := cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: endlessSQL}
	broken := &cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "SELEKT"}
	quiet := slog.New(slog.DiscardHandler)
	ns, folder := namespace(t), shared(t)
	launchers := []struct {
		name    string
		subject func(t *testing.T) clustertest.Subject
	}{
		{"embedded", func(t *testing.T) clustertest.Subject {
			l := embedded.New(embedded.Engine(engine.New(engine.Config{Log: quiet})))
			t.Cleanup(func() {
				if err := l.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
			return clustertest.Subject{Launcher: l, Directory: "file:" + t.TempDir()} // it has no process to be killed
		}},
		{"process", func(t *testing.T) clustertest.Subject {
			dir, err := os.MkdirTemp("", "weir-c") // names of sockets are short
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			open := func(t *testing.T) cluster.Launcher {
				l, err := process.New(process.Config{Dir: dir, Command: []string{os.Getenv("WEIR_BINARY"), "engine"}, Log: quiet})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(l.Close)
				return l
			}
			return clustertest.Subject{
				Launcher: open(t), Reopen: open, Directory: "file:" + t.TempDir(),
				Kill: func(t *testing.T, ref cluster.Ref) { killProcess(t, dir, ref.Incarnation()) },
			}
		}},
		{"kubernetes", func(t *testing.T) clustertest.Subject {
			return clustertest.Subject{
				Launcher: newLauncher(t, ns, folder), Directory: "file:" + folder,
				Reopen: func(t *testing.T) cluster.Launcher { return newLauncher(t, ns, folder) },
				Kill:   func(t *testing.T, ref cluster.Ref) { killMain(t, ns, mainPodOf(ref, "engine")) },
			}
		}},
	}
	var checks []string
	results := map[[2]string]string{}
	for _, l := range launchers {
		t.Run(l.name, func(t *testing.T) {
			subject := func(t *testing.T) clustertest.Subject {
				s := l.subject(t)
				s.Artifact, s.Broken, s.Patience = program, broken, 10*time.Minute
				return s
			}
			for _, r := range append(clustertest.Run(t, subject), clustertest.RunSessions(t, subject)...) {
				if !slices.Contains(checks, r.Check) {
					checks = append(checks, r.Check)
				}
				how := fmt.Sprintf("%.1f s", r.Took.Seconds())
				switch {
				case !r.Passed:
					how = "FAILED"
				case r.Skipped:
					how = "-"
				}
				results[[2]string{r.Check, l.name}] = how
			}
		})
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 1, 2, ' ', 0)
	fmt.Fprint(w, "\n")
	for _, l := range launchers {
		fmt.Fprintf(w, "%s\t", l.name)
	}
	fmt.Fprint(w, "\n")
	for _, check := range checks {
		for _, l := range launchers {
			fmt.Fprintf(w, "%s\t", results[[2]string{check, l.name}])
		}
		fmt.Fprintf(w, "%s\n", check)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Log(table.String())
}

// killProcess ends the engine of a cluster in a folder of the launcher of processes.
func killProcess(t *testing.T, dir, id string) {
	t.Helper()
	killed := 0
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		args := strings.Split(string(b), "\x00")
		if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, dir) && strings.Contains(a, id) }) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed == 0 {
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error { t.Log(path); return nil })
		t.Fatalf("no process of cluster %s found", id)
	}
}
