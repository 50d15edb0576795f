//go:build wasip1

package guest

import (
	"fmt"
	"strings"
)

// Rows takes the rows that a table function gives.
type Rows struct {
	columns []builder
	n       int
}

// builder gathers the values of one column.
type builder interface {
	add(v any)
	column() column
}

type values[T any] struct {
	list []T
	name string
}

func (b *values[T]) add(v any) {
	t, ok := v.(T)
	if !ok {
		Fail("column %s takes a %T, got a %T", b.name, t, v)
	}
	b.list = append(b.list, t)
}

func (b *values[T]) column() column { return store(b.list, nil) }

// Add gives a row: a value for each column.
func (r *Rows) Add(row ...any) {
	if len(row) != len(r.columns) {
		Fail("a row of %d values for %d columns", len(row), len(r.columns))
	}
	for i, v := range row {
		r.columns[i].add(v)
	}
	r.n++
}

// Column is a column of a table function.
type Column struct {
	name, typ string
	null      bool
	make      func() builder
}

// Col declares a column of Go type T.
func Col[T any](name string) Column {
	typ, null := typeOf[T](true)
	return Column{name, typ, null, func() builder { return &values[T]{name: name} }}
}

// As says another SQL type than that of the Go type.
func (c Column) As(typ string) Column { c.typ = typ; return c }

func columnsOf(f *Function, columns []Column) {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = fmt.Sprintf("`%s` %s", c.name, c.typ)
		if !c.null {
			parts[i] += " NOT NULL"
		}
	}
	f.Result = "ROW<" + strings.Join(parts, ", ") + ">"
}

func table(f *Function, columns []Column, r request, give func(i int, out *Rows)) answer {
	out := &Rows{columns: make([]builder, len(columns))}
	for i, c := range columns {
		out.columns[i] = c.make()
	}
	ends := make([]uint32, r.rows+1)
	var nulls []byte
	for i := range r.rows {
		if *r.row = i; !f.skip(r, i, &nulls) {
			give(i, out)
		}
		ends[i+1] = uint32(out.n)
	}
	a := answer{rows: out.n, ends: ends}
	for _, b := range out.columns {
		a.cols = append(a.cols, b.column())
	}
	return a
}

// Table1 makes a table function of one argument.
func Table1[A any](name string, f func(a A, out *Rows), columns ...Column) *Function {
	d := register(name, "table", true)
	argument[A](d)
	columnsOf(d, columns)
	d.eval = func(r request) answer {
		a := load[A](r.cols[0])
		return table(d, columns, r, func(i int, out *Rows) { f(a[i], out) })
	}
	return d
}

// Table2 makes a table function of two arguments.
func Table2[A, B any](name string, f func(a A, b B, out *Rows), columns ...Column) *Function {
	d := register(name, "table", true)
	argument[A](d)
	argument[B](d)
	columnsOf(d, columns)
	d.eval = func(r request) answer {
		a, b := load[A](r.cols[0]), load[B](r.cols[1])
		return table(d, columns, r, func(i int, out *Rows) { f(a[i], b[i], out) })
	}
	return d
}
