package sql

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/graph"
)

// details are what EXPLAIN was asked for besides the plans.
type details struct{ cost, changes, json, advice bool }

func detailsOf(words []string) details {
	var d details
	for _, w := range words {
		switch w {
		case "ESTIMATED_COST":
			d.cost = true
		case "CHANGELOG_MODE":
			d.changes = true
		case "JSON_EXECUTION_PLAN":
			d.json = true
		case "PLAN_ADVICE":
			d.advice = true
		}
	}
	return d
}

// lines says what is added to the line of an operator.
func (d details) lines(g *graph.Graph) func(vertex, op int) string {
	if !d.cost && !d.changes {
		return nil
	}
	rows := estimate(g)
	return func(vertex, op int) string {
		o := g.Vertices[vertex].Ops[op]
		s := ""
		if d.changes {
			s += ", changelogMode=" + o.Modes.String()
		}
		if d.cost {
			s += fmt.Sprintf(": rowcount = %s, %s", number(rows[vertex][op]), stateOf(o))
		}
		return s
	}
}

func number(f float64) string {
	return strings.Replace(strconv.FormatFloat(f, 'E', -1, 64), "E+0", "E", 1)
}

// Guesses of a planner without statistics; those of Flink.
const (
	tableRows  = 1e8
	passFilter = 0.25
	groupShare = 0.1
	windowRows = 2
)

// estimate guesses how many rows each operator gives. Only the proportions mean
// something: nothing is known of the tables.
func estimate(g *graph.Graph) [][]float64 {
	out := make([][]float64, len(g.Vertices))
	for i, v := range g.Vertices {
		rows := 0.0
		for _, e := range v.Inputs {
			from := out[e.From]
			rows += from[len(from)-1]
		}
		for _, op := range v.Ops {
			switch {
			case op.Source != nil:
				rows = tableRows
				if op.Source.Limit > 0 {
					rows = min(rows, float64(op.Source.Limit))
				}
			case op.Values != nil:
				rows = float64(len(op.Values.Rows))
			case op.Calc != nil && op.Calc.Filter != nil:
				rows *= passFilter
			case op.GroupAggregate != nil && len(op.GroupAggregate.Keys) == 0:
				rows = 1
			case op.GroupAggregate != nil, op.WindowAggregate != nil:
				rows *= groupShare
			case op.WindowAssign != nil && op.WindowAssign.Window.Slide > 0:
				rows *= max(1, float64(op.WindowAssign.Window.Size)/float64(op.WindowAssign.Window.Slide))
			case op.TopN != nil:
				rows = min(rows, max(1, rows*groupShare*float64(op.TopN.To)))
			case op.Limit != nil:
				rows = min(rows, float64(op.Limit.Count))
			case op.Unnest != nil:
				rows *= windowRows
			}
			out[i] = append(out[i], rows)
		}
	}
	return out
}

// stateOf says what an operator keeps, and for how long.
func stateOf(op graph.Op) string {
	ttl := func(ms int64) string {
		if ms == 0 {
			return "for ever"
		}
		return "for " + strconv.FormatInt(ms, 10) + " ms"
	}
	switch {
	case op.GroupAggregate != nil:
		return "state: a record of each key " + ttl(op.GroupAggregate.TTLMillis)
	case op.WindowAggregate != nil:
		return "state: a record of each key of an open window"
	case op.Join != nil:
		return fmt.Sprintf("state: every row of both inputs, %d columns in all, left %s, right %s", len(op.Schema), ttl(op.Join.LeftTTLMillis), ttl(op.Join.RightTTLMillis))
	case op.MultiJoin != nil:
		return fmt.Sprintf("state: every row of all %d inputs, for ever", len(op.MultiJoin.Keys))
	case op.WindowJoin != nil:
		return "state: the rows of open windows of both inputs"
	case op.IntervalJoin != nil:
		return "state: the rows of both inputs that may still be met"
	case op.Temporal != nil:
		return "state: the versions of each key that may still be asked for, and rows that wait for their time"
	case op.TopN != nil && op.TopN.Retracts:
		return "state: every row of each key " + ttl(op.TopN.TTLMillis)
	case op.TopN != nil:
		return fmt.Sprintf("state: %d rows of each key %s", op.TopN.To, ttl(op.TopN.TTLMillis))
	case op.Normalize != nil:
		return "state: the last row of each key " + ttl(op.Normalize.TTLMillis)
	case op.Over != nil:
		return "state: the rows of the frames"
	case op.Match != nil:
		return "state: the rows of matches that may still come to an end"
	case op.Leaders != nil:
		return "state: the event time reached"
	case op.Sort != nil:
		return "state: rows that wait for their time"
	}
	return "no state"
}

