package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/sql/logical"
)

// match keeps the columns that the pattern looks at.
func (p *pruner) match(n *logical.Match) (logical.Node, found) {
	need := &want{}
	for _, k := range n.Spec.Keys {
		need.add(path{k})
	}
	for _, o := range n.Spec.Order {
		need.add(path{o.Column})
	}
	for _, r := range n.Spec.Refs {
		if r.Agg == nil {
			need.add(path{r.Column})
			continue
		}
		for _, a := range r.Agg.Args {
			need.add(path{a})
		}
	}
	in, kept := p.columns(n.Input, need)
	at := map[int]int{}
	for i, k := range kept {
		at[k] = i
	}
	out := *n
	out.Input = in
	out.Spec.Keys, out.Spec.Order, out.Spec.Refs = slices.Clone(n.Spec.Keys), slices.Clone(n.Spec.Order), slices.Clone(n.Spec.Refs)
	for i, k := range n.Spec.Keys {
		out.Spec.Keys[i] = at[k]
	}
	for i, o := range n.Spec.Order {
		out.Spec.Order[i].Column = at[o.Column]
	}
	for i, r := range n.Spec.Refs {
		if r.Agg == nil {
			out.Spec.Refs[i].Column = at[r.Column]
			continue
		}
		agg := *r.Agg
		agg.Args = nil
		for _, a := range r.Agg.Args {
			agg.Args = append(agg.Args, at[a])
		}
		out.Spec.Refs[i].Agg = &agg
	}
	return &out, identity(len(n.Schema()))
}
