package expr

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// compiler turns expressions into nodes, one for each distinct subexpression.
type compiler struct {
	input []data.Type
	fns   *function.Set
	nodes []*node
	known map[string]*node
	cuts  map[string]*cuts
	depth int
}

// maxDepth bounds the recursion over hostile expressions.
const maxDepth = 4000

func newCompiler(input []data.Type, fns *function.Set) *compiler {
	return &compiler{input: input, fns: fns, known: map[string]*node{}}
}

func (c *compiler) compile(e Expr) (*node, error) {
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > maxDepth {
		return nil, fmt.Errorf("the expression is nested deeper than %d levels", maxDepth)
	}
	switch e.Kind {
	case KindColumn:
		if e.Index < 0 || e.Index >= len(c.input) {
			return nil, fmt.Errorf("column %d of %d", e.Index, len(c.input))
		}
		if !sameLayout(c.input[e.Index], e.Type) {
			return nil, fmt.Errorf("column %d is %s, not %s", e.Index, c.input[e.Index], e.Type)
		}
		return c.column(e), nil
	case KindLiteral:
		return c.literal(e.Value, e.Type), nil
	case KindCall:
		return c.compileCall(e)
	}
	return nil, fmt.Errorf("unknown kind of expression %q", e.Kind)
}

func (c *compiler) column(e Expr) *node {
	key := "c" + strconv.Itoa(e.Index)
	if n := c.known[key]; n != nil {
		return n
	}
	n := c.add(&node{expr: e, typ: e.Type, column: e.Index, cheap: true, safe: true})
	c.known[key] = n
	return n
}

func (c *compiler) literal(v data.Value, t data.Type) *node {
	key := "l" + t.String() + ":" + valueKey(v)
	if n := c.known[key]; n != nil {
		return n
	}
	n := c.add(&node{expr: Literal(v, t), typ: t, column: -1, konst: &v, cheap: true, safe: true})
	c.known[key] = n
	return n
}

