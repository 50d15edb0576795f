package bind

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// temporal binds l JOIN r FOR SYSTEM_TIME AS OF l.time ON l.k = r.k.
func (b *Binder) temporal(left logical.Node, ls *scope, r *ast.TableName, j *ast.Join) (logical.Node, *scope, error) {
	t, err := b.Table(r.Name)
	if err != nil {
		return nil, nil, err
	}
	at, err := (&exprBinder{b: b, scope: ls}).bind(r.SystemTime)
	if err != nil {
		return nil, nil, err
	}
	if at.Kind == expr.KindColumn && wasEventTime(left, at.Index) {
		at.Type.TimeAttr = data.EventTime
	}
	if at.Kind != expr.KindColumn || at.Type.TimeAttr == data.NoTimeAttr {
		return nil, nil, ast.Errorf(r.SystemTime.Pos(), "Temporal table join currently only supports 'FOR SYSTEM_TIME AS OF' left table's time attribute field")
	}
	switch {
	case j.Kind == ast.RightJoin || j.Kind == ast.FullJoin:
		return nil, nil, ast.Planf(j.Pos(), "Unknown join type %s", j.Kind)
	case at.Type.TimeAttr == data.ProcTime && !j.Natural && j.Using == nil:
		return b.lookup(left, ls, r, t, j)
	case j.Natural || j.Using != nil:
		return nil, nil, unsupported(j.Pos(), "NATURAL JOIN or USING with FOR SYSTEM_TIME AS OF is")
	case j.On == nil:
		return nil, nil, noVersions(r)
	}
	plain := *r
	plain.SystemTime = nil
	right, rs, err := b.tableName(&plain)
	if err != nil {
		return nil, nil, err
	}
	v := versionsOf(right)
	if t.View == nil {
		v = versions{keys: keysNamed(right.Schema(), t.PrimaryKey), time: timeOf(right.Schema()), rank: -1}
	}
	sc := ls.beside(rs)
	cond, err := b.condition(&exprBinder{b: b, scope: sc}, j.On, "ON")
	if err != nil {
		return nil, nil, err
	}
	n := &logical.Temporal{Left: left, Right: right, Kind: joinKinds[j.Kind], LeftTime: at.Index, RightTime: v.time, Pos: j.Pos()}
	width := len(left.Schema())
	var keys, rest []expr.Expr
	for _, c := range parts(cond) {
		l, k, ok := temporalKey(c, width)
		if !ok || !hasColumns(l) {
			rest = append(rest, c)
			continue
		}
		keys, n.RightKeys = append(keys, l), append(n.RightKeys, k)
	}
	if len(keys) == 0 {
		return nil, nil, ast.Errorf(j.On.Pos(), "Currently the join key in Temporal Table Join can not be empty.")
	}
	for _, k := range v.keys {
		if !slices.Contains(n.RightKeys, k) {
			return nil, nil, noVersions(r)
		}
	}
	if len(v.keys) == 0 || v.rank >= 0 {
		return nil, nil, noVersions(r)
	}
	if filtersChanges(right) {
		return nil, nil, ast.Planf(r.Pos(), "Filter is not allowed for right changelog input of event time temporal join, it will corrupt the versioning of data. Please consider removing the filter before joining.")
	}
	if v.time < 0 {
		return nil, nil, ast.Errorf(r.Pos(), "Event-Time Temporal Table Join requires both primary key and row time attribute in versioned table, but no row time attribute can be found.")
	}
	n.Left, n.LeftKeys = extended(left, keys)
	extra := len(n.Left.Schema()) - width
	if len(rest) > 0 {
		on := movedFrom(allOf(rest), width, extra)
		n.Cond = &on
	}
	p := &logical.Project{Input: n}
	for i, c := range n.Schema() {
		if i >= width && i < width+extra {
			continue
		}
		c.Name = sc.columns[len(p.Exprs)].Name
		sc.columns[len(p.Exprs)] = c
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, c.Type)), append(p.Columns, c)
	}
	return p, sc, nil
}

func noVersions(r *ast.TableName) error {
	return ast.Errorf(r.Pos(), "Temporal Table Join requires primary key in versioned table, but no primary key can be found: join '%s' by its primary key", r.Name)
}

func parts(e expr.Expr) []expr.Expr {
	if e.Kind == expr.KindCall && e.Func == "AND" {
		var out []expr.Expr
		for _, a := range e.Args {
			out = append(out, parts(a)...)
		}
		return out
	}
	return []expr.Expr{e}
}

