package connectortest

import (
	"slices"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// Sinks is an exactly-once sink under test.
type Sinks struct {
	// Open makes one subtask's sink of an attempt, on an output that Fresh began.
	Open  func(t testing.TB, subtask, parallelism, attempt int) connector.Sink
	Fresh func(t testing.TB)
	// Rows makes the i-th batch of rows; Text is what Visible says of them.
	Rows func(i int) *data.Batch
	Text func(i int) []string
	// Visible is what a reader of the output sees.
	Visible func(t testing.TB) []string
	// Hidden counts what is there and not visible.
	Hidden func(t testing.TB) int
}

// RunSink holds a sink to the contract.
func RunSink(t *testing.T, s Sinks) {
	write := func(t *testing.T, k connector.Sink, i int) {
		t.Helper()
		b := s.Rows(i)
		if err := k.Write(b); err != nil {
			t.Fatal(err)
		}
		b.Release()
	}
	prepare := func(t *testing.T, k connector.Sink, id int64) [][]byte {
		t.Helper()
		items, err := k.Prepare(id)
		if err != nil {
			t.Fatal(err)
		}
		return items
	}
	commit := func(t *testing.T, k connector.Sink, items [][]byte) {
		t.Helper()
		if err := k.Commit(items); err != nil {
			t.Fatal(err)
		}
	}
	visible := func(t *testing.T, batches ...int) {
		t.Helper()
		var want []string
		for _, i := range batches {
			want = append(want, s.Text(i)...)
		}
		got := s.Visible(t)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%d rows visible, want %d; %s", len(got), len(want), difference(got, want))
		}
	}
	run := func(name string, f func(t *testing.T)) {
		t.Run(name, func(t *testing.T) { s.Fresh(t); f(t) })
	}
	run("visible with the commit, once", func(t *testing.T) {
		k := s.Open(t, 0, 1, 0)
		write(t, k, 0)
		visible(t)
		items := prepare(t, k, 1)
		visible(t)
		write(t, k, 1)
		commit(t, k, items)
		visible(t, 0)
		commit(t, k, items)
		visible(t, 0)
		commit(t, k, prepare(t, k, 2))
		visible(t, 0, 1)
		if items := prepare(t, k, 3); len(items) != 0 {
			t.Errorf("%d committables of nothing", len(items))
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		visible(t, 0, 1)
		if n := s.Hidden(t); n > 0 {
			t.Errorf("%d hidden files are left", n)
		}
	})
	run("aborted", func(t *testing.T) {
		k := s.Open(t, 0, 1, 0)
		write(t, k, 0)
		items := prepare(t, k, 1)
		write(t, k, 1)
		if err := k.Abort(); err != nil {
			t.Fatal(err)
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
		visible(t)
		k = s.Open(t, 0, 1, 1)
		commit(t, k, items)
		visible(t, 0)
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		if n := s.Hidden(t); n > 0 {
			t.Errorf("%d hidden files are left", n)
		}
	})
	run("crashed after prepare", func(t *testing.T) {
		k := s.Open(t, 1, 2, 0)
		write(t, k, 0)
		items := prepare(t, k, 1)
		write(t, k, 1) // lost with the process
		k = s.Open(t, 0, 1, 1)
		commit(t, k, items)
		visible(t, 0)
		write(t, k, 1) // again
		next := prepare(t, k, 2)
		visible(t, 0)
		commit(t, k, items)
		commit(t, k, next)
		visible(t, 0, 1)
	})
	run("crashed before prepare, leftovers are removed", func(t *testing.T) {
		k := s.Open(t, 0, 1, 0)
		write(t, k, 0)
		_ = prepare(t, k, 1) // the checkpoint never completed
		write(t, k, 1)
		k = s.Open(t, 0, 1, 1)
		write(t, k, 0)
		write(t, k, 1)
		commit(t, k, prepare(t, k, 1))
		visible(t, 0, 1)
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		if n := s.Hidden(t); n > 0 {
			t.Errorf("%d hidden files are left", n)
		}
	})
	run("crashed between commits of subtasks", func(t *testing.T) {
		a, b := s.Open(t, 0, 2, 0), s.Open(t, 1, 2, 0)
		write(t, a, 0)
		write(t, b, 1)
		one, two := prepare(t, a, 1), prepare(t, b, 1)
		commit(t, a, one)
		visible(t, 0)
		k := s.Open(t, 0, 1, 1)
		commit(t, k, append(one, two...))
		visible(t, 0, 1)
	})
	run("two at once", func(t *testing.T) {
		a, b := s.Open(t, 0, 1, 0), s.Open(t, 0, 1, 0) // two sinks of one job on one output
		write(t, a, 0)
		write(t, b, 1)
		x, y := prepare(t, a, 1), prepare(t, b, 1)
		commit(t, a, x)
		commit(t, b, y)
		visible(t, 0, 1)
	})
}
