// Package expr is typed expressions: as plain data that a plan holds and
// prints, and compiled to a program of kernels that run over columns.
//
// The rule: an expression is typed when it is made. Nothing here guesses a
// type, and no kernel looks at a value as an interface.
package expr

import "github.com/weir-streams/weir/engine/data"

// Kind is the sort of an expression node.
type Kind string

// The kinds.
const (
	KindColumn  Kind = "column"
	KindLiteral Kind = "literal"
	KindCall    Kind = "call"
)

// Expr is a typed expression over the columns of one input. Plain data.
type Expr struct {
	Kind  Kind      `json:"kind"`
	Type  data.Type `json:"type"`
	Index int       `json:"index,omitzero"` // column
	// Value of a literal, in the layout of Type.
	Value data.Value `json:"value,omitzero"`
	// Func names a call in canonical form: a function's registered name, or one
	// of the operators listed below. Args are already of the types the function
	// was resolved for: coercions are explicit CASTs.
	Func string `json:"func,omitzero"`
	Args []Expr `json:"args,omitzero"`
}

// Names of calls that the compiler knows itself. Everything else is looked up
// among the functions.
//
//	+ - * / %            both operands of the types the typing rules leave them in (see package typing)
//	NEG                  unary minus
//	= <> < <= > >=       operands of one type
//	IS DISTINCT FROM, IS NOT DISTINCT FROM
//	AND OR NOT           three-valued; AND and OR have two or more operands
//	IS NULL, IS NOT NULL, IS TRUE, IS NOT TRUE, IS FALSE, IS NOT FALSE, IS UNKNOWN, IS NOT UNKNOWN
//	CASE                 condition, value, condition, value, …, else
//	COALESCE, IF, NULLIF
//	IN                   value, then literals or expressions of its type
//	LIKE                 value, pattern[, escape]; SIMILAR TO likewise
//	CAST, TRY_CAST       one operand; Type is the target
//	REINTERPRET          one operand of the same layout; only the type changes
//	FIELD                a ROW and a literal field number from 0
//	ITEM                 an ARRAY and a position from 1, or a MAP and a key
//	ROW, ARRAY, MAP      constructors; MAP alternates keys and values
//	PROCTIME, CURRENT_TIMESTAMP, … are functions

// Column makes a reference to a column.
func Column(i int, t data.Type) Expr { return Expr{Kind: KindColumn, Index: i, Type: t} }

// Literal makes a constant.
func Literal(v data.Value, t data.Type) Expr { return Expr{Kind: KindLiteral, Value: v, Type: t} }

// Call makes a call.
func Call(name string, t data.Type, args ...Expr) Expr {
	return Expr{Kind: KindCall, Func: name, Type: t, Args: args}
}
