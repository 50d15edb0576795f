package window

import (
	"fmt"
	"log/slog"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

var clicks = []data.Column{
	{Name: "user", Type: data.String()},
	{Name: "at", Type: data.Type{Kind: data.Timestamp, Precision: 3, TimeAttr: data.EventTime, Nullable: true}},
}

type tape struct{ lines []string }

func (t *tape) Emit(b *data.Batch) error {
	for i := range b.Len() {
		r := b.Row(i)
		t.lines = append(t.lines, fmt.Sprintf("%s %d [%d,%d)", b.Cols[0].Str(r), b.Cols[1].I64[r], b.Cols[2].I64[r], b.Cols[3].I64[r]))
	}
	b.Release()
	return nil
}

func (t *tape) Watermark(wm int64) error {
	t.lines = append(t.lines, fmt.Sprintf("wm %d", wm))
	return nil
}

func counting(w graph.Window) graph.Op {
	ts := data.Type{Kind: data.Timestamp, Precision: 3}
	return graph.Op{
		Name: "test",
		Schema: []data.Column{
			clicks[0],
			{Name: "n", Type: data.Of(data.BigInt).NotNull()},
			{Name: "window_start", Type: ts},
			{Name: "window_end", Type: ts},
		},
		WindowAggregate: &graph.WindowAggregate{
			Window: w, Keys: []int{0},
			Aggs:       []graph.AggCall{{Func: "COUNT", Filter: -1, Type: data.Of(data.BigInt).NotNull()}},
			Properties: []graph.WindowProperty{graph.WindowStart, graph.WindowEnd},
		},
	}
}

func open(t *testing.T, w graph.Window) (operator.Operator, *operator.Context) {
	t.Helper()
	op, err := New(counting(w), clicks, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &operator.Context{
		MaxParallelism: 128, Env: &function.Env{TimeZone: &function.Zone{Location: time.UTC}}, Log: slog.Default(),
		Memory: state.NewBudget(0), Metrics: &operator.Metrics{}, WakeAt: func(int64) {},
	}
	if err := op.Open(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { op.Close() })
	return op, c
}

// rows makes a batch of "user at"; the watermark when a row comes is one less
// than the greatest time before it.
func rows(exact bool, lines ...string) *data.Batch {
	b := data.MakeBatch([]data.Type{clicks[0].Type, clicks[1].Type}, len(lines))
	high := int64(data.MinWatermark)
	for i, l := range lines {
		user, at, _ := strings.Cut(l, " ")
		b.Cols[0].SetString(i, user)
		fmt.Sscan(at, &b.Cols[1].I64[i])
		if exact {
			b.RowWatermarks = append(b.RowWatermarks, high)
		}
		high = max(high, b.Cols[1].I64[i]-1)
	}
	return b
}

func TestWindowsFireAndDropLateRows(t *testing.T) {
	for _, tt := range []struct {
		name   string
		window graph.Window
		in     []string
		want   []string
		late   int64
	}{
		{
			name:   "tumble",
			window: graph.Window{Kind: graph.Tumble, TimeColumn: 1, Size: 10},
			in:     []string{"a 1", "b 9", "a 2", "a 11", "a 3", "b 25"},
			want:   []string{"a 2 [0,10)", "b 1 [0,10)", "wm 10", "a 1 [10,20)", "b 1 [20,30)", "wm 9223372036854775807"},
			late:   1,
		},
		{
			name:   "tumble before 1970, with an offset",
			window: graph.Window{Kind: graph.Tumble, TimeColumn: 1, Size: 10, Offset: 3},
			in:     []string{"a -8", "a -7", "a 2", "a 3"},
			want:   []string{"a 1 [-17,-7)", "wm -8", "a 2 [-7,3)", "a 1 [3,13)", "wm 9223372036854775807"},
		},
		{
			name:   "hop",
			window: graph.Window{Kind: graph.Hop, TimeColumn: 1, Size: 10, Slide: 5},
			in:     []string{"a 7", "a 12"},
			want:   []string{"a 1 [0,10)", "a 2 [5,15)", "a 1 [10,20)", "wm 9223372036854775807"},
		},
		{
			name:   "cumulate",
			window: graph.Window{Kind: graph.Cumulate, TimeColumn: 1, Size: 10, Slide: 5},
			in:     []string{"a 2", "a 7"},
			want:   []string{"a 1 [0,5)", "a 2 [0,10)", "wm 9223372036854775807"},
		},
	} {
		tt.window.TimeAttr = data.EventTime
		t.Run(tt.name, func(t *testing.T) {
			op, c := open(t, tt.window)
			out := &tape{}
			if err := op.Process(0, rows(true, tt.in...), out); err != nil {
				t.Fatal(err)
			}
			if err := op.Watermark(data.MaxWatermark, out); err != nil {
				t.Fatal(err)
			}
			if got, want := strings.Join(out.lines, "\n"), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if got := c.Metrics.LateDropped.Load(); got != tt.late {
				t.Errorf("%d rows dropped as late, want %d", got, tt.late)
			}
		})
	}
}

// TestSnapshotsChangeNothing runs random rows through one operator, and through
// one that is snapshot and restored, split over two subtasks, after every batch.
func TestSnapshotsChangeNothing(t *testing.T) {
	for _, w := range []graph.Window{
		{Kind: graph.Tumble, TimeColumn: 1, Size: 50, TimeAttr: data.EventTime},
		{Kind: graph.Hop, TimeColumn: 1, Size: 50, Slide: 20, Offset: 7, TimeAttr: data.EventTime},
		{Kind: graph.Cumulate, TimeColumn: 1, Size: 60, Slide: 20, Offset: -3, TimeAttr: data.EventTime},
	} {
		t.Run(string(w.Kind), func(t *testing.T) { checkSnapshots(t, w) })
	}
}

func checkSnapshots(t *testing.T, w graph.Window) {
	for seed := range int64(20) {
		rng := rand.New(rand.NewSource(seed))
		var batches [][]string
		now := 0
		for range 20 {
			var lines []string
			for range 1 + rng.Intn(30) {
				now += rng.Intn(6)
				lines = append(lines, fmt.Sprintf("a-user-with-a-long-name-%d %d", rng.Intn(5), now-rng.Intn(20)))
			}
			batches = append(batches, lines)
		}
		want := run(t, w, batches, false)
		if got := run(t, w, batches, true); !slices.Equal(got, want) {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func run(t *testing.T, w graph.Window, batches [][]string, restore bool) []string {
	op, _ := open(t, w)
	out := &tape{}
	high := int64(data.MinWatermark)
	for _, lines := range batches {
		b := rows(false, lines...)
		for _, at := range b.Cols[1].I64 {
			high = max(high, at-10)
		}
		if err := op.Process(0, b, out); err != nil {
			t.Fatal(err)
		}
		if err := op.Watermark(high, out); err != nil {
			t.Fatal(err)
		}
		if restore {
			sw := &state.Writer{}
			if err := op.(operator.Stateful).Snapshot(sw); err != nil {
				t.Fatal(err)
			}
			op, _ = open(t, w)
			if err := op.(operator.Stateful).Restore(&state.Reader{Parts: []state.Snapshot{sw.Snapshot}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := op.Watermark(data.MaxWatermark, out); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range out.lines {
		if !strings.HasPrefix(l, "wm") {
			lines = append(lines, l)
		}
	}
	slices.Sort(lines)
	return lines
}

func TestWallClockWindowsOverAClockChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{zone: berlin}
	for _, tt := range []struct{ local, utc string }{
		{"2024-03-31T00:00:00", "2024-03-30T23:00:00Z"},
		{"2024-04-01T00:00:00", "2024-03-31T22:00:00Z"}, // 23 hours later
		{"2024-03-31T02:30:00", "2024-03-31T01:30:00Z"}, // in the gap: moved on
		{"2024-10-27T02:30:00", "2024-10-27T00:30:00Z"}, // twice: the earlier
	} {
		local, _ := time.Parse("2006-01-02T15:04:05", tt.local)
		if got := time.UnixMilli(c.instant(local.UnixMilli())).UTC().Format(time.RFC3339); got != tt.utc {
			t.Errorf("%s in Berlin is %s, want %s", tt.local, got, tt.utc)
		}
	}
	at, _ := time.Parse(time.RFC3339, "2024-03-31T01:00:00Z")
	if got := time.UnixMilli(c.local(at.UnixMilli())).UTC().Format("15:04"); got != "03:00" {
		t.Errorf("01:00 UTC is %s in Berlin, want 03:00", got)
	}
}
