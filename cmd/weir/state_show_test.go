package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/resource"
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
	var j struct{ Operators []resource.StateOperator }
	if err := json.Unmarshal([]byte(weir(path, "-o", "json").exits(0).out), &j); err != nil || len(j.Operators) == 0 {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestSavepointsAreReadForTheAPI(t *testing.T) {
	path := savepointOf(t, `
CREATE TABLE tick (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '1000000');
CREATE TABLE o (k BIGINT, c BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT MOD(n, 7), COUNT(*) FROM tick GROUP BY MOD(n, 7);`)
	var reader savepointReader
	all, err := reader.Operators(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all.Operators, func(o resource.StateOperator) bool { return o.Name == "GroupAggregate" })
	if i < 0 || len(all.Operators[i].Tables) == 0 || len(all.Operators[i].Tables[0].Keys) != 1 || all.Operators[i].Bytes == 0 {
		t.Fatalf("%+v", all)
	}
	key := all.Operators[i].Tables[0].Keys[0]
	rows, err := reader.Rows(t.Context(), path, resource.StateQuery{Operator: all.Operators[i].UID, Limit: 100})
	if err != nil || len(rows.Rows) == 0 || rows.More || rows.Scanned < int64(len(rows.Rows)) || len(rows.Rows[0]) != len(rows.Columns) {
		t.Fatalf("%+v, %v", rows, err)
	}
	if some, err := reader.Rows(t.Context(), path, resource.StateQuery{Operator: "group", Limit: 1}); err != nil || len(some.Rows) != 1 || some.More != (len(rows.Rows) > 1) {
		t.Errorf("%+v, %v", some, err)
	}
	want := *rows.Rows[0][0]
	one, err := reader.Rows(t.Context(), path, resource.StateQuery{Operator: "GroupAggregate", Table: rows.Table, Where: []resource.StateCondition{{Column: key, Text: want}}, Limit: 100})
	if err != nil || len(one.Rows) != 1 || *one.Rows[0][0] != want {
		t.Errorf("rows of key %s: %+v, %v", want, one, err)
	}
	for q, words := range map[*resource.StateQuery]string{
		{Operator: "nobody"}:                        "GroupAggregate",
		{Operator: "GroupAggregate", Table: "none"}: rows.Table,
		{Operator: "GroupAggregate", Where: []resource.StateCondition{{Column: "x"}}}: key,
	} {
		_, err := reader.Rows(t.Context(), path, *q)
		if invalid := (*resource.InvalidError)(nil); !errors.As(err, &invalid) || !strings.Contains(err.Error(), words) {
			t.Errorf("%+v: %v", *q, err)
		}
	}
	if _, err := reader.Operators(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, resource.ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
	ofFlink := t.TempDir()
	if err := os.WriteFile(filepath.Join(ofFlink, metadataFile), append(slices.Clone(flinkMagic), 0, 0, 0, 6), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Operators(t.Context(), ofFlink); err == nil || !strings.Contains(err.Error(), "Apache Flink") {
		t.Errorf("of Flink: %v", err)
	}
}
