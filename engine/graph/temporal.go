package graph

import "github.com/weir-streams/weir/engine/expr"

// Temporal joins each left row with the version of the right table that was in
// force at its time: the last right row of its key not after it. A left row
// waits for the watermark of both inputs. Rows given: the left columns, then the
// right ones.
type Temporal struct {
	Kind      JoinKind `json:"kind"` // INNER or LEFT
	LeftKeys  []int    `json:"leftKeys"`
	RightKeys []int    `json:"rightKeys"`
	LeftTime  int      `json:"leftTime"`
	RightTime int      `json:"rightTime"`
	// Condition is what else must be TRUE, over the left columns followed by the
	// right ones. A version for which it is not is no match; no other is looked for.
	Condition *expr.Expr `json:"condition,omitempty"`
}
