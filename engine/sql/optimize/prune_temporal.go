package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/sql/logical"
)

// temporal keeps of each input what is used, the keys and the time.
func (p *pruner) temporal(n *logical.Temporal, w *want) (logical.Node, found) {
	left := len(n.Left.Schema())
	var needs [2]want
	need := func(i int) {
		if i < left {
			needs[0].add(path{i})
		} else {
			needs[1].add(path{i - left})
		}
	}
	for _, q := range w.paths {
		need(q[0])
	}
	if n.Cond != nil {
		used := map[int]int{}
		uses(*n.Cond, used)
		for i := range used {
			need(i)
		}
	}
	for i, k := range n.LeftKeys {
		need(k)
		need(left + n.RightKeys[i])
	}
	need(n.LeftTime)
	need(left + n.RightTime)
	out, f := *n, found{}
	inputs := []logical.Node{n.Left, n.Right}
	at := 0
	var places [2]map[int]int
	for s, x := range inputs {
		in, kept := p.columns(x, &needs[s])
		places[s] = map[int]int{}
		for i, k := range kept {
			places[s][k] = i
			f[path{k + s*left}.key()] = at
			at++
		}
		inputs[s] = in
	}
	out.Left, out.Right = inputs[0], inputs[1]
	out.LeftKeys, out.RightKeys = slices.Clone(n.LeftKeys), slices.Clone(n.RightKeys)
	for i := range out.LeftKeys {
		out.LeftKeys[i], out.RightKeys[i] = places[0][n.LeftKeys[i]], places[1][n.RightKeys[i]]
	}
	out.LeftTime, out.RightTime = places[0][n.LeftTime], places[1][n.RightTime]
	if n.Cond != nil {
		cond := f.rewrite(*n.Cond, out.Schema())
		out.Cond = &cond
	}
	return &out, f
}
