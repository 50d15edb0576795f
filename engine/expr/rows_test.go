package expr_test

import (
	"errors"
	"math"
	bignum "math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	. "github.com/weir-streams/weir/engine/expr"
)

// The reference: an expression computed for one row, by big numbers and in the
// plainest way there is.

// scalar is a value: exact numbers are n, the unscaled value of a DECIMAL; dates,
// timestamps (nanoseconds) and intervals are n too.
type scalar struct {
	null bool
	n    *bignum.Int
	f    float64
	b    bool
	s    string
}

var (
	nothing  = scalar{null: true}
	errRow   = errors.New("this row fails")
	errMaybe = errors.New("this row may fail")
	oneMilli = bignum.NewInt(1e6)
)

func whole(x int64) scalar { return scalar{n: bignum.NewInt(x)} }

func truth(b bool) scalar { return scalar{b: b} }

func big128(x data.Int128) *bignum.Int {
	n := new(bignum.Int).Lsh(bignum.NewInt(x.Hi), 64)
	return n.Add(n, new(bignum.Int).SetUint64(x.Lo))
}

// toScalar reads a value of a type.
func toScalar(x data.Value, t data.Type) scalar {
	if x.Null {
		return nothing
	}
	switch t.Kind {
	case data.Boolean:
		return truth(x.I != 0)
	case data.Float, data.Double:
		return scalar{f: x.F}
	case data.Char, data.VarChar:
		return scalar{s: x.S}
	case data.Decimal:
		if t.Phys() == data.PhysI128 {
			return scalar{n: big128(x.D)}
		}
	case data.Timestamp:
		n := new(bignum.Int).Mul(bignum.NewInt(x.I), oneMilli)
		return scalar{n: n.Add(n, bignum.NewInt(int64(x.Nano)))}
	}
	return whole(x.I)
}

// same tells whether two values are indistinguishable.
func (a scalar) same(b scalar, t data.Type) bool {
	if a.null || b.null {
		return a.null == b.null
	}
	switch t.Kind {
	case data.Boolean:
		return a.b == b.b
	case data.Float, data.Double:
		return a.f == b.f || a.f != a.f && b.f != b.f
	case data.Char, data.VarChar:
		return a.s == b.s
	}
	return a.n.Cmp(b.n) == 0
}

func pow10(n int) *bignum.Int {
	return new(bignum.Int).Exp(bignum.NewInt(10), bignum.NewInt(int64(n)), nil)
}

// halfUp divides, rounding half away from zero.
func halfUp(x, y *bignum.Int) *bignum.Int {
	q, r := new(bignum.Int).QuoRem(x, y, new(bignum.Int))
	if r.Abs(r).Lsh(r, 1).CmpAbs(y) >= 0 {
		q.Add(q, bignum.NewInt(int64(x.Sign()*y.Sign())))
	}
	return q
}

// rescale gives a number of one scale as a DECIMAL, NULL if it does not fit.
func rescale(n *bignum.Int, from int, t data.Type) scalar {
	if t.Scale >= from {
		n = new(bignum.Int).Mul(n, pow10(t.Scale-from))
	} else {
		n = halfUp(n, pow10(from-t.Scale))
	}
	if n.CmpAbs(pow10(t.Precision)) >= 0 {
		return nothing
	}
	return scalar{n: n}
}

func isExact(t data.Type) bool {
	return t.Kind >= data.TinyInt && t.Kind <= data.BigInt || t.Kind == data.Decimal
}

func isFloat(t data.Type) bool { return t.Kind == data.Float || t.Kind == data.Double }

func scale(t data.Type) int {
	if t.Kind == data.Decimal {
		return t.Scale
	}
	return 0
}

// narrow cuts an integer to a type, as Java does.
func narrow(n *bignum.Int, t data.Type) scalar {
	x := int64(new(bignum.Int).And(n, new(bignum.Int).SetUint64(math.MaxUint64)).Uint64())
	switch t.Kind {
	case data.TinyInt:
		x = int64(int8(x))
	case data.SmallInt:
		x = int64(int16(x))
	case data.Int:
		x = int64(int32(x))
	}
	return whole(x)
}

