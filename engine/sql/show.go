package sql

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql/ast"
)

func (s *Session) show(n *ast.Show) (*Outcome, error) {
	if n.Like != nil && n.Like.ILike && slices.Contains([]string{"TABLES", "VIEWS", "COLUMNS", "MODELS"}, n.What) {
		return nil, ast.Errorf(n.Like.Pos(), "unexpected \"ILIKE\": SHOW %s takes LIKE", n.What)
	}
	keep, err := likeFilter(n.Like)
	if err != nil {
		return nil, err
	}
	filtered := func(column string, names []string) (*Outcome, error) {
		return list(column, slices.DeleteFunc(slices.Clone(names), func(x string) bool { return !keep(x) })), nil
	}
	switch n.What {
	case "TABLES", "VIEWS":
		tables, err := s.tablesOf(n.From)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, t := range tables {
			if n.What == "TABLES" || t.View != nil {
				names = append(names, t.Path.Name)
			}
		}
		return filtered(strings.ToLower(strings.TrimSuffix(n.What, "S"))+" name", names)
	case "DATABASES":
		from := s.catalog.Current
		if n.From != nil {
			from = n.From.String()
			if !s.catalog.HasCatalog(from) {
				return nil, ast.Errorf(n.From.Pos(), "A catalog with name [%s] does not exist.%s", from, meant(from, s.catalog.Catalogs()))
			}
		}
		return filtered("database name", s.catalog.Databases(from))
	case "CATALOGS":
		return filtered("catalog name", s.catalog.Catalogs())
	case "CURRENT CATALOG":
		return list("current catalog name", []string{s.catalog.Current}), nil
	case "CURRENT DATABASE":
		return list("current database name", []string{s.catalog.Database}), nil
	case "FUNCTIONS":
		names := slices.Concat(function.Listed, s.userFunctions())
		slices.Sort(names)
		return filtered("function name", names)
	case "USER FUNCTIONS":
		return filtered("function name", s.userFunctions())
	case "MODULES":
		return list("module name", []string{"core"}), nil
	case "FULL MODULES":
		o := list("module name", []string{"core"})
		o.Columns = append(o.Columns, data.Column{Name: "used", Type: data.Of(data.Boolean)})
		o.Rows[0] = append(o.Rows[0], data.Value{I: 1})
		return o, nil
	case "JARS":
		return list("jars", nil), nil
	case "MODELS":
		current, database, err := s.databaseOf(n.From)
		if err != nil {
			return nil, err
		}
		return filtered("model name", s.catalog.Models(current, database))
	case "PROCEDURES":
		return nil, ast.Planf(n.Pos(), "listProcedures is not implemented: the catalogs of this engine have no procedures")
	case "PARTITIONS":
		return s.showPartitions(n)
	case "JOBS":
		return nil, noJobs(n.Pos())
	case "CREATE CATALOG":
		return s.showCreateCatalog(n)
	case "CREATE MODEL":
		m, err := s.modelNamed(n.Name)
		if err != nil {
			return nil, err
		}
		return list("result", []string{modelText(m)}), nil
	case "MATERIALIZED TABLES":
		return list("materialized table", nil), nil
	case "COLUMNS":
		t, err := s.tableNamed(n.From)
		if err != nil {
			return nil, err
		}
		o := describeTable(t)
		o.Rows = slices.DeleteFunc(o.Rows, func(r []data.Value) bool { return !keep(r[0].S) })
		return o, nil
	case "CREATE TABLE", "CREATE VIEW":
		return s.showCreate(n)
	}
	return nil, ast.Errorf(n.Pos(), "SHOW %s is not supported by this engine yet; run it on a Flink target", n.What)
}

// databaseOf is the database of FROM, or the current one.
func (s *Session) databaseOf(from *ast.Name) (current, database string, err error) {
	current, database = s.catalog.Current, s.catalog.Database
	if from == nil {
		return current, database, nil
	}
	parts := from.Strings()
	database = parts[len(parts)-1]
	if len(parts) == 2 {
		current = parts[0]
	}
	if !s.catalog.HasDatabase(current, database) {
		return "", "", ast.Errorf(from.Pos(), "Database '%s'.'%s' doesn't exist.%s", current, database, meant(database, s.catalog.Databases(current)))
	}
	return current, database, nil
}

