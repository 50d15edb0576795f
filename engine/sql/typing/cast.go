package typing

import "github.com/weir-streams/weir/engine/data"

// CastAllowed tells whether CAST(from AS to) exists. The reason, if it does
// not, says what to use instead where there is something.
func CastAllowed(from, to data.Type) (bool, string) {
	f, t := Plain(from), Plain(to)
	if f.Kind == data.Null || f.Kind == t.Kind && len(f.Args) == 0 && f.Kind != data.Bitmap32 && f.Kind != data.Variant {
		return true, ""
	}
	switch {
	case t.Kind == data.TimestampLTZ && Numeric(f):
		return false, "The cast from NUMERIC type to TIMESTAMP_LTZ type is not allowed. It's recommended to use TO_TIMESTAMP_LTZ(numeric_col, precision) instead."
	case Stamp(t) && Numeric(f):
		return false, "The cast from NUMERIC type to TIMESTAMP type is not allowed. It's recommended to use TO_TIMESTAMP(FROM_UNIXTIME(numeric_col)) instead, note the numeric is in seconds."
	case Stamp(f) && Numeric(t):
		return false, "The cast from TIMESTAMP type to NUMERIC type is not allowed. It's recommended to use UNIX_TIMESTAMP(CAST(timestamp_col AS STRING)) instead."
	case f.Kind == data.Variant:
		return false, ""
	case f.Kind == data.Bitmap32:
		return Text(t), ""
	case t.Kind == data.Bitmap32:
		return false, ""
	case Text(t):
		return true, ""
	case Text(f):
		return len(t.Args) == 0 && !Interval(t) && t.Kind != data.Raw && t.Kind != data.Variant, ""
	case Bytes(t):
		return Bytes(f) || f.Kind == data.Raw, ""
	case f.Kind == data.Boolean:
		return Numeric(t), ""
	case Numeric(f):
		return Numeric(t) || t.Kind == data.Boolean || Interval(t) && Integer(f), ""
	case Interval(f):
		return false, ""
	case f.Kind == data.Date:
		return Stamp(t), ""
	case f.Kind == data.Time:
		return Stamp(t), ""
	case Stamp(f):
		return Temporal(t), ""
	case f.Kind == t.Kind && len(f.Args) == len(t.Args):
		for i := range f.Args {
			if ok, why := CastAllowed(f.Args[i], t.Args[i]); !ok {
				return false, why
			}
		}
		return true, ""
	}
	return false, ""
}

// Widens tells whether every value of from is one of to: the conversion is
// certain not to fail or to lose anything.
func Widens(from, to data.Type) bool {
	switch {
	case from.SameAs(to):
		return true
	case Integer(from) && Integer(to):
		return from.Kind <= to.Kind
	case Integer(from) && to.Kind == data.Decimal, from.Kind == data.Decimal && to.Kind == data.Decimal:
		f := AsDecimal(from)
		return f.Scale <= to.Scale && f.Precision-f.Scale <= to.Precision-to.Scale
	case Integer(from) && to.Kind == data.Double:
		return from.Kind <= data.Int
	case from.Kind == data.Float && to.Kind == data.Double:
		return true
	case Text(from) && to.Kind == data.VarChar:
		return from.Precision <= to.Precision
	case from.Kind == to.Kind && Temporal(from):
		return from.Precision <= to.Precision
	}
	return false
}
