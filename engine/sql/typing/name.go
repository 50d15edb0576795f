package typing

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
)

// Name is how the planner of Flink calls a type in its messages: INTEGER,
// VARCHAR(2147483647), TIMESTAMP(3).
func Name(t data.Type) string {
	switch t.Kind {
	case data.Int:
		return "INTEGER"
	case data.VarChar:
		return "VARCHAR(" + strconv.Itoa(t.Precision) + ")"
	case data.VarBinary:
		return "VARBINARY(" + strconv.Itoa(t.Precision) + ")"
	case data.TimestampLTZ:
		return "TIMESTAMP_WITH_LOCAL_TIME_ZONE(" + strconv.Itoa(t.Precision) + ")"
	case data.IntervalYearMonth:
		return "INTERVAL MONTH"
	case data.IntervalDayTime:
		return "INTERVAL DAY TO SECOND"
	case data.Array, data.Multiset:
		kind := " ARRAY"
		if t.Kind == data.Multiset {
			kind = " MULTISET"
		}
		return Name(t.Args[0]) + kind
	case data.Row:
		fields := make([]string, len(t.Args))
		for i, f := range t.Args {
			fields[i] = Name(f) + " " + t.Names[i]
		}
		return "RecordType:peek_no_expand(" + strings.Join(fields, ", ") + ")"
	case data.Map:
		return "(" + Name(t.Args[0]) + ", " + Name(t.Args[1]) + ") MAP"
	}
	return t.WithNull(true).String()
}

// Numeric tells whether t is a number.
func Numeric(t data.Type) bool { return t.Kind >= data.TinyInt && t.Kind <= data.Decimal }

// Integer tells whether t is a whole number type.
func Integer(t data.Type) bool { return t.Kind >= data.TinyInt && t.Kind <= data.BigInt }

// Text tells whether t is a character string.
func Text(t data.Type) bool { return t.Kind == data.Char || t.Kind == data.VarChar }

// Bytes tells whether t is a byte string.
func Bytes(t data.Type) bool { return t.Kind == data.Binary || t.Kind == data.VarBinary }

// Temporal tells whether t is a date, a time or a timestamp.
func Temporal(t data.Type) bool { return t.Kind >= data.Date && t.Kind <= data.TimestampLTZ }

// Interval tells whether t is an interval.
func Interval(t data.Type) bool {
	return t.Kind == data.IntervalYearMonth || t.Kind == data.IntervalDayTime
}

// Stamp tells whether t is a timestamp of either sort.
func Stamp(t data.Type) bool { return t.Kind == data.Timestamp || t.Kind == data.TimestampLTZ }

// Plain is t as a value: without a time attribute.
func Plain(t data.Type) data.Type { t.TimeAttr = data.NoTimeAttr; return t }

// AsDecimal gives the DECIMAL that holds a whole number type.
func AsDecimal(t data.Type) data.Type {
	d := data.Type{Kind: data.Decimal, Nullable: t.Nullable}
	switch t.Kind {
	case data.TinyInt:
		d.Precision = 3
	case data.SmallInt:
		d.Precision = 5
	case data.Int:
		d.Precision = 10
	case data.BigInt:
		d.Precision = 19
	default:
		d.Precision, d.Scale = t.Precision, t.Scale
	}
	return d
}

// Decimal makes a DECIMAL, fitted into 38 digits as Flink does: the integer
// digits are kept and the scale is cut, to no less than min(scale, 6).
func Decimal(precision, scale int, nullable bool) data.Type {
	if precision > 38 {
		whole := precision - scale
		scale = max(38-whole, min(scale, 6))
		precision = 38
	}
	return data.Type{Kind: data.Decimal, Precision: precision, Scale: scale, Nullable: nullable}
}

var (
	dayInterval   = regexp.MustCompile(`INTERVAL DAY\(\d\) TO SECOND\(\d\)`)
	monthInterval = regexp.MustCompile(`INTERVAL YEAR\(\d\) TO MONTH`)
)

// Display is the text of a type as TYPEOF gives it: an interval is by its
// resolution, SECOND(3) or MONTH, in whatever units it was written.
func Display(t data.Type) string {
	s := t.String()
	if !strings.Contains(s, "INTERVAL") {
		return s
	}
	return monthInterval.ReplaceAllString(dayInterval.ReplaceAllString(s, "INTERVAL SECOND(3)"), "INTERVAL MONTH")
}
