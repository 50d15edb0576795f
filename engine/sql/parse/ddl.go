package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// create reads CREATE ….
func (p *parser) create() ast.Statement {
	start := p.next().pos
	alter := p.at("OR", "ALTER") && p.accept("OR", "ALTER")
	replace := !alter && p.accept("OR", "REPLACE")
	temporary := p.accept("TEMPORARY")
	system := temporary && p.accept("SYSTEM")
	t := p.tok()
	want := []string{"TABLE", "VIEW", "FUNCTION", "DATABASE", "CATALOG", "TEMPORARY"}
	if t.kind != tokWord {
		p.unexpected(want...)
	}
	only := func(ok bool, word string) {
		if !ok {
			p.bail(t.pos, "%s cannot be used with CREATE %s", word, t.upper)
		}
	}
	if alter && t.upper != "MATERIALIZED" {
		p.unexpected("MATERIALIZED TABLE")
	}
	switch t.upper {
	case "TABLE":
		only(!system, "SYSTEM")
		p.next()
		return p.createTable(start, replace, temporary)
	case "VIEW":
		only(!system, "SYSTEM")
		p.next()
		return p.createView(start, replace, temporary)
	case "FUNCTION":
		only(!replace, "OR REPLACE")
		p.next()
		return p.createFunction(start, temporary, system)
	case "DATABASE":
		only(!replace && !temporary, "TEMPORARY or OR REPLACE")
		p.next()
		n := &ast.CreateDatabase{IfNotExists: p.ifNotExists(), Name: p.nameAs("a database name")}
		n.Comment = p.comment()
		if p.accept("WITH") {
			n.Options = p.options()
		}
		n.Span = p.from(start)
		return n
	case "CATALOG":
		only(!replace && !temporary, "TEMPORARY or OR REPLACE")
		p.next()
		n := &ast.CreateCatalog{IfNotExists: p.ifNotExists(), Name: p.nameAs("a catalog name")}
		n.Comment = p.comment()
		if p.accept("WITH") {
			n.Options = p.options()
		}
		n.Span = p.from(start)
		return n
	case "MODEL":
		only(!replace && !system, "SYSTEM or OR REPLACE")
		p.next()
		return p.createModel(start, temporary)
	case "MATERIALIZED":
		p.materialized(t.pos)
	case "CONNECTION":
		p.bail(t.pos, "connections are not supported by this engine: write the options in WITH (…), secrets as ${NAME}")
	}
	p.unexpected(want...)
	return nil
}

func (p *parser) ifNotExists() bool { return p.accept("IF", "NOT", "EXISTS") }
func (p *parser) ifExists() bool    { return p.accept("IF", "EXISTS") }

// materialized refuses materialized tables.
func (p *parser) materialized(pos ast.Pos) {
	p.bail(pos, "materialized tables are not supported by this engine: a deployment of INSERT INTO … SELECT … keeps a table fresh all the time")
}

func (p *parser) createModel(start ast.Pos, temporary bool) ast.Statement {
	n := &ast.CreateModel{Temporary: temporary}
	n.IfNotExists = p.ifNotExists()
	n.Name = p.nameAs("a model name")
	side := func() []ast.Column {
		var s ast.ChangeSchema
		at := p.here()
		p.schema(&s, false)
		if len(s.Watermarks) > 0 || len(s.Constraints) > 0 {
			p.bail(at, "the columns of a model have names, types and comments only")
		}
		for _, c := range s.Columns {
			if c.Kind != ast.PhysicalColumn {
				p.bail(c.Pos(), "Computed and metadata columns are not supported in the columns of a model: '%s'", c.Name.Name)
			}
		}
		return s.Columns
	}
	if p.accept("INPUT") {
		n.Input = side()
	}
	if p.accept("OUTPUT") {
		n.Output = side()
	}
	n.Comment = p.comment()
	if p.accept("WITH") {
		n.Options = p.options()
	}
	if p.at("AS") {
		p.bail(p.here(), "CREATE MODEL … AS is not supported by this engine: models are not trained here")
	}
	n.Span = p.from(start)
	return n
}

// comment reads COMMENT 'text', if it stands here.
func (p *parser) comment() *string {
	if !p.accept("COMMENT") {
		return nil
	}
	s := p.str("a comment as a string")
	return &s
}

