package sql

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// CompletionKind says what a Completion is.
type CompletionKind string

// Kinds of completions.
const (
	CompleteColumn   CompletionKind = "COLUMN"
	CompleteTable    CompletionKind = "TABLE"
	CompleteView     CompletionKind = "VIEW"
	CompleteDatabase CompletionKind = "DATABASE"
	CompleteCatalog  CompletionKind = "CATALOG"
	CompleteFunction CompletionKind = "FUNCTION"
	CompleteKeyword  CompletionKind = "KEYWORD"
	CompleteOption   CompletionKind = "OPTION" // a key or value of WITH (…)
)

// Completion is a word that may stand at a place, in place of what is typed of
// it there.
type Completion struct {
	Text string
	Kind CompletionKind
}

// maxCompletions is more than anybody looks through.
const maxCompletions = 500

// Suggest gives what a script may go on with at an offset, counted in
// characters. The script need not be whole or right. What its earlier
// statements declare is declared in the session.
func (s *Session) Suggest(script string, offset int) []Completion {
	at := 0
	for ; offset > 0 && at < len(script); offset-- {
		_, n := utf8.DecodeRuneInString(script[at:])
		at += n
	}
	begin := 0
	for _, part := range parse.Split(script[:at]) {
		text := strings.TrimSuffix(script[begin:], script[at:])
		i := strings.Index(text, part.Text)
		if i < 0 {
			break
		}
		end := begin + i + len(part.Text)
		if rest := strings.TrimLeft(script[end:at], " \t\r\n"); !strings.HasPrefix(rest, ";") {
			break // the one being written
		}
		begin = end + 1 + strings.Index(script[end:at], ";")
		if st, err := parse.Statement(part.Text); err == nil && declares(st) {
			_, _ = s.Execute(st) // what cannot be carried out declares nothing
		}
	}
	c := cursor{session: s, source: script, begin: begin, at: at}
	c.before = parse.Words(script[begin:at])
	end := len(script)
	if parts := parse.Split(script[begin:]); len(parts) > 0 {
		if i := strings.Index(script[begin:], parts[0].Text); i >= 0 {
			end = max(at, begin+i+len(parts[0].Text))
		}
	}
	c.whole = parse.Words(script[begin:end])
	return c.complete()
}

func declares(st ast.Statement) bool {
	switch st.(type) {
	case *ast.CreateTable, *ast.CreateView, *ast.CreateDatabase, *ast.CreateCatalog, *ast.CreateFunction, *ast.AlterTable, *ast.AlterView, *ast.Drop, *ast.Use, *ast.Set:
		return true
	}
	return false
}

// cursor is a place in a statement that is being written.
type cursor struct {
	session   *Session
	source    string
	begin, at int          // byte offsets of the statement and of the place
	before    []parse.Word // of the statement, up to the place; offsets count from begin
	whole     []parse.Word // of the statement
	partial   string       // what is typed of the word at the place
	quoted    bool         // it begins with a back-quote
	out       []Completion
}

func (c *cursor) complete() []Completion {
	if c.inComment() {
		return nil
	}
	if n := len(c.before); n > 0 {
		last := c.before[n-1]
		typed := c.source[c.begin+last.Start : c.at]
		switch {
		case last.Kind == parse.BrokenWord && strings.HasPrefix(typed, "'"):
			c.before, c.partial = c.before[:n-1], typed[1:]
			c.options(false)
			return c.out
		case last.Kind == parse.BrokenWord && strings.HasPrefix(typed, "`"):
			c.before, c.partial, c.quoted = c.before[:n-1], typed[1:], true
		case last.Kind == parse.BrokenWord && strings.HasPrefix(typed, "/*"):
			return nil
		case last.Kind == parse.PlainWord && last.Stop == c.at-c.begin:
			c.before, c.partial = c.before[:n-1], last.Text
		case (last.Kind == parse.StringWord || last.Kind == parse.NumberWord) && last.Stop == c.at-c.begin:
			return nil
		}
	}
	if path := c.path(); len(path) > 0 {
		c.before = c.before[:len(c.before)-2*len(path)]
		c.below(path)
		return c.out
	}
	c.open()
	return c.out
}

// inComment tells whether the place is in a comment to the end of the line.
func (c *cursor) inComment() bool {
	from := c.begin
	if n := len(c.before); n > 0 {
		from += c.before[n-1].Stop
	}
	gap := c.source[min(from, c.at):c.at]
	if i := strings.LastIndexAny(gap, "\r\n"); i >= 0 {
		gap = gap[i:]
	}
	return strings.Contains(gap, "--") || strings.Contains(gap, "//")
}