// float reads a number as the nearest of a type.
func float(a scalar, t data.Type, single bool) float64 {
	f := a.f
	if isExact(t) {
		bits := 64
		if single {
			bits = 32
		}
		text := new(bignum.Rat).SetFrac(a.n, pow10(scale(t))).FloatString(scale(t))
		f, _ = strconv.ParseFloat(text, bits)
	}
	if single {
		return float64(float32(f))
	}
	return f
}

// order compares two values as SQL does; ordered is false for NaN.
func order(a scalar, at data.Type, b scalar, bt data.Type) (cmp int, ordered bool) {
	switch {
	case isFloat(at) || isFloat(bt):
		decimals := at.Kind == data.Decimal || bt.Kind == data.Decimal
		single := !decimals && (at.Kind == data.Float || bt.Kind == data.Float)
		x, y := float(a, at, single), float(b, bt, single)
		switch {
		case x < y:
			return -1, true
		case x > y:
			return 1, true
		}
		return 0, x == y
	case isExact(at):
		return new(bignum.Int).Mul(a.n, pow10(scale(bt))).Cmp(new(bignum.Int).Mul(b.n, pow10(scale(at)))), true
	case at.Kind == data.Boolean:
		return map[bool]int{true: 1}[a.b] - map[bool]int{true: 1}[b.b], true
	case at.Kind == data.VarChar || at.Kind == data.Char:
		return strings.Compare(a.s, b.s), true
	}
	return a.n.Cmp(b.n), true
}

func compares(op string, cmp int, ordered bool) bool {
	switch op {
	case "=":
		return ordered && cmp == 0
	case "<>":
		return !ordered || cmp != 0
	case "<":
		return ordered && cmp < 0
	case "<=":
		return ordered && cmp <= 0
	case ">":
		return ordered && cmp > 0
	}
	return ordered && cmp >= 0
}

// evalRow computes e over the values of one row.
func evalRow(e Expr, row []scalar) (scalar, error) {
	switch e.Kind {
	case KindColumn:
		return row[e.Index], nil
	case KindLiteral:
		return toScalar(e.Value, e.Type), nil
	}
	switch e.Func {
	case "AND", "OR":
		unknown := false
		for _, a := range e.Args {
			x, err := evalRow(a, row)
			if err != nil {
				return x, err
			}
			if !x.null && x.b == (e.Func == "OR") {
				return x, nil
			}
			unknown = unknown || x.null
		}
		return scalar{null: unknown, b: e.Func == "AND"}, nil
	case "CASE", "IF":
		for i := 0; i+1 < len(e.Args); i += 2 {
			x, err := evalRow(e.Args[i], row)
			if err != nil {
				return x, err
			}
			if !x.null && x.b {
				return evalRow(e.Args[i+1], row)
			}
		}
		return evalRow(e.Args[len(e.Args)-1], row)
	case "COALESCE":
		for _, a := range e.Args {
			if x, err := evalRow(a, row); err != nil || !x.null {
				return x, err
			}
		}
		return nothing, nil
	}
	args := make([]scalar, len(e.Args))
	null := false
	for i, a := range e.Args {
		var err error
		if args[i], err = evalRow(a, row); err != nil {
			for _, other := range e.Args {
				if alwaysNull(other) {
					return nothing, errMaybe // nobody needs to look at what fails
				}
			}
			return nothing, err
		}
		null = null || args[i].null
	}
	t := make([]data.Type, len(e.Args))
	for i, a := range e.Args {
		t[i] = a.Type
	}
	switch e.Func {
	case "IS NULL", "IS UNKNOWN":
		return truth(null), nil
	case "IS NOT NULL", "IS NOT UNKNOWN":
		return truth(!null), nil
	case "IS TRUE":
		return truth(!null && args[0].b), nil
	case "IS NOT TRUE":
		return truth(null || !args[0].b), nil
	case "IS FALSE":
		return truth(!null && !args[0].b), nil
	case "IS NOT FALSE":
		return truth(null || args[0].b), nil
	case "IS DISTINCT FROM", "IS NOT DISTINCT FROM":
		same := args[0].null && args[1].null
		if !null {
			cmp, ordered := order(args[0], t[0], args[1], t[1])
			same = compares("=", cmp, ordered)
		}
		return truth(same == (e.Func == "IS NOT DISTINCT FROM")), nil
	case "NULLIF":
		if !null {
			if cmp, ordered := order(args[0], t[0], args[1], t[1]); compares("=", cmp, ordered) {
				return nothing, nil
			}
		}
		return args[0], nil
	case "IN":
		if args[0].null {
			return nothing, nil
		}
		unknown := false
		for i, a := range args[1:] {
			if a.null {
				unknown = true
			} else if cmp, ordered := order(args[0], t[0], a, t[i+1]); compares("=", cmp, ordered) {
				return truth(true), nil
			}
		}
		return scalar{null: unknown}, nil
	}
	if null {
		return nothing, nil
	}
	switch e.Func {
	case "NOT":
		return truth(!args[0].b), nil
	case "=", "<>", "<", "<=", ">", ">=":
		cmp, ordered := order(args[0], t[0], args[1], t[1])
		return truth(compares(e.Func, cmp, ordered)), nil
	case "CAST", "TRY_CAST":
		x, err := castRow(args[0], t[0], e.Type)
		if err != nil && e.Func == "TRY_CAST" {
			return nothing, nil
		}
		return x, err
	case "+", "-", "*", "/", "%", "NEG":
		return arithRow(e, args, t)
	}
	return textRow(e, args)
}

