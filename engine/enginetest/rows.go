package enginetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// The formats of feeds, apart from all others so that a test of SQL does not
// depend on them: "rows" are inserts only, "ops" a changelog.
var rowFormats = []*format.Format{
	{Name: "rows", Doc: "Rows of a test script.", Options: []option.Option{}, Decoder: newRowDecoder},
	{Name: "ops", Doc: "Changes of a test script.", Options: []option.Option{}, Decoder: newRowDecoder, Changelog: true},
}

// rowDecoder reads one line of a script: values between bars, a change before
// them in a changelog.
type rowDecoder struct{ spec format.DecoderSpec }

func newRowDecoder(s format.DecoderSpec) (format.Decoder, error) { return &rowDecoder{s}, nil }

func (d *rowDecoder) Skipped() int64 { return 0 }

func (d *rowDecoder) Decode(p []byte, _ *data.Buffer, _ bool, b *data.Batch) (int, error) {
	line := string(p)
	op, isChange := data.Insert, false
	for code, text := range ops {
		if strings.HasPrefix(line, text+" ") {
			op, line, isChange = data.Op(code), line[len(text):], true
		}
	}
	cells := strings.Split(line, "|")
	if len(cells) != len(d.spec.Columns) {
		return 0, fmt.Errorf("%d values for %d columns: %s", len(cells), len(d.spec.Columns), line)
	}
	row := make([]data.Value, len(cells))
	for i, c := range d.spec.Columns {
		var err error
		if row[i], err = parseCell(strings.TrimSpace(cells[i]), c.Type); err != nil {
			return 0, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	for k, path := range d.spec.Output {
		v := row[path[0]]
		for _, f := range path[1:] {
			if v.Null {
				break
			}
			v = v.Elems[f]
		}
		b.Cols[k].Resize(b.N + 1)
		b.Cols[k].SetValueAt(b.N, v)
	}
	b.N++
	if isChange || b.Ops != nil {
		for len(b.Ops) < b.N-1 {
			b.Ops = append(b.Ops, data.Insert)
		}
		b.Ops = append(b.Ops, op)
	}
	return len(p), nil
}

// parseCell reads NULL, ”, or the text of a value; nested values are JSON.
func parseCell(text string, t data.Type) (data.Value, error) {
	switch {
	case text == "NULL":
		return data.NullValue(), nil
	case text == "''":
		text = ""
	}
	switch t.Kind {
	case data.Array, data.Map, data.Multiset, data.Row:
		dec := json.NewDecoder(bytes.NewReader([]byte(text)))
		dec.UseNumber()
		var x any
		if err := dec.Decode(&x); err != nil {
			return data.Value{}, fmt.Errorf("read %s: %w", t, err)
		}
		return nested(x, t)
	}
	return scalar(text, t)
}

func scalar(text string, t data.Type) (v data.Value, err error) {
	switch t.Kind {
	case data.Boolean:
		var yes bool
		if yes, err = data.ParseBool(text); yes {
			v.I = 1
		}
	case data.TinyInt:
		v.I, err = data.ParseInt(text, 8)
	case data.SmallInt:
		v.I, err = data.ParseInt(text, 16)
	case data.Int:
		v.I, err = data.ParseInt(text, 32)
	case data.BigInt:
		v.I, err = data.ParseInt(text, 64)
	case data.Float:
		v.F, err = data.ParseFloat(text, 32)
	case data.Double:
		v.F, err = data.ParseFloat(text, 64)
	case data.Decimal:
		var d data.Int128
		d, err = data.ParseDecimal(text, t.Precision, t.Scale)
		if t.Phys() == data.PhysI64 {
			v.I = d.Int64()
		} else {
			v.D = d
		}
	case data.Date:
		var days int32
		days, err = data.ParseDate(text)
		v.I = int64(days)
	case data.Time:
		var millis int32
		millis, err = data.ParseTime(text)
		v.I = int64(millis)
	case data.Timestamp, data.TimestampLTZ: // instants are written in UTC
		v.I, v.Nano, err = data.ParseTimestamp(text)
		v.I, v.Nano = data.TruncateNano(v.I, v.Nano, t.Precision)
	case data.Char, data.VarChar, data.Binary, data.VarBinary:
		v.S = text
	default:
		err = fmt.Errorf("a feed cannot hold %s", t)
	}
	return v, err
}

// nested turns decoded JSON into a value.
func nested(x any, t data.Type) (data.Value, error) {
	if x == nil {
		return data.NullValue(), nil
	}
	var v data.Value
	add := func(x any, t data.Type) error {
		e, err := nested(x, t)
		v.Elems = append(v.Elems, e)
		return err
	}
	switch x := x.(type) {
	case []any:
		if t.Kind != data.Array {
			return v, fmt.Errorf("%v is no %s", x, t)
		}
		for _, e := range x {
			if err := add(e, t.Args[0]); err != nil {
				return v, err
			}
		}
		return v, nil
	case map[string]any:
		switch t.Kind {
		case data.Row:
			for i, name := range t.Names {
				if err := add(x[name], t.Args[i]); err != nil {
					return v, err
				}
			}
			return v, nil
		case data.Map:
			for _, k := range slices.Sorted(maps.Keys(x)) {
				if err := add(k, t.Args[0]); err != nil {
					return v, err
				}
				if err := add(x[k], t.Args[1]); err != nil {
					return v, err
				}
			}
			return v, nil
		}
		return v, fmt.Errorf("%v is no %s", x, t)
	case bool:
		if x {
			v.I = 1
		}
		return v, nil
	default:
		return scalar(fmt.Sprint(x), t)
	}
}
