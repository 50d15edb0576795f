package bind

import (
	"math/big"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/typing"
)

func intLiteral(n int64) expr.Expr {
	return expr.Literal(data.Value{I: n}, data.Type{Kind: data.Int})
}

func textLiteral(s string) expr.Expr {
	return expr.Literal(data.Value{S: s}, data.Type{Kind: data.Char, Precision: len([]rune(s))})
}

func call(name string, t data.Type, args ...expr.Expr) expr.Expr { return expr.Call(name, t, args...) }

func boolean(nullable bool) data.Type { return data.Type{Kind: data.Boolean, Nullable: nullable} }

// checkSize refuses expressions that have become too large. It is asked where an
// operand is used more than once, which may double it at each level.
func checkSize(pos ast.Pos, e expr.Expr) error {
	left := maxSize
	var count func(e expr.Expr)
	count = func(e expr.Expr) {
		left--
		for i := 0; i < len(e.Args) && left > 0; i++ {
			count(e.Args[i])
		}
	}
	if count(e); left <= 0 {
		return ast.Errorf(pos, "the expression has more than %d parts, with repeated operands written out", maxSize)
	}
	return nil
}

// convert makes e a value of type t, keeping whether it may be NULL. Literals
// are converted on the spot where nothing can go wrong.
func convert(e expr.Expr, t data.Type) expr.Expr {
	t = typing.Plain(t).WithNull(e.Type.Nullable)
	from := typing.Plain(e.Type)
	if from.SameAs(t) {
		if e.Kind != expr.KindColumn {
			e.Type = t
		}
		return e
	}
	if e.Kind == expr.KindLiteral {
		if e.Value.Null {
			return expr.Literal(data.NullValue(), t.WithNull(true))
		}
		if v, ok := widen(e.Value, from, t); ok {
			return expr.Literal(v, t)
		}
	}
	if typing.Widens(from, t) && from.Phys() == t.Phys() && from.Kind != data.Decimal {
		return call("REINTERPRET", t, e)
	}
	return call("CAST", t, e)
}

// widen converts a constant that certainly fits.
func widen(v data.Value, from, to data.Type) (data.Value, bool) {
	if !typing.Widens(from, to) {
		return v, false
	}
	switch {
	case typing.Integer(from) && to.Kind == data.Double:
		return data.Value{F: float64(v.I)}, true
	case to.Kind == data.Decimal:
		n := big.NewInt(v.I)
		if from.Kind == data.Decimal && from.Precision > 18 {
			n = new(big.Int).Add(new(big.Int).Lsh(big.NewInt(v.D.Hi), 64), new(big.Int).SetUint64(v.D.Lo))
		}
		scale := int64(to.Scale - typing.AsDecimal(from).Scale)
		n.Mul(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(scale), nil))
		return typing.DecimalValue(n, to), true
	}
	return v, true
}

// cast is CAST as written by a person: it may fail, or not exist.
func cast(pos ast.Pos, e expr.Expr, t data.Type, try bool) (expr.Expr, error) {
	if e.Kind == expr.KindLiteral && e.Value.Null && e.Type.Kind == data.Null { // NULL can be of any type
		return expr.Literal(data.NullValue(), t.WithNull(true)), nil
	}
	if ok, why := typing.CastAllowed(e.Type, t); !ok {
		if why != "" {
			return e, ast.Errorf(pos, "%s", why)
		}
		if typing.Text(e.Type) && (typing.Interval(t) || t.Kind == data.Array) || typing.Numeric(e.Type) && typing.Interval(t) { // Flink finds out later
			return e, ast.Planf(pos, "Unsupported cast from '%s' to '%s'.", typing.Display(e.Type), typing.Display(t.WithNull(try || e.Type.Nullable)))
		}
		return e, ast.Errorf(pos, "Cast function cannot convert value of type %s to type %s", typing.Name(e.Type), typing.Name(t))
	}
	if e.Kind == expr.KindLiteral && e.Value.Null {
		return expr.Literal(data.NullValue(), t.WithNull(true)), nil
	}
	if e.Kind == expr.KindColumn && e.Type.SameAs(t) && e.Type.TimeAttr != data.NoTimeAttr {
		return call("REINTERPRET", typing.Plain(t).WithNull(e.Type.Nullable), e), nil
	}
	if e.Kind == expr.KindLiteral && !e.Value.Null && e.Type.Kind == data.Timestamp && t.Kind == data.Timestamp && t.Precision < e.Type.Precision && t.Precision < 3 {
		// A literal is cut, where a value before 1970 would move forward.
		ms, _ := data.TruncateNano(e.Value.I, e.Value.Nano, t.Precision)
		return expr.Literal(data.Value{I: ms}, t.WithNull(false)), nil
	}
	if from := typing.Plain(e.Type); try && !from.SameAs(t) && !typing.Widens(from, t) {
		return call("TRY_CAST", t.WithNull(true), e), nil
	}
	return convert(e, t), nil
}
