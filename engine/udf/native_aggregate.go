package udf

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/udf/layout"
)

// Fold1 is an aggregate function of one argument. S is what is kept of a group:
// its zero value has seen no rows. It lies in the state of the job, and is
// written as package layout says.
type Fold1[A, S, R any] struct {
	Add     func(s *S, a A)
	Retract func(s *S, a A)   // takes a row back; nil: it cannot
	Merge   func(s, other *S) // adds what other has seen; nil: it cannot
	Value   func(s *S) R
}

// Fold2 is an aggregate function of two arguments.
type Fold2[A, B, S, R any] struct {
	Add     func(s *S, a A, b B)
	Retract func(s *S, a A, b B)
	Merge   func(s, other *S)
	Value   func(s *S) R
}

// Aggregate1 makes an aggregate function of one argument.
func Aggregate1[A, S, R any](name string, f Fold1[A, S, R]) Function {
	d := folding(name)
	takes[A](d)
	return aggregateOf(d, f.Retract != nil, f.Merge, f.Value, func(args []*data.Vector) (add, retract func(s *S, r int32)) {
		a := loader[A](args[0])
		return func(s *S, r int32) { f.Add(s, a(r)) }, func(s *S, r int32) { f.Retract(s, a(r)) }
	})
}

// Aggregate2 makes an aggregate function of two arguments.
func Aggregate2[A, B, S, R any](name string, f Fold2[A, B, S, R]) Function {
	d := folding(name)
	takes[A](d)
	takes[B](d)
	return aggregateOf(d, f.Retract != nil, f.Merge, f.Value, func(args []*data.Vector) (add, retract func(s *S, r int32)) {
		a, b := loader[A](args[0]), loader[B](args[1])
		return func(s *S, r int32) { f.Add(s, a(r), b(r)) }, func(s *S, r int32) { f.Retract(s, a(r), b(r)) }
	})
}

func folding(name string) *Function {
	d := native(name)
	d.form.kind = graph.AggregateFunction
	return d
}

// aggregateOf completes an aggregate function: over makes of the arguments of a
// batch what puts a row into a state, and what takes it out again.
func aggregateOf[S, R any](d *Function, retracts bool, merge func(s, other *S), value func(s *S) R, over func(args []*data.Vector) (add, retract func(s *S, r int32))) Function {
	d.form.result = goType[R]()
	states := layout.For[S]()
	d.form.State = states.Name
	name := d.form.Name
	read := func(from [][]byte) ([]S, error) {
		out := make([]S, len(from))
		for i, p := range from {
			if p == nil {
				continue
			}
			if err := states.Read(p, &out[i]); err != nil {
				return nil, fmt.Errorf("%s: read a state: %w", name, err)
			}
		}
		return out, nil
	}
	write := func(into [][]byte, list []S) error {
		var all []byte
		ends := make([]int, len(list))
		for i := range list {
			var err error
			if all, err = states.Write(all, &list[i]); err != nil {
				return fmt.Errorf("%s: write a state: %w", name, err)
			}
			ends[i] = len(all)
		}
		from := 0
		for i, to := range ends {
			into[i] = all[from:to:to]
			from = to
		}
		return nil
	}
	update := func(c *function.Folding) error {
		list, err := read(c.States)
		if err != nil {
			return err
		}
		if c.Before != nil {
			put := storer[R](c.Before)
			for i := range list {
				put(int32(i), value(&list[i]))
			}
		}
		add, retract := over(c.Args)
		var after func(int32, R)
		if c.After != nil {
			after = storer[R](c.After)
		}
		for k, r := range c.Rows {
			s := &list[c.Groups[k]]
			if d.form.Strict || !d.leftOut(c.Args, r) {
				if c.Back != nil && c.Back[k] != 0 {
					retract(s, r)
				} else {
					add(s, r)
				}
			}
			if after != nil {
				after(int32(k), value(s))
			}
		}
		return write(c.States, list)
	}
	d.fold = &function.Fold{
		Layout: states.Name, Retracts: retracts, Strict: d.form.Strict, Update: update,
		Value: func(from [][]byte, out *data.Vector, rows []int32) error {
			list, err := read(from)
			if err != nil {
				return err
			}
			put := storer[R](out)
			for i := range list {
				put(rows[i], value(&list[i]))
			}
			return nil
		},
	}
	if merge != nil {
		d.fold.Merge = func(c *function.Folding) error {
			list, err := read(c.States)
			if err != nil {
				return err
			}
			others, err := read(c.Others)
			if err != nil {
				return err
			}
			for k := range others {
				merge(&list[c.Groups[k]], &others[k])
			}
			return write(c.States, list)
		}
	}
	return *d
}
