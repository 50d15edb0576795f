package task

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weir-streams/weir/engine/data"
)

// Steps are "channel=watermark", "channel idle", "channel active"; after each
// one the merged watermark is given, and whether all are idle.
func TestMerge(t *testing.T) {
	type step struct {
		do   string
		c    int
		wm   int64
		want int64
		idle bool
	}
	for _, tt := range []struct {
		name     string
		channels int
		steps    []step
	}{
		{"minimum", 2, []step{{"wm", 0, 5, data.MinWatermark, false}, {"wm", 1, 3, 3, false}, {"wm", 1, 9, 5, false}, {"wm", 1, 8, 5, false}}},
		{"idle channels hold nothing back", 2, []step{{"wm", 0, 5, data.MinWatermark, false}, {"idle", 1, 0, 5, false}, {"wm", 0, 7, 7, false}}},
		{"one that is back waits until it has caught up", 2, []step{
			{"idle", 1, 0, data.MinWatermark, false},
			{"wm", 0, 5, 5, false},
			{"active", 1, 0, 5, false},
			{"wm", 0, 6, 6, false},
			{"wm", 1, 4, 6, false},
			{"wm", 0, 7, 7, false},
			{"wm", 1, 7, 7, false},
			{"wm", 0, 9, 7, false},
			{"wm", 1, 8, 8, false},
		}},
		{"when the last falls idle the furthest counts", 2, []step{
			{"wm", 0, 9, data.MinWatermark, false}, {"wm", 1, 3, 3, false}, {"idle", 0, 0, 3, false}, {"idle", 1, 0, 9, true},
		}},
		{"the end of one while the other is idle", 2, []step{
			{"idle", 1, 0, data.MinWatermark, false},
			{"wm", 0, 5, 5, false},
			{"wm", 0, data.MaxWatermark, 5, true},
			{"active", 1, 0, 5, false},
			{"wm", 1, 7, 7, false},
			{"idle", 1, 0, 7, true},
			{"wm", 1, data.MaxWatermark, data.MaxWatermark, false},
		}},
		{"an idle one that ends", 3, []step{
			{"idle", 1, 0, data.MinWatermark, false},
			{"wm", 1, data.MaxWatermark, data.MinWatermark, false},
			{"wm", 0, 5, data.MinWatermark, false},
			{"wm", 2, 4, 4, false},
			{"wm", 0, data.MaxWatermark, 4, false},
			{"wm", 2, 6, 6, false},
			{"wm", 2, data.MaxWatermark, data.MaxWatermark, false},
		}},
		{"end", 2, []step{{"wm", 0, data.MaxWatermark, data.MinWatermark, false}, {"wm", 1, 4, 4, false}, {"wm", 1, data.MaxWatermark, data.MaxWatermark, false}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMerge(tt.channels)
			for i, s := range tt.steps {
				idle := false
				switch s.do {
				case "wm":
					_, _, idle = m.advance(s.c, s.wm)
				case "idle":
					_, _, idle = m.setIdle(s.c)
				case "active":
					m.setActive(s.c)
				}
				if m.out != s.want || idle != s.idle {
					t.Fatalf("step %d (%s %d): %d, idle %v; want %d, %v", i, s.do, s.c, m.out, idle, s.want, s.idle)
				}
			}
		})
	}
}

func TestRowWatermarksStayTrueWhenChannelsMerge(t *testing.T) {
	for _, tt := range []struct {
		name     string
		channels int
		other    int64 // watermark of channel 1; 0: none, -1: idle
		from     []int
		want     []int64
	}{
		{"one channel", 1, 0, nil, []int64{1, 5, 9}},
		{"the other is behind", 2, 0, nil, nil},
		{"the other is within", 2, 6, nil, []int64{1, 5, 6}},
		{"the other is idle", 2, -1, nil, []int64{1, 5, 9}},
		{"the other is of the same subtask", 2, 0, []int{7, 7}, []int64{1, 5, 9}},
		{"one of the others is", 3, 6, []int{7, 8, 7}, []int64{1, 5, 6}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMerge(tt.channels)
			m.from = tt.from
			switch {
			case tt.other > 0:
				m.advance(1, tt.other)
			case tt.other < 0:
				m.setIdle(1)
			}
			rows := []int64{1, 5, 9}
			b := &data.Batch{N: 3, RowWatermarks: rows}
			m.clamp(0, b)
			if !slices.Equal(b.RowWatermarks, tt.want) {
				t.Errorf("got %v, want %v", b.RowWatermarks, tt.want)
			}
			if fmt.Sprint(rows) != "[1 5 9]" {
				t.Error("the sender's slice was changed")
			}
		})
	}
}
