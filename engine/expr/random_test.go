package expr_test

import (
	"flag"
	"math"
	bignum "math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	. "github.com/weir-streams/weir/engine/expr"
)

var (
	randomCases = flag.Int("cases", 4000, "random expressions to compare with the reference")
	randomSeed  = flag.Uint64("seed", 1, "of the first random expression")
)

// The types that random expressions are of.
var (
	tSmall    = data.Of(data.SmallInt)
	tTS9      = data.Type{Kind: data.Timestamp, Nullable: true, Precision: 9}
	tInterval = data.Type{Kind: data.IntervalDayTime, Nullable: true, Precision: 3}
	integers  = []data.Type{tTiny, tSmall, tInt, tBig}
	decimals  = []data.Type{dec(5, 2), dec(10, 0), dec(18, 4), dec(20, 3), dec(38, 10)}
	floats    = []data.Type{tFloat, tDouble}
	allTypes  = append(append(append([]data.Type{tBool, tStr, tDate, tTS3, tTS9}, integers...), decimals...), floats...)
)

// maker makes random expressions over two columns of each type: one with NULLs,
// one without.
type maker struct {
	*rand.Rand
	made map[string][]Expr // by type: to be used again
}

func pickOne[T any](m *maker, list []T) T { return list[m.IntN(len(list))] }

func (m *maker) number(digits int) *bignum.Int {
	n := new(bignum.Int)
	for range 1 + m.IntN(digits) {
		n.Mul(n, bignum.NewInt(10)).Add(n, bignum.NewInt(int64(m.IntN(10))))
	}
	if m.IntN(2) == 0 {
		n.Neg(n)
	}
	return n
}

// value makes a value, often one at the edge of its type.
func (m *maker) value(t data.Type) data.Value {
	few := m.IntN(3) == 0 // of which there are many
	switch t.Kind {
	case data.Boolean:
		return data.Value{I: int64(m.IntN(2))}
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
		bits := map[data.Kind]int{data.TinyInt: 8, data.SmallInt: 16, data.Int: 32, data.BigInt: 64}[t.Kind]
		switch {
		case few:
			return data.Value{I: int64(m.IntN(5) - 2)}
		case m.IntN(8) == 0:
			return data.Value{I: math.MinInt64 >> (64 - bits)}
		case m.IntN(8) == 0:
			return data.Value{I: math.MaxInt64 >> (64 - bits)}
		}
		return data.Value{I: int64(m.Uint64()) >> (64 - bits) >> m.IntN(bits)}
	case data.Float, data.Double:
		f := pickOne(m, []float64{0, 1, -1, 0.5, 1e10, -1e30, 3.25, 1e-5, math.Inf(1), math.NaN(), 2147483648, 9.3e18})
		if !few {
			f = m.NormFloat64() * math.Pow(10, float64(m.IntN(12)-4))
		}
		if t.Kind == data.Float {
			f = float64(float32(f))
		}
		return data.Value{F: f}
	case data.Decimal:
		n := m.number(t.Precision)
		if few {
			n = bignum.NewInt(int64(m.IntN(5) - 2))
			n.Mul(n, pow10(t.Scale))
		}
		if t.Phys() == data.PhysI64 {
			return data.Value{I: n.Int64()}
		}
		hi := new(bignum.Int).Rsh(n, 64)
		lo := new(bignum.Int).And(n, new(bignum.Int).SetUint64(math.MaxUint64))
		return data.Value{D: data.Int128{Hi: hi.Int64(), Lo: lo.Uint64()}}
	case data.VarChar:
		if few {
			return data.Value{S: pickOne(m, []string{"", "a", "b", "12", "-7", "1.25", "a/b/c", "https://www.x.com/abc/de/f?channel_id=12345&q=1"})}
		}
		var b strings.Builder
		for range m.IntN(24) {
			b.WriteString(pickOne(m, []string{"a", "b", "A", "/", "/", "é", "日", "0", "%", "k="}))
		}
		return data.Value{S: b.String()}
	case data.Date:
		return data.Value{I: int64(m.IntN(40000) - 10000)}
	case data.Timestamp:
		x := data.Value{I: int64(m.IntN(2_000_000_000_000)) - 300_000_000_000}
		if few {
			x.I = int64(m.IntN(4)) * data.DayMillis
		}
		if t.Precision > 3 {
			x.Nano = int32(m.IntN(1000000))
		}
		return x
	}
	return data.Value{I: int64(m.IntN(10)-4) * pickOne(m, []int64{1, 1000, data.DayMillis})}
}