// path is the names with dots right before the word: a.b. gives a and b.
func (c *cursor) path() []string {
	var path []string
	for i := len(c.before) - 1; i >= 1 && c.before[i].Is(".") && c.before[i-1].Named(); i -= 2 {
		path = append(path, c.before[i-1].Text)
	}
	slices.Reverse(path)
	return path
}

// last is the n-th word from the end of what is before.
func (c *cursor) last(n int) parse.Word {
	if i := len(c.before) - n; i >= 0 {
		return c.before[i]
	}
	return parse.Word{Kind: parse.SignWord, Text: ";"}
}

// clause is the keyword that says what is being written, at this depth of
// parentheses, and whether a parenthesis was opened after it.
func (c *cursor) clause() (word parse.Word, index int) {
	depth := 0
	for i := len(c.before) - 1; i >= 0; i-- {
		w := c.before[i]
		switch {
		case w.Is(")"):
			depth++
		case w.Is("("):
			depth--
		case depth <= 0 && w.Kind == parse.PlainWord && clauses[w.Upper]:
			return w, i
		}
	}
	return parse.Word{}, -1
}

var clauses = set("SELECT FROM JOIN WHERE GROUP HAVING ORDER ON INTO VALUES WITH USE DESCRIBE DESC TABLE VIEW DATABASE CATALOG SET SHOW LIMIT WINDOW PARTITION QUALIFY INSERT CREATE ALTER DROP EXPLAIN LIKE UNION USING")

func set(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}

// open completes a word that nothing with a dot stands before.
func (c *cursor) open() {
	last := c.last(1)
	clause, at := c.clause()
	switch {
	case len(c.before) == 0:
		c.keywords("SELECT INSERT CREATE ALTER DROP SHOW DESCRIBE EXPLAIN USE SET RESET WITH BEGIN EXECUTE VALUES")
	case last.Is("CREATE"):
		c.keywords("TABLE TEMPORARY VIEW DATABASE CATALOG FUNCTION OR")
	case last.Is("DROP") || last.Is("ALTER"):
		c.keywords("TABLE TEMPORARY VIEW DATABASE CATALOG FUNCTION")
	case last.Is("INSERT"):
		c.keywords("INTO OVERWRITE")
	case last.Is("SHOW"):
		c.keywords("TABLES VIEWS DATABASES CATALOGS FUNCTIONS CURRENT CREATE COLUMNS MODULES JARS")
	case last.Is("CURRENT"):
		c.keywords("CATALOG DATABASE")
	case last.Is("GROUP") || last.Is("ORDER") || last.Is("PARTITION"):
		c.keywords("BY")
	case last.Is("CATALOG"):
		c.catalogs()
	case last.Is("DATABASE"), last.Is("USE"):
		c.databases(c.session.catalog.Current)
		c.catalogs()
		c.keywords("CATALOG")
	case last.Is("FROM") && c.before[0].Is("SHOW"):
		c.databases(c.session.catalog.Current)
		c.catalogs()
	case c.tableIsNext(clause, at):
		c.ctes()
		c.tables(c.session.catalog.Current, c.session.catalog.Database)
		c.databases(c.session.catalog.Current)
		c.catalogs()
		if clause.Is("FROM") || clause.Is("JOIN") {
			c.keywords("TABLE LATERAL UNNEST")
		}
	case c.optionsAreNext():
		c.options(true)
	case c.targetColumnsAreNext():
		c.targetColumns()
	case c.afterOperand(last):
		c.keywords(following[clause.Upper])
	case clause.Is("SELECT") || clause.Is("WHERE") || clause.Is("GROUP") || clause.Is("HAVING") || clause.Is("ORDER") || clause.Is("ON") || clause.Is("PARTITION") || clause.Is("QUALIFY") || clause.Is("VALUES"):
		c.columns()
		c.functions()
		c.keywords("CASE CAST NOT NULL TRUE FALSE EXISTS INTERVAL")
		if clause.Is("SELECT") {
			c.keywords("DISTINCT")
		}
		if last.Is("DISTINCT") || last.Is("SELECT") {
			c.keywords("ALL")
		}
	case clause.Is("CREATE") || clause.Is("TABLE"):
		c.keywords("IF TABLE VIEW WITH AS LIKE COMMENT PARTITIONED PRIMARY WATERMARK METADATA STRING INT BIGINT DOUBLE DECIMAL BOOLEAN TIMESTAMP TIMESTAMP_LTZ DATE TIME ARRAY MAP ROW VARCHAR FLOAT")
		c.functions()
	default:
		c.keywords(strings.Join(ast.ReservedWords(), " "))
	}
}

