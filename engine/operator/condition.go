package operator

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
)

// Condition is what must be TRUE of a left and a right row together. It is
// computed over batches of pairs that have only the columns it reads.
type Condition struct {
	filter *expr.Filter
	uses   [2][]int
	types  [2][]data.Type
}

// NewCondition compiles a condition over the left columns followed by the right ones.
func NewCondition(e expr.Expr, input [][]data.Column, functions *function.Set) (*Condition, error) {
	c := &Condition{}
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

// moved puts columns where the batch of pairs has them.
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

// Judge tells which of n pairs, at most data.BatchSize, the condition is TRUE of:
// nil for all of them. columns appends columns of a side to a batch, as vectors of
// the given types.
func (c *Condition) Judge(n int, env *function.Env, columns func(o *data.Batch, side int, cols []int, types []data.Type) error) ([]int32, error) {
	o := data.NewBatch(len(c.types[0]) + len(c.types[1]))
	defer o.Release()
	o.N = n
	for side, cols := range c.uses {
		if err := columns(o, side, cols, c.types[side]); err != nil {
			return nil, err
		}
	}
	return c.filter.Select(o, env)
}
