package physical

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// attached tells whether rows are aggregated by the window they are of: its
// start and its end are among the keys. It returns the window, and the column of
// its end; no window: they are not.
func attached(n *logical.Aggregate) (*graph.Window, int) {
	var window *graph.Window
	start, end := false, -1
	for _, k := range n.Keys {
		w, property := windowColumn(n.Input, k)
		if w == nil || w.TimeAttr != data.EventTime || w.Kind == graph.Session || window != nil && w.Shape() != window.Shape() {
			continue
		}
		switch property {
		case graph.WindowStart:
			start, window = true, w
		case graph.WindowEnd:
			end, window = k, w
		}
	}
	if !start || end < 0 {
		return nil, -1
	}
	return window, end
}

// attachedAggregate plans an aggregation of rows that have their window: like an
// aggregation of windows it gives rows once, and forgets them.
func (p *planner) attachedAggregate(n *logical.Aggregate, w *graph.Window, end int, in *stream) *stream {
	names := graph.ColumnNames(in.schema)
	aggs := retracting(n.Aggs, false)
	m := in.meaning.aggregated("attached window aggregate", n.Keys, aggs, false)
	of := graph.Window{Kind: graph.Tumble, TimeColumn: end, TimeAttr: data.EventTime, LTZ: w.LTZ, Size: 1, Attached: true}
	op := graph.Op{
		UID: p.uid("window", m.rows), Name: "WindowAggregate", Detail: "of windows " + logical.AggregationText(n.Keys, n.Aggs, n.Names, names),
		Schema: n.Schema(), WindowAggregate: &graph.WindowAggregate{Window: of, Keys: n.Keys, Aggs: aggs},
	}
	s := &stream{schema: op.Schema, meaning: m}
	s.vertex, s.parallelism = p.gather(in, op, n.Keys)
	return s
}

// windowed makes a join one of windows, if it is of inserts and says that both the
// starts and the ends of their windows are equal.
func (p *planner) windowed(n *logical.Join, j *graph.Join, l, r *stream, op *graph.Op) bool {
	if !l.modes.InsertOnly() || !r.modes.InsertOnly() {
		return false
	}
	starts := false
	var of *graph.Window
	left, right := -1, -1
	for i, k := range j.LeftKeys {
		a, property := windowColumn(n.Left, k)
		b, other := windowColumn(n.Right, j.RightKeys[i])
		if a == nil || b == nil || property != other || a.Shape() != b.Shape() || a.TimeAttr != data.EventTime || a.Kind == graph.Session {
			continue
		}
		switch property {
		case graph.WindowStart:
			starts = true
		case graph.WindowEnd:
			of, left, right = a, k, j.RightKeys[i]
		}
	}
	if !starts || of == nil {
		return false
	}
	op.Name, op.Modes, op.Join = "WindowJoin", graph.Modes{}, nil
	op.WindowJoin = &graph.WindowJoin{
		Kind: j.Kind, LeftKeys: j.LeftKeys, RightKeys: j.RightKeys, NullKeys: j.NullKeys, Condition: j.Condition, LeftEnd: left, RightEnd: right, LTZ: of.LTZ,
	}
	return true
}