// following are the keywords that may come after something whole.
var following = map[string]string{
	"SELECT": "FROM AS AND OR NOT IS NULL IN BETWEEN LIKE OVER WHEN THEN ELSE END UNION FILTER",
	"FROM":   "WHERE JOIN LEFT RIGHT FULL INNER CROSS ON GROUP HAVING ORDER LIMIT UNION INTERSECT EXCEPT AS FOR WINDOW MATCH_RECOGNIZE",
	"JOIN":   "ON USING AS WHERE JOIN LEFT RIGHT FULL INNER CROSS GROUP ORDER LIMIT FOR",
	"ON":     "AND OR WHERE JOIN LEFT RIGHT FULL INNER CROSS GROUP ORDER LIMIT BETWEEN IS IN LIKE",
	"WHERE":  "AND OR NOT IN IS BETWEEN LIKE GROUP HAVING ORDER LIMIT UNION INTERSECT EXCEPT",
	"GROUP":  "HAVING ORDER LIMIT UNION",
	"HAVING": "AND OR ORDER LIMIT UNION",
	"ORDER":  "ASC DESC LIMIT NULLS",
	"LIMIT":  "OFFSET",
	"INTO":   "SELECT VALUES WITH PARTITION",
	"INSERT": "SELECT VALUES WITH",
	"TABLE":  "WITH SET RENAME ADD DROP MODIFY RESET AS LIKE PRIMARY WATERMARK COMMENT PARTITIONED NOT METADATA",
	"VIEW":   "AS COMMENT RENAME",
	"CREATE": "WITH AS LIKE COMMENT PARTITIONED",
	"WITH":   "AS SELECT LIKE",
	"SHOW":   "FROM IN LIKE TABLE VIEW",
	"VALUES": "UNION",
}

// afterOperand tells whether a name, a number or a closing parenthesis stands
// before: then an operator or a clause follows.
func (c *cursor) afterOperand(last parse.Word) bool {
	switch last.Kind {
	case parse.QuotedWord, parse.NumberWord, parse.StringWord:
		return true
	case parse.PlainWord:
		return !ast.IsReserved(last.Text) || slices.Contains([]string{"END", "NULL", "TRUE", "FALSE", "CURRENT_TIMESTAMP", "CURRENT_DATE"}, last.Upper)
	}
	return last.Is(")") || last.Is("*") && (c.last(2).Is("SELECT") || c.last(2).Is(".") || c.last(2).Is(","))
}

// tableIsNext tells whether the name of a table is to be written.
func (c *cursor) tableIsNext(clause parse.Word, at int) bool {
	last := c.last(1)
	switch {
	case last.Is("FROM") || last.Is("JOIN") || last.Is("INTO") || last.Is("DESCRIBE") || last.Is("DESC") && len(c.before) == 1:
		return true
	case last.Is("OVERWRITE"):
		return true
	case last.Is("TABLE") || last.Is("VIEW"):
		return !c.before[0].Is("CREATE") || at > 2 // of TABLE t as a query
	case last.Is("EXISTS") && (clause.Is("TABLE") || clause.Is("VIEW")):
		return c.before[0].Is("DROP") || c.before[0].Is("ALTER")
	case last.Is("LIKE"):
		return c.before[0].Is("CREATE") && clause.Is("LIKE") && !slices.ContainsFunc(c.before, func(w parse.Word) bool { return w.Is("SELECT") })
	case last.Is(","):
		return clause.Is("FROM")
	}
	return false
}

func (c *cursor) add(kind CompletionKind, texts ...string) {
	for _, t := range texts {
		if len(c.out) >= maxCompletions {
			return
		}
		if len(t) < len(c.partial) || !strings.EqualFold(t[:len(c.partial)], c.partial) {
			continue
		}
		switch {
		case kind == CompleteKeyword || kind == CompleteFunction || kind == CompleteOption:
		case c.quoted, !plain(t):
			t = ast.QuoteIdent(t)
		}
		if x := (Completion{t, kind}); !slices.Contains(c.out, x) {
			c.out = append(c.out, x)
		}
	}
}

// plain tells whether a name can stand without quotes.
func plain(name string) bool { return ast.Print(&ast.Name{Parts: []ast.Ident{{Name: name}}}) == name }

func (c *cursor) keywords(words string) {
	if c.quoted {
		return
	}
	list := strings.Fields(words)
	slices.Sort(list)
	c.add(CompleteKeyword, list...)
}