func (m *maker) literal(t data.Type) Expr {
	if m.IntN(12) == 0 {
		return Literal(data.NullValue(), t)
	}
	return Literal(m.value(t), t.NotNull())
}

func (m *maker) expr(t data.Type, depth int) Expr {
	key := t.String()
	if known := m.made[key]; len(known) > 0 && m.IntN(4) == 0 {
		return pickOne(m, known)
	}
	e := m.fresh(t, depth)
	m.made[key] = append(m.made[key], e)
	return e
}

func (m *maker) leaf(t data.Type) Expr {
	if m.IntN(4) == 0 || t.Kind == data.IntervalDayTime {
		return m.literal(t)
	}
	for i, c := range allTypes {
		if c.SameAs(t) {
			k := 2*i + m.IntN(2)
			return Column(k, c.WithNull(k%2 == 0))
		}
	}
	return m.literal(t)
}

func (m *maker) fresh(t data.Type, depth int) Expr {
	if depth <= 0 || m.IntN(6) == 0 {
		return m.leaf(t)
	}
	sub := func(t data.Type) Expr { return m.expr(t, depth-1) }
	if m.IntN(4) == 0 { // what there is for every type
		switch m.IntN(4) {
		case 0:
			args := []Expr{sub(tBool), sub(t)}
			for range m.IntN(2) {
				args = append(args, sub(tBool), sub(t))
			}
			return Call("CASE", t, append(args, sub(t))...)
		case 1:
			return Call("COALESCE", t, sub(t), sub(t))
		case 2:
			return Call("IF", t, sub(tBool), sub(t), sub(t))
		}
		return Call("NULLIF", t, sub(t), sub(t))
	}
	switch t.Kind {
	case data.Boolean:
		return m.condition(depth)
	case data.VarChar:
		switch m.IntN(8) {
		case 7: // a table
			x, args := sub(t), []Expr{}
			for range 1 + m.IntN(4) {
				args = append(args, Call("=", tBool, x, s(pickOne(m, []string{"a", "b", "", "12", "a longer literal"}))), s(pickOne(m, []string{"x", "", "y", "more than twelve bytes"})))
			}
			return Call("CASE", t, append(args, sub(t))...)
		case 0:
			return Call("UPPER", t, sub(t))
		case 1:
			return Call("LOWER", t, sub(t))
		case 2:
			return Call("||", t, sub(t), sub(t))
		case 3:
			return Call("SPLIT_INDEX", t, sub(t), s("/"), i(m.IntN(4)))
		case 4:
			p := pickOne(m, []string{`(&|^)channel_id=([^&]*)`, `(a)(b*)`, `k=([^k]*)`, `([a-c]+)/(.)`})
			return Call("REGEXP_EXTRACT", t, sub(t), s(p), i(m.IntN(2)))
		case 5:
			return Call("SUBSTRING", t, sub(t), m.literalOf(tInt, m.IntN(7)-3), m.literalOf(tInt, m.IntN(5)-1))
		}
		return cast(sub(pickOne(m, append(append([]data.Type{tBool}, integers...), decimals...))), t)
	case data.Date:
		if m.IntN(2) == 0 {
			return cast(sub(tTS3), t)
		}
		return Call(pickOne(m, []string{"+", "-"}), t, sub(t), m.literal(tInterval))
	case data.Timestamp:
		if m.IntN(2) == 0 {
			return cast(sub(pickOne(m, []data.Type{tDate, tTS3, tTS9})), t)
		}
		return Call(pickOne(m, []string{"+", "-"}), t, sub(t), m.literal(tInterval))
	case data.Float, data.Double:
		if m.IntN(3) == 0 {
			return cast(sub(m.numeric()), t)
		}
		if m.IntN(6) == 0 {
			return Call("NEG", t, sub(t))
		}
		other := append([]data.Type{t}, integers...)
		return Call(pickOne(m, []string{"+", "-", "*", "/", "%"}), t, sub(t), sub(pickOne(m, other)))
	case data.Decimal:
		return m.decimal(t, depth)
	}
	switch m.IntN(6) {
	case 0:
		return cast(sub(m.numeric()), t)
	case 1:
		return Call("NEG", t, sub(t))
	case 2:
		return tryCast(sub(tStr), t)
	case 3:
		if m.IntN(6) == 0 {
			return cast(sub(tStr), t)
		}
		return cast(sub(tBool), t)
	}
	other := t
	for other.Kind = data.TinyInt + data.Kind(m.IntN(int(t.Kind-data.TinyInt)+1)); false; {
	}
	l, r := sub(t), sub(data.Of(other.Kind))
	op := pickOne(m, []string{"+", "-", "*", "/", "%"})
	if (op == "/" || op == "%") && m.IntN(2) == 0 {
		r = m.literalOf(t, 1+m.IntN(9))
	}
	return Call(op, t, l, r)
}

