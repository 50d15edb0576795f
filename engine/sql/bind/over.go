package bind

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// overs is the calls with OVER of a SELECT in the making, all over one window.
// Until they are complete their results are columns from overBase on.
type overs struct {
	named []ast.NamedWindow
	keys  []expr.Expr
	order []expr.Expr
	sort  []graph.SortKey
	rows  bool
	from  int64 // preceding
	calls []overCall
	pos   ast.Pos
}

type overCall struct {
	name string
	spec graph.OverCall
	args []expr.Expr // over the input, for the columns of spec
	// share is which of the values, all of them being collected, PERCENTILE is to find.
	share *expr.Expr
	over  overWindow // in batch mode, where each may have its own
}

// overWindow is a window of batch mode.
type overWindow struct {
	keys, order []expr.Expr
	sort        []graph.SortKey
	rows        bool
	frame       graph.Frame
	batch       bool
}

func (w overWindow) same(o overWindow) bool {
	return sameExprs(w.keys, o.keys) && sameExprs(w.order, o.order) && slices.Equal(w.sort, o.sort) && w.rows == o.rows && w.frame == o.frame
}

// overBase is the index of the first call's result, until it is known where the
// results are.
const overBase = 1 << 24

// notStreaming are functions that must see the end of the partition.
var notStreaming = []string{"LEAD", "NTILE", "CUME_DIST", "PERCENT_RANK"}

// over binds a call with OVER: the column that has its result.
func (x *exprBinder) over(n *ast.Call) (expr.Expr, error) {
	name := strings.ToUpper(n.Name.Last().Name)
	if x.overs == nil {
		return expr.Expr{}, ast.Errorf(n.Pos(), "%s with OVER can only stand in the list of a SELECT or in QUALIFY", name)
	}
	if contains(notStreaming, name) && !x.b.Batch {
		return expr.Expr{}, ast.Planf(n.Pos(), "%s Function is not supported in stream mode.", name)
	}
	for _, a := range n.Args {
		if hasOver(a) {
			return expr.Expr{}, ast.Errorf(n.Pos(), "Aggregate expressions cannot be nested")
		}
	}
	plain := &exprBinder{b: x.b, scope: x.scope, agg: x.agg, depth: x.depth}
	if f := x.b.aggregateOf(n); f != nil && f.Fold == nil && (strings.HasPrefix(name, "STDDEV") || strings.HasPrefix(name, "VAR")) {
		if out, ok, err := x.deviation(plain, n, name); ok || err != nil {
			return out, err
		}
	}
	c, err := plain.overCall(n, name)
	if err != nil {
		return expr.Expr{}, err
	}
	w, err := x.overs.window(n.Over)
	if err != nil {
		return expr.Expr{}, err
	}
	if x.b.Batch {
		if c.over, err = x.batchWindow(plain, n, name, w); err == nil && len(x.overs.calls) == 0 {
			x.overs.pos = n.Pos()
		}
	} else {
		err = x.overWindow(plain, n, name, w)
	}
	if err != nil {
		return expr.Expr{}, err
	}
	if gathered := x.b.Functions.Scalar("$" + name); gathered != nil && strings.HasPrefix(name, "BITMAP_") {
		return x.callFunction(n, gathered.Name, []expr.Expr{x.overs.add(c)})
	}
	if c.share != nil {
		return x.callFunction(n, "$PERCENTILE", []expr.Expr{x.overs.add(c), *c.share})
	}
	return x.overs.add(c), nil
}

// add gives the column of a call, that of an equal call if there is one.
func (o *overs) add(c overCall) expr.Expr {
	for i, have := range o.calls {
		if have.name == c.name && sameCall(have, c) && have.over.same(c.over) {
			return expr.Column(overBase+i, c.spec.Type)
		}
	}
	o.calls = append(o.calls, c)
	return expr.Column(overBase+len(o.calls)-1, c.spec.Type)
}

