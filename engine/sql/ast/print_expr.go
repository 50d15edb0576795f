package ast

import "strings"

// precedence gives how tightly an expression binds; what is not an operator
// binds tightest.
func precedence(e Expr) int {
	switch e := e.(type) {
	case *Binary:
		return opPrecedence(e.Op)
	case *Unary:
		switch e.Op {
		case OpNot:
			return 26
		default:
			return 80
		}
	case *Is:
		return 28
	case *Between, *In, *Like:
		return 32
	case *Quantified:
		return 30
	default:
		return 100
	}
}

func opPrecedence(op Op) int {
	switch op {
	case OpUnionAll, OpUnionDistinct, OpExceptAll, OpExcptDistinct:
		return 14
	case OpInterAll, OpInterDistinct:
		return 18
	case OpOr:
		return 22
	case OpAnd:
		return 24
	case OpPlus, OpMinus:
		return 40
	case OpTimes, OpDivide, OpModulo, OpConcat:
		return 60
	default:
		return 30
	}
}

// expr writes an expression, in parentheses if it binds looser than min.
func (p *printer) expr(e Expr, min int) {
	if precedence(e) < min {
		p.w("(")
		p.bare(e)
		p.w(")")
		return
	}
	p.bare(e)
}

// postfixOf writes a value before [ or a dot.
func (p *printer) postfixOf(e Expr) {
	switch e.(type) {
	case *Name, *Index, *Field, *Call, *Cast, *Collection, *Row, *Subquery:
		p.expr(e, 81)
	default:
		p.w("(")
		p.bare(e)
		p.w(")")
	}
}

func (p *printer) bare(e Expr) {
	switch e := e.(type) {
	case *Name:
		p.name(e)
	case *Literal:
		p.literal(e)
	case *Interval:
		p.interval(e)
	case *UnitArg:
		p.w(string(e.Unit))
	case *Star:
		if e.Qualifier != nil {
			p.name(e.Qualifier)
			p.w(".")
		}
		p.w("*")
	case *Unary:
		p.unary(e)
	case *Binary:
		prec := opPrecedence(e.Op)
		p.expr(e.L, prec)
		p.w(" ", string(e.Op), " ")
		p.expr(e.R, prec+1)
	case *Is:
		p.expr(e.X, 28)
		p.w(" IS ")
		p.when(e.Not, "NOT ")
		p.w(string(e.What))
	case *Between:
		p.expr(e.X, 32)
		p.when(e.Not, " NOT")
		p.w(" BETWEEN ")
		p.when(e.Symmetric, "SYMMETRIC ")
		p.when(!e.Symmetric && p.opts.QuoteAll, "ASYMMETRIC ")
		p.expr(e.Lo, 33)
		p.w(" AND ")
		p.expr(e.Hi, 33)
	case *In:
		p.expr(e.X, 32)
		p.when(e.Not, " NOT")
		p.w(" IN ")
		p.listOrQuery(e.List, e.Query)
	case *Quantified:
		p.expr(e.X, 30)
		p.w(" ", string(e.Op), " ")
		if e.All {
			p.w("ALL ")
		} else {
			p.w("ANY ")
		}
		p.listOrQuery(e.List, e.Query)
	case *Like:
		p.expr(e.X, 32)
		p.when(e.Not, " NOT")
		p.w(" ", string(e.Kind), " ")
		p.expr(e.Pattern, 33)
		if e.Escape != nil {
			p.w(" ESCAPE ")
			p.expr(e.Escape, 80)
		}
	case *Exists:
		p.w("EXISTS ")
		p.parenQuery(e.Query)
	case *Unique:
		p.w("UNIQUE ")
		p.parenQuery(e.Query)
	case *Subquery:
		p.parenQuery(e.Query)
	case *QueryCollection:
		p.w(e.Kind)
		p.parenQuery(e.Query)
	case *Case:
		p.caseExpr(e)
	case *Cast:
		p.when(e.Try, "TRY_")
		p.w("CAST(")
		p.expr(e.X, 0)
		p.w(" AS ")
		p.dataType(e.Type)
		p.w(")")
	case *Extract:
		p.w("EXTRACT(", string(e.Unit), " FROM ")
		p.expr(e.X, 0)
		p.w(")")
	case *MinusDate:
		p.w("(")
		p.expr(e.L, 40)
		p.w(" - ")
		p.expr(e.R, 41)
		p.w(") ")
		p.unit(e.Unit)
	case *FloorTo:
		if e.Ceil {
			p.w("CEIL(")
		} else {
			p.w("FLOOR(")
		}
		p.beforeTo(e.X)
		p.w(" TO ", string(e.Unit), ")")
	case *Trim:
		p.trim(e)
	case *Row:
		p.when(e.Explicit, "ROW")
		p.w("(")
		p.exprs(e.Items)
		p.w(")")
	case *Collection:
		p.w(e.Kind, "[")
		p.exprs(e.Items)
		p.w("]")
	case *Index:
		p.postfixOf(e.X)
		p.w("[")
		p.expr(e.Index, 0)
		p.w("]")
	case *Field:
		if _, ok := e.X.(*Name); ok { // else the dot would join the path
			p.w("(")
			p.bare(e.X)
			p.w(")")
		} else {
			p.postfixOf(e.X)
		}
		p.w(".")
		p.ident(e.Name)
	case *Call:
		p.call(e)
	case *NamedArg:
		p.ident(e.Name)
		p.w(" => ")
		p.expr(e.Value, 0)
	case *Default:
		p.w("DEFAULT")
	case *TableArg:
		p.tableArg(e)
	case *ModelArg:
		p.w("MODEL ")
		p.name(e.Model)
	case *Descriptor:
		p.w("DESCRIPTOR")
		p.identList(e.Columns)
	default:
		p.json(e)
	}
}

