package udf

import (
	"errors"
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// aggregate is an aggregate function of a module.
func (m *module) aggregate(name string, forms []*form) *function.Aggregate {
	return &function.Aggregate{
		Name: name, Syntax: forms[0].text(), Doc: "A function of module " + m.name + ".",
		Infer: func(args []function.Arg) (function.Signature, error) {
			f, err := infer(forms, args)
			if err != nil {
				return function.Signature{}, err
			}
			return f.signature(args), nil
		},
		Fold: func(types []data.Type) (*function.Fold, error) {
			f, err := formOf(forms, types)
			if err != nil {
				return nil, err
			}
			return m.fold(f), nil
		},
	}
}

func (m *module) fold(f *form) *function.Fold {
	fold := &function.Fold{
		Layout: f.layout(), Retracts: f.Retract, Strict: f.Strict,
		Update: func(c *function.Folding) error { return m.blameFold(f, c, m.update(f, c)) },
		Value: func(states [][]byte, out *data.Vector, rows []int32) error {
			return m.blameFold(f, nil, m.values(f, states, out, rows))
		},
	}
	if f.Merge {
		fold.Merge = func(c *function.Folding) error { return m.blameFold(f, nil, m.merge(f, c)) }
	}
	return fold
}

// layout names what a form's states are.
func (f *form) layout() string {
	if f.State == "" {
		return "1"
	}
	return f.State
}

// blameFold says which function failed, and with which row if it told.
func (m *module) blameFold(f *form, c *function.Folding, err error) error {
	if err == nil {
		return nil
	}
	var r *refusal
	if c != nil && errors.As(err, &r) && r.row >= 0 && r.row < len(c.Rows) {
		return fmt.Errorf("%s of %s, called with (%s): %w", f.Name, m.name, shown(c.Args, c.Rows[r.row]), err)
	}
	var t *trap
	if errors.As(err, &t) && !t.timeout {
		return fmt.Errorf("%s of %s broke down: %w", f.Name, m.name, err)
	}
	return fmt.Errorf("%s of %s: %w", f.Name, m.name, err)
}

var (
	bytesType = data.Type{Kind: data.VarBinary, Precision: data.MaxLength, Nullable: true}
	placeType = data.Of(data.Int).NotNull()
	flagType  = data.Of(data.Boolean).NotNull()
)

// upTo are the numbers below n.
func upTo(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// columnOf makes a column of byte strings; nil is NULL.
func columnOf(states [][]byte) *data.Vector {
	v := data.NewVector(bytesType, len(states))
	for i, s := range states {
		if s == nil {
			data.SetNullRow(v, i)
		} else {
			v.SetBytes(i, s)
		}
	}
	return v
}

// ask makes one call about states: rows are those of the request.
func (m *module) ask(f *form, op uint32, states [][]byte, rows int, add func(q *request), use func(a *answer) error) error {
	q := requests.Get().(*request)
	defer requests.Put(q)
	q.reset(op, rows)
	q.extra = uint32(len(states))
	v := columnOf(states)
	defer v.Release()
	q.add(v, upTo(len(states)))
	if add != nil {
		add(q)
	}
	return m.exchange(f, q, use)
}

// update folds rows in, and with c.After gives values.
func (m *module) update(f *form, c *function.Folding) error {
	n := len(c.Rows)
	op := uint32(opAccumulate)
	if c.After != nil {
		op = opStep
	}
	groups, back := data.NewVector(placeType, n), data.NewVector(flagType, n)
	defer groups.Release()
	defer back.Release()
	copy(groups.I32, c.Groups)
	if c.Back == nil {
		clear(back.Bool[:n])
	} else {
		copy(back.Bool, c.Back)
	}
	return m.ask(f, op, c.States, n, func(q *request) {
		all := upTo(n)
		q.add(groups, all)
		q.add(back, all)
		for _, a := range c.Args {
			q.add(a, c.Rows)
		}
	}, func(a *answer) error {
		if c.After != nil {
			if err := a.wants(3); err != nil {
				return err
			}
			for k, v := range []*data.Vector{c.Before, c.After} {
				if err := a.column(k+1, v.N, v, v.Type.WithNull(f.result.Nullable), nil); err != nil {
					return err
				}
			}
		} else if err := a.wants(1); err != nil {
			return err
		}
		return a.states(c.States)
	})
}

func (m *module) merge(f *form, c *function.Folding) error {
	n := len(c.Others)
	groups, others := data.NewVector(placeType, n), columnOf(c.Others)
	defer groups.Release()
	defer others.Release()
	copy(groups.I32, c.Groups)
	return m.ask(f, opMerge, c.States, n, func(q *request) {
		all := upTo(n)
		q.add(groups, all)
		q.add(others, all)
	}, func(a *answer) error {
		if err := a.wants(1); err != nil {
			return err
		}
		return a.states(c.States)
	})
}

func (m *module) values(f *form, states [][]byte, out *data.Vector, rows []int32) error {
	return m.ask(f, opValue, states, 0, nil, func(a *answer) error {
		if err := a.wants(1); err != nil {
			return err
		}
		return a.column(0, len(states), out, out.Type.WithNull(f.result.Nullable), rows)
	})
}

func (a *answer) wants(columns int) error {
	if a.columns != columns {
		return fmt.Errorf("its answer has %d columns, not %d", a.columns, columns)
	}
	return nil
}

// states reads the first column into byte strings of their own.
func (a *answer) states(into [][]byte) error {
	v := data.NewVector(bytesType, len(into))
	defer v.Release()
	if err := a.column(0, len(into), v, bytesType, nil); err != nil {
		return fmt.Errorf("the states: %w", err)
	}
	size := 0
	for i := range into {
		if !v.IsNull(i) {
			size += v.Views[i].Len()
		}
	}
	all := make([]byte, 0, size)
	for i := range into {
		if v.IsNull(i) {
			into[i] = nil
			continue
		}
		from := len(all)
		all = append(all, v.Bytes(i)...)
		into[i] = all[from:len(all):len(all)]
	}
	return nil
}
