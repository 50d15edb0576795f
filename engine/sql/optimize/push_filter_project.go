package optimize

import (
	"github.com/weir-streams/weir/engine/sql/logical"
)

func pushFilterBelowProject(n logical.Node, c *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	p, ok := f.Input.(*logical.Project)
	if !ok || c.volatile(f.Cond) {
		return nil
	}
	used := map[int]int{}
	uses(f.Cond, used)
	for i := range used {
		if c.volatile(p.Exprs[i]) {
			return nil
		}
	}
	cond := substitute(f.Cond, p.Exprs)
	if size(cond) > maxSize {
		return nil
	}
	return p.With(&logical.Filter{Input: p.Input, Cond: cond})
}
