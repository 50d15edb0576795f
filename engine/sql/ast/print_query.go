package ast

import "strconv"

func (p *printer) parenQuery(q *Query) {
	p.w("(")
	p.query(q)
	p.w(")")
}

func (p *printer) query(q *Query) {
	if q.With != nil {
		p.w("WITH ")
		p.when(q.With.Recursive, "RECURSIVE ")
		p.each(len(q.With.Items), ", ", func(i int) {
			c := q.With.Items[i]
			p.ident(c.Name)
			if len(c.Columns) > 0 {
				p.w(" ")
				p.identList(c.Columns)
			}
			p.w(" AS ")
			p.parenQuery(c.Query)
		})
		p.w(" ")
	}
	p.body(q.Body, 0)
	if len(q.OrderBy) > 0 {
		p.when(p.opts.Lines, "\n")
		p.when(!p.opts.Lines, " ")
		p.orderBy(q.OrderBy)
	}
	if p.opts.Lines {
		if q.Offset != nil {
			p.clause("OFFSET")
			p.expr(q.Offset, 0)
			p.w(" ROWS")
		}
		if q.Limit != nil {
			p.clause("FETCH NEXT")
			p.expr(q.Limit, 0)
			p.w(" ROWS ONLY")
		}
		return
	}
	if q.Limit != nil {
		p.w(" LIMIT ")
		p.expr(q.Limit, 0)
	}
	if q.Offset != nil {
		p.w(" OFFSET ")
		p.expr(q.Offset, 0)
	}
}

// body writes one operand of a set operation; level is that of the operation
// around it (1 UNION and EXCEPT, 2 INTERSECT).
func (p *printer) body(b QueryBody, level int) {
	switch b := b.(type) {
	case *Query:
		p.parenQuery(b)
	case *Select:
		p.selectBlock(b)
	case *Values:
		p.w("VALUES ")
		p.each(len(b.Rows), ", ", func(i int) {
			p.w("(")
			items := b.Rows[i].Items
			p.each(len(items), ", ", func(j int) {
				p.expr(items[j], 0)
			})
			p.w(")")
		})
	case *ExplicitTable:
		p.w("TABLE ")
		p.name(b.Name)
	case *SetOp:
		own := 1
		if b.Kind == Intersect {
			own = 2
		}
		p.when(own < level, "(")
		p.body(b.Left, own)
		kind := string(b.Kind)
		if b.All {
			kind += " ALL"
		}
		if p.opts.Lines {
			p.w("\n", kind, "\n")
		} else {
			p.w(" ", kind, " ")
		}
		p.body(b.Right, own+1)
		p.when(own < level, ")")
	}
}

func (p *printer) selectBlock(s *Select) {
	p.w("SELECT")
	p.hints(s.Hints)
	if s.Quantifier != "" {
		p.w(" ", string(s.Quantifier))
	}
	p.w(" ")
	p.each(len(s.Items), ", ", func(i int) { p.selectItem(s.Items[i]) })
	if s.From != nil {
		p.clause("FROM")
		p.table(s.From)
	}
	if s.Where != nil {
		p.clause("WHERE")
		p.expr(s.Where, 0)
	}
	if s.GroupBy != nil {
		p.clause("GROUP BY")
		if s.GroupBy.Quantifier != "" {
			p.w(string(s.GroupBy.Quantifier), " ")
		}
		p.groupItems(s.GroupBy.Items)
	}
	if s.Having != nil {
		p.clause("HAVING")
		p.expr(s.Having, 0)
	}
	if len(s.Windows) > 0 {
		p.clause("WINDOW")
		p.each(len(s.Windows), ", ", func(i int) {
			p.ident(s.Windows[i].Name)
			p.w(" AS ")
			p.window(s.Windows[i].Window)
		})
	}
	if s.Qualify != nil {
		p.clause("QUALIFY")
		p.expr(s.Qualify, 0)
	}
}

func (p *printer) selectItem(i SelectItem) {
	p.expr(i.Expr, 0)
	if i.Alias != nil {
		p.w(" AS ")
		p.ident(*i.Alias)
	}
}

func (p *printer) groupItems(items []GroupItem) {
	p.each(len(items), ", ", func(i int) {
		g := items[i]
		switch g.Kind {
		case GroupExpr:
			p.expr(g.Expr, 0)
			return
		case GroupSet:
		default:
			p.w(string(g.Kind), " ")
		}
		p.w("(")
		p.groupItems(g.Items)
		p.w(")")
	})
}