func (m *maker) literalOf(t data.Type, x int) Expr {
	return Literal(data.Value{I: int64(x)}, t.NotNull())
}

func (m *maker) numeric() data.Type {
	return pickOne(m, append(append(append([]data.Type{}, integers...), decimals...), floats...))
}

// decimal makes an operation of the type that SQL gives it, cast to t.
func (m *maker) decimal(t data.Type, depth int) Expr {
	at := pickOne(m, append(append([]data.Type{}, decimals...), tInt, tBig))
	bt := pickOne(m, decimals)
	if m.IntN(2) == 0 {
		at, bt = bt, at
	}
	if m.IntN(4) == 0 {
		return cast(m.expr(m.numeric(), depth-1), t)
	}
	digits := func(t data.Type) (int, int) {
		switch t.Kind {
		case data.Int:
			return 10, 0
		case data.BigInt:
			return 19, 0
		}
		return t.Precision, t.Scale
	}
	pa, sa := digits(at)
	pb, sb := digits(bt)
	op := pickOne(m, []string{"+", "-", "*", "*", "/", "%"})
	var p, sc int
	switch op {
	case "+", "-":
		sc = max(sa, sb)
		p = max(pa-sa, pb-sb) + sc + 1
	case "*":
		p, sc = pa+pb, sa+sb
	case "/":
		sc = max(6, sa+pb+1)
		p = pa - sa + sb + sc
	default:
		sc = max(sa, sb)
		p = min(pa-sa, pb-sb) + sc
	}
	if p > 38 {
		sc = max(38-(p-sc), min(sc, 6))
		p = 38
	}
	r := m.expr(bt, depth-1)
	if (op == "/" || op == "%") && m.IntN(2) == 0 {
		r = Literal(toValue(new(bignum.Int).Add(new(bignum.Int).Abs(m.number(3)), bignum.NewInt(1)), bt), bt.NotNull())
	}
	return cast(Call(op, dec(p, sc), m.expr(at, depth-1), r), t)
}

func toValue(n *bignum.Int, t data.Type) data.Value {
	if t.Phys() == data.PhysI128 {
		return data.Value{D: data.I128(n.Int64())}
	}
	return data.Value{I: n.Int64()}
}

