package graph

import (
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
)

// Expression is an expression in SQL words, columns called by the names given.
// Equal meaning gives equal text: identities of operators are made from it, so
// the text of what exists must not change.
func Expression(e expr.Expr, names []string) string {
	var b strings.Builder
	write(&b, e, names)
	return b.String()
}

// ColumnNames gives the names of a schema.
func ColumnNames(schema []data.Column) []string {
	out := make([]string, len(schema))
	for i, c := range schema {
		out[i] = c.Name
	}
	return out
}

func write(b *strings.Builder, e expr.Expr, names []string) {
	switch e.Kind {
	case expr.KindColumn:
		if e.Index < len(names) {
			b.WriteString(names[e.Index])
			return
		}
		b.WriteString("$" + strconv.Itoa(e.Index))
	case expr.KindLiteral:
		b.WriteString(Literal(e.Value, e.Type))
	default:
		writeCall(b, e, names)
	}
}

func writeCall(b *strings.Builder, e expr.Expr, names []string) {
	join := func(sep string) {
		for i, a := range e.Args {
			if i > 0 {
				b.WriteString(sep)
			}
			inner := a.Kind == expr.KindCall && infix(a.Func)
			if inner {
				b.WriteByte('(')
			}
			write(b, a, names)
			if inner {
				b.WriteByte(')')
			}
		}
	}
	switch {
	case infix(e.Func) && len(e.Args) >= 2:
		join(" " + e.Func + " ")
	case strings.HasPrefix(e.Func, "IS ") && len(e.Args) == 1:
		join("")
		b.WriteString(" " + e.Func)
	case e.Func == "NOT":
		b.WriteString("NOT ")
		join("")
	case e.Func == "NEG":
		b.WriteString("-")
		join("")
	case e.Func == "IN":
		write(b, e.Args[0], names)
		b.WriteString(" IN (")
		for i, a := range e.Args[1:] {
			if i > 0 {
				b.WriteString(", ")
			}
			write(b, a, names)
		}
		b.WriteByte(')')
	case e.Func == "CAST" || e.Func == "TRY_CAST" || e.Func == "REINTERPRET":
		b.WriteString(e.Func + "(")
		join("")
		b.WriteString(" AS " + e.Type.WithNull(true).String() + ")")
	case e.Func == "CASE":
		b.WriteString("CASE")
		n := len(e.Args)
		for i := 0; i+1 < n; i += 2 {
			b.WriteString(" WHEN ")
			write(b, e.Args[i], names)
			b.WriteString(" THEN ")
			write(b, e.Args[i+1], names)
		}
		b.WriteString(" ELSE ")
		write(b, e.Args[n-1], names)
		b.WriteString(" END")
	case e.Func == "FIELD":
		write(b, e.Args[0], names)
		b.WriteByte('.')
		if t, k := e.Args[0].Type, int(e.Args[1].Value.I); k < len(t.Names) {
			b.WriteString(t.Names[k])
		} else {
			b.WriteString(strconv.Itoa(k))
		}
	case e.Func == "ITEM":
		write(b, e.Args[0], names)
		b.WriteByte('[')
		write(b, e.Args[1], names)
		b.WriteByte(']')
	default:
		b.WriteString(e.Func + "(")
		for i, a := range e.Args {
			if i > 0 {
				b.WriteString(", ")
			}
			write(b, a, names)
		}
		b.WriteByte(')')
	}
}

func infix(f string) bool {
	switch f {
	case "+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=", "AND", "OR", "||", "LIKE", "SIMILAR TO", "IS DISTINCT FROM", "IS NOT DISTINCT FROM":
		return true
	}
	return false
}

// Literal is a constant in SQL words.
func Literal(v data.Value, t data.Type) string {
	if v.Null {
		return "NULL"
	}
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	at := func(format string) string {
		s := time.UnixMilli(v.I).UTC().Format(format)
		if t.Precision > 0 {
			ns := (v.I%1000+1000)%1000*1e6 + int64(v.Nano)
			s += "." + strconv.FormatInt(ns+1e9, 10)[1:][:t.Precision]
		}
		return s
	}
	switch t.Kind {
	case data.Boolean:
		if v.I != 0 {
			return "TRUE"
		}
		return "FALSE"
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
		return strconv.FormatInt(v.I, 10)
	case data.Float:
		return real(v.F, 32)
	case data.Double:
		return real(v.F, 64)
	case data.Decimal:
		return fixed(v, t)
	case data.Char, data.VarChar:
		return quote(v.S)
	case data.Binary, data.VarBinary:
		return "X" + quote(hex.EncodeToString([]byte(v.S)))
	case data.Date:
		return "DATE " + quote(time.Unix(v.I*86400, 0).UTC().Format("2006-01-02"))
	case data.Time:
		return "TIME " + quote(at("15:04:05"))
	case data.Timestamp:
		return "TIMESTAMP " + quote(at("2006-01-02 15:04:05"))
	case data.TimestampLTZ:
		return "TIMESTAMP_LTZ " + quote(at("2006-01-02 15:04:05")+"Z")
	case data.IntervalYearMonth:
		return "INTERVAL " + quote(strconv.FormatInt(v.I, 10)) + " MONTH"
	case data.IntervalDayTime:
		return Interval(v.I)
	}
	parts := make([]string, len(v.Elems))
	for i, e := range v.Elems {
		arg := i
		if t.Kind != data.Row {
			arg = i % max(len(t.Args), 1)
		}
		if arg < len(t.Args) {
			parts[i] = Literal(e, t.Args[arg])
		} else {
			parts[i] = strconv.FormatInt(e.I, 10)
		}
	}
	name := map[data.Kind]string{data.Array: "ARRAY", data.Map: "MAP", data.Multiset: "MULTISET", data.Row: "ROW"}[t.Kind]
	return name + "[" + strings.Join(parts, ", ") + "]"
}

// Interval is a span of milliseconds in SQL words: INTERVAL '10' SECOND.
func Interval(ms int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"DAY", 86400000}, {"HOUR", 3600000}, {"MINUTE", 60000}, {"SECOND", 1000}} {
		if ms != 0 && ms%u.size == 0 {
			return "INTERVAL '" + strconv.FormatInt(ms/u.size, 10) + "' " + u.name
		}
	}
	return "INTERVAL '" + strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) + "' SECOND"
}

func real(f float64, bits int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strings.ToUpper(strconv.FormatFloat(f, 'g', -1, bits))
	}
	s := strconv.FormatFloat(f, 'E', -1, bits)
	return strings.Replace(s, "E+0", "E", 1)
}

func fixed(v data.Value, t data.Type) string {
	n := big.NewInt(v.I)
	if t.Precision > 18 {
		n = new(big.Int).Add(new(big.Int).Lsh(big.NewInt(v.D.Hi), 64), new(big.Int).SetUint64(v.D.Lo))
	}
	s := new(big.Int).Abs(n).String()
	if t.Scale > 0 {
		if len(s) <= t.Scale {
			s = strings.Repeat("0", t.Scale-len(s)+1) + s
		}
		s = s[:len(s)-t.Scale] + "." + s[len(s)-t.Scale:]
	}
	if n.Sign() < 0 {
		s = "-" + s
	}
	return s
}