// deviation binds STDDEV and VAR over a frame, as Flink does: by the sums of the
// values and of their squares, in the type of the values.
func (x *exprBinder) deviation(plain *exprBinder, n *ast.Call, name string) (expr.Expr, bool, error) {
	if len(n.Args) != 1 || n.Quantifier != ast.NoQuantifier {
		return expr.Expr{}, false, nil
	}
	value, err := plain.bind(n.Args[0])
	if err != nil || !typing.Numeric(value.Type) || value.Type.Kind == data.Decimal {
		return expr.Expr{}, false, err
	}
	over := func(f string, arg ast.Expr) ast.Expr {
		c := *n
		c.Name, c.Args = &ast.Name{Span: n.Span, Parts: []ast.Ident{{Span: n.Span, Name: f}}}, []ast.Expr{arg}
		return &c
	}
	binary := func(op ast.Op, l, r ast.Expr) ast.Expr {
		return &ast.Binary{Span: n.Span, Op: op, OpPos: n.Pos(), L: l, R: r}
	}
	a := n.Args[0]
	sum, count := over("SUM", a), over("COUNT", a)
	far := binary(ast.OpMinus, over("SUM", binary(ast.OpTimes, a, a)), binary(ast.OpDivide, binary(ast.OpTimes, sum, sum), count))
	var by ast.Expr = count
	if !strings.HasSuffix(name, "_POP") {
		one := &ast.Literal{Span: n.Span, Kind: ast.IntegerLiteral, Text: "1"}
		by = &ast.Call{Span: n.Span, Name: &ast.Name{Span: n.Span, Parts: []ast.Ident{{Span: n.Span, Name: "NULLIF"}}}, Args: []ast.Expr{binary(ast.OpMinus, count, one), &ast.Literal{Span: n.Span, Kind: ast.IntegerLiteral, Text: "0"}}}
	}
	out, err := x.bind(binary(ast.OpDivide, far, by))
	if err == nil && strings.HasPrefix(name, "STDDEV") {
		out, err = x.callFunction(n, "SQRT", []expr.Expr{out})
	}
	return convert(out, value.Type.WithNull(true)), true, err
}

func sameCall(a, b overCall) bool {
	return sameExprs(a.args, b.args) && a.spec.Offset == b.spec.Offset && (a.spec.Agg == nil) == (b.spec.Agg == nil) && (a.spec.Agg == nil || a.spec.Agg.Distinct == b.spec.Agg.Distinct)
}

// window resolves a reference to a named window.
func (o *overs) window(w *ast.Window) (*ast.Window, error) {
	if w.Ref == nil {
		return w, nil
	}
	for i, named := range o.named {
		if named.Name.Name != w.Ref.Name {
			continue
		}
		before := overs{named: o.named[:i]} // a window may be made of one before it
		base, err := before.window(named.Window)
		if err != nil || w.Bare {
			return base, err
		}
		if base.Frame != nil {
			return nil, ast.Errorf(base.Frame.Pos(), "Referenced window cannot have framing declarations")
		}
		out := *base
		if len(w.PartitionBy) > 0 {
			return nil, ast.Errorf(w.Pos(), "PARTITION BY not allowed with existing window reference")
		}
		if len(w.OrderBy) > 0 {
			if len(base.OrderBy) > 0 {
				return nil, ast.Errorf(w.Pos(), "ORDER BY not allowed in both base and referenced windows")
			}
			out.OrderBy = w.OrderBy
		}
		if w.Frame != nil {
			out.Frame = w.Frame
		}
		return &out, nil
	}
	known := make([]string, len(o.named))
	for i, n := range o.named {
		known[i] = n.Name.Name
	}
	return nil, ast.Errorf(w.Ref.Pos(), "Window '%s' not found%s", w.Ref.Name, meant(w.Ref.Name, known))
}

