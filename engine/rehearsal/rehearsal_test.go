package rehearsal

import (
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
)

func row(op data.Op, cells ...string) Change {
	c := Change{Op: op}
	for _, v := range cells {
		c.Cells = append(c.Cells, &v)
	}
	return c
}

func texts(rows []Change) string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Text()
	}
	return strings.Join(out, "; ")
}

func TestFold(t *testing.T) {
	rows, err := Fold([]Change{row(0, "a"), row(0, "b"), row(1, "a"), row(2, "c"), row(0, "b"), row(3, "b")}, nil)
	if err != nil || texts(rows) != "b; c" {
		t.Errorf("got %v, %v", texts(rows), err)
	}
	if _, err := Fold([]Change{row(0, "a"), row(3, "b")}, nil); err == nil {
		t.Error("a row that is not there was taken away unnoticed")
	}
	rows, err = Fold([]Change{row(0, "1", "a"), row(2, "1", "b"), row(2, "2", "c"), row(3, "2", ""), row(2, "3", "d")}, []int{0})
	if err != nil || texts(rows) != "1 | b; 3 | d" {
		t.Errorf("by key: got %v, %v", texts(rows), err)
	}
}

func TestDifference(t *testing.T) {
	if d := Difference([]string{"a", "b", "b"}, []string{"a", "b", "b"}, ""); d != "" {
		t.Errorf("equal tables differ: %s", d)
	}
	if d := Difference([]string{"a", "b"}, []string{"b", "b"}, "  "); d != "  missing  a\n  unwanted b\n" {
		t.Errorf("got %q", d)
	}
}

func threeRows(rows ...string) Program {
	if rows == nil {
		rows = []string{"1 | a", "2 | NULL", "3 | ''", `["4", "d"]`}
	}
	return Program{
		Feeds: []*Feed{{Table: "f", Rows: rows}},
		Plan: func(e *engine.Engine) (*engine.Plan, error) {
			return e.Compile("CREATE TABLE f (id INT, v STRING) WITH ('connector' = 'kafka', 'topic' = 'f', 'properties.bootstrap.servers' = 'nowhere:1', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset'); SELECT v, id FROM f", nil)
		},
	}
}

func run(t *testing.T, p Program, w Way) ([]Output, error) {
	t.Helper()
	s, err := Prepare(p)
	if err != nil {
		t.Fatal(err)
	}
	return s.Run(t.Context(), w, t.TempDir())
}

// The comparison of the ways must notice an engine that forgets where it was.
func TestLosingThePositionIsNoticed(t *testing.T) {
	forgetful := Way{"forgetful", "", func(r *runner) error {
		job, err := r.halfway(r.ctx, 2, nil)
		if err != nil {
			return err
		}
		if _, err := job.Savepoint(r.ctx, engine.SavepointRequest{Dir: r.dir, Stop: true}); err != nil {
			return err
		}
		r.world.release(false)
		job, err = r.start(r.ctx, 2, "", nil)
		if err != nil {
			return err
		}
		return job.Wait(r.ctx)
	}}
	bad, err := run(t, threeRows(), forgetful)
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := Fold(bad[0].Changes, nil)
	if !strings.Contains(texts(rows), "a | 1; a | 1") {
		t.Errorf("the rows read twice went unnoticed: %q", texts(rows))
	}
}

func TestEveryWayGivesEveryRowOnce(t *testing.T) {
	for _, w := range Ways {
		got, err := run(t, threeRows(), w)
		if err != nil {
			t.Errorf("%s: %v", w.Name, err)
			continue
		}
		rows, _ := Fold(got[0].Changes, nil)
		if s := texts(rows); s != "'' | 3; NULL | 2; a | 1; d | 4" {
			t.Errorf("%s: %s", w.Name, s)
		}
	}
}

func TestFailingJobsAreReported(t *testing.T) {
	for _, w := range Ways {
		if _, err := run(t, threeRows("1 | a", "2 | b", "3 | c", "four | d"), w); err == nil || !strings.Contains(err.Error(), "row 4 of feed f") {
			t.Errorf("%s: got %v", w.Name, err)
		}
	}
}

// A job is planned for its own connectors, and run without them: what comes of an
// upsert source and a METADATA column, a table that is asked by key, a table
// that upserts.
func TestTablesAreExchanged(t *testing.T) {
	p := Program{
		Feeds: []*Feed{
			{Table: "f", Rows: []string{"+U 1 | a | 2024-01-01 00:00:01", "+U 2 | b | 2024-01-01 00:00:02", "+U 1 | c | 2024-01-01 00:00:03", "-D 2 | NULL | NULL", "+U 3 | a | NULL"}},
			{Table: "default_database.names", Rows: []string{"a | amy", "c | cleo"}},
			{Table: "other", Rows: []string{"1"}},
		},
		Plan: func(e *engine.Engine) (*engine.Plan, error) {
			return e.Compile(`
				CREATE TABLE f (id INT, v STRING, happened TIMESTAMP(3) METADATA FROM 'timestamp', now AS PROCTIME(), PRIMARY KEY (id) NOT ENFORCED)
				  WITH ('connector' = 'upsert-kafka', 'topic' = 'f', 'properties.bootstrap.servers' = 'nowhere:1', 'key.format' = 'json', 'value.format' = 'json');
				CREATE TABLE names (v STRING, name STRING) WITH ('connector' = 'jdbc', 'url' = 'jdbc:postgresql://nowhere:1/db', 'table-name' = 'names');
				CREATE TABLE plain (id INT, name STRING, happened TIMESTAMP(3), PRIMARY KEY (id) NOT ENFORCED)
				  WITH ('connector' = 'jdbc', 'url' = 'jdbc:postgresql://nowhere:1/db', 'table-name' = 'plain');
				SET 'state.checkpoints.dir' = 's3://nowhere/x';
				INSERT INTO plain SELECT f.id, n.name, f.happened FROM f LEFT JOIN names FOR SYSTEM_TIME AS OF f.now AS n ON f.v = n.v`, nil)
		},
	}
	s, err := Prepare(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Unread) != 1 || s.Unread[0] != "other" {
		t.Errorf("unread: %v", s.Unread)
	}
	for _, w := range Ways {
		got, err := s.Run(t.Context(), w, t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", w.Name, err)
			continue
		}
		rows, err := Fold(got[0].Changes, got[0].Key)
		if got[0].Table.Connector != "jdbc" || err != nil || texts(rows) != "1 | cleo | 2024-01-01 00:00:03.000; 3 | amy | NULL" {
			t.Errorf("%s: %s %v", w.Name, texts(rows), err)
		}
	}
}

func TestATableWithoutEndNeedsRows(t *testing.T) {
	p := threeRows()
	p.Feeds = nil
	if _, err := Prepare(p); err == nil || !strings.Contains(err.Error(), "no rows are given for it") {
		t.Errorf("got %v", err)
	}
}
