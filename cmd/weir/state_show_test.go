package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine"
)

// savepointOf runs a script until its input is read and takes a savepoint.
func savepointOf(t *testing.T, script string) string {
	t.Helper()
	e := engine.New(engine.Config{})
	plan, err := e.Compile(script, map[string]string{"parallelism.default": "2"})
	if err != nil {
		t.Fatal(err)
	}
	j, err := e.Start(context.Background(), engine.JobSpec{ID: strings.Repeat("5a", 16), Name: "counts", Graph: plan.Graph, Config: plan.Config})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Cancel()
	for {
		var n int64
		for _, v := range j.Info().Vertices {
			for _, s := range v.Subtasks {
				n = max(n, s.RecordsIn)
			}
		}
		if n > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	path, err := j.Savepoint(t.Context(), engine.SavepointRequest{Dir: t.TempDir(), Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStateIsShown(t *testing.T) {
	path := savepointOf(t, `
CREATE TABLE tick (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000');
CREATE TABLE o (k INT, c BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT CAST(MOD(n, 7) AS INT), COUNT(*) FROM (SELECT CASE WHEN n < 0 THEN -n ELSE n END AS n FROM tick) GROUP BY CAST(MOD(n, 7) AS INT);`)
	weir := func(args ...string) result {
		return run(t, t.Context(), nil, "", append([]string{"state"}, args...)...)
	}
	weir(path, "--verify").exits(0).prints("Savepoint", "of job counts", "GroupAggregate", "groups")
	weir(path, "--operator", "groupa").exits(0).prints("COLUMN", "BIGINT NOT NULL", "key")
	weir(path, "--operator", "GroupAggregate", "--table", "groups").exits(0).prints("key", "rows")
	all := weir(path, "--operator", "GroupAggregate", "--table", "groups", "-o", "json").exits(0)
	var first struct{ Columns []struct{ Name string } }
	if err := json.Unmarshal([]byte(strings.SplitN(all.out, "\n", 2)[0]), &first); err != nil || len(first.Columns) < 2 {
		t.Fatalf("%s: %v", all.out, err)
	}
	one := weir(path, "--operator", "GroupAggregate", "--table", "groups", "-o", "json", "--where", first.Columns[0].Name+"=3").exits(0)
	if rows := strings.Count(one.out, `"kind":"row"`); rows > 1 {
		t.Errorf("%d rows have the key:\n%s", rows, one.out)
	}
	weir(path, "--operator", "GroupAggregate", "--table", "groups", "--limit", "1").exits(0).prints("1 rows")
	weir(path, "--operator", "nobody").exits(4).complains("GroupAggregate")
	weir(path, "--operator", "GroupAggregate", "--table", "none").exits(4).complains("groups")
	weir(path, "--operator", "GroupAggregate", "--table", "groups", "--where", "x=1").exits(2).complains("COLUMN=TEXT")
	weir(path, "--table", "groups").exits(2).complains("--operator")
	weir(filepath.Join(t.TempDir(), "none")).exits(1).complains("there is no checkpoint or savepoint")
	var j struct{ Operators []jsonOperator }
	if err := json.Unmarshal([]byte(weir(path, "-o", "json").exits(0).out), &j); err != nil || len(j.Operators) == 0 {
		t.Errorf("%+v, %v", j, err)
	}
}
