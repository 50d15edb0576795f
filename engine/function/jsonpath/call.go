package jsonpath

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
)

// call is a function at a path: $.a.length().
type call struct {
	name string
	args []operand // constants, and paths from the root
}

var callNames = []string{"length", "size", "keys", "min", "max", "avg", "sum", "stddev", "first", "last", "index", "concat", "append"}

// callName is the name of the function that s begins with, empty if it is none.
func callName(s string) string {
	name, _, ok := strings.Cut(s, "(")
	if !ok || !slices.Contains(callNames, name) {
		return ""
	}
	return name
}

// parseCall reads a function and its arguments.
func parseCall(s string) (*call, string, error) {
	c := &call{name: callName(s)}
	p := &filterParser{s: s[len(c.name)+1:]}
	for !p.accept(")") {
		if len(c.args) > 0 && !p.accept(",") {
			return nil, s, p.bad()
		}
		p.space()
		if strings.HasPrefix(p.s, "@") {
			return nil, s, p.bad()
		}
		o, err := p.operand()
		if err != nil {
			return nil, s, err
		}
		c.args = append(c.args, o)
	}
	return c, p.s, nil
}

var errNoElements = errors.New("aggregation function attempted to calculate value using empty array")

// of computes the function of a value.
func (c *call) of(v, root *value) (*value, error) {
	var args []*value
	for _, o := range c.args {
		if x := o.get(root, root); x != nil {
			args = append(args, x)
		}
	}
	switch c.name {
	case "length", "size":
		if v.kind != list && v.kind != object {
			return &value{}, nil
		}
		return integer(len(v.elems)), nil
	case "keys":
		if v.kind != object {
			return &value{}, nil
		}
		names := &value{kind: list}
		for _, k := range v.keys {
			names.elems = append(names.elems, &value{kind: text, text: k})
		}
		return names, nil
	case "first", "last", "index":
		return c.element(v, args)
	case "append":
		if v.kind != list {
			return v, nil
		}
		return &value{kind: list, elems: append(slices.Clone(v.elems), args...)}, nil
	case "concat":
		var b strings.Builder
		for _, x := range c.values(v, args) {
			if x.kind == text {
				b.WriteString(x.text)
			}
		}
		return &value{kind: text, text: b.String()}, nil
	}
	return c.aggregate(c.values(v, args))
}

// values are the elements of an array and the arguments, those of arrays one by one.
func (c *call) values(v *value, args []*value) []*value {
	var all []*value
	if v.kind == list {
		all = append(all, v.elems...)
	}
	for i, a := range args {
		switch {
		case a.kind == list:
			all = append(all, a.elems...)
		case c.name != "concat" || c.args[i].constant == nil:
			all = append(all, a)
		}
	}
	return all
}

func (c *call) element(v *value, args []*value) (*value, error) {
	if v.kind != list || len(v.elems) == 0 {
		return nil, errNoElements
	}
	n := 0
	switch {
	case c.name == "last":
		n = -1
	case c.name == "index":
		if len(args) != 1 || args[0].kind != number {
			return nil, fmt.Errorf("index wants one number")
		}
		var err error
		if n, err = strconv.Atoi(args[0].text); err != nil {
			return nil, fmt.Errorf("index of %q: %w", args[0].text, err)
		}
	}
	if n < 0 {
		n += len(v.elems)
	}
	if n < 0 || n >= len(v.elems) {
		return nil, fmt.Errorf("index %d of %d elements", n, len(v.elems))
	}
	return v.elems[n], nil
}

func (c *call) aggregate(values []*value) (*value, error) {
	least, most, sum, squares, n := math.Inf(1), math.Inf(-1), 0.0, 0.0, 0.0
	for _, x := range values {
		f, err := strconv.ParseFloat(x.text, 64)
		if x.kind != number || err != nil {
			continue
		}
		least, most, sum, squares, n = min(least, f), max(most, f), sum+f, squares+f*f, n+1
	}
	if n == 0 {
		return nil, errNoElements
	}
	result := sum
	switch c.name {
	case "min":
		result = least
	case "max":
		result = most
	case "avg":
		result = sum / n
	case "stddev":
		result = math.Sqrt(squares/n - sum*sum/n/n)
	}
	s := string(data.AppendDouble(nil, result))
	return &value{kind: number, text: s, written: s}, nil
}

func integer(n int) *value {
	s := strconv.Itoa(n)
	return &value{kind: number, text: s, written: s}
}
