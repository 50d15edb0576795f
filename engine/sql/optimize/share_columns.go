package optimize

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/sql/logical"
)

// needed is what all users of a node that keeps its rows need of it, as far as
// they are known: a ranking or a join that is written twice is one, and its state
// kept once, if it has the same columns for both.
func (p *pruner) needed(n logical.Node, w *want) *want {
	switch n.(type) {
	case *logical.Join, *logical.TopN, *logical.Over, *logical.Limit, *logical.Temporal, *logical.Sort:
	default:
		return w
	}
	id := p.identity(n)
	all := p.kept[id]
	if all == nil {
		all = &want{}
		p.kept[id] = all
	}
	if p.collect {
		for _, q := range w.paths {
			all.add(q)
		}
	}
	out := &want{paths: slices.Clone(w.paths)}
	for _, q := range all.paths {
		out.add(q)
	}
	return out
}

// identity is the same for nodes that are written in the same way, over inputs
// that are.
func (p *pruner) identity(n logical.Node) [32]byte {
	if id, ok := p.ids[n]; ok {
		return id
	}
	text := fmt.Sprintf("%T %s", n, n.Line())
	for _, in := range n.Inputs() {
		text += fmt.Sprintf(" (%x)", p.identity(in))
	}
	id := sha256.Sum256([]byte(text))
	p.ids[n] = id
	return id
}
