package graph

import "github.com/weir-streams/weir/engine/expr"

// Unnest gives each row once for each element of a collection in it. Rows given:
// the input's columns; the element (the fields of a ROW; key and value of a MAP);
// with Ordinality its number, from 1.
type Unnest struct {
	// Column is the collection: ARRAY, MAP or MULTISET. -1: there is none, each
	// row comes Times times.
	Column int   `json:"column"`
	Times  int64 `json:"times,omitzero"`
	// Count is a BIGINT column that says how often the row comes, where there is
	// no collection and Times is 0.
	Count      int  `json:"count,omitzero"`
	Ordinality bool `json:"ordinality,omitzero"`
	// Condition, over the rows given, says which are wanted.
	Condition *expr.Expr `json:"condition,omitempty"`
	// Left gives rows without a wanted element once, with NULLs.
	Left bool `json:"left,omitzero"`
}
