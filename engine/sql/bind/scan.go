package bind

import (
	"slices"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// scan reads a table: its columns, the computed ones, its watermark.
func (b *Binder) scan(t *catalog.Table, pos ast.Pos) (logical.Node, error) {
	modes, err := b.Source(t, pos)
	if err != nil {
		return nil, err
	}
	if b.Batch && !modes.InsertOnly() {
		return nil, ast.Planf(pos, "Querying a table in batch mode is currently only possible for INSERT-only table sources. But the source for table '%s' produces other changelog messages than just INSERT.", t.Path)
	}
	s, p, err := b.columnsOf(t, pos)
	if err != nil {
		return nil, err
	}
	s.Modes = modes
	var n logical.Node = s
	upserts := modes.Updates && !modes.UpdateBefore
	if (upserts || b.Duplicates && !modes.InsertOnly()) && len(s.Table.PrimaryKey) > 0 {
		n = normalized(s)
		p.Input = n
	}
	if slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.Kind == catalog.Computed }) {
		n = p
	}
	if t.Watermark == nil {
		return n, nil
	}
	return b.watermark(t, n, pos)
}

// columnsOf is what a table gives, and its declared columns made of that.
func (b *Binder) columnsOf(t *catalog.Table, pos ast.Pos) (*logical.Scan, *logical.Project, error) {
	s := &logical.Scan{Table: t.Connected(), Pos: pos}
	p := &logical.Project{Input: s}
	read := &scope{} // what computed columns may use
	physical, metadata := 0, 0
	for _, c := range t.Columns {
		path := graph.Path{Metadata: -1}
		switch c.Kind {
		case catalog.Computed:
			continue
		case catalog.Metadata:
			path.Metadata = metadata
			metadata++
		default:
			path.Column = physical
			physical++
		}
		s.Output = append(s.Output, path)
		s.Columns = append(s.Columns, data.Column{Name: c.Name, Type: typing.Plain(c.Type)})
	}
	read.columns = s.Columns
	x := &exprBinder{b: b, scope: read}
	next := 0
	for _, c := range t.Columns {
		e := expr.Expr{}
		if c.Kind == catalog.Computed {
			var err error
			if e, err = x.bind(c.Expr); err != nil {
				return nil, nil, ast.Errorf(pos, "computed column '%s' of '%s': %w", c.Name, t.Path.Name, err)
			}
		} else {
			e = expr.Column(next, s.Columns[next].Type)
			next++
		}
		p.Exprs = append(p.Exprs, e)
		p.Columns = append(p.Columns, data.Column{Name: c.Name, Type: e.Type})
	}
	return s, p, nil
}

// normalized takes doubled changes out of a table with a primary key.
func normalized(s *logical.Scan) logical.Node {
	n := &logical.Normalize{Input: s}
	for _, name := range s.Table.PrimaryKey {
		for i, c := range s.Columns {
			if c.Name == name {
				n.Keys = append(n.Keys, i)
			}
		}
	}
	return n
}

func (b *Binder) watermark(t *catalog.Table, n logical.Node, pos ast.Pos) (logical.Node, error) {
	w := &logical.Watermark{Input: n, TimeColumn: -1, IdleMillis: b.IdleMillis}
	cols := n.Schema()
	for i, c := range cols {
		if c.Name == t.Watermark.Column {
			w.TimeColumn = i
		}
	}
	if w.TimeColumn < 0 {
		return nil, ast.Errorf(pos, "Rowtime attribute '%s' is not defined in the schema of '%s'", t.Watermark.Column, t.Path.Name)
	}
	var err error
	x := &exprBinder{b: b, scope: &scope{columns: cols}}
	if w.Expr, err = x.bind(t.Watermark.Expr); err != nil {
		return nil, ast.Errorf(pos, "watermark of '%s': %w", t.Path.Name, err)
	}
	if text, ok := t.Options["scan.watermark.idle-timeout"]; ok {
		d, err := option.ParseDuration(text)
		if err != nil {
			return nil, ast.Errorf(pos, "option \"scan.watermark.idle-timeout\" of '%s': %w", t.Path.Name, err)
		}
		w.IdleMillis = d.Milliseconds()
	}
	return w, nil
}

// Complete checks a table that is being declared, and fills in the types of its
// computed columns and its time attribute.
func (b *Binder) Complete(t *catalog.Table, watermarkPos ast.Pos) error {
	read := &scope{}
	for _, c := range t.Columns {
		if c.Kind != catalog.Computed {
			read.columns = append(read.columns, data.Column{Name: c.Name, Type: typing.Plain(c.Type)})
		}
	}
	x := &exprBinder{b: b, scope: read}
	for i := range t.Columns {
		c := &t.Columns[i]
		c.Type.TimeAttr = data.NoTimeAttr
		if c.Kind != catalog.Computed {
			continue
		}
		e, err := x.bind(c.Expr)
		if err != nil {
			return err
		}
		if isNull(e) {
			return illegalNull(c.Expr.Pos())
		}
		c.Type = e.Type
	}
	if t.Watermark == nil {
		return nil
	}
	all := &scope{columns: t.Schema()}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Name != t.Watermark.Column {
			continue
		}
		if c.Type.TimeAttr == data.ProcTime {
			return ast.Errorf(watermarkPos, "A watermark can not be defined for a processing-time attribute.")
		}
		if !typing.Stamp(c.Type) || c.Type.Precision > 3 {
			return ast.Errorf(watermarkPos, "Invalid data type of time field for watermark definition. The field must be of type TIMESTAMP(p) or TIMESTAMP_LTZ(p), the supported precision 'p' is from 0 to 3, but the time field type is %s", c.Type)
		}
		x := &exprBinder{b: b, scope: all}
		e, err := x.bind(t.Watermark.Expr)
		if err != nil {
			return err
		}
		if !typing.Stamp(e.Type) || e.Type.Precision > 3 {
			return ast.Errorf(t.Watermark.Expr.Pos(), "Invalid data type of expression for watermark definition. The field must be of type TIMESTAMP(p) or TIMESTAMP_LTZ(p), the supported precision 'p' is from 0 to 3, but the watermark expression type is %s", e.Type)
		}
		c.Type.TimeAttr = data.EventTime
		return nil
	}
	return ast.Errorf(watermarkPos, "The rowtime attribute field '%s' is not defined in the table schema%s", t.Watermark.Column, meant(t.Watermark.Column, names(all.columns)))
}
