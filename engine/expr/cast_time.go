package expr

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// castTime converts among dates, times and timestamps. A TIMESTAMP becomes a
// DATE by division that truncates toward zero, as in Flink; an instant becomes
// a day of the session zone.
func castTime(from, to data.Type) (castFn, error) {
	type pair struct{ from, to data.Kind }
	nanos := func(v *data.Vector, i int32) int32 {
		if v.Type.Phys() == data.PhysTime {
			return v.Nano[i]
		}
		return 0
	}
	each := func(f func(k *caster, in, out *data.Vector, i int32)) castFn {
		return func(k *caster, in, out *data.Vector, rows []int32) error {
			for _, i := range rows {
				f(k, in, out, i)
			}
			return nil
		}
	}
	switch (pair{from.Kind, to.Kind}) {
	case pair{data.Date, data.Timestamp}:
		return each(func(_ *caster, in, out *data.Vector, i int32) { setTime(out, i, int64(in.I32[i])*data.DayMillis, 0) }), nil
	case pair{data.Date, data.TimestampLTZ}:
		return each(func(k *caster, in, out *data.Vector, i int32) {
			setTime(out, i, k.local().Instant(int64(in.I32[i])*data.DayMillis), 0)
		}), nil
	case pair{data.Time, data.Timestamp}:
		return each(func(_ *caster, in, out *data.Vector, i int32) { setTime(out, i, int64(in.I32[i]), 0) }), nil
	case pair{data.Time, data.TimestampLTZ}:
		return each(func(k *caster, in, out *data.Vector, i int32) {
			setTime(out, i, k.local().Instant(int64(in.I32[i])), 0)
		}), nil
	case pair{data.Time, data.Time}:
		return each(func(_ *caster, in, out *data.Vector, i int32) {
			ms, _ := data.TruncateNano(int64(in.I32[i]), 0, to.Precision)
			out.I32[i] = int32(ms)
		}), nil
	case pair{data.Timestamp, data.Date}:
		return each(func(_ *caster, in, out *data.Vector, i int32) { out.I32[i] = int32(in.I64[i] / data.DayMillis) }), nil
	case pair{data.TimestampLTZ, data.Date}:
		return each(func(k *caster, in, out *data.Vector, i int32) {
			out.I32[i] = int32(data.FloorDiv(k.local().Local(in.I64[i]), data.DayMillis))
		}), nil
	case pair{data.Timestamp, data.Time}:
		return each(func(_ *caster, in, out *data.Vector, i int32) {
			out.I32[i] = int32(data.FloorMod(towardZero(in.I64[i], to.Precision), data.DayMillis))
		}), nil
	case pair{data.TimestampLTZ, data.Time}:
		return each(func(k *caster, in, out *data.Vector, i int32) {
			ms, _ := data.TruncateNano(data.FloorMod(k.local().Local(in.I64[i]), data.DayMillis), 0, to.Precision)
			out.I32[i] = int32(ms)
		}), nil
	case pair{data.Timestamp, data.Timestamp}, pair{data.TimestampLTZ, data.TimestampLTZ}:
		return each(func(_ *caster, in, out *data.Vector, i int32) {
			setTime(out, i, towardZero(in.I64[i], to.Precision), nanos(in, i))
		}), nil
	case pair{data.Timestamp, data.TimestampLTZ}:
		return each(func(k *caster, in, out *data.Vector, i int32) {
			setTime(out, i, k.local().Instant(towardZero(in.I64[i], to.Precision)), nanos(in, i))
		}), nil
	case pair{data.TimestampLTZ, data.Timestamp}:
		return each(func(k *caster, in, out *data.Vector, i int32) {
			setTime(out, i, towardZero(k.local().Local(in.I64[i]), to.Precision), nanos(in, i))
		}), nil
	}
	return nil, fmt.Errorf("a value of type %s cannot be cast to %s", from, to)
}

// towardZero cuts milliseconds to fewer than three fraction digits as Flink does:
// a time before 1970 moves forward.
func towardZero(ms int64, precision int) int64 {
	unit := int64(1)
	for ; precision < 3; precision++ {
		unit *= 10
	}
	return ms - ms%unit
}