// decided is an expression without the branches that no row takes, and without
// conditions that every row meets.
func decided(e Expr) Expr {
	args := make([]Expr, len(e.Args))
	for i, a := range e.Args {
		args[i] = decided(a)
	}
	e.Args = args
	switch e.Func {
	case "CASE", "IF":
	case "COALESCE":
		for len(e.Args) > 1 && !hasColumn(e.Args[0]) {
			if x, err := evalRow(e.Args[0], nil); err != nil {
				return e
			} else if !x.null {
				return as(e.Args[0], e.Type)
			}
			e.Args = e.Args[1:]
		}
		return e
	default:
		return e
	}
	for len(e.Args) > 1 && !hasColumn(e.Args[0]) {
		x, err := evalRow(e.Args[0], nil)
		if err != nil {
			return e
		}
		if !x.null && x.b {
			return as(e.Args[1], e.Type)
		}
		e.Args = e.Args[2:]
	}
	if len(e.Args) == 1 {
		return as(e.Args[0], e.Type)
	}
	return e
}

// as is a branch in the type of the whole.
func as(branch Expr, t data.Type) Expr {
	branch.Type = t
	return branch
}

// alwaysNull tells whether an expression is seen to be NULL whatever the row.
func alwaysNull(e Expr) bool {
	e = decided(e)
	if !hasColumn(e) {
		x, err := evalRow(e, nil)
		return err == nil && x.null || err == errMaybe
	}
	switch e.Func {
	case "AND", "OR", "":
		return false
	case "COALESCE":
		for _, a := range e.Args {
			if !alwaysNull(a) {
				return false
			}
		}
		return true
	case "CASE", "IF":
		for i := 0; i+1 < len(e.Args); i += 2 {
			if hasColumn(e.Args[i]) {
				return false
			}
			if x, err := evalRow(e.Args[i], nil); err != nil || !x.null && x.b {
				return alwaysNull(e.Args[i+1])
			}
		}
		return alwaysNull(e.Args[len(e.Args)-1])
	case "NULLIF", "IN":
		return alwaysNull(e.Args[0])
	}
	for _, a := range e.Args {
		if !strings.HasPrefix(e.Func, "IS ") && alwaysNull(a) {
			return true
		}
	}
	return false
}

func hasColumn(e Expr) bool {
	for _, a := range e.Args {
		if hasColumn(a) {
			return true
		}
	}
	return e.Kind == KindColumn
}

