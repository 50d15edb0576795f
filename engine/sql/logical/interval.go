package logical

import (
	"math"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
)

// Interval says that a join's condition binds the event times of both inputs:
// the left one minus the right one is Lower to Upper milliseconds.
type Interval struct {
	LeftTime, RightTime int
	Lower, Upper        int64
}

// IntervalOf finds the bounds of event times in a condition over the columns of
// two inputs; nil: there are none, or not on both ends.
func IntervalOf(cond expr.Expr, left, right []data.Column) *Interval {
	return boundsOf(cond, left, right, &Interval{LeftTime: -1}, data.EventTime)
}

// boundsOf puts the bounds that cond sets into iv, which may name the columns;
// attr, if any, is the time attribute that they must have.
func boundsOf(cond expr.Expr, left, right []data.Column, iv *Interval, attr data.TimeAttr) *Interval {
	iv.Lower, iv.Upper = math.MinInt64, math.MaxInt64
	var look func(e expr.Expr)
	look = func(e expr.Expr) {
		if e.Kind != expr.KindCall {
			return
		}
		if e.Func == "AND" {
			for _, a := range e.Args {
				look(a)
			}
			return
		}
		if len(e.Args) == 2 {
			iv.bound(e, left, right, attr)
		}
	}
	look(cond)
	const far = math.MaxInt64 / 4
	if iv.LeftTime < 0 || iv.Lower < -far || iv.Upper > far || iv.Lower > iv.Upper {
		return nil
	}
	return iv
}

// bound takes one comparison in: l - r op difference.
func (iv *Interval) bound(e expr.Expr, left, right []data.Column, attr data.TimeAttr) {
	a, da, ok := timeOffset(e.Args[0])
	b, db, ok2 := timeOffset(e.Args[1])
	if !ok || !ok2 {
		return
	}
	op := e.Func
	if a >= len(left) {
		a, b, da, db = b, a, db, da
		op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}[op]
	}
	if a >= len(left) || b < len(left) || b >= len(left)+len(right) {
		return
	}
	b -= len(left)
	if attr != data.NoTimeAttr && (left[a].Type.TimeAttr != attr || right[b].Type.TimeAttr != attr) || left[a].Type.Kind != right[b].Type.Kind {
		return
	}
	if iv.LeftTime >= 0 && (iv.LeftTime != a || iv.RightTime != b) {
		return
	}
	d := db - da
	switch op {
	case "<":
		iv.Upper = min(iv.Upper, d-1)
	case "<=":
		iv.Upper = min(iv.Upper, d)
	case ">":
		iv.Lower = max(iv.Lower, d+1)
	case ">=":
		iv.Lower = max(iv.Lower, d)
	case "=":
		iv.Lower, iv.Upper = max(iv.Lower, d), min(iv.Upper, d)
	default:
		return
	}
	iv.LeftTime, iv.RightTime = a, b
}

// timeOffset reads a column, with constant intervals added.
func timeOffset(e expr.Expr) (column int, millis int64, ok bool) {
	if e.Kind == expr.KindColumn {
		return e.Index, 0, true
	}
	if e.Kind != expr.KindCall || len(e.Args) != 2 || e.Func != "+" && e.Func != "-" {
		return 0, 0, false
	}
	d := e.Args[1]
	if d.Kind != expr.KindLiteral || d.Type.Kind != data.IntervalDayTime || d.Value.Null {
		return 0, 0, false
	}
	column, millis, ok = timeOffset(e.Args[0])
	if e.Func == "-" {
		return column, millis - d.Value.I, ok
	}
	return column, millis + d.Value.I, ok
}
