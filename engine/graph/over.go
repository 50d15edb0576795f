package graph

import "github.com/weir-streams/weir/engine/data"

// Over computes functions over each row's frame: the rows of its partition from
// Preceding before it up to it, in an order. Rows given: the input columns, then
// one for each call. By time it gives every row once, when the watermark (or the
// clock) has passed it; in any other order it gives a row as it comes, and
// again when its results change.
type Over struct {
	Keys []int `json:"keys"`
	// Order is one time attribute, ascending, if Time says so.
	Order []SortKey `json:"order"`
	// Time says what the order is by: a time attribute, or what may come in any
	// order and be taken back.
	Time data.TimeAttr `json:"time,omitzero"`
	// Rows counts a frame in rows; otherwise in values of the order, and rows that
	// are equal in it have the same results.
	Rows bool `json:"rows,omitzero"`
	// Preceding is how many rows, or milliseconds, before its row a frame begins;
	// -1: with the partition.
	Preceding int64      `json:"preceding"`
	Calls     []OverCall `json:"calls"`
	// TTLMillis is for how long a partition without rows is kept, 0: for ever.
	// Frames of an interval end by themselves.
	TTLMillis int64 `json:"ttlMillis,omitzero"`
}

// OverCall is one function of an Over. Exactly one of Agg and Func is set.
type OverCall struct {
	Agg *AggCall `json:"agg,omitempty"`
	// Func is LAG, RANK or DENSE_RANK. They look at the whole partition.
	Func    string    `json:"func,omitzero"`
	Arg     int       `json:"arg,omitzero"`     // LAG: the column
	Default int       `json:"default,omitzero"` // LAG: the column given where there is no such row; -1: NULL
	Offset  int64     `json:"offset,omitzero"`  // LAG: how many rows back
	Type    data.Type `json:"type"`             // of the result
}
