// Package connectortest is the suite every connector passes.
//
// It knows connectors by their contract alone; what it proves is that rows
// are read and written exactly once, wherever a job is cut.
package connectortest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format/formattest"
)

// Sources opens one subtask's source of a bounded table.
type Sources func(t testing.TB, subtask, parallelism int) connector.Source

// Poll makes a batch and polls.
func Poll(t testing.TB, s connector.Source, schema []data.Column) (*data.Batch, connector.Status) {
	t.Helper()
	types := make([]data.Type, len(schema))
	for i, c := range schema {
		types[i] = c.Type
	}
	b := data.MakeBatch(types, 0)
	status, err := s.Poll(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Cols) != len(schema) || b.N > data.BatchSize {
		t.Fatalf("a batch of %d columns and %d rows", len(b.Cols), b.N)
	}
	for i, v := range b.Cols {
		if v.N != b.N {
			t.Fatalf("column %d has %d rows of %d", i, v.N, b.N)
		}
	}
	return b, status
}

// Read polls until the end, or until most rows are there (0: all).
func Read(t testing.TB, s connector.Source, schema []data.Column, most int) []string {
	t.Helper()
	var rows []string
	for range 10_000_000 {
		b, status := Poll(t, s, schema)
		rows = append(rows, formattest.Rows(b)...)
		b.Release()
		if status == connector.Ended || most > 0 && len(rows) >= most {
			return rows
		}
	}
	t.Fatal("the source does not end")
	return nil
}

// run is a set of subtasks that read together.
type run []connector.Source

func start(t testing.TB, open Sources, n int, from []connector.Split) run {
	r := make(run, n)
	for i := range r {
		r[i] = open(t, i, n)
		if from != nil {
			if err := r[i].Restore(from); err != nil {
				t.Fatal(err)
			}
		}
	}
	return r
}

// stop takes the positions, as a checkpoint writes them.
func (r run) stop(t testing.TB) []connector.Split {
	var all []connector.Split
	for _, s := range r {
		all = append(all, s.Splits()...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var back []connector.Split
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range back {
		if seen[s.ID] {
			t.Fatalf("split %q is owned twice", s.ID)
		}
		seen[s.ID] = true
	}
	return back
}

// RunSource holds a bounded source to the contract.
func RunSource(t *testing.T, schema []data.Column, open Sources) {
	first := start(t, open, 1, nil)
	want := Read(t, first[0], schema, 0)
	first.stop(t)
	slices.Sort(want)
	if len(want) < 10 {
		t.Fatalf("%d rows are too few to prove anything", len(want))
	}
	check := func(t *testing.T, got []string) {
		t.Helper()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%d rows, want %d; %s", len(got), len(want), difference(got, want))
		}
	}
	t.Run("at any parallelism", func(t *testing.T) {
		for _, n := range []int{1, 2, 3, 7} {
			r := start(t, open, n, nil)
			var got []string
			for _, s := range r {
				got = append(got, Read(t, s, schema, 0)...)
			}
			for _, sp := range r.stop(t) {
				if !sp.Done {
					t.Errorf("split %q is not done at the end", sp.ID)
				}
			}
			check(t, got)
		}
	})
	t.Run("cut and restored at another parallelism", func(t *testing.T) {
		for _, hops := range [][]int{{1, 3}, {3, 1}, {2, 3, 1, 2}, {1, 1, 1}, {4, 2, 3}} {
			for _, cut := range []int{1, len(want) / 7, len(want) / 3, len(want) - 1} {
				var got []string
				var from []connector.Split
				for i, n := range hops {
					r := start(t, open, n, from)
					for k, s := range r {
						most := max(cut/n, 1)
						if i == len(hops)-1 {
							most = 0
						} else if cut == 1 && k > 0 {
							continue // never polled
						}
						got = append(got, Read(t, s, schema, most)...)
					}
					from = r.stop(t)
				}
				check(t, got)
			}
		}
	})
	t.Run("restored at its end", func(t *testing.T) {
		r := start(t, open, 1, nil)
		Read(t, r[0], schema, 0)
		if b, status := Poll(t, r[0], schema); status != connector.Ended || b.N != 0 {
			t.Errorf("after the end: %d rows, status %d", b.N, status)
		}
		r = start(t, open, 2, r.stop(t))
		for _, s := range r {
			if rows := Read(t, s, schema, 0); len(rows) > 0 {
				t.Errorf("%d rows again", len(rows))
			}
		}
		r.stop(t)
	})
	t.Run("a cancelled context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s := open(t, 0, 1)
		b := data.NewBatch(len(schema))
		for _, c := range schema {
			b.Cols = append(b.Cols, data.NewVector(c.Type, 0))
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = s.Poll(ctx, b)
		}()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatal("Poll does not return")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func difference(got, want []string) string {
	count := map[string]int{}
	for _, r := range got {
		count[r]++
	}
	for _, r := range want {
		count[r]--
	}
	var out []string
	for r, n := range count {
		if n > 0 && len(out) < 5 {
			out = append(out, "too many: "+r)
		} else if n < 0 && len(out) < 5 {
			out = append(out, "missing: "+r)
		}
	}
	return strings.Join(out, "; ")
}
