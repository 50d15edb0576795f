package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// boundRank takes the bounds of the rank out of a condition above it.
func boundRank(n logical.Node, _ *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	t, ok := f.Input.(*logical.TopN)
	if !ok || t.Bounded {
		return nil
	}
	rank := len(t.Input.Schema())
	out := *t
	var above []expr.Expr
	not := map[int64]bool{}
	ranks := false // a condition compares the rank, and not with one number
	for _, x := range conjuncts(f.Cond) {
		op, bound, ok := rankBound(x, rank)
		if !ok {
			ranks = ranks || points(x, rank)
			above = append(above, x)
			continue
		}
		switch op {
		case "<":
			bound--
			fallthrough
		case "<=":
			if !out.Bounded || bound < out.To {
				out.To, out.Bounded = bound, true
			}
		case ">":
			out.From = max(out.From, bound+1)
		case ">=":
			out.From = max(out.From, bound)
		case "=":
			if !out.Bounded || bound < out.To {
				out.To, out.Bounded = bound, true
			}
			out.From = max(out.From, bound)
		case "<>":
			not[bound] = true
		}
	}
	for out.Bounded && not[out.From] && out.From <= out.To {
		out.From++
	}
	for out.Bounded && not[out.To] && out.From <= out.To {
		out.To--
	}
	for x := range not {
		ranks = ranks || !out.Bounded || x > out.From && x < out.To
	}
	if !out.Bounded || ranks {
		return judged(f, t, rank, ranks)
	}
	if out.To < out.From && out.To > 0 {
		return &logical.Values{Columns: f.Schema()}
	}
	return filtered(&out, above)
}

// points tells whether a condition compares the rank with several numbers: what it
// says together with other comparisons is no range.
func points(x expr.Expr, rank int) bool {
	if x.Kind != expr.KindCall {
		return false
	}
	switch x.Func {
	case "IN", "NOT IN":
		return x.Args[0].Kind == expr.KindColumn && x.Args[0].Index == rank
	case "OR":
		for _, a := range x.Args {
			if _, _, ok := rankBound(a, rank); !ok && !points(a, rank) {
				return false
			}
		}
		return true
	}
	return false
}

// judged notes that a condition asks for the rank and does not bound it.
func judged(f *logical.Filter, t *logical.TopN, rank int, ranks bool) logical.Node {
	use := t.Judged
	for _, x := range conjuncts(f.Cond) {
		if ranks {
			break
		}
		if used := map[int]int{}; x.Kind == expr.KindCall && len(x.Args) == 2 {
			if uses(x, used); used[rank] == 0 {
				continue
			}
			if _, _, constant := rankBound(x, rank); constant {
				use = max(use, logical.RankCompared)
			} else if comparesRank(x, rank) {
				use = logical.RankVariable
			}
		}
	}
	if use == t.Judged {
		return nil
	}
	out := *t
	out.Judged = use
	return f.With(&out)
}

// comparesRank tells whether a condition compares the rank itself with something
// of the row.
func comparesRank(x expr.Expr, rank int) bool {
	switch x.Func {
	case "<", "<=", ">", ">=", "=":
	default:
		return false
	}
	for i, a := range x.Args {
		used := map[int]int{}
		uses(x.Args[1-i], used)
		if other := x.Args[1-i]; other.Kind == expr.KindLiteral && other.Type.Kind == data.Decimal && a.Kind == expr.KindCall && a.Func == "CAST" {
			return a.Args[0].Kind == expr.KindColumn && a.Args[0].Index == rank
		}
		if a.Kind == expr.KindColumn && a.Index == rank && used[rank] == 0 && len(used) > 0 {
			return true
		}
	}
	return false
}

// rankBound reads a comparison of the rank with a number.
func rankBound(e expr.Expr, rank int) (op string, bound int64, ok bool) {
	if e.Kind != expr.KindCall || len(e.Args) < 2 {
		return "", 0, false
	}
	number := func(x expr.Expr) bool {
		switch x.Type.Kind {
		case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
			return x.Kind == expr.KindLiteral && !x.Value.Null
		}
		return false
	}
	isRank := func(x expr.Expr) bool { return x.Kind == expr.KindColumn && x.Index == rank }
	l, r, op := e.Args[0], e.Args[1], e.Func
	if isRank(r) && number(l) {
		l, r = r, l
		op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}[op]
	}
	switch op {
	case "<", "<=", ">", ">=", "=", "<>":
		return op, r.Value.I, isRank(l) && number(r)
	}
	return "", 0, false
}
