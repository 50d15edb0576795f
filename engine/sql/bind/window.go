package bind

import (
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// windowParameters are the parameters of the window functions, in order.
var windowParameters = map[string][]string{
	"TUMBLE":   {"DATA", "TIMECOL", "SIZE", "OFFSET"},
	"HOP":      {"DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"},
	"CUMULATE": {"DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"},
	"SESSION":  {"DATA", "TIMECOL", "GAP"},
}

// windowFunction binds FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(c), INTERVAL …)).
func (b *Binder) windowFunction(r *ast.TableFunction) (logical.Node, error) {
	c := r.Call
	kind := strings.ToUpper(c.Name.Last().Name)
	params, ok := windowParameters[kind]
	if !ok || len(c.Name.Parts) > 1 {
		return nil, b.noTableFunction(c)
	}
	args := map[string]ast.Expr{}
	if most := len(params); len(c.Args) > most {
		return nil, ast.Errorf(c.Pos(), "Invalid number of arguments to function '%s'. Was expecting %d arguments: it takes %s", kind, max(most-1, 3), strings.Join(params, ", "))
	}
	for i, a := range c.Args {
		if n, ok := a.(*ast.NamedArg); ok {
			name := strings.ToUpper(n.Name.Name)
			if !contains(params, name) {
				return nil, ast.Errorf(c.Pos(), "Invalid number of arguments to function '%s'. Was expecting %d arguments: it has no parameter '%s', but %s", kind, max(len(params)-1, 3), n.Name.Name, strings.Join(params, ", "))
			}
			args[name] = n.Value
			continue
		}
		if n, ok := a.(*ast.Name); ok && i < 2 && kind == "SESSION" { // PARTITION BY takes one name, or several in parentheses
			return nil, ast.Errorf(n.Pos(), "Column '%s' not found in any table: several columns of PARTITION BY stand in parentheses", n)
		}
		args[params[i]] = a
	}
	for _, p := range params {
		if args[p] == nil && p != "OFFSET" {
			return nil, ast.Errorf(c.Pos(), "%s needs %s: %s(%s)", kind, p, kind, strings.Join(params, ", "))
		}
	}
	table, ok := args["DATA"].(*ast.TableArg)
	if !ok {
		return nil, ast.Errorf(args["DATA"].Pos(), "%s takes a table first: TABLE name, or a query in parentheses", kind)
	}
	switch {
	case len(table.OrderBy) > 0 && kind == string(graph.Session):
		return nil, ast.Errorf(c.Pos(), "Session window TVF doesn't support order by clause.")
	case len(table.OrderBy) > 0:
		return nil, ast.Errorf(c.Pos(), "Only tables with set semantics may be ordered. Invalid ORDER BY clause in the 0-th operand of table function '%s'", kind)
	case len(table.PartitionBy) > 0 && kind != string(graph.Session):
		return nil, ast.Errorf(c.Pos(), "Only tables with set semantics may be partitioned. Invalid PARTITION BY clause in the 0-th operand of table function '%s'", kind)
	}
	input, sc, err := b.tableArg(table)
	if err != nil {
		return nil, err
	}
	w := graph.Window{Kind: graph.WindowKind(kind)}
	if err := b.timeColumn(&w, args["TIMECOL"], input); err != nil {
		return nil, err
	}
	if err := b.windowSizes(&w, args, c.Pos()); err != nil {
		return nil, err
	}
	if len(table.PartitionBy) > 0 {
		x := &exprBinder{b: b, scope: sc}
		for _, p := range table.PartitionBy {
			e, err := x.bind(p)
			if err != nil {
				return nil, err
			}
			if e.Kind != expr.KindColumn {
				return nil, ast.Errorf(p.Pos(), "PARTITION BY of SESSION takes columns")
			}
			w.PartitionBy = append(w.PartitionBy, e.Index)
		}
	}
	return &logical.WindowAssign{Input: input, Window: w, Pos: c.Pos()}, nil
}

func (b *Binder) tableArg(t *ast.TableArg) (logical.Node, *scope, error) {
	if t.Table != nil {
		return b.tableName(&ast.TableName{Span: t.Span, Name: t.Table})
	}
	n, err := b.query(t.Query)
	if err != nil {
		return nil, nil, err
	}
	return b.aliased(n, nil, "")
}

func (b *Binder) timeColumn(w *graph.Window, arg ast.Expr, input logical.Node) error {
	d, ok := arg.(*ast.Descriptor)
	if !ok || len(d.Columns) == 0 {
		return ast.Errorf(arg.Pos(), "%s takes the time column second: DESCRIPTOR(column)", w.Kind)
	}
	col := d.Columns[0]
	w.TimeColumn = -1
	cols := input.Schema()
	for i, c := range cols {
		if c.Name == col.Name {
			w.TimeColumn = i
			w.TimeAttr = c.Type.TimeAttr
			w.LTZ = c.Type.Kind == data.TimestampLTZ
		}
	}
	if w.TimeColumn < 0 {
		return ast.Errorf(col.Pos(), "Column '%s' not found in any table%s", col.Name, meant(col.Name, names(cols)))
	}
	if w.TimeColumn >= 0 && b.Batch && anyTime(cols[w.TimeColumn].Type) {
		w.TimeAttr = data.EventTime
	}
	if w.TimeAttr == data.NoTimeAttr {
		return ast.Errorf(col.Pos(), "The window function requires the timecol is a time attribute type, but is %s. Declare a WATERMARK on '%s' in its table, or use PROCTIME()", cols[w.TimeColumn].Type.WithNull(true), col.Name)
	}
	return nil
}

// anyTime tells whether windows of batch mode can be of a column: all its rows are
// there before any window is given, so no watermark is asked for.
func anyTime(t data.Type) bool {
	return (t.Kind == data.Timestamp || t.Kind == data.TimestampLTZ) && t.Precision <= 3
}

func (b *Binder) windowSizes(w *graph.Window, args map[string]ast.Expr, pos ast.Pos) error {
	x := &exprBinder{b: b, scope: &scope{}}
	for _, p := range []struct {
		name string
		to   *int64
	}{{"SIZE", &w.Size}, {"SLIDE", &w.Slide}, {"STEP", &w.Slide}, {"GAP", &w.Gap}, {"OFFSET", &w.Offset}} {
		a := args[p.name]
		if a == nil {
			continue
		}
		e, err := x.bind(a)
		if err != nil {
			return err
		}
		ms, ok := constantMillis(e)
		switch {
		case ok:
		case e.Type.Kind == data.IntervalYearMonth:
			return ast.Planf(a.Pos(), "Window aggregate only support SECOND, MINUTE, HOUR, DAY as the time unit. MONTH and YEAR time unit are not supported yet.")
		case e.Type.Kind == data.IntervalDayTime:
			return ast.Planf(a.Pos(), "Only constant window descriptors are supported: %s of %s must be a constant interval, such as INTERVAL '10' SECOND", p.name, w.Kind)
		default:
			return ast.Errorf(a.Pos(), "%s of %s must be a constant interval of days to seconds, such as INTERVAL '10' SECOND", p.name, w.Kind)
		}
		if ms <= 0 && p.name != "OFFSET" {
			return ast.Errorf(a.Pos(), "%s of %s must be greater than zero, got %d ms", p.name, w.Kind, ms)
		}
		*p.to = ms
	}
	switch {
	case w.Kind == graph.Cumulate && w.Size%w.Slide != 0:
		return ast.Errorf(pos, "CUMULATE table function based aggregate requires maxSize must be an integral multiple of step, but got maxSize %d ms and step %d ms", w.Size, w.Slide)
	case w.Size > 0 && (w.Offset >= w.Size || -w.Offset >= w.Size):
		return ast.Errorf(pos, "%s table function parameters must satisfy abs(offset) < size, but got size %d ms and offset %d ms", w.Kind, w.Size, w.Offset)
	}
	return nil
}

func constantMillis(e expr.Expr) (int64, bool) {
	if e.Kind == expr.KindCall && e.Func == "NEG" {
		n, ok := constantMillis(e.Args[0])
		return -n, ok
	}
	if e.Kind != expr.KindLiteral || e.Type.Kind != data.IntervalDayTime || e.Value.Null {
		return 0, false
	}
	return e.Value.I, true
}
