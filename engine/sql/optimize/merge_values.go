package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// mergeValues makes one list of literal rows of a union of several, in order.
func mergeValues(n logical.Node, _ *Context) logical.Node {
	u, ok := n.(*logical.Union)
	if !ok {
		return nil
	}
	out := &logical.Values{Columns: u.Columns}
	for _, c := range u.Children {
		v, ok := c.(*logical.Values)
		if !ok {
			return nil
		}
		for i, col := range v.Columns {
			if !col.Type.SameAs(u.Columns[i].Type) {
				return nil
			}
		}
		out.Rows = append(out.Rows, v.Rows...)
	}
	if out.Rows == nil {
		out.Rows = [][]data.Value{}
	}
	return out
}
