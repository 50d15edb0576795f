package expr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/data"
	. "github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/function/number"
	"github.com/weir-streams/weir/engine/function/temporal"
	"github.com/weir-streams/weir/engine/function/text"
)

var fns = function.NewSet([][]*function.Scalar{text.Functions, number.Functions, temporal.Functions}, nil)

// Types and literals in short.
var (
	tInt    = data.Of(data.Int)
	tBig    = data.Of(data.BigInt)
	tTiny   = data.Of(data.TinyInt)
	tDouble = data.Of(data.Double)
	tFloat  = data.Of(data.Float)
	tBool   = data.Of(data.Boolean)
	tStr    = data.String()
	tDate   = data.Of(data.Date)
	tTS3    = data.Type{Kind: data.Timestamp, Nullable: true, Precision: 3}
)

func dec(p, s int) data.Type {
	return data.Type{Kind: data.Decimal, Nullable: true, Precision: p, Scale: s}
}

func char(n int) data.Type    { return data.Type{Kind: data.Char, Nullable: true, Precision: n} }
func varchar(n int) data.Type { return data.Type{Kind: data.VarChar, Nullable: true, Precision: n} }
func arrayOf(t data.Type) data.Type {
	return data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{t}}
}

func i(x int) Expr          { return Literal(data.Value{I: int64(x)}, tInt.NotNull()) }
func big(x int64) Expr      { return Literal(data.Value{I: x}, tBig.NotNull()) }
func d(f float64) Expr      { return Literal(data.Value{F: f}, tDouble.NotNull()) }
func b(x bool) Expr         { return Literal(data.Value{I: map[bool]int64{true: 1}[x]}, tBool.NotNull()) }
func s(x string) Expr       { return Literal(data.Value{S: x}, char(len([]rune(x))).NotNull()) }
func null(t data.Type) Expr { return Literal(data.NullValue(), t) }

func decimal(text string) Expr {
	_, frac, _ := strings.Cut(text, ".")
	p := len(strings.Trim(strings.ReplaceAll(text, ".", ""), "-"))
	x, err := data.ParseDecimal(text, 38, len(frac))
	if err != nil {
		panic(err)
	}
	t := dec(p, len(frac)).NotNull()
	if p > 18 {
		return Literal(data.Value{D: x}, t)
	}
	return Literal(data.Value{I: x.Int64()}, t)
}

func cast(e Expr, t data.Type) Expr    { return Call("CAST", t, e) }
func tryCast(e Expr, t data.Type) Expr { return Call("TRY_CAST", t, e) }

// column makes a vector of texts cast to a type; "NULL" is NULL.
func column(t *testing.T, typ data.Type, texts ...string) *data.Vector {
	t.Helper()
	v := data.NewVector(typ, len(texts))
	for k, x := range texts {
		if x == "NULL" {
			v.SetValueAt(k, data.NullValue())
			continue
		}
		x, err := EvalConst(cast(Literal(data.Value{S: x}, data.String()), typ), fns, nil)
		if err != nil {
			t.Fatal(err)
		}
		v.SetValueAt(k, x)
	}
	return v
}

// eval computes e over columns and returns the texts of the selected rows.
func eval(t *testing.T, e Expr, sel []int32, cols ...*data.Vector) ([]string, error) {
	t.Helper()
	b := data.NewBatch(len(cols))
	var types []data.Type
	for _, c := range cols {
		b.Cols = append(b.Cols, c.Retain())
		b.N = c.N
		types = append(types, c.Type)
	}
	if len(cols) == 0 {
		b.N = 1
	}
	b.Sel = sel
	defer b.Release()
	p, err := Compile([]Expr{e}, types, fns)
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	var out [1]*data.Vector
	if err := p.Eval(b, env(""), out[:]); err != nil {
		return nil, err
	}
	defer out[0].Release()
	if out[0].N != b.N {
		t.Errorf("%s: %d rows, want %d", e, out[0].N, b.N)
	}
	var texts []string
	for k := range b.Len() {
		texts = append(texts, string(data.AppendDisplay(nil, out[0], b.Row(k), nil)))
	}
	return texts, nil
}