// overCall binds the function and its arguments.
func (x *exprBinder) overCall(n *ast.Call, name string) (overCall, error) {
	c := overCall{name: name}
	if n.Filter != nil {
		return c, ast.Errorf(n.Pos(), "OVER must be applied to aggregate function: %s with FILTER is not, put the condition into a CASE", name)
	}
	if n.WithinGroup != nil || n.OrderBy != nil {
		return c, unsupported(n.Pos(), name+" OVER with an order of its own is")
	}
	// Flink takes IGNORE NULLS of LAG and LEAD, and counts all rows nevertheless.
	if n.Nulls != "" && name != "LAG" && name != "LEAD" {
		return c, ast.Errorf(n.Pos(), "Cannot specify IGNORE NULLS or RESPECT NULLS following '%s'", name)
	}
	switch name {
	case "ROW_NUMBER", "RANK", "DENSE_RANK":
		if len(n.Args) > 0 {
			return c, ast.Errorf(n.Pos(), "Invalid number of arguments to function '%s'. Was expecting 0 arguments", name)
		}
		c.spec.Type = data.Type{Kind: data.BigInt}
		if c.spec.Func = name; name == "ROW_NUMBER" {
			c.spec.Func, c.spec.Agg = "", &graph.AggCall{Func: "COUNT", Filter: -1, Type: c.spec.Type}
		}
		if x.b.Batch {
			c.spec.Func, c.spec.Agg = name, nil
		}
		return c, nil
	case "PERCENT_RANK", "CUME_DIST":
		if len(n.Args) > 0 {
			return c, ast.Errorf(n.Pos(), "Invalid number of arguments to function '%s'. Was expecting 0 arguments", name)
		}
		c.spec.Func, c.spec.Type = name, data.Type{Kind: data.Double}
		return c, nil
	case "NTILE":
		return x.ntile(n, c)
	case "LAG", "LEAD":
		return x.lag(n, c, name)
	}
	f := x.b.aggregateOf(n)
	if f == nil {
		if x.b.known(name) {
			return c, ast.Errorf(n.Pos(), "OVER must be applied to aggregate function")
		}
		return c, x.noMatch(n, name)
	}
	call, args, err := x.aggregateCall(n, f)
	if err != nil {
		return c, err
	}
	if call.Distinct && x.b.Batch {
		return c, ast.Planf(n.Pos(), "Distinct not supported in Windowing function!")
	}
	if f.Name == "PERCENTILE" {
		if hasColumns(args[1]) {
			return c, ast.Errorf(n.Args[1].Pos(), "Invalid input arguments. The share of PERCENTILE must be a constant")
		}
		c.share, args = &args[1], gatheredForPercentile(args)
		call.Func, call.Type = "COLLECT", data.Type{Kind: data.Multiset, Args: []data.Type{args[0].Type}}
	}
	if strings.HasPrefix(name, "BITMAP_") { // the values are collected, and made a set afterwards
		call.Func, call.Type = "COLLECT", data.Type{Kind: data.Multiset, Args: []data.Type{args[0].Type}}
	}
	c.spec.Agg, c.spec.Type, c.args = &call, call.Type, args
	return c, nil
}

// ntile binds NTILE(number of parts).
func (x *exprBinder) ntile(n *ast.Call, c overCall) (overCall, error) {
	args, err := x.bindAll(n.Args...)
	if err != nil {
		return c, err
	}
	if len(args) != 1 || args[0].Kind != expr.KindLiteral || !typing.Integer(args[0].Type) || args[0].Value.Null || args[0].Value.I < 1 {
		return c, ast.Errorf(n.Pos(), "Argument to function 'NTILE' must be a literal: a number of parts that is above 0")
	}
	c.spec.Func, c.spec.Offset, c.spec.Type = "NTILE", args[0].Value.I, data.Type{Kind: data.BigInt}
	return c, nil
}

