package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// selectAll gives the resources of the path's namespace that the label selector
// of the query lets through.
func selectAll[T any, P interface {
	*T
	resource.Object
}](a *API, r *http.Request, c Collection[T]) ([]T, error) {
	matches, err := parseSelector(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return nil, err
	}
	namespace, err := a.namespace(r)
	if err != nil {
		return nil, err
	}
	items, err := c.List(r.Context(), resource.Filter{Namespace: namespace})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(items, func(v T) bool { return !matches(P(&v).Meta().Labels) }), nil
}

// parseSelector reads a label selector in the grammar of Kubernetes: terms
// joined by commas, each one of key, !key, key=v, key==v, key!=v,
// key in (a,b), key notin (a,b). Nothing at all selects everything.
func parseSelector(text string) (func(labels map[string]string) bool, error) {
	p := selectorParser{text: text}
	var terms []func(map[string]string) bool
	for p.skip(); p.rest() != ""; {
		term, err := p.term()
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
		p.skip()
		if p.rest() == "" {
			break
		}
		if !p.take(",") {
			return nil, p.errorf("expected a comma before %q", p.rest())
		}
		p.skip()
		if p.rest() == "" {
			return nil, p.errorf("ends with a comma")
		}
	}
	return func(labels map[string]string) bool {
		for _, term := range terms {
			if !term(labels) {
				return false
			}
		}
		return true
	}, nil
}

type selectorParser struct {
	text string
	at   int
}

func (p *selectorParser) term() (func(map[string]string) bool, error) {
	if p.take("!") {
		p.skip()
		key := p.word()
		if key == "" {
			return nil, p.errorf("expected a label key after !")
		}
		return func(l map[string]string) bool { _, ok := l[key]; return !ok }, nil
	}
	key := p.word()
	if key == "" {
		return nil, p.errorf("expected a label key at %q", p.rest())
	}
	p.skip()
	switch {
	case p.take("!="):
		p.skip()
		value := p.word()
		return func(l map[string]string) bool { v, ok := l[key]; return !ok || v != value }, nil
	case p.take("=="), p.take("="):
		p.skip()
		value := p.word()
		return func(l map[string]string) bool { v, ok := l[key]; return ok && v == value }, nil
	case p.keyword("in"):
		values, err := p.values()
		return func(l map[string]string) bool { v, ok := l[key]; return ok && slices.Contains(values, v) }, err
	case p.keyword("notin"):
		values, err := p.values()
		return func(l map[string]string) bool { v, ok := l[key]; return !ok || !slices.Contains(values, v) }, err
	}
	return func(l map[string]string) bool { _, ok := l[key]; return ok }, nil
}

func (p *selectorParser) values() ([]string, error) {
	p.skip()
	if !p.take("(") {
		return nil, p.errorf("expected ( before the values at %q", p.rest())
	}
	var values []string
	for {
		p.skip()
		values = append(values, p.word())
		p.skip()
		if p.take(")") {
			return values, nil
		}
		if !p.take(",") {
			return nil, p.errorf("expected , or ) at %q", p.rest())
		}
	}
}

func (p *selectorParser) rest() string { return p.text[p.at:] }

func (p *selectorParser) skip() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

func (p *selectorParser) take(s string) bool {
	if !strings.HasPrefix(p.rest(), s) {
		return false
	}
	p.at += len(s)
	return true
}

// keyword takes a whole word.
func (p *selectorParser) keyword(s string) bool {
	before := p.at
	if p.word() == s {
		return true
	}
	p.at = before
	return false
}

// word takes the characters of label keys and values.
func (p *selectorParser) word() string {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '/' {
			p.at++
			continue
		}
		break
	}
	return p.text[start:p.at]
}

func (p *selectorParser) errorf(format string, args ...any) error {
	return resource.Invalidf("labelSelector", format+"; write it as Kubernetes does, for example team=a,tier in (x,y),!old", args...)
}
