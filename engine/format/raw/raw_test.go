package raw

import (
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

func one(t data.Type) []data.Column { return []data.Column{{Name: "a", Type: t}} }

func TestContract(t *testing.T) {
	bytes := data.Type{Kind: data.VarBinary, Nullable: true, Precision: data.MaxLength}
	for _, tt := range []struct {
		name    string
		typ     data.Type
		given   []string
		rows    []data.Value
		encoded string
	}{
		{"text", data.String(), nil, []data.Value{{S: "x"}, {S: "日本, and enough text to be long"}, {S: ""}}, "x\n日本, and enough text to be long\n\n"},
		{"latin", data.String(), []string{"charset", "ISO-8859-1"}, []data.Value{{S: "hé"}}, "h\xe9\n"},
		{"bytes", bytes, nil, []data.Value{{S: "ab\xff"}}, "ab\xff\n"},
		{"int", data.Of(data.Int), nil, []data.Value{{I: 1}, {I: -2}}, "\x00\x00\x00\x01\n\xff\xff\xff\xfe\n"},
		{"little int", data.Of(data.BigInt), []string{"endianness", "little-endian"}, []data.Value{{I: 1}}, "\x01\x00\x00\x00\x00\x00\x00\x00\n"},
		{"small int", data.Of(data.SmallInt), nil, []data.Value{{I: -1}}, "\xff\xff\n"},
		{"double", data.Of(data.Double), nil, []data.Value{{F: 1.5}}, "\x3f\xf8\x00\x00\x00\x00\x00\x00\n"},
		{"float", data.Of(data.Float), nil, []data.Value{{F: 1.5}}, "\x3f\xc0\x00\x00\n"},
		{"boolean", data.Of(data.Boolean), nil, []data.Value{{I: 1}, {I: 0}}, "\x01\n\x00\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := formattest.Options(t, Format, tt.given...)
			var rows [][]data.Value
			for _, x := range tt.rows {
				rows = append(rows, []data.Value{x})
			}
			if got, err := formattest.Encode(Format, o, one(tt.typ), rows...); err != nil || got != tt.encoded {
				t.Errorf("wrote %q, %v; want %q", got, err, tt.encoded)
			}
			if rows[len(rows)-1][0].S == "" && tt.typ.Kind == data.VarChar {
				rows = append(rows, []data.Value{{S: "last"}}) // an empty last line without its end is no line
			}
			formattest.RunSuite(t, formattest.Suite{Format: Format, Options: o, Columns: one(tt.typ), Rows: rows})
		})
	}
}

func TestRefuses(t *testing.T) {
	for _, tt := range []struct {
		columns []data.Column
		given   []string
		text    string
		want    string
	}{
		{append(one(data.String()), one(data.String())...), nil, "", "only supports single physical column"},
		{one(data.Of(data.Date)), nil, "", "'DATE' as column type"},
		{one(data.String()), []string{"charset", "EBCDIC"}, "", `"EBCDIC" is not supported`},
		{one(data.Of(data.Int)), nil, "1234\n12\n", "line 2, column 1: size of data received"},
	} {
		paths, types := formattest.All(tt.columns)
		_, _, err := formattest.Decode(Format, format.DecoderSpec{Columns: tt.columns, Output: paths, Types: types, Options: formattest.Options(t, Format, tt.given...)}, tt.text, 0)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

func TestCharsets(t *testing.T) {
	for _, tt := range []struct{ charset, text, want string }{
		{"UTF-16BE", "\x00h\x20\xac\xd8\x3d\xde\x00", "h€😀"}, {"UTF-16LE", "h\x00\xac\x20", "h€"}, {"US-ASCII", "h\xe9", "h\ufffd"}, {"utf-8", "h\xe9", "h\ufffd"}, {"UTF-8", "line\r", "line"},
	} {
		s := format.DecoderSpec{Columns: one(data.String()), Output: [][]int{{0}}, Types: []data.Type{data.String()}, Options: formattest.Options(t, Format, "charset", tt.charset)}
		if rows, _, err := formattest.Decode(Format, s, tt.text, 0); err != nil || strings.Join(rows, "\n") != tt.want {
			t.Errorf("%s: got %q, %v", tt.charset, rows, err)
		}
	}
	if got, err := formattest.Encode(Format, formattest.Options(t, Format, "charset", "US-ASCII"), one(data.String()), []data.Value{{S: "h€"}}); err != nil || got != "h?\n" {
		t.Errorf("got %q, %v", got, err)
	}
}
