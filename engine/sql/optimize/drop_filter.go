package optimize

import (
	"github.com/weir-streams/weir/engine/sql/logical"
)

func dropFilter(n logical.Node, _ *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	switch {
	case isTrue(f.Cond):
		return f.Input
	case isNotTrue(f.Cond):
		if v, ok := f.Input.(*logical.Values); ok && len(v.Rows) == 0 {
			return v
		}
		return &logical.Values{Columns: f.Schema()}
	}
	return nil
}
