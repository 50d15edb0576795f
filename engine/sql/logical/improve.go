package logical

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
)

// course is how a column of a row changes when the row is updated.
type course int

const (
	anyhow course = iota
	never
	rising
	falling
)

// Improves tells whether an update of the input never puts its row behind where
// it was: the order is by what only rises, descending, or by what only falls,
// ascending, and rows have a key, which has the keys of the ranking. The key is
// given as columns of the input.
func (n *TopN) Improves() (key []int, ok bool) {
	courses, key := coursesOf(n.Input)
	if courses == nil || len(n.Order) == 0 {
		return nil, false
	}
	for _, k := range n.Keys {
		if !slices.Contains(key, k) {
			return nil, false
		}
	}
	for _, by := range n.Order {
		switch c := courses[by.Column]; {
		case c == never, c == rising && by.Desc, c == falling && !by.Desc:
		default:
			return nil, false
		}
	}
	return key, true
}

// coursesOf gives the courses of the columns of an aggregation of inserts, and
// the columns that identify its rows, seen through projections and conditions;
// nil: it is something else.
func coursesOf(n Node) (courses []course, key []int) {
	switch x := n.(type) {
	case *Aggregate:
		if len(x.Keys) == 0 || !insertsOnly(x.Input) {
			return nil, nil
		}
		for i := range x.Keys {
			courses, key = append(courses, never), append(key, i)
		}
		for _, a := range x.Aggs {
			courses = append(courses, courseOf(a, x.Input))
		}
		return courses, key
	case *Filter:
		below, key := coursesOf(x.Input)
		if below == nil || !steady(x.Cond, below) {
			return nil, nil
		}
		return below, key
	case *Project:
		below, keyBelow := coursesOf(x.Input)
		if below == nil {
			return nil, nil
		}
		for _, e := range x.Exprs {
			c, at := anyhow, e
			for at.Kind == expr.KindCall && at.Func == "CAST" && len(at.Args) > 0 {
				at = at.Args[0]
			}
			if at.Kind == expr.KindColumn {
				c = below[at.Index]
			}
			courses = append(courses, c)
		}
		for _, k := range keyBelow {
			at := slices.IndexFunc(x.Exprs, func(e expr.Expr) bool { return e.Kind == expr.KindColumn && e.Index == k })
			if at < 0 {
				return nil, nil
			}
			key = append(key, at)
		}
		return courses, key
	}
	return nil, nil
}

func courseOf(a graph.AggCall, input Node) course {
	switch a.Func {
	case "COUNT", "MAX":
		return rising
	case "MIN":
		return falling
	case "SUM":
		if len(a.Args) == 1 {
			return signOf(input, a.Args[0])
		}
	}
	return anyhow
}

// signOf tells what adding a column makes of a sum: a condition says that it is
// never below zero, or never above.
func signOf(n Node, column int) course {
	for {
		switch x := n.(type) {
		case *Project:
			e := x.Exprs[column]
			switch {
			case e.Kind == expr.KindLiteral && !e.Value.Null && e.Value.I >= 0 && e.Type.Phys() == data.PhysI32:
				return rising
			case e.Kind != expr.KindColumn:
				return anyhow
			}
			n, column = x.Input, e.Index
		case *Watermark:
			n = x.Input
		case *Filter:
			parts := []expr.Expr{x.Cond}
			if x.Cond.Func == "AND" {
				parts = x.Cond.Args
			}
			for _, c := range parts {
				if c.Kind != expr.KindCall || len(c.Args) != 2 {
					continue
				}
				l, r := c.Args[0], c.Args[1]
				if l.Kind != expr.KindColumn || l.Index != column || r.Kind != expr.KindLiteral || r.Value.Null || r.Type.Phys() != data.PhysI32 && r.Type.Phys() != data.PhysI64 {
					continue
				}
				switch {
				case (c.Func == ">" || c.Func == ">=") && r.Value.I >= 0:
					return rising
				case (c.Func == "<" || c.Func == "<=") && r.Value.I <= 0:
					return falling
				}
			}
			n = x.Input
		default:
			return anyhow
		}
	}
}

// steady tells whether a condition reads only what no update changes.
func steady(cond expr.Expr, courses []course) bool {
	for i, c := range courses {
		if c != never && reads(cond, i) {
			return false
		}
	}
	return true
}

func reads(e expr.Expr, column int) bool {
	return e.Kind == expr.KindColumn && e.Index == column || slices.ContainsFunc(e.Args, func(a expr.Expr) bool { return reads(a, column) })
}

// insertsOnly tells whether a plan gives nothing but inserts, as far as that is
// seen at once.
func insertsOnly(n Node) bool {
	switch x := n.(type) {
	case *Scan:
		return x.Modes.InsertOnly()
	case *Values:
		return true
	case *Project, *Filter, *Watermark, *Union, *WindowAssign, *Unnest, *Sort:
		for _, in := range n.Inputs() {
			if !insertsOnly(in) {
				return false
			}
		}
		return true
	case *WindowAggregate:
		return true
	case *Join:
		return x.Kind == graph.InnerJoin && insertsOnly(x.Left) && insertsOnly(x.Right)
	}
	return false
}
