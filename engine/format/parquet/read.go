package parquet

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// fileReader reads the columns that are wanted of one file.
type fileReader struct {
	file   *parquet.File
	groups []parquet.RowGroup
	outs   []tree // by output; leaves are in it
	leaves []*leaf

	group int   // of the row groups, the one being read
	left  int64 // rows of it
	row   int64 // of the file, the next
	total int64
	open  bool // the leaves are at the next row
}

// tree is a value of the file and where it goes.
type tree struct {
	typ    data.Type
	kind   shape
	def    int // level from which on it is there
	filled int // of lists: level from which on they have an element
	rep    int // of lists: level at which another element begins
	in     []tree
	leaf   *leaf // of leaves; of groups, the first in them
	// missing: the file does not have it, so it is NULL.
	missing bool
}

type shape uint8

const (
	single shape = iota
	fields
	elements // of a list or map
)

// leaf is a column of the file.
type leaf struct {
	at     int // number of the column
	set    func(v *data.Vector, r int, x *parquet.Value) error
	maxRep int

	pages  parquet.Pages
	page   parquet.Page
	reader parquet.ValueReader
	values []parquet.Value
	next   int // of values
	n      int
}

const valuesAtOnce = 1024

// damaged makes an error of a panic: the library meets some damages of a file so.
func damaged(err *error) {
	if x := recover(); x != nil {
		*err = fmt.Errorf("the file is damaged: %v", x)
	}
}

func openFile(s format.DecoderSpec, f format.Random, at format.FilePosition) (_ format.FileReader, err error) {
	defer damaged(&err)
	file, err := parquet.OpenFile(f, f.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("it is no Parquet file that can be read: %w", err)
	}
	r := &fileReader{file: file, groups: file.RowGroups(), row: at.Offset, total: file.NumRows()}
	row := data.Type{Kind: data.Row}
	for _, c := range s.Columns {
		if err := supported(c.Name, c.Type); err != nil {
			return nil, err
		}
		row.Names, row.Args = append(row.Names, c.Name), append(row.Args, c.Type)
	}
	for _, path := range s.Output {
		t, err := r.along(file.Root(), row, path, 0)
		if err != nil {
			return nil, err
		}
		r.outs = append(r.outs, t)
	}
	if at.Offset > r.total {
		return nil, fmt.Errorf("it was read up to row %d and has %d now; files must not change once they are seen", at.Offset, r.total)
	}
	return r, nil
}

// along goes down a path to the value that is an output. Fields are NULL if
// the row around them is.
func (r *fileReader) along(c *parquet.Column, t data.Type, path []int, def int) (tree, error) {
	name := t.Names[path[0]]
	next := child(c, name)
	t = t.Args[path[0]]
	if next == nil {
		out := t
		for _, k := range path[1:] {
			out = out.Args[k]
		}
		return tree{typ: out, missing: true}, nil
	}
	if len(path) == 1 {
		x, err := r.tree(next, t, def, false)
		if err != nil {
			err = fmt.Errorf("column %q: %w", name, err)
		}
		return x, err
	}
	if next.Leaf() || next.Repeated() {
		return tree{}, fmt.Errorf("column %q: a group is needed for type %s", name, t)
	}
	if next.Optional() {
		def++
	}
	return r.along(next, t, path[1:], def)
}

// child is a field by name, in other letters if need be.
func child(c *parquet.Column, name string) *parquet.Column {
	var found *parquet.Column
	for _, x := range c.Columns() {
		if x.Name() == name {
			return x
		}
		if strings.EqualFold(x.Name(), name) {
			found = x
		}
	}
	return found
}

// tree is the value of a column as a type; def is the level of what is around
// it. item: it is what repeats in a list, as older writers have it.
func (r *fileReader) tree(c *parquet.Column, t data.Type, def int, item bool) (tree, error) {
	x := tree{typ: t, def: def}
	if c.Optional() {
		x.def++
	}
	unfit := func() error { return fmt.Errorf("%s of Parquet cannot be read as %s", c.Type(), t) }
	switch t.Kind {
	case data.Row:
		if c.Leaf() || c.Repeated() && !item {
			return x, unfit()
		}
		x.kind = fields
		for i, name := range t.Names {
			f := child(c, name)
			if f == nil {
				x.in = append(x.in, tree{typ: t.Args[i], missing: true})
				continue
			}
			in, err := r.tree(f, t.Args[i], x.def, false)
			if err != nil {
				return x, fmt.Errorf("field %q: %w", name, err)
			}
			x.in = append(x.in, in)
		}
		return x.first(), x.some(c)
	case data.Array, data.Map:
		return r.list(c, t, x, unfit)
	}
	if !c.Leaf() || c.Repeated() && !item {
		return x, unfit()
	}
	l := &leaf{at: c.Index(), maxRep: c.MaxRepetitionLevel()}
	if l.set = setter(c.Type(), t); l.set == nil {
		return x, unfit()
	}
	r.leaves = append(r.leaves, l)
	x.leaf = l
	return x, nil
}

// list is a list or map: a group with one repeated group, of the element or of
// key and value. Older writers have no group around an element, or repeat it.
func (r *fileReader) list(c *parquet.Column, t data.Type, x tree, unfit func() error) (tree, error) {
	x.kind = elements
	repeated := c
	if !c.Repeated() {
		if c.Leaf() || len(c.Columns()) != 1 || !c.Columns()[0].Repeated() {
			return x, unfit()
		}
		repeated = c.Columns()[0]
	}
	x.filled, x.rep = x.def+1, repeated.MaxRepetitionLevel()
	parts := []*parquet.Column{repeated}
	if inner := repeated.Columns(); !repeated.Leaf() {
		switch {
		case t.Kind == data.Map && len(inner) == 2:
			parts = inner
		case t.Kind == data.Array && len(inner) == 1 && repeated.Name() != "array" && !strings.HasSuffix(repeated.Name(), "_tuple"):
			parts = inner
		}
	}
	if len(parts) != len(t.Args) {
		return x, unfit()
	}
	for i, p := range parts {
		in, err := r.tree(p, t.Args[i], x.filled, p == repeated)
		if err != nil {
			return x, err
		}
		x.in = append(x.in, in)
	}
	return x.first(), x.some(c)
}

