package ast

import (
	"strconv"
	"strings"
)

func (p *printer) statement(s Statement) {
	switch s := s.(type) {
	case *Query:
		p.query(s)
	case *Insert:
		p.insert(s)
	case *StatementSet:
		p.w("EXECUTE ")
		p.statementSet(s)
	case *BeginStatementSet:
		p.w("BEGIN STATEMENT SET")
	case *EndStatementSet:
		p.w("END")
	case *Delete:
		p.w("DELETE FROM ")
		p.name(s.Table)
		p.simpleAlias(s.Alias)
		p.where(s.Where)
	case *Update:
		p.w("UPDATE ")
		p.name(s.Table)
		p.simpleAlias(s.Alias)
		p.w(" SET ")
		p.each(len(s.Set), ", ", func(i int) {
			p.ident(s.Set[i].Column)
			p.w(" = ")
			p.expr(s.Set[i].Value, 0)
		})
		p.where(s.Where)
	case *Truncate:
		p.w("TRUNCATE TABLE ")
		p.name(s.Table)
	case *Use:
		p.use(s)
	case *Show:
		p.show(s)
	case *Describe:
		p.w("DESCRIBE ")
		p.when(s.What != "TABLE", s.What+" ")
		if s.What == "JOB" {
			p.str(s.JobID)
			return
		}
		p.when(s.Extended, "EXTENDED ")
		p.name(s.Name)
	case *Explain:
		p.w("EXPLAIN ")
		p.when(len(s.Details) > 0, strings.Join(s.Details, ", ")+" ")
		p.statement(s.Statement)
	case *Set:
		p.w("SET")
		if s.Key != nil {
			p.w(" ")
			p.str(*s.Key)
			p.w(" = ")
			p.str(*s.Value)
		}
	case *Reset:
		p.w("RESET")
		if s.Key != nil {
			p.w(" ")
			p.str(*s.Key)
		}
	case *Jar:
		if s.Remove {
			p.w("REMOVE JAR ")
		} else {
			p.w("ADD JAR ")
		}
		p.str(s.Path)
	case *LoadModule:
		p.w("LOAD MODULE ")
		p.ident(s.Name)
		p.with(s.Options)
	case *UnloadModule:
		p.w("UNLOAD MODULE ")
		p.ident(s.Name)
	case *CallProcedure:
		p.w("CALL ")
		p.call(s.Call)
	case *Analyze:
		p.analyze(s)
	case *CompilePlan:
		p.w("COMPILE ")
		p.when(s.Execute, "AND EXECUTE ")
		p.w("PLAN ")
		p.str(s.Path)
		p.when(s.IfNotExists, " IF NOT EXISTS")
		p.w(" FOR ")
		if set, ok := s.Statement.(*StatementSet); ok {
			p.statementSet(set)
			return
		}
		p.statement(s.Statement)
	case *ExecutePlan:
		p.w("EXECUTE PLAN ")
		p.str(s.Path)
	case *StopJob:
		p.w("STOP JOB ")
		p.str(s.ID)
		p.when(s.WithSavepoint, " WITH SAVEPOINT")
		p.when(s.WithDrain, " WITH DRAIN")
	default:
		p.ddl(s)
	}
}

func (p *printer) simpleAlias(a *Ident) {
	if a != nil {
		p.w(" AS ")
		p.ident(*a)
	}
}

func (p *printer) where(e Expr) {
	if e != nil {
		p.w(" WHERE ")
		p.expr(e, 0)
	}
}

func (p *printer) with(opts []Option) {
	if len(opts) > 0 {
		p.w(" WITH ")
		p.options(opts)
	}
}

func (p *printer) insert(s *Insert) {
	p.w("INSERT ")
	if s.Overwrite {
		p.w("OVERWRITE ")
	} else {
		p.w("INTO ")
	}
	p.name(s.Target)
	p.hints(s.Hints)
	if len(s.Partition) > 0 {
		p.w(" PARTITION ")
		p.partition(s.Partition)
	}
	if len(s.Columns) > 0 {
		p.w(" (")
		p.each(len(s.Columns), ", ", func(i int) { p.name(s.Columns[i]) })
		p.w(")")
	}
	p.w(" ")
	p.query(s.Query)
	if s.Conflict != "" {
		p.w(" ON CONFLICT DO " + s.Conflict)
	}
}

func (p *printer) partition(values []PartitionValue) {
	p.w("(")
	p.each(len(values), ", ", func(i int) {
		p.ident(values[i].Name)
		if values[i].Value != nil {
			p.w(" = ")
			p.expr(values[i].Value, 80)
		}
	})
	p.w(")")
}

func (p *printer) statementSet(s *StatementSet) {
	p.w("STATEMENT SET BEGIN ")
	for _, i := range s.Inserts {
		p.insert(i)
		p.w("; ")
	}
	p.w("END")
}

func (p *printer) use(s *Use) {
	p.w("USE ")
	switch s.What {
	case "MODULES":
		p.w("MODULES ")
		p.idents(s.Modules)
		return
	case "CATALOG":
		p.w("CATALOG ")
	}
	p.name(s.Name)
}

