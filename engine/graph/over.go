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
	Preceding int64 `json:"preceding"`
	// Frame is the frame of batch mode, instead of Preceding: of the whole
	// partition, which is given once, when the input has ended.
	Frame *Frame     `json:"frame,omitempty"`
	Calls []OverCall `json:"calls"`
	// TTLMillis is for how long a partition without rows is kept, 0: for ever.
	// Frames of an interval end by themselves.
	TTLMillis int64 `json:"ttlMillis,omitzero"`
}

// Frame is from one bound to another, both in it.
type Frame struct {
	From Bound `json:"from"`
	To   Bound `json:"to"`
}

// Bound is an end of a frame: of the partition, if it is Unbounded, or so many
// rows or (of RANGE) so much of the value of the order away from the row; what is
// below 0 comes before it.
type Bound struct {
	Unbounded bool    `json:"unbounded,omitzero"`
	By        float64 `json:"by,omitzero"`
	// Units is By of RANGE where the values are exact: in units of the last digit of
	// a number, in days of a DATE or in milliseconds of a TIME.
	Units data.Int128 `json:"units,omitzero"`
}

// OverCall is one function of an Over. Exactly one of Agg and Func is set.
type OverCall struct {
	Agg *AggCall `json:"agg,omitempty"`
	// Func is LAG, RANK or DENSE_RANK; with a Frame also LEAD, ROW_NUMBER, NTILE,
	// PERCENT_RANK or CUME_DIST. They look at the whole partition.
	Func    string    `json:"func,omitzero"`
	Arg     int       `json:"arg,omitzero"`     // LAG, LEAD: the column
	Default int       `json:"default,omitzero"` // LAG, LEAD: the column given where there is no such row; -1: NULL
	Offset  int64     `json:"offset,omitzero"`  // LAG, LEAD: how many rows back or ahead; NTILE: of how many parts
	Type    data.Type `json:"type"`             // of the result
}
