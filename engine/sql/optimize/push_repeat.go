package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// pushRepeatBelowWindow repeats rows before they are put into windows, so that
// an aggregation of the repeated rows stands over the window function.
func pushRepeatBelowWindow(n logical.Node, _ *Context) logical.Node {
	u, ok := n.(*logical.Unnest)
	if !ok || u.Spec.Column >= 0 || u.Spec.Times == 0 || u.Spec.Condition != nil {
		return nil
	}
	w, ok := u.Input.(*logical.WindowAssign)
	if !ok {
		return nil
	}
	below := u.With(w.Input)
	out := w.With(below)
	width, added := len(w.Input.Schema()), len(u.Columns)
	p := &logical.Project{Input: out, Columns: u.Schema()}
	at := func(i int, c data.Column) {
		p.Exprs = append(p.Exprs, expr.Column(i, c.Type))
	}
	schema := out.Schema()
	for i := range width {
		at(i, schema[i])
	}
	for i := range 3 {
		at(width+added+i, schema[width+added+i])
	}
	for i := range added {
		at(width+i, schema[width+i])
	}
	return p
}