// beforeTo writes an expression that TO follows: one that ends with an interval
// would take the TO for its own.
func (p *printer) beforeTo(e Expr) {
	switch e.(type) {
	case *Interval, *MinusDate:
		p.w("(")
		p.bare(e)
		p.w(")")
	default:
		p.expr(e, 100)
	}
}

func (p *printer) listOrQuery(list []Expr, q *Query) {
	if q != nil {
		p.parenQuery(q)
		return
	}
	p.w("(")
	p.exprs(list)
	p.w(")")
}

func (p *printer) literal(e *Literal) {
	switch e.Kind {
	case NullLiteral:
		p.w("NULL")
	case StringLiteral:
		p.str(e.Text)
	case BinaryLiteral:
		p.w("X'", e.Text, "'")
	case DateLiteral:
		p.w("DATE ")
		p.str(e.Text)
	case TimeLiteral:
		p.w("TIME ")
		p.str(e.Text)
	case TimestampLiteral:
		p.w("TIMESTAMP ")
		p.str(e.Text)
	case LTZLiteral:
		p.w("TIMESTAMP WITH LOCAL TIME ZONE ")
		p.str(e.Text)
	case DecimalLiteral:
		if !strings.Contains(e.Text, ".") || strings.HasSuffix(e.Text, ".") {
			p.w("DECIMAL ")
			p.str(e.Text)
			return
		}
		p.w(e.Text)
	default:
		p.w(e.Text)
	}
}

func (p *printer) interval(e *Interval) {
	p.w("INTERVAL ")
	p.when(e.Negative, "-")
	switch x := e.X.(type) {
	case nil:
		p.str(e.Text)
	case *Literal:
		if x.Kind == IntegerLiteral || x.Kind == DecimalLiteral || x.Kind == DoubleLiteral {
			p.literal(x)
			break
		}
		p.w("(")
		p.expr(x, 0)
		p.w(")")
	case *Name:
		p.name(x)
	default:
		p.w("(")
		p.expr(e.X, 0)
		p.w(")")
	}
	p.w(" ")
	p.unit(e.Unit)
}

func (p *printer) unary(e *Unary) {
	switch e.Op {
	case OpMinus, OpPlus:
		p.w(string(e.Op))
		if inner, ok := e.X.(*Unary); ok && (inner.Op == OpMinus || inner.Op == OpPlus) {
			p.w(" ") // -- would be a comment
		}
		p.expr(e.X, 80)
	case OpNot:
		p.w("NOT ")
		p.expr(e.X, 26)
	default:
		p.w(string(e.Op), " ")
		p.expr(e.X, 80)
	}
}

