package jsonpath

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// filter is the condition of [?(…)]: the values for which it holds are found.
type filter struct {
	op   string // ||, &&, !, exists, or a comparison
	l, r *filter
	a, b operand
	re   *regexp.Regexp
}

// operand is a path from the value (@) or the document ($), or a constant.
type operand struct {
	path     *path
	fromRoot bool
	constant *value
}

// maxFilterDepth bounds the nesting of a condition.
const maxFilterDepth = 100

func (o operand) get(v, root *value) *value {
	if o.path == nil {
		return o.constant
	}
	if o.fromRoot {
		v = root
	}
	at, err := walk(o.path.steps, v, root)
	switch {
	case err != nil:
		return nil
	case o.path.many:
		return &value{kind: list, elems: at}
	case len(at) == 0:
		return nil
	}
	return at[0]
}

func (f *filter) accepts(v, root *value) bool {
	switch f.op {
	case "||":
		return f.l.accepts(v, root) || f.r.accepts(v, root)
	case "&&":
		return f.l.accepts(v, root) && f.r.accepts(v, root)
	case "!":
		return !f.l.accepts(v, root)
	}
	a := f.a.get(v, root)
	if f.op == "exists" {
		return a != nil && (!f.a.path.many || len(a.elems) > 0)
	}
	if f.op == "=~" {
		return a != nil && a.kind == text && f.re.MatchString(a.text)
	}
	b := f.b.get(v, root)
	switch f.op {
	case "==":
		return equal(a, b)
	case "!=":
		return !equal(a, b)
	}
	if a == nil || b == nil {
		return false
	}
	switch f.op {
	case "in", "nin":
		return b.kind == list && has(b, a) == (f.op == "in")
	case "contains":
		if a.kind == text && b.kind == text {
			return strings.Contains(a.text, b.text)
		}
		return a.kind == list && has(a, b)
	case "size":
		n := len(a.elems)
		if a.kind == text {
			n = len([]rune(a.text))
		}
		return b.kind == number && b.text == strconv.Itoa(n)
	case "empty":
		size := len(a.elems)
		if a.kind == text {
			size = len(a.text)
		}
		return b.kind == boolean && (size == 0) == (b.text == "true")
	}
	c, ok := order(a, b)
	if !ok {
		return false
	}
	switch f.op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

func has(l, v *value) bool {
	for _, e := range l.elems {
		if equal(e, v) {
			return true
		}
	}
	return false
}

func order(a, b *value) (int, bool) {
	if a.kind != b.kind || a.kind != number && a.kind != text {
		return 0, false
	}
	if a.kind == text {
		return strings.Compare(a.text, b.text), true
	}
	x, _ := strconv.ParseFloat(a.text, 64)
	y, _ := strconv.ParseFloat(b.text, 64)
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

func equal(a, b *value) bool {
	switch {
	case a == nil || b == nil:
		return false
	case a.kind == text && b.kind == number:
		return a.text == b.text
	case a.kind == number && b.kind == text:
		x, err := strconv.ParseFloat(b.text, 64)
		y, _ := strconv.ParseFloat(a.text, 64)
		return err == nil && x == y
	case a.kind != b.kind:
		return false
	}
	switch a.kind {
	case number:
		c, _ := order(a, b)
		return a.text == b.text || c == 0
	case list, object:
		return string(a.append(nil)) == string(b.append(nil))
	}
	return a.text == b.text
}

type filterParser struct {
	s     string
	depth int
}

// parseFilter reads (condition) and returns what follows it.
func parseFilter(s string) (*filter, string, error) {
	p := &filterParser{s: s}
	p.space()
	if !strings.HasPrefix(p.s, "(") {
		return nil, s, p.bad()
	}
	f, err := p.unary()
	return f, p.s, err
}

func (p *filterParser) space()     { p.s = strings.TrimLeft(p.s, " \t\r\n") }
func (p *filterParser) bad() error { return fmt.Errorf("has a condition that is wrong before %q", p.s) }

func (p *filterParser) accept(word string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.s, word)
	if ok {
		p.s = rest
	}
	return ok
}

func (p *filterParser) or() (*filter, error) { return p.chain("||", p.and) }

func (p *filterParser) and() (*filter, error) { return p.chain("&&", p.unary) }

func (p *filterParser) chain(op string, next func() (*filter, error)) (*filter, error) {
	f, err := next()
	for err == nil && p.accept(op) {
		var r *filter
		if r, err = next(); err == nil {
			f = &filter{op: op, l: f, r: r}
		}
	}
	return f, err
}

func (p *filterParser) unary() (*filter, error) {
	if p.depth++; p.depth > maxFilterDepth {
		return nil, fmt.Errorf("has a condition nested deeper than %d", maxFilterDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("!"):
		f, err := p.unary()
		return &filter{op: "!", l: f}, err
	case p.accept("("):
		f, err := p.or()
		if err == nil && !p.accept(")") {
			err = p.bad()
		}
		return f, err
	}
	return p.comparison()
}

// Longer operators stand before those they begin with.
var comparisons = []string{"===", "!==", "==", "!=", "<=", ">=", "=~", "<", ">", "nin ", "in ", "contains ", "size ", "empty "}

func (p *filterParser) comparison() (*filter, error) {
	a, err := p.operand()
	if err != nil {
		return nil, err
	}
	for _, op := range comparisons {
		if !p.accept(op) {
			continue
		}
		f := &filter{op: strings.TrimSpace(op), a: a}
		if len(op) == 3 && op[2] == '=' {
			f.op = op[:2]
		}
		if f.op == "=~" {
			f.re, err = p.regexp()
			return f, err
		}
		f.b, err = p.operand()
		return f, err
	}
	if a.path == nil {
		return nil, p.bad()
	}
	return &filter{op: "exists", a: a}, nil
}

func (p *filterParser) operand() (operand, error) {
	p.space()
	if p.s == "" {
		return operand{}, p.bad()
	}
	switch c := p.s[0]; c {
	case '@', '$':
		o := operand{path: &path{}, fromRoot: c == '$'}
		rest, err := o.path.read(p.s[1:], true)
		p.s = rest
		for i, st := range o.path.steps {
			o.path.many = o.path.many || st.several(i+1 == len(o.path.steps))
		}
		return o, err
	case '\'':
		s, rest, ok := quoted(p.s)
		if !ok {
			return operand{}, p.bad()
		}
		p.s = rest
		return operand{constant: &value{kind: text, text: s}}, nil
	case '[':
		return p.list()
	}
	d := parser{s: p.s}
	v, err := d.value()
	if err != nil {
		return operand{}, p.bad()
	}
	p.s = p.s[d.i:]
	return operand{constant: v}, nil
}

// list reads constants in brackets, texts also in single quotes.
func (p *filterParser) list() (operand, error) {
	p.s = p.s[1:]
	l := &value{kind: list}
	for !p.accept("]") {
		if len(l.elems) > 0 && !p.accept(",") {
			return operand{}, p.bad()
		}
		if p.space(); strings.HasPrefix(p.s, "[") {
			return operand{}, p.bad()
		}
		o, err := p.operand()
		if err != nil || o.constant == nil {
			return operand{}, p.bad()
		}
		l.elems = append(l.elems, o.constant)
	}
	return operand{constant: l}, nil
}

func (p *filterParser) regexp() (*regexp.Regexp, error) {
	if !p.accept("/") {
		return nil, p.bad()
	}
	end := 0
	for end < len(p.s) && p.s[end] != '/' {
		if p.s[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.s) {
		return nil, p.bad()
	}
	pattern := strings.ReplaceAll(p.s[:end], `\/`, "/")
	p.s = p.s[end+1:]
	if rest, ok := strings.CutPrefix(p.s, "i"); ok {
		p.s, pattern = rest, "(?i)"+pattern
	}
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("has a regular expression that is wrong: %w", err)
	}
	return re, nil
}
