package graph

import "github.com/weir-streams/weir/engine/expr"

// JoinKind says which rows a join gives.
type JoinKind string

// The joins. SEMI gives the left rows that have a match, ANTI those that have none.
const (
	InnerJoin JoinKind = "INNER"
	LeftJoin  JoinKind = "LEFT"
	RightJoin JoinKind = "RIGHT"
	FullJoin  JoinKind = "FULL"
	SemiJoin  JoinKind = "SEMI"
	AntiJoin  JoinKind = "ANTI"
)

// LeftOnly tells whether the join gives columns of the left input only.
func (k JoinKind) LeftOnly() bool { return k == SemiJoin || k == AntiJoin }

// KeepsLeft tells whether left rows without a match are given, with NULLs.
func (k JoinKind) KeepsLeft() bool { return k == LeftJoin || k == FullJoin }

// KeepsRight tells whether right rows without a match are given, with NULLs.
func (k JoinKind) KeepsRight() bool { return k == RightJoin || k == FullJoin }

// Join matches the rows of two unbounded inputs, each kept as state for as long
// as it is not retracted. Rows given: the left columns, then the right ones.
// Without keys it runs in one subtask.
type Join struct {
	Kind JoinKind `json:"kind"`
	// LeftKeys[i] must equal RightKeys[i], which is of the same type. NULL is
	// equal to nothing, or where NullKeys[i] is set to NULL.
	LeftKeys  []int  `json:"leftKeys"`
	RightKeys []int  `json:"rightKeys"`
	NullKeys  []bool `json:"nullKeys,omitzero"`
	// Condition is what else must be TRUE, over the left columns followed by the
	// right ones.
	Condition *expr.Expr `json:"condition,omitempty"`
	// LeftInserts and RightInserts tell that an input has inserts only.
	LeftInserts  bool `json:"leftInserts,omitzero"`
	RightInserts bool `json:"rightInserts,omitzero"`
	// LeftTTLMillis and RightTTLMillis are for how long a row of an input is kept
	// (table.exec.state.ttl, or the hint STATE_TTL); 0: for ever.
	LeftTTLMillis  int64 `json:"leftTTLMillis,omitzero"`
	RightTTLMillis int64 `json:"rightTTLMillis,omitzero"`
	// NoBefore leaves out -U, which nobody reads, of an inner join: a change of a row
	// that keeps the values of these columns is given as +U alone, and where it does
	// not come at once, -U as -D. They identify the rows of each input that is updated,
	// and have its keys.
	NoBefore *JoinRows `json:"noBefore,omitempty"`
	// Unread are columns of the rows given that the next operator does not read:
	// their values are not given.
	Unread []int `json:"unread,omitzero"`
	// Best says that the next stateful operator keeps the first row of each group
	// only, in an order: rows that are surely not need not be given.
	Best *Best `json:"best,omitzero"`
}

// MultiJoin is inner joins of three and more unbounded inputs that have inserts
// only, all by the same key: each input is kept once, for ever, and what joins of
// two would keep in between is not.
type MultiJoin struct {
	// Keys has columns of each input: Keys[i][k] are equal for all i. NULL is equal
	// to nothing. All are of the same types.
	Keys [][]int `json:"keys"`
	// Output has the columns given, of the columns of all inputs one behind the other.
	Output []int `json:"output"`
	// Unread are columns of the rows given that the next operator does not read:
	// their values are not given.
	Unread []int `json:"unread,omitzero"`
}

// Best says of a join of inserts that of all rows given with the same row of one
// input only the first in an order counts, the first to come of equal ones.
type Best struct {
	// Of is the input, 0 or 1, whose row tells the group: all that the group is by are
	// columns of it. What the order is by are columns of the other input.
	Of    int       `json:"of"`
	Order []SortKey `json:"order"` // by columns of that input
	// Lasts says that what was given counts for ever, not for the batch only.
	Lasts bool `json:"lasts,omitzero"`
}

// JoinRows are columns that identify the rows of the inputs of a join.
type JoinRows struct {
	Left  []int `json:"left,omitzero"`
	Right []int `json:"right,omitzero"`
}
