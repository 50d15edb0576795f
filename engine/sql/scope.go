package sql

import (
	"strings"

	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// scoped is something whose columns may be named.
type scoped struct {
	name    string
	columns []string
}

// columns completes the columns of what is in FROM, and the names before a dot.
func (c *cursor) columns() {
	scope := c.scope()
	for _, t := range scope {
		c.add(CompleteColumn, t.columns...)
	}
	for _, t := range scope {
		if t.name != "" {
			c.add(CompleteTable, t.name)
		}
	}
}

// scope finds what the query that the place is in reads: in its FROM clause,
// wherever that stands, before or after the place.
func (c *cursor) scope() []scoped {
	begin, end := c.block()
	if out := c.references(c.whole[begin:end], false); len(out) > 0 {
		return out
	}
	return c.references(c.whole[begin:end], true) // a parenthesis may not be closed yet
}

// references are the items of FROM and JOIN, at the outer depth of parentheses
// or at any.
func (c *cursor) references(words []parse.Word, anywhere bool) []scoped {
	var out []scoped
	depth, from := 0, false
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w.Is("("):
			depth++
		case w.Is(")"):
			depth--
		case depth > 0 && !anywhere:
		case w.Is("WHERE") || w.Is("GROUP") || w.Is("HAVING") || w.Is("ORDER") || w.Is("LIMIT") || w.Is("UNION") || w.Is("WINDOW") || w.Is("SELECT"):
			from = false
		case w.Is("FROM"):
			from = true
		}
		if from && (depth == 0 || anywhere) && (w.Is("FROM") || w.Is("JOIN") || w.Is(",")) {
			t, next := c.reference(words, i+1)
			out = append(out, t...)
			i = next - 1
		}
	}
	return out
}

// block is the range of words of the innermost query around the place.
func (c *cursor) block() (begin, end int) {
	place := len(c.before)
	depth := 0
	for begin = min(place, len(c.whole)); begin > 0; begin-- {
		w := c.whole[begin-1]
		if w.Is(")") {
			depth++
		}
		if w.Is("(") {
			if depth--; depth < 0 {
				if begin < len(c.whole) && (c.whole[begin].Is("SELECT") || c.whole[begin].Is("WITH")) {
					break
				}
				depth = 0 // of a call or an expression
			}
		}
	}
	depth = 0
	for end = begin; end < len(c.whole); end++ {
		if c.whole[end].Is("(") {
			depth++
		}
		if c.whole[end].Is(")") {
			if depth--; depth < 0 {
				break
			}
		}
	}
	return begin, end
}

// reference reads one item of FROM.
func (c *cursor) reference(words []parse.Word, i int) ([]scoped, int) {
	for i < len(words) && words[i].Is("LATERAL") {
		i++
	}
	if i >= len(words) {
		return nil, i
	}
	t := scoped{}
	switch {
	case words[i].Is("(") || words[i].Is("TABLE") && i+1 < len(words) && words[i+1].Is("("):
		first := i
		for !words[i].Is("(") {
			i++
		}
		stop := closing(words, i)
		t.columns = c.columnsOf("SELECT * FROM " + c.text(words[first:min(stop+1, len(words))]))
		i = min(stop+1, len(words))
	case words[i].Named():
		path := []string{words[i].Text}
		for i++; i+1 < len(words) && words[i].Is(".") && words[i+1].Named(); i += 2 {
			path = append(path, words[i+1].Text)
		}
		t.name = path[len(path)-1]
		t.columns = c.named(path)
	default:
		return nil, i + 1
	}
	if i < len(words) && words[i].Is("AS") {
		i++
	}
	if i < len(words) && (words[i].Kind == parse.QuotedWord || words[i].Kind == parse.PlainWord && !ast.IsReserved(words[i].Text)) {
		t.name = words[i].Text
		i++
	}
	return []scoped{t}, i
}