// advice says what may be wrong with a plan, or could be better, in the manner
// of Flink's PLAN_ADVICE.
func (s *Session) advice(g *graph.Graph) string {
	var out []string
	add := func(kind, format string, args ...any) {
		out = append(out, fmt.Sprintf("advice[%d]: [%s] ", len(out)+1, kind)+fmt.Sprintf(format, args...))
	}
	for _, v := range g.Vertices {
		for _, op := range v.Ops {
			switch {
			case op.GroupAggregate != nil && !op.GroupAggregate.MiniBatch && len(op.GroupAggregate.Aggs) > 0:
				add("ADVICE", "%s (%s) gives a change for each row. You might want to fold them by configuring ('table.exec.mini-batch.enabled' to 'true').", op.Name, op.Detail)
			case op.Join != nil && op.Join.LeftTTLMillis == 0 && op.Join.RightTTLMillis == 0:
				add("WARNING", "%s (%s) keeps all rows of both inputs for ever. You might want to bound it by configuring 'table.exec.state.ttl', by a STATE_TTL hint, or by a condition on the times of both.", op.Name, op.Detail)
			case op.MultiJoin != nil:
				add("WARNING", "%s (%s) keeps all rows of all inputs for ever. You might want to bound it by configuring 'table.exec.state.ttl', by a STATE_TTL hint, or by a condition on the times of the inputs.", op.Name, op.Detail)
			case op.LookupJoin != nil && !op.Modes.InsertOnly():
				add("WARNING", "%s (%s): the table may have changed between a row and its retraction, which then does not take back what was given.", op.Name, op.Detail)
			case op.Calc != nil && !op.Modes.InsertOnly() && op.Modes.UpdateBefore && s.volatileCalc(op.Calc):
				add("WARNING", "%s (%s) calls a function that answers differently each time on rows that are updated: what takes a row back may not be equal to it.", op.Name, op.Detail)
			}
		}
	}
	if len(out) == 0 {
		return "No available advice...\n"
	}
	return strings.Join(out, "\n") + "\n"
}

func (s *Session) volatileCalc(c *graph.Calc) bool {
	for _, e := range c.Project {
		if graph.Calls(e, s.volatile) {
			return true
		}
	}
	return c.Filter != nil && graph.Calls(*c.Filter, s.volatile)
}

// planNode is an operator in Flink's JSON of an execution plan.
type planNode struct {
	ID           int         `json:"id"`
	Type         string      `json:"type"`
	Pact         string      `json:"pact"`
	Contents     string      `json:"contents"`
	Parallelism  int         `json:"parallelism"`
	Predecessors []planInput `json:"predecessors,omitempty"`
}

type planInput struct {
	ID           int    `json:"id"`
	ShipStrategy string `json:"ship_strategy"`
	Side         string `json:"side"`
}

// executionPlan is the graph in Flink's JSON: a node for each operator.
func (s *Session) executionPlan(g *graph.Graph) string {
	parallelism := 1
	if n, err := strconv.Atoi(s.config["parallelism.default"]); err == nil && n > 0 {
		parallelism = n
	}
	last := make([]int, len(g.Vertices)) // node of the last operator
	var nodes []planNode
	for i, v := range g.Vertices {
		for k, op := range v.Ops {
			n := planNode{ID: len(nodes) + 1, Pact: "Operator", Parallelism: parallelism}
			if v.Parallelism > 0 {
				n.Parallelism = v.Parallelism
			}
			switch {
			case op.Source != nil || op.Values != nil:
				n.Pact = "Data Source"
			case op.Sink != nil:
				n.Pact = "Data Sink"
			}
			n.Type = fmt.Sprintf("%s[%d]", op.Name, n.ID)
			n.Contents = fmt.Sprintf("[%d]:%s(%s)", n.ID, op.Name, op.Detail)
			if k > 0 {
				n.Predecessors = []planInput{{n.ID - 1, "FORWARD", "second"}}
			} else {
				for _, e := range v.Inputs {
					n.Predecessors = append(n.Predecessors, planInput{last[e.From], string(e.Partitioning), "second"})
				}
			}
			nodes = append(nodes, n)
		}
		last[i] = len(nodes)
	}
	text, err := json.MarshalIndent(map[string]any{"nodes": nodes}, "", "  ")
	if err != nil {
		return err.Error() // cannot be: names and numbers
	}
	return string(text)
}
