package graph

import "github.com/weir-streams/weir/engine/expr"

// LookupJoin completes each row with the rows of a table that have its key, as
// the table is when the row comes: nothing is kept of the rows, and what the
// table becomes later changes nothing that was given. The table is not an input:
// it is asked, or read whole and kept, as its options lookup.* say. Rows given:
// the input's columns, then Output's; of the changes of the input.
type LookupJoin struct {
	Kind  JoinKind `json:"kind"` // INNER or LEFT
	Table Table    `json:"table"`
	// Output lists what is read of the table, as in Source. The last columns of
	// Op.Schema have the names and types (nullable in a LEFT join).
	Output []Path `json:"output"`
	// LeftKeys[i], a column of the input, must equal RightKeys[i], a place in
	// Output, which is of the same type. NULL is equal to nothing. There is at
	// least one.
	LeftKeys  []int `json:"leftKeys"`
	RightKeys []int `json:"rightKeys"`
	// Condition is what else must be TRUE, over the input's columns followed by
	// Output's.
	Condition *expr.Expr `json:"condition,omitempty"`
}