// lag binds LAG and LEAD(value [, rows back or ahead [, value where there is no such row]]).
func (x *exprBinder) lag(n *ast.Call, c overCall, name string) (overCall, error) {
	if len(n.Args) < 1 || len(n.Args) > 3 {
		return c, ast.Errorf(n.Pos(), "Invalid number of arguments to function '%s'. Was expecting 1 to 3 arguments", name)
	}
	args, err := x.bindAll(n.Args...)
	if err != nil {
		return c, err
	}
	if isNull(args[0]) {
		return c, illegalNull(n.Args[0].Pos())
	}
	c.spec.Func, c.spec.Offset, c.spec.Default = name, 1, -1
	c.spec.Type = typing.Plain(args[0].Type).WithNull(true)
	c.args = args[:1]
	if len(args) > 1 {
		k := args[1]
		offset, constant := x.b.constant(k)
		if !constant || !typing.Integer(k.Type) || offset.Null || offset.I < 0 && !x.b.Batch {
			if !typing.Numeric(k.Type) {
				return c, ast.Errorf(n.Pos(), "Cannot apply '%s' to arguments of type '%[1]s(%s)'. Supported form(s): '%[1]s(<ANY>)' '%[1]s(<ANY>, <NUMERIC>)' '%[1]s(<ANY>, <NUMERIC>, <ANY>)'", name, argNames(n, args))
			}
			if constant && typing.Integer(k.Type) && !offset.Null {
				return c, ast.Planf(n.Args[1].Pos(), "Offset(%d) should be positive.", offset.I)
			}
			return c, ast.Errorf(n.Args[1].Pos(), "%s takes a constant number of rows as its second argument", name)
		}
		c.spec.Offset = offset.I
	}
	if len(args) > 2 {
		if isNull(args[2]) {
			return c, illegalNull(n.Args[2].Pos())
		}
		if args[0].Type.Kind != args[2].Type.Kind && !(typing.Text(args[0].Type) && typing.Text(args[2].Type)) {
			return c, ast.Planf(n.Args[2].Pos(), "Please explicitly cast default value %s to %s.", args[2].Type, args[0].Type)
		}
		t, ok := typing.Common(args[0].Type, args[2].Type)
		if !ok {
			return c, ast.Errorf(n.Args[2].Pos(), "Cannot apply 'LAG' to arguments of type 'LAG(%s)': the first and the third must have a common type", argNames(n, args))
		}
		t = t.WithNull(true)
		c.args = []expr.Expr{convert(args[0], t), convert(args[2], t.WithNull(args[2].Type.Nullable))}
		c.spec.Type = t.WithNull(args[2].Type.Nullable)
	}
	return c, nil
}

// overWindow binds a window, which must be that of the calls before.
func (x *exprBinder) overWindow(plain *exprBinder, n *ast.Call, name string, w *ast.Window) error {
	keys, err := plain.bindAll(w.PartitionBy...)
	if err != nil {
		return err
	}
	if len(w.OrderBy) == 0 {
		switch name {
		case "RANK", "DENSE_RANK":
			return ast.Errorf(w.Pos(), "RANK or DENSE_RANK functions require ORDER BY clause in window specification")
		case "ROW_NUMBER":
			return ast.Errorf(n.Pos(), "Over Agg: The window rank function requires order by clause with non-constant fields. please re-check the over window statement.")
		}
		return ast.Planf(n.Pos(), "The window can only be ordered by a single time column.")
	}
	order, sort, err := x.b.order(w.OrderBy, plain, false)
	if err != nil {
		return err
	}
	switch name {
	case "ROW_NUMBER", "RANK", "DENSE_RANK":
		if !slices.ContainsFunc(order, func(e expr.Expr) bool { return e.Kind != expr.KindLiteral }) {
			return ast.Errorf(n.Pos(), "Over Agg: The window rank function requires order by clause with non-constant fields. please re-check the over window statement.")
		}
	}
	rows, from, err := plain.frame(n, name, w)
	if err != nil {
		return err
	}
	o := x.overs
	if len(o.calls) == 0 {
		o.keys, o.order, o.sort, o.rows, o.from, o.pos = keys, order, sort, rows, from, n.Pos()
		return nil
	}
	if !sameExprs(o.keys, keys) || !sameExprs(o.order, order) || !slices.Equal(o.sort, sort) || o.rows != rows || o.from != from {
		return ast.Planf(n.Pos(), "Over Agg: Unsupported use of OVER windows. All aggregates must be computed on the same window. please re-check the over window statement.")
	}
	return nil
}

