package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// dataType reads a type with its NOT NULL. Interval types are allowed in casts only.
func (p *parser) dataType(intervals bool) *ast.DataType {
	p.enter()
	defer p.leave()
	start := p.here()
	t := p.typeName(intervals)
	t.Span = p.from(start)
	for depth := 0; ; depth++ {
		n := 0
		if p.at("NOT", "NULL") {
			n = 2
		} else if p.at("NULL") {
			n = 1
		}
		w := p.ahead(n)
		if !w.word("ARRAY") && !w.word("MULTISET") {
			break
		}
		if depth > maxDepth {
			p.bail(start, "the type is nested more than %d levels deep", maxDepth)
		}
		t.NotNull = n == 2
		p.i += n + 1
		t = &ast.DataType{Span: p.from(start), Name: w.upper, Elem: t}
	}
	if p.accept("NOT", "NULL") {
		t.NotNull = true
	} else if !p.ahead(1).word("ON") { // NULL ON EMPTY follows a type in JSON_VALUE
		p.accept("NULL")
	}
	t.Span = p.from(start)
	return t
}

// params reads (n) or (n, m) if a parenthesis stands here.
func (p *parser) params(most int) []int {
	if most == 0 || !p.atSym("(") {
		return nil
	}
	p.next()
	out := []int{p.number("a number")}
	for len(out) < most && p.acceptSym(",") {
		out = append(out, p.number("a number"))
	}
	p.expectSym(")")
	return out
}

// simpleTypes are the types of one word: canonical name and number of parameters.
var simpleTypes = map[string]struct {
	name   string
	params int
}{
	"BOOLEAN": {"BOOLEAN", 0}, "TINYINT": {"TINYINT", 0}, "SMALLINT": {"SMALLINT", 0}, "INT": {"INT", 0}, "INTEGER": {"INT", 0},
	"BIGINT": {"BIGINT", 0}, "FLOAT": {"FLOAT", 0}, "REAL": {"FLOAT", 0}, "DECIMAL": {"DECIMAL", 2}, "DEC": {"DECIMAL", 2},
	"NUMERIC": {"DECIMAL", 2}, "VARCHAR": {"VARCHAR", 1}, "STRING": {"STRING", 0}, "VARBINARY": {"VARBINARY", 1}, "BYTES": {"BYTES", 0},
	"DATE": {"DATE", 0}, "TIMESTAMP_LTZ": {"TIMESTAMP_LTZ", 1}, "VARIANT": {"VARIANT", 0}, "BITMAP": {"BITMAP", 0},
}

func (p *parser) typeName(intervals bool) *ast.DataType {
	tok := p.tok()
	if tok.kind == tokQuoted {
		return &ast.DataType{User: p.name()}
	}
	if tok.kind != tokWord {
		p.unexpected("a type")
	}
	if s, ok := simpleTypes[tok.upper]; ok {
		p.next()
		return &ast.DataType{Name: s.name, Params: p.params(s.params)}
	}
	switch tok.upper {
	case "DOUBLE":
		p.next()
		p.accept("PRECISION")
		return &ast.DataType{Name: "DOUBLE"}
	case "CHAR", "CHARACTER", "BINARY":
		p.next()
		name := "CHAR"
		if tok.upper == "BINARY" {
			name = "BINARY"
		}
		if p.accept("VARYING") {
			name = "VAR" + name
		}
		return &ast.DataType{Name: name, Params: p.params(1)}
	case "TIME", "TIMESTAMP":
		p.next()
		t := &ast.DataType{Name: tok.upper, Params: p.params(1)}
		switch {
		case p.accept("WITHOUT"):
			p.expect("TIME", "ZONE")
		case p.at("WITH"):
			p.next()
			p.expect("LOCAL", "TIME", "ZONE")
			if tok.upper == "TIME" {
				p.bail(tok.pos, "TIME WITH LOCAL TIME ZONE is not supported")
			}
			t.Name = "TIMESTAMP_LTZ"
		}
		return t
	case "INTERVAL":
		if !intervals {
			p.unexpected("a type")
		}
		p.next()
		u := p.intervalUnit()
		return &ast.DataType{Name: "INTERVAL", Unit: &u}
	case "NULL":
		if intervals {
			p.next()
			return &ast.DataType{Name: "NULL"}
		}
	case "ARRAY", "MULTISET":
		p.next()
		p.expectSym("<")
		t := &ast.DataType{Name: tok.upper, Elem: p.dataType(intervals)}
		p.expectSym(">")
		return t
	case "MAP":
		p.next()
		p.expectSym("<")
		t := &ast.DataType{Name: "MAP", Key: p.dataType(intervals)}
		p.expectSym(",")
		t.Elem = p.dataType(intervals)
		p.expectSym(">")
		return t
	case "ROW":
		p.next()
		return p.rowType(intervals)
	case "RAW":
		p.next()
		p.expectSym("(")
		t := &ast.DataType{Name: "RAW", Strings: []string{p.str("a class name as a string")}}
		p.expectSym(",")
		t.Strings = append(t.Strings, p.str("a serializer as a string"))
		p.expectSym(")")
		return t
	case "STRUCTURED":
		p.next()
		p.expectSym("<")
		t := &ast.DataType{Name: "STRUCTURED", Strings: []string{p.str("a class name as a string")}}
		for p.acceptSym(",") {
			t.Fields = append(t.Fields, p.rowField(intervals))
		}
		p.expectSym(">")
		return t
	case "DESCRIPTOR":
		p.next()
		return &ast.DataType{Name: "DESCRIPTOR"}
	}
	if !tok.isName() {
		p.unexpected("a type")
	}
	return &ast.DataType{User: p.name()}
}

// rowType reads ROW<a INT, …> or ROW(a INT, …).
func (p *parser) rowType(intervals bool) *ast.DataType {
	t := &ast.DataType{Name: "ROW"}
	if p.acceptSym("<>") {
		return t
	}
	end := ">"
	switch {
	case p.acceptSym("<"):
	case p.acceptSym("("):
		end = ")"
	default:
		p.unexpected(`"<"`)
	}
	if !p.atSym(end) {
		p.comma(func() { t.Fields = append(t.Fields, p.rowField(intervals)) })
	}
	p.expectSym(end)
	return t
}

func (p *parser) rowField(intervals bool) ast.RowField {
	start := p.here()
	f := ast.RowField{Name: p.identAs("a field name")}
	f.Type = p.dataType(intervals)
	if p.accept("COMMENT") || p.tok().kind == tokString {
		s := p.str("a comment")
		f.Comment = &s
	}
	f.Span = p.from(start)
	return f
}
