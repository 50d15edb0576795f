package jsonpath

import (
	"errors"
	"fmt"
	"strings"
	"sync"
)

// path is a compiled SQL/JSON path: $ and steps.
type path struct {
	text  string
	lax   bool
	steps []step
	// many tells that the path can find several values: they come as an array.
	many bool
}

type stepKind uint8

const (
	stepMember  stepKind = iota
	stepMembers          // several names: an object of those
	stepIndex
	stepIndexes
	stepWild
	stepDeep // the value and everything below it
	stepSlice
	stepFilter
	stepCall // a function of the value
)

type step struct {
	kind     stepKind
	names    []string
	indexes  []int
	from, to int
	open     bool // a slice without end
	filter   *filter
	call     *call
}

var paths struct {
	sync.Mutex
	known map[string]*path
}

const maxPaths = 512

// maxFound bounds how many values a path finds at any of its steps.
const maxFound = 1 << 20

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

// find returns what the path leads to; several values come as an array. What is
// missing is an error of a strict path, and nil of a lax one.
func (p *path) find(doc *value) (*value, error) {
	if doc.kind == null {
		return nil, errors.New("json object can not be null")
	}
	doc.spent = 0
	at, err := walk(p.steps, doc, doc)
	if doc.spent > maxSpent {
		return nil, errSpent
	}
	switch {
	case err != nil && !p.lax:
		return nil, err
	case p.many:
		return &value{kind: list, elems: at}, nil
	case len(at) > 0 && at[0].kind == null && !p.lax:
		//lint:ignore ST1005 the words of Flink
		return nil, errors.New("Strict jsonpath mode requires a non empty returned value, but is null")
	case len(at) > 0:
		return at[0], nil
	case p.lax:
		return nil, nil
	}
	//lint:ignore ST1005 the words of Flink
	return nil, fmt.Errorf("No results for path: %s", p)
}

// maxSpent bounds the values looked at for one path over one document: filters
// within filters multiply.
const maxSpent = 1 << 21

var errSpent = fmt.Errorf("the JSON path looks at more than %d values", maxSpent)

// String writes the path in brackets.
func (p *path) String() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, st := range p.steps {
		switch st.kind {
		case stepMember, stepMembers:
			b.WriteString("['" + strings.Join(st.names, "','") + "']")
		case stepIndex:
			fmt.Fprintf(&b, "[%d]", st.indexes[0])
		case stepIndexes:
			b.WriteString(strings.ReplaceAll(fmt.Sprint(st.indexes), " ", ","))
		case stepWild:
			b.WriteString("[*]")
		case stepDeep:
			b.WriteString("..")
		case stepSlice:
			fmt.Fprintf(&b, "[%d:]", st.from)
		case stepFilter:
			b.WriteString("[?]")
		case stepCall:
			b.WriteString("." + st.call.name + "()")
		}
	}
	return b.String()
}

// walk follows steps. As long as the way is certain, a value of the wrong kind
// on it is an error; after a step that finds several it is passed over.
func walk(steps []step, v, root *value) ([]*value, error) {
	at := []*value{v}
	certain := true
	for i := range steps {
		st := &steps[i]
		var next []*value
		for _, v := range at {
			if root.spent++; root.spent > maxSpent {
				return nil, errSpent
			}
			found := len(next)
			if st.kind == stepCall {
				x, err := st.call.of(v, root)
				if err != nil {
					return nil, err
				}
				next = append(next, x)
				continue
			}
			if !st.fits(v) {
				if certain {
					//lint:ignore ST1005 the words of Flink
					return nil, fmt.Errorf("Missing property in path: a %s where %s is expected", kindNames[v.kind], st.wants())
				}
				continue
			}
			if next = st.apply(next, v, root); len(next) > maxFound {
				return nil, fmt.Errorf("the JSON path finds more than %d values", maxFound)
			}
			if certain && len(next) == found && st.kind == stepMember && i+1 < len(steps) {
				//lint:ignore ST1005 the words of Flink
				return nil, fmt.Errorf("Missing property in path $['%s']", st.names[0])
			}
		}
		at = next
		certain = certain && !st.several(i+1 == len(steps))
	}
	return at, nil
}

var kindNames = map[kind]string{null: "null", boolean: "boolean", number: "number", text: "string", list: "array", object: "object"}

func (st *step) wants() string {
	switch st.kind {
	case stepMember, stepMembers:
		return "an object"
	case stepIndex, stepIndexes, stepSlice:
		return "an array"
	}
	return "an object or array"
}

// fits tells whether the step applies to a value at all.
func (st *step) fits(v *value) bool {
	switch st.kind {
	case stepMember, stepMembers:
		return v.kind == object
	case stepIndex, stepIndexes, stepSlice:
		return v.kind == list
	case stepFilter:
		return v.kind == object || v.kind == list
	}
	return true
}

// several tells whether the step can find more than one value.
func (st *step) several(last bool) bool {
	switch st.kind {
	case stepMember, stepIndex, stepCall:
		return false
	case stepMembers:
		return !last
	}
	return true
}

func (st *step) apply(dst []*value, v, root *value) []*value {
	switch st.kind {
	case stepMember:
		if m := v.member(st.names[0]); m != nil {
			dst = append(dst, m)
		}
	case stepMembers:
		part := &value{kind: object}
		for _, n := range st.names {
			if m := v.member(n); m != nil {
				part.put(n, m)
			}
		}
		dst = append(dst, part)
	case stepIndex, stepIndexes:
		for _, i := range st.indexes {
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
	case stepDeep:
		root.spent++
		dst = append(dst, v)
		for _, e := range v.elems {
			dst = st.apply(dst, e, root)
		}
	case stepFilter:
		if v.kind == object {
			if st.filter.accepts(v, root) {
				dst = append(dst, v)
			}
			return dst
		}
		for _, e := range v.elems {
			if st.filter.accepts(e, root) {
				dst = append(dst, e)
			}
		}
	}
	return dst
}
