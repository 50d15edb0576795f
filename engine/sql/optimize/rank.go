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
	to := func(x int64) {
		if !out.Bounded || x < out.To {
			out.To, out.Bounded = x, true
		}
	}
	for _, x := range conjuncts(f.Cond) {
		op, bound, ok := rankBound(x, rank)
		switch {
		case !ok:
			above = append(above, x)
		case op == "IN":
			to(bound)
			above = append(above, x)
		case op == "<":
			to(bound - 1)
		case op == "<=":
			to(bound)
		case op == ">":
			out.From = max(out.From, bound+1)
		case op == ">=":
			out.From = max(out.From, bound)
		case op == "=":
			to(bound)
			out.From = max(out.From, bound)
		}
	}
	if !out.Bounded {
		return judged(f, t, rank)
	}
	if out.To < out.From && out.To > 0 {
		return &logical.Values{Columns: f.Schema()}
	}
	return filtered(&out, above)
}

// judged notes that a condition asks for the rank and does not bound it.
func judged(f *logical.Filter, t *logical.TopN, rank int) logical.Node {
	use := t.Judged
	for _, x := range conjuncts(f.Cond) {
		used := map[int]int{}
		if uses(x, used); used[rank] == 0 {
			continue
		}
		if _, _, constant := rankBound(x, rank); constant {
			use = max(use, logical.RankCompared)
		} else {
			use = logical.RankVariable
		}
	}
	if use == t.Judged {
		return nil
	}
	out := *t
	out.Judged = use
	return f.With(&out)
}

// rankBound reads a comparison of the rank with a number; of IN it gives the greatest.
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
	if e.Func == "IN" {
		for _, a := range e.Args[1:] {
			if !number(a) {
				return "", 0, false
			}
			bound = max(bound, a.Value.I)
		}
		return "IN", bound, isRank(e.Args[0])
	}
	l, r, op := e.Args[0], e.Args[1], e.Func
	if isRank(r) && number(l) {
		l, r = r, l
		op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}[op]
	}
	switch op {
	case "<", "<=", ">", ">=", "=":
		return op, r.Value.I, isRank(l) && number(r)
	}
	return "", 0, false
}