// frame reads a frame: it must end with the current row.
func (x *exprBinder) frame(n *ast.Call, name string, w *ast.Window) (rows bool, from int64, err error) {
	f := w.Frame
	switch name {
	case "ROW_NUMBER", "RANK", "DENSE_RANK", "LAG":
		if f != nil {
			return false, 0, ast.Errorf(f.Pos(), "ROW/RANGE not allowed with RANK, DENSE_RANK, ROW_NUMBER, PERCENTILE_CONT/DISC or LAG/LEAD functions")
		}
		return name == "ROW_NUMBER", -1, nil
	}
	if f == nil {
		return false, -1, nil
	}
	if err := ends(f); err != nil {
		return false, 0, err
	}
	if f.Upper != nil && f.Upper.Kind != ast.CurrentRow || f.Lower.Kind == ast.Following || f.Lower.Kind == ast.UnboundedFollowing {
		return false, 0, ast.Planf(f.Pos(), "OVER RANGE FOLLOWING windows are not supported yet.")
	}
	switch f.Lower.Kind {
	case ast.UnboundedPreceding:
		return f.Rows, -1, nil
	case ast.CurrentRow:
		return false, 0, ast.Planf(f.Pos(), "OVER RANGE FOLLOWING windows are not supported yet. A frame of the current row alone is 0 PRECEDING.")
	}
	e, err := x.bind(f.Lower.Offset)
	if err != nil {
		return false, 0, err
	}
	if f.Rows {
		rows, err := x.b.frameRows(&f.Lower, e)
		return true, rows, err
	}
	v, ok := x.b.constant(e)
	ms := v.I
	if !ok || v.Null || e.Type.Kind != data.IntervalDayTime || ms < 0 {
		return false, 0, ast.Errorf(f.Lower.Pos(), "Data Type mismatch between ORDER BY and RANGE clause: RANGE takes a constant interval of days to seconds")
	}
	return false, ms, nil
}

// ends refuses frames whose ends do not follow each other.
func ends(f *ast.Frame) error {
	if f.Lower.Kind == ast.UnboundedFollowing {
		return ast.Errorf(f.Lower.Pos(), "UNBOUNDED FOLLOWING cannot be specified for the lower frame boundary")
	}
	if f.Upper == nil {
		return nil
	}
	lower, upper := f.Lower.Kind, f.Upper.Kind
	switch {
	case upper == ast.UnboundedPreceding:
		return ast.Errorf(f.Upper.Pos(), "UNBOUNDED PRECEDING cannot be specified for the upper frame boundary")
	case lower == ast.CurrentRow && upper == ast.Preceding:
		return ast.Errorf(f.Upper.Pos(), "Upper frame boundary cannot be PRECEDING when lower boundary is CURRENT ROW")
	case lower == ast.Following && upper == ast.CurrentRow:
		return ast.Errorf(f.Upper.Pos(), "Upper frame boundary cannot be CURRENT ROW when lower boundary is FOLLOWING")
	case lower == ast.Following && upper == ast.Preceding:
		return ast.Errorf(f.Upper.Pos(), "Upper frame boundary cannot be PRECEDING when lower boundary is FOLLOWING")
	}
	return nil
}

// hasOver tells whether there is a call with OVER in e, not counting sub-queries.
func hasOver(e ast.Node) bool {
	found := false
	ast.Walk(e, func(n ast.Node) bool {
		switch c := n.(type) {
		case *ast.Query:
			return false
		case *ast.Call:
			found = found || c.Over != nil
		}
		return !found
	})
	return found
}

// numbers tells whether nothing but ROW_NUMBER is asked for: then the rows of
// interest may be the first ones only.
func (o *overs) numbers() bool {
	for _, c := range o.calls {
		if c.name != "ROW_NUMBER" || !c.over.same(o.calls[0].over) {
			return false
		}
	}
	return true
}