func closing(words []parse.Word, i int) int {
	depth := 0
	for ; i < len(words); i++ {
		if words[i].Is("(") {
			depth++
		}
		if words[i].Is(")") {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return i
}

// text is the source of words.
func (c *cursor) text(words []parse.Word) string {
	if len(words) == 0 {
		return ""
	}
	return c.source[c.begin+words[0].Start : c.begin+words[len(words)-1].Stop]
}

// named gives the columns of a table, a view or an item of WITH.
func (c *cursor) named(path []string) []string {
	if len(path) == 1 {
		for _, name := range c.withNames() {
			if name == path[0] {
				return c.columnsOf("SELECT * FROM " + ast.QuoteIdent(name))
			}
		}
	}
	p, ok := c.session.catalog.Resolve(path)
	if !ok {
		return nil
	}
	if t := c.session.catalog.Table(p); t != nil {
		return columnNames(t)
	}
	return nil
}

// with is the WITH clause of the statement, if it has one: its text and the
// names in it.
func (c *cursor) with() (text string, names []string) {
	for i, w := range c.whole {
		if !w.Is("WITH") || i > 0 && !c.whole[0].Is("INSERT") && !c.whole[0].Is("EXPLAIN") && !c.whole[0].Is("CREATE") {
			continue
		}
		k := i + 1
		for k+2 < len(c.whole) && c.whole[k].Named() && c.whole[k+1].Is("AS") && c.whole[k+2].Is("(") {
			stop := closing(c.whole, k+2)
			if stop >= len(c.whole) || c.whole[stop].Start >= c.at-c.begin {
				break // the one being written
			}
			names = append(names, c.whole[k].Text)
			text = c.text(c.whole[i : stop+1])
			k = stop + 1
			if k >= len(c.whole) || !c.whole[k].Is(",") {
				break
			}
			k++
		}
		return text, names
	}
	return "", nil
}

func (c *cursor) withNames() []string { _, names := c.with(); return names }

// ctes completes the names of WITH.
func (c *cursor) ctes() { c.add(CompleteTable, c.withNames()...) }

// columnsOf are the columns of a query that may be wrong: then none.
func (c *cursor) columnsOf(query string) []string {
	if text, _ := c.with(); text != "" {
		query = text + " " + query
	}
	st, err := parse.Statement(query)
	q, ok := st.(*ast.Query)
	if err != nil || !ok {
		return nil
	}
	b, err := c.session.binder()
	if err != nil {
		return nil
	}
	n, err := b.Query(q)
	if err != nil {
		return nil
	}
	var names []string
	for _, col := range n.Schema() {
		if !strings.HasPrefix(col.Name, "EXPR$") {
			names = append(names, col.Name)
		}
	}
	return names
}

// targetColumnsAreNext tells whether the columns of INSERT INTO t (…) are to
// be written.
func (c *cursor) targetColumnsAreNext() bool {
	if len(c.before) == 0 || !c.before[0].Is("INSERT") {
		return false
	}
	path, at := c.target()
	if len(path) == 0 || at >= len(c.before) || !c.before[at].Is("(") {
		return false
	}
	return closing(c.before, at) >= len(c.before)
}

// target is the table that is inserted into, and where the word after it is.
func (c *cursor) target() (path []string, next int) {
	for i := 1; i < len(c.before)-1; i++ {
		if !c.before[i].Is("INTO") && !c.before[i].Is("OVERWRITE") {
			continue
		}
		i++
		if !c.before[i].Named() {
			return nil, i
		}
		path = append(path, c.before[i].Text)
		for i++; i+1 < len(c.before) && c.before[i].Is(".") && c.before[i+1].Named(); i += 2 {
			path = append(path, c.before[i+1].Text)
		}
		return path, i
	}
	return nil, 0
}

func (c *cursor) targetColumns() {
	path, _ := c.target()
	p, ok := c.session.catalog.Resolve(path)
	if !ok {
		return
	}
	if t := c.session.catalog.Table(p); t != nil {
		c.add(CompleteColumn, columnNames(t)...)
	}
}
