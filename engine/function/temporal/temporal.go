// Package temporal has the SQL functions on dates, times and timestamps.
//
// A TIMESTAMP is a wall-clock time without zone, a TIMESTAMP_LTZ an instant
// that is read on the clock of the session's zone. Units of time arrive as
// literal strings: EXTRACT(unit FROM x) is EXTRACT(unit, x), FLOOR(x TO unit) is
// FLOOR(x, unit), TIMESTAMPADD and TIMESTAMPDIFF have theirs first.
package temporal

import (
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Functions lists the functions of this package.
var Functions = join(extractFunctions, roundFunctions, nowFunctions, textFunctions, shiftFunctions, []*function.Scalar{minusDate})

func join(tables ...[]*function.Scalar) []*function.Scalar {
	var all []*function.Scalar
	for _, t := range tables {
		all = append(all, t...)
	}
	return all
}

func bigint() data.Type { return data.Of(data.BigInt) }

func stamp(precision int) data.Type {
	return data.Type{Kind: data.Timestamp, Nullable: true, Precision: precision}
}

func ltz(precision int) data.Type {
	return data.Type{Kind: data.TimestampLTZ, Nullable: true, Precision: precision}
}

// before1900 is where the time zones of Java's older classes begin, which Flink
// asks for the parts of an instant: before it a zone has the standard offset that
// it has now, and not that of its local mean time.
const before1900 = -2208988800000

// standardOffset is the offset of a zone from UTC without summer time, in
// milliseconds, by the rules of today.
func standardOffset(loc *time.Location) int64 {
	if loc == nil {
		return 0
	}
	for month := range 12 { // some have their summer time in January
		t := time.Date(2025, time.Month(month+1), 1, 0, 0, 0, 0, loc)
		if !t.IsDST() {
			_, offset := t.Zone()
			return int64(offset) * 1000
		}
	}
	return 0
}

// wall reads dates, times and timestamps as wall-clock milliseconds and
// nanoseconds of the millisecond.
func wall(c *function.Call, v *data.Vector) func(i int32) (int64, int32) {
	switch v.Type.Kind {
	case data.Date:
		return func(i int32) (int64, int32) { return int64(v.I32[i]) * data.DayMillis, 0 }
	case data.Time:
		return func(i int32) (int64, int32) { return int64(v.I32[i]), 0 }
	}
	nano := func(int32) int32 { return 0 }
	if v.Type.Phys() == data.PhysTime {
		nano = func(i int32) int32 { return v.Nano[i] }
	}
	if v.Type.Kind == data.TimestampLTZ {
		clock := data.NewClock(c.Location())
		offset := standardOffset(c.Location())
		return func(i int32) (int64, int32) {
			if ms := v.I64[i]; ms < before1900 {
				return ms + offset, nano(i)
			}
			return clock.Local(v.I64[i]), nano(i)
		}
	}
	return func(i int32) (int64, int32) { return v.I64[i], nano(i) }
}

// setTime stores a timestamp cut to its type's precision.
func setTime(out *data.Vector, i int32, ms int64, nano int32) {
	ms, nano = data.TruncateNano(ms, nano, out.Type.Precision)
	out.I64[i] = ms
	if out.Type.Phys() == data.PhysTime {
		out.Nano[i] = nano
	}
}