func env(zone string) *function.Env {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	return &function.Env{TimeZone: &function.Zone{Name: zone, Location: loc}, Now: 1700000000123}
}

func check(t *testing.T, e Expr, want string, cols ...*data.Vector) {
	t.Helper()
	got, err := eval(t, e, nil, cols...)
	text := strings.Join(got, "|")
	if err != nil {
		text = "error: " + err.Error()
	}
	if strings.HasPrefix(want, "error: ") && strings.Contains(text, strings.TrimPrefix(want, "error: ")) {
		return
	}
	if text != want {
		t.Errorf("%s = %s, want %s", e, text, want)
	}
	if err != nil || len(cols) == 0 {
		return
	}
	// Whatever rows are asked for, their values are the same.
	for mask := range 1 << min(len(got), 9) {
		sel := []int32{}
		for k := range got {
			if k >= 9 || mask&(1<<k) != 0 {
				sel = append(sel, int32(k))
			}
		}
		some, err := eval(t, e, sel, cols...)
		if err != nil {
			t.Fatalf("%s over %v: %v", e, sel, err)
		}
		for n, k := range sel {
			if some[n] != got[k] {
				t.Fatalf("%s over %v: row %d is %s, want %s", e, sel, k, some[n], got[k])
			}
		}
	}
}

func col(k int, v *data.Vector) Expr { return Column(k, v.Type) }

func TestArithmetic(t *testing.T) {
	x := column(t, tInt, "0", "1", "-1", "2147483647", "-2147483648", "NULL", "7", "-7")
	y := column(t, tBig, "1", "2", "3", "9223372036854775807", "-9223372036854775808", "5", "NULL", "-2")
	z := column(t, tTiny, "0", "1", "-1", "127", "-128", "NULL", "7", "-7")
	f := column(t, tDouble, "0", "1.5", "-1.5", "1.7E308", "NaN", "NULL", "0.1", "Infinity")
	g := column(t, tFloat, "0", "1.5", "-1.5", "3.4E38", "NaN", "NULL", "0.1", "2.5")
	for _, tt := range []struct {
		e    Expr
		want string
	}{
		{Call("+", tInt, col(0, x), i(1)), "1|2|0|-2147483648|-2147483647|NULL|8|-6"},
		{Call("-", tInt, i(1), col(0, x)), "1|0|2|-2147483646|-2147483647|NULL|-6|8"},
		{Call("*", tInt, col(0, x), i(2)), "0|2|-2|-2|0|NULL|14|-14"},
		{Call("/", tInt, col(0, x), i(3)), "0|0|0|715827882|-715827882|NULL|2|-2"},
		{Call("%", tInt, col(0, x), i(-3)), "0|1|-1|1|-2|NULL|1|-1"},
		{Call("/", tInt, col(0, x), i(-1)), "0|-1|1|-2147483647|-2147483648|NULL|-7|7"},
		{Call("MOD", tInt, col(1, y), i(10)), "1|2|3|7|-8|5|NULL|-2"},
		{Call("%", tInt, col(0, x), col(1, y)), "0|1|-1|2147483647|-2147483648|NULL|NULL|-1"},
		{Call("+", tBig, col(0, x), col(1, y)), "1|3|2|-9223372034707292162|9223372034707292160|NULL|NULL|-9"},
		{Call("+", tTiny, col(2, z), col(2, z)), "0|2|-2|-2|0|NULL|14|-14"},
		{Call("NEG", tTiny, col(2, z)), "0|-1|1|-127|-128|NULL|-7|7"},
		{Call("*", tDouble, col(3, f), d(2)), "0.0|3.0|-3.0|Infinity|NaN|NULL|0.2|Infinity"},
		{Call("/", tDouble, col(3, f), col(0, x)), "NaN|1.5|1.5|7.916241887917854E298|NaN|NULL|0.014285714285714287|-Infinity"},
		{Call("+", tFloat, col(4, g), i(1)), "1.0|2.5|-0.5|3.4E38|NaN|NULL|1.1|3.5"},
		{Call("/", tInt, i(10), col(0, x)), "error: division by zero in 10 / $0 (10 / 0)"},
		{Call("/", tInt, i(10), Call("NULLIF", tInt, col(0, x), i(0))), "NULL|10|-10|0|0|NULL|1|-1"},
		{Call("CASE", tInt, Call("<>", tBool, col(0, x), i(0)), Call("/", tInt, i(10), col(0, x)), null(tInt)), "NULL|10|-10|0|0|NULL|1|-1"},
		{Call("AND", tBool, Call("<>", tBool, col(0, x), i(0)), Call(">", tBool, Call("/", tInt, i(10), col(0, x)), i(1))), "FALSE|TRUE|FALSE|FALSE|FALSE|NULL|FALSE|FALSE"},
		{Call("OR", tBool, Call("=", tBool, col(0, x), i(0)), Call(">", tBool, Call("/", tInt, i(10), col(0, x)), i(1))), "TRUE|TRUE|FALSE|FALSE|FALSE|NULL|FALSE|FALSE"},
		{Call("=", tBool, Call("MOD", tBig, col(1, y), big(2)), i(0)), "FALSE|TRUE|FALSE|FALSE|TRUE|FALSE|NULL|TRUE"},
		{Call("<>", tBool, Call("%", tInt, col(0, x), i(7)), i(0)), "FALSE|TRUE|TRUE|TRUE|TRUE|NULL|FALSE|FALSE"},
	} {
		check(t, tt.e, tt.want, x, y, z, f, g)
	}
}