func (p *printer) caseExpr(e *Case) {
	p.w("CASE")
	if e.Operand != nil {
		p.w(" ")
		p.expr(e.Operand, 0)
	}
	for _, w := range e.Whens {
		p.w(" WHEN ")
		p.exprs(w.Conds)
		p.w(" THEN ")
		p.expr(w.Then, 0)
	}
	if e.Else != nil {
		p.w(" ELSE ")
		p.expr(e.Else, 0)
	}
	p.w(" END")
}

func (p *printer) trim(e *Trim) {
	p.w("TRIM(")
	if p.opts.QuoteAll && e.Chars == nil {
		p.w(e.Side, " ' ' FROM ")
		p.expr(e.X, 0)
		p.w(")")
		return
	}
	if e.Side != "BOTH" || e.Chars != nil {
		p.w(e.Side, " ")
	}
	if e.Chars != nil {
		p.expr(e.Chars, 0)
		p.w(" ")
	}
	p.when(e.Side != "BOTH" || e.Chars != nil, "FROM ")
	p.expr(e.X, 0)
	p.w(")")
}

// args writes the arguments with the words of a special form between them.
func (p *printer) args(name string, args []Expr, words ...string) {
	p.w(name, "(")
	p.each(len(args), "", func(i int) {
		if i > 0 {
			p.w(words[i-1])
		}
		min := 0
		if i == 0 && words[0] == " IN " {
			min = 33
		}
		p.expr(args[i], min)
	})
	p.w(")")
}

func (p *printer) call(e *Call) {
	last := e.Name.Parts[len(e.Name.Parts)-1]
	if len(e.Name.Parts) == 1 && !last.Quoted {
		switch up := strings.ToUpper(last.Name); {
		case up == "POSITION" && len(e.Args) >= 2:
			p.args(last.Name, e.Args, " IN ", " FROM ")
			return
		case up == "OVERLAY" && len(e.Args) >= 3:
			p.args(last.Name, e.Args, " PLACING ", " FROM ", " FOR ")
			return
		}
	}
	p.function(e.Name)
	if e.NoParens {
		return
	}
	p.w("(")
	if e.Quantifier != "" {
		p.w(string(e.Quantifier), " ")
	}
	p.exprs(e.Args)
	if len(e.OrderBy) > 0 {
		p.w(" ")
		p.orderBy(e.OrderBy)
	}
	p.w(")")
	if e.Nulls != "" {
		p.w(" ", e.Nulls, " NULLS")
	}
	if len(e.WithinGroup) > 0 {
		p.w(" WITHIN GROUP (")
		p.orderBy(e.WithinGroup)
		p.w(")")
	}
	p.filter(e.Filter)
	if e.Over != nil {
		p.w(" OVER ")
		p.window(e.Over)
	}
}

func (p *printer) filter(e Expr) {
	if e != nil {
		p.w(" FILTER (WHERE ")
		p.expr(e, 0)
		p.w(")")
	}
}

func (p *printer) tableArg(e *TableArg) {
	if e.Query != nil {
		p.parenQuery(e.Query)
	} else {
		p.w("TABLE ")
		p.name(e.Table)
	}
	if len(e.PartitionBy) > 0 {
		p.w(" PARTITION BY (")
		p.exprs(e.PartitionBy)
		p.w(")")
	}
	if len(e.OrderBy) > 0 {
		p.w(" ORDER BY (")
		p.each(len(e.OrderBy), ", ", func(i int) { p.orderItem(e.OrderBy[i]) })
		p.w(")")
	}
}

func (p *printer) window(w *Window) {
	if w.Bare {
		p.ident(*w.Ref)
		return
	}
	p.w("(")
	sep := ""
	if w.Ref != nil {
		p.ident(*w.Ref)
		sep = " "
	}
	if len(w.PartitionBy) > 0 {
		p.w(sep, "PARTITION BY ")
		p.exprs(w.PartitionBy)
		sep = " "
	}
	if len(w.OrderBy) > 0 {
		p.w(sep)
		p.orderBy(w.OrderBy)
		sep = " "
	}
	if f := w.Frame; f != nil {
		p.w(sep)
		if f.Rows {
			p.w("ROWS ")
		} else {
			p.w("RANGE ")
		}
		p.when(f.Upper != nil, "BETWEEN ")
		p.bound(f.Lower)
		if f.Upper != nil {
			p.w(" AND ")
			p.bound(*f.Upper)
		}
	}
	p.w(")")
}

