package physical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// conflicts puts before a sink that replaces rows by key what decides between
// rows of one key, where what identifies them is not that key: the last one is
// there, and when it goes the one before it comes back (ON CONFLICT DO
// DEDUPLICATE, and where nothing is said); or the first one stays (DO NOTHING).
func (p *planner) conflicts(n *logical.Sink, in *stream) (*stream, error) {
	t := n.Sink.Table
	name := t.Catalog + "." + t.Database + "." + t.Name
	replaces, ignores := false, false
	if p.config.Replaces != nil {
		replaces, ignores = p.config.Replaces(t)
	}
	mirrors := t.Connector == "blackhole" || t.Connector == "print" // takes what there is
	if n.Conflict != "" {
		why := ""
		switch {
		case mirrors && in.modes.InsertOnly(), !p.config.AcceptsUpdates(t):
			why = "it only accepts INSERT (append-only) changes."
		case !replaces && !ignores, len(t.PrimaryKey) == 0:
			why = "it requires UPDATE_BEFORE (retract mode)."
		}
		if why != "" {
			return nil, ast.Errorf(n.Pos, "ON CONFLICT clause is only allowed for upsert sinks. The sink '%s' is not an upsert sink because %s", name, why)
		}
	}
	if len(t.PrimaryKey) == 0 || !replaces && !ignores || mirrors && n.Conflict == "" || p.config.Batch || p.config.AsTheyCome {
		return in, nil
	}
	columns := declared(t)
	var primary []int
	for _, k := range t.PrimaryKey {
		primary = append(primary, slices.IndexFunc(columns, func(c data.Column) bool { return c.Name == k }))
	}
	key := p.keyOf(in)
	if len(key) > 0 && !slices.ContainsFunc(key, func(k int) bool { return !slices.Contains(primary, k) }) {
		return in, nil // no two rows have one primary key
	}
	switch {
	case n.Conflict == "" && p.config.AskConflict && !in.modes.InsertOnly():
		known := "none"
		if len(key) > 0 {
			names := make([]string, len(key))
			for i, k := range key {
				names[i] = columns[k].Name
			}
			known = "[" + strings.Join(names, ", ") + "]"
		}
		return nil, ast.Errorf(n.Pos, "The query has an upsert key that differs from the primary key of the sink table '%s'. Primary key: [%s], upsert key: %s. "+
			"This can lead to non-deterministic results when multiple records with different upsert keys map to the same primary key. Please specify an ON CONFLICT clause "+
			"to define how conflicts should be handled: ON CONFLICT DO DEDUPLICATE (update to the latest record, state intensive, since we need to keep the entire history), "+
			"or ON CONFLICT DO ERROR (fail on conflict), or ON CONFLICT DO NOTHING (keep first record).", name, strings.Join(t.PrimaryKey, ", "), known)
	case n.Conflict == "NOTHING" && in.modes.InsertOnly():
		return p.materialize(in, primary, false), nil
	case n.Conflict == "NOTHING", n.Conflict == "ERROR":
		return nil, ast.Errorf(n.Pos, "ON CONFLICT DO %s, of rows that are updated or may have one primary key, is not supported by this engine; use DO DEDUPLICATE, or run it on a Flink target", n.Conflict)
	case in.modes.InsertOnly():
		return in, nil // the last to come is the one that is there
	}
	return p.materialize(in, primary, true), nil
}

// materialize gives one row of each key: the last that is there, or the first.
func (p *planner) materialize(in *stream, primary []int, last bool) *stream {
	t := &graph.TopN{Keys: primary, Order: []graph.SortKey{}, From: 1, To: 1, Retracts: last, Replaces: last, Latest: last, MiniBatch: p.config.MiniBatch, TTLMillis: p.config.TTLMillis}
	what, modes := "first", graph.Modes{}
	if last {
		what, modes = "last", graph.Modes{Updates: true, UpdateBefore: true, Deletes: true}
	}
	m := in.meaning
	by := make([]string, len(primary))
	names := make([]string, len(primary))
	for i, k := range primary {
		by[i], names[i] = m.columns[k], in.schema[k].Name
	}
	m.rows = fmt.Sprintf("%s (%s) by [%s] of [%s]", what, hash(m.rows), strings.Join(by, ", "), strings.Join(m.columns, ", "))
	op := graph.Op{
		UID: p.uid("materialize", m.rows), Name: "SinkMaterializer", Detail: "the " + what + " of [" + strings.Join(names, ", ") + "]", Schema: in.schema, Modes: modes, TopN: t,
	}
	s := &stream{schema: in.schema, modes: modes, meaning: m, producer: in.producer, lies: [][]int{primary}}
	s.vertex, s.parallelism = p.gather(in, op, primary)
	return s
}

// keyOf is what identifies the rows of a stream; nil: nothing is known to.
func (p *planner) keyOf(in *stream) []int {
	keys := p.upsertKeys()
	at := keys[in.vertex]
	ops := p.vertices[in.vertex].Ops
	return p.upsertKey(in.vertex, ops[len(ops)-1], at[len(at)-1])
}
