package expr

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Calc is a condition and the expressions over the rows that meet it, compiled
// as one: what the condition has computed is there for the others. It belongs
// to one goroutine.
type Calc struct {
	f     Filter // Filter.root is nil without a condition
	roots []*node
}

// CompileCalc compiles a condition, nil for none, and expressions over the same input.
func CompileCalc(condition *Expr, exprs []Expr, input []data.Type, fns *function.Set) (*Calc, error) {
	c := newCompiler(input, fns)
	k := &Calc{}
	if condition != nil {
		n, err := c.condition(*condition)
		if err != nil {
			return nil, err
		}
		k.f.root = n
	}
	var err error
	if k.roots, err = c.list(exprs); err != nil {
		return nil, err
	}
	k.f.m = newMachine(c.nodes)
	return k, nil
}

// Run selects rows of b and computes the expressions for them. The rows are
// given as Filter.Select gives them, the vectors as Program.Eval does; where no
// row passes no vector is made and none is true.
func (k *Calc) Run(b *data.Batch, env *function.Env, out []*data.Vector) (sel []int32, none bool, err error) {
	m := k.f.m
	s := m.begin(b, env)
	defer m.end()
	sel = b.Sel
	if k.f.root != nil {
		if sel, err = k.f.pick(b, s); err != nil {
			return nil, false, err
		}
		if sel != nil && len(sel) == 0 || b.N == 0 {
			return sel, true, nil
		}
		if len(sel) > 0 && len(sel) < s.count() {
			s = m.narrow(s, sel)
		}
	}
	return sel, false, m.eval(k.roots, s, out)
}

// condition compiles a BOOLEAN expression.
func (c *compiler) condition(e Expr) (*node, error) {
	n, err := c.compile(e)
	if err != nil {
		return nil, fmt.Errorf("compile condition %s: %w", e, err)
	}
	if n.typ.Kind != data.Boolean && n.typ.Kind != data.Null {
		return nil, fmt.Errorf("compile condition %s: its type is %s, not BOOLEAN", e, n.typ)
	}
	return n, nil
}

// list compiles expressions that become vectors.
func (c *compiler) list(exprs []Expr) ([]*node, error) {
	roots := make([]*node, 0, len(exprs))
	for i, e := range exprs {
		n, err := c.compile(e)
		if err != nil {
			return nil, fmt.Errorf("compile expression %d, %s: %w", i, e, err)
		}
		if !sameLayout(n.typ, e.Type) {
			return nil, fmt.Errorf("compile expression %d, %s: its type is %s, its values are %s", i, e, e.Type, n.typ)
		}
		roots = append(roots, n)
	}
	return roots, nil
}