func (p *printer) alias(a *TableAlias) {
	if a == nil {
		return
	}
	p.w(" AS ")
	p.ident(a.Name)
	if len(a.Columns) > 0 {
		p.w(" ")
		p.identList(a.Columns)
	}
}

func (p *printer) table(t TableRef) {
	switch t := t.(type) {
	case *TableName:
		p.name(t.Name)
		p.hints(t.Hints)
		if t.SystemTime != nil {
			p.w(" FOR SYSTEM_TIME AS OF ")
			p.expr(t.SystemTime, 27)
		}
		p.alias(t.Alias)
	case *Derived:
		p.when(t.Lateral, "LATERAL ")
		p.parenQuery(t.Query)
		p.alias(t.Alias)
	case *TableFunction:
		p.when(t.Lateral, "LATERAL ")
		p.w("TABLE(")
		p.call(t.Call)
		p.w(")")
		p.alias(t.Alias)
	case *Unnest:
		p.when(t.Lateral, "LATERAL ")
		p.w("UNNEST(")
		p.each(len(t.Exprs), ", ", func(i int) {
			if sub, ok := t.Exprs[i].(*Subquery); ok && len(t.Exprs) == 1 {
				p.query(sub.Query)
				return
			}
			p.expr(t.Exprs[i], 0)
		})
		p.w(")")
		p.when(t.WithOrdinality, " WITH ORDINALITY")
		p.alias(t.Alias)
	case *Join:
		p.join(t)
	case *MatchRecognize:
		p.match(t)
	case *Pivot:
		p.pivot(t)
	case *Unpivot:
		p.unpivot(t)
	}
}

func (p *printer) join(j *Join) {
	p.table(j.Left)
	if j.Kind == CommaJoin {
		p.w(",")
		p.when(p.opts.Lines, "\n")
		p.when(!p.opts.Lines, " ")
	} else {
		p.when(p.opts.Lines, "\n")
		p.when(!p.opts.Lines, " ")
		p.when(j.Natural, "NATURAL ")
		p.w(string(j.Kind), " JOIN ")
	}
	if _, ok := j.Right.(*Join); ok {
		p.w("(")
		p.table(j.Right)
		p.w(")")
	} else {
		p.table(j.Right)
	}
	if j.On != nil {
		p.w(" ON ")
		p.expr(j.On, 0)
	}
	if len(j.Using) > 0 {
		p.w(" USING ")
		p.identList(j.Using)
	}
}

// inputTable writes the table before MATCH_RECOGNIZE, PIVOT and UNPIVOT. One
// with an alias of its own stands in parentheses.
func (p *printer) inputTable(t TableRef) {
	alias := false
	switch t := t.(type) {
	case *TableName:
		alias = t.Alias != nil
	case *Derived:
		alias = t.Alias != nil
	case *TableFunction:
		alias = t.Alias != nil
	case *Unnest:
		alias = t.Alias != nil
	case *MatchRecognize, *Pivot, *Unpivot, *Join:
		alias = true
	}
	p.when(alias, "(")
	p.table(t)
	p.when(alias, ")")
}

func (p *printer) pivot(t *Pivot) {
	p.inputTable(t.Input)
	p.w(" PIVOT (")
	p.each(len(t.Aggs), ", ", func(i int) { p.selectItem(t.Aggs[i]) })
	p.w(" FOR ")
	p.identOrList(t.Axis)
	p.w(" IN (")
	p.each(len(t.Values), ", ", func(i int) {
		v := t.Values[i]
		if len(v.Exprs) == 1 {
			p.expr(v.Exprs[0], 0)
		} else {
			p.w("(")
			p.exprs(v.Exprs)
			p.w(")")
		}
		if v.Alias != nil {
			p.w(" AS ")
			p.ident(*v.Alias)
		}
	})
	p.w("))")
	p.alias(t.Alias)
}

func (p *printer) unpivot(t *Unpivot) {
	p.inputTable(t.Input)
	p.w(" UNPIVOT ")
	p.when(t.IncludeNulls, "INCLUDE NULLS ")
	p.w("(")
	p.identOrList(t.Measures)
	p.w(" FOR ")
	p.identOrList(t.Axis)
	p.w(" IN (")
	p.each(len(t.In), ", ", func(i int) {
		item := t.In[i]
		p.identOrList(item.Columns)
		switch len(item.Values) {
		case 0:
		case 1:
			p.w(" AS ")
			p.expr(item.Values[0], 0)
		default:
			p.w(" AS (")
			p.exprs(item.Values)
			p.w(")")
		}
	})
	p.w("))")
	p.alias(t.Alias)
}

