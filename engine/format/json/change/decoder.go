package change

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/json"
)

// Columns of a record as read.
const (
	kindColumn = iota
	beforeColumn
	afterColumn
	recordColumns
)

type decoder struct {
	form    Form
	ignore  bool
	records *json.Records
	types   []data.Type // of a record's columns
	columns []string    // of the rows in it
	outs    []output
	filters *filters

	line    int64
	skipped int64
	bad     func(*format.RecordError, []byte)

	// The records at hand.
	in      *data.Batch
	changes []change
	present []bool // by update and column: the row before has it
}

// output is a column of the rows, and fields within it.
type output struct {
	column int
	fields []int
}

// change is one row to give.
type change struct {
	op     data.Op
	column int   // of the record: that before or after
	row    int32 // of its rows
	// rest is the row after from which come columns that present[known:] says the
	// row before does not have; -1: none do.
	rest, known int32
}

type filters struct {
	records  *json.Records
	types    []data.Type
	members  []string
	patterns []*regexp.Regexp
}

func newDecoder(f Form, s format.DecoderSpec) (*decoder, error) {
	d := &decoder{form: f, ignore: s.Options.Bool("ignore-parse-errors"), line: s.Line, bad: s.Bad}
	row := data.Type{Kind: data.Row, Nullable: true}
	for _, path := range s.Output {
		c := s.Columns[path[0]]
		k := slices.Index(d.columns, c.Name)
		if k < 0 {
			k = len(d.columns)
			d.columns = append(d.columns, c.Name)
			row.Names = append(row.Names, c.Name)
			row.Args = append(row.Args, c.Type)
		}
		d.outs = append(d.outs, output{k, path[1:]})
	}
	if f.Lists {
		row = data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{row}}
	}
	d.types = []data.Type{data.String(), row, row}
	record := memberColumns(f, d.types)
	paths := [][]int{{0}, {1}, {2}}
	if f.Wrapped != "" && s.Options.Bool(f.Wrapped) {
		t := data.Type{Kind: data.Row, Nullable: true, Args: d.types}
		for i, c := range record {
			t.Names = append(t.Names, c.Name)
			paths[i] = []int{0, i}
		}
		record = []data.Column{{Name: "payload", Type: t}}
	}
	var err error
	if d.records, err = json.NewRecords(format.DecoderSpec{Columns: record, Output: paths, Types: d.types, Options: s.Options, Zone: s.Zone}); err != nil {
		return nil, err
	}
	d.filters, err = newFilters(f, s)
	return d, err
}

func memberColumns(f Form, types []data.Type) []data.Column {
	return []data.Column{{Name: f.Kind, Type: types[kindColumn]}, {Name: f.Before, Type: types[beforeColumn]}, {Name: f.After, Type: types[afterColumn]}}
}

func newFilters(f Form, s format.DecoderSpec) (*filters, error) {
	x := &filters{}
	var cols []data.Column
	var paths [][]int
	for _, c := range f.Filters {
		if !s.Options.Has(c.Option) {
			continue
		}
		p, err := regexp.Compile("^(?:" + s.Options.String(c.Option) + ")$")
		if err != nil {
			return nil, fmt.Errorf("option '%s.%s': %w", f.Name, c.Option, err)
		}
		paths = append(paths, []int{len(cols)})
		cols = append(cols, data.Column{Name: c.Member, Type: data.String()})
		x.types = append(x.types, data.String())
		x.members = append(x.members, c.Member)
		x.patterns = append(x.patterns, p)
	}
	if len(cols) == 0 {
		return nil, nil
	}
	var err error
	x.records, err = json.NewRecords(format.DecoderSpec{Columns: cols, Output: paths, Types: x.types, Options: s.Options})
	return x, err
}

// wanted tells whether a record is of the tables chosen.
func (x *filters) wanted(record []byte) (bool, error) {
	b := data.MakeBatch(x.types, 1)
	defer b.Release()
	if err := x.records.Read(record, nil, 0, b, 0); err != nil {
		return false, err
	}
	for k, p := range x.patterns {
		if b.Cols[k].IsNull(0) {
			return false, fmt.Errorf("the record has no %q", x.members[k])
		}
		if !p.MatchString(b.Cols[k].Str(0)) {
			return false, nil
		}
	}
	return true, nil
}

func (d *decoder) Lines() int64 { return d.line }

// tell says of a record that it is left out, and why.
func (d *decoder) tell(err error, record []byte) {
	var at *format.RecordError
	if d.bad != nil && errors.As(err, &at) {
		d.bad(at, record)
	}
}

func (d *decoder) Skipped() int64 {
	n := d.skipped
	d.skipped = 0
	return n
}

// Decode appends the changes of the records of p to b. It leaves room for one
// change, so that an update fits; a record of many rows can make b larger than
// a batch.
func (d *decoder) Decode(p []byte, buf *data.Buffer, atEOF bool, b *data.Batch) (int, error) {
	base := buf.Offset(p)
	d.in = data.MakeBatch(d.types, data.BatchSize)
	d.changes, d.present = d.changes[:0], d.present[:0]
	i, row := 0, 0
	var err error
	for b.N+len(d.changes) < data.BatchSize-1 && i < len(p) {
		n := bytes.IndexByte(p[i:], '\n') + 1
		if n == 0 {
			if !atEOF {
				break
			}
			n = len(p) - i
		}
		record := p[i : i+n]
		if !json.Blank(record) {
			before := len(d.changes)
			if err = d.record(record, buf, base+i, row); err == nil && len(d.changes) > before {
				row++ // at most one for each change, so there is room
			} else if err == nil {
				// It changes nothing; its row is the next record's.
			} else if d.changes = d.changes[:before]; !d.ignore {
				err = json.Locate(err, d.line+1, record)
				break
			} else {
				d.skipped++
				d.tell(json.Locate(err, d.line+1, record), record)
				err = nil
			}
		}
		d.line++
		i += n
	}
	d.give(b)
	d.in.Release()
	d.in = nil
	return i, err
}

