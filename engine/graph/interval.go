package graph

import "github.com/weir-streams/weir/engine/expr"

// IntervalJoin matches rows whose event times are near each other: the left time
// minus the right one is Lower to Upper milliseconds. Rows are kept until the
// watermark says that nothing can meet them any more; it is sent on with a delay,
// so that the rows given are not late. Rows given: the left columns, then the
// right ones; inserts only.
type IntervalJoin struct {
	Kind      JoinKind `json:"kind"` // INNER, LEFT, RIGHT or FULL
	LeftKeys  []int    `json:"leftKeys"`
	RightKeys []int    `json:"rightKeys"`
	LeftTime  int      `json:"leftTime"`
	RightTime int      `json:"rightTime"`
	Lower     int64    `json:"lower"`
	Upper     int64    `json:"upper"`
	// Condition is what else must be TRUE, over the left columns followed by the
	// right ones.
	Condition *expr.Expr `json:"condition,omitempty"`
}