func arithRow(e Expr, a []scalar, t []data.Type) (scalar, error) {
	if t[0].Kind == data.Date || t[0].Kind == data.Timestamp { // with an interval in milliseconds
		by := new(bignum.Int).Set(a[1].n)
		if e.Func == "-" {
			by.Neg(by)
		}
		if t[0].Kind == data.Date {
			return whole(a[0].n.Int64() + by.Int64()/data.DayMillis), nil
		}
		return scalar{n: by.Add(by.Mul(by, oneMilli), a[0].n)}, nil
	}
	if e.Func == "NEG" {
		switch {
		case isFloat(t[0]):
			return scalar{f: -a[0].f}, nil
		case t[0].Kind == data.Decimal:
			return scalar{n: new(bignum.Int).Neg(a[0].n)}, nil
		}
		return narrow(new(bignum.Int).Neg(a[0].n), e.Type), nil
	}
	if isFloat(e.Type) {
		single := e.Type.Kind == data.Float
		x, y := float(a[0], t[0], single), float(a[1], t[1], single)
		var z float64
		switch e.Func {
		case "+":
			z = x + y
		case "-":
			z = x - y
		case "*":
			z = x * y
		case "/":
			z = x / y
		default:
			z = math.Mod(x, y)
		}
		if single { // exact in double, then rounded once
			z = float64(float32(z))
		}
		return scalar{f: z}, nil
	}
	s := max(scale(t[0]), scale(t[1]))
	x, y := new(bignum.Int).Mul(a[0].n, pow10(s-scale(t[0]))), new(bignum.Int).Mul(a[1].n, pow10(s-scale(t[1])))
	if (e.Func == "/" || e.Func == "%") && y.Sign() == 0 {
		return nothing, errRow
	}
	z := new(bignum.Int)
	if e.Type.Kind != data.Decimal {
		switch e.Func {
		case "+":
			z.Add(x, y)
		case "-":
			z.Sub(x, y)
		case "*":
			z.Mul(x, y)
		case "/":
			z.Quo(x, y)
		default:
			z.Rem(x, y)
		}
		return narrow(z, e.Type), nil
	}
	switch e.Func {
	case "+":
		return rescale(z.Add(x, y), s, e.Type), nil
	case "-":
		return rescale(z.Sub(x, y), s, e.Type), nil
	case "*":
		return rescale(z.Mul(a[0].n, a[1].n), scale(t[0])+scale(t[1]), e.Type), nil
	case "%":
		return rescale(z.Rem(x, y), s, e.Type), nil
	}
	// A quotient is rounded to 38 digits first.
	const more = 100
	digits := 0
	for up := new(bignum.Int).Abs(z.Quo(new(bignum.Int).Mul(x, pow10(more)), y)); up.Sign() > 0; up.Quo(up, bignum.NewInt(10)) {
		digits++
	}
	keep := 38 - (digits - more) // fraction digits
	if keep < 0 {
		return nothing, nil
	}
	return rescale(halfUp(new(bignum.Int).Mul(x, pow10(keep)), y), keep, e.Type), nil
}

