package avro

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// Debezium is the entry of the debezium-avro-confluent format.
var Debezium = &format.Format{
	Name:      debeziumName,
	Doc:       "Changes of a table as Debezium writes them with the Avro converter, one a message, their schemas in a Confluent schema registry: fields before, after and op (c and r insert, u updates, d deletes). On writing an update is a delete and an insert.",
	Options:   registryOptions,
	Decoder:   func(s format.DecoderSpec) (format.Decoder, error) { return newChanges(s) },
	Encoder:   func(s format.EncoderSpec) (format.Encoder, error) { return newChanging(s) },
	Changelog: true,
}

const debeziumName = "debezium-avro-confluent"

// envelope are the columns of a message: rows of the table's columns, and what happened.
func envelope(columns []data.Column) []data.Column {
	row := data.Type{Kind: data.Row, Nullable: true}
	for _, c := range columns {
		row.Names, row.Args = append(row.Names, c.Name), append(row.Args, c.Type)
	}
	return []data.Column{{Name: "before", Type: row}, {Name: "after", Type: row}, {Name: "op", Type: data.String()}}
}

// changes reads messages into rows before and after, and gives those.
type changes struct {
	inner *registered
	types []data.Type
	outs  [][]int // of a row: a column that is read, and fields within it
	ends  []int32
}

func newChanges(s format.DecoderSpec) (*changes, error) {
	if err := givenFits(debeziumName, envelope(s.Columns), s.Options); err != nil {
		return nil, err
	}
	d := &changes{}
	var read []data.Column
	for _, path := range s.Output {
		c := s.Columns[path[0]]
		k := slices.IndexFunc(read, func(x data.Column) bool { return x.Name == c.Name })
		if k < 0 {
			k, read = len(read), append(read, c)
		}
		d.outs = append(d.outs, append([]int{k}, path[1:]...))
	}
	columns := envelope(read)
	d.types = typesOf(columns)
	s.Columns, s.Output, s.Types = columns, [][]int{{0}, {1}, {2}}, d.types
	registry, err := newRegistry(debeziumName, s.Options)
	d.inner = &registered{spec: s, registry: registry, programs: map[uint32]*program{}}
	return d, err
}

func (d *changes) Skipped() int64 { return 0 }

// Lacks tells which schema a message names that is not known yet.
func (d *changes) Lacks(message []byte) (uint32, bool) { return d.inner.Lacks(message) }

// Ask gets a schema from the registry.
func (d *changes) Ask(ctx context.Context, id uint32) error { return d.inner.Ask(ctx, id) }

// Decode reads p as one message.
func (d *changes) Decode(p []byte, buf *data.Buffer, atEOF bool, b *data.Batch) (int, error) {
	if !atEOF || len(p) == 0 {
		return 0, nil
	}
	_, err := d.DecodeMessages(p, []int{len(p)}, buf, b, make([]int32, 1))
	return len(p), err
}

// DecodeMessages appends the rows of messages, one or two of each.
func (d *changes) DecodeMessages(p []byte, ends []int, buf *data.Buffer, b *data.Batch, rows []int32) (int, error) {
	most := min(len(ends), (data.BatchSize-b.N)/2)
	if most <= 0 {
		return 0, nil
	}
	in := data.MakeBatch(d.types, 0)
	defer in.Release()
	d.ends = append(d.ends[:0], rows[:most]...)
	n, err := d.inner.DecodeMessages(p, ends[:most], buf, in, d.ends)
	for r := range n {
		if e := d.give(in, r, b); e != nil {
			from := 0
			if r > 0 {
				from = ends[r-1]
			}
			return r, &format.RecordError{Line: 1, Column: 1, Text: format.Excerpt(p[from:ends[r]]), Err: e}
		}
		rows[r] = int32(b.N)
	}
	return n, err
}

// give appends the rows of message r.
func (d *changes) give(in *data.Batch, r int, b *data.Batch) error {
	const before, after, kind = 0, 1, 2
	if in.Cols[kind].IsNull(r) {
		return errors.New(`the message has no "op"`)
	}
	op := in.Cols[kind].Str(r)
	lacks := func(side int) bool { return in.Cols[side].IsNull(r) }
	switch op {
	case "c", "r":
		if lacks(after) {
			return fmt.Errorf(`the "after" field of a message of op %q is null`, op)
		}
		d.row(in.Cols[after], r, data.Insert, b)
	case "u":
		if lacks(before) {
			return errors.New(`the "before" field of UPDATE message is null, if you are using Debezium Postgres Connector, please check the Postgres table has been set REPLICA IDENTITY to FULL level`)
		}
		if lacks(after) {
			return errors.New(`the "after" field of an UPDATE message is null`)
		}
		d.row(in.Cols[before], r, data.UpdateBefore, b)
		d.row(in.Cols[after], r, data.UpdateAfter, b)
	case "d":
		if lacks(before) {
			return errors.New(`the "before" field of DELETE message is null, if you are using Debezium Postgres Connector, please check the Postgres table has been set REPLICA IDENTITY to FULL level`)
		}
		d.row(in.Cols[before], r, data.Delete, b)
	default:
		return fmt.Errorf(`unknown "op" value %q`, op)
	}
	return nil
}

// row appends row r of v, a vector of rows.
func (d *changes) row(v *data.Vector, r int, op data.Op, b *data.Batch) {
	for k, path := range d.outs {
		x := v.Children[path[0]].ValueAt(r)
		for _, field := range path[1:] {
			if x.Null {
				break
			}
			x = x.Elems[field]
		}
		b.Cols[k].Resize(b.N + 1)
		b.Cols[k].SetValueAt(b.N, x)
	}
	for len(b.Ops) < b.N {
		b.Ops = append(b.Ops, data.Insert)
	}
	b.Ops = append(b.Ops, op)
	b.N++
}

// changing writes messages.
type changing struct {
	out   *registering
	types []data.Type
}

func newChanging(s format.EncoderSpec) (*changing, error) {
	out, err := newRegistering(debeziumName, envelope(s.Columns), s)
	return &changing{out, typesOf(s.Columns)}, err
}

// Encode appends one message, and the byte that writers of messages leave out.
func (e *changing) Encode(dst []byte, b *data.Batch, r int) ([]byte, error) {
	dst, err := e.out.begin(dst)
	if err != nil {
		return dst, err
	}
	const nothing, something = 0, 2 // branches of the union of NULL and a row
	op := byte('c')
	if b.Op(r).Adds() {
		dst = append(dst, nothing, something)
		dst, err = appendRow(dst, e.types, b.Cols, r)
	} else {
		op = 'd'
		dst, err = appendRow(append(dst, something), e.types, b.Cols, r)
		dst = append(dst, nothing)
	}
	return append(dst, something, 2, op, '\n'), err
}

func (*changing) Header() []byte { return nil }
func (*changing) Footer() []byte { return nil }
