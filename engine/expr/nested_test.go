package expr_test

import (
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	. "github.com/weir-streams/weir/engine/expr"
)

func row(names []string, types ...data.Type) data.Type {
	return data.Type{Kind: data.Row, Nullable: true, Names: names, Args: types}
}

func TestNested(t *testing.T) {
	pq := row([]string{"p", "q"}, tInt, tStr)
	long := "a string longer than a view"
	r := data.VectorOf(pq, data.Value{Elems: []data.Value{{I: 1}, {S: "one"}}}, data.NullValue(), data.Value{Elems: []data.Value{{Null: true}, {S: long}}})
	list := arrayOf(tInt)
	a := data.VectorOf(list, data.Value{Elems: []data.Value{{I: 1}, {I: 2}}}, data.NullValue(), data.Value{Elems: []data.Value{{Null: true}}})
	dict := data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{tStr.NotNull(), tInt}}
	m := data.VectorOf(dict, data.Value{Elems: []data.Value{{S: "x"}, {I: 1}, {S: long}, {I: 2}}}, data.NullValue(), data.Value{})
	n := column(t, tInt, "1", "2", "1")
	rr := row([]string{"r", "a"}, pq, list)
	nested := data.VectorOf(rr, data.Value{Elems: []data.Value{{Elems: []data.Value{{I: 7}, {S: "seven"}}}, {Elems: []data.Value{{I: 9}}}}}, data.Value{Elems: []data.Value{{Null: true}, {Null: true}}}, data.NullValue())
	field := func(e Expr, k int) Expr { return Call("FIELD", e.Type.Args[k].WithNull(true), e, i(k)) }
	cols := []*data.Vector{r, a, m, n, nested}
	for _, tt := range []struct {
		e    Expr
		want string
	}{
		{field(col(0, r), 0), "1|NULL|NULL"},
		{field(col(0, r), 1), "one|NULL|" + long},
		{field(field(col(4, nested), 0), 1), "seven|NULL|NULL"},
		{Call("ITEM", tInt, field(col(4, nested), 1), i(1)), "9|NULL|NULL"},
		{Call("ITEM", tInt, col(1, a), col(3, n)), "1|NULL|NULL"},
		{Call("ITEM", tInt, col(1, a), i(2)), "2|NULL|NULL"},
		{Call("ITEM", tInt, col(2, m), s(long)), "2|NULL|NULL"},
		{Call("IS NULL", tBool, col(0, r)), "FALSE|TRUE|FALSE"},
		{Call("=", tBool, col(1, a), col(1, a)), "TRUE|NULL|TRUE"},
		{Call("ARRAY", list, col(3, n), i(5)), "[1, 5]|[2, 5]|[1, 5]"},
		{Call("MAP", dict, s("a"), col(3, n), s("a"), i(9)), "{a=9}|{a=9}|{a=9}"},
		{Call("ROW", pq, col(3, n), s("k")), "(1, k)|(2, k)|(1, k)"},
		{Call("CASE", list, Call("=", tBool, col(3, n), i(1)), col(1, a), Call("ARRAY", list, col(3, n))), "[1, 2]|[2]|[NULL]"},
		{Call("COALESCE", pq, col(0, r), Call("ROW", pq, col(3, n), s("k"))), "(1, one)|(2, k)|(NULL, " + long + ")"},
		{cast(col(1, a), arrayOf(tStr)), "[1, 2]|NULL|[NULL]"},
		{cast(col(0, r), row([]string{"p", "q"}, tStr, tStr)), "(1, one)|NULL|(NULL, " + long + ")"},
		{tryCast(Call("ARRAY", arrayOf(tStr), field(col(0, r), 1)), arrayOf(tInt)), "NULL|[NULL]|NULL"},
		{cast(col(2, m), tStr), "{x=1, " + long + "=2}|NULL|{}"},
	} {
		check(t, tt.e, tt.want, cols...)
	}
}

func TestEqualSubexpressionsAreComputedOnce(t *testing.T) {
	x := column(t, tStr, "a", "B", "NULL")
	lower := Call("LOWER", tStr, col(0, x))
	var in []Expr
	for _, k := range []string{"a", "b", "c"} {
		in = append(in, Call("=", tBool, lower, s(k)), s(strings.ToUpper(k)))
	}
	check(t, Call("CASE", tStr, append(in, s("-"))...), "A|B|-", x)
}

func TestProgramsCanBeCloned(t *testing.T) {
	p, err := Compile([]Expr{Call("+", tInt, Column(0, tInt), i(1))}, []data.Type{tInt}, fns)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 4 {
		go func(p *Program) {
			b := data.MakeBatch([]data.Type{tInt}, 100)
			var out [1]*data.Vector
			var err error
			for range 100 {
				if err = p.Eval(b, nil, out[:]); err != nil {
					break
				}
				out[0].Release()
			}
			b.Release()
			done <- err
		}(p.Clone())
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