func (p *printer) show(s *Show) {
	p.w("SHOW ", s.What)
	if s.Name != nil {
		p.w(" ")
		p.name(s.Name)
	}
	if s.Partition != nil {
		p.w(" PARTITION ")
		p.partition(s.Partition.Values)
	}
	if s.From != nil {
		p.w(" FROM ")
		p.name(s.From)
	}
	if f := s.Like; f != nil {
		p.when(f.Not, " NOT")
		if f.ILike {
			p.w(" ILIKE ")
		} else {
			p.w(" LIKE ")
		}
		p.str(f.Pattern)
	}
}

func (p *printer) analyze(s *Analyze) {
	p.w("ANALYZE TABLE ")
	p.name(s.Table)
	if len(s.Partition) > 0 {
		p.w(" PARTITION ")
		p.partition(s.Partition)
	}
	p.w(" COMPUTE STATISTICS")
	switch {
	case s.AllColumns:
		p.w(" FOR ALL COLUMNS")
	case len(s.Columns) > 0:
		p.w(" FOR COLUMNS ")
		p.idents(s.Columns)
	}
}

func (p *printer) create(kind string, replace, temporary, system, ifNot bool, name *Name) {
	p.w("CREATE ")
	p.when(replace, "OR REPLACE ")
	p.when(temporary, "TEMPORARY ")
	p.when(system, "SYSTEM ")
	p.w(kind, " ")
	p.when(ifNot, "IF NOT EXISTS ")
	p.name(name)
}

func (p *printer) comment(c *string) {
	if c != nil {
		p.w(" COMMENT ")
		p.str(*c)
	}
}

func (p *printer) ddl(s Statement) {
	switch s := s.(type) {
	case *CreateTable:
		p.createTable(s)
	case *AlterTable:
		p.w("ALTER TABLE ")
		p.when(s.IfExists, "IF EXISTS ")
		p.name(s.Name)
		p.w(" ")
		p.alterAction(s.Action)
	case *Drop:
		p.w("DROP ")
		p.when(s.Temporary, "TEMPORARY ")
		p.when(s.System, "SYSTEM ")
		p.w(s.Kind, " ")
		p.when(s.IfExists, "IF EXISTS ")
		p.name(s.Name)
		p.when(s.Cascade, " CASCADE")
	case *CreateView:
		p.create("VIEW", s.OrReplace, s.Temporary, false, s.IfNotExists, s.Name)
		if len(s.Columns) > 0 {
			p.w(" ")
			p.identList(s.Columns)
		}
		p.comment(s.Comment)
		p.w(" AS ")
		p.query(s.Query)
	case *AlterView:
		p.w("ALTER VIEW ")
		p.when(s.IfExists, "IF EXISTS ")
		p.name(s.Name)
		if s.RenameTo != nil {
			p.w(" RENAME TO ")
			p.name(s.RenameTo)
			return
		}
		p.w(" AS ")
		p.query(s.Query)
	case *CreateFunction:
		p.create("FUNCTION", false, s.Temporary, s.System, s.IfNotExists, s.Name)
		p.w(" AS ")
		p.str(s.Class)
		p.when(s.Language != "", " LANGUAGE "+s.Language)
		if len(s.Resources) > 0 {
			p.w(" USING ")
			p.each(len(s.Resources), ", ", func(i int) {
				p.w(s.Resources[i].Kind, " ")
				p.str(s.Resources[i].Path)
			})
		}
		p.with(s.Options)
	case *AlterFunction:
		p.w("ALTER ")
		p.when(s.Temporary, "TEMPORARY ")
		p.when(s.System, "SYSTEM ")
		p.w("FUNCTION ")
		p.when(s.IfExists, "IF EXISTS ")
		p.name(s.Name)
		p.w(" AS ")
		p.str(s.Class)
		p.when(s.Language != "", " LANGUAGE "+s.Language)
	case *CreateDatabase:
		p.create("DATABASE", false, false, false, s.IfNotExists, s.Name)
		p.comment(s.Comment)
		p.with(s.Options)
	case *AlterDatabase:
		p.w("ALTER DATABASE ")
		p.name(s.Name)
		p.w(" ")
		p.alterAction(s.Action)
	case *CreateCatalog:
		p.create("CATALOG", false, false, false, s.IfNotExists, s.Name)
		p.comment(s.Comment)
		p.with(s.Options)
	case *CreateModel:
		p.create("MODEL", false, s.Temporary, false, s.IfNotExists, s.Name)
		if len(s.Input) > 0 {
			p.w(" INPUT ")
			p.schema(s.Input, nil, nil)
		}
		if len(s.Output) > 0 {
			p.w(" OUTPUT ")
			p.schema(s.Output, nil, nil)
		}
		p.comment(s.Comment)
		p.with(s.Options)
	case *AlterModel:
		p.w("ALTER MODEL ")
		p.when(s.IfExists, "IF EXISTS ")
		p.name(s.Name)
		p.w(" ")
		p.alterAction(s.Action)
	case *AlterCatalog:
		p.w("ALTER CATALOG ")
		p.name(s.Name)
		p.w(" ")
		p.alterAction(s.Action)
	}
}

