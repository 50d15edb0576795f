package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/cluster/process"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// TestEngineChild is no test: it is `weir engine` when the launcher of
// another test has started this binary.
func TestEngineChild(t *testing.T) {
	if flag.Arg(0) != "engine" {
		t.Skip("started only by the launcher of another test")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, newSession(os.Stdin, os.Stdout, os.Stderr), flag.Args()))
}

// endless reads a folder for ever; it has one file with two rows.
func endless(t *testing.T) string {
	t.Helper()
	in := t.TempDir()
	if err := os.WriteFile(filepath.Join(in, "a.csv"), []byte("1,one\n2,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`
CREATE TABLE src (k BIGINT, v STRING) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv', 'source.monitor-interval' = '20 ms');
CREATE TABLE snk (k BIGINT, v STRING) WITH ('connector' = 'print');
INSERT INTO snk SELECT k, v FROM src;`, in)
}

func engineLauncher(t *testing.T, dir string) *process.Launcher {
	t.Helper()
	l, err := process.New(process.Config{Dir: dir, Command: []string{os.Args[0], "-test.run=^TestEngineChild$", "--", "engine"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func TestEngineProcessesKeepTheContract(t *testing.T) {
	subject := func(t *testing.T) clustertest.Subject {
		dir := filepath.Join(t.TempDir(), "clusters")
		return clustertest.Subject{
			Launcher:  engineLauncher(t, dir),
			Reopen:    func(t *testing.T) cluster.Launcher { return engineLauncher(t, dir) },
			Artifact:  cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: endless(t)},
			Broken:    &cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "INSERT INTO nowhere SELECT 1;"},
			Directory: t.TempDir(),
			Kill: func(t *testing.T, ref cluster.Ref) {
				b, err := os.ReadFile(filepath.Join(dir, ref.Incarnation(), "pid"))
				if err != nil {
					t.Fatal(err)
				}
				pid, err := strconv.Atoi(strings.Fields(string(b))[0])
				if err != nil {
					t.Fatal(err)
				}
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			},
		}
	}
	clustertest.Run(t, subject)
	clustertest.RunSessions(t, subject)
}

func TestEngineShowsWhatItPrints(t *testing.T) {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	dir := filepath.Join(t.TempDir(), "clusters")
	l := engineLauncher(t, dir)
	spec := cluster.Spec{
		Ref:            cluster.Ref{Namespace: "default", DeploymentID: "d", JobID: "6f1ed002-ab5a-4b3e-9d8c-0000000000aa"},
		DeploymentName: "orders", Parallelism: 1, Artifact: cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: endless(t)},
	}
	if err := l.Launch(ctx, spec); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Terminate(context.Background(), spec.Ref); err != nil {
			t.Error(err)
		}
	}()
	var page struct{ Tables []jobmanager.Table }
	for len(page.Tables) == 0 || len(page.Tables[0].Rows) < 2 {
		if ctx.Err() != nil {
			t.Fatalf("no rows in a minute, last %+v", page)
		}
		time.Sleep(5 * time.Millisecond)
		c, err := l.Connect(ctx, spec.Ref)
		if errors.Is(err, cluster.ErrUnreachable) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := getOutput(ctx, c, spec.FlinkJobID(), &page); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, r := range page.Tables[0].Rows {
		row := r.Op
		for _, v := range r.Values {
			if v == nil {
				row += " NULL"
			} else {
				row += " " + *v
			}
		}
		got = append(got, row)
	}
	if text := strings.Join(got, "; "); page.Tables[0].Name != "snk" || !strings.HasPrefix(text, "+I 1 one; +I 2") {
		t.Errorf("table %s: %s", page.Tables[0].Name, text)
	}
}

func getOutput(ctx context.Context, c *flink.Client, job string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.BaseURL()+"/jobs/"+job+"/weir/output", nil)
	if err != nil {
		return err
	}
	res, err := c.Transport().RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("output: status %d", res.StatusCode)
	}
	return json.NewDecoder(res.Body).Decode(into)
}
