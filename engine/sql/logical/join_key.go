package logical

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
)

// SameKey tells whether equal values of two types have equal bytes, so that
// rows can meet by them.
func SameKey(a, b data.Type) bool {
	if a.Phys() != b.Phys() || a.Kind == data.Null {
		return false
	}
	if a.Phys() == data.PhysString {
		return true
	}
	a.TimeAttr, b.TimeAttr = data.NoTimeAttr, data.NoTimeAttr
	return a.SameAs(b)
}

// Equalities takes a join's condition apart: the pairs of columns that must be
// equal, which of them are when both are NULL, and what else must be TRUE.
func (n *Join) Equalities() (left, right []int, nulls []bool, rest []expr.Expr) {
	l := n.Width()
	var parts []expr.Expr
	var collect func(e expr.Expr)
	collect = func(e expr.Expr) {
		if e.Kind == expr.KindCall && e.Func == "AND" {
			for _, a := range e.Args {
				collect(a)
			}
			return
		}
		parts = append(parts, e)
	}
	collect(n.Cond)
	for _, e := range parts {
		if e.Kind == expr.KindLiteral && !e.Value.Null && e.Value.I != 0 {
			continue
		}
		if e.Kind == expr.KindCall && (e.Func == "=" || e.Func == "IS NOT DISTINCT FROM") && e.Args[0].Kind == expr.KindColumn && e.Args[1].Kind == expr.KindColumn && SameKey(e.Args[0].Type, e.Args[1].Type) {
			a, b := e.Args[0].Index, e.Args[1].Index
			if a > b {
				a, b = b, a
			}
			if a < l && b >= l {
				left, right, nulls = append(left, a), append(right, b-l), append(nulls, e.Func != "=")
				continue
			}
		}
		rest = append(rest, e)
	}
	return left, right, nulls, rest
}