// options reads ('key' = 'value', …).
func (p *parser) options() []ast.Option {
	var out []ast.Option
	p.expectSym("(")
	if p.acceptSym(")") {
		return nil
	}
	p.comma(func() {
		start := p.here()
		o := ast.Option{Key: p.str("an option's key as a string")}
		p.expectSym("=")
		o.Value = p.str("an option's value as a string")
		o.Span = p.from(start)
		out = append(out, o)
	})
	p.expectSym(")")
	return out
}

// replaceTable reads REPLACE TABLE t … AS …: the table must be there.
func (p *parser) replaceTable() ast.Statement {
	start := p.next().pos
	p.expect("TABLE")
	n := p.createTable(start, true, false).(*ast.CreateTable)
	if n.Replace = true; n.As == nil {
		p.bail(p.here(), "REPLACE TABLE needs AS and a query")
	}
	return n
}

func (p *parser) createTable(start ast.Pos, replace, temporary bool) ast.Statement {
	n := &ast.CreateTable{OrReplace: replace, Temporary: temporary}
	n.IfNotExists = p.ifNotExists()
	n.Name = p.nameAs("a table name")
	if p.atSym("(") {
		var s ast.ChangeSchema
		p.schema(&s, false)
		n.Columns, n.Watermarks, n.Constraints = s.Columns, s.Watermarks, s.Constraints
	}
	n.Comment = p.comment()
	if p.at("DISTRIBUTED") {
		n.Distribution = p.distribution()
	}
	if p.accept("PARTITIONED") {
		p.expect("BY")
		n.PartitionedBy = p.identList()
	}
	if p.accept("WITH") {
		n.Options = p.options()
	}
	switch {
	case p.at("LIKE"):
		n.Like = p.tableLike()
	case p.accept("AS"):
		n.As = p.query()
	}
	for _, c := range n.Columns {
		if c.Kind == ast.UntypedColumn && n.As == nil {
			p.bail(c.Pos(), "column %s has no type; a type can be left out in CREATE TABLE … AS only", c.Name.Name)
		}
	}
	n.Span = p.from(start)
	return n
}

// schema reads (columns, watermark, constraints).
func (p *parser) schema(s *ast.ChangeSchema, alter bool) {
	p.expectSym("(")
	if !alter && p.acceptSym(")") {
		return
	}
	p.comma(func() { p.schemaItem(s, alter) })
	p.expectSym(")")
}

func (p *parser) schemaItem(s *ast.ChangeSchema, alter bool) {
	start := p.here()
	switch {
	case p.at("WATERMARK"):
		if len(s.Watermarks) > 0 {
			p.bail(start, "a table can have one WATERMARK only")
		}
		p.next()
		p.expect("FOR")
		w := ast.Watermark{Column: p.nameAs("a column name")}
		p.expect("AS")
		w.Expr = p.expr()
		w.Span = p.from(start)
		s.Watermarks = append(s.Watermarks, w)
	case p.atAny("CONSTRAINT", "PRIMARY", "UNIQUE"):
		c := p.constraintHead()
		c.Columns = p.identList()
		c.Enforced = p.enforced()
		c.Span = p.from(start)
		s.Constraints = append(s.Constraints, c)
	default:
		s.Columns = append(s.Columns, p.column(s, alter))
	}
}

func (p *parser) constraintHead() ast.Constraint {
	c := ast.Constraint{}
	if p.accept("CONSTRAINT") {
		id := p.identAs("a constraint name")
		c.Name = &id
	}
	if p.oneOf("PRIMARY", "UNIQUE") == "UNIQUE" {
		c.Unique = true
	} else {
		p.expect("KEY")
	}
	return c
}

func (p *parser) enforced() string {
	switch {
	case p.accept("NOT", "ENFORCED"):
		return "NOT ENFORCED"
	case p.accept("ENFORCED"):
		return "ENFORCED"
	}
	return ""
}