// temporalKey reads left expression = right column.
func temporalKey(e expr.Expr, width int) (expr.Expr, int, bool) {
	if e.Kind != expr.KindCall || e.Func != "=" {
		return e, 0, false
	}
	l, r := e.Args[0], e.Args[1]
	if l.Kind == expr.KindColumn && l.Index >= width {
		l, r = r, l
	}
	if r.Kind != expr.KindColumn || r.Index < width || !leftOnly(l, width) || !logical.SameKey(l.Type, r.Type) {
		return e, 0, false
	}
	return l, r.Index - width, true
}

func leftOnly(e expr.Expr, width int) bool {
	if e.Kind == expr.KindColumn && e.Index >= width {
		return false
	}
	for _, a := range e.Args {
		if !leftOnly(a, width) {
			return false
		}
	}
	return true
}

// versions says by which columns a relation has versions, and when each began.
type versions struct {
	keys []int
	time int // -1: unknown
	// rank is the column that must be 1 for the last version of each key; -1: the
	// relation has no others.
	rank int
}

func keysNamed(columns []data.Column, names []string) []int {
	var out []int
	for _, n := range names {
		for i, c := range columns {
			if c.Name == n {
				out = append(out, i)
			}
		}
	}
	return out
}

func timeOf(columns []data.Column) int {
	return slices.IndexFunc(columns, func(c data.Column) bool { return c.Type.TimeAttr == data.EventTime })
}

// versionsOf finds the versions of a view: the last row of each key by time, as
// ROW_NUMBER() OVER (PARTITION BY key ORDER BY time DESC) = 1 gives it, or a table
// with a primary key and a watermark below what only chooses columns.
func versionsOf(n logical.Node) versions {
	none := versions{time: -1, rank: -1}
	switch n := n.(type) {
	case *logical.Project:
		below := versionsOf(n.Input)
		out := none
		at := func(i int) int {
			return slices.IndexFunc(n.Exprs, func(e expr.Expr) bool { return i >= 0 && e.Kind == expr.KindColumn && e.Index == i })
		}
		for _, k := range below.keys {
			if k = at(k); k < 0 {
				return none
			}
			out.keys = append(out.keys, k)
		}
		out.time, out.rank = at(below.time), at(below.rank)
		if below.rank >= 0 && out.rank < 0 {
			return none
		}
		return out
	case *logical.Filter:
		out := versionsOf(n.Input)
		if out.rank >= 0 && isFirst(n.Cond, out.rank) {
			out.rank = -1
		}
		return out
	case *logical.Watermark:
		out := versionsOf(n.Input)
		out.time = n.TimeColumn
		return out
	case *logical.Normalize:
		return versions{keys: n.Keys, time: -1, rank: -1}
	case *logical.Scan:
		return versions{keys: keysNamed(n.Columns, n.Table.PrimaryKey), time: -1, rank: -1}
	case *logical.Aggregate:
		in := n.Input.Schema()
		out := none
		for i := range n.Keys {
			out.keys = append(out.keys, i)
		}
		for i, a := range n.Aggs { // the greatest time is that of the last change
			if a.Func == "MAX" && in[a.Args[0]].Type.TimeAttr == data.EventTime && out.time < 0 {
				out.time = len(n.Keys) + i
			}
		}
		return out
	case *logical.TopN:
		in := n.Input.Schema()
		if n.Bounded || len(n.Order) != 1 || in[n.Order[0].Column].Type.TimeAttr != data.EventTime {
			return none
		}
		return versions{keys: n.Keys, time: n.Order[0].Column, rank: len(in)}
	}
	return none
}

// filtersChanges tells whether a condition leaves out some of the changes of a
// relation, so that versions are missing.
func filtersChanges(n logical.Node) bool {
	filters := false
	for {
		switch x := n.(type) {
		case *logical.Project:
			n = x.Input
		case *logical.Filter:
			filters, n = true, x.Input
		case *logical.Watermark:
			n = x.Input
		case *logical.Scan:
			return filters && !x.Modes.InsertOnly()
		case *logical.Normalize, *logical.Aggregate:
			return filters
		default:
			return false
		}
	}
}

// isFirst tells whether a condition is rank = 1 or rank <= 1.
func isFirst(cond expr.Expr, rank int) bool {
	if cond.Kind != expr.KindCall || cond.Func != "=" && cond.Func != "<=" {
		return false
	}
	l, r := cond.Args[0], cond.Args[1]
	return l.Kind == expr.KindColumn && l.Index == rank && r.Kind == expr.KindLiteral && !r.Value.Null && r.Value.I == 1
}
