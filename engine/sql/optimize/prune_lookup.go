package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// lookup keeps of the input, and reads of the table, what is used, and the keys.
func (p *pruner) lookup(n *logical.Lookup, w *want) (logical.Node, found) {
	left := len(n.Input.Schema())
	var needs [2]want
	need := func(q path) {
		if q[0] < left {
			needs[0].add(q)
		} else {
			needs[1].add(path{q[0] - left})
		}
	}
	for _, q := range w.paths {
		need(q)
	}
	if n.Cond != nil {
		used := map[int]int{}
		uses(*n.Cond, used)
		for i := range used {
			need(path{i})
		}
	}
	for i, k := range n.LeftKeys {
		need(path{k})
		need(path{left + n.RightKeys[i]})
	}
	in, f := p.prune(n.Input, &needs[0])
	out, table := *n, *n.Table
	table.Output, table.Columns = []graph.Path{}, []data.Column{}
	width, places := len(in.Schema()), map[int]int{}
	for _, q := range needs[1].sorted() {
		places[q[0]] = len(table.Columns)
		f[path{left + q[0]}.key()] = width + len(table.Columns)
		table.Output, table.Columns = append(table.Output, n.Table.Output[q[0]]), append(table.Columns, n.Table.Columns[q[0]])
	}
	out.Input, out.Table = in, &table
	out.LeftKeys, out.RightKeys = slices.Clone(n.LeftKeys), slices.Clone(n.RightKeys)
	for i := range out.LeftKeys {
		out.LeftKeys[i], out.RightKeys[i] = f[path{n.LeftKeys[i]}.key()], places[n.RightKeys[i]]
	}
	if n.Cond != nil {
		cond := f.rewrite(*n.Cond, out.Schema())
		out.Cond = &cond
	}
	return &out, f
}
