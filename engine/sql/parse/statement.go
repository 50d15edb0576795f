package parse

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/sql/ast"
)

var statementWords = []string{
	"SELECT", "WITH", "VALUES", "INSERT", "CREATE", "ALTER", "DROP", "USE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "SET", "RESET",
	"EXECUTE", "BEGIN", "END", "ANALYZE", "ADD", "REMOVE", "LOAD", "UNLOAD", "CALL", "TRUNCATE", "DELETE", "UPDATE", "REPLACE", "COMPILE", "STOP",
}

// statement reads any statement.
func (p *parser) statement() ast.Statement {
	t := p.tok()
	if p.atSym("(") || p.startsQuery() {
		return p.query()
	}
	if t.kind == tokWord {
		switch t.upper {
		case "INSERT":
			return p.insert()
		case "REPLACE":
			return p.replaceTable()
		case "CREATE":
			return p.create()
		case "ALTER":
			return p.alter()
		case "DROP":
			return p.drop()
		case "USE":
			return p.use()
		case "SHOW":
			return p.show()
		case "DESCRIBE", "DESC":
			return p.describe()
		case "EXPLAIN":
			return p.explain()
		case "SET":
			return p.set()
		case "RESET":
			return p.reset()
		case "EXECUTE":
			return p.execute()
		case "BEGIN":
			if p.accept("BEGIN", "STATEMENT", "SET") {
				return &ast.BeginStatementSet{Span: p.from(t.pos)}
			}
			p.bail(t.pos, "BEGIN starts a statement set here: BEGIN STATEMENT SET; there are no transactions")
		case "END":
			p.next()
			return &ast.EndStatementSet{Span: p.from(t.pos)}
		case "ANALYZE":
			return p.analyze()
		case "ADD", "REMOVE":
			p.next()
			p.expect("JAR")
			path := p.str("the path of the jar as a string")
			return &ast.Jar{Span: p.from(t.pos), Remove: t.upper == "REMOVE", Path: path}
		case "LOAD":
			p.next()
			p.expect("MODULE")
			n := &ast.LoadModule{Name: p.ident()}
			if p.accept("WITH") {
				n.Options = p.options()
			}
			n.Span = p.from(t.pos)
			return n
		case "UNLOAD":
			p.next()
			p.expect("MODULE")
			name := p.ident()
			return &ast.UnloadModule{Span: p.from(t.pos), Name: name}
		case "CALL":
			p.next()
			name := p.nameAs("a procedure name")
			c := p.callArgs(name, false)
			return &ast.CallProcedure{Span: p.from(t.pos), Call: c}
		case "TRUNCATE":
			p.next()
			p.expect("TABLE")
			name := p.nameAs("a table name")
			return &ast.Truncate{Span: p.from(t.pos), Table: name}
		case "DELETE":
			return p.delete()
		case "UPDATE":
			return p.update()
		case "COMPILE":
			return p.compile()
		case "STOP":
			return p.stopJob()
		case "UPSERT", "MERGE":
			p.bail(t.pos, "%s is not supported; use INSERT INTO", t.upper)
		}
	}
	msg := "a statement cannot start with " + t.describe()
	if t.kind == tokBad {
		p.bail(t.pos, "%s", t.text)
	}
	if near := nearest(t.upper, statementWords); t.kind == tokWord && near != "" {
		msg += "; did you mean " + near + "?"
	}
	p.bail(t.pos, "%s", msg)
	return nil
}

