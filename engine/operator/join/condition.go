package join

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
)

// condition is what must be TRUE of two rows besides equal keys. It is computed
// over a batch of candidates that has only the columns it reads.
type condition struct {
	filter *expr.Filter
	uses   [2][]int // columns of each side; the batch has the left ones first
	types  [2][]data.Type
	rows   []int32
}

func newCondition(e expr.Expr, input [][]data.Column, functions *function.Set) (*condition, error) {
	c := &condition{}
	place := map[int]int{}
	var collect func(e expr.Expr)
	used := map[int]bool{}
	collect = func(e expr.Expr) {
		if e.Kind == expr.KindColumn {
			used[e.Index] = true
		}
		for _, a := range e.Args {
			collect(a)
		}
	}
	collect(e)
	var types []data.Type
	left := len(input[0])
	for s, cols := range input {
		for i, col := range cols {
			if used[s*left+i] {
				place[s*left+i] = len(types)
				types = append(types, col.Type)
				c.uses[s], c.types[s] = append(c.uses[s], i), append(c.types[s], col.Type)
			}
		}
	}
	var err error
	c.filter, err = expr.CompileFilter(moved(e, place), types, functions)
	return c, err
}

// moved puts columns where the batch of candidates has them.
func moved(e expr.Expr, place map[int]int) expr.Expr {
	if e.Kind == expr.KindColumn {
		e.Index = place[e.Index]
	}
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = moved(a, place)
		}
		e.Args = args
	}
	return e
}

// judge leaves the pairs for which the condition is TRUE. rows are the batch's
// rows by position; other is the side the candidates are of.
func (c *condition) judge(p *pairs, rows []int32, input int, b *data.Batch, other *side, env *function.Env) error {
	kept := 0
	for from := 0; from < len(p.at); from += data.BatchSize {
		to := min(from+data.BatchSize, len(p.at))
		c.rows = c.rows[:0]
		for _, at := range p.at[from:to] {
			c.rows = append(c.rows, rows[at])
		}
		o := data.NewBatch(len(c.types[0]) + len(c.types[1]))
		o.N = to - from
		for s := range 2 {
			if s == input {
				for _, k := range c.uses[s] {
					o.Cols = append(o.Cols, data.Gather(b.Cols[k], c.rows))
				}
			} else if err := other.gather(o, p.rec[from:to], c.uses[s], c.types[s]); err != nil {
				o.Release()
				return err
			}
		}
		sel, err := c.filter.Select(o, env)
		n := o.N
		o.Release()
		if err != nil {
			return err
		}
		if sel == nil {
			copy(p.at[kept:], p.at[from:to])
			copy(p.rec[kept:], p.rec[from:to])
			kept += n
			continue
		}
		for _, i := range sel {
			p.at[kept], p.rec[kept] = p.at[from+int(i)], p.rec[from+int(i)]
			kept++
		}
	}
	p.at, p.rec = p.at[:kept], p.rec[:kept]
	return nil
}
