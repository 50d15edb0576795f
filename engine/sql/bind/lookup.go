package bind

import (
	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// noLookup is what Flink says of a table that cannot be asked at the time a row
// comes, and why.
func noLookup(pos ast.Pos, why string) error {
	return ast.Errorf(pos, "Processing-time temporal join is not supported yet. %s", why)
}

// lookup binds l JOIN r FOR SYSTEM_TIME AS OF l.proctime ON l.k = r.k.
func (b *Binder) lookup(left logical.Node, ls *scope, r *ast.TableName, t *catalog.Table, j *ast.Join) (logical.Node, *scope, error) {
	t, err := withHints(t, r.Hints)
	if err != nil {
		return nil, nil, err
	}
	if t.View != nil {
		return nil, nil, noLookup(r.Pos(), "Only a table can be asked for rows by key, and '"+r.Name.String()+"' is a view.")
	}
	if b.Lookup == nil {
		return nil, nil, noLookup(r.Pos(), "There is nothing to ask tables with.")
	}
	if err := b.Lookup(t, r.Pos()); err != nil {
		return nil, nil, err
	}
	scan, declared, err := b.columnsOf(t, r.Pos())
	if err != nil {
		return nil, nil, err
	}
	_, rs, err := b.aliased(declared, r.Alias, r.Name.Last().Name)
	if err != nil {
		return nil, nil, err
	}
	sc := ls.beside(rs)
	cond := trueLiteral()
	if j.On != nil {
		if cond, err = b.condition(&exprBinder{b: b, scope: sc}, j.On, "ON"); err != nil {
			return nil, nil, err
		}
	}
	width := len(left.Schema())
	n := &logical.Lookup{Table: scan, Kind: joinKinds[j.Kind], Pos: j.Pos()}
	var keys, rest []expr.Expr
	for _, c := range parts(cond) {
		c = overScan(c, width, declared)
		if c.Kind == expr.KindLiteral && !c.Value.Null && c.Value.I != 0 {
			continue
		}
		l, k, ok := temporalKey(c, width)
		if !ok {
			if err := notKey(r, j, c, width); err != nil {
				return nil, nil, err
			}
			rest = append(rest, c)
			continue
		}
		keys, n.RightKeys = append(keys, l), append(n.RightKeys, k)
	}
	if len(keys) == 0 {
		return nil, nil, ast.Errorf(r.Pos(), "Temporal table join requires an equality condition on fields of table [%s].", t.Path)
	}
	n.Input, n.LeftKeys = extended(left, keys)
	extra := len(n.Input.Schema()) - width
	if len(rest) > 0 {
		on := movedFrom(allOf(rest), width, extra)
		n.Cond = &on
	}
	return lookedUp(n, declared, sc, width, extra), sc, nil
}

// overScan puts what is read of the table in place of its declared columns.
func overScan(e expr.Expr, width int, declared *logical.Project) expr.Expr {
	if e.Kind == expr.KindColumn && e.Index >= width {
		return shifted(declared.Exprs[e.Index-width], width)
	}
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = overScan(a, width, declared)
		}
		e.Args = args
	}
	return e
}

// notKey refuses what looks like a key and cannot be one.
func notKey(r *ast.TableName, j *ast.Join, c expr.Expr, width int) error {
	if c.Kind != expr.KindCall {
		return nil
	}
	if c.Func == "IS NOT DISTINCT FROM" {
		return ast.Errorf(j.On.Pos(), "LookupJoin doesn't support join condition contains 'a IS NOT DISTINCT FROM b' (or alternative '(a = b) or (a IS NULL AND b IS NULL)')")
	}
	if c.Func != "=" {
		return nil
	}
	for i, a := range c.Args {
		if a.Kind == expr.KindCall && (a.Func == "CAST" || a.Func == "REINTERPRET") && a.Args[0].Kind == expr.KindColumn && a.Args[0].Index >= width && leftOnly(c.Args[1-i], width) && c.Args[1-i].Kind != expr.KindLiteral {
			return ast.Errorf(j.On.Pos(), "implicit type conversion between %s and %s is not supported on join's condition now: CAST the left side to the type of the column of '%s'",
				bareType(c.Args[1-i].Type), bareType(a.Args[0].Type), r.Name)
		}
	}
	return nil
}

func bareType(t data.Type) string { return withoutTime(t).WithNull(true).String() }

// lookedUp gives the columns of both sides as they are declared.
func lookedUp(n *logical.Lookup, declared *logical.Project, sc *scope, width, extra int) logical.Node {
	schema := n.Schema()
	p := &logical.Project{Input: n}
	for i := range sc.columns {
		c := sc.columns[i]
		var e expr.Expr
		if i < width {
			e = expr.Column(i, schema[i].Type)
		} else {
			e = retyped(shifted(declared.Exprs[i-width], width+extra), schema)
			if n.Kind.KeepsLeft() && e.Kind != expr.KindColumn { // NULL where no row was found
				e.Type.Nullable = true
				key := expr.Column(width+extra+n.RightKeys[0], schema[width+extra+n.RightKeys[0]].Type)
				e = call("CASE", e.Type, call("IS NULL", boolean(false), key), expr.Literal(data.NullValue(), e.Type), e)
			}
		}
		c.Type = e.Type
		sc.columns[i] = c
		p.Exprs, p.Columns = append(p.Exprs, e), append(p.Columns, c)
	}
	return p
}
