package expr

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Program is a list of expressions compiled to kernels over one kind of input.
// It belongs to one goroutine; Clone makes one for another.
type Program struct {
	m     *machine
	roots []*node
}

// Compile compiles expressions over input columns of the given types. Equal
// subexpressions become one, computed once per batch. Errors name the
// expression that cannot be compiled.
func Compile(exprs []Expr, input []data.Type, fns *function.Set) (*Program, error) {
	c := newCompiler(input, fns)
	roots, err := c.list(exprs)
	if err != nil {
		return nil, err
	}
	return &Program{m: newMachine(c.nodes), roots: roots}, nil
}

// Clone returns a program that another goroutine can use.
func (p *Program) Clone() *Program {
	return &Program{m: newMachine(p.m.nodes), roots: p.roots}
}

// Eval computes the expressions for the rows of b that count. out[i] becomes a
// vector of b.N rows with one reference, of which the rows that count are
// valid; b stays the caller's. On an error out holds nothing.
func (p *Program) Eval(b *data.Batch, env *function.Env, out []*data.Vector) error {
	err := p.m.eval(p.roots, p.m.begin(b, env), out)
	p.m.end()
	return err
}

// eval computes nodes for the rows of s into vectors with a reference each.
func (m *machine) eval(roots []*node, s *selection, out []*data.Vector) error {
	for i, n := range roots {
		v, err := m.vec(n, s)
		if err != nil {
			for k := range i {
				out[k].Release()
				out[k] = nil
			}
			return err
		}
		out[i] = m.give(n, v, n.typ)
	}
	return nil
}

// Filter is a condition compiled to a program. It belongs to one goroutine.
type Filter struct {
	m    *machine
	root *node
	slab []int32
}

// CompileFilter compiles a BOOLEAN expression.
func CompileFilter(e Expr, input []data.Type, fns *function.Set) (*Filter, error) {
	c := newCompiler(input, fns)
	n, err := c.condition(e)
	if err != nil {
		return nil, err
	}
	return &Filter{m: newMachine(c.nodes), root: n}, nil
}

// Clone returns a filter that another goroutine can use.
func (f *Filter) Clone() *Filter { return &Filter{m: newMachine(f.m.nodes), root: f.root} }

// Select returns the rows of b for which the condition is TRUE, ascending, as
// the new Sel for b: nil when b.Sel is nil and every row passes, never nil
// when no row does. b stays the caller's.
func (f *Filter) Select(b *data.Batch, env *function.Env) ([]int32, error) {
	s := f.m.begin(b, env)
	defer f.m.end()
	return f.pick(b, s)
}

// pick is Select within a batch begun.
func (f *Filter) pick(b *data.Batch, s *selection) ([]int32, error) {
	m := f.m
	if k := f.root.konst; k != nil {
		if !k.Null && k.I != 0 {
			return b.Sel, nil
		}
		return []int32{}, nil
	}
	v, err := m.vec(f.root, s)
	if err != nil {
		return nil, err
	}
	rows := m.takeRows(s.count())
	rows = selectTrue(rows, v, s)
	if len(rows) == s.count() {
		return b.Sel, nil
	}
	return f.keep(rows), nil
}

// slabRows is how many selected rows share one allocation.
const slabRows = 32 << 10

// keep copies rows to memory of their own: a piece of a slab that goes with its last batch.
func (f *Filter) keep(rows []int32) []int32 {
	n := len(rows)
	if n == 0 {
		return []int32{}
	}
	if len(f.slab) < n {
		f.slab = make([]int32, max(slabRows, n))
	}
	sel := f.slab[:n:n]
	f.slab = f.slab[n:]
	copy(sel, rows)
	return sel
}

// EvalConst computes an expression without columns. env may be nil where
// nothing depends on it.
func EvalConst(e Expr, fns *function.Set, env *function.Env) (data.Value, error) {
	p, err := Compile([]Expr{e}, nil, fns)
	if err != nil {
		return data.Value{}, err
	}
	b := data.NewBatch(0)
	b.N = 1
	defer b.Release()
	var out [1]*data.Vector
	if err := p.Eval(b, env, out[:]); err != nil {
		return data.Value{}, err
	}
	x := out[0].ValueAt(0)
	out[0].Release()
	return x, nil
}

// sameLayout tells whether values of type a can stand as values of type b.
func sameLayout(a, b data.Type) bool {
	if a.Kind == data.Null {
		return true
	}
	if a.Phys() != b.Phys() || len(a.Args) != len(b.Args) {
		return false
	}
	for i := range a.Args {
		if !sameLayout(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}
