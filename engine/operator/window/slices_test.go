package window

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

// whole makes an operator keep windows that overlap one by one.
func whole(op operator.Operator) {
	a := op.(*aggregate)
	if a.spec.Window.Kind != graph.Tumble {
		a.unit, a.slice = 0, false
	}
}

// TestSlicesAreTheirWindows compares windows put together from slices with
// windows that were kept each on its own, over rows in and out of order, with
// watermarks for each row and for each batch, and a clock that changes.
func TestSlicesAreTheirWindows(t *testing.T) {
	const hour = 3_600_000
	for _, tt := range []struct {
		name   string
		window graph.Window
		step   int // of time between rows, at most
		from   int64
	}{
		{"hop", graph.Window{Kind: graph.Hop, Size: 50, Slide: 10}, 6, 0},
		{"hop that its step does not divide", graph.Window{Kind: graph.Hop, Size: 50, Slide: 20, Offset: 7}, 6, -500},
		{"hop as long as its step", graph.Window{Kind: graph.Hop, Size: 20, Slide: 20}, 6, 0},
		{"hop with gaps", graph.Window{Kind: graph.Hop, Size: 20, Slide: 30}, 6, 0},
		{"cumulate", graph.Window{Kind: graph.Cumulate, Size: 60, Slide: 20, Offset: -3}, 6, -500},
		{"cumulate that its step does not divide", graph.Window{Kind: graph.Cumulate, Size: 60, Slide: 25}, 6, 0},
		{"hop over long silences", graph.Window{Kind: graph.Hop, Size: 50, Slide: 10}, 200, 0},
		{"hop over a change of the clock", graph.Window{Kind: graph.Hop, Size: 6 * hour, Slide: hour, LTZ: true}, hour / 2, 1711800000000},
		{"cumulate over a change of the clock", graph.Window{Kind: graph.Cumulate, Size: 24 * hour, Slide: 2 * hour, LTZ: true}, hour / 2, 1729850400000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.window.TimeColumn, tt.window.TimeAttr = 1, data.EventTime
			for seed := range int64(20) {
				exact := seed%2 == 0
				rng := rand.New(rand.NewSource(seed))
				now := tt.from
				var batches [][]string
				for range 12 {
					var lines []string
					for range 1 + rng.Intn(30) {
						now += int64(rng.Intn(tt.step))
						lines = append(lines, fmt.Sprintf("user-%d %d", rng.Intn(5), now-int64(rng.Intn(4*tt.step))))
					}
					batches = append(batches, lines)
				}
				want, late := timed(t, tt.window, batches, exact, false, 0)
				for _, restore := range []int{0, 1, 2} {
					got, gotLate := timed(t, tt.window, batches, exact, true, restore)
					if !slices.Equal(got, want) {
						t.Fatalf("seed %d, restored %d: got\n%s\nwant\n%s", seed, restore, strings.Join(got, "\n"), strings.Join(want, "\n"))
					}
					if restore == 0 && late != gotLate {
						t.Fatalf("seed %d: %d late rows, want %d", seed, gotLate, late)
					}
				}
			}
		})
	}
}

// timed gives batches to an operator and returns what it gives, and the number
// of late rows. restore 1: it is snapshot and restored after every batch; 2: the
// first batches go to one that keeps windows, as savepoints were written once.
func timed(t *testing.T, w graph.Window, batches [][]string, exact, sliced bool, restore int) ([]string, int64) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	fresh := func(sliced bool) (operator.Operator, *operator.Context) {
		op, c := open(t, w)
		if w.LTZ {
			op.(*aggregate).clock = &clock{zone: berlin}
		}
		if !sliced {
			whole(op)
		}
		return op, c
	}
	again := func(op operator.Operator) (operator.Operator, *operator.Context) {
		sw := &state.Writer{}
		if err := op.(operator.Stateful).Snapshot(sw); err != nil {
			t.Fatal(err)
		}
		next, c := fresh(sliced)
		if err := next.(operator.Stateful).Restore(&state.Reader{Parts: []state.Snapshot{sw.Snapshot}}); err != nil {
			t.Fatal(err)
		}
		return next, c
	}
	op, c := fresh(sliced && restore != 2)
	out := &tape{}
	high := int64(data.MinWatermark)
	for i, lines := range batches {
		b := rows(exact, lines...)
		for j := range b.RowWatermarks {
			b.RowWatermarks[j] = max(b.RowWatermarks[j], high)
		}
		for _, at := range b.Cols[1].I64 {
			high = max(high, at-1)
		}
		if err := op.Process(0, b, out); err != nil {
			t.Fatal(err)
		}
		if err := op.Watermark(high, out); err != nil {
			t.Fatal(err)
		}
		if restore == 1 || restore == 2 && i == len(batches)/2 {
			op, c = again(op)
		}
	}
	if err := op.Watermark(data.MaxWatermark, out); err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(out.lines, func(l string) bool { return strings.HasPrefix(l, "wm") })
	slices.Sort(lines)
	return lines, c.Metrics.LateDropped.Load()
}

// TestSnapshotsInSlices writes snapshots while rows come and windows fire, whole
// and of changes only, and goes on from one of them.
func TestSnapshotsInSlices(t *testing.T) {
	incremental := 0
	for seed := range int64(30) {
		w := []graph.Window{
			{Kind: graph.Tumble, Size: 50},
			{Kind: graph.Hop, Size: 50, Slide: 20, Offset: 7},
			{Kind: graph.Cumulate, Size: 60, Slide: 20},
			{Kind: graph.Hop, Size: 20, Slide: 30},
		}[seed%4]
		w.TimeColumn, w.TimeAttr = 1, data.EventTime
		rng := rand.New(rand.NewSource(seed))
		op, _ := open(t, w)
		out, chain := &tape{}, &operatortest.Chain{Op: op.(operator.Snapshotter), Rnd: rng.Intn}
		now, high := int64(0), int64(data.MinWatermark)
		for range 80 {
			var lines []string
			for range 1 + rng.Intn(10) {
				now += int64(rng.Intn(4))
				lines = append(lines, fmt.Sprintf("user-%d %d", rng.Intn(20), now-int64(rng.Intn(30))))
			}
			if err := op.Process(0, rows(false, lines...), out); err != nil {
				t.Fatal(err)
			}
			chain.Step(t)
			high = max(high, now-int64(rng.Intn(20)))
			if err := op.Watermark(high, out); err != nil {
				t.Fatal(err)
			}
			chain.Step(t)
			if rng.Intn(20) == 0 {
				r := &state.Reader{Parts: []state.Snapshot{chain.Finish(t)}}
				op, _ = open(t, w)
				if err := op.(operator.Stateful).Restore(r); err != nil {
					t.Fatal(err)
				}
				op.(operator.Resumer).Resumed(0)
				chain.Op = op.(operator.Snapshotter)
			}
		}
		chain.Finish(t)
		incremental += chain.Incremental
	}
	if incremental < 50 {
		t.Errorf("only %d incremental snapshots were compared", incremental)
	}
}
