package physical

import (
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// interval makes an interval join of a join that can be one: op and its stream
// are those of the join.
func (p *planner) interval(n *logical.Join, j *graph.Join, l, r *stream, op *graph.Op) bool {
	iv := n.Interval
	if iv == nil || n.Kind.LeftOnly() || len(j.NullKeys) > 0 || !l.modes.InsertOnly() || !r.modes.InsertOnly() {
		return false
	}
	op.Join = nil
	op.Name = "IntervalJoin"
	op.Modes = graph.Modes{}
	op.IntervalJoin = &graph.IntervalJoin{
		Kind: n.Kind, LeftKeys: j.LeftKeys, RightKeys: j.RightKeys, LeftTime: iv.LeftTime, RightTime: iv.RightTime,
		Lower: iv.Lower, Upper: iv.Upper, Condition: j.Condition,
	}
	return true
}
