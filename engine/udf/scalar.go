package udf

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
)

func float32From(bits uint32) float32 { return math.Float32frombits(bits) }
func float64From(bits uint64) float64 { return math.Float64frombits(bits) }

// maxRows is how many rows a call of a table function may give for one batch.
const maxRows = 4 << 20

// requests are used again: they belong to a call only.
var requests = sync.Pool{New: func() any { return new(request) }}

// scalar is a scalar or table function of a module.
func (m *module) scalar(name string, forms []*form) *function.Scalar {
	s := &function.Scalar{
		Name: name, Category: "user", Syntax: forms[0].text(),
		Doc: "A function of module " + m.name + ".",
	}
	s.Strict = true
	for _, f := range forms {
		s.Volatile = s.Volatile || f.Volatile
		s.Strict = s.Strict && f.Strict
	}
	s.Infer = func(args []function.Arg) (function.Signature, error) {
		f, err := infer(forms, args)
		if err != nil {
			return function.Signature{}, err
		}
		return f.signature(args), nil
	}
	s.Eval = func(c *function.Call) error {
		f, err := called(forms, c)
		if err != nil {
			return err
		}
		return m.eval(f, c, c.Rows())
	}
	return s
}

// called finds the form that a call was resolved to.
func called(forms []*form, c *function.Call) (*form, error) {
	types := make([]data.Type, len(c.Args))
	for i, a := range c.Args {
		types[i] = a.Type
	}
	return formOf(forms, types)
}

// formOf finds the form that takes values of types.
func formOf(forms []*form, types []data.Type) (*form, error) {
	var found *form
	for _, f := range forms {
		fits, same := len(f.args) == len(types), true
		for i := 0; fits && i < len(f.args); i++ {
			t := types[i]
			fits = t.Phys() == f.args[i].Phys() && (t.Kind == f.args[i].Kind || t.Phys() == data.PhysString)
			same = same && t.SameAs(f.args[i])
		}
		if fits && (same || found == nil) {
			found = f
			if same {
				break
			}
		}
	}
	if found != nil {
		return found, nil
	}
	return nil, errors.New("the function is called with types it does not take")
}

// eval calls f for rows and puts the results into c.Out.
func (m *module) eval(f *form, c *function.Call, rows []int32) error {
	if f.Strict {
		var some bool
		if rows, some = withoutNulls(c, rows); some {
			for _, r := range c.Rows() {
				if anyNull(c.Args, r) {
					data.SetNullRow(c.Out, int(r))
				}
			}
		}
	}
	if len(rows) == 0 {
		if f.kind == graph.TableFunction {
			clear(c.Out.Offsets)
		} else {
			unasked(c.Out, 0, c.N)
		}
		return nil
	}
	err := m.try(f, c, rows, true)
	if err == nil {
		return nil
	}
	return m.blame(f, c, rows, err)
}

// unasked makes rows valid that a call does not give, where lists depend on those before them.
func unasked(v *data.Vector, from, to int) {
	if p := v.Type.Phys(); p != data.PhysList && p != data.PhysRow {
		return
	}
	for r := from; r < to; r++ {
		data.SetNullRow(v, r)
	}
}

func anyNull(args []*data.Vector, r int32) bool {
	for _, a := range args {
		if a.IsNull(int(r)) {
			return true
		}
	}
	return false
}

// withoutNulls leaves out the rows in which an argument is NULL.
func withoutNulls(c *function.Call, rows []int32) ([]int32, bool) {
	has := false
	for _, a := range c.Args {
		has = has || a.Nulls != nil
	}
	if !has {
		return rows, false
	}
	kept := make([]int32, 0, len(rows))
	for _, r := range rows {
		if !anyNull(c.Args, r) {
			kept = append(kept, r)
		}
	}
	return kept, len(kept) < len(rows)
}

// try makes one call; with keep its results go into c.Out.
func (m *module) try(f *form, c *function.Call, rows []int32, keep bool) error {
	q := requests.Get().(*request)
	defer requests.Put(q)
	q.reset(opEval, len(rows))
	for _, a := range c.Args {
		q.add(a, rows)
	}
	return m.exchange(f, q, func(a *answer) error {
		if !keep {
			return nil
		}
		if f.kind == graph.TableFunction {
			return a.lists(f, c, rows)
		}
		if a.columns != 1 {
			return fmt.Errorf("its answer has %d columns, not one", a.columns)
		}
		unasked(c.Out, 0, int(rows[0]))
		if err := a.column(0, len(rows), c.Out, c.Out.Type.WithNull(f.result.Nullable), rows); err != nil {
			return err
		}
		unasked(c.Out, int(rows[len(rows)-1])+1, c.N)
		return nil
	})
}