func (p *printer) match(m *MatchRecognize) {
	p.inputTable(m.Input)
	p.w(" MATCH_RECOGNIZE (")
	if len(m.PartitionBy) > 0 {
		p.w("PARTITION BY ")
		p.exprs(m.PartitionBy)
		p.w(" ")
	}
	if len(m.OrderBy) > 0 {
		p.orderBy(m.OrderBy)
		p.w(" ")
	}
	if len(m.Measures) > 0 {
		p.w("MEASURES ")
		p.each(len(m.Measures), ", ", func(i int) { p.selectItem(m.Measures[i]) })
		p.w(" ")
	}
	switch m.RowsPerMatch {
	case "ONE":
		p.w("ONE ROW PER MATCH ")
	case "ALL":
		p.w("ALL ROWS PER MATCH ")
	}
	if m.After != nil {
		p.w("AFTER MATCH SKIP ", string(m.After.Kind), " ")
		if m.After.Variable != nil {
			p.ident(*m.After.Variable)
			p.w(" ")
		}
	}
	p.w("PATTERN (")
	p.when(m.StartAnchor, "^ ")
	p.pattern(m.Pattern, 0)
	p.when(m.EndAnchor, " $")
	p.w(") ")
	if m.Within != nil {
		p.w("WITHIN ")
		p.expr(m.Within, 0)
		p.w(" ")
	}
	if len(m.Subsets) > 0 {
		p.w("SUBSET ")
		p.each(len(m.Subsets), ", ", func(i int) {
			p.ident(m.Subsets[i].Name)
			p.w(" = ")
			p.identList(m.Subsets[i].Items)
		})
		p.w(" ")
	}
	p.w("DEFINE ")
	p.each(len(m.Define), ", ", func(i int) {
		p.ident(m.Define[i].Name)
		p.w(" AS ")
		p.expr(m.Define[i].Cond, 0)
	})
	p.w(")")
	p.alias(m.Alias)
}

// pattern writes a row pattern: level 0 takes anything, 1 a sequence's item, 2
// what a quantifier can follow.
func (p *printer) pattern(n Pattern, level int) {
	own := 2
	switch n.(type) {
	case *PatternAlt:
		own = 0
	case *PatternSeq:
		own = 0
		if level == 0 {
			own = 1
		}
	case *PatternRepeat:
		own = 1
	}
	p.when(own < level, "(")
	switch n := n.(type) {
	case *PatternVar:
		p.ident(n.Name)
	case *PatternSeq:
		p.each(len(n.Items), " ", func(i int) { p.pattern(n.Items[i], 1) })
	case *PatternAlt:
		p.each(len(n.Items), " | ", func(i int) {
			if _, ok := n.Items[i].(*PatternAlt); ok {
				p.pattern(n.Items[i], 2)
				return
			}
			p.pattern(n.Items[i], 0)
		})
	case *PatternRepeat:
		p.pattern(n.Item, 2)
		p.quantifier(n)
	case *PatternPermute:
		p.w("PERMUTE(")
		p.each(len(n.Items), ", ", func(i int) { p.pattern(n.Items[i], 0) })
		p.w(")")
	case *PatternExclude:
		p.w("{- ")
		p.pattern(n.Item, 0)
		p.w(" -}")
	}
	p.when(own < level, ")")
}

func (p *printer) quantifier(r *PatternRepeat) {
	switch {
	case r.Min == 0 && r.Max == -1:
		p.w("*")
	case r.Min == 1 && r.Max == -1:
		p.w("+")
	case r.Min == 0 && r.Max == 1:
		p.w("?")
	case r.Min == -1:
		p.w("{,", strconv.Itoa(r.Max), "}")
	case r.Max == -1:
		p.w("{", strconv.Itoa(r.Min), ",}")
	case r.Min == r.Max:
		p.w("{", strconv.Itoa(r.Min), "}")
	default:
		p.w("{", strconv.Itoa(r.Min), ",", strconv.Itoa(r.Max), "}")
	}
	p.when(r.Reluctant, "?")
}