func TestDecimalArithmetic(t *testing.T) {
	m := column(t, dec(10, 2), "0.00", "1.50", "-1.50", "99999999.99", "NULL", "0.10")
	w := column(t, dec(38, 18), "0", "1.000000000000000001", "-1.5", "12345678901234567890.123456789012345678", "NULL", "0.1")
	n := column(t, tBig, "1", "2", "3", "9223372036854775807", "5", "-7")
	for _, tt := range []struct {
		e    Expr
		want string
	}{
		{Call("+", dec(13, 2), col(0, m), cast(i(1), dec(10, 0))), "1.00|2.50|-0.50|100000000.99|NULL|1.10"},
		{Call("+", dec(13, 2), col(0, m), i(1)), "1.00|2.50|-0.50|100000000.99|NULL|1.10"},
		{Call("*", dec(23, 3), decimal("0.908"), col(2, n)), "0.908|1.816|2.724|8374821809464136432.756|4.540|-6.356"},
		{Call("*", dec(23, 3), decimal("0.908"), cast(col(2, n), dec(19, 0))), "0.908|1.816|2.724|8374821809464136432.756|4.540|-6.356"},
		{Call("*", dec(38, 9), col(0, m), col(1, w)), "0.000000000|1.500000000|2.250000000|1234567890000000000000000000.000000000|NULL|0.010000000"},
		{Call("-", dec(38, 17), col(1, w), col(0, m)), "0.00000000000000000|-0.50000000000000000|0.00000000000000000|12345678901134567890.13345678901234568|NULL|0.00000000000000000"},
		{Call("/", dec(23, 13), col(0, m), decimal("3.0")), "0.0000000000000|0.5000000000000|-0.5000000000000|33333333.3300000000000|NULL|0.0333333333333"},
		{Call("/", dec(9, 6), decimal("1"), decimal("3")), "0.333333"},
		{Call("%", dec(10, 2), col(0, m), i(1)), "0.00|0.50|-0.50|0.99|NULL|0.10"},
		{Call("/", dec(12, 6), i(1), col(0, m)), "error: division by zero"},
		{Call(">", tBool, col(0, m), i(1)), "FALSE|TRUE|FALSE|TRUE|NULL|FALSE"},
		{Call("=", tBool, col(0, m), decimal("1.500")), "FALSE|TRUE|FALSE|FALSE|NULL|FALSE"},
		{Call("=", tBool, col(0, m), decimal("1.505")), "FALSE|FALSE|FALSE|FALSE|NULL|FALSE"},
		{Call("<", tBool, col(1, w), col(0, m)), "FALSE|TRUE|FALSE|FALSE|NULL|FALSE"},
		{Call(">", tBool, Call("*", dec(23, 3), decimal("0.908"), col(2, n)), i(2)), "FALSE|FALSE|TRUE|TRUE|TRUE|FALSE"},
		{Call("NEG", dec(38, 18), col(1, w)), "0.000000000000000000|-1.000000000000000001|1.500000000000000000|-12345678901234567890.123456789012345678|NULL|-0.100000000000000000"},
	} {
		if len(tt.e.Args) > 0 && tt.e.Args[0].Kind == KindLiteral && len(tt.e.Args) > 1 && tt.e.Args[1].Kind == KindLiteral {
			check(t, tt.e, tt.want)
			continue
		}
		check(t, tt.e, tt.want, m, w, n)
	}
}

