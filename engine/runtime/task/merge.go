package task

import "github.com/weir-streams/weir/engine/data"

// merge is the minimum of the watermarks of several channels. Idle channels
// hold nothing back; one that comes back behind the time reached is left out
// until it has caught up.
type merge struct {
	channels []progress
	out      int64
	active   int // channels that are not idle
}

type progress struct {
	watermark int64
	idle      bool
	behind    bool // came back from idleness, has not caught up
}

func newMerge(channels int) merge {
	m := merge{channels: make([]progress, channels), out: data.MinWatermark, active: channels}
	for i := range m.channels {
		m.channels[i].watermark = data.MinWatermark
	}
	return m
}

// advance takes a channel's watermark and returns the merged one if it grew.
func (m *merge) advance(channel int, wm int64) (int64, bool) {
	c := &m.channels[channel]
	if c.idle && wm == data.MaxWatermark { // an idle channel that ends
		c.idle, c.behind = false, false
		m.active++
	}
	if c.idle || wm <= c.watermark {
		return 0, false
	}
	c.watermark = wm
	if c.behind && wm >= m.out {
		c.behind = false
	}
	return m.grow()
}

// startIdle makes a channel idle before anything came, and returns whether all are.
func (m *merge) startIdle(channel int) bool {
	if c := &m.channels[channel]; !c.idle {
		c.idle = true
		m.active--
	}
	return m.active == 0
}

func (m *merge) grow() (int64, bool) {
	low, any := int64(data.MaxWatermark), false
	for i := range m.channels {
		if c := &m.channels[i]; !c.idle && !c.behind {
			low, any = min(low, c.watermark), true
		}
	}
	if !any || low <= m.out {
		return 0, false
	}
	m.out = low
	return low, true
}

// setIdle returns the merged watermark if that lets it grow, and whether no
// channel is active any more.
func (m *merge) setIdle(channel int) (wm int64, ok, allIdle bool) {
	c := &m.channels[channel]
	if c.idle {
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
		high = max(high, m.channels[i].watermark)
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
// time does not pass what the other channels have reached.
func (m *merge) clamp(channel int, b *data.Batch) {
	if b.RowWatermarks == nil || len(m.channels) == 1 {
		return
	}
	others, any := int64(data.MaxWatermark), false
	for i := range m.channels {
		if c := &m.channels[i]; i != channel && !c.idle && !c.behind {
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
