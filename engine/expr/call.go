package expr

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// compileFunction compiles the call of a registered function.
func (c *compiler) compileFunction(e Expr, args []*node) (*node, error) {
	if e.Func == "MOD" && len(args) == 2 {
		// The same kernels as %.
		e.Func = "%"
		return c.arith(e, args[0], args[1])
	}
	f := c.fns.Scalar(e.Func)
	if f == nil {
		if near := c.fns.Suggest(e.Func); near != "" {
			return nil, fmt.Errorf("function %s not found; did you mean %s?", e.Func, near)
		}
		return nil, fmt.Errorf("function %s not found", e.Func)
	}
	if f.Eval == nil {
		return nil, fmt.Errorf("function %s has no implementation in this engine; run it on a Flink target", f.Name)
	}
	if f.Strict {
		for _, a := range args {
			if a.konst != nil && a.konst.Null {
				return c.null(e.Type), nil
			}
		}
	}
	if n, err := c.split(e, f, args); n != nil || err != nil {
		return n, err
	}
	before := len(c.nodes)
	n, err := c.make(e, args, f.Volatile, func() (kernel, bool, error) {
		return functionKernel(f, args), false, nil
	})
	if err == nil && len(c.nodes) > before {
		n.safe, n.costly = f.Total && !f.Volatile, n.costly || f.Costly
		for _, a := range args {
			n.safe = n.safe && a.safe
		}
	}
	return n, err
}

func functionKernel(f *function.Scalar, args []*node) kernel {
	consts := make([]*data.Value, len(args))
	for i, a := range args {
		consts[i] = a.konst
	}
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		for _, a := range n.args {
			if _, err := m.vec(a, s); err != nil {
				return nil, err
			}
		}
		out := m.out(n)
		call := &m.call
		call.Args = call.Args[:0]
		var nulls []uint64
		own := false
		for _, a := range n.args {
			v, _ := m.vec(a, s)
			call.Args = append(call.Args, v)
			if !f.Strict || v.Nulls == nil {
				continue
			}
			switch {
			case nulls == nil:
				nulls = v.Nulls
			case !own:
				joined := nullWords(out)
				for i := range joined {
					joined[i] = nulls[i] | v.Nulls[i]
				}
				nulls, own = joined, true
			default:
				for i := range nulls {
					nulls[i] |= v.Nulls[i]
				}
			}
		}
		rows := s
		if nulls != nil {
			rows = m.notNull(s, nulls)
		}
		if f.Volatile {
			call.State = m.state(n)
		}
		call.Const, call.Out, call.N, call.Sel, call.Env = consts, out, m.n, rows.rows, m.env
		if rows != s {
			clear(out.Views)
		}
		if rows.count() > 0 {
			if err := f.Eval(call); err != nil {
				out.Release()
				return nil, fmt.Errorf("%s: %w", n.expr, err)
			}
		}
		if rows != s {
			addNulls(out, nulls)
		}
		if out.Type.Phys() == data.PhysList && rows.count() == 0 {
			fill(out.Offsets, 0)
		}
		return out, nil
	}
}
