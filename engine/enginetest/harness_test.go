package enginetest

import (
	"context"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine"
)

func TestFold(t *testing.T) {
	rows, err := fold([]change{{0, "a"}, {0, "b"}, {1, "a"}, {2, "c"}, {0, "b"}, {3, "b"}})
	if err != nil || strings.Join(rows, " ") != "b c" {
		t.Errorf("got %v, %v", rows, err)
	}
	if _, err := fold([]change{{0, "a"}, {3, "b"}}); err == nil {
		t.Error("a row that is not there was taken away unnoticed")
	}
}

func TestDifference(t *testing.T) {
	if d := difference([]string{"a", "b", "b"}, []string{"a", "b", "b"}); d != "" {
		t.Errorf("equal tables differ: %s", d)
	}
	if d := difference([]string{"a", "b"}, []string{"b", "b"}); d != "\tmissing  a\n\tunwanted b\n" {
		t.Errorf("got %q", d)
	}
}

func threeRows() program {
	return program{
		feeds: []*feed{{name: "f", columns: "id INT, v STRING", splits: 1, rows: []string{"1 | a", "2 | NULL", "3 | ''", "4 | d"}}},
		query: "SELECT v, id FROM f",
	}
}

// The comparison of the ways must notice an engine that forgets where it was.
func TestLosingThePositionIsNoticed(t *testing.T) {
	forgetful := way{"forgetful", func(r *runner) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		job, err := r.halfway(ctx, 2, nil)
		if err != nil {
			return err
		}
		if _, err := job.Savepoint(ctx, engine.SavepointRequest{Dir: r.dir, Stop: true}); err != nil {
			return err
		}
		r.world.release(false)
		job, err = r.start(ctx, 2, "", nil)
		if err != nil {
			return err
		}
		return job.Wait(ctx)
	}}
	good, err := run(threeRows(), ways[0], t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	bad, err := run(threeRows(), forgetful, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := fold(good.changes)
	got, _ := fold(bad.changes)
	if d := difference(want, got); !strings.Contains(d, "unwanted a | 1") {
		t.Errorf("the rows read twice went unnoticed: %q", d)
	}
}

func TestEveryWayGivesEveryRowOnce(t *testing.T) {
	for _, w := range ways {
		got, err := run(threeRows(), w, t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", w.name, err)
			continue
		}
		rows, _ := fold(got.changes)
		if s := strings.Join(rows, "; "); s != "'' | 3; NULL | 2; a | 1; d | 4" {
			t.Errorf("%s: %s", w.name, s)
		}
	}
}

func TestFailingJobsAreReported(t *testing.T) {
	p := threeRows()
	p.feeds[0].rows[3] = "four | d"
	for _, w := range ways {
		if _, err := run(p, w, t.TempDir()); err == nil || !strings.Contains(err.Error(), "row 4 of feed f") {
			t.Errorf("%s: got %v", w.name, err)
		}
	}
}
