package expr

import (
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
)

// String is the expression as SQL, with columns as $0, $1, ….
func (e Expr) String() string { return e.Text(nil) }

// Text is the expression as SQL, with the names of the columns.
func (e Expr) Text(columns []string) string {
	var b strings.Builder
	e.write(&b, columns, 0)
	return b.String()
}

// Binding strengths of infix operators.
var infix = map[string]int{
	"OR": 1, "AND": 2, "=": 4, "<>": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "IS DISTINCT FROM": 4, "IS NOT DISTINCT FROM": 4,
	"||": 5, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}

func (e Expr) write(b *strings.Builder, columns []string, outer int) {
	switch e.Kind {
	case KindColumn:
		if e.Index < len(columns) {
			b.WriteString(columns[e.Index])
			return
		}
		b.WriteString("$" + strconv.Itoa(e.Index))
	case KindLiteral:
		b.WriteString(literalText(e.Value, e.Type))
	default:
		e.writeCall(b, columns, outer)
	}
}

func literalText(v data.Value, t data.Type) string {
	text := data.FormatValue(v, t, nil)
	if v.Null {
		return "NULL"
	}
	switch t.Kind {
	case data.Char, data.VarChar:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case data.Date, data.Time:
		return kindWord(t.Kind) + " '" + text + "'"
	case data.Timestamp, data.TimestampLTZ:
		return kindWord(t.Kind) + " '" + text + "'"
	case data.IntervalDayTime, data.IntervalYearMonth:
		return "INTERVAL '" + text + "'"
	}
	return text
}

func (e Expr) writeCall(b *strings.Builder, columns []string, outer int) {
	list := func(args []Expr) {
		for i, a := range args {
			if i > 0 {
				b.WriteString(", ")
			}
			a.write(b, columns, 0)
		}
	}
	if p := infix[e.Func]; p > 0 && len(e.Args) > 1 {
		if p < outer {
			b.WriteByte('(')
		}
		for i, a := range e.Args {
			inner := p
			if i > 0 {
				b.WriteString(" " + e.Func + " ")
				inner = p + 1
			}
			a.write(b, columns, inner)
		}
		if p < outer {
			b.WriteByte(')')
		}
		return
	}
	switch {
	case e.Func == "NOT":
		b.WriteString("NOT ")
		e.Args[0].write(b, columns, 3)
	case e.Func == "NEG":
		b.WriteByte('-')
		e.Args[0].write(b, columns, 7)
	case strings.HasPrefix(e.Func, "IS ") && len(e.Args) == 1:
		e.Args[0].write(b, columns, 5)
		b.WriteString(" " + e.Func)
	case e.Func == "CAST" || e.Func == "TRY_CAST":
		b.WriteString(e.Func + "(")
		e.Args[0].write(b, columns, 0)
		b.WriteString(" AS " + strings.TrimSuffix(e.Type.String(), " NOT NULL") + ")")
	case e.Func == "REINTERPRET":
		e.Args[0].write(b, columns, outer)
	case e.Func == "CASE":
		b.WriteString("CASE")
		n := len(e.Args)
		for i := 0; i+1 < n; i += 2 {
			b.WriteString(" WHEN ")
			e.Args[i].write(b, columns, 0)
			b.WriteString(" THEN ")
			e.Args[i+1].write(b, columns, 0)
		}
		if n%2 == 1 {
			b.WriteString(" ELSE ")
			e.Args[n-1].write(b, columns, 0)
		}
		b.WriteString(" END")
	case e.Func == "IN" && len(e.Args) > 0:
		e.Args[0].write(b, columns, 5)
		b.WriteString(" IN (")
		list(e.Args[1:])
		b.WriteByte(')')
	case (e.Func == "LIKE" || e.Func == "SIMILAR TO") && len(e.Args) > 1:
		e.Args[0].write(b, columns, 5)
		b.WriteString(" " + e.Func + " ")
		e.Args[1].write(b, columns, 5)
		if len(e.Args) > 2 {
			b.WriteString(" ESCAPE ")
			e.Args[2].write(b, columns, 5)
		}
	case e.Func == "FIELD" && len(e.Args) == 2:
		e.Args[0].write(b, columns, 9)
		row, k := e.Args[0].Type, int(e.Args[1].Value.I)
		if k >= 0 && k < len(row.Names) {
			b.WriteString("." + row.Names[k])
		} else {
			b.WriteString("." + strconv.Itoa(k))
		}
	case e.Func == "ITEM" && len(e.Args) == 2:
		e.Args[0].write(b, columns, 9)
		b.WriteByte('[')
		list(e.Args[1:])
		b.WriteByte(']')
	case e.Func == "ARRAY" || e.Func == "MAP":
		b.WriteString(e.Func + "[")
		list(e.Args)
		b.WriteByte(']')
	default:
		b.WriteString(e.Func + "(")
		list(e.Args)
		b.WriteByte(')')
	}
}

func kindWord(k data.Kind) string {
	switch k {
	case data.Date:
		return "DATE"
	case data.Time:
		return "TIME"
	case data.TimestampLTZ:
		return "TIMESTAMP_LTZ"
	}
	return "TIMESTAMP"
}
