package ast

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Print gives the SQL of a node on one line, in canonical spelling. Parsing the
// text of a statement, expression or type gives an equal tree back.
func Print(n Node) string {
	return PrintWith(n, PrintOptions{})
}

// PrintOptions change how a tree is printed.
type PrintOptions struct {
	// QuoteAll puts every name in back-quotes, as Flink does in SHOW CREATE.
	// Functions are upper case then, and quoted where QuoteFunction says so.
	QuoteAll      bool
	QuoteFunction func(name string) bool
	// Lines puts each clause of a query on a line of its own.
	Lines bool
}

// PrintWith is Print with options.
func PrintWith(n Node, opts PrintOptions) string {
	p := &printer{opts: opts}
	p.node(n)
	return p.b.String()
}

type printer struct {
	b    strings.Builder
	opts PrintOptions
}

// w writes text, each %-free.
func (p *printer) w(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
}

// when writes text if a condition holds.
func (p *printer) when(ok bool, text string) {
	if ok {
		p.b.WriteString(text)
	}
}

// clause begins a clause of a query.
func (p *printer) clause(words string) {
	if p.opts.Lines {
		p.w("\n", words, " ")
		return
	}
	p.w(" ", words, " ")
}

// each writes n items with a separator.
func (p *printer) each(n int, sep string, item func(i int)) {
	for i := range n {
		if i > 0 {
			p.w(sep)
		}
		item(i)
	}
}

func (p *printer) node(n Node) {
	switch n := n.(type) {
	case Expr:
		p.expr(n, 0)
	case Statement:
		p.statement(n)
	case QueryBody:
		p.body(n, 0)
	case TableRef:
		p.table(n)
	case *DataType:
		p.dataType(n)
	case Pattern:
		p.pattern(n, 0)
	case AlterAction:
		p.alterAction(n)
	case *Window:
		p.window(n)
	case *OrderItem:
		p.orderItem(*n)
	case *SelectItem:
		p.selectItem(*n)
	default:
		panic(fmt.Sprintf("ast: cannot print a %T", n))
	}
}

// QuoteString writes a string literal.
func QuoteString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// QuoteIdent writes a back-quoted name.
func QuoteIdent(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }

// plainName tells whether a name can stand without quotes.
func plainName(s string) bool {
	if s == "" || s == "$" || IsReserved(s) {
		return false
	}
	for i, r := range s {
		letter := r == '_' || r == '$' || r != unicode.ReplacementChar && unicode.IsLetter(r)
		if !letter && (i == 0 || !unicode.IsDigit(r) && !(r >= 0x80 && unicode.Is(unicode.Mn, r))) {
			return false
		}
	}
	return true
}

func (p *printer) str(s string) { p.w(QuoteString(s)) }

func (p *printer) ident(i Ident) {
	if i.Quoted || p.opts.QuoteAll || !plainName(i.Name) {
		p.w(QuoteIdent(i.Name))
		return
	}
	p.w(i.Name)
}

func (p *printer) idents(ids []Ident) {
	p.each(len(ids), ", ", func(i int) { p.ident(ids[i]) })
}

func (p *printer) identList(ids []Ident) {
	p.w("(")
	p.idents(ids)
	p.w(")")
}

func (p *printer) identOrList(ids []Ident) {
	if len(ids) == 1 {
		p.ident(ids[0])
		return
	}
	p.identList(ids)
}

func (p *printer) name(n *Name) {
	p.each(len(n.Parts), ".", func(i int) { p.ident(n.Parts[i]) })
}

// function writes the name of a called function, whose last part may be a reserved word.
func (p *printer) function(n *Name) {
	last := len(n.Parts) - 1
	for _, part := range n.Parts[:last] {
		p.ident(part)
		p.w(".")
	}
	switch id := n.Parts[last]; {
	case id.Quoted:
		p.w(QuoteIdent(id.Name))
	case p.opts.QuoteAll && last == 0:
		name := strings.ToUpper(id.Name)
		if p.opts.QuoteFunction != nil && p.opts.QuoteFunction(name) {
			name = QuoteIdent(name)
		}
		p.w(name)
	case IsReservedFunction(id.Name) || isContextWord(id.Name):
		p.w(id.Name)
	default:
		p.ident(id)
	}
}