func (c *cursor) functions() {
	if c.quoted {
		return
	}
	names := slices.DeleteFunc(c.session.env.Functions.Names(), func(n string) bool {
		return strings.Trim(strings.ToUpper(n), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != ""
	})
	slices.Sort(names)
	c.add(CompleteFunction, names...)
	c.add(CompleteFunction, c.session.catalog.Functions(c.session.catalog.Current, c.session.catalog.Database)...)
}

func (c *cursor) catalogs() { c.add(CompleteCatalog, c.session.catalog.Catalogs()...) }

func (c *cursor) databases(in string) {
	c.add(CompleteDatabase, c.session.catalog.Databases(in)...)
}

func (c *cursor) tables(in, database string) {
	all, _ := c.session.catalog.Tables(in, database)
	for _, t := range all {
		if t.View != nil {
			c.add(CompleteView, t.Path.Name)
		} else {
			c.add(CompleteTable, t.Path.Name)
		}
	}
}

// below completes what comes after names with dots.
func (c *cursor) below(path []string) {
	k := c.session.catalog
	clause, at := c.clause()
	if c.tableIsNext(clause, at) || c.last(1).Is("USE") || c.last(1).Is("DATABASE") {
		switch len(path) {
		case 1:
			c.tables(k.Current, path[0])
			c.databases(path[0])
		case 2:
			c.tables(path[0], path[1])
		}
		return
	}
	for _, t := range c.scope() {
		if len(path) == 1 && strings.EqualFold(t.name, path[0]) {
			c.add(CompleteColumn, t.columns...)
		}
	}
	if p, ok := k.Resolve(path); ok && len(c.out) == 0 {
		if t := k.Table(p); t != nil {
			c.add(CompleteColumn, columnNames(t)...)
		}
	}
}

func columnNames(t *catalog.Table) []string {
	names := make([]string, len(t.Columns))
	for i, col := range t.Columns {
		names[i] = col.Name
	}
	return names
}

// optionsAreNext tells whether a key or value of WITH (…) or SET (…) is to be
// written.
func (c *cursor) optionsAreNext() bool {
	depth := 0
	for i := len(c.before) - 1; i > 0; i-- {
		switch w := c.before[i]; {
		case w.Is(")"):
			depth++
		case w.Is("("):
			if depth--; depth < 0 {
				before := c.before[i-1]
				return before.Is("WITH") && c.before[0].Is("CREATE") || before.Is("SET") && c.before[0].Is("ALTER")
			}
		}
	}
	return false
}

// options completes keys and values of WITH (…).
func (c *cursor) options(quote bool) {
	if !c.optionsAreNext() {
		return
	}
	given := map[string]string{}
	for i := 0; i+2 < len(c.whole); i++ {
		if w := c.whole; w[i].Kind == parse.StringWord && w[i+1].Is("=") && w[i+2].Kind == parse.StringWord {
			given[w[i].Text] = w[i+2].Text
		}
	}
	var words []string
	if c.last(1).Is("=") {
		words = c.optionValues(c.last(2).Text, given)
	} else {
		words = c.optionKeys(given)
	}
	for _, w := range words {
		if quote {
			w = ast.QuoteString(w)
		}
		c.add(CompleteOption, w)
	}
}

func (c *cursor) optionKeys(given map[string]string) []string {
	conn := c.session.connectorNamed(given["connector"])
	if conn == nil {
		return []string{"connector"}
	}
	var words []string
	keys := func(opts []option.Option, prefix string) {
		for _, o := range opts {
			if _, there := given[prefix+o.Key]; !there {
				words = append(words, prefix+o.Key)
			}
		}
	}
	if _, there := given["format"]; conn.Formats && !there {
		words = append(words, "format")
	}
	keys(conn.Options, "")
	if f := c.session.formatNamed(given["format"]); f != nil && conn.Formats {
		keys(f.Options, f.Name+".")
	}
	return words
}

func (c *cursor) optionValues(key string, given map[string]string) []string {
	var words []string
	of := func(opts []option.Option, prefix string) {
		for _, o := range opts {
			if prefix+o.Key == key {
				words = append(words, o.Enum...)
				if o.Type == option.Bool {
					words = append(words, "true", "false")
				}
			}
		}
	}
	switch conn := c.session.connectorNamed(given["connector"]); {
	case key == "connector":
		return c.session.connectorNames()
	case key == "format" || key == "value.format":
		for _, f := range c.session.env.Formats {
			words = append(words, f.Name)
		}
	case conn != nil:
		of(conn.Options, "")
		if f := c.session.formatNamed(given["format"]); f != nil {
			of(f.Options, f.Name+".")
		}
	}
	return words
}
