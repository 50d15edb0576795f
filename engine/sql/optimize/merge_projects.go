package optimize

import (
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func mergeProjects(n logical.Node, c *Context) logical.Node {
	p, ok := n.(*logical.Project)
	if !ok {
		return nil
	}
	below, ok := p.Input.(*logical.Project)
	if !ok {
		return nil
	}
	used := map[int]int{}
	for _, e := range p.Exprs {
		uses(e, used)
	}
	for i, count := range used {
		if count > 1 && c.volatile(below.Exprs[i]) {
			return nil // it would be asked twice, and answer differently
		}
	}
	out := &logical.Project{Input: below.Input, Columns: p.Columns, Exprs: make([]expr.Expr, len(p.Exprs))}
	total := 0
	for i, e := range p.Exprs {
		out.Exprs[i] = substitute(e, below.Exprs)
		total += size(out.Exprs[i])
	}
	if total > maxSize*max(1, len(p.Exprs)/10) {
		return nil
	}
	return out
}