// column reads one column; a constraint written at it goes to s.
func (p *parser) column(s *ast.ChangeSchema, alter bool) ast.Column {
	start := p.here()
	c := ast.Column{Name: p.identAs("a column name")}
	switch {
	case p.accept("AS"):
		c.Kind, c.Computed = ast.ComputedColumn, p.expr()
	case p.atSym(","), p.atSym(")"):
		if alter {
			p.unexpected("a type")
		}
		c.Kind = ast.UntypedColumn
		c.Span = p.from(start)
		return c
	default:
		c.Type = p.dataType(false)
		if p.accept("METADATA") {
			c.Kind = ast.MetadataColumn
			if p.accept("FROM") {
				key := p.str("a metadata key as a string")
				c.MetadataKey = &key
			}
			c.Virtual = p.accept("VIRTUAL")
		} else if at := p.here(); p.atAny("CONSTRAINT", "PRIMARY", "UNIQUE") {
			k := p.constraintHead()
			k.Columns = []ast.Ident{c.Name}
			k.Enforced = p.enforced()
			k.Span = p.from(at)
			s.Constraints = append(s.Constraints, k)
		}
	}
	c.Comment = p.comment()
	if at := p.here(); alter {
		switch {
		case p.accept("FIRST"):
			c.Position = &ast.ColumnPosition{Span: p.from(at)}
		case p.accept("AFTER"):
			id := p.identAs("a column name")
			c.Position = &ast.ColumnPosition{Span: p.from(at), After: &id}
		}
	}
	c.Span = p.from(start)
	return c
}

// distribution reads DISTRIBUTED … or, in ALTER TABLE, DISTRIBUTION ….
func (p *parser) distribution() *ast.Distribution {
	start := p.next().pos
	d := &ast.Distribution{}
	if p.accept("BY") {
		if p.atAny("HASH", "RANGE") {
			d.Kind = p.next().upper
		}
		d.Columns = p.identList()
	}
	if p.accept("INTO") {
		n := p.number("a number of buckets")
		d.Buckets = &n
		p.expect("BUCKETS")
	}
	if d.Columns == nil && d.Buckets == nil {
		p.unexpected("BY", "INTO")
	}
	d.Span = p.from(start)
	return d
}

func (p *parser) tableLike() *ast.TableLike {
	start := p.next().pos
	l := &ast.TableLike{Source: p.nameAs("a table name")}
	if p.acceptSym("(") {
		for !p.atSym(")") {
			at := p.here()
			o := ast.LikeOption{Strategy: p.oneOf("INCLUDING", "EXCLUDING", "OVERWRITING")}
			o.Feature = p.oneOf("ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS", "WATERMARKS")
			o.Span = p.from(at)
			l.Options = append(l.Options, o)
		}
		p.next()
	}
	l.Span = p.from(start)
	return l
}

// queryWithText reads a query and gives its source as well.
func (p *parser) queryWithText() (*ast.Query, string) {
	from := p.tok().start
	q := p.query()
	return q, p.src[from:p.toks[p.i-1].stop]
}

func (p *parser) createView(start ast.Pos, replace, temporary bool) ast.Statement {
	n := &ast.CreateView{OrReplace: replace, Temporary: temporary}
	n.IfNotExists = p.ifNotExists()
	n.Name = p.nameAs("a view name")
	if p.atSym("(") {
		n.Columns = p.identList()
	}
	n.Comment = p.comment()
	p.expect("AS")
	n.Query, n.QueryText = p.queryWithText()
	n.Span = p.from(start)
	return n
}

func (p *parser) createFunction(start ast.Pos, temporary, system bool) ast.Statement {
	n := &ast.CreateFunction{Temporary: temporary, System: system}
	n.IfNotExists = p.ifNotExists()
	n.Name = p.nameAs("a function name")
	p.expect("AS")
	n.Class = p.str("a class name as a string")
	if p.accept("LANGUAGE") {
		n.Language = p.oneOf("JAVA", "SCALA", "SQL", "PYTHON", "WASM")
	}
	if p.accept("USING") {
		p.comma(func() {
			at := p.here()
			r := ast.Resource{Kind: p.oneOf("JAR", "FILE", "ARTIFACT")}
			r.Path = p.str("a path as a string")
			r.Span = p.from(at)
			n.Resources = append(n.Resources, r)
		})
	}
	if p.accept("WITH") {
		n.Options = p.options()
	}
	n.Span = p.from(start)
	return n
}

func (p *parser) drop() ast.Statement {
	start := p.next().pos
	n := &ast.Drop{}
	n.Temporary = p.accept("TEMPORARY")
	n.System = n.Temporary && p.accept("SYSTEM")
	n.Kind = p.oneOf("TABLE", "VIEW", "FUNCTION", "DATABASE", "CATALOG", "MODEL", "MATERIALIZED")
	if n.Kind == "MATERIALIZED" {
		p.expect("TABLE")
		n.Kind = "MATERIALIZED TABLE"
	}
	n.IfExists = p.ifExists()
	n.Name = p.name()
	if n.Kind == "DATABASE" && !p.accept("RESTRICT") {
		n.Cascade = p.accept("CASCADE")
	}
	n.Span = p.from(start)
	return n
}
