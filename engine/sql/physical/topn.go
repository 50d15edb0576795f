package physical

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func (p *planner) topN(n *logical.TopN, in *stream) (*stream, error) {
	if p.config.Batch && !n.Bounded {
		return p.numbered(n, in)
	}
	if err := supported(n); err != nil {
		return nil, err
	}
	names := graph.ColumnNames(in.schema)
	t := &graph.TopN{Keys: n.Keys, Order: n.Order, From: n.From, To: n.To, Number: n.Number, Retracts: !in.modes.InsertOnly(), MiniBatch: p.config.MiniBatch, TTLMillis: p.config.TTLMillis}
	shifts := n.Number || n.From > 1
	modes := graph.Modes{Deletes: t.Retracts || !shifts, Updates: shifts, UpdateBefore: shifts}
	if _, improves := n.Improves(); t.Retracts && improves {
		t.Retracts, t.Improves, t.Replaces = false, true, n.From == 1 && n.To == 1 && !n.Number
		modes.Updates, modes.UpdateBefore = true, true
	}
	end := windowEnd(n)
	first := n.FirstByTime() && in.modes.InsertOnly() && end < 0 && !p.config.Batch
	if first { // in order of time, the first to come is the earliest
		var err error
		if in, err = p.sort(&logical.Sort{Input: n.Input, Order: n.Order, Pos: n.Pos}, p.onTime(in, n.Order[0].Column), true); err != nil {
			return nil, err
		}
		modes = graph.Modes{}
	} else if n.From == 1 && n.To == 1 && !n.Number && (n.Time == data.EventTime || n.Time == data.ProcTime && n.Order[0].Desc) {
		t.Replaces, t.Latest = true, n.Order[0].Desc
		modes = graph.Modes{Updates: true, UpdateBefore: true, Deletes: t.Retracts}
	}
	if t.Order == nil {
		t.Order = []graph.SortKey{}
	} else if !t.Retracts && n.From == 1 && n.To == 1 && !n.Order[0].Desc && n.Time == data.ProcTime {
		modes = graph.Modes{} // the first to come stays the first
	}
	if end >= 0 && in.modes.InsertOnly() {
		latest := n.From == 1 && n.To == 1 && n.Time == data.EventTime && n.Order[0].Desc
		t.Windowed, t.WindowEnd, t.Replaces, t.Latest = true, end, false, latest
		modes = graph.Modes{}
	}
	m := in.meaning
	what := logical.TopNText(n.Keys, n.Order, n.From, n.To, false, m.columns)
	m.rows = fmt.Sprintf("top (%s) %s of [%s]", hash(in.meaning.rows), what, strings.Join(m.columns, ", "))
	id := hash(m.rows)
	m.columns = nil
	for _, c := range in.meaning.columns {
		m.columns = append(m.columns, short("top("+id+") "+c))
	}
	if n.Number {
		m.columns = append(m.columns, "top("+id+")#rank")
	}
	detail := logical.TopNText(n.Keys, n.Order, n.From, n.To, n.Number, names)
	op := graph.Op{UID: p.uid("top", m.rows), Name: "TopN", Detail: detail, Schema: n.Schema(), Modes: modes, TopN: t}
	if t.MiniBatch && t.From == 1 && t.To == 1 && !t.Latest && !t.Windowed {
		p.best(in, t.Keys, t.Order, t.TTLMillis)
	}
	s := &stream{schema: op.Schema, modes: modes, meaning: m, producer: "Rank(" + detail + ")", lies: [][]int{n.Keys}}
	s.vertex, s.parallelism = p.gather(in, op, n.Keys)
	return s, nil
}

// numbered numbers all rows, which ends where the input does.
func (p *planner) numbered(n *logical.TopN, in *stream) (*stream, error) {
	all := graph.Frame{From: graph.Bound{Unbounded: true}, To: graph.Bound{Unbounded: true}}
	number := data.Type{Kind: data.BigInt}
	over := &logical.Over{Input: n.Input, Pos: n.Pos, Names: []string{n.Name}, Spec: graph.Over{
		Keys: n.Keys, Order: n.Order, Preceding: -1, Frame: &all, Calls: []graph.OverCall{{Func: "ROW_NUMBER", Type: number}},
	}}
	out, err := p.over(over, in)
	if err != nil || n.Number && n.From <= 1 {
		return out, err
	}
	at := len(in.schema)
	cond := expr.Call(">=", data.Type{Kind: data.Boolean}, expr.Column(at, number), expr.Literal(data.Value{I: n.From}, number))
	kept := make([]expr.Expr, len(n.Schema()))
	for i, c := range n.Schema() {
		kept[i] = expr.Column(i, c.Type)
	}
	return p.calc(out, &cond, kept, n.Schema()), nil
}