// first finds the first leaf in a group.
func (x tree) first() tree {
	for i := range x.in {
		if x.in[i].leaf != nil {
			x.leaf = x.in[i].leaf
			break
		}
	}
	return x
}

// some says that a group without any leaf that is wanted cannot be read: its
// own NULLs would not be seen.
func (x tree) some(c *parquet.Column) error {
	if x.first().leaf == nil {
		return fmt.Errorf("the file has no field of %s", c.Name())
	}
	return nil
}

func (r *fileReader) Position() format.FilePosition { return format.FilePosition{Offset: r.row} }

func (r *fileReader) Read(b *data.Batch, most int) (done bool, err error) {
	defer damaged(&err)
	if err := r.seek(); err != nil {
		return false, err
	}
	n := int(min(int64(most), r.left))
	for k := range r.outs {
		v := b.Cols[k]
		v.Resize(n)
		for i := range n {
			if err := r.outs[k].read(v, i); err != nil {
				return false, fmt.Errorf("row %d: %w", r.row+int64(i)+1, err)
			}
		}
	}
	b.N = n
	r.row += int64(n)
	r.left -= int64(n)
	return r.row >= r.total, nil
}

// seek opens the columns of the row group with the next row.
func (r *fileReader) seek() error {
	if r.open && r.left > 0 {
		return nil
	}
	r.release()
	at := int64(0)
	for r.group = 0; r.group < len(r.groups); r.group++ {
		n := r.groups[r.group].NumRows()
		if r.row < at+n {
			r.left = at + n - r.row
			break
		}
		at += n
	}
	if r.group == len(r.groups) {
		r.left = 0
		return nil
	}
	chunks := r.groups[r.group].ColumnChunks()
	for _, l := range r.leaves {
		l.pages = chunks[l.at].Pages()
		l.next, l.n, l.reader = 0, 0, nil
		if r.row > at {
			if err := l.pages.SeekToRow(r.row - at); err != nil {
				return fmt.Errorf("row %d: %w", r.row, err)
			}
		}
	}
	r.open = true
	return nil
}

func (r *fileReader) release() {
	for _, l := range r.leaves {
		if l.page != nil {
			parquet.Release(l.page)
			l.page = nil
		}
		if l.pages != nil {
			_ = l.pages.Close()
			l.pages = nil
		}
	}
	r.open = false
}

// Close gives back what the pages hold.
func (r *fileReader) Close() error {
	r.release()
	return nil
}

// peek is the next value, nil at the end of the row group.
func (l *leaf) peek() (*parquet.Value, error) {
	for l.next == l.n {
		if l.reader == nil {
			if l.page != nil {
				parquet.Release(l.page)
				l.page = nil
			}
			p, err := l.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			l.page, l.reader = p, p.Values()
		}
		if l.values == nil {
			l.values = make([]parquet.Value, valuesAtOnce)
		}
		n, err := l.reader.ReadValues(l.values)
		l.next, l.n = 0, n
		if errors.Is(err, io.EOF) {
			l.reader = nil
		} else if err != nil {
			return nil, err
		} else if n == 0 {
			return nil, io.ErrNoProgress
		}
	}
	return &l.values[l.next], nil
}

func (l *leaf) must() (*parquet.Value, error) {
	x, err := l.peek()
	if err == nil && x == nil {
		err = io.ErrUnexpectedEOF
	}
	return x, err
}

// read reads the next value as row i of v.
func (x *tree) read(v *data.Vector, i int) error {
	if x.missing {
		data.SetNullRow(v, i)
		return nil
	}
	first, err := x.leaf.must()
	if err != nil {
		return err
	}
	if first.DefinitionLevel() < x.def {
		data.SetNullRow(v, i)
		return x.pass()
	}
	v.ClearNull(i)
	switch x.kind {
	case fields:
		for k := range x.in {
			if err := x.in[k].read(v.Children[k], i); err != nil {
				return err
			}
		}
		return nil
	case elements:
		return x.elements(v, i, first)
	}
	x.leaf.next++
	return x.leaf.set(v, i, first)
}

func (x *tree) elements(v *data.Vector, i int, first *parquet.Value) error {
	at := int(v.Offsets[i])
	if first.DefinitionLevel() < x.filled {
		v.Offsets[i+1] = int32(at)
		return x.pass()
	}
	for {
		for k := range x.in {
			v.Children[k].Resize(at + 1)
			if err := x.in[k].read(v.Children[k], at); err != nil {
				return err
			}
		}
		at++
		next, err := x.leaf.peek()
		if err != nil {
			return err
		}
		if next == nil || next.RepetitionLevel() < x.rep {
			v.Offsets[i+1] = int32(at)
			return nil
		}
	}
}

// pass goes past the note of each leaf that there is nothing.
func (x *tree) pass() error {
	if len(x.in) == 0 && x.leaf != nil {
		if _, err := x.leaf.must(); err != nil {
			return err
		}
		x.leaf.next++
		return nil
	}
	for k := range x.in {
		if !x.in[k].missing {
			if err := x.in[k].pass(); err != nil {
				return err
			}
		}
	}
	return nil
}