func valueKey(v data.Value) string {
	if v.Null {
		return "null"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d,%d,%x,%d,%d,%q", v.I, v.Nano, v.F, v.D.Hi, v.D.Lo, v.S)
	for _, x := range v.Elems {
		b.WriteString("[" + valueKey(x) + "]")
	}
	return b.String()
}

func (c *compiler) add(n *node) *node {
	n.id = len(c.nodes)
	c.nodes = append(c.nodes, n)
	return n
}

// make adds the node of a call, or finds an equal one.
func (c *compiler) make(e Expr, args []*node, volatile bool, build func() (kernel, bool, error)) (*node, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s(%s", e.Func, e.Type)
	for _, a := range args {
		b.WriteString("," + strconv.Itoa(a.id))
	}
	key := b.String()
	if n := c.known[key]; n != nil && !volatile {
		return n, nil
	}
	run, cheap, err := build()
	if err != nil {
		return nil, err
	}
	light := cheap && !volatile
	n := &node{expr: e, typ: e.Type, args: args, column: -1, run: run, light: light, safe: light || harmless[e.Func] && !volatile}
	for _, a := range args {
		cheap, n.safe, n.costly = cheap && a.cheap, n.safe && a.safe, n.costly || a.costly
	}
	n.cheap = cheap && light
	c.add(n)
	if !volatile {
		c.known[key] = n
	}
	return n, nil
}

// harmless are operators whose kernels never fail, cheap or not.
var harmless = map[string]bool{
	"=": true, "<>": true, "<": true, "<=": true, ">": true, ">=": true, "IS DISTINCT FROM": true, "IS NOT DISTINCT FROM": true,
	"AND": true, "OR": true, "NOT": true, "IN": true, "CASE": true, "IF": true, "COALESCE": true, "NULLIF": true, "REINTERPRET": true,
}

func (c *compiler) null(t data.Type) *node { return c.literal(data.NullValue(), t.WithNull(true)) }

func (c *compiler) args(e Expr) ([]*node, error) {
	args := make([]*node, len(e.Args))
	for i, a := range e.Args {
		n, err := c.compile(a)
		if err != nil {
			return nil, err
		}
		args[i] = n
	}
	return args, nil
}

var arity = map[string][2]int{
	"+": {2, 2}, "-": {2, 2}, "*": {2, 2}, "/": {2, 2}, "%": {2, 2}, "NEG": {1, 1},
	"=": {2, 2}, "<>": {2, 2}, "<": {2, 2}, "<=": {2, 2}, ">": {2, 2}, ">=": {2, 2},
	"IS DISTINCT FROM": {2, 2}, "IS NOT DISTINCT FROM": {2, 2},
	"AND": {1, -1}, "OR": {1, -1}, "NOT": {1, 1},
	"IS NULL": {1, 1}, "IS NOT NULL": {1, 1}, "IS TRUE": {1, 1}, "IS NOT TRUE": {1, 1}, "IS FALSE": {1, 1}, "IS NOT FALSE": {1, 1},
	"IS UNKNOWN": {1, 1}, "IS NOT UNKNOWN": {1, 1},
	"CASE": {2, -1}, "COALESCE": {1, -1}, "IF": {3, 3}, "NULLIF": {2, 2}, "IN": {2, -1},
	"LIKE": {2, 3}, "SIMILAR TO": {2, 3}, "CAST": {1, 1}, "TRY_CAST": {1, 1}, "REINTERPRET": {1, 1},
	"FIELD": {2, 2}, "ITEM": {2, 2}, "ROW": {0, -1}, "ARRAY": {0, -1}, "MAP": {0, -1},
}

func (c *compiler) compileCall(e Expr) (*node, error) {
	a, builtin := arity[e.Func]
	if builtin && (len(e.Args) < a[0] || a[1] >= 0 && len(e.Args) > a[1]) {
		return nil, fmt.Errorf("%s with %d operands", e.Func, len(e.Args))
	}
	args, err := c.args(e)
	if err != nil {
		return nil, err
	}
	if builtin {
		n, err := c.compileBuiltin(e, args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Func, err)
		}
		return c.fold(n), nil
	}
	return c.compileFunction(e, args)
}

func (c *compiler) compileBuiltin(e Expr, args []*node) (*node, error) {
	switch e.Func {
	case "+", "-", "*", "/", "%":
		return c.arith(e, args[0], args[1])
	case "NEG":
		return c.negate(e, args[0])
	case "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM":
		return c.compare(e, args[0], args[1])
	case "AND", "OR":
		return c.junction(e, args)
	case "NOT":
		return c.not(e, args[0])
	case "IS NULL", "IS NOT NULL", "IS UNKNOWN", "IS NOT UNKNOWN":
		return c.isNull(e, args[0])
	case "IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE":
		return c.isTrue(e, args[0])
	case "CASE":
		return c.choose(e, args)
	case "IF":
		return c.choose(e, args)
	case "COALESCE":
		return c.coalesce(e, args)
	case "NULLIF":
		return c.nullIf(e, args[0], args[1])
	case "IN":
		return c.in(e, args)
	case "LIKE", "SIMILAR TO":
		return c.like(e, args)
	case "CAST", "TRY_CAST":
		return c.cast(e, args[0])
	case "REINTERPRET":
		return c.reinterpret(e, args[0])
	case "FIELD":
		return c.field(e, args[0])
	case "ITEM":
		return c.item(e, args[0], args[1])
	case "ROW", "ARRAY", "MAP":
		return c.construct(e, args)
	}
	return nil, fmt.Errorf("no such operator")
}

// foldable calls of literals are computed when compiled, unless that fails.
var foldable = map[string]bool{"NEG": true, "+": true, "-": true, "*": true, "CAST": true}

func (c *compiler) fold(n *node) *node {
	if n.run == nil || !foldable[n.expr.Func] || dependsOnZone(n) {
		return n
	}
	for _, a := range n.args {
		if a.konst == nil {
			return n
		}
	}
	m := newMachine(c.nodes)
	b := &data.Batch{N: 1}
	v, err := m.vec(n, m.begin(b, nil))
	if err != nil {
		return n
	}
	x := v.ValueAt(0)
	m.end()
	return c.literal(x, n.typ)
}

func dependsOnZone(n *node) bool {
	if hasZone(n.typ) {
		return true
	}
	for _, a := range n.args {
		if hasZone(a.typ) {
			return true
		}
	}
	return false
}

func hasZone(t data.Type) bool {
	if t.Kind == data.TimestampLTZ {
		return true
	}
	for _, a := range t.Args {
		if hasZone(a) {
			return true
		}
	}
	return false
}

// convert returns n as a value of another type, by an implicit CAST if needed.
func (c *compiler) convert(n *node, t data.Type) (*node, error) {
	if sameLayout(n.typ, t) && n.typ.Kind == t.Kind && n.typ.Scale == t.Scale && len(t.Args) == 0 && n.typ.Kind != data.Null {
		return n, nil
	}
	if n.typ.Kind == data.Null || n.konst != nil && n.konst.Null {
		return c.null(t), nil
	}
	m, err := c.cast(Expr{Kind: KindCall, Func: "CAST", Type: t.WithNull(n.typ.Nullable || t.Nullable), Args: []Expr{n.expr}}, n)
	if err != nil {
		return nil, err
	}
	return c.fold(m), nil
}