// batch computes the calls over input, window by window, and puts their results
// in the order of the calls.
func (o *overs) batch(input logical.Node) logical.Node {
	var all []expr.Expr
	for _, c := range o.calls {
		all = append(append(append(all, c.over.keys...), c.over.order...), c.args...)
	}
	out, at := extended(input, all)
	width := len(out.Schema())
	placed := make([]int, len(o.calls)) // the column of each call
	type bound struct{ keys, order, args []int }
	bounds := make([]bound, len(o.calls))
	for i, c := range o.calls {
		k, s, a := len(c.over.keys), len(c.over.order), len(c.args)
		bounds[i] = bound{at[:k:k], at[k : k+s], at[k+s : k+s+a]}
		at = at[k+s+a:]
		placed[i] = -1
	}
	next := width
	for i, c := range o.calls {
		if placed[i] >= 0 {
			continue
		}
		frame, sort := c.over.frame, slices.Clone(c.over.sort)
		for k := range sort {
			sort[k].Column = bounds[i].order[k]
		}
		n := &logical.Over{Input: out, Pos: o.pos, Spec: graph.Over{Keys: bounds[i].keys, Order: sort, Rows: c.over.rows, Preceding: -1, Frame: &frame}}
		for k := i; k < len(o.calls); k++ {
			d := o.calls[k]
			if placed[k] >= 0 || !d.over.same(c.over) {
				continue
			}
			n.Spec.Calls, n.Names = append(n.Spec.Calls, settled(d.spec, bounds[k].args)), append(n.Names, "w"+strconv.Itoa(k)+"$o0")
			placed[k] = next
			next++
		}
		out = n
	}
	p := &logical.Project{Input: out}
	for i, c := range out.Schema()[:width] {
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, c.Type)), append(p.Columns, c)
	}
	for _, k := range placed {
		c := out.Schema()[k]
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(k, c.Type)), append(p.Columns, c)
	}
	return p
}

// settled is a call whose arguments are columns.
func settled(spec graph.OverCall, args []int) graph.OverCall {
	switch {
	case spec.Agg != nil:
		agg := *spec.Agg
		agg.Args = args
		spec.Agg = &agg
	case spec.Func == "LAG", spec.Func == "LEAD":
		if spec.Arg = args[0]; len(args) > 1 {
			spec.Default = args[1]
		}
	}
	return spec
}

// batchWindow binds a window of batch mode.
func (x *exprBinder) batchWindow(plain *exprBinder, n *ast.Call, name string, w *ast.Window) (overWindow, error) {
	out := overWindow{batch: true, frame: graph.Frame{From: graph.Bound{Unbounded: true}}}
	var err error
	if out.keys, err = plain.bindAll(w.PartitionBy...); err != nil {
		return out, err
	}
	if out.order, out.sort, err = x.b.order(w.OrderBy, plain, false); err != nil {
		return out, err
	}
	ranks := contains(notStreaming, name) || name == "RANK" || name == "DENSE_RANK" || name == "ROW_NUMBER" || name == "LAG"
	if len(w.OrderBy) == 0 {
		switch name {
		case "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST":
			return out, ast.Errorf(w.Pos(), "RANK or DENSE_RANK functions require ORDER BY clause in window specification")
		case "ROW_NUMBER":
			return out, ast.Errorf(n.Pos(), "Over Agg: The window rank function requires order by clause with non-constant fields. please re-check the over window statement.")
		}
	}
	if out.frame.To.Unbounded = len(w.OrderBy) == 0; ranks {
		out.frame = graph.Frame{From: graph.Bound{Unbounded: true}, To: graph.Bound{Unbounded: true}}
	}
	f := w.Frame
	switch {
	case f == nil:
		return out, nil
	case ranks:
		return out, ast.Errorf(f.Pos(), "ROW/RANGE not allowed with RANK, DENSE_RANK, ROW_NUMBER, PERCENTILE_CONT/DISC or LAG/LEAD functions")
	}
	if err := ends(f); err != nil {
		return out, err
	}
	out.rows = f.Rows
	if out.frame.From, err = plain.bound(&f.Lower, out, true); err != nil {
		return out, err
	}
	if out.frame.To = (graph.Bound{}); f.Upper != nil {
		out.frame.To, err = plain.bound(f.Upper, out, false)
	}
	return out, err
}

