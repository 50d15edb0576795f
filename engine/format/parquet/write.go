package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
	"reflect"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// group is a group whose fields stay in their order.
type group struct {
	parquet.Group
	fields []parquet.Field
}

func (g group) Fields() []parquet.Field { return g.fields }

type named struct {
	parquet.Node
	name string
}

func (n named) Name() string                        { return n.name }
func (n named) Value(v reflect.Value) reflect.Value { return v }

func groupOf(names []string, nodes []parquet.Node) parquet.Node {
	g := group{Group: parquet.Group{}}
	for i, name := range names {
		g.Group[name] = nodes[i]
		g.fields = append(g.fields, named{nodes[i], name})
	}
	return g
}

// fieldOf is a column as a node of the schema.
func fieldOf(t data.Type, unit parquet.TimeUnit) parquet.Node {
	var n parquet.Node
	switch t.Kind {
	case data.Boolean:
		n = parquet.Leaf(parquet.BooleanType)
	case data.TinyInt:
		n = parquet.Int(8)
	case data.SmallInt:
		n = parquet.Int(16)
	case data.Int:
		n = parquet.Leaf(parquet.Int32Type)
	case data.BigInt:
		n = parquet.Leaf(parquet.Int64Type)
	case data.Float:
		n = parquet.Leaf(parquet.FloatType)
	case data.Double:
		n = parquet.Leaf(parquet.DoubleType)
	case data.Char, data.VarChar:
		n = parquet.String()
	case data.Binary, data.VarBinary:
		n = parquet.Leaf(parquet.ByteArrayType)
	case data.Decimal:
		switch {
		case t.Precision <= 9:
			n = parquet.Decimal(t.Scale, t.Precision, parquet.Int32Type)
		case t.Precision <= 18:
			n = parquet.Decimal(t.Scale, t.Precision, parquet.Int64Type)
		default:
			n = parquet.Decimal(t.Scale, t.Precision, parquet.FixedLenByteArrayType(16))
		}
	case data.Date:
		n = parquet.Date()
	case data.Time:
		n = parquet.TimeAdjusted(parquet.Millisecond, false)
	case data.Timestamp:
		n = parquet.TimestampAdjusted(unit, false)
	case data.TimestampLTZ:
		n = parquet.TimestampAdjusted(unit, true)
	case data.Array:
		n = parquet.List(fieldOf(t.Args[0], unit))
	case data.Map:
		n = parquet.Map(fieldOf(t.Args[0].NotNull(), unit), fieldOf(t.Args[1], unit))
	case data.Row:
		nodes := make([]parquet.Node, len(t.Args))
		for i, a := range t.Args {
			nodes[i] = fieldOf(a, unit)
		}
		n = groupOf(t.Names, nodes)
	}
	if t.Nullable {
		n = parquet.Optional(n)
	}
	return n
}

type fileWriter struct {
	//lint:ignore SA1019 rows of values, whose columns are known only now, is what it is for
	out    *parquet.Writer
	types  []data.Type
	unit   int64 // nanoseconds of what timestamps count
	most   int64 // bytes of a row group
	row    []parquet.Row
	values [][]parquet.Value // by leaf, of the row at hand
	bytes  int64             // of the row group at hand, about
	used   int
}

var codecs = map[string]compress.Codec{"UNCOMPRESSED": &parquet.Uncompressed, "SNAPPY": &parquet.Snappy, "GZIP": &parquet.Gzip, "ZSTD": &parquet.Zstd}

var units = map[string]struct {
	unit  parquet.TimeUnit
	nanos int64
}{"millis": {parquet.Millisecond, 1_000_000}, "micros": {parquet.Microsecond, 1000}, "nanos": {parquet.Nanosecond, 1}}

func createFile(s format.EncoderSpec, w io.Writer) (format.FileWriter, error) {
	unit := units[s.Options.String("timestamp.time.unit")]
	f := &fileWriter{unit: unit.nanos, most: max(s.Options.Bytes("row-group-size"), 64<<10)}
	names := make([]string, len(s.Columns))
	nodes := make([]parquet.Node, len(s.Columns))
	for i, c := range s.Columns {
		if err := supported(c.Name, c.Type); err != nil {
			return nil, err
		}
		names[i], nodes[i] = c.Name, fieldOf(c.Type, unit.unit)
		f.types = append(f.types, c.Type)
	}
	schema := parquet.NewSchema("flink_schema", groupOf(names, nodes))
	f.values = make([][]parquet.Value, len(schema.Columns()))
	f.out = parquet.NewWriter(w, schema, parquet.Compression(codecs[s.Options.String("compression")]), parquet.CreatedBy("weir", "1", ""))
	return f, nil
}

func (f *fileWriter) Buffered() int64 { return f.bytes }

