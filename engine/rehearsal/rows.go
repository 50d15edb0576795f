package rehearsal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// The formats of feeds, apart from all others so that a rehearsal does not
// depend on them.
const (
	LinesName   = "rehearsal-lines"   // inserts only
	ChangesName = "rehearsal-changes" // a changelog
)

var formats = []*format.Format{
	{Name: LinesName, Doc: "Rows given to a rehearsal.", Options: []option.Option{}, Decoder: newRowDecoder},
	{Name: ChangesName, Doc: "Changes given to a rehearsal.", Options: []option.Option{}, Decoder: newRowDecoder, Changelog: true},
}

// rowDecoder reads one line of a feed.
type rowDecoder struct{ spec format.DecoderSpec }

func newRowDecoder(s format.DecoderSpec) (format.Decoder, error) { return &rowDecoder{s}, nil }

func (d *rowDecoder) Skipped() int64 { return 0 }

// cutChange takes the change from the front of a line.
func cutChange(line string) (op data.Op, rest string, is bool) {
	for op = data.Insert; op <= data.Delete; op++ {
		if rest, is := strings.CutPrefix(line, op.String()+" "); is {
			return op, rest, true
		}
	}
	return data.Insert, line, false
}

// ParseRow reads a line of a feed: one value for each column.
func ParseRow(line string, columns []data.Column) ([]data.Value, error) {
	var cells []any
	if strings.HasPrefix(line, "[") {
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		if err := dec.Decode(&cells); err != nil {
			return nil, fmt.Errorf("read a row as JSON: %w", err)
		}
	} else {
		for _, c := range strings.Split(line, "|") {
			switch c = strings.TrimSpace(c); c {
			case "NULL":
				cells = append(cells, nil)
			case "''":
				cells = append(cells, "")
			default:
				cells = append(cells, c)
			}
		}
	}
	if len(cells) != len(columns) {
		return nil, fmt.Errorf("%d values for %d columns: %s", len(cells), len(columns), line)
	}
	row := make([]data.Value, len(cells))
	for i, c := range columns {
		var err error
		if row[i], err = parseCell(cells[i], c.Type); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	return row, nil
}

func (d *rowDecoder) Decode(p []byte, _ *data.Buffer, _ bool, b *data.Batch) (int, error) {
	op, line, isChange := cutChange(string(p))
	row, err := ParseRow(strings.TrimSpace(line), d.spec.Columns)
	if err != nil {
		return 0, err
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

// Display shows the values of a row as a job's output shows them.
func Display(row []data.Value, columns []data.Column, zone *time.Location) []*string {
	cells := make([]*string, len(columns))
	for i, c := range columns {
		if row[i].Null {
			continue
		}
		v := data.NewVector(c.Type, 1)
		v.Resize(1)
		v.SetValueAt(0, row[i])
		text := string(data.AppendDisplay(nil, v, 0, zone))
		cells[i] = &text
	}
	return cells
}

// parseCell reads a value: nil, a text, or what JSON has; nested values may be
// texts of JSON.
func parseCell(x any, t data.Type) (data.Value, error) {
	text, isText := x.(string)
	switch t.Kind {
	case data.Array, data.Map, data.Multiset, data.Row:
		if !isText {
			return nested(x, t)
		}
		dec := json.NewDecoder(bytes.NewReader([]byte(text)))
		dec.UseNumber()
		var inner any
		if err := dec.Decode(&inner); err != nil {
			return data.Value{}, fmt.Errorf("read %s: %w", t, err)
		}
		return nested(inner, t)
	}
	return nested(x, t)
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
