package task

import "github.com/weir-streams/weir/engine/data"

// merge is the minimum of the watermarks of several channels. Idle channels
// hold nothing back; one that comes back behind the time reached is left out
// until it has caught up. The end of time is reached when all channels have
// ended: that one has while others are idle says nothing of those.
type merge struct {
	channels []progress
	from     []int // which subtask each channel comes from; nil: each from another
	out      int64
	active   int // channels neither idle nor ended
	ended    int
}

type progress struct {
	watermark int64
	idle      bool
	behind    bool // came back from idleness, has not caught up
	ended     bool
}

func newMerge(channels int) merge {
	m := merge{channels: make([]progress, channels), out: data.MinWatermark, active: channels}
	for i := range m.channels {
		m.channels[i].watermark = data.MinWatermark
	}
	return m
}

// counts tells whether a channel holds event time back.
func (c *progress) counts() bool { return !c.idle && !c.behind && !c.ended }

// advance takes a channel's watermark and returns the merged one if it grew,
// and whether all channels that go on are idle since now.
func (m *merge) advance(channel int, wm int64) (merged int64, ok, allIdle bool) {
	c := &m.channels[channel]
	switch {
	case c.ended || wm <= c.watermark:
		return 0, false, false
	case wm == data.MaxWatermark:
		wasIdle := c.idle
		*c = progress{watermark: wm, ended: true}
		if m.ended++; m.ended == len(m.channels) {
			m.out = wm
			return wm, true, false
		}
		if !wasIdle {
			m.active--
		}
		merged, ok = m.grow()
		return merged, ok, m.active == 0 && !wasIdle
	case c.idle:
		return 0, false, false
	}
	c.watermark = wm
	if c.behind && wm >= m.out {
		c.behind = false
	}
	merged, ok = m.grow()
	return merged, ok, false
}

func (m *merge) grow() (int64, bool) {
	low, any := int64(data.MaxWatermark), false
	for i := range m.channels {
		if c := &m.channels[i]; c.counts() {
			low, any = min(low, c.watermark), true
		}
	}
	if !any || low <= m.out {
		return 0, false
	}
	m.out = low
	return low, true
}

// startIdle makes a channel idle before anything came, and returns whether all are.
func (m *merge) startIdle(channel int) bool {
	if c := &m.channels[channel]; !c.idle {
		c.idle = true
		m.active--
	}
	return m.active == 0
}

// setIdle returns the merged watermark if that lets it grow, and whether no
// channel is active any more.
func (m *merge) setIdle(channel int) (wm int64, ok, allIdle bool) {
	c := &m.channels[channel]
	if c.idle || c.ended {
		return 0, false, false
	}
	c.idle = true
	m.active--
	if m.active > 0 {
		wm, ok = m.grow()
		return wm, ok, false
	}
	// The last one: nobody holds back the furthest any more.
	high := m.out
	for i := range m.channels {
		if o := &m.channels[i]; !o.ended {
			high = max(high, o.watermark)
		}
	}
	if c.watermark == m.out && high > m.out {
		m.out = high
		return high, true, true
	}
	return 0, false, true
}

// setActive returns whether the channel is the first active one.
func (m *merge) setActive(channel int) bool {
	c := &m.channels[channel]
	if !c.idle {
		return false
	}
	c.idle = false
	c.behind = c.watermark < m.out
	m.active++
	return m.active == 1
}

// clamp makes the row watermarks of a batch true for the merged stream: event
// time does not pass what the other channels have reached. A channel of the same
// subtask, as where a table is joined with itself, is as far as this one: each row
// and each watermark goes to both.
func (m *merge) clamp(channel int, b *data.Batch) {
	if b.RowWatermarks == nil || len(m.channels) == 1 {
		return
	}
	others, any := int64(data.MaxWatermark), false
	for i := range m.channels {
		if c := &m.channels[i]; i != channel && c.counts() && (m.from == nil || m.from[i] != m.from[channel]) {
			others, any = min(others, c.watermark), true
		}
	}
	if !any {
		return
	}
	if others <= m.out {
		b.RowWatermarks = nil // time stands still while this batch passes
		return
	}
	rows := make([]int64, len(b.RowWatermarks))
	for i, wm := range b.RowWatermarks {
		rows[i] = min(wm, others)
	}
	b.RowWatermarks = rows
}
