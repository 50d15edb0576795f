package function

import "github.com/weir-streams/weir/engine/data"

// Common returns the narrowest type that holds the values of all types, and
// whether there is one. It is nullable if one of them is.
func Common(types ...data.Type) (data.Type, bool) {
	t := types[0]
	for _, u := range types[1:] {
		var ok bool
		if t, ok = common2(t, u); !ok {
			return t, false
		}
	}
	return t, true
}

var exactDigits = map[data.Kind]int{data.TinyInt: 3, data.SmallInt: 5, data.Int: 10, data.BigInt: 19}

func common2(a, b data.Type) (data.Type, bool) {
	nullable := a.Nullable || b.Nullable
	switch {
	case a.Kind == data.Null:
		return b.WithNull(true), true
	case b.Kind == data.Null:
		return a.WithNull(true), true
	case a.SameAs(b):
		return a.WithNull(nullable), true
	}
	numeric := func(t data.Type) bool { return t.Kind >= data.TinyInt && t.Kind <= data.Decimal }
	integer := func(t data.Type) bool { return t.Kind >= data.TinyInt && t.Kind <= data.BigInt }
	switch {
	case integer(a) && integer(b):
		return data.Of(max(a.Kind, b.Kind)).WithNull(nullable), true
	case numeric(a) && numeric(b):
		if a.Kind == data.Double || b.Kind == data.Double {
			return data.Of(data.Double).WithNull(nullable), true
		}
		if a.Kind == data.Float || b.Kind == data.Float {
			k := data.Float
			if a.Kind == data.Decimal || b.Kind == data.Decimal {
				k = data.Double
			}
			return data.Of(k).WithNull(nullable), true
		}
		pa, sa, pb, sb := a.Precision, a.Scale, b.Precision, b.Scale
		if integer(a) {
			pa, sa = exactDigits[a.Kind], 0
		}
		if integer(b) {
			pb, sb = exactDigits[b.Kind], 0
		}
		s := max(sa, sb)
		p := min(max(pa-sa, pb-sb)+s, data.MaxDecimal)
		return data.Type{Kind: data.Decimal, Nullable: nullable, Precision: p, Scale: s}, true
	case isText(a.Kind) && isText(b.Kind):
		return data.Type{Kind: data.VarChar, Nullable: nullable, Precision: max(a.Precision, b.Precision)}, true
	case (a.Kind == data.Binary || a.Kind == data.VarBinary) && (b.Kind == data.Binary || b.Kind == data.VarBinary):
		return data.Type{Kind: data.VarBinary, Nullable: nullable, Precision: max(a.Precision, b.Precision)}, true
	case (a.Kind == data.Timestamp || a.Kind == data.TimestampLTZ) && (b.Kind == data.Timestamp || b.Kind == data.TimestampLTZ) && a.Kind != b.Kind:
		t := data.Of(data.TimestampLTZ).WithNull(nullable)
		t.Precision = max(a.Precision, b.Precision)
		return t, true
	case a.Kind == b.Kind && (a.Kind == data.Timestamp || a.Kind == data.TimestampLTZ || a.Kind == data.Time):
		t := a.WithNull(nullable)
		t.Precision = max(a.Precision, b.Precision)
		return t, true
	case a.Kind == data.Array && b.Kind == data.Array:
		e, ok := common2(a.Args[0], b.Args[0])
		return data.Type{Kind: data.Array, Nullable: nullable, Args: []data.Type{e}}, ok
	case a.Kind == data.Map && b.Kind == data.Map:
		k, ok1 := common2(a.Args[0], b.Args[0])
		v, ok2 := common2(a.Args[1], b.Args[1])
		return data.Type{Kind: data.Map, Nullable: nullable, Args: []data.Type{k, v}}, ok1 && ok2
	}
	return a, false
}

// Implicit tells whether a value of one type may be given where one of another
// is asked for: Flink's implicit casts.
func Implicit(from, to data.Type) bool {
	number := func(t data.Type) bool { return t.Kind >= data.TinyInt && t.Kind <= data.Decimal }
	stamp := func(t data.Type) bool { return t.Kind == data.Timestamp || t.Kind == data.TimestampLTZ }
	switch {
	case from.Kind == data.Null:
		return true
	case to.Kind >= data.TinyInt && to.Kind <= data.BigInt:
		return from.Kind >= data.TinyInt && from.Kind <= to.Kind
	case to.Kind == data.Float:
		return number(from) && from.Kind != data.Double
	case to.Kind == data.Double, to.Kind == data.Decimal:
		return number(from)
	case isText(to.Kind):
		return from.Kind == to.Kind || to.Kind == data.VarChar && isText(from.Kind)
	case to.Kind == data.VarBinary:
		return from.Kind == data.Binary || from.Kind == data.VarBinary
	case stamp(to):
		return stamp(from)
	case to.Kind == data.Date, to.Kind == data.Time:
		return from.Kind == to.Kind || from.Kind == data.Timestamp
	case len(to.Args) == 0:
		return from.Kind == to.Kind
	}
	t, ok := Common(from, to)
	return ok && t.SameAs(to)
}
