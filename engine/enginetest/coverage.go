package enginetest

import (
	"reflect"
	"strings"
	"sync"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// Coverage is which operators the scripts that were run four ways had, in
// their variants, and what their rows were like. It is safe for concurrent use.
type Coverage struct {
	mu   sync.Mutex
	seen map[string]map[Feature]bool
}

// Feature is what the rows of a script are like.
type Feature string

// The features.
const (
	Inserts     Feature = "inserts"
	Retractions Feature = "retractions" // the operator's input updates rows or takes them back
	Nulls       Feature = "NULL"        // in a table that the query reads
	Late        Feature = "late"        // the script says that rows are late
	Lifetime    Feature = "lifetime"    // what the operator keeps lives for a time
)

// Features lists them.
func Features() []Feature { return []Feature{Inserts, Retractions, Nulls, Late, Lifetime} }

// Has tells whether an operator was run with a feature.
func (c *Coverage) Has(operator string, f Feature) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[operator][f]
}

// Operators lists what was run: each operator with its features.
func (c *Coverage) Operators() map[string][]Feature {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string][]Feature{}
	for op := range c.seen {
		for _, f := range Features() {
			if c.seen[op][f] {
				out[op] = append(out[op], f)
			}
		}
	}
	return out
}

// add records the operators of a graph.
func (c *Coverage) add(g *graph.Graph, nulls, late bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]map[Feature]bool{}
	}
	for i := range g.Vertices {
		v := &g.Vertices[i]
		for k := range v.Ops {
			name := Variant(&v.Ops[k])
			if c.seen[name] == nil {
				c.seen[name] = map[Feature]bool{}
			}
			c.seen[name][Inserts] = true
			if retracts(g, v, k) {
				c.seen[name][Retractions] = true
			}
			if nulls {
				c.seen[name][Nulls] = true
			}
			if lives(&v.Ops[k]) {
				c.seen[name][Lifetime] = true
			}
			if late {
				c.seen[name][Late] = true
			}
		}
	}
}

// retracts tells whether what operator k of v reads updates rows or takes them back.
func retracts(g *graph.Graph, v *graph.Vertex, k int) bool {
	if v.Ops[k].Source != nil {
		m := v.Ops[k].Modes
		return m.Updates || m.Deletes
	}
	if k > 0 {
		m := v.Ops[k-1].Modes
		return m.Updates || m.Deletes
	}
	for _, e := range v.Inputs {
		from := g.Vertices[e.From].Ops
		if m := from[len(from)-1].Modes; m.Updates || m.Deletes {
			return true
		}
	}
	return false
}

// lives tells whether what an operator keeps lives for a time.
func lives(op *graph.Op) bool {
	switch {
	case op.GroupAggregate != nil:
		return op.GroupAggregate.TTLMillis > 0
	case op.Join != nil:
		return op.Join.LeftTTLMillis > 0 || op.Join.RightTTLMillis > 0
	case op.TopN != nil:
		return op.TopN.TTLMillis > 0 && !op.TopN.Windowed
	case op.Normalize != nil:
		return op.Normalize.TTLMillis > 0
	case op.Over != nil:
		return op.Over.TTLMillis > 0
	}
	return false
}

// Variant names an operator: what it is in the graph, and which of its sorts
// where they are computed differently.
func Variant(op *graph.Op) string {
	name := ""
	v := reflect.ValueOf(op).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			name = lowerFirst(v.Type().Field(i).Name)
		}
	}
	switch {
	case op.GroupAggregate != nil && len(op.GroupAggregate.Keys) == 0:
		return name + " of all rows"
	case op.WindowAssign != nil:
		return name + " " + string(op.WindowAssign.Window.Kind)
	case op.WindowAggregate != nil:
		return name + " " + string(op.WindowAggregate.Window.Kind)
	case op.Join != nil:
		return name + " " + string(op.Join.Kind)
	case op.IntervalJoin != nil:
		return name + " " + string(op.IntervalJoin.Kind)
	case op.Temporal != nil:
		return name + " " + string(op.Temporal.Kind)
	case op.LookupJoin != nil:
		return name + " " + string(op.LookupJoin.Kind)
	case op.Over != nil && op.Over.Time == data.NoTimeAttr:
		return name + " in any order"
	case op.Over != nil && op.Over.Rows:
		return name + " rows"
	case op.TopN != nil && op.TopN.Windowed:
		return name + " of windows"
	case op.TopN != nil && op.TopN.Improves:
		return name + " whose rows only rise"
	case op.TopN != nil && op.TopN.Replaces:
		return name + " that keeps one row"
	case op.TopN != nil && op.TopN.Number:
		return name + " with numbers"
	}
	return name
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