func (m *maker) condition(depth int) Expr {
	sub := func(t data.Type) Expr { return m.expr(t, depth-1) }
	switch m.IntN(9) {
	case 0, 1:
		args := []Expr{sub(tBool), sub(tBool)}
		for range m.IntN(3) {
			args = append(args, sub(tBool))
		}
		return Call(pickOne(m, []string{"AND", "OR"}), tBool, args...)
	case 2:
		return Call("NOT", tBool, sub(tBool))
	case 3:
		return Call(pickOne(m, []string{"IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE", "IS UNKNOWN", "IS NOT UNKNOWN"}), tBool, sub(tBool))
	case 4:
		return Call(pickOne(m, []string{"IS NULL", "IS NOT NULL"}), tBool, sub(pickOne(m, allTypes)))
	case 5: // a range
		t := pickOne(m, []data.Type{tBig, tTS3, dec(18, 4), tInt})
		x := sub(t)
		return Call("AND", tBool, Call(pickOne(m, []string{">", ">="}), tBool, x, m.literal(t)), Call(pickOne(m, []string{"<", "<="}), tBool, x, m.literal(t)))
	case 6: // a product and a limit
		k := Literal(data.Value{I: int64(1 + m.IntN(2000))}, dec(4, 3).NotNull())
		t := pickOne(m, []data.Type{tBig, dec(10, 0)})
		p := 4 + 19
		if t.Kind == data.Decimal {
			p = 14
		}
		limit := m.literal(pickOne(m, []data.Type{tInt, tBig, dec(18, 4), dec(10, 0)}))
		return Call(pickOne(m, []string{"<", "<=", ">", ">=", "="}), tBool, Call("*", dec(p, 3), k, sub(t)), limit)
	case 7:
		switch m.IntN(3) {
		case 0:
			return Call("LIKE", tBool, sub(tStr), s(pickOne(m, []string{"a%", "%b", "%a%b%", "_a%", "", "%", "a_b", "%é%"})))
		case 1:
			t := pickOne(m, []data.Type{tInt, tBig, tStr, tDate, tDouble, dec(10, 0)})
			args := []Expr{sub(t)}
			for range 1 + m.IntN(9) {
				args = append(args, m.literal(t))
			}
			return Call("IN", tBool, args...)
		}
		return cast(sub(pickOne(m, append([]data.Type{tBool}, integers...))), tBool)
	}
	op := pickOne(m, []string{"=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"})
	switch m.IntN(3) {
	case 0:
		return Call(op, tBool, sub(m.numeric()), sub(m.numeric()))
	case 1:
		t := pickOne(m, []data.Type{tStr, tDate, tTS3, tTS9, tBool})
		return Call(op, tBool, sub(t), sub(t))
	}
	t := pickOne(m, allTypes)
	return Call(op, tBool, sub(t), m.literal(t))
}

// batch makes n rows of all columns.
func (m *maker) batch(n int) (*data.Batch, []data.Type) {
	var types []data.Type
	for _, t := range allTypes {
		types = append(types, t, t.NotNull())
	}
	b := data.MakeBatch(types, n)
	for k, t := range types {
		for i := range n {
			x := m.value(t)
			if k%2 == 0 && m.IntN(3) == 0 {
				x = data.NullValue()
			}
			b.Cols[k].SetValueAt(i, x)
		}
	}
	return b, types
}

// The kernels compute what an evaluation row by row does, and fail where it does.
func TestKernelsAgreeWithRows(t *testing.T) {
	for k := range *randomCases {
		seed := *randomSeed + uint64(k)
		if !agree(t, seed) {
			t.Fatalf("seed %d: go test ./engine/expr -run KernelsAgree -args -cases 1 -seed %d", seed, seed)
		}
	}
}

