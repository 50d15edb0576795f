package function

import (
	"time"

	"github.com/weir-streams/weir/engine/data"
)

// Rows returns the rows to compute as a list.
func (c *Call) Rows() []int32 {
	if c.Sel != nil {
		return c.Sel
	}
	for len(c.all) < c.N {
		c.all = append(c.all, int32(len(c.all)))
	}
	return c.all[:c.N]
}

// SetNull makes row i of the result NULL.
func (c *Call) SetNull(i int32) {
	if c.Out.Views != nil {
		c.Out.Views[i] = data.View{}
	}
	c.Out.SetNull(int(i))
}

// Scratch is a buffer to build a value in; it is empty, and reused by the next call.
func (c *Call) Scratch() []byte { return c.scratch[:0] }

// Keep remembers a grown scratch buffer for next time.
func (c *Call) Keep(b []byte) { c.scratch = b }

// Location is the session's time zone.
func (c *Call) Location() *time.Location {
	if c.Env == nil || c.Env.TimeZone == nil || c.Env.TimeZone.Location == nil {
		return time.UTC
	}
	return c.Env.TimeZone.Location
}

// IntAt reads row i of an integer column of either layout.
func IntAt(v *data.Vector, i int32) int64 {
	if v.Type.Phys() == data.PhysI32 {
		return int64(v.I32[i])
	}
	return v.I64[i]
}
