package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/sql/logical"
)

// over keeps what is used, the keys, the order, and the calls somebody looks at.
func (p *pruner) over(n *logical.Over, w *want) (logical.Node, found) {
	columns := len(n.Input.Schema())
	need, out, f := &want{}, *n, found{}
	out.Spec.Calls, out.Names = nil, nil
	place := map[int]int{} // of the calls kept
	for _, q := range w.sorted() {
		if q[0] < columns {
			need.add(q[:1])
			continue
		}
		i := q[0] - columns
		if _, done := place[i]; done {
			continue
		}
		place[i] = len(out.Spec.Calls)
		out.Spec.Calls, out.Names = append(out.Spec.Calls, n.Spec.Calls[i]), append(out.Names, n.Names[i])
	}
	for _, k := range n.Spec.Keys {
		need.add(path{k})
	}
	for _, o := range n.Spec.Order {
		need.add(path{o.Column})
	}
	for _, c := range out.Spec.Calls {
		switch {
		case c.Agg != nil:
			for _, a := range c.Agg.Args {
				need.add(path{a})
			}
			if c.Agg.Filter >= 0 {
				need.add(path{c.Agg.Filter})
			}
		case c.Func == "LAG", c.Func == "LEAD":
			if need.add(path{c.Arg}); c.Default >= 0 {
				need.add(path{c.Default})
			}
		}
	}
	in, kept := p.columns(n.Input, need)
	for i, k := range kept {
		f[path{k}.key()] = i
	}
	at := func(i int) int { return f[path{i}.key()] }
	out.Input, out.Spec.Keys, out.Spec.Order = in, slices.Clone(n.Spec.Keys), slices.Clone(n.Spec.Order)
	for i, k := range n.Spec.Keys {
		out.Spec.Keys[i] = at(k)
	}
	for i, o := range n.Spec.Order {
		out.Spec.Order[i].Column = at(o.Column)
	}
	for i, c := range out.Spec.Calls {
		switch {
		case c.Agg != nil:
			agg := *c.Agg
			agg.Args = slices.Clone(agg.Args)
			for k, a := range agg.Args {
				agg.Args[k] = at(a)
			}
			if agg.Filter >= 0 {
				agg.Filter = at(agg.Filter)
			}
			c.Agg = &agg
		case c.Func == "LAG", c.Func == "LEAD":
			if c.Arg = at(c.Arg); c.Default >= 0 {
				c.Default = at(c.Default)
			}
		}
		out.Spec.Calls[i] = c
	}
	for i, k := range place {
		f[path{columns + i}.key()] = len(kept) + k
	}
	return &out, f
}
