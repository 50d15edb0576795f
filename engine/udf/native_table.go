package udf

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
)

// Rows takes the rows that a table function gives for one row.
type Rows struct {
	name    string
	columns []Column
	lists   [][]any
}

// Add gives a row: a value for each column. Another number of values than of
// columns, or one of another type than its column, panics.
func (r *Rows) Add(row ...any) {
	if len(row) != len(r.columns) {
		panic(fmt.Sprintf("%s gives a row of %d values for %d columns", r.name, len(row), len(r.columns)))
	}
	for i, v := range row {
		r.lists[i] = append(r.lists[i], v)
	}
}

// Column is a column of a table function.
type Column struct {
	name  string
	typ   data.Type
	store func(v *data.Vector, list []any)
}

// Col declares a column of Go type T.
func Col[T any](name string) Column {
	return Column{name: name, typ: goType[T](), store: func(v *data.Vector, list []any) {
		put := storer[T](v)
		for i, x := range list {
			y, ok := x.(T)
			if !ok {
				panic(fmt.Sprintf("column %s takes a %T, got a %T", name, y, x))
			}
			put(int32(i), y)
		}
	}}
}

// Table1 makes a table function of one argument.
func Table1[A any](name string, f func(a A, out *Rows), columns ...Column) Function {
	d := native(name)
	takes[A](d)
	return tableOf(d, columns, func(c *function.Call) func(r int32, out *Rows) {
		a := loader[A](c.Args[0])
		return func(r int32, out *Rows) { f(a(r), out) }
	})
}

// Table2 makes a table function of two arguments.
func Table2[A, B any](name string, f func(a A, b B, out *Rows), columns ...Column) Function {
	d := native(name)
	takes[A](d)
	takes[B](d)
	return tableOf(d, columns, func(c *function.Call) func(r int32, out *Rows) {
		a, b := loader[A](c.Args[0]), loader[B](c.Args[1])
		return func(r int32, out *Rows) { f(a(r), b(r), out) }
	})
}

func tableOf(d *Function, columns []Column, over func(c *function.Call) func(r int32, out *Rows)) Function {
	d.form.kind = graph.TableFunction
	d.form.result = data.Type{Kind: data.Row}
	for _, c := range columns {
		d.form.result.Names, d.form.result.Args = append(d.form.result.Names, c.name), append(d.form.result.Args, c.typ)
	}
	d.eval = func(c *function.Call, rows []int32) error {
		give := over(c)
		out := &Rows{name: d.form.Name, columns: columns, lists: make([][]any, len(columns))}
		n, next := 0, 0
		c.Out.Offsets[0] = 0
		for r := range c.N {
			if next < len(rows) && int(rows[next]) == r {
				next++
				if !d.leftOut(c.Args, int32(r)) {
					give(int32(r), out)
				}
				if n = len(out.lists[0]); n > maxRows {
					return fmt.Errorf("%s gives more than %d rows for a batch", d.form.Name, maxRows)
				}
			}
			c.Out.Offsets[r+1] = int32(n)
		}
		item := c.Out.Children[0]
		item.Resize(n)
		for k, col := range columns {
			item.Children[k].Resize(n)
			col.store(item.Children[k], out.lists[k])
		}
		return nil
	}
	return *d
}