func (p *printer) createTable(s *CreateTable) {
	if s.Replace {
		p.w("REPLACE TABLE ")
		p.name(s.Name)
	} else {
		p.create("TABLE", s.OrReplace, s.Temporary, false, s.IfNotExists, s.Name)
	}
	if len(s.Columns)+len(s.Watermarks)+len(s.Constraints) > 0 {
		p.w(" ")
		p.schema(s.Columns, s.Watermarks, s.Constraints)
	}
	p.comment(s.Comment)
	if s.Distribution != nil {
		p.w(" DISTRIBUTED")
		p.distribution(s.Distribution)
	}
	if len(s.PartitionedBy) > 0 {
		p.w(" PARTITIONED BY ")
		p.identList(s.PartitionedBy)
	}
	p.with(s.Options)
	if l := s.Like; l != nil {
		p.w(" LIKE ")
		p.name(l.Source)
		if len(l.Options) > 0 {
			p.w(" (")
			p.each(len(l.Options), " ", func(i int) { p.w(l.Options[i].Strategy, " ", l.Options[i].Feature) })
			p.w(")")
		}
	}
	if s.As != nil {
		p.w(" AS ")
		p.query(s.As)
	}
}

func (p *printer) schema(cols []Column, marks []Watermark, cons []Constraint) {
	p.w("(")
	total := len(cols) + len(marks) + len(cons)
	p.each(total, ", ", func(i int) {
		switch {
		case i < len(cols):
			p.column(cols[i])
		case i < len(cols)+len(marks):
			w := marks[i-len(cols)]
			p.w("WATERMARK FOR ")
			p.name(w.Column)
			p.w(" AS ")
			p.expr(w.Expr, 0)
		default:
			p.constraint(cons[i-len(cols)-len(marks)])
		}
	})
	p.w(")")
}

func (p *printer) column(c Column) {
	p.ident(c.Name)
	switch c.Kind {
	case ComputedColumn:
		p.w(" AS ")
		p.expr(c.Computed, 0)
	case PhysicalColumn, MetadataColumn:
		p.w(" ")
		p.dataType(c.Type)
		if c.Kind == MetadataColumn {
			p.w(" METADATA")
			if c.MetadataKey != nil {
				p.w(" FROM ")
				p.str(*c.MetadataKey)
			}
			p.when(c.Virtual, " VIRTUAL")
		}
	}
	p.comment(c.Comment)
	switch {
	case c.Position == nil:
	case c.Position.After == nil:
		p.w(" FIRST")
	default:
		p.w(" AFTER ")
		p.ident(*c.Position.After)
	}
}

func (p *printer) constraint(c Constraint) {
	if c.Name != nil {
		p.w("CONSTRAINT ")
		p.ident(*c.Name)
		p.w(" ")
	}
	if c.Unique {
		p.w("UNIQUE ")
	} else {
		p.w("PRIMARY KEY ")
	}
	p.identList(c.Columns)
	p.when(c.Enforced != "", " "+c.Enforced)
}

func (p *printer) distribution(d *Distribution) {
	if len(d.Columns) > 0 {
		p.w(" BY ")
		p.when(d.Kind != "", d.Kind+" ")
		p.identList(d.Columns)
	}
	if d.Buckets != nil {
		p.w(" INTO ", strconv.Itoa(*d.Buckets), " BUCKETS")
	}
}

func (p *printer) alterAction(a AlterAction) {
	switch a := a.(type) {
	case *RenameTo:
		p.w("RENAME TO ")
		p.name(a.To)
	case *RenameColumn:
		p.w("RENAME ")
		p.name(a.From)
		p.w(" TO ")
		p.name(a.To)
	case *SetOptions:
		p.w("SET ")
		p.options(a.Options)
	case *ResetOptions:
		p.w("RESET (")
		p.each(len(a.Keys), ", ", func(i int) { p.str(a.Keys[i]) })
		p.w(")")
	case *SetComment:
		p.w("COMMENT ")
		p.str(a.Comment)
	case *ChangeSchema:
		if a.Modify {
			p.w("MODIFY ")
		} else {
			p.w("ADD ")
		}
		if a.Distribution != nil {
			p.w("DISTRIBUTION")
			p.distribution(a.Distribution)
			return
		}
		p.schema(a.Columns, a.Watermarks, a.Constraints)
	case *DropColumns:
		p.w("DROP (")
		p.each(len(a.Columns), ", ", func(i int) { p.name(a.Columns[i]) })
		p.w(")")
	case *DropPart:
		p.w("DROP ", a.What)
		if a.Name != nil {
			p.w(" ")
			p.ident(*a.Name)
		}
	case *ChangePartitions:
		word, sep, cond := "ADD", " ", " IF NOT EXISTS"
		if a.Drop {
			word, sep, cond = "DROP", ", ", " IF EXISTS"
		}
		p.w(word)
		p.when(a.If, cond)
		p.w(" ")
		p.each(len(a.Partitions), sep, func(i int) {
			p.w("PARTITION ")
			p.partition(a.Partitions[i].Values)
			p.with(a.Partitions[i].Options)
		})
	}
}