func TestLogic(t *testing.T) {
	x := column(t, tBool, "true", "true", "true", "false", "false", "false", "NULL", "NULL", "NULL")
	y := column(t, tBool, "true", "false", "NULL", "true", "false", "NULL", "true", "false", "NULL")
	for _, tt := range []struct {
		e    Expr
		want string
	}{
		{Call("AND", tBool, col(0, x), col(1, y)), "TRUE|FALSE|NULL|FALSE|FALSE|FALSE|NULL|FALSE|NULL"},
		{Call("OR", tBool, col(0, x), col(1, y)), "TRUE|TRUE|TRUE|TRUE|FALSE|NULL|TRUE|NULL|NULL"},
		{Call("NOT", tBool, col(0, x)), "FALSE|FALSE|FALSE|TRUE|TRUE|TRUE|NULL|NULL|NULL"},
		{Call("IS NULL", tBool, col(0, x)), "FALSE|FALSE|FALSE|FALSE|FALSE|FALSE|TRUE|TRUE|TRUE"},
		{Call("IS NOT NULL", tBool, col(0, x)), "TRUE|TRUE|TRUE|TRUE|TRUE|TRUE|FALSE|FALSE|FALSE"},
		{Call("IS TRUE", tBool, col(0, x)), "TRUE|TRUE|TRUE|FALSE|FALSE|FALSE|FALSE|FALSE|FALSE"},
		{Call("IS NOT TRUE", tBool, col(0, x)), "FALSE|FALSE|FALSE|TRUE|TRUE|TRUE|TRUE|TRUE|TRUE"},
		{Call("IS FALSE", tBool, col(0, x)), "FALSE|FALSE|FALSE|TRUE|TRUE|TRUE|FALSE|FALSE|FALSE"},
		{Call("IS NOT FALSE", tBool, col(0, x)), "TRUE|TRUE|TRUE|FALSE|FALSE|FALSE|TRUE|TRUE|TRUE"},
		{Call("IS DISTINCT FROM", tBool, col(0, x), col(1, y)), "FALSE|TRUE|TRUE|TRUE|FALSE|TRUE|TRUE|TRUE|FALSE"},
		{Call("IS NOT DISTINCT FROM", tBool, col(0, x), col(1, y)), "TRUE|FALSE|FALSE|FALSE|TRUE|FALSE|FALSE|FALSE|TRUE"},
		{Call("=", tBool, col(0, x), col(1, y)), "TRUE|FALSE|NULL|FALSE|TRUE|NULL|NULL|NULL|NULL"},
		{Call("AND", tBool, col(0, x), null(tBool)), "NULL|NULL|NULL|FALSE|FALSE|FALSE|NULL|NULL|NULL"},
		{Call("COALESCE", tBool, col(0, x), col(1, y), b(false)), "TRUE|TRUE|TRUE|FALSE|FALSE|FALSE|TRUE|FALSE|FALSE"},
		{Call("IF", tStr, col(0, x), s("yes"), s("no")), "yes|yes|yes|no|no|no|no|no|no"},
	} {
		check(t, tt.e, tt.want, x, y)
	}
}