// onTime leaves out rows whose time the watermark had passed when they came.
func (p *planner) onTime(in *stream, column int) *stream {
	all := make([]expr.Expr, len(in.schema))
	for i, c := range in.schema {
		all[i] = expr.Column(i, c.Type)
	}
	at := all[column]
	clock := expr.Call("CURRENT_WATERMARK", data.Type{Kind: at.Type.Kind, Precision: 3, Nullable: true}, at)
	truth := data.Type{Kind: data.Boolean}
	none := expr.Call("IS NULL", truth, clock)
	later := expr.Call(">=", truth.WithNull(true), at, clock)
	cond := expr.Call("OR", truth.WithNull(true), none, later)
	return p.calc(in, &cond, all, in.schema)
}

// supported refuses ranks without an upper bound, in Flink's words where Flink
// refuses them too.
func supported(n *logical.TopN) error {
	switch {
	case n.Bounded && n.To <= 0:
		return ast.Planf(n.Pos, "Rank end should not less than zero, but now is %d", n.To)
	case n.Bounded:
		return nil
	case n.Judged == logical.RankCompared:
		return ast.Planf(n.Pos, "Rank end is not specified. Currently rank only support TopN, which means the rank end must be specified.")
	}
	if len(n.Order) != 1 {
		return ast.Planf(n.Pos, "The window can only be ordered by a single time column.")
	}
	return ast.Planf(n.Pos, "The window can only be ordered in ASCENDING mode.")
}

// windowEnd finds the end of the window among the keys of a ranking, where both
// its start and its end are keys, and come from a window of event time on the
// wall clock of its rows; -1: it is not ranked by window.
func windowEnd(n *logical.TopN) int {
	start, end := -1, -1
	for _, k := range n.Keys {
		switch w, p := windowColumn(n.Input, k); {
		case w == nil || w.TimeAttr != data.EventTime || w.LTZ:
		case p == graph.WindowStart:
			start = k
		case p == graph.WindowEnd:
			end = k
		}
	}
	if start < 0 {
		return -1
	}
	return end
}

// windowColumn tells which column of which window a column is.
func windowColumn(n logical.Node, i int) (*graph.Window, graph.WindowProperty) {
	for {
		switch x := n.(type) {
		case *logical.Project:
			if x.Exprs[i].Kind != expr.KindColumn {
				return nil, ""
			}
			n, i = x.Input, x.Exprs[i].Index
		case *logical.Filter:
			n = x.Input
		case *logical.WindowAssign:
			if k := i - len(x.Input.Schema()); k >= 0 {
				return &x.Window, []graph.WindowProperty{graph.WindowStart, graph.WindowEnd, graph.WindowTime}[k]
			}
			return nil, ""
		case *logical.Aggregate:
			if w, _ := attached(x); w == nil || i >= len(x.Keys) {
				return nil, ""
			}
			n, i = x.Input, x.Keys[i]
		case *logical.WindowAggregate:
			if k := i - len(x.Keys) - len(x.Aggs); k >= 0 {
				return &x.Window, x.Properties[k]
			}
			return nil, ""
		default:
			return nil, ""
		}
	}
}

func (p *planner) limit(n *logical.Limit, in *stream) *stream {
	m := meaning{rows: fmt.Sprintf("limit %d offset %d (%s)", n.Count, n.Offset, hash(in.meaning.rows)), columns: in.meaning.columns}
	op := graph.Op{Name: "Limit", Detail: fmt.Sprintf("%d offset %d", n.Count, n.Offset), Schema: n.Schema(), Modes: in.modes}
	if in.modes.InsertOnly() {
		op.UID, op.Limit = p.uid("limit", m.rows), &graph.Limit{Offset: n.Offset, Count: n.Count}
	} else { // rows may be taken back, and others come up for them: by rank, in no order
		m.rows += " of [" + strings.Join(m.columns, ", ") + "]"
		op.UID = p.uid("limit", m.rows)
		op.Modes.Deletes = true
		op.Modes.Updates, op.Modes.UpdateBefore = n.Offset > 0, n.Offset > 0
		op.TopN = &graph.TopN{From: n.Offset + 1, To: n.Offset + n.Count, Retracts: true, MiniBatch: p.config.MiniBatch, TTLMillis: p.config.TTLMillis}
	}
	s := &stream{schema: op.Schema, modes: op.Modes, meaning: m, producer: "Limit(" + op.Detail + ")"}
	s.vertex, s.parallelism = p.gather(in, op, nil)
	return s
}

func (p *planner) sort(n *logical.Sort, in *stream, again bool) (*stream, error) {
	if p.config.Batch {
		return p.final(in, n.Order), nil
	}
	if !in.modes.InsertOnly() {
		return nil, ast.Planf(n.Pos, "Sort on a stream of updates is not supported: rows that were given cannot be put in order again")
	}
	m := in.meaning
	order := logical.OrderText(n.Order, m.columns)
	m.rows = fmt.Sprintf("sort (%s) by [%s] of [%s]", hash(m.rows), order, strings.Join(m.columns, ", "))
	op := graph.Op{
		UID: p.uid("sort", m.rows), Name: "Sort", Detail: logical.OrderText(n.Order, graph.ColumnNames(in.schema)), Schema: n.Schema(),
		Sort: &graph.Sort{Order: n.Order, Again: again},
	}
	s := &stream{schema: op.Schema, meaning: m}
	s.vertex, s.parallelism = p.gather(in, op, nil)
	return s, nil
}