func agree(t *testing.T, seed uint64) bool {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 7)), made: map[string][]Expr{}}
	n := pickOne(m, []int{1, 9, 70, 200})
	b, types := m.batch(n)
	defer b.Release()
	if m.IntN(2) == 0 { // some rows do not count
		b.Sel = []int32{}
		share := 1 + m.IntN(9)
		for i := range n {
			if m.IntN(10) < share {
				b.Sel = append(b.Sel, int32(i))
			}
		}
	}
	var exprs []Expr
	for range 1 + m.IntN(3) {
		exprs = append(exprs, m.expr(pickOne(m, allTypes), 1+m.IntN(4)))
	}
	var condition *Expr
	if m.IntN(2) == 0 {
		e := m.expr(tBool, 1+m.IntN(3))
		condition = &e
	}
	show := func() {
		if condition != nil {
			t.Logf("condition %s", condition)
		}
		for _, e := range exprs {
			t.Logf("%s: %s", e.Type, e)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			show()
			panic(r)
		}
	}()
	c, err := CompileCalc(condition, exprs, types, fns)
	if err != nil {
		show()
		t.Error(err)
		return false
	}
	// What each row should give; rows that fail must fail alone, and are then left out.
	type expected struct {
		passes bool
		values []scalar
	}
	want := make([]expected, n)
	run := func() ([]int32, bool, []*data.Vector, error) {
		out := make([]*data.Vector, len(exprs))
		sel, none, err := c.Run(b, env(""), out)
		return sel, none, out, err
	}
	all := b.Sel
	if all == nil {
		for i := range n {
			all = append(all, int32(i))
		}
	}
	var good, bad []int32
	row := make([]scalar, len(types))
	for _, i := range all {
		for k, x := range types {
			row[k] = toScalar(b.Cols[k].ValueAt(int(i)), x)
		}
		x := expected{passes: true}
		var err error
		if condition != nil {
			var v scalar
			v, err = evalRow(*condition, row)
			x.passes = err == nil && !v.null && v.b
		}
		for _, e := range exprs {
			if !x.passes || err != nil {
				break
			}
			var v scalar
			v, err = evalRow(e, row)
			x.values = append(x.values, v)
		}
		switch err {
		case nil:
		case errMaybe:
			continue
		default:
			bad = append(bad, i)
			continue
		}
		want[i] = x
		good = append(good, i)
	}
	if len(bad) == 0 && len(good) < len(all) {
		b.Sel = append([]int32{}, good...)
	}
	if len(bad) > 0 {
		b.Sel = bad[:1:1]
		if _, _, out, err := run(); err == nil {
			for _, v := range out {
				if v != nil {
					v.Release()
				}
			}
			show()
			t.Errorf("row %d should fail", bad[0])
			return false
		}
		b.Sel = append([]int32{}, good...)
	}
	sel, none, out, err := run()
	if err != nil {
		show()
		t.Error(err)
		return false
	}
	passed := map[int32]bool{}
	if sel == nil {
		sel = all // and nothing was left out
	}
	for _, i := range sel {
		passed[i] = true
	}
	for _, i := range good {
		x := want[i]
		if x.passes != passed[i] {
			show()
			t.Errorf("row %d: passes is %v, want %v", i, passed[i], x.passes)
			return false
		}
		if !x.passes {
			continue
		}
		for k, e := range exprs {
			if none {
				break
			}
			if got := toScalar(out[k].ValueAt(int(i)), e.Type); !got.same(x.values[k], e.Type) {
				show()
				t.Errorf("row %d of %d, expression %d: got %v, want %v", i, n, k, describe(got, e.Type), describe(x.values[k], e.Type))
				for c, ct := range types {
					t.Logf("  $%d %s = %s", c, ct, data.FormatValue(b.Cols[c].ValueAt(int(i)), ct, nil))
				}
				return false
			}
		}
	}
	for _, v := range out {
		if v != nil {
			v.Release()
		}
	}
	return true
}

func describe(x scalar, t data.Type) any {
	switch {
	case x.null:
		return "NULL"
	case t.Kind == data.Boolean:
		return x.b
	case isFloat(t):
		return x.f
	case t.Kind == data.VarChar:
		return x.s
	}
	return x.n
}