func TestComparisons(t *testing.T) {
	long := strings.Repeat("x", 20)
	x := column(t, tStr, "a", "hello", "hello world!!", long, "NULL", "", "é")
	y := column(t, tStr, "b", "hello", "hello world!?", long, "a", "NULL", "e")
	n := column(t, tInt, "1", "2", "3", "4", "NULL", "6", "7")
	f := column(t, tDouble, "NaN", "2", "2.5", "4", "1", "-0.0", "7.5")
	for _, tt := range []struct {
		e    Expr
		want string
	}{
		{Call("=", tBool, col(0, x), col(1, y)), "FALSE|TRUE|FALSE|TRUE|NULL|NULL|FALSE"},
		{Call("<>", tBool, col(0, x), col(1, y)), "TRUE|FALSE|TRUE|FALSE|NULL|NULL|TRUE"},
		{Call("<", tBool, col(0, x), col(1, y)), "TRUE|FALSE|TRUE|FALSE|NULL|NULL|FALSE"},
		{Call("=", tBool, col(0, x), s("hello")), "FALSE|TRUE|FALSE|FALSE|NULL|FALSE|FALSE"},
		{Call("=", tBool, s("hello world!!"), col(0, x)), "FALSE|FALSE|TRUE|FALSE|NULL|FALSE|FALSE"},
		{Call(">=", tBool, col(0, x), s("hello")), "FALSE|TRUE|TRUE|TRUE|NULL|FALSE|TRUE"},
		{Call("IN", tBool, col(0, x), s("a"), s(""), s("é")), "TRUE|FALSE|FALSE|FALSE|NULL|TRUE|TRUE"},
		{Call("IN", tBool, col(0, x), s(long), null(tStr)), "NULL|NULL|NULL|TRUE|NULL|NULL|NULL"},
		{Call("IN", tBool, col(2, n), i(1), i(3), i(9)), "TRUE|FALSE|TRUE|FALSE|NULL|FALSE|FALSE"},
		{Call("IN", tBool, col(2, n), i(1), Call("+", tInt, col(2, n), i(0))), "TRUE|TRUE|TRUE|TRUE|NULL|TRUE|TRUE"},
		{Call("<", tBool, col(2, n), col(3, f)), "FALSE|FALSE|FALSE|FALSE|NULL|FALSE|TRUE"},
		{Call("=", tBool, col(3, f), d(0)), "FALSE|FALSE|FALSE|FALSE|FALSE|TRUE|FALSE"},
		{Call("<", tBool, i(3), col(2, n)), "FALSE|FALSE|FALSE|TRUE|NULL|TRUE|TRUE"},
		{Call("LIKE", tBool, col(0, x), s("h%o")), "FALSE|TRUE|FALSE|FALSE|NULL|FALSE|FALSE"},
		{Call("LIKE", tBool, col(0, x), s("_")), "TRUE|FALSE|FALSE|FALSE|NULL|FALSE|TRUE"},
		{Call("LIKE", tBool, col(0, x), col(1, y)), "FALSE|TRUE|FALSE|TRUE|NULL|NULL|FALSE"},
		{Call("LIKE", tBool, col(0, x), s("%l%w_r%!")), "FALSE|FALSE|TRUE|FALSE|NULL|FALSE|FALSE"},
		{Call("LIKE", tBool, col(0, x), s("a!b"), s("!")), "error: invalid escape sequence"},
		{Call("SIMILAR TO", tBool, col(0, x), s("h[a-e]l{2}o%")), "FALSE|TRUE|TRUE|FALSE|NULL|FALSE|FALSE"},
		{Call("UPPER", tStr, col(0, x)), "A|HELLO|HELLO WORLD!!|" + strings.ToUpper(long) + "|NULL||É"},
	} {
		check(t, tt.e, tt.want, x, y, n, f)
	}
}