func castRow(a scalar, from, to data.Type) (scalar, error) {
	switch {
	case from.Kind == to.Kind && from.Kind == data.Boolean, from.Kind == to.Kind && from.Kind == data.Date:
		return a, nil
	case to.Kind == data.Boolean && isExact(from):
		return truth(a.n.Sign() != 0), nil
	case to.Kind == data.Boolean && isFloat(from):
		return truth(a.f != 0), nil
	case from.Kind == data.Boolean && isExact(to):
		n := bignum.NewInt(0)
		if a.b {
			n.SetInt64(1)
		}
		if to.Kind == data.Decimal {
			return rescale(n, 0, to), nil
		}
		return scalar{n: n}, nil
	case isExact(from) && to.Kind == data.Decimal:
		return rescale(a.n, scale(from), to), nil
	case isExact(from) && isExact(to):
		return narrow(new(bignum.Int).Quo(a.n, pow10(scale(from))), to), nil
	case isExact(from) && isFloat(to):
		return scalar{f: float(a, from, to.Kind == data.Float)}, nil
	case isFloat(from) && isFloat(to):
		return scalar{f: float(a, from, to.Kind == data.Float)}, nil
	case isFloat(from) && to.Kind == data.Decimal:
		if math.IsNaN(a.f) || math.IsInf(a.f, 0) {
			return nothing, nil
		}
		r, _ := new(bignum.Rat).SetString(strconv.FormatFloat(a.f, 'g', -1, 64))
		n := new(bignum.Int).Mul(r.Num(), pow10(to.Scale))
		return rescale(halfUp(n, r.Denom()), to.Scale, to), nil
	case isFloat(from) && isExact(to):
		if a.f != a.f {
			return whole(0), nil
		}
		least, most := float64(math.MinInt64), float64(math.MaxInt64)
		if to.Kind != data.BigInt {
			least, most = math.MinInt32, math.MaxInt32
		}
		switch {
		case a.f >= most:
			if to.Kind == data.BigInt {
				return whole(math.MaxInt64), nil
			}
			return narrow(bignum.NewInt(math.MaxInt32), to), nil
		case a.f <= least:
			return narrow(bignum.NewInt(int64(least)), to), nil
		}
		return narrow(bignum.NewInt(int64(a.f)), to), nil
	case from.Kind == data.Date && to.Kind == data.Timestamp:
		return scalar{n: new(bignum.Int).Mul(a.n, bignum.NewInt(data.DayMillis*1e6))}, nil
	case from.Kind == data.Timestamp && to.Kind == data.Date:
		return scalar{n: new(bignum.Int).Quo(new(bignum.Int).Div(a.n, oneMilli), bignum.NewInt(data.DayMillis))}, nil
	case from.Kind == data.Timestamp && to.Kind == data.Timestamp:
		unit := pow10(9 - to.Precision)
		n := new(bignum.Int).Div(a.n, unit) // cut, not rounded
		return scalar{n: n.Mul(n, unit)}, nil
	case to.Kind == data.VarChar && isExact(from):
		return scalar{s: new(bignum.Rat).SetFrac(a.n, pow10(scale(from))).FloatString(scale(from))}, nil
	case to.Kind == data.VarChar && from.Kind == data.Boolean:
		return scalar{s: strings.ToUpper(strconv.FormatBool(a.b))}, nil
	case to.Kind == data.VarChar:
		return a, nil // from VARCHAR
	case from.Kind == data.VarChar && isExact(to):
		if (a.s == "." || a.s == "-.") && to.Kind != data.Decimal {
			return whole(0), nil // as in Flink
		}
		if !plainNumber.MatchString(a.s) {
			return nothing, errRow
		}
		r, _ := new(bignum.Rat).SetString(a.s)
		if to.Kind == data.Decimal {
			n := new(bignum.Int).Mul(r.Num(), pow10(to.Scale))
			return rescale(halfUp(n, r.Denom()), to.Scale, to), nil
		}
		n := new(bignum.Int).Quo(r.Num(), r.Denom())
		if narrow(n, to).n.Cmp(n) != 0 {
			return nothing, errRow
		}
		return scalar{n: n}, nil
	}
	panic("no cast from " + from.String() + " to " + to.String())
}

var plainNumber = regexp.MustCompile(`^-?([0-9]+(\.[0-9]*)?|\.[0-9]+)$`)

// textRow is the functions of texts.
func textRow(e Expr, a []scalar) (scalar, error) {
	text := func(s string) (scalar, error) { return scalar{s: s}, nil }
	runes := []rune(a[0].s)
	switch e.Func {
	case "UPPER":
		return text(strings.ToUpper(a[0].s))
	case "LOWER":
		return text(strings.ToLower(a[0].s))
	case "||":
		return text(a[0].s + a[1].s)
	case "CHAR_LENGTH":
		return whole(int64(len(runes))), nil
	case "SPLIT_INDEX":
		parts := strings.Split(a[0].s, a[1].s)
		if k := a[2].n.Int64(); k >= 0 && k < int64(len(parts)) && a[0].s != "" {
			return text(parts[k])
		}
		return nothing, nil
	case "REGEXP_EXTRACT":
		at := regexp.MustCompile(a[1].s).FindStringSubmatchIndex(a[0].s)
		if k := int(a[2].n.Int64()); at != nil && at[2*k] >= 0 {
			return text(a[0].s[at[2*k]:at[2*k+1]])
		}
		return nothing, nil
	case "SUBSTRING":
		from, n := int(a[1].n.Int64()), int(a[2].n.Int64())
		if n < 0 {
			return nothing, nil
		}
		switch {
		case from > 0:
			from--
		case from < 0:
			if from += len(runes); from < 0 {
				return text("")
			}
		}
		from = min(from, len(runes))
		return text(string(runes[from:min(from+n, len(runes))]))
	case "LIKE":
		return truth(likeRow(runes, []rune(a[1].s))), nil
	}
	panic("no function " + e.Func)
}

func likeRow(s, p []rune) bool {
	if len(p) == 0 {
		return len(s) == 0
	}
	if p[0] == '%' {
		for k := 0; k <= len(s); k++ {
			if likeRow(s[k:], p[1:]) {
				return true
			}
		}
		return false
	}
	return len(s) > 0 && (p[0] == '_' || p[0] == s[0]) && likeRow(s[1:], p[1:])
}