func (p *parser) insert() *ast.Insert {
	start := p.next().pos
	n := &ast.Insert{}
	n.Overwrite = p.oneOf("INTO", "OVERWRITE") == "OVERWRITE"
	p.accept("TABLE")
	n.Target = p.nameAs("a table name")
	n.Hints = p.hints()
	if p.accept("PARTITION") {
		n.Partition = p.partitionValues()
	}
	if p.atSym("(") && !p.parensHoldQuery() {
		p.next()
		p.comma(func() { n.Columns = append(n.Columns, p.nameAs("a column name")) })
		p.expectSym(")")
	}
	if !p.startsQuery() && !p.atSym("(") {
		p.unexpected("SELECT", "VALUES", "WITH", "TABLE", `"("`)
	}
	n.Query = p.query()
	if p.at("ON") {
		p.next()
		p.expect("CONFLICT")
		p.expect("DO")
		n.Conflict = p.oneOf("NOTHING", "ERROR", "DEDUPLICATE")
	}
	n.Span = p.from(start)
	return n
}

// parensHoldQuery tells whether the parenthesis at the cursor opens a query.
func (p *parser) parensHoldQuery() bool {
	n := 0
	for p.ahead(n).is("(") {
		n++
	}
	switch t := p.ahead(n); {
	case t.word("SELECT"), t.word("WITH"), t.word("VALUES"), t.word("TABLE"):
		return true
	}
	return n > 1
}

// partitionValues reads (k = v, …).
func (p *parser) partitionValues() []ast.PartitionValue {
	var out []ast.PartitionValue
	p.expectSym("(")
	p.comma(func() {
		start := p.here()
		v := ast.PartitionValue{Name: p.ident()}
		if p.acceptSym("=") {
			v.Value = p.unary()
		}
		v.Span = p.from(start)
		out = append(out, v)
	})
	p.expectSym(")")
	return out
}

func (p *parser) execute() ast.Statement {
	start := p.next().pos
	switch {
	case p.at("STATEMENT"):
		return p.statementSet(start)
	case p.accept("PLAN"):
		path := p.str("the path of the plan as a string")
		return &ast.ExecutePlan{Span: p.from(start), Path: path}
	case p.at("INSERT"):
		return p.insert()
	case p.startsQuery():
		return p.query()
	}
	p.unexpected("STATEMENT SET", "INSERT", "SELECT", "PLAN")
	return nil
}

// statementSet reads STATEMENT SET BEGIN INSERT …; … END.
func (p *parser) statementSet(start ast.Pos) *ast.StatementSet {
	p.expect("STATEMENT", "SET", "BEGIN")
	n := &ast.StatementSet{}
	for {
		if !p.at("INSERT") {
			p.unexpected("INSERT")
		}
		n.Inserts = append(n.Inserts, p.insert())
		p.expectSym(";")
		if p.accept("END") {
			n.Span = p.from(start)
			return n
		}
		if p.tok().kind == tokEnd {
			p.unexpected("INSERT", "END")
		}
	}
}

func (p *parser) delete() ast.Statement {
	start := p.next().pos
	p.expect("FROM")
	n := &ast.Delete{Table: p.nameAs("a table name")}
	n.Alias = p.simpleAlias()
	if p.accept("WHERE") {
		n.Where = p.expr()
	}
	n.Span = p.from(start)
	return n
}

func (p *parser) simpleAlias() *ast.Ident {
	if !p.accept("AS") && !p.tok().isName() {
		return nil
	}
	id := p.ident()
	return &id
}

func (p *parser) update() ast.Statement {
	start := p.next().pos
	n := &ast.Update{Table: p.nameAs("a table name")}
	n.Alias = p.simpleAlias()
	p.expect("SET")
	p.comma(func() {
		at := p.here()
		a := ast.Assignment{Column: p.identAs("a column name")}
		p.expectSym("=")
		a.Value = p.expr()
		a.Span = p.from(at)
		n.Set = append(n.Set, a)
	})
	if p.accept("WHERE") {
		n.Where = p.expr()
	}
	n.Span = p.from(start)
	return n
}

