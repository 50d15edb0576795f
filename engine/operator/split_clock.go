package operator

import (
	"cmp"
	"errors"
	"slices"

	"github.com/weir-streams/weir/engine/data"
)

// splitClocks follow event time in each split of a source apart, so that rows
// of one split are not late because another one is ahead, as Flink's watermarks
// per partition do.
type splitClocks struct {
	set    *data.Splits // nil: the source does not tell splits apart
	clocks []splitClock
	before map[string]int64 // clocks of restored splits
}

type splitClock struct {
	current int64 // 0: no row yet
	lastRow int64 // processing time of the last row, or of when the split came
}

// row gives the clock of the split that b is from, and the time that the other
// splits have reached. now is the processing time.
func (s *splitClocks) row(b *data.Batch, now, idleMillis int64) (own *int64, others int64) {
	s.set = b.Splits
	s.grow(now)
	c := &s.clocks[b.Split]
	c.lastRow = now
	return &c.current, s.least(b.Split, now, idleMillis)
}

func (s *splitClocks) grow(now int64) {
	for len(s.clocks) < len(s.set.Ended) {
		s.clocks = append(s.clocks, splitClock{current: s.before[s.set.IDs[len(s.clocks)]], lastRow: now})
	}
}

// least is the time the splits other than one have reached; MaxWatermark if
// none of them counts.
func (s *splitClocks) least(except int, now, idleMillis int64) int64 {
	least := int64(data.MaxWatermark)
	for i, c := range s.clocks {
		if i == except || s.set.Ended[i] || idleMillis > 0 && now-c.lastRow >= idleMillis {
			continue
		}
		least = min(least, c.current)
	}
	return least
}

// slowest is the time that all splits have reached; 0 if that is not known.
func (s *splitClocks) slowest(now, idleMillis int64) int64 {
	if s.set == nil {
		return 0
	}
	s.grow(now)
	if least := s.least(-1, now, idleMillis); least != data.MaxWatermark {
		return least
	}
	return 0
}

// held tells whether some split is ahead of what is in force: it may come into
// force without another row.
func (s *splitClocks) held(current int64) bool {
	for i := range s.clocks {
		if s.clocks[i].current > current {
			return true
		}
	}
	return false
}

// times tells others how far each split is: the slowest first, where there are
// too many for all.
func (s *splitClocks) times(now, idleMillis int64) []SplitTime {
	s.grow(now)
	all := make([]SplitTime, len(s.clocks))
	for i, c := range s.clocks {
		t := SplitTime{ID: s.set.IDs[i], Watermark: c.current, LastRow: c.lastRow, Ended: s.set.Ended[i]}
		t.Idle = idleMillis > 0 && now-c.lastRow >= idleMillis
		if c.current == 0 {
			t.Watermark = data.MinWatermark
		}
		all[i] = t
	}
	if len(all) > MaxSplits {
		slices.SortStableFunc(all, func(a, b SplitTime) int { return cmp.Compare(a.Watermark, b.Watermark) })
		all = all[:MaxSplits]
	}
	return all
}

// items are the clocks for a snapshot: each a time and the id of its split. A
// restored job must not wait for a split that has no more rows.
func (s *splitClocks) items(now int64) [][]byte {
	if s.set == nil {
		return nil
	}
	s.grow(now)
	var list [][]byte
	for i, c := range s.clocks {
		list = append(list, append(Int64Item(c.current), s.set.IDs[i]...))
	}
	return list
}

func (s *splitClocks) restore(items [][]byte) error {
	for _, item := range items {
		n := len(Int64Item(0))
		if len(item) < n {
			return errShort
		}
		current, err := Int64Of(item[:n])
		if err != nil {
			return err
		}
		if s.before == nil {
			s.before = map[string]int64{}
		}
		s.before[string(item[n:])] = max(s.before[string(item[n:])], current)
	}
	return nil
}

var errShort = errors.New("the clock of a split is cut short")