func TestCastNumbers(t *testing.T) {
	for _, tt := range []struct {
		e    Expr
		want string
	}{
		{cast(big(3000000000), tTiny), "0"},
		{cast(big(3000000000), tInt), "-1294967296"},
		{cast(decimal("99999999999.5"), tTiny), "-1"},
		{cast(d(1e20), tTiny), "-1"},
		{cast(d(-1e20), tTiny), "0"},
		{cast(d(1e20), tBig), "9223372036854775807"},
		{cast(d(1e20), dec(10, 2)), "NULL"},
		{cast(decimal("1.545"), dec(5, 2)), "1.55"},
		{cast(decimal("-1.555"), dec(5, 2)), "-1.56"},
		{cast(decimal("999.999"), dec(5, 2)), "NULL"},
		{cast(i(16777217), tFloat), "1.6777216E7"},
		{cast(big(9007199254740993), tDouble), "9.007199254740992E15"},
		{cast(d(0), tBool), "FALSE"},
		{cast(b(true), dec(5, 2)), "1.00"},
		{cast(s("12345.6"), dec(5, 2)), "error: overflow"},
		{tryCast(s("12345.6"), dec(5, 2)), "NULL"},
		{cast(s("1.9"), tInt), "1"},
		{cast(s(""), tInt), "error: input is empty"},
		{cast(s("2147483648"), tInt), "error: overflow"},
		{cast(s("-"), tBig), "error: input has only"},
		{cast(s("0x1p3"), tDouble), "8.0"},
		{cast(s("abc"), tDouble), "error: \"abc\""},
		{cast(s("1e3"), dec(10, 2)), "1000.00"},
		{cast(s("1E-5"), dec(10, 4)), "0.0000"},
		{cast(s("99999999999999999999999999999999999999"), dec(38, 0)), "99999999999999999999999999999999999999"},
		{cast(s("Y"), tBool), "TRUE"},
		{cast(s("2"), tBool), "error: cannot parse"},
		{cast(d(12345678.9), tStr), "1.23456789E7"},
		{cast(cast(d(1.4e-45), tFloat), tStr), "1.4E-45"},
		{cast(d(0.001), tStr), "0.001"},
		{cast(i(12345), char(3)), "123"},
		{cast(b(false), char(8)), "FALSE   "},
		{cast(s("abc"), varchar(2)), "ab"},
		{cast(s("日本語テキスト"), char(3)), "日本語"},
	} {
		check(t, tt.e, tt.want)
	}
}