func (p *parser) use() ast.Statement {
	t := p.next()
	n := &ast.Use{What: "DATABASE"}
	switch {
	case p.tok().kind == tokEnd:
		p.bail(t.pos, "USE needs a database, CATALOG and a catalog, or MODULES and modules")
	case p.at("CATALOG") && p.ahead(1).kind != tokEnd:
		p.next()
		n.What, n.Name = "CATALOG", p.nameAs("a catalog name")
	case p.accept("MODULES"):
		n.What = "MODULES"
		p.comma(func() { n.Modules = append(n.Modules, p.ident()) })
	default:
		n.Name = p.nameAs("a database name")
	}
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) describe() ast.Statement {
	start := p.next().pos
	n := &ast.Describe{What: "TABLE"}
	if p.atAny("CATALOG", "DATABASE", "FUNCTION", "MODEL", "JOB") && p.ahead(1).kind != tokEnd && !p.ahead(1).is(".") {
		n.What = p.next().upper
	}
	if n.What == "JOB" {
		n.JobID = p.str("the id of the job as a string")
		n.Span = p.from(start)
		return n
	}
	n.Extended = p.accept("EXTENDED")
	n.Name = p.name()
	n.Span = p.from(start)
	return n
}

func (p *parser) explain() ast.Statement {
	start := p.next().pos
	n := &ast.Explain{}
	if p.accept("PLAN") {
		p.expect("FOR")
	} else if p.atAny("ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE") {
		p.comma(func() {
			detail, pos := p.oneOf("ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE"), p.here()
			if slices.Contains(n.Details, detail) {
				p.bail(pos, "Duplicate EXPLAIN DETAIL is not allowed.")
			}
			n.Details = append(n.Details, detail)
		})
	}
	switch t := p.tok(); {
	case p.startsQuery(), p.atSym("("):
		n.Statement = p.query()
	case t.word("INSERT"):
		n.Statement = p.insert()
	case t.word("EXECUTE"):
		n.Statement = p.execute()
	case t.word("STATEMENT"):
		n.Statement = p.statementSet(t.pos)
	case t.word("REPLACE"):
		return p.replaceTable()
	case t.word("CREATE"):
		s := p.create()
		if c, ok := s.(*ast.CreateTable); !ok || c.As == nil {
			p.bail(ast.Pos{}, "EXPLAIN of a CREATE needs CREATE TABLE … AS query")
		}
		n.Statement = s
	case t.word("DELETE"):
		n.Statement = p.delete()
	case t.word("UPDATE"):
		n.Statement = p.update()
	default:
		p.unexpected("SELECT", "INSERT", "STATEMENT SET", "PLAN FOR", "a detail such as CHANGELOG_MODE")
	}
	n.Span = p.from(start)
	return n
}

// set reads SET, SET 'key' = 'value', and the unquoted SET key = value.
func (p *parser) set() ast.Statement {
	t := p.next()
	n := &ast.Set{}
	switch {
	case p.tok().kind == tokEnd:
	case p.tok().kind == tokString:
		key := p.str("a key as a string")
		p.expectSym("=")
		value := p.str("a value as a string")
		n.Key, n.Value = &key, &value
	default:
		at := p.here()
		last := p.toks[len(p.toks)-1]
		key, value, ok := strings.Cut(p.src[p.tok().start:last.start], "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || key == "" || strings.ContainsAny(key, " \t\n'") {
			p.bail(at, "SET is written SET 'key' = 'value'")
		}
		if v := value; len(v) >= 2 && v[0] == '\'' && v[len(v)-1] == '\'' {
			value = strings.ReplaceAll(v[1:len(v)-1], "''", "'")
		}
		p.i = len(p.toks) - 1
		n.Key, n.Value = &key, &value
	}
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) reset() ast.Statement {
	t := p.next()
	n := &ast.Reset{}
	switch {
	case p.tok().kind == tokEnd:
	case p.tok().kind == tokString:
		key := p.str("a key as a string")
		n.Key = &key
	default:
		last := p.toks[len(p.toks)-1]
		key := strings.TrimSpace(p.src[p.tok().start:last.start])
		if strings.ContainsAny(key, " \t\n'") {
			p.bail(p.here(), "RESET is written RESET 'key'")
		}
		p.i = len(p.toks) - 1
		n.Key = &key
	}
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) analyze() ast.Statement {
	start := p.next().pos
	p.expect("TABLE")
	n := &ast.Analyze{Table: p.nameAs("a table name")}
	if p.accept("PARTITION") {
		n.Partition = p.partitionValues()
	}
	p.expect("COMPUTE", "STATISTICS")
	if p.accept("FOR") {
		if p.accept("ALL") {
			p.expect("COLUMNS")
			n.AllColumns = true
		} else {
			p.expect("COLUMNS")
			p.comma(func() { n.Columns = append(n.Columns, p.ident()) })
		}
	}
	n.Span = p.from(start)
	return n
}

