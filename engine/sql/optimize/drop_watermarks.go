package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// dropWatermarks removes watermarks that no operator waits for.
func dropWatermarks(roots []logical.Node, c *Context) []logical.Node {
	out := make([]logical.Node, len(roots))
	for i, r := range roots {
		out[i] = dropWatermark(r, false, c)
	}
	return out
}

func dropWatermark(n logical.Node, needed bool, c *Context) logical.Node {
	asks := func(list ...expr.Expr) {
		for _, e := range list {
			needed = needed || calls(e, "CURRENT_WATERMARK")
		}
	}
	switch x := n.(type) {
	case *logical.WindowAssign:
		needed = needed || x.Window.TimeAttr == data.EventTime
	case *logical.WindowAggregate:
		needed = needed || x.Window.TimeAttr == data.EventTime
	case *logical.Over:
		needed = needed || x.Spec.Time == data.EventTime
	case *logical.TopN:
		needed = needed || x.FirstByTime()
	case *logical.Match:
		needed = needed || x.Spec.Time == data.EventTime
	case *logical.Sort:
		needed = true
	case *logical.Temporal, *logical.Leaders:
		needed = true
	case *logical.Join:
		needed = needed || x.Interval != nil
		asks(x.Cond)
	case *logical.Filter:
		asks(x.Cond)
	case *logical.Project:
		asks(x.Exprs...)
	case *logical.Watermark:
		if !needed {
			c.fired["DropWatermark"]++
			return dropWatermark(x.Input, needed, c)
		}
	}
	in := n.Inputs()
	if len(in) == 0 {
		return n
	}
	out := make([]logical.Node, len(in))
	for i, x := range in {
		out[i] = dropWatermark(x, needed, c)
	}
	return n.With(out...)
}

func calls(e expr.Expr, name string) bool {
	if e.Kind == expr.KindCall && e.Func == name {
		return true
	}
	for _, a := range e.Args {
		if calls(a, name) {
			return true
		}
	}
	return false
}