func TestCastTimes(t *testing.T) {
	for _, tt := range []struct {
		e    Expr
		want string
	}{
		{cast(s("2024-2-9"), tDate), "2024-02-09"},
		{cast(s(" 2024-02-29 "), tDate), "2024-02-29"},
		{cast(s("2024-02-29 12:34:56.123456"), tDate), "2024-02-29"},
		{cast(s("42"), tDate), "0042-01-01"},
		{cast(s("2023-02-29"), tDate), "error: 2023-02-29"},
		{cast(s("2023-02-29"), tTS3), "2023-02-28 00:00:00.000"},
		{cast(s("2024-02-29 24:00:00"), tTS3), "2024-03-01 00:00:00.000"},
		{cast(s("2024-02-29T12:34:56"), tTS3), "error: unparsed text found at index 10"},
		{cast(s("2024-02-29 12:34:56Z"), tTS3), "error: unparsed text found at index 19"},
		{cast(s("10000-01-01"), tTS3), "error: could not be parsed"},
		{cast(s("2024-02-29 12:34:56.123456789"), data.Type{Kind: data.Timestamp, Precision: 9}), "2024-02-29 12:34:56.123456789"},
		{cast(s("1:2:3"), data.Of(data.Time)), "01:02:03"},
		{cast(s("24:00:00"), data.Of(data.Time)), "error: invalid time"},
		{cast(cast(s("1969-12-31 23:59:59.999"), tTS3), tDate), "1970-01-01"},
		{cast(cast(s("1969-12-31 23:59:59.999"), tTS3), data.Type{Kind: data.Timestamp}), "1970-01-01 00:00:00"},
		{cast(cast(s("2024-02-29"), tDate), tTS3), "2024-02-29 00:00:00.000"},
		{Call("+", tDate, cast(s("2024-01-31"), tDate), Literal(data.Value{I: 1}, data.Of(data.IntervalYearMonth))), "2024-02-29"},
		{Call("-", tTS3, cast(s("2024-01-31 10:00:00.123"), tTS3), Literal(data.Value{I: 124}, data.Of(data.IntervalDayTime))), "2024-01-31 09:59:59.999"},
		{Call("+", data.Of(data.Time), cast(s("10:00:00"), data.Of(data.Time)), Literal(data.Value{I: 90000000}, data.Of(data.IntervalDayTime))), "11:00:00"},
		{Call("*", data.Of(data.IntervalDayTime), i(3), Literal(data.Value{I: 86400000}, data.Of(data.IntervalDayTime))), "+3 00:00:00.000"},
		{Call("-", data.Of(data.IntervalYearMonth), cast(s("2024-03-10"), tTS3), cast(s("2024-01-31 12:00:00"), tTS3)), "+0-01"},
		{cast(cast(s("2024-02-29 12:34:56"), tTS3), tStr), "2024-02-29 12:34:56.000"},
	} {
		check(t, tt.e, tt.want)
	}
}

func TestSelectionsAreKept(t *testing.T) {
	x := column(t, tInt, "0", "1", "2", "3", "4", "5")
	got, err := eval(t, Call("/", tInt, i(12), col(0, x)), []int32{1, 3, 4}, x)
	if err != nil || strings.Join(got, "|") != "12|4|3" {
		t.Errorf("got %v, %v", got, err)
	}
	f, err := CompileFilter(Call("AND", tBool, Call(">", tBool, Column(0, tInt), i(1)), Call("<", tBool, Column(0, tInt), i(5))), []data.Type{tInt}, fns)
	if err != nil {
		t.Fatal(err)
	}
	batch := data.NewBatch(1)
	batch.Cols, batch.N = append(batch.Cols, x), x.N
	for _, tt := range []struct{ sel, want []int32 }{
		{nil, []int32{2, 3, 4}},
		{[]int32{0, 1, 4, 5}, []int32{4}},
		{[]int32{0}, []int32{}},
		{[]int32{2, 4}, []int32{2, 4}},
	} {
		batch.Sel = tt.sel
		got, err := f.Select(batch, nil)
		if err != nil || len(got) != len(tt.want) || got == nil {
			t.Fatalf("from %v: got %v, want %v, %v", tt.sel, got, tt.want, err)
		}
		for k := range got {
			if got[k] != tt.want[k] {
				t.Errorf("from %v: got %v, want %v", tt.sel, got, tt.want)
			}
		}
	}
}

func TestErrorsNameTheExpression(t *testing.T) {
	for _, tt := range []struct {
		e    Expr
		want string
	}{
		{Call("UPER", tStr, s("x")), "did you mean UPPER"},
		{Call("+", tInt, s("x"), i(1)), "not defined for CHAR(1) NOT NULL"},
		{Column(3, tInt), "column 3 of 0"},
		{Call("=", tBool, s("x"), i(1)), "cannot be compared"},
		{cast(i(1), tDate), "cannot be cast to DATE"},
	} {
		if _, err := Compile([]Expr{tt.e}, nil, fns); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.e, err, tt.want)
		}
	}
}
