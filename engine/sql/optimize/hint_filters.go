package optimize

import (
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// hintFilters tells sources the simple parts of the filter right above them. A
// table that is read by several branches is told only what all of them say, so
// that it stays one source.
func hintFilters(roots []logical.Node, c *Context) []logical.Node {
	h := &hinter{context: c, said: map[string]map[string]bool{}}
	for _, r := range roots {
		h.listen(r)
	}
	out := make([]logical.Node, len(roots))
	for i, r := range roots {
		out[i] = h.tell(r)
	}
	return out
}

type hinter struct {
	context *Context
	said    map[string]map[string]bool // by table: what all branches say, as text
}

func tableID(t graph.Table) string { return t.Catalog + "." + t.Database + "." + t.Name }

// simple gives the parts of a filter that a source can make use of.
func simple(f *logical.Filter) []expr.Expr {
	var out []expr.Expr
	for _, x := range conjuncts(f.Cond) {
		if comparesConstant(x) {
			out = append(out, x)
		}
	}
	return out
}

func (h *hinter) listen(n logical.Node) {
	if f, ok := n.(*logical.Filter); ok {
		if s, ok := f.Input.(*logical.Scan); ok {
			h.hear(s, simple(f))
			return
		}
	}
	if s, ok := n.(*logical.Scan); ok {
		h.hear(s, nil)
	}
	for _, in := range n.Inputs() {
		h.listen(in)
	}
}

func (h *hinter) hear(s *logical.Scan, says []expr.Expr) {
	texts := map[string]bool{}
	for _, x := range says {
		texts[graph.Expression(x, graph.ColumnNames(s.Columns))] = true
	}
	before, heard := h.said[tableID(s.Table)]
	if heard {
		for t := range texts {
			if !before[t] {
				delete(texts, t)
			}
		}
	}
	h.said[tableID(s.Table)] = texts
}

func (h *hinter) tell(n logical.Node) logical.Node {
	if f, ok := n.(*logical.Filter); ok {
		if s, ok := f.Input.(*logical.Scan); ok {
			var agreed []expr.Expr
			for _, x := range simple(f) {
				if h.said[tableID(s.Table)][graph.Expression(x, graph.ColumnNames(s.Columns))] {
					agreed = append(agreed, x)
				}
			}
			if len(agreed) == 0 {
				return n
			}
			h.context.fired["HintFilter"]++
			scan := *s
			hint := conjunction(agreed)
			scan.Filter = &hint
			return f.With(&scan)
		}
	}
	in := n.Inputs()
	if len(in) == 0 {
		return n
	}
	out := make([]logical.Node, len(in))
	for i, x := range in {
		out[i] = h.tell(x)
	}
	return n.With(out...)
}

// comparesConstant tells whether a condition is a comparison of a column with
// constants: it cannot fail, and a source can make use of it.
func comparesConstant(e expr.Expr) bool {
	if e.Kind != expr.KindCall {
		return false
	}
	switch e.Func {
	case "=", "<>", "<", "<=", ">", ">=":
		a, b := e.Args[0].Kind, e.Args[1].Kind
		return a == expr.KindColumn && b == expr.KindLiteral || a == expr.KindLiteral && b == expr.KindColumn
	case "IN":
		for _, a := range e.Args[1:] {
			if a.Kind != expr.KindLiteral {
				return false
			}
		}
		return e.Args[0].Kind == expr.KindColumn
	case "IS NULL", "IS NOT NULL":
		return e.Args[0].Kind == expr.KindColumn
	}
	return false
}
