package embedded_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/cluster/embedded"
	"github.com/weir-streams/weir/engine"
)

func TestTheEngineKeepsTheContract(t *testing.T) {
	in := t.TempDir()
	if err := os.WriteFile(filepath.Join(in, "a.csv"), []byte("1,one\n2,two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`
CREATE TABLE src (k BIGINT, v STRING) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv', 'source.monitor-interval' = '20 ms');
CREATE TABLE snk (k BIGINT, v STRING) WITH ('connector' = 'print');
INSERT INTO snk SELECT k, v FROM src;`, in)
	clustertest.Run(t, func(t *testing.T) clustertest.Subject {
		l := embedded.New(embedded.Engine(engine.New(engine.Config{})))
		t.Cleanup(func() {
			if err := l.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return clustertest.Subject{
			Launcher: l, Directory: t.TempDir(),
			Artifact: cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: script},
			Broken:   &cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "INSERT INTO nowhere SELECT 1;"},
		}
	})
}