// bound reads one end of a frame of batch mode, the lower one or the upper.
func (x *exprBinder) bound(b *ast.Bound, w overWindow, lower bool) (graph.Bound, error) {
	switch b.Kind {
	case ast.UnboundedPreceding, ast.UnboundedFollowing:
		return graph.Bound{Unbounded: true}, nil
	case ast.CurrentRow:
		return graph.Bound{}, nil
	}
	e, err := x.bind(b.Offset)
	if err != nil {
		return graph.Bound{}, err
	}
	if w.rows {
		rows, err := x.b.frameRows(b, e)
		if b.Kind == ast.Preceding {
			rows = -rows
		}
		return graph.Bound{By: float64(rows)}, err
	}
	return x.rangeBound(b, e, w, lower)
}

// rangeBound reads an end of RANGE: how far its value is from that of the row.
func (x *exprBinder) rangeBound(b *ast.Bound, e expr.Expr, w overWindow, lower bool) (graph.Bound, error) {
	mismatch := ast.Errorf(b.Pos(), "Data Type mismatch between ORDER BY and RANGE clause")
	switch {
	case len(w.order) > 1:
		return graph.Bound{}, ast.Errorf(b.Pos(), "RANGE clause cannot be used with compound ORDER BY clause")
	case len(w.order) == 0:
		return graph.Bound{}, mismatch
	case e.Type.Kind == data.IntervalYearMonth:
		return graph.Bound{}, ast.Errorf(b.Pos(), "INTERVAL_YEAR_MONTH type is not allowed for window boundary")
	}
	v, ok := x.b.constant(e)
	if !ok || v.Null {
		return graph.Bound{}, ast.Planf(b.Pos(), "RANGE takes a constant")
	}
	by := w.order[0].Type
	times, over := data.I128(1), data.I128(1) // units of the order for what the bound counts
	switch {
	case typing.Numeric(by) && typing.Numeric(e.Type):
		if scale := e.Type.Scale - by.Scale; e.Type.Kind == data.Decimal || by.Kind == data.Decimal {
			times, over = data.Pow10(max(-scale, 0)), data.Pow10(max(scale, 0))
		}
	case e.Type.Kind != data.IntervalDayTime:
		return graph.Bound{}, mismatch
	case by.Kind == data.Date:
		over = data.I128(24 * 60 * 60 * 1000)
	case by.Kind == data.Time:
	case by.Kind == data.Timestamp || by.Kind == data.TimestampLTZ: // Flink fails, too
		return graph.Bound{}, ast.Planf(b.Pos(), "Unsupported temporal arithmetic: RANGE in batch mode is of a number, a DATE or a TIME, not of %s", by)
	default:
		return graph.Bound{}, mismatch
	}
	far, amount := numberOf(v, e.Type)
	if b.Kind == ast.Preceding {
		far, amount = -far, amount.Neg()
	}
	if by.Kind == data.Float || by.Kind == data.Double {
		return graph.Bound{By: far}, nil
	}
	amount, fits := amount.Mul(times)
	if !fits {
		return graph.Bound{}, ast.Errorf(b.Pos(), "RANGE reaches beyond %s", by)
	}
	units, rest := amount.QuoRem(over)
	switch { // the first value within the frame, or the last
	case lower && rest.Sign() > 0:
		units = units.Add(data.I128(1))
	case !lower && rest.Sign() < 0:
		units = units.Sub(data.I128(1))
	}
	return graph.Bound{By: far, Units: units}, nil
}

