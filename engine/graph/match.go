package graph

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
)

// Match finds sequences of rows of a partition, in the order of time, that fit a
// pattern, as Flink's MATCH_RECOGNIZE does. Rows given: the keys, then Measures.
type Match struct {
	Keys []int `json:"keys"`
	// Order begins with a time attribute, ascending; Time says which.
	Order []SortKey     `json:"order"`
	Time  data.TimeAttr `json:"time"`
	Vars  []string      `json:"vars"` // names, by number
	// Pattern is variables one right after the other, each with how often it comes.
	Pattern []MatchItem `json:"pattern"`
	Skip    MatchSkip   `json:"skip"`
	SkipVar int         `json:"skipVar,omitzero"` // SkipToFirst, SkipToLast
	// WithinMillis bounds the time from the first row of a match to its last, 0: not.
	WithinMillis int64 `json:"withinMillis,omitzero"`
	// Define is what must be TRUE of a row for each variable, nil: nothing. It and
	// Measures are over Refs.
	Define   []*expr.Expr `json:"define"`
	Measures []expr.Expr  `json:"measures"`
	Refs     []MatchRef   `json:"refs"`
}

// MatchItem is a variable that comes Min to Max times, -1: any number of times.
type MatchItem struct {
	Var    int  `json:"var"`
	Min    int  `json:"min"`
	Max    int  `json:"max"`
	Greedy bool `json:"greedy,omitzero"` // rows that fit are taken here and not by what follows
}

// MatchSkip says where the search goes on after a match.
type MatchSkip string

// Where the search goes on.
const (
	SkipPastLast MatchSkip = "PAST LAST ROW"
	SkipToNext   MatchSkip = "TO NEXT ROW"
	SkipToFirst  MatchSkip = "TO FIRST"
	SkipToLast   MatchSkip = "TO LAST"
)

// MatchRef is a value that depends on the rows of a match so far.
type MatchRef struct {
	// Vars are the variables whose rows are looked at; none: all rows.
	Vars []int `json:"vars,omitzero"`
	// Column of the Offset-th row from the first or the last of them, NULL if there
	// are not so many.
	Column int   `json:"column,omitzero"`
	First  bool  `json:"first,omitzero"`
	Offset int64 `json:"offset,omitzero"`
	// Agg, if set, is computed over all of them instead.
	Agg  *AggCall  `json:"agg,omitempty"`
	Type data.Type `json:"type"`
}