func isContextWord(s string) bool {
	switch strings.ToUpper(s) {
	case "CURRENT_PATH", "CURRENT_ROLE", "CURRENT_DEFAULT_TRANSFORM_GROUP":
		return true
	}
	return false
}

func (p *printer) exprs(list []Expr) {
	p.each(len(list), ", ", func(i int) { p.expr(list[i], 0) })
}

func (p *printer) hints(hints []Hint) {
	if len(hints) == 0 {
		return
	}
	p.w(" /*+ ")
	p.each(len(hints), ", ", func(i int) {
		h := hints[i]
		p.ident(h.Name)
		if len(h.Args)+len(h.Options) == 0 {
			return
		}
		p.w("(")
		p.each(len(h.Args), ", ", func(j int) { p.str(h.Args[j]) })
		p.when(len(h.Args) > 0 && len(h.Options) > 0, ", ")
		p.optionList(h.Options)
		p.w(")")
	})
	p.w(" */")
}

func (p *printer) optionList(opts []Option) {
	p.each(len(opts), ", ", func(i int) {
		p.str(opts[i].Key)
		p.w(" = ")
		p.str(opts[i].Value)
	})
}

func (p *printer) options(opts []Option) {
	p.w("(")
	p.optionList(opts)
	p.w(")")
}

func (p *printer) dataType(t *DataType) {
	switch {
	case t.User != nil:
		p.name(t.User)
	case t.Name == "ARRAY" || t.Name == "MULTISET":
		p.w(t.Name, "<")
		p.dataType(t.Elem)
		p.w(">")
	case t.Name == "MAP":
		p.w("MAP<")
		p.dataType(t.Key)
		p.w(", ")
		p.dataType(t.Elem)
		p.w(">")
	case t.Name == "ROW":
		p.w("ROW<")
		p.rowFields(t.Fields)
		p.w(">")
	case t.Name == "RAW":
		p.w("RAW(")
		p.each(len(t.Strings), ", ", func(i int) { p.str(t.Strings[i]) })
		p.w(")")
	case t.Name == "STRUCTURED":
		p.w("STRUCTURED<")
		p.str(t.Strings[0])
		p.when(len(t.Fields) > 0, ", ")
		p.rowFields(t.Fields)
		p.w(">")
	case t.Name == "INTERVAL":
		p.w("INTERVAL ")
		p.unit(*t.Unit)
	default:
		p.w(t.Name)
		if len(t.Params) > 0 {
			p.w("(")
			p.each(len(t.Params), ", ", func(i int) { p.w(strconv.Itoa(t.Params[i])) })
			p.w(")")
		}
	}
	p.when(t.NotNull, " NOT NULL")
}

func (p *printer) rowFields(fields []RowField) {
	p.each(len(fields), ", ", func(i int) {
		f := fields[i]
		p.ident(f.Name)
		p.w(" ")
		p.dataType(f.Type)
		if f.Comment != nil {
			p.w(" ")
			p.str(*f.Comment)
		}
	})
}

func (p *printer) unit(u IntervalUnit) {
	p.w(string(u.From))
	switch {
	case u.FromPrecision >= 0 && u.To == "" && u.ToPrecision >= 0:
		p.w(fmt.Sprintf("(%d, %d)", u.FromPrecision, u.ToPrecision))
	case u.FromPrecision >= 0:
		p.w(fmt.Sprintf("(%d)", u.FromPrecision))
	}
	if u.To != "" {
		p.w(" TO ", string(u.To))
		if u.ToPrecision >= 0 {
			p.w(fmt.Sprintf("(%d)", u.ToPrecision))
		}
	}
}
