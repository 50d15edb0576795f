package optimize

import (
	"reflect"

	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// dropProject drops a projection that only gives its input's columns in order
// under their names, types and time attributes.
func dropProject(n logical.Node, _ *Context) logical.Node {
	p, ok := n.(*logical.Project)
	if !ok {
		return nil
	}
	in := p.Input.Schema()
	if len(in) != len(p.Exprs) {
		return nil
	}
	for i, e := range p.Exprs {
		if e.Kind != expr.KindColumn || e.Index != i || !reflect.DeepEqual(in[i], p.Columns[i]) {
			return nil
		}
	}
	return p.Input
}
