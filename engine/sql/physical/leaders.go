package physical

import (
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func (p *planner) leaders(n *logical.Leaders, in *stream) *stream {
	spec := n.Spec
	// The watermark that counts is made by another operator from the same rows: it
	// is ahead of the one here by one interval at most, and by another one where both
	// were restored.
	spec.Slack = 2 * max(p.config.EmitMillis, 1)
	op := graph.Op{
		UID: p.uid("leaders", in.meaning.rows+" "+logical.LeadersText(spec, in.meaning.columns)), Name: "Leaders",
		Detail: logical.LeadersText(spec, graph.ColumnNames(in.schema)), Schema: in.schema, Modes: in.modes, Leaders: &spec,
	}
	return &stream{vertex: p.chain(in, op), schema: in.schema, modes: in.modes, parallelism: in.parallelism, meaning: in.meaning, producer: in.producer}
}
