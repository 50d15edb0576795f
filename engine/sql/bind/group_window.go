package bind

import (
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// groupWindow is a window function in GROUP BY, the older way to write windows:
// GROUP BY k, TUMBLE(ts, INTERVAL '1' HOUR), with TUMBLE_START(…) in SELECT.
type groupWindow struct {
	call  *ast.Call
	start int // key that is window_start; window_end and window_time follow
}

// groupWindowArgs are the parameters of the group functions after the time.
var groupWindowArgs = map[string][]string{"TUMBLE": {"SIZE"}, "HOP": {"SLIDE", "SIZE"}, "SESSION": {"GAP"}}

// groupWindowCall tells whether a grouping item is a window.
func groupWindowCall(g ast.GroupItem) *ast.Call {
	c, ok := g.Expr.(*ast.Call)
	if !ok || g.Kind != ast.GroupExpr || len(c.Name.Parts) > 1 || groupWindowArgs[strings.ToUpper(c.Name.Parts[0].Name)] == nil {
		return nil
	}
	return c
}

// windowed binds GROUP BY with a window among its keys: the rows are put into
// windows first, and the window's start, end and time become keys.
func (b *Binder) windowed(by *ast.GroupBy, x *exprBinder, a *aggregation, input logical.Node) (logical.Node, error) {
	var plain []ast.GroupItem
	for _, g := range by.Items {
		c := groupWindowCall(g)
		switch {
		case c == nil:
			plain = append(plain, g)
		case a.window != nil:
			return nil, ast.Planf(c.Pos(), "Only a single window group function may be used in GROUP BY")
		default:
			a.window = &groupWindow{call: c}
		}
	}
	sets, err := b.groupingSets(plain, x, a)
	if err != nil {
		return nil, err
	}
	if by.Quantifier == ast.Distinct {
		sets = distinctSets(sets)
	}
	if a.window != nil {
		if input, err = b.inWindow(x, a, input); err != nil {
			return nil, err
		}
	}
	if len(sets) == 1 && len(sets[0]) > 0 || len(plain) == 0 {
		return input, nil
	}
	if len(sets) == 1 && len(a.keys) == 0 { // GROUP BY (): one group
		return input, nil
	}
	return a.repeated(sets, input), nil
}

// inWindow puts the rows into the window of a GROUP BY.
func (b *Binder) inWindow(x *exprBinder, a *aggregation, input logical.Node) (logical.Node, error) {
	w, err := b.groupWindow(a.window.call, x, input)
	if err != nil {
		return nil, err
	}
	if w.Kind == graph.Session {
		input, w.PartitionBy = partitioned(a, input)
	}
	out := &logical.WindowAssign{Input: input, Window: w, Grouped: true, Pos: a.window.call.Pos()}
	a.window.start = len(a.keys)
	schema := out.Schema()
	for i := len(schema) - 3; i < len(schema); i++ {
		a.keys = append(a.keys, expr.Column(i, schema[i].Type))
		a.below, a.names = append(a.below, expr.Column(i, schema[i].Type)), append(a.names, schema[i].Name)
	}
	return out, nil
}

func (b *Binder) groupWindow(c *ast.Call, x *exprBinder, input logical.Node) (graph.Window, error) {
	kind := strings.ToUpper(c.Name.Parts[0].Name)
	params := groupWindowArgs[kind]
	w := graph.Window{Kind: graph.WindowKind(kind)}
	if len(c.Args) == len(params)+2 {
		return w, ast.Planf(c.Pos(), "%s window with alignment is not supported yet.", kind)
	}
	if len(c.Args) != len(params)+1 {
		return w, ast.Errorf(c.Pos(), "%s in GROUP BY takes a time column, then %s", kind, strings.Join(params, ", "))
	}
	t, err := x.bind(c.Args[0])
	if err != nil {
		return w, err
	}
	if t.Kind == expr.KindColumn && (wasEventTime(input, t.Index) || b.Batch && t.Type.TimeAttr == data.NoTimeAttr && anyTime(t.Type)) {
		t.Type.TimeAttr = data.EventTime
	}
	if t.Kind != expr.KindColumn || t.Type.TimeAttr == data.NoTimeAttr {
		return w, ast.Planf(c.Args[0].Pos(), "Window aggregate can only be defined over a time attribute column, but %s encountered.", t.Type.WithNull(true))
	}
	w.TimeColumn, w.TimeAttr, w.LTZ = t.Index, t.Type.TimeAttr, t.Type.Kind == data.TimestampLTZ
	args := map[string]ast.Expr{}
	for i, p := range params {
		args[p] = c.Args[i+1]
	}
	return w, b.windowSizes(&w, args, c.Pos())
}

// partitioned makes the keys columns below the window: sessions are of keys.
func partitioned(a *aggregation, input logical.Node) (logical.Node, []int) {
	cols := input.Schema()
	p := &logical.Project{Input: input}
	for i, c := range cols {
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, c.Type)), append(p.Columns, c)
	}
	by := make([]int, len(a.keys))
	for i, k := range a.keys {
		if k.Kind == expr.KindColumn {
			by[i] = k.Index
			continue
		}
		by[i] = len(p.Exprs)
		p.Exprs, p.Columns = append(p.Exprs, k), append(p.Columns, data.Column{Name: a.names[i], Type: k.Type})
		a.below[i] = expr.Column(by[i], k.Type)
	}
	if len(p.Exprs) == len(cols) {
		return input, by
	}
	return p, by
}

// property binds TUMBLE_START and its like; false if n is none of them.
func (a *aggregation) property(n *ast.Call) (expr.Expr, bool, error) {
	if len(n.Name.Parts) > 1 {
		return expr.Expr{}, false, nil
	}
	kind, what, ok := strings.Cut(strings.ToUpper(n.Name.Parts[0].Name), "_")
	if !ok || groupWindowArgs[kind] == nil {
		return expr.Expr{}, false, nil
	}
	k := map[string]int{"START": 0, "END": 1, "ROWTIME": 2, "PROCTIME": 2}
	offset, ok := k[what]
	if !ok {
		return expr.Expr{}, false, nil
	}
	if a.window == nil || !strings.EqualFold(a.window.call.Name.Parts[0].Name, kind) || !sameArgs(n.Args, a.window.call.Args) {
		return expr.Expr{}, true, ast.Errorf(n.Pos(), "Call to auxiliary group function '%s' must have matching call to group function '$%s' in GROUP BY clause", n.Name, kind)
	}
	e := a.key(a.window.start + offset)
	if offset == 2 {
		if want := map[string]data.TimeAttr{"ROWTIME": data.EventTime, "PROCTIME": data.ProcTime}[what]; e.Type.TimeAttr != want {
			return e, true, ast.Errorf(n.Pos(), "%s is not of the time of its window", n.Name)
		}
		e.Type.Nullable = true // as Flink has it
	}
	return e, true, nil
}

func sameArgs(a, b []ast.Expr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !ast.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
