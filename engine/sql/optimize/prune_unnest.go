package optimize

import "github.com/weir-streams/weir/engine/sql/logical"

// unnest keeps the element as a whole, and what is used of the input.
func (p *pruner) unnest(n *logical.Unnest, w *want) (logical.Node, found) {
	columns := len(n.Input.Schema())
	need := &want{}
	for _, q := range w.paths {
		if q[0] < columns {
			need.add(q[:1])
		}
	}
	if n.Spec.Column >= 0 {
		need.add(path{n.Spec.Column})
	} else if n.Spec.Times == 0 {
		need.add(path{n.Spec.Count})
	}
	if n.Spec.Condition != nil {
		used := map[int]int{}
		uses(*n.Spec.Condition, used)
		for i := range used {
			if i < columns {
				need.add(path{i})
			}
		}
	}
	in, kept := p.columns(n.Input, need)
	out, f := *n, found{}
	out.Input = in
	for i, k := range kept {
		f[path{k}.key()] = i
	}
	for i := range n.Columns {
		f[path{columns + i}.key()] = len(kept) + i
	}
	if n.Spec.Column >= 0 {
		out.Spec.Column = f[path{n.Spec.Column}.key()]
	} else if n.Spec.Times == 0 {
		out.Spec.Count = f[path{n.Spec.Count}.key()]
	}
	if n.Spec.Condition != nil {
		cond := f.rewrite(*n.Spec.Condition, out.Schema())
		out.Spec.Condition = &cond
	}
	return &out, f
}