func (f *fileWriter) Write(b *data.Batch, rows []int32) error {
	for _, r := range rows {
		for i := range f.values {
			f.values[i] = f.values[i][:0]
		}
		f.used = 0
		leaf := 0
		for k, v := range b.Cols {
			var err error
			if leaf, err = f.value(leaf, &f.types[k], v, int(r), levels{}); err != nil {
				return err
			}
		}
		row := parquet.Row{}
		if len(f.row) > 0 {
			row = f.row[0][:0]
		}
		for _, values := range f.values {
			row = append(row, values...)
		}
		f.row = append(f.row[:0], row)
		if _, err := f.out.WriteRows(f.row); err != nil {
			return err
		}
		f.bytes += int64(8*len(row) + f.used)
		if f.bytes >= f.most {
			if err := f.out.Flush(); err != nil {
				return err
			}
			f.bytes = 0
		}
	}
	return nil
}

// levels say where a value is: how often something repeats and is there, and
// how many lists are around it.
type levels struct{ rep, def, lists int }

// absent notes for every leaf of a type that there is no value, and returns the next leaf.
func (f *fileWriter) absent(leaf int, t *data.Type, at levels) int {
	switch t.Kind {
	case data.Row, data.Map, data.Array:
		for i := range t.Args {
			leaf = f.absent(leaf, &t.Args[i], at)
		}
		return leaf
	}
	f.values[leaf] = append(f.values[leaf], parquet.Value{}.Level(at.rep, at.def, leaf))
	return leaf + 1
}

// value writes row r of v below levels, and returns the next leaf.
func (f *fileWriter) value(leaf int, t *data.Type, v *data.Vector, r int, at levels) (int, error) {
	if v.IsNull(r) {
		if !t.Nullable {
			return leaf, fmt.Errorf("NULL in a column of type %s", t)
		}
		return f.absent(leaf, t, at), nil
	}
	if t.Nullable {
		at.def++
	}
	switch t.Kind {
	case data.Row:
		for k := range t.Args {
			var err error
			if leaf, err = f.value(leaf, &t.Args[k], v.Children[k], r, at); err != nil {
				return leaf, err
			}
		}
		return leaf, nil
	case data.Array, data.Map:
		return f.list(leaf, t, v, r, at)
	}
	f.values[leaf] = append(f.values[leaf], f.leaf(t, v, r).Level(at.rep, at.def, leaf))
	return leaf + 1, nil
}

func (f *fileWriter) list(leaf int, t *data.Type, v *data.Vector, r int, at levels) (int, error) {
	from, to := int(v.Offsets[r]), int(v.Offsets[r+1])
	next := leaf
	if from == to {
		for i := range t.Args {
			next = f.absent(next, &t.Args[i], at)
		}
		return next, nil
	}
	at.def++
	at.lists++
	for k := from; k < to; k++ {
		if k > from {
			at.rep = at.lists
		}
		next = leaf
		for i := range t.Args {
			item := t.Args[i]
			if t.Kind == data.Map && i == 0 {
				item = item.NotNull()
			}
			var err error
			if next, err = f.value(next, &item, v.Children[i], k, at); err != nil {
				return next, err
			}
		}
	}
	return next, nil
}

// leaf is a value of a type that is no group.
func (f *fileWriter) leaf(t *data.Type, v *data.Vector, r int) parquet.Value {
	switch t.Kind {
	case data.Boolean:
		return parquet.BooleanValue(v.Bool[r] != 0)
	case data.TinyInt, data.SmallInt, data.Int, data.Date, data.Time:
		return parquet.Int32Value(v.I32[r])
	case data.BigInt:
		return parquet.Int64Value(v.I64[r])
	case data.Float:
		return parquet.FloatValue(v.F32[r])
	case data.Double:
		return parquet.DoubleValue(v.F64[r])
	case data.Decimal:
		switch {
		case t.Precision <= 9:
			return parquet.Int32Value(int32(v.I64[r]))
		case t.Precision <= 18:
			return parquet.Int64Value(v.I64[r])
		}
		var p [16]byte
		binary.BigEndian.PutUint64(p[:], uint64(v.I128[r].Hi))
		binary.BigEndian.PutUint64(p[8:], v.I128[r].Lo)
		f.used += len(p)
		return parquet.FixedLenByteArrayValue(append([]byte(nil), p[:]...))
	case data.Timestamp, data.TimestampLTZ:
		nano := int64(0)
		if t.Precision > 3 {
			nano = int64(v.Nano[r])
		}
		return parquet.Int64Value(v.I64[r]*(1_000_000/f.unit) + nano/f.unit)
	}
	p := v.Bytes(r)
	f.used += len(p)
	return parquet.ByteArrayValue(p)
}

// Close writes the last row group and the footer.
func (f *fileWriter) Close() error { return f.out.Close() }
