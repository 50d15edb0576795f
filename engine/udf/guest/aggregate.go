//go:build wasip1

package guest

import "github.com/weir-streams/weir/engine/udf/layout"

// Fold1 is an aggregate function of one argument. S is what is kept of a group:
// its zero value has seen no rows. It lies in the state of the job, and is
// written as package layout says; a value of S with other fields is another
// state, and that of a former version is not read.
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

// What a request is for.
const (
	opAccumulate = 1
	opStep       = 2
	opMerge      = 3
	opValue      = 4
)

// Aggregate1 makes an aggregate function of one argument.
func Aggregate1[A, S, R any](name string, f Fold1[A, S, R]) *Function {
	d := register(name, "aggregate", true)
	argument[A](d)
	return aggregate(d, f.Retract != nil, f.Merge, f.Value, func(cols []column) (add, retract func(s *S, i int)) {
		a := load[A](cols[0])
		return func(s *S, i int) { f.Add(s, a[i]) }, func(s *S, i int) { f.Retract(s, a[i]) }
	})
}

// Aggregate2 makes an aggregate function of two arguments.
func Aggregate2[A, B, S, R any](name string, f Fold2[A, B, S, R]) *Function {
	d := register(name, "aggregate", true)
	argument[A](d)
	argument[B](d)
	return aggregate(d, f.Retract != nil, f.Merge, f.Value, func(cols []column) (add, retract func(s *S, i int)) {
		a, b := load[A](cols[0]), load[B](cols[1])
		return func(s *S, i int) { f.Add(s, a[i], b[i]) }, func(s *S, i int) { f.Retract(s, a[i], b[i]) }
	})
}

func aggregate[S, R any](d *Function, retracts bool, merge func(s, other *S), value func(s *S) R, over func(cols []column) (add, retract func(s *S, i int))) *Function {
	states := layout.For[S]()
	d.Retract, d.Merge, d.State = retracts, merge != nil, states.Name
	name, null := typeOf[R](true)
	if !null {
		name += " NOT NULL"
	}
	d.Result = name
	read := func(c column) []S {
		out := make([]S, c.n)
		for i, p := range load[[]byte](c) {
			if c.isNull(i) {
				continue
			}
			if err := states.Read(p, &out[i]); err != nil {
				Fail("read a state: %v", err)
			}
		}
		return out
	}
	write := func(list []S) column {
		out := make([][]byte, len(list))
		var all []byte
		for i := range list {
			from := len(all)
			var err error
			if all, err = states.Write(all, &list[i]); err != nil {
				Fail("write a state: %v", err)
			}
			out[i] = all[from:]
		}
		return storeBytes(all, out)
	}
	values := func(list []S) column {
		out := make([]R, len(list))
		for i := range list {
			out[i] = value(&list[i])
		}
		return store(out, nil)
	}
	d.eval = func(r request) answer {
		list := read(r.cols[0])
		switch r.op {
		case opValue:
			return answer{rows: len(list), cols: []column{values(list)}}
		case opMerge:
			groups := load[int32](r.cols[1])
			others := read(r.cols[2])
			for k := range others {
				merge(&list[groups[k]], &others[k])
			}
			return answer{rows: len(list), cols: []column{write(list)}}
		}
		groups, back := load[int32](r.cols[1]), load[bool](r.cols[2])
		args := r.cols[3:]
		add, retract := over(args)
		step := r.op == opStep
		var before column
		var after []R
		if step {
			before, after = values(list), make([]R, r.rows)
		}
		for i := range r.rows {
			*r.row = i
			s := &list[groups[i]]
			switch {
			case !d.Strict && d.leftOut(args, i):
			case back[i]:
				retract(s, i)
			default:
				add(s, i)
			}
			if step {
				after[i] = value(s)
			}
		}
		*r.row = -1
		if step {
			return answer{rows: len(list), cols: []column{write(list), before, store(after, nil)}}
		}
		return answer{rows: len(list), cols: []column{write(list)}}
	}
	return d
}
