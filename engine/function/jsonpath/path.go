package jsonpath

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// path is a compiled SQL/JSON path: $ and steps.
type path struct {
	strict bool
	steps  []step
	// many tells that the path can find several values: they come as an array.
	many bool
}

type stepKind uint8

const (
	stepMember stepKind = iota
	stepIndex
	stepWild
	stepDeep // all members of that name below, at any depth
	stepSlice
)

type step struct {
	kind     stepKind
	name     string // * for all, of stepDeep
	from, to int
	open     bool // a slice without end
}

var paths struct {
	sync.Mutex
	known map[string]*path
}

const maxPaths = 512

// compile prepares a path, or finds it prepared.
func compile(text string) (*path, error) {
	paths.Lock()
	defer paths.Unlock()
	if p := paths.known[text]; p != nil {
		return p, nil
	}
	p, err := parsePath(text)
	if err != nil {
		return nil, err
	}
	if paths.known == nil || len(paths.known) >= maxPaths {
		paths.known = map[string]*path{}
	}
	paths.known[strings.Clone(text)] = p
	return p, nil
}

func parsePath(text string) (*path, error) {
	p := &path{}
	s := strings.TrimSpace(text)
	mode, rest, ok := strings.Cut(s, " ")
	switch {
	case ok && strings.EqualFold(mode, "strict"):
		p.strict = true
		s = strings.TrimSpace(rest)
	case ok && strings.EqualFold(mode, "lax"):
		s = strings.TrimSpace(rest)
	}
	bad := func(at string) error { return fmt.Errorf("JSON path %q is wrong before %q", text, at) }
	if !strings.HasPrefix(s, "$") {
		return nil, bad(s)
	}
	s = s[1:]
	for s != "" {
		switch {
		case strings.HasPrefix(s, ".."):
			name, rest := word(s[2:])
			if name == "" {
				return nil, bad(s)
			}
			p.steps = append(p.steps, step{kind: stepDeep, name: name})
			p.many, s = true, rest
		case s[0] == '.':
			name, rest := word(s[1:])
			if name == "" {
				return nil, bad(s)
			}
			if name == "*" {
				p.steps = append(p.steps, step{kind: stepWild})
				p.many = true
			} else {
				p.steps = append(p.steps, step{kind: stepMember, name: name})
			}
			s = rest
		case s[0] == '[':
			st, rest, ok := bracket(s[1:])
			if !ok {
				return nil, bad(s)
			}
			p.many = p.many || st.kind == stepWild || st.kind == stepSlice
			p.steps = append(p.steps, st)
			s = rest
		default:
			return nil, bad(s)
		}
	}
	return p, nil
}

// word reads a name up to the next step.
func word(s string) (name, rest string) {
	end := strings.IndexAny(s, ".[")
	if end < 0 {
		end = len(s)
	}
	return strings.TrimSpace(s[:end]), s[end:]
}

// bracket reads what stands in brackets.
func bracket(s string) (st step, rest string, ok bool) {
	s = strings.TrimLeft(s, " ")
	if s == "" {
		return st, s, false
	}
	if q := s[0]; q == '\'' || q == '"' {
		var name strings.Builder
		i := 1
		for ; i < len(s) && s[i] != q; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			name.WriteByte(s[i])
		}
		if i >= len(s) {
			return st, s, false
		}
		rest = strings.TrimLeft(s[i+1:], " ")
		if !strings.HasPrefix(rest, "]") {
			return st, s, false
		}
		return step{kind: stepMember, name: name.String()}, rest[1:], true
	}
	inner, rest, ok := strings.Cut(s, "]")
	inner = strings.TrimSpace(inner)
	if !ok {
		return st, s, false
	}
	if inner == "*" {
		return step{kind: stepWild}, rest, true
	}
	if from, to, slice := strings.Cut(inner, ":"); slice {
		st = step{kind: stepSlice, open: strings.TrimSpace(to) == ""}
		var err error
		if from = strings.TrimSpace(from); from != "" {
			if st.from, err = strconv.Atoi(from); err != nil {
				return st, s, false
			}
		}
		if !st.open {
			if st.to, err = strconv.Atoi(strings.TrimSpace(to)); err != nil {
				return st, s, false
			}
		}
		return st, rest, true
	}
	n, err := strconv.Atoi(inner)
	return step{kind: stepIndex, from: n}, rest, err == nil
}

// find returns what the path leads to, and whether there is something there.
// Several values come as an array.
func (p *path) find(doc *value) (*value, bool) {
	at := []*value{doc}
	for _, st := range p.steps {
		var next []*value
		for _, v := range at {
			next = st.apply(next, v)
		}
		at = next
	}
	if p.many {
		return &value{kind: list, elems: at}, true
	}
	if len(at) == 0 {
		return nil, false
	}
	return at[0], true
}

func (st step) apply(dst []*value, v *value) []*value {
	switch st.kind {
	case stepMember:
		if v.kind == object {
			if m := v.member(st.name); m != nil {
				dst = append(dst, m)
			}
		}
	case stepIndex:
		if v.kind == list {
			i := st.from
			if i < 0 {
				i += len(v.elems)
			}
			if i >= 0 && i < len(v.elems) {
				dst = append(dst, v.elems[i])
			}
		}
	case stepWild:
		if v.kind == list || v.kind == object {
			dst = append(dst, v.elems...)
		}
	case stepSlice:
		if v.kind == list {
			n := len(v.elems)
			from, to := st.from, st.to
			if from < 0 {
				from = max(from+n, 0)
			}
			if to < 0 {
				to += n
			}
			if st.open || to > n {
				to = n
			}
			if from < to {
				dst = append(dst, v.elems[from:to]...)
			}
		}
	case stepDeep:
		if v.kind == object {
			if st.name == "*" {
				dst = append(dst, v.elems...)
			} else if m := v.member(st.name); m != nil {
				dst = append(dst, m)
			}
		}
		for _, e := range v.elems {
			dst = st.apply(dst, e)
		}
	}
	return dst
}
