package typing

import (
	"github.com/weir-streams/weir/engine/data"
)

// Arithmetic types l op r for + - * / and %. It gives the types the operands
// are converted to and the type of the result; ok is false if the operator does
// not take them. Numbers keep their own type inside a family; the kernel widens.
func Arithmetic(op string, l, r data.Type) (lt, rt, result data.Type, ok bool) {
	l, r = Plain(l), Plain(r)
	nullable := l.Nullable || r.Nullable
	if Numeric(l) && Numeric(r) {
		t, good := numeric(op, l, r)
		if !good {
			return l, r, l, false
		}
		t.Nullable = nullable
		if t.Kind == data.Decimal {
			return AsDecimal(l), AsDecimal(r), t, true
		}
		return t.WithNull(l.Nullable), t.WithNull(r.Nullable), t, true
	}
	switch op {
	case "+":
		switch {
		case Interval(l) && Interval(r) && l.Kind == r.Kind:
			return l, r, l.WithNull(nullable), true
		case Temporal(l) && Interval(r):
			return l, r, l.WithNull(nullable), true
		case Interval(l) && Temporal(r):
			return l, r, r.WithNull(nullable), true
		}
	case "-":
		switch {
		case Interval(l) && Interval(r) && l.Kind == r.Kind:
			return l, r, l.WithNull(nullable), true
		case Temporal(l) && Interval(r):
			return l, r, l.WithNull(nullable), true
		}
	case "*":
		switch {
		case Interval(l) && Numeric(r):
			return l, r, l.WithNull(nullable), true
		case Numeric(l) && Interval(r):
			return l, r, r.WithNull(nullable), true
		}
	}
	return l, r, l, false
}

func numeric(op string, l, r data.Type) (data.Type, bool) {
	if op == "%" && (l.Kind == data.Float || l.Kind == data.Double || r.Kind == data.Float || r.Kind == data.Double) {
		return l, false
	}
	approx := func(t data.Type) bool { return t.Kind == data.Float || t.Kind == data.Double }
	switch {
	case approx(l) && approx(r):
		return l, true // the left operand's, as Flink has it
	case approx(l) || approx(r):
		if l.Kind == data.Decimal || r.Kind == data.Decimal {
			return data.Of(data.Double), true
		}
		if approx(l) {
			return l, true
		}
		return r, true
	case op == "%" && l.Kind == data.Decimal && l.Scale == 0 && Integer(r):
		return r, true
	case l.Kind == data.Decimal || r.Kind == data.Decimal:
		return decimals(op, AsDecimal(l), AsDecimal(r)), true
	}
	if op == "%" { // the type of the divisor
		return r, true
	}
	if l.Kind > r.Kind {
		return l, true
	}
	return r, true
}

func decimals(op string, l, r data.Type) data.Type {
	p1, s1, p2, s2 := l.Precision, l.Scale, r.Precision, r.Scale
	switch op {
	case "*":
		return Decimal(p1+p2+1, s1+s2, false)
	case "/":
		s := max(6, s1+p2+1)
		return Decimal(p1-s1+s2+s, s, false)
	case "%":
		s := max(s1, s2)
		return Decimal(min(p1-s1, p2-s2)+s, s, false)
	}
	s := max(s1, s2)
	return Decimal(max(p1-s1, p2-s2)+s+1, s, false)
}

// Concat types l || r: lengths add up; CHAR only if both are.
func Concat(l, r data.Type) (data.Type, bool) {
	nullable := l.Nullable || r.Nullable
	join := func(fixed, varying data.Kind) data.Type {
		n := l.Precision + r.Precision
		if l.Precision == data.MaxLength || r.Precision == data.MaxLength || n > data.MaxLength {
			n = data.MaxLength
		}
		k := varying
		if l.Kind == fixed && r.Kind == fixed {
			k = fixed
		}
		return data.Type{Kind: k, Precision: n, Nullable: nullable}
	}
	switch {
	case Text(l) && Text(r):
		return join(data.Char, data.VarChar), true
	case Bytes(l) && Bytes(r):
		return join(data.Binary, data.VarBinary), true
	}
	return l, false
}
