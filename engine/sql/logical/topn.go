package logical

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// TopN gives, of each partition by Keys, the rows at the ranks From to To of an
// order, and with Number the rank as a further column called Name.
type TopN struct {
	Input    Node
	Keys     []int
	Order    []graph.SortKey
	From, To int64
	Bounded  bool // To is known: it comes from a condition on the rank
	Judged   RankUse
	Number   bool
	Name     string
	// Time is the time attribute that the order of a ROW_NUMBER is by; its input may
	// have lost it where nobody waits for the time.
	Time data.TimeAttr
	Pos  ast.Pos
}

// RankUse is what a condition says of a rank without an upper bound.
type RankUse int

// Uses of a rank.
const (
	RankShown    RankUse = iota // no condition
	RankCompared                // with constants, but not from above
	RankVariable                // with another column
)

// Limit gives Count rows from the Offset-th on, in no order but their own.
type Limit struct {
	Input         Node
	Offset, Count int64
}

// Schema of a TopN: the input's columns and the rank. Times are time attributes
// still where the order is by one.
func (n *TopN) Schema() []data.Column {
	in := n.Input.Schema()
	out := make([]data.Column, len(in), len(in)+1)
	for i, c := range in {
		if n.Time != data.EventTime {
			c.Type.TimeAttr = data.NoTimeAttr
		}
		out[i] = c
	}
	if n.Number {
		out = append(out, data.Column{Name: n.Name, Type: data.Type{Kind: data.BigInt}})
	}
	return out
}

// FirstByTime tells whether the earliest row of each partition is asked for: it is
// known when the watermark has passed it.
func (n *TopN) FirstByTime() bool {
	return n.Time == data.EventTime && n.Bounded && n.From == 1 && n.To == 1 && !n.Order[0].Desc
}

// Schema of a Limit: the input's.
func (n *Limit) Schema() []data.Column { return n.Input.Schema() }

// Inputs gives the one input.
func (n *TopN) Inputs() []Node { return []Node{n.Input} }

// Inputs gives the one input.
func (n *Limit) Inputs() []Node { return []Node{n.Input} }

// With replaces the input.
func (n *TopN) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// With replaces the input.
func (n *Limit) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// Line of a TopN.
func (n *TopN) Line() string {
	return "top " + TopNText(n.Keys, n.Order, n.From, n.To, n.Number, graph.ColumnNames(n.Input.Schema()))
}

// TopNText is ranks, partition and order: 1 to 3 by [a] order [b DESC], ranked.
func TopNText(keys []int, order []graph.SortKey, from, to int64, number bool, names []string) string {
	ks := make([]string, len(keys))
	for i, k := range keys {
		ks[i] = names[k]
	}
	s := fmt.Sprintf("%d to %d by [%s] order [%s]", from, to, strings.Join(ks, ", "), OrderText(order, names))
	if number {
		s += ", ranked"
	}
	return s
}

// OrderText is an order: b DESC, c NULLS LAST.
func OrderText(order []graph.SortKey, names []string) string {
	os := make([]string, len(order))
	for i, o := range order {
		os[i] = names[o.Column]
		if o.Desc {
			os[i] += " DESC"
		}
		if o.NullsLast != o.Desc {
			os[i] += map[bool]string{true: " NULLS LAST", false: " NULLS FIRST"}[o.NullsLast]
		}
	}
	return strings.Join(os, ", ")
}

// Line of a Limit.
func (n *Limit) Line() string { return fmt.Sprintf("limit %d offset %d", n.Count, n.Offset) }

// Sort gives the rows in an order that begins with event time, ascending.
type Sort struct {
	Input Node
	Order []graph.SortKey
	Pos   ast.Pos
}

// Schema of a Sort: the input's.
func (n *Sort) Schema() []data.Column { return n.Input.Schema() }

// Inputs gives the one input.
func (n *Sort) Inputs() []Node { return []Node{n.Input} }

// With replaces the input.
func (n *Sort) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// Line of a Sort.
func (n *Sort) Line() string {
	return "sort [" + OrderText(n.Order, graph.ColumnNames(n.Input.Schema())) + "]"
}