func (p *printer) bound(b Bound) {
	if b.Offset != nil {
		p.expr(b.Offset, 33)
		p.w(" ")
	}
	p.w(string(b.Kind))
}

func (p *printer) orderBy(items []OrderItem) {
	p.w("ORDER BY ")
	p.each(len(items), ", ", func(i int) { p.orderItem(items[i]) })
}

func (p *printer) orderItem(o OrderItem) {
	p.expr(o.Expr, 0)
	p.when(o.Desc, " DESC")
	if o.Nulls != "" {
		p.w(" NULLS ", o.Nulls)
	}
}

func (p *printer) json(e Expr) {
	switch e := e.(type) {
	case *JSONValue:
		p.jsonInput("JSON_VALUE", e.Input, e.Path, e.Passing, e.Returning)
		p.behavior(e.OnEmpty, "EMPTY")
		p.behavior(e.OnError, "ERROR")
	case *JSONQuery:
		p.jsonInput("JSON_QUERY", e.Input, e.Path, e.Passing, e.Returning)
		switch e.Wrapper {
		case "WITHOUT":
			p.w(" WITHOUT ARRAY WRAPPER")
		case "":
		default:
			p.w(" WITH ", e.Wrapper, " ARRAY WRAPPER")
		}
		p.behavior(e.OnEmpty, "EMPTY")
		p.behavior(e.OnError, "ERROR")
	case *JSONExists:
		p.jsonInput("JSON_EXISTS", e.Input, e.Path, e.Passing, nil)
		if e.OnError != "" {
			p.w(" ", e.OnError, " ON ERROR")
		}
	case *JSONObject:
		p.w("JSON_OBJECT")
		p.when(e.Agg, "AGG")
		p.w("(")
		p.each(len(e.Members), ", ", func(i int) {
			m := e.Members[i]
			p.w("KEY ")
			p.expr(m.Key, 0)
			p.w(" VALUE ")
			p.expr(m.Value, 0)
			p.when(m.FormatJSON, " FORMAT JSON")
		})
		p.jsonNulls(p.nulls(e.Nulls, NullOnNull), len(e.Members) > 0)
		p.w(")")
		p.filter(e.Filter)
		return
	case *JSONArray:
		p.w("JSON_ARRAY")
		p.when(e.Agg, "AGG")
		p.w("(")
		p.each(len(e.Items), ", ", func(i int) {
			p.expr(e.Items[i].Value, 0)
			p.when(e.Items[i].FormatJSON, " FORMAT JSON")
		})
		if len(e.OrderBy) > 0 {
			p.w(" ")
			p.orderBy(e.OrderBy)
		}
		p.jsonNulls(p.nulls(e.Nulls, AbsentOnNull), len(e.Items) > 0)
		p.w(")")
		p.filter(e.Filter)
		return
	}
	p.w(")")
}

// nulls is what holds of NULLs where nothing is said, in the text that says all.
func (p *printer) nulls(n, otherwise JSONNulls) JSONNulls {
	if n == JSONNullsUnset && p.opts.QuoteAll {
		return otherwise
	}
	return n
}

func (p *printer) jsonNulls(n JSONNulls, blank bool) {
	if n == JSONNullsUnset {
		return
	}
	p.when(blank, " ")
	p.w(string(n))
}

func (p *printer) jsonInput(name string, input, path Expr, passing []JSONPassing, returning *DataType) {
	p.w(name, "(")
	p.expr(input, 0)
	p.w(", ")
	p.expr(path, 0)
	if len(passing) > 0 {
		p.w(" PASSING ")
		p.each(len(passing), ", ", func(i int) {
			p.expr(passing[i].Value, 0)
			p.w(" AS ")
			p.ident(passing[i].Name)
		})
	}
	if returning != nil {
		p.w(" RETURNING ")
		p.dataType(returning)
	}
}

func (p *printer) behavior(b *JSONBehavior, on string) {
	if b == nil {
		return
	}
	p.w(" ", b.Kind)
	if b.Default != nil {
		p.w(" ")
		p.expr(b.Default, 0)
	}
	p.w(" ON ", on)
}
