package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// alter reads ALTER ….
func (p *parser) alter() ast.Statement {
	start := p.next().pos
	temporary := p.accept("TEMPORARY")
	system := temporary && p.accept("SYSTEM")
	if temporary && !p.at("FUNCTION") {
		p.unexpected("FUNCTION")
	}
	if p.at("MATERIALIZED") {
		p.materialized(p.here())
	}
	switch p.oneOf("TABLE", "VIEW", "FUNCTION", "DATABASE", "CATALOG", "MODEL") {
	case "MODEL":
		n := &ast.AlterModel{IfExists: p.ifExists(), Name: p.nameAs("a model name")}
		switch at := p.here(); {
		case p.at("SET"):
			n.Action = p.setOptions()
		case p.at("RESET"):
			n.Action = p.resetOptions()
		case p.accept("RENAME"):
			p.expect("TO")
			to := p.nameAs("a model name")
			n.Action = &ast.RenameTo{Span: p.from(at), To: to}
		default:
			p.unexpected("SET", "RESET", "RENAME TO")
		}
		n.Span = p.from(start)
		return n
	case "TABLE":
		n := &ast.AlterTable{IfExists: p.ifExists(), Name: p.nameAs("a table name")}
		n.Action = p.alterTableAction()
		n.Span = p.from(start)
		return n
	case "VIEW":
		n := &ast.AlterView{IfExists: p.ifExists(), Name: p.nameAs("a view name")}
		switch {
		case p.accept("RENAME"):
			p.expect("TO")
			n.RenameTo = p.nameAs("a view name")
		case p.accept("AS"):
			n.Query, n.QueryText = p.queryWithText()
		default:
			p.unexpected("RENAME TO", "AS")
		}
		n.Span = p.from(start)
		return n
	case "FUNCTION":
		n := &ast.AlterFunction{Temporary: temporary, System: system, IfExists: p.ifExists(), Name: p.nameAs("a function name")}
		p.expect("AS")
		n.Class = p.str("a class name as a string")
		if p.accept("LANGUAGE") {
			n.Language = p.oneOf("JAVA", "SCALA", "SQL", "PYTHON", "WASM")
		}
		n.Span = p.from(start)
		return n
	case "DATABASE":
		n := &ast.AlterDatabase{Name: p.nameAs("a database name")}
		if !p.at("SET") {
			p.unexpected("SET")
		}
		n.Action = p.setOptions()
		n.Span = p.from(start)
		return n
	default:
		n := &ast.AlterCatalog{Name: p.nameAs("a catalog name")}
		switch at := p.here(); {
		case p.at("SET"):
			n.Action = p.setOptions()
		case p.at("RESET"):
			n.Action = p.resetOptions()
		case p.at("COMMENT"):
			text := p.comment()
			n.Action = &ast.SetComment{Span: p.from(at), Comment: *text}
		default:
			p.unexpected("SET", "RESET", "COMMENT")
		}
		n.Span = p.from(start)
		return n
	}
}

func (p *parser) setOptions() ast.AlterAction {
	start := p.next().pos
	o := p.options()
	return &ast.SetOptions{Span: p.from(start), Options: o}
}

func (p *parser) resetOptions() ast.AlterAction {
	start := p.next().pos
	n := &ast.ResetOptions{}
	p.expectSym("(")
	if !p.atSym(")") {
		p.comma(func() { n.Keys = append(n.Keys, p.str("an option's key as a string")) })
	}
	p.expectSym(")")
	n.Span = p.from(start)
	return n
}

func (p *parser) alterTableAction() ast.AlterAction {
	start := p.here()
	switch {
	case p.accept("RENAME"):
		if p.accept("TO") {
			to := p.nameAs("a table name")
			return &ast.RenameTo{Span: p.from(start), To: to}
		}
		n := &ast.RenameColumn{From: p.nameAs("a column name or TO")}
		p.expect("TO")
		n.To = p.nameAs("a column name")
		n.Span = p.from(start)
		return n
	case p.at("SET"):
		return p.setOptions()
	case p.at("RESET"):
		return p.resetOptions()
	case p.at("ADD"), p.at("MODIFY"):
		return p.changeSchema()
	case p.at("DROP"):
		return p.dropPart()
	}
	p.unexpected("RENAME", "SET", "RESET", "ADD", "MODIFY", "DROP")
	return nil
}

// changeSchema reads ADD|MODIFY of columns, watermark, constraint, distribution or partitions.
func (p *parser) changeSchema() ast.AlterAction {
	t := p.next()
	n := &ast.ChangeSchema{Modify: t.upper == "MODIFY"}
	switch {
	case !n.Modify && (p.at("PARTITION") || p.at("IF", "NOT", "EXISTS", "PARTITION")):
		return p.changePartitions(t.pos, false)
	case p.at("DISTRIBUTION"):
		n.Distribution = p.distribution()
	case p.atSym("("):
		p.schema(n, true)
	default:
		p.schemaItem(n, true)
	}
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) changePartitions(start ast.Pos, drop bool) ast.AlterAction {
	n := &ast.ChangePartitions{Drop: drop}
	if drop {
		n.If = p.ifExists()
	} else {
		n.If = p.ifNotExists()
	}
	for {
		at := p.here()
		p.expect("PARTITION")
		s := ast.PartitionSpec{Values: p.partitionValues()}
		if !drop && p.accept("WITH") {
			s.Options = p.options()
		}
		s.Span = p.from(at)
		n.Partitions = append(n.Partitions, s)
		if drop && p.acceptSym(",") || !drop && p.at("PARTITION") {
			continue
		}
		n.Span = p.from(start)
		return n
	}
}

func (p *parser) dropPart() ast.AlterAction {
	start := p.next().pos
	n := &ast.DropPart{}
	switch {
	case p.at("PARTITION"), p.at("IF", "EXISTS", "PARTITION"):
		return p.changePartitions(start, true)
	case p.accept("PRIMARY"):
		p.expect("KEY")
		n.What = "PRIMARY KEY"
	case p.accept("CONSTRAINT"):
		id := p.identAs("a constraint name")
		n.What, n.Name = "CONSTRAINT", &id
	case p.accept("WATERMARK"):
		n.What = "WATERMARK"
	case p.accept("DISTRIBUTION"):
		n.What = "DISTRIBUTION"
	default:
		d := &ast.DropColumns{}
		if p.acceptSym("(") {
			p.comma(func() { d.Columns = append(d.Columns, p.nameAs("a column name")) })
			p.expectSym(")")
		} else {
			d.Columns = []*ast.Name{p.nameAs("a column name")}
		}
		d.Span = p.from(start)
		return d
	}
	n.Span = p.from(start)
	return n
}