// DecodeMessages appends the changes of messages. It leaves room as Decode does.
func (d *decoder) DecodeMessages(p []byte, ends []int, buf *data.Buffer, b *data.Batch, rows []int32) (int, error) {
	base := buf.Offset(p)
	d.in = data.MakeBatch(d.types, data.BatchSize)
	d.changes, d.present = d.changes[:0], d.present[:0]
	k, from, row := 0, 0, 0
	var err error
	for ; k < len(ends) && b.N+len(d.changes) < data.BatchSize-1; k++ {
		if record := p[from:ends[k]]; !json.Blank(record) {
			before := len(d.changes)
			if err = d.record(record, buf, base+from, row); err == nil && len(d.changes) > before {
				row++
			} else if err == nil {
				// It changes nothing; its row is the next record's.
			} else if d.changes = d.changes[:before]; !d.ignore {
				err = json.Locate(err, 1, record)
				break
			} else {
				d.skipped++
				d.tell(json.Locate(err, 1, record), record)
				err = nil
			}
		}
		from, rows[k] = ends[k], int32(b.N+len(d.changes))
	}
	d.give(b)
	d.in.Release()
	d.in = nil
	return k, err
}

// record reads a record as row r of in and notes its changes.
func (d *decoder) record(record []byte, buf *data.Buffer, base, r int) error {
	if d.filters != nil {
		if yes, err := d.filters.wanted(record); err != nil || !yes {
			return err
		}
	}
	if err := d.records.Read(record, buf, base, d.in, r); err != nil {
		return err
	}
	f := &d.form
	if d.in.Cols[kindColumn].IsNull(r) {
		return fmt.Errorf("corrupt %s JSON message: it has no %q", f.Title, f.Kind)
	}
	kind := d.in.Cols[kindColumn].Str(r)
	switch {
	case slices.Contains(f.Insert, kind):
		return d.rows(r, afterColumn, data.Insert)
	case slices.Contains(f.Update, kind):
		return d.update(record, r)
	case slices.Contains(f.Delete, kind) && f.Partial:
		return d.rows(r, afterColumn, data.Delete)
	case slices.Contains(f.Delete, kind):
		if d.in.Cols[beforeColumn].IsNull(r) {
			return d.lost("DELETE")
		}
		return d.rows(r, beforeColumn, data.Delete)
	case slices.Contains(f.Other, kind):
		return nil
	}
	return fmt.Errorf("unknown %q value %q in the %s JSON message", f.Kind, kind, f.Title)
}

func (d *decoder) lost(kind string) error {
	why := d.form.Lost
	if why != "" {
		why = ", " + why
	}
	return fmt.Errorf("the %q field of %s message is null%s", d.form.Before, kind, why)
}

// span are the rows that record r has in a column.
func (d *decoder) span(r, column int) (from, to int32, err error) {
	v := d.in.Cols[column]
	if v.IsNull(r) {
		return 0, 0, fmt.Errorf("corrupt %s JSON message: it has no %q", d.form.Title, d.member(column))
	}
	if !d.form.Lists {
		return int32(r), int32(r) + 1, nil
	}
	from, to = v.Offsets[r], v.Offsets[r+1]
	for i := from; i < to; i++ {
		if v.Children[0].IsNull(int(i)) {
			return 0, 0, fmt.Errorf("corrupt %s JSON message: a row in %q is null", d.form.Title, d.member(column))
		}
	}
	return from, to, nil
}

func (d *decoder) member(column int) string {
	if column == beforeColumn {
		return d.form.Before
	}
	return d.form.After
}

func (d *decoder) rows(r, column int, op data.Op) error {
	from, to, err := d.span(r, column)
	for i := from; i < to; i++ {
		d.changes = append(d.changes, change{op: op, column: column, row: i, rest: -1})
	}
	return err
}

func (d *decoder) update(record []byte, r int) error {
	if d.in.Cols[beforeColumn].IsNull(r) {
		return d.lost("UPDATE")
	}
	old, oldEnd, err := d.span(r, beforeColumn)
	if err != nil {
		return err
	}
	row, end, err := d.span(r, afterColumn)
	if err != nil {
		return err
	}
	if oldEnd-old != end-row {
		return fmt.Errorf("corrupt %s JSON message: %q has %d rows and %q has %d", d.form.Title, d.form.Before, oldEnd-old, d.form.After, end-row)
	}
	known := len(d.present)
	if d.form.Partial {
		d.present = append(d.present, make([]bool, int(end-row)*len(d.columns))...)
		json.Names(record, d.form.Before, func(element int, name []byte) {
			if k := slices.IndexFunc(d.columns, func(c string) bool { return c == string(name) }); k >= 0 {
				d.present[known+element*len(d.columns)+k] = true
			}
		})
	}
	for i := range end - row {
		c := change{op: data.UpdateBefore, column: beforeColumn, row: old + i, rest: -1}
		if d.form.Partial {
			c.rest, c.known = row+i, int32(known)+i*int32(len(d.columns))
		}
		d.changes = append(d.changes, c, change{op: data.UpdateAfter, column: afterColumn, row: row + i, rest: -1})
	}
	return nil
}