// meant is a sentence with a name that may have been meant.
func meant(name string, among []string) string {
	if n := option.Nearest(name, among); n != "" {
		return " Did you mean '" + n + "'?"
	}
	return ""
}

func (s *Session) tablesOf(from *ast.Name) ([]*catalog.Table, error) {
	current, database, err := s.databaseOf(from)
	if err != nil {
		return nil, err
	}
	tables, _ := s.catalog.Tables(current, database)
	return tables, nil
}

func likeFilter(l *ast.LikeFilter) (func(string) bool, error) {
	if l == nil {
		return func(string) bool { return true }, nil
	}
	var b strings.Builder
	if l.ILike {
		b.WriteString("(?i)")
	}
	b.WriteString("^")
	for _, r := range l.Pattern {
		switch r {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	re, err := regexp.Compile(b.String() + "$")
	if err != nil {
		return nil, ast.Errorf(l.Pos(), "pattern '%s': %w", l.Pattern, err)
	}
	return func(name string) bool { return re.MatchString(name) != l.Not }, nil
}

func (s *Session) tableNamed(n *ast.Name) (*catalog.Table, error) {
	p, err := s.resolve(n)
	if err != nil {
		return nil, err
	}
	t := s.catalog.Table(p)
	if t == nil {
		hint := ""
		if near := s.catalog.Near(p); near != "" {
			hint = " Did you mean '" + near + "'?"
		}
		return nil, ast.Errorf(n.Pos(), "Tables or views with the identifier '%s' doesn't exist.%s", p, hint)
	}
	return t, nil
}

func describeTable(t *catalog.Table) *Outcome {
	o := &Outcome{Kind: Rows, Columns: columns("name", "type", "null", "key", "extras", "watermark")}
	o.Columns[2].Type = data.Of(data.Boolean)
	for _, c := range t.Columns {
		typ := c.Type.WithNull(true).String()
		switch c.Type.TimeAttr {
		case data.EventTime:
			typ += " *ROWTIME*"
		case data.ProcTime:
			typ += " *PROCTIME*"
		}
		null := data.Value{}
		if c.Type.Nullable {
			null.I = 1
		}
		row := []data.Value{{S: c.Name}, {S: typ}, null, data.NullValue(), data.NullValue(), data.NullValue()}
		if slices.Contains(t.PrimaryKey, c.Name) {
			row[3] = data.Value{S: "PRI(" + strings.Join(t.PrimaryKey, ", ") + ")"}
		}
		if e := extras(c); e != "" {
			row[4] = data.Value{S: e}
		}
		if t.Watermark != nil && t.Watermark.Column == c.Name {
			row[5] = data.Value{S: sqlText(t.Watermark.Expr)}
		}
		o.Rows = append(o.Rows, row)
	}
	for i := range t.Columns {
		if t.Columns[i].Comment != nil {
			return withComments(o, t)
		}
	}
	return o
}

func withComments(o *Outcome, t *catalog.Table) *Outcome {
	o.Columns = append(o.Columns, columns("comment")...)
	for i, c := range t.Columns {
		v := data.NullValue()
		if c.Comment != nil {
			v = data.Value{S: *c.Comment}
		}
		o.Rows[i] = append(o.Rows[i], v)
	}
	return o
}

func extras(c catalog.Column) string {
	switch c.Kind {
	case catalog.Computed:
		return "AS " + sqlText(c.Expr)
	case catalog.Metadata:
		s := "METADATA"
		if c.KeyWritten {
			s += " FROM '" + c.MetadataKey + "'"
		}
		if c.Virtual {
			s += " VIRTUAL"
		}
		return s
	}
	return ""
}

// newerFunction tells functions that Flink quotes in the text of expressions:
// those that are not of Calcite or of its own table of operators.
func newerFunction(name string) bool {
	_, ok := function.Newer(name)
	return ok || name == "PERCENTILE" || name == "IFNULL"
}

func sqlText(n ast.Node) string {
	return ast.PrintWith(n, ast.PrintOptions{QuoteAll: true, QuoteFunction: newerFunction})
}

func (s *Session) showCreate(n *ast.Show) (*Outcome, error) {
	view := n.What == "CREATE VIEW"
	p, err := s.resolve(n.Name)
	if err != nil {
		return nil, err
	}
	what := "Table"
	if view {
		what = "View"
	}
	t := s.catalog.Table(p)
	if t == nil {
		return nil, ast.Errorf(n.Name.Pos(), "Could not execute SHOW %s. %s with identifier %s does not exist.", n.What, what, quoted(p))
	}
	if (t.View != nil) != view {
		other := map[bool]string{true: "table", false: "view"}[view]
		return nil, ast.Planf(n.Name.Pos(), "SHOW %s is only supported for %ss, but %s is a %s. Please use SHOW CREATE %s instead.", n.What, strings.ToLower(what), quoted(p), other, strings.ToUpper(other))
	}
	var b strings.Builder
	b.WriteString(createText(t, strings.ToUpper(what)))
	if view {
		fmt.Fprintf(&b, "AS %s\n", t.View.Expanded)
		return list("result", []string{b.String()}), nil
	}
	var options []string
	for _, k := range slices.Sorted(maps.Keys(t.Options)) {
		options = append(options, "  "+ast.QuoteString(k)+" = "+ast.QuoteString(t.Options[k]))
	}
	if len(options) > 0 {
		fmt.Fprintf(&b, "WITH (\n%s\n)\n", strings.Join(options, ",\n"))
	}
	return list("result", []string{b.String()}), nil
}

// createText is CREATE TABLE or VIEW up to its options or query.
func createText(t *catalog.Table, what string) string {
	var b strings.Builder
	b.WriteString("CREATE ")
	if t.Temporary {
		b.WriteString("TEMPORARY ")
	}
	fmt.Fprintf(&b, "%s %s (\n", what, quoted(t.Path))
	var lines []string
	for _, c := range t.Columns {
		lines = append(lines, "  "+columnText(c, t.View != nil))
	}
	if t.Watermark != nil {
		lines = append(lines, fmt.Sprintf("  WATERMARK FOR %s AS %s", ast.QuoteIdent(t.Watermark.Column), sqlText(t.Watermark.Expr)))
	}
	if t.PrimaryKey != nil {
		lines = append(lines, fmt.Sprintf("  CONSTRAINT %s PRIMARY KEY (%s) NOT ENFORCED", ast.QuoteIdent(t.KeyName), quoteAll(t.PrimaryKey)))
	}
	b.WriteString(strings.Join(lines, ",\n") + "\n)\n")
	if t.Comment != nil {
		fmt.Fprintf(&b, "COMMENT %s\n", ast.QuoteString(*t.Comment))
	}
	if t.Distributed != nil {
		b.WriteString(distributionText(t.Distributed))
	}
	if len(t.PartitionBy) > 0 {
		fmt.Fprintf(&b, "PARTITIONED BY (%s)\n", quoteAll(t.PartitionBy))
	}
	return b.String()
}

func columnText(c catalog.Column, view bool) string {
	s := ast.QuoteIdent(c.Name)
	if view {
		return s
	}
	if c.Kind == catalog.Computed {
		s += " AS " + sqlText(c.Expr)
	} else {
		s += " " + serial(c.Type)
		if e := extras(c); e != "" {
			s += " " + e
		}
	}
	if c.Comment != nil {
		s += " COMMENT " + ast.QuoteString(*c.Comment)
	}
	return s
}

var zoned = regexp.MustCompile(`TIMESTAMP_LTZ\((\d)\)`)

// serial is a type without abbreviations: VARCHAR(2147483647) for STRING.
func serial(t data.Type) string {
	s := zoned.ReplaceAllString(t.String(), "TIMESTAMP($1) WITH LOCAL TIME ZONE")
	s = strings.ReplaceAll(s, "STRING", "VARCHAR(2147483647)")
	return strings.ReplaceAll(s, "BYTES", "VARBINARY(2147483647)")
}

func quoteAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = ast.QuoteIdent(n)
	}
	return strings.Join(out, ", ")
}
