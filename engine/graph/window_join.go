package graph

import "github.com/weir-streams/weir/engine/expr"

// WindowJoin matches rows of two inputs that are of the same window, when the
// watermark passes its end: the inputs have inserts only and a column with the
// end of each row's window, which is among the keys. Rows that come after that
// are dropped. Rows given: the left columns, then the right ones.
type WindowJoin struct {
	Kind      JoinKind `json:"kind"`
	LeftKeys  []int    `json:"leftKeys"`
	RightKeys []int    `json:"rightKeys"`
	NullKeys  []bool   `json:"nullKeys,omitzero"`
	// Condition is what else must be TRUE, as in Join.
	Condition *expr.Expr `json:"condition,omitempty"`
	LeftEnd   int        `json:"leftEnd"`
	RightEnd  int        `json:"rightEnd"`
	LTZ       bool       `json:"ltz,omitzero"` // the ends are on the wall clock of the session zone
}
