package typing

import "github.com/weir-streams/weir/engine/data"

// Common gives the type that CASE, COALESCE, IN, VALUES and UNION bring values
// of several types to; false if they do not mix. NULL mixes with everything.
func Common(types ...data.Type) (data.Type, bool) {
	out := data.Type{Kind: data.Null, Nullable: true}
	nullable := false
	for i, t := range types {
		nullable = nullable || t.Nullable
		t = Plain(t)
		if i == 0 || out.Kind == data.Null {
			out = t
			continue
		}
		if t.Kind == data.Null {
			continue
		}
		var ok bool
		if out, ok = common(out, t); !ok {
			return out, false
		}
	}
	return out.WithNull(nullable), true
}

// Merged gives the type that COALESCE and IFNULL bring values of several types
// to. It is that of Common, but for dates and timestamps.
func Merged(types ...data.Type) (data.Type, bool) {
	var days, plain, local, others, precision int
	nullable := false
	for _, t := range types {
		nullable = nullable || t.Nullable
		switch t.Kind {
		case data.Null:
		case data.Date:
			days++
		case data.Timestamp:
			plain++
			precision = max(precision, t.Precision)
		case data.TimestampLTZ:
			local++
			precision = max(precision, t.Precision)
		default:
			others++
		}
	}
	switch {
	case others == 0 && local > 0 && plain > 0 && days == 0:
		return data.Type{Kind: data.TimestampLTZ, Precision: precision, Nullable: nullable}, true
	case others == 0 && days > 0 && plain > 0 && local == 0:
		return data.Type{Kind: data.Date, Nullable: nullable}, true
	}
	t, ok := Common(types...)
	for i, u := range types { // the widest of the approximate numbers
		switch {
		case ok && t.Kind == data.Float && u.Kind == data.Double:
			t.Kind = data.Double
		case ok && t.Kind == data.Double && u.Kind == data.Float && i == len(types)-1 && i == 1 && types[0].Kind == data.Decimal:
			t.Kind = data.Float
		}
	}
	return t, ok
}

func common(a, b data.Type) (data.Type, bool) {
	if a.SameAs(b) {
		return a, true
	}
	switch {
	case Numeric(a) && Numeric(b):
		return commonNumber(a, b), true
	case Text(a) && Text(b), Bytes(a) && Bytes(b):
		varying := data.VarChar
		if Bytes(a) {
			varying = data.VarBinary
		}
		n := max(a.Precision, b.Precision)
		if a.Kind == b.Kind && a.Kind != varying && a.Precision == b.Precision {
			return a, true
		}
		return data.Type{Kind: varying, Precision: n}, true
	case a.Kind == b.Kind && (Temporal(a) || Interval(a)):
		a.Precision, a.Scale = max(a.Precision, b.Precision), max(a.Scale, b.Scale)
		return a, true
	case Stamp(a) && Stamp(b):
		if a.Precision != b.Precision { // the second one's sort, wide enough for both
			b.Precision = max(a.Precision, b.Precision)
			return b, true
		}
		return a, true
	case a.Kind == b.Kind && len(a.Args) == len(b.Args) && len(a.Args) > 0:
		args := make([]data.Type, len(a.Args))
		for i := range args {
			t, ok := common(Plain(a.Args[i]), Plain(b.Args[i]))
			if !ok {
				return a, false
			}
			args[i] = t.WithNull(a.Args[i].Nullable || b.Args[i].Nullable)
		}
		a.Args = args
		return a, true
	}
	return a, false
}

func commonNumber(a, b data.Type) data.Type {
	switch {
	case a.Kind == data.Float && b.Kind == data.Double:
		return data.Type{Kind: data.Float} // the first one's, as Flink has it
	case a.Kind == data.Double || b.Kind == data.Double:
		return data.Type{Kind: data.Double}
	case a.Kind == data.Float || b.Kind == data.Float:
		if a.Kind == data.Decimal || b.Kind == data.Decimal {
			return data.Type{Kind: data.Double}
		}
		return data.Type{Kind: data.Float}
	case a.Kind == data.Decimal || b.Kind == data.Decimal:
		a, b = AsDecimal(a), AsDecimal(b)
		s := max(a.Scale, b.Scale)
		p := max(a.Precision-a.Scale, b.Precision-b.Scale) + s
		if p > 38 { // scale gives way to whole digits
			s = max(0, s-(p-38))
			p = 38
		}
		return data.Type{Kind: data.Decimal, Precision: p, Scale: s}
	case a.Kind > b.Kind:
		return a
	}
	return b
}

// Comparison gives the type both sides of a comparison are brought to. Text is
// read as the other side's date, time, timestamp, truth value or, for anything
// but equality, number.
func Comparison(op string, l, r data.Type) (data.Type, bool) {
	l, r = Plain(l), Plain(r)
	equality := op == "=" || op == "<>"
	if l.Kind == data.Null {
		return r.WithNull(true), true
	}
	if r.Kind == data.Null {
		return l.WithNull(true), true
	}
	if t, ok := common(l, r); ok {
		if Numeric(l) && (l.Kind == data.Float || r.Kind == data.Float) {
			t = data.Type{Kind: data.Float} // also against DOUBLE and DECIMAL: 0.1 equals CAST(0.1 AS FLOAT)
		}
		return t.WithNull(l.Nullable || r.Nullable), true
	}
	if equality && (Interval(l) && Text(r) || Text(l) && Interval(r)) { // compared as texts
		return data.String().WithNull(l.Nullable || r.Nullable), true
	}
	read := func(text, other data.Type) bool {
		return Text(text) && (Temporal(other) || other.Kind == data.Boolean || Numeric(other) && !equality)
	}
	switch {
	case read(l, r):
		return r.WithNull(l.Nullable || r.Nullable), true
	case read(r, l):
		return l.WithNull(l.Nullable || r.Nullable), true
	}
	return l, false
}

// Ordered tells whether values of a type can be compared by < and >.
func Ordered(t data.Type) bool {
	return len(t.Args) == 0 && t.Kind != data.Variant && t.Kind != data.Raw
}

// Assignable tells whether a query's column may be written to a table's without
// a CAST: Flink's implicit casts.
func Assignable(from, to data.Type) bool {
	switch {
	case from.Kind == data.Null:
		return true
	case Integer(to):
		return Integer(from) && from.Kind <= to.Kind
	case to.Kind == data.Float:
		return Numeric(from) && from.Kind != data.Double
	case to.Kind == data.Double, to.Kind == data.Decimal:
		return Numeric(from)
	case to.Kind == data.VarChar:
		return Text(from)
	case to.Kind == data.VarBinary:
		return Bytes(from)
	case Stamp(to):
		return Stamp(from)
	case to.Kind == data.Date, to.Kind == data.Time:
		return from.Kind == to.Kind || from.Kind == data.Timestamp
	case from.Kind != to.Kind || len(from.Args) != len(to.Args):
		return false
	}
	for i := range from.Args {
		if !Assignable(from.Args[i], to.Args[i]) {
			return false
		}
	}
	return true
}
