package window

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

var gap10 = graph.Window{Kind: graph.Session, TimeColumn: 1, Gap: 10}

func TestSessions(t *testing.T) {
	for _, tt := range []struct {
		name  string
		exact bool
		in    []string
		want  []string
		late  int64
	}{
		{
			name: "a gap that is exact does not end a session",
			in:   []string{"a 0", "a 10", "a 20", "b 5"},
			want: []string{"b 1 [5,15)", "a 3 [0,30)", "wm 9223372036854775807"},
		},
		{
			name: "a row joins the sessions on both its sides",
			in:   []string{"a 0", "a 15", "a 7"},
			want: []string{"a 3 [0,25)", "wm 9223372036854775807"},
		},
		{
			name:  "a late row is judged by the session it would join",
			exact: true,
			in:    []string{"a 0", "a 5", "b 13", "a 1", "c 100", "a 5"},
			want:  []string{"a 3 [0,15)", "b 1 [13,23)", "wm 99", "c 1 [100,110)", "wm 9223372036854775807"},
			late:  1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			op, c := open(t, gap10)
			out := &tape{}
			if err := op.Process(0, rows(tt.exact, tt.in...), out); err != nil {
				t.Fatal(err)
			}
			if err := op.Watermark(data.MaxWatermark, out); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(out.lines, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(out.lines, "\n"), strings.Join(tt.want, "\n"))
			}
			if late := c.Metrics.LateDropped.Load(); late != tt.late {
				t.Errorf("%d late rows, want %d", late, tt.late)
			}
			if n := op.(*merging).groups.Table.Len() + op.(*merging).others.Len(); n != 0 {
				t.Errorf("%d records with nothing open", n)
			}
		})
	}
}