// numberOf is a number or an interval of milliseconds, and what it counts in the
// last digit of its type.
func numberOf(v data.Value, t data.Type) (float64, data.Int128) {
	switch t.Phys() {
	case data.PhysF32, data.PhysF64:
		return v.F, data.I128(int64(v.F))
	case data.PhysI128:
		return data.DecimalFloat(v.D, t.Scale), v.D
	}
	n := data.I128(v.I)
	if t.Kind == data.Decimal {
		return data.DecimalFloat(n, t.Scale), n
	}
	return float64(v.I), n
}

// frameRows is how many rows an end of a frame is away.
func (b *Binder) frameRows(end *ast.Bound, e expr.Expr) (int64, error) {
	v, ok := b.constant(e)
	switch {
	case !ok:
		return 0, ast.Planf(end.Pos(), "ROWS takes a constant, not `%s` %s", ast.Print(end.Offset), end.Kind)
	case v.Null || v.I < 0 || !typing.Integer(e.Type):
		return 0, ast.Errorf(end.Pos(), "ROWS value must be a non-negative integral constant")
	}
	return v.I, nil
}

// constant is the value of an expression that has no columns.
func (b *Binder) constant(e expr.Expr) (data.Value, bool) {
	if e.Kind == expr.KindLiteral {
		return e.Value, true
	}
	if b.Fold == nil || hasColumns(e) {
		return data.Value{}, false
	}
	v, err := b.Fold(e)
	return v, err == nil
}

// node computes the calls over input.
func (o *overs) node(input logical.Node) (logical.Node, error) {
	if batch := o.calls[0].over; batch.batch {
		if !o.numbers() {
			return o.batch(input), nil
		}
		o.keys, o.order, o.sort = batch.keys, batch.order, batch.sort
	}
	all := append(append([]expr.Expr{}, o.keys...), o.order...)
	for _, c := range o.calls {
		all = append(all, c.args...)
	}
	below, at := extended(input, all)
	keys, rest := at[:len(o.keys):len(o.keys)], at[len(o.keys):]
	sort := slices.Clone(o.sort)
	for i := range sort {
		sort[i].Column = rest[i]
	}
	if rest = rest[len(sort):]; o.numbers() {
		top := &logical.TopN{Input: below, Keys: keys, Order: sort, From: 1, Number: true, Name: "$rank", Pos: o.pos}
		if len(sort) == 1 && !o.calls[0].over.batch {
			top.Time = below.Schema()[sort[0].Column].Type.TimeAttr
		}
		return top, nil
	}
	if len(sort) != 1 {
		return nil, ast.Planf(o.pos, "The window can only be ordered by a single time column.")
	}
	if sort[0].Desc {
		return nil, ast.Planf(o.pos, "The window can only be ordered in ASCENDING mode.")
	}
	time := below.Schema()[sort[0].Column].Type.TimeAttr
	rows := o.rows || time == data.ProcTime && o.from < 0 // no two rows come at one time
	out := &logical.Over{Input: below, Pos: o.pos, Spec: graph.Over{Keys: keys, Order: sort, Rows: rows, Preceding: o.from, Time: time}}
	for i, c := range o.calls {
		args := rest[:len(c.args)]
		rest = rest[len(c.args):]
		spec := c.spec
		switch {
		case spec.Agg != nil:
			agg := *spec.Agg
			agg.Args = args
			spec.Agg = &agg
		case spec.Func == "LAG", spec.Func == "LEAD":
			if spec.Arg = args[0]; len(args) > 1 {
				spec.Default = args[1]
			}
		}
		out.Spec.Calls, out.Names = append(out.Spec.Calls, spec), append(out.Names, "w"+strconv.Itoa(i)+"$o0")
	}
	return out, nil
}

// placed moves the columns from base on to where they are now.
func placed(e expr.Expr, base, to int) expr.Expr {
	if e.Kind == expr.KindColumn && e.Index >= base && e.Index < 2*base {
		e.Index += to - base
	}
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = placed(a, base, to)
		}
		e.Args = args
	}
	return e
}

func sameExprs(a, b []expr.Expr) bool {
	return slices.EqualFunc(a, b, sameExpr)
}