// exchange sends a request and hands its answer to use, while its memory lasts.
func (m *module) exchange(f *form, q *request, use func(*answer) error) error {
	size, ok := q.measure()
	if !ok {
		return errors.New("a batch has more than 2 GiB of arguments")
	}
	i, err := m.take()
	if err != nil {
		return err
	}
	good := false
	defer func() {
		if good {
			m.put(i)
		} else {
			i.close()
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), m.limits.Call)
	defer cancel()
	room, base, err := i.begin(ctx, size)
	if err != nil {
		return err
	}
	q.write(room, base)
	at, err := i.run(ctx, f.number, base)
	if err != nil {
		return err
	}
	a, err := i.read(at)
	if err != nil {
		var r *refusal
		good = errors.As(err, &r)
		return err
	}
	if err := use(a); err != nil {
		return err
	}
	good = true
	return nil
}

// lists reads the rows of a table function as one array for each row of the call.
func (a *answer) lists(f *form, c *function.Call, rows []int32) error {
	if a.columns != len(f.result.Args) {
		return fmt.Errorf("its answer has %d columns, not %d", a.columns, len(f.result.Args))
	}
	if a.rows > maxRows {
		return fmt.Errorf("it gives %d rows for a batch, more than %d", a.rows, maxRows)
	}
	ends, err := a.part(a.extra, 4*(len(rows)+1))
	if err != nil {
		return err
	}
	item := c.Out.Children[0]
	item.Resize(a.rows)
	for k, t := range f.result.Args {
		if err := a.column(k, a.rows, item.Children[k], t, nil); err != nil {
			return err
		}
	}
	// The lists of rows that were not asked for are empty.
	offsets := c.Out.Offsets
	next, end := 0, int32(0)
	for r := range c.N {
		offsets[r] = end
		if next < len(rows) && int(rows[next]) == r {
			from, to := u32(ends[4*next:]), u32(ends[4*next+4:])
			if int64(from) != int64(end) || to < from || int(to) > a.rows {
				return fmt.Errorf("the rows for row %d reach from %d to %d of %d", next+1, from, to, a.rows)
			}
			end = int32(to)
			next++
		}
	}
	offsets[c.N] = end
	if int(end) != a.rows {
		return fmt.Errorf("it gives %d rows, but says of %d what they belong to", a.rows, end)
	}
	return nil
}

// blame finds the row that made a call fail, and says so.
func (m *module) blame(f *form, c *function.Call, rows []int32, err error) error {
	var t *trap
	var r *refusal
	switch {
	case errors.As(err, &r):
		if r.row >= 0 && r.row < len(rows) {
			return fmt.Errorf("%s of %s, called with (%s): %w", f.Name, m.name, shown(c.Args, rows[r.row]), err)
		}
		if len(rows) == 1 {
			return fmt.Errorf("%s of %s, called with (%s): %w", f.Name, m.name, shown(c.Args, rows[0]), err)
		}
		return fmt.Errorf("%s of %s: %w", f.Name, m.name, err)
	case !errors.As(err, &t) || t.timeout:
		return fmt.Errorf("%s of %s: %w", f.Name, m.name, err)
	}
	began := time.Now()
	for len(rows) > 1 && time.Since(began) < m.limits.Call {
		half := rows[:len(rows)/2]
		if again := m.try(f, c, half, false); again != nil {
			rows, err = half, again
			continue
		}
		rest := rows[len(rows)/2:]
		again := m.try(f, c, rest, false)
		if again == nil { // not of the row alone
			return fmt.Errorf("%s of %s broke down: %w", f.Name, m.name, err)
		}
		rows, err = rest, again
	}
	if len(rows) != 1 {
		return fmt.Errorf("%s of %s broke down: %w", f.Name, m.name, err)
	}
	return fmt.Errorf("%s of %s broke down, called with (%s): %w", f.Name, m.name, shown(c.Args, rows[0]), err)
}

// shown are the arguments of a row, for people.
func shown(args []*data.Vector, r int32) string {
	parts := make([]string, len(args))
	for i, a := range args {
		switch {
		case a.IsNull(int(r)):
			parts[i] = "NULL"
		default:
			text := string(data.AppendText(nil, a, int(r), time.UTC))
			if len(text) > 100 {
				text = text[:100] + "…"
			}
			parts[i] = text
		}
	}
	return strings.Join(parts, ", ")
}