// TestSessionsOfProcessingTime moves the clock by hand.
func TestSessionsOfProcessingTime(t *testing.T) {
	w := gap10
	w.TimeAttr = data.ProcTime
	op, c := open(t, w)
	var wake int64
	c.WakeAt = func(at int64) { wake = at }
	out := &tape{}
	at := func(now int64, lines ...string) {
		t.Helper()
		c.Env.Now = now
		var err error
		if len(lines) == 0 {
			err = op.(operator.Timed).Tick(now, out)
		} else {
			err = op.Process(0, rows(false, lines...), out)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	at(100, "a 0", "b 0")
	if wake != 109 {
		t.Fatalf("wakes at %d, want 109", wake)
	}
	at(105, "a 0")
	at(109)
	if wake != 114 {
		t.Fatalf("wakes at %d, want 114", wake)
	}
	snap := &state.Writer{}
	if err := op.(operator.Stateful).Snapshot(snap); err != nil {
		t.Fatal(err)
	}
	op, c = open(t, w)
	c.WakeAt = func(at int64) { wake = at }
	wake = 0
	if err := op.(operator.Stateful).Restore(&state.Reader{Parts: []state.Snapshot{snap.Snapshot}}); err != nil {
		t.Fatal(err)
	}
	if wake != 114 {
		t.Fatalf("after a restore it wakes at %d, want 114", wake)
	}
	at(114)
	at(200, "b 0")
	at(500)
	if want := []string{"b 1 [100,110)", "a 2 [100,115)", "b 1 [200,210)"}; !slices.Equal(out.lines, want) {
		t.Errorf("got %q, want %q", out.lines, want)
	}
}

// TestSessionsAgainstModel feeds random rows in any order, moved through
// snapshots, and compares with sessions cut from the sorted rows.
func TestSessionsAgainstModel(t *testing.T) {
	for seed := range int64(50) {
		rng := rand.New(rand.NewSource(seed))
		op, c := open(t, gap10)
		times := map[string][]int64{}
		out := &tape{}
		for range 10 {
			var lines []string
			for range 1 + rng.Intn(20) {
				user, at := string(rune('a'+rng.Intn(3))), rng.Int63n(1500)-200
				times[user] = append(times[user], at)
				lines = append(lines, fmt.Sprint(user, " ", at))
			}
			if err := op.Process(0, rows(false, lines...), out); err != nil {
				t.Fatal(err)
			}
			if rng.Intn(3) == 0 {
				w := &state.Writer{}
				if err := op.(operator.Stateful).Snapshot(w); err != nil {
					t.Fatal(err)
				}
				op, c = open(t, gap10)
				if err := op.(operator.Stateful).Restore(&state.Reader{Parts: []state.Snapshot{w.Snapshot}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := op.Watermark(data.MaxWatermark, out); err != nil {
			t.Fatal(err)
		}
		want := []string{"wm 9223372036854775807"}
		for user, all := range times {
			slices.Sort(all)
			for from := 0; from < len(all); {
				to := from + 1
				for to < len(all) && all[to]-all[to-1] <= gap10.Gap {
					to++
				}
				want = append(want, fmt.Sprintf("%s %d [%d,%d)", user, to-from, all[from], all[to-1]+gap10.Gap))
				from = to
			}
		}
		slices.Sort(want)
		slices.Sort(out.lines)
		if !slices.Equal(out.lines, want) {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, strings.Join(out.lines, "\n"), strings.Join(want, "\n"))
		}
		if n := op.(*merging).groups.Table.Len() + op.(*merging).others.Len(); n != 0 {
			t.Fatalf("seed %d: %d records with nothing open", seed, n)
		}
		op.Close()
		if used := c.Memory.Used(); used != 0 {
			t.Fatalf("seed %d: %d bytes accounted after Close", seed, used)
		}
	}
}

// kept makes the operator that keeps the rows of sessions.
func kept(t *testing.T, w graph.Window) (operator.Operator, *operator.Context) {
	t.Helper()
	_, c := open(t, w)
	op, err := newKept(counting(w), clicks, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Open(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { op.Close() })
	return op, c
}

// TestMergedSessionsAreThoseOfTheirRows compares sessions that rows are folded
// into with sessions whose rows are kept, over late rows and retractions, with
// snapshots of changes going on, and with the state of kept rows read in between.
func TestMergedSessionsAreThoseOfTheirRows(t *testing.T) {
	incremental := 0
	for seed := range int64(60) {
		rng := rand.New(rand.NewSource(seed))
		exact, migrate := seed%2 == 0, seed%5 == 0
		want, wantContext := kept(t, gap10)
		again := open
		if seed%5 == 1 { // rows that are kept, beside rows that are kept
			again = kept
		}
		op, c := again(t, gap10)
		if migrate {
			op, c = kept(t, gap10)
		}
		var chain *operatortest.Chain
		if !migrate {
			chain = &operatortest.Chain{Op: op.(operator.Snapshotter), Rnd: rng.Intn}
		}
		out, wanted := &tape{}, &tape{}
		now, high, late := int64(0), int64(data.MinWatermark), int64(0)
		for n := range 40 {
			var lines []string
			for range 1 + rng.Intn(12) {
				now += int64(rng.Intn(4))
				lines = append(lines, fmt.Sprintf("user-%d %d", rng.Intn(12), now-int64(rng.Intn(40))))
			}
			wm, end := high, max(high, now-20)
			for o, to := range map[operator.Operator]*tape{op: out, want: wanted} {
				b := rows(exact, lines...)
				b.Ops = make([]data.Op, b.N)
				for i := range b.Ops {
					if i%7 == 3 {
						b.Ops[i] = data.Delete
					}
				}
				mark := wm
				for i := range b.RowWatermarks {
					mark = max(mark, b.RowWatermarks[i]-15)
					b.RowWatermarks[i] = mark
				}
				high = max(end, mark)
				if err := o.Process(0, b, to); err != nil {
					t.Fatal(err)
				}
				if err := o.Watermark(high, to); err != nil {
					t.Fatal(err)
				}
			}
			switch {
			case chain != nil:
				chain.Step(t)
				if rng.Intn(10) == 0 {
					r := &state.Reader{Parts: []state.Snapshot{chain.Finish(t)}}
					late += c.Metrics.LateDropped.Load()
					op, c = again(t, gap10)
					if err := op.(operator.Stateful).Restore(r); err != nil {
						t.Fatal(err)
					}
					op.(operator.Resumer).Resumed(0)
					chain.Op = op.(operator.Snapshotter)
				}
			case n == 20:
				late += c.Metrics.LateDropped.Load()
				for range 2 {
					older := olderForm(t, op.(*session))
					if op, c = open(t, gap10); seed%10 != 0 {
						op, c = kept(t, gap10)
					}
					if err := op.(operator.Stateful).Restore(&state.Reader{Parts: []state.Snapshot{older}}); err != nil {
						t.Fatal(err)
					}
					if seed%10 == 0 {
						break
					}
				}
			case n == 30 && seed%10 == 0: // records move
				if err := op.(*merging).compact(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if chain != nil {
			chain.Finish(t)
			incremental += chain.Incremental
		}
		for o, to := range map[operator.Operator]*tape{op: out, want: wanted} {
			if err := o.Watermark(data.MaxWatermark, to); err != nil {
				t.Fatal(err)
			}
			to.lines = slices.DeleteFunc(to.lines, func(l string) bool { return strings.HasPrefix(l, "wm") })
			slices.Sort(to.lines)
		}
		if !slices.Equal(out.lines, wanted.lines) {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, strings.Join(out.lines, "\n"), strings.Join(wanted.lines, "\n"))
		}
		if a, b := late+c.Metrics.LateDropped.Load(), wantContext.Metrics.LateDropped.Load(); a != b {
			t.Fatalf("seed %d: %d late rows, want %d", seed, a, b)
		}
	}
	if incremental < 50 {
		t.Errorf("only %d incremental snapshots were compared", incremental)
	}
}

// olderForm is the state of kept rows as it once was written.
func olderForm(t *testing.T, s *session) state.Snapshot {
	t.Helper()
	w := &state.Writer{}
	rows := w.Keyed(keptState, len(s.spec.Keys), 0, keptSchema(s.spec.Keys, s.input))
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(s.watermark)})
	if err := s.table.Each(func(_ uint64, key unsafe.Pointer) bool {
		for at := *firstOf(key); at != 0; at = s.span(at).next {
			of := s.span(at)
			for entries, next := s.lists.From(&of.rows, state.Place{}); entries != nil; entries, next = s.lists.From(&of.rows, next) {
				for _, e := range entries {
					rec := s.kept.At(e.Ref)
					row := s.table.Key(nil, key)
					for _, x := range [...]int64{of.start, of.end, *word8(rec, rowOp)} {
						row = binary.AppendVarint(append(row, 1), x)
					}
					rows.Put(data.KeyGroup(state.Hash(key), 128), s.kept.Layout.Append(row, s.kept.Row(rec), everyColumn(len(s.input))))
				}
			}
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return w.Snapshot
}
