package match

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// eval answers whether a row fits a variable, after the rows a partial match has
// taken, and computes the measures of matches.
type eval struct {
	spec    graph.Match
	env     *function.Env
	columns []data.Column // of the input
	defines []*define     // by variable; nil: everything fits
	refs    []*reference

	// column is the value of a column of a row, encoded.
	column func(e *event, column int) (string, error)

	p     *partial
	e     *event
	truth []int8 // by variable: 0 not asked, 1 TRUE, -1 not TRUE
}

// define is a condition over some of the references.
type define struct {
	program *expr.Program
	refs    []int
	types   []data.Type
	local   bool // it looks at nothing but the row
}

// reference is a MatchRef; with an aggregate it has its own accumulator.
type reference struct {
	graph.MatchRef
	set    *accumulator.Set
	groups *accumulator.Groups
	args   []int // columns of the input
	types  []data.Type
}

func newEval(spec graph.Match, input []data.Column, functions *function.Set) (*eval, error) {
	v := &eval{spec: spec, columns: input, truth: make([]int8, len(spec.Vars))}
	for _, r := range spec.Refs {
		ref := &reference{MatchRef: r}
		if r.Agg != nil {
			call := *r.Agg
			call.Args = nil
			var own []data.Column
			for i, a := range r.Agg.Args {
				ref.args, ref.types = append(ref.args, a), append(ref.types, input[a].Type)
				call.Args, own = append(call.Args, i), append(own, input[a])
			}
			var err error
			if ref.set, err = accumulator.NewSet(nil, []graph.AggCall{call}, own, functions); err != nil {
				return nil, err
			}
		}
		v.refs = append(v.refs, ref)
	}
	for k, e := range spec.Define {
		if e == nil {
			v.defines = append(v.defines, nil)
			continue
		}
		d, err := v.define(k, *e, functions)
		if err != nil {
			return nil, fmt.Errorf("definition of %s: %w", spec.Vars[k], err)
		}
		v.defines = append(v.defines, d)
	}
	return v, nil
}

func (v *eval) define(variable int, e expr.Expr, functions *function.Set) (*define, error) {
	d := &define{local: true}
	place := map[int]int{}
	var moved func(e expr.Expr) expr.Expr
	moved = func(e expr.Expr) expr.Expr {
		if e.Kind == expr.KindColumn {
			k, ok := place[e.Index]
			if !ok {
				k = len(d.refs)
				place[e.Index] = k
				r := v.refs[e.Index]
				d.refs, d.types = append(d.refs, e.Index), append(d.types, r.Type)
				here := len(r.Vars) == 0 || slices.Contains(r.Vars, variable)
				d.local = d.local && here && r.Agg == nil && !r.First && r.Offset == 0
			}
			e.Index = k
		}
		if len(e.Args) > 0 {
			args := make([]expr.Expr, len(e.Args))
			for i, a := range e.Args {
				args[i] = moved(a)
			}
			e.Args = args
		}
		return e
	}
	e = moved(e)
	var err error
	d.program, err = expr.Compile([]expr.Expr{e}, d.types, functions)
	return d, err
}

func (v *eval) open(env *function.Env, budget *state.Budget) {
	v.env = env
	for _, r := range v.refs {
		if r.set != nil {
			r.groups = r.set.NewGroups(budget)
		}
	}
}

func (v *eval) free() {
	for _, r := range v.refs {
		if r.groups != nil {
			r.groups.Free()
			r.groups = nil
		}
	}
}

// about says which row is asked about, and after which partial match.
func (v *eval) about(p *partial, e *event) {
	v.p, v.e = p, e
	clear(v.truth)
}

// fits tells whether the row fits a variable.
func (v *eval) fits(variable int) (bool, error) {
	d := v.defines[variable]
	if d == nil {
		return true, nil
	}
	known := &v.truth[variable]
	if d.local {
		if v.e.truth == nil {
			v.e.truth = make([]int8, len(v.truth))
		}
		known = &v.e.truth[variable]
	}
	if *known != 0 {
		return *known > 0, nil
	}
	path := &step{event: v.e, variable: variable, prev: v.p.path}
	b := data.MakeBatch(d.types, 1)
	defer b.Release()
	for i, k := range d.refs {
		value, err := v.value(v.refs[k], path)
		if err != nil {
			return false, err
		}
		if _, err := data.DecodeValue(operator.Bytes(value), b.Cols[i], 0); err != nil {
			return false, fmt.Errorf("a value of a match: %w", err)
		}
	}
	var out [1]*data.Vector
	if err := d.program.Eval(b, v.env, out[:]); err != nil {
		return false, err
	}
	defer out[0].Release()
	if *known = -1; !out[0].IsNull(0) && out[0].Bool[0] != 0 {
		*known = 1
	}
	return *known > 0, nil
}

const null = "\x00"

// value is a reference's value, encoded.
func (v *eval) value(r *reference, path *step) (string, error) {
	of := func(s *step) bool { return len(r.Vars) == 0 || slices.Contains(r.Vars, s.variable) }
	if r.Agg == nil && !r.First {
		left := r.Offset
		for s := path; s != nil; s = s.prev {
			if of(s) {
				if left == 0 {
					return v.column(s.event, r.Column)
				}
				left--
			}
		}
		return null, nil
	}
	var events []*event
	for s := path; s != nil; s = s.prev {
		if of(s) {
			events = append(events, s.event)
		}
	}
	slices.Reverse(events)
	if r.Agg != nil {
		return v.aggregate(r, events)
	}
	if r.Offset < int64(len(events)) {
		return v.column(events[r.Offset], r.Column)
	}
	return null, nil
}

func (v *eval) aggregate(r *reference, events []*event) (string, error) {
	one := &data.Batch{N: 1}
	data.HashKeys(one, nil)
	var group [1]unsafe.Pointer
	if _, err := r.groups.Table.Resolve(one, nil, []int32{0}, group[:]); err != nil {
		return "", err
	}
	defer r.set.Drop(r.groups, group[0])
	if n := len(events); n > 0 {
		b := data.MakeBatch(r.types, n)
		defer b.Release()
		recs, rows := make([]unsafe.Pointer, n), make([]int32, n)
		for i, e := range events {
			recs[i], rows[i] = group[0], int32(i)
			for k, a := range r.args {
				value, err := v.column(e, a)
				if err != nil {
					return "", err
				}
				if _, err := data.DecodeValue(operator.Bytes(value), b.Cols[k], i); err != nil {
					return "", fmt.Errorf("a value of a match: %w", err)
				}
			}
		}
		data.HashKeys(b, nil)
		if err := r.set.Update(r.groups, recs, rows, b); err != nil {
			return "", err
		}
	}
	out := data.NewVector(r.Type, 1)
	defer out.Release()
	if err := r.set.Results(r.groups, group[:], []*data.Vector{out}, 0, 1); err != nil {
		return "", err
	}
	return string(data.EncodeValue(nil, out, 0)), nil
}