func (p *parser) compile() ast.Statement {
	start := p.next().pos
	n := &ast.CompilePlan{Execute: p.accept("AND", "EXECUTE")}
	p.expect("PLAN")
	n.Path = p.str("the path of the plan as a string")
	if p.accept("IF") {
		p.expect("NOT", "EXISTS")
		n.IfNotExists = true
	}
	p.expect("FOR")
	switch t := p.tok(); {
	case t.word("INSERT"):
		n.Statement = p.insert()
	case t.word("STATEMENT"):
		n.Statement = p.statementSet(t.pos)
	default:
		p.unexpected("INSERT", "STATEMENT SET")
	}
	n.Span = p.from(start)
	return n
}

func (p *parser) stopJob() ast.Statement {
	start := p.next().pos
	p.expect("JOB")
	n := &ast.StopJob{ID: p.str("the id of the job as a string")}
	for p.accept("WITH") {
		if p.oneOf("SAVEPOINT", "DRAIN") == "SAVEPOINT" {
			n.WithSavepoint = true
		} else {
			n.WithDrain = true
		}
	}
	n.Span = p.from(start)
	return n
}

// show reads SHOW ….
func (p *parser) show() ast.Statement {
	start := p.next().pos
	n := &ast.Show{}
	switch {
	case p.accept("CREATE"):
		kind := ""
		if p.accept("MATERIALIZED") {
			kind = "MATERIALIZED "
			p.expect("TABLE")
			kind += "TABLE"
		} else {
			kind = p.oneOf("TABLE", "VIEW", "CATALOG", "MODEL", "FUNCTION")
		}
		n.What, n.Name = "CREATE "+kind, p.name()
	case p.accept("CURRENT"):
		n.What = "CURRENT " + p.oneOf("CATALOG", "DATABASE")
	case p.accept("USER"):
		p.expect("FUNCTIONS")
		n.What = "USER FUNCTIONS"
	case p.accept("FULL"):
		p.expect("MODULES")
		n.What = "FULL MODULES"
	case p.accept("MATERIALIZED"):
		p.expect("TABLES")
		n.What = "MATERIALIZED TABLES"
	default:
		n.What = p.oneOf("TABLES", "VIEWS", "DATABASES", "CATALOGS", "FUNCTIONS", "COLUMNS", "PARTITIONS", "PROCEDURES", "MODULES",
			"JARS", "JOBS", "MODELS", "CONNECTIONS")
	}
	if n.What == "PARTITIONS" {
		n.Name = p.nameAs("a table name")
		if at := p.here(); p.accept("PARTITION") {
			n.Partition = &ast.PartitionSpec{Values: p.partitionValues()}
			n.Partition.Span = p.from(at)
		}
	}
	if p.atAny("FROM", "IN") {
		p.next()
		n.From = p.name()
	} else if n.What == "COLUMNS" {
		p.unexpected("FROM", "IN")
	}
	if at := p.here(); p.atAny("NOT", "LIKE", "ILIKE") {
		f := &ast.LikeFilter{Not: p.accept("NOT")}
		f.ILike = p.oneOf("LIKE", "ILIKE") == "ILIKE"
		f.Pattern = p.str("a pattern as a string")
		f.Span = p.from(at)
		n.Like = f
	}
	n.Span = p.from(start)
	return n
}
