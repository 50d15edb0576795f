package jsonpath

import (
	"fmt"
	"strconv"
	"strings"
)

// maxSteps bounds the length of a path.
const maxSteps = 200

// parsePath reads [lax|strict] path. Without a mode the path is strict.
func parsePath(text string) (*path, error) {
	p := &path{text: text}
	s := strings.TrimRight(text, " \t\r\n")
	if word, rest := leadingWord(strings.TrimLeft(s, " \t\r\n")); rest != "" {
		switch {
		case strings.EqualFold(word, "strict"):
			s = rest
		case strings.EqualFold(word, "lax"):
			p.lax, s = true, rest
		}
	}
	if s == "" {
		return nil, fmt.Errorf("a JSON path is empty")
	}
	if s[0] != '$' && s[0] != '@' {
		s = "$." + s
	}
	rest, err := p.read(s[1:], false)
	if err != nil {
		return nil, fmt.Errorf("JSON path %q %w", text, err)
	}
	if rest != "" {
		return nil, fmt.Errorf("JSON path %q is wrong before %q", text, rest)
	}
	return p, nil
}

func leadingWord(s string) (word, rest string) {
	if i := strings.IndexAny(s, " \t\r\n"); i > 0 {
		return s[:i], strings.TrimSpace(s[i:])
	}
	return s, ""
}

// read reads the steps after $ or @. Inside a filter it ends before what is no step.
func (p *path) read(s string, inFilter bool) (string, error) {
	bad := func(at string) error { return fmt.Errorf("is wrong before %q", at) }
	for s != "" {
		if len(p.steps) >= maxSteps {
			return s, fmt.Errorf("has more than %d steps", maxSteps)
		}
		switch {
		case s[0] == '.' && callName(s[1:]) != "":
			if p.many {
				return s, bad(s)
			}
			c, rest, err := parseCall(s[1:])
			if err != nil {
				return s, err
			}
			p.steps = append(p.steps, step{kind: stepCall, call: c})
			s = rest
		case strings.HasPrefix(s, ".."):
			p.steps = append(p.steps, step{kind: stepDeep})
			p.many = true
			if s = s[2:]; strings.HasPrefix(s, "[") {
				continue
			}
			s = "." + s
			fallthrough
		case s[0] == '.' && !strings.HasPrefix(s, ".["):
			name, rest := word(s[1:], inFilter)
			switch {
			case name == "" || strings.ContainsAny(name, " \t()'\"$@]"):
				return s, bad(s)
			case name == "*":
				p.steps = append(p.steps, step{kind: stepWild})
				p.many = true
			default:
				p.steps = append(p.steps, step{kind: stepMember, names: []string{name}})
			}
			s = rest
		case strings.HasPrefix(s, ".["):
			s = s[1:]
		case s[0] == '[':
			st, rest, err := bracket(s[1:])
			if err != nil {
				return s, err
			}
			if st.kind != stepMember && st.kind != stepIndex && st.kind != stepMembers {
				p.many = true
			}
			p.steps = append(p.steps, st)
			s = rest
		case inFilter:
			return s, nil
		default:
			return s, bad(s)
		}
	}
	for i, st := range p.steps {
		p.many = p.many || st.several(i+1 == len(p.steps))
	}
	return s, nil
}

// word reads a name up to the next step.
func word(s string, inFilter bool) (name, rest string) {
	ends := ".["
	if inFilter {
		ends = ".[ )=!<>&|~,]"
	}
	end := strings.IndexAny(s, ends)
	if end < 0 {
		end = len(s)
	}
	if inFilter {
		return s[:end], s[end:]
	}
	return strings.TrimRight(s[:end], " "), s[end:]
}

// bracket reads what stands in brackets, after the first.
func bracket(s string) (st step, rest string, err error) {
	bad := func(at string) (step, string, error) {
		return st, at, fmt.Errorf("is wrong before %q", "["+at)
	}
	s = strings.TrimLeft(s, " ")
	switch {
	case s == "":
		return bad(s)
	case s[0] == '?':
		f, rest, err := parseFilter(s[1:])
		if err != nil {
			return st, s, err
		}
		if rest = strings.TrimLeft(rest, " "); !strings.HasPrefix(rest, "]") {
			return bad(s)
		}
		return step{kind: stepFilter, filter: f}, rest[1:], nil
	case s[0] == '\'' || s[0] == '"':
		st.kind = stepMember
		for {
			name, after, ok := quoted(s)
			if !ok {
				return bad(s)
			}
			st.names = append(st.names, name)
			s = strings.TrimLeft(after, " ")
			if strings.HasPrefix(s, "]") {
				if len(st.names) > 1 {
					st.kind = stepMembers
				}
				return st, s[1:], nil
			}
			if !strings.HasPrefix(s, ",") {
				return bad(s)
			}
			s = strings.TrimLeft(s[1:], " ")
		}
	}
	inner, rest, ok := strings.Cut(s, "]")
	inner = strings.TrimSpace(inner)
	if !ok {
		return bad(s)
	}
	if inner == "*" {
		return step{kind: stepWild}, rest, nil
	}
	if from, to, slice := strings.Cut(inner, ":"); slice {
		to, _, _ = strings.Cut(to, ":") // a third number makes no difference
		st = step{kind: stepSlice, open: strings.TrimSpace(to) == ""}
		if from = strings.TrimSpace(from); from != "" {
			if st.from, err = strconv.Atoi(from); err != nil {
				return bad(s)
			}
		}
		if !st.open {
			if st.to, err = strconv.Atoi(strings.TrimSpace(to)); err != nil {
				return bad(s)
			}
		}
		return st, rest, nil
	}
	st.kind = stepIndex
	for _, one := range strings.Split(inner, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(one))
		if err != nil {
			return bad(s)
		}
		st.indexes = append(st.indexes, n)
	}
	if len(st.indexes) > 1 {
		st.kind = stepIndexes
	}
	return st, rest, nil
}

// quoted reads a text in single or double quotes.
func quoted(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", s, false
}
