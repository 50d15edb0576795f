package json

import (
	stdjson "encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

func cols(types ...data.Type) []data.Column {
	out := make([]data.Column, len(types))
	for i, t := range types {
		out[i] = data.Column{Name: string(rune('a' + i)), Type: t}
	}
	return out
}

func typ(k data.Kind, precision, scale int) data.Type {
	return data.Type{Kind: k, Nullable: true, Precision: precision, Scale: scale}
}

func array(elem data.Type) data.Type {
	return data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{elem}}
}

func mapOf(k, v data.Type) data.Type {
	return data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{k, v}}
}

func rowOf(fields ...any) data.Type {
	t := data.Type{Kind: data.Row, Nullable: true}
	for i := 0; i < len(fields); i += 2 {
		t.Names = append(t.Names, fields[i].(string))
		t.Args = append(t.Args, fields[i+1].(data.Type))
	}
	return t
}

var (
	integer = data.Of(data.Int)
	varchar = data.String()
	abc     = cols(integer, varchar, data.Of(data.Double))
)

func given(options string) []string {
	var g []string
	for _, o := range strings.Fields(options) {
		k, v, _ := strings.Cut(o, "=")
		g = append(g, k, v)
	}
	return g
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name    string
		columns []data.Column
		options string
		text    string
		want    string // rows, or after ! words of the error
	}{
		{"basic", abc, "", `{"a":1,"b":"x","c":1.5}` + "\n" + `{"b":"y","a":2}` + "\n" + `{"A":3}`, `1|x|1.5` + "\n" + `2|y|\N` + "\n" + `\N|\N|\N`},
		{"blanks", abc, "", " { \"a\" : 1 , \"b\" :\t\"x\" , \"c\": 1.5 } \r\n", "1|x|1.5"},
		{"unknown members", abc, "", `{"z":{"a":[1,{"b":2}],"s":"}"},"a":1,"y":null}`, `1|\N|\N`},
		{"missing fails", abc, "fail-on-missing-field=true", `{"a":1,"b":"x"}`, `!field "c" is missing`},
		{"present but null", abc, "fail-on-missing-field=true", `{"a":1,"b":"x","c":null}`, `1|x|\N`},
		{"both options", abc, "fail-on-missing-field=true ignore-parse-errors=true", ``, `!shouldn't both be true`},
		{"malformed", abc, "", "{\"a\":1}\nnot json\n", "!line 2, column 1: unrecognized token 'not'"},
		{"malformed ignored", abc, "ignore-parse-errors=true", "{\"a\":1}\nnot json\n{\"a\":2}", "1|\\N|\\N\n2|\\N|\\N"},
		{"cut off", abc, "", `{"a":1,"b":"x`, "!line 1, column 12: closing quote of a string is missing"},
		{"two objects on a line", abc, "", `{"a":1}{"a":2}`, "!line 1, column 8: unexpected character"},
		{"bad field", abc, "", `{"a":"abc"}`, `!line 1, column 6: field "a" (INT): for input string "abc"`},
		{"bad field ignored", abc, "ignore-parse-errors=true", `{"a":"abc","b":"x"}`, `\N|x|\N`},
		{"empty lines", abc, "", "{\"a\":1}\n\n  \n{\"a\":2}\n", "1|\\N|\\N\n2|\\N|\\N"},
		{"top scalar", abc, "", "5", "!must be a JSON object"},
		{"number and text", abc, "", `{"a":"5","b":7,"c":"1.5"}`, "5|7|1.5"},
		{"text of any value", cols(varchar, varchar, varchar), "", `{"a":true,"b":{"x": [1, 2.50, "a\u0041\n"], "y":null},"c":1.50}`, `true|{"x":[1,2.5,"aA\n"],"y":null}|1.50`},
		{"int overflow", abc, "", `{"a":3000000000}`, "!3000000000 is out of"},
		{"int from fraction", abc, "", `{"a":-1.9}`, `-1|\N|\N`},
		{"bool to int", abc, "", `{"a":true}`, `!for input string "true"`},
		{"text to bool", cols(data.Of(data.Boolean)), "", "{\"a\":\"true\"}\n{\"a\":\"x\"}\n{\"a\":1}", "TRUE\nFALSE\nFALSE"},
		{"decimal", cols(typ(data.Decimal, 38, 9)), "", `{"a":12345678901234567890.123456789}`, "12345678901234567890.123456789"},
		{"decimal too large", cols(typ(data.Decimal, 4, 2)), "", `{"a":123.4}`, `\N`},
		{"bytes", cols(typ(data.VarBinary, data.MaxLength, 0)), "", `{"a":"aGk="}`, "x'6869'"},
		{"array of row", cols(array(rowOf("p", integer, "q", varchar))), "", `{"a":[{"p":1},{"p":2,"q":"b"},null,{}]}`, "[(1, NULL), (2, b), NULL, (NULL, NULL)]"},
		{"map of array", cols(mapOf(varchar, array(integer))), "", `{"a":{"a":[1,2],"b":[]}}`, "{a=[1, 2], b=[]}"},
		{"map with a key twice", cols(mapOf(varchar, integer)), "", `{"a":{"x":1,"y":2,"x":3}}`, "{x=3, y=2}"},
		{"map with int key", cols(mapOf(integer, integer)), "", `{}`, "!doesn't support non-string as key type"},
		{"row of wrong shape", cols(rowOf("x", integer)), "", `{"a":5}`, `!field "a" (ROW`},
		{"array of wrong shape", cols(array(integer)), "", `{"a":5}`, `!field "a" (ARRAY`},
		{"deep error", cols(array(rowOf("p", integer))), "", `{"a":[{"p":"x"}]}`, `!line 1, column 12: field "a"`},
		{"deep error ignored", cols(array(rowOf("p", integer)), integer), "ignore-parse-errors=true", `{"a":[{"p":"x"},{"p":2}],"b":1}`, `[(NULL), (2)]|1`},
		{"key twice", abc, "", `{"a":1,"a":2}`, `2|\N|\N`},
		{"escapes", abc, "", `{"a":1,"b":"\u00e9\ud83d\ude00\n\"\\\/\b\f\r\t"}`, "1|é😀\n\"\\/\b\f\r\t|\\N"},
		{"half a surrogate", abc, "", `{"b":"\ud83dx"}`, "\\N|\ufffdx|\\N"},
		{"escaped name", abc, "", `{"\u0061":1}`, `1|\N|\N`},
		{"control character", abc, "", "{\"b\":\"a\tb\"}", "!control character 0x09"},
		{"not UTF-8", abc, "", "{\"b\":\"h\xe9\"}", "!not UTF-8"},
		{"timestamp", cols(typ(data.Timestamp, 3, 0)), "", `{"a":"2024-02-29 12:34:56.7891"}`, "2024-02-29 12:34:56.789"},
		{"SQL where ISO is said", cols(typ(data.Timestamp, 3, 0)), "timestamp-format.standard=ISO-8601", `{"a":"2024-02-29 12:34:56.789"}`, "!at index 10"},
		{"ISO", cols(typ(data.Timestamp, 3, 0), typ(data.TimestampLTZ, 3, 0)), "timestamp-format.standard=ISO-8601", `{"a":"2024-02-29T12:34","b":"2024-02-29T12:34:56.789Z"}`, "2024-02-29 12:34:00.000|2024-02-29 12:34:56.789"},
		{"instant", cols(typ(data.TimestampLTZ, 3, 0)), "", `{"a":"2024-02-29 12:34:56.789Z"}`, "2024-02-29 12:34:56.789"},
		{"instant without Z", cols(typ(data.TimestampLTZ, 3, 0)), "", `{"a":"2024-02-29 12:34:56.789"}`, "!at index 23"},
		{"instant with offset", cols(typ(data.TimestampLTZ, 3, 0)), "timestamp-format.standard=ISO-8601", `{"a":"2024-02-29T12:34:56.789+02:00"}`, "!at index 23"},
		{"date and time", cols(data.Of(data.Date), typ(data.Time, 0, 0)), "", `{"a":"2024-02-29","b":"12:34:56"}`, "2024-02-29|12:34:56"},
		{"bad date", cols(data.Of(data.Date)), "", `{"a":"2023-02-29"}`, "!is not a date"},
		{"NaN", cols(data.Of(data.Double)), "", `{"a":NaN}`, "!unrecognized token 'NaN'"},
		{"small ints", cols(data.Of(data.TinyInt), data.Of(data.SmallInt)), "", `{"a":-128,"b":"32767"}`, "-128|32767"},
		{"tinyint overflow", cols(data.Of(data.TinyInt)), "", `{"a":128}`, "!value out of range"},
		{"leading zero", abc, "", `{"a":01}`, "!"},
		{"comma at the end", abc, "", `{"a":1,}`, "!a member name in quotes expected"},
		{"deeply nested", abc, "", `{"z":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}`, "!nested deeper"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := formattest.Options(t, Format, given(tt.options)...)
			paths, types := formattest.All(tt.columns)
			spec := format.DecoderSpec{Columns: tt.columns, Output: paths, Types: types, Options: v}
			for _, piece := range []int{0, 1, 5} {
				rows, _, err := formattest.Decode(Format, spec, tt.text, piece)
				if words, bad := strings.CutPrefix(tt.want, "!"); bad {
					if err == nil || piece == 0 && !strings.Contains(err.Error(), words) {
						t.Fatalf("pieces of %d: got %q, %v; want error %q", piece, rows, err, words)
					}
					continue
				}
				if got := strings.Join(rows, "\n"); err != nil || got != tt.want {
					t.Fatalf("pieces of %d: got %q, %v; want %q", piece, got, err, tt.want)
				}
			}
		})
	}
}

func TestProjection(t *testing.T) {
	columns := []data.Column{
		{Name: "kind", Type: integer},
		{Name: "p", Type: rowOf("x", integer, "y", varchar, "in", rowOf("k", integer, "l", array(integer)))},
	}
	text := `{"kind":1,"p":{"x":1,"y":"bad","in":{"k":7,"l":[1,2]}}}
{"kind":2,"p":null}
{"p":{"y":"only","in":{}}}
{"kind":4,"p":{"x":1,"in":{"k":1}},"p":{"y":"again"}}
`
	for _, tt := range []struct {
		name  string
		paths [][]int
		want  string
	}{
		{"fields", [][]int{{1, 1}, {0}, {1, 2, 0}}, "bad|1|7 \\N|2|\\N only|\\N|\\N again|4|\\N"},
		{"a whole and its parts", [][]int{{1, 2, 1}, {1, 2}, {1, 2, 0}}, `[1, 2]|(7, [1, 2])|7 \N|\N|\N \N|(NULL, NULL)|\N \N|\N|\N`},
		{"one twice", [][]int{{0}, {0}}, `1|1 2|2 \N|\N 4|4`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := format.DecoderSpec{Columns: columns, Output: tt.paths, Options: formattest.Options(t, Format)}
			for _, p := range tt.paths {
				ty := columns[p[0]].Type
				for _, k := range p[1:] {
					ty = ty.Args[k]
				}
				spec.Types = append(spec.Types, ty.WithNull(true))
			}
			rows, _, err := formattest.Decode(Format, spec, text, 0)
			if got := strings.Join(rows, " "); err != nil || got != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func val(s string) data.Value  { return data.Value{S: s} }
func num(i int64) data.Value   { return data.Value{I: i} }
func flt(f float64) data.Value { return data.Value{F: f} }

func TestWrite(t *testing.T) {
	m := data.Value{Elems: []data.Value{data.NullValue(), num(1), val("k"), num(2)}}
	for _, tt := range []struct {
		name, options string
		columns       []data.Column
		row           []data.Value
		want          string
	}{
		{"plain", "", abc, []data.Value{num(1), val("x"), flt(1.5)}, `{"a":1,"b":"x","c":1.5}`},
		{"nulls", "", abc, []data.Value{num(2), data.NullValue(), data.NullValue()}, `{"a":2,"b":null,"c":null}`},
		{"nulls left out", "encode.ignore-null-fields=true", abc, []data.Value{data.NullValue(), val("x"), data.NullValue()}, `{"b":"x"}`},
		{"large", "", abc, []data.Value{num(4), val("a,b"), flt(-1e10)}, `{"a":4,"b":"a,b","c":-1.0E10}`},
		{"escapes", "", abc, []data.Value{num(5), val("q\"u\\/\n\x1f日本"), flt(1e-7)}, `{"a":5,"b":"q\"u\\/\n\u001F日本","c":1.0E-7}`},
		{"nan", "", cols(data.Of(data.Double), data.Of(data.Float)), []data.Value{{F: nan()}, flt(1.1)}, `{"a":"NaN","b":1.1}`},
		{"map fails", "", cols(mapOf(varchar, integer)), []data.Value{m}, "!map-null-key.mode"},
		{"map drop", "map-null-key.mode=DROP", cols(mapOf(varchar, integer)), []data.Value{m}, `{"a":{"k":2}}`},
		{"map literal", "map-null-key.mode=LITERAL", cols(mapOf(varchar, integer)), []data.Value{m}, `{"a":{"null":1,"k":2}}`},
		{"map literal name", "map-null-key.mode=LITERAL map-null-key.literal=nil", cols(mapOf(varchar, integer)), []data.Value{m}, `{"a":{"nil":1,"k":2}}`},
		{"decimals", "", cols(typ(data.Decimal, 10, 2), typ(data.Decimal, 38, 18)), []data.Value{num(10000), {D: data.I128(1)}}, `{"a":1E+2,"b":1E-18}`},
		{"plain decimals", "encode.decimal-as-plain-number=true", cols(typ(data.Decimal, 10, 2), typ(data.Decimal, 38, 18)), []data.Value{num(10000), {D: data.I128(1)}}, `{"a":100,"b":0.000000000000000001}`},
		{
			"types", "timestamp-format.standard=ISO-8601",
			cols(data.Of(data.Boolean), data.Of(data.TinyInt), data.Of(data.BigInt), data.Of(data.Float), typ(data.Decimal, 10, 2), data.Of(data.Date), typ(data.Time, 0, 0), typ(data.Timestamp, 3, 0), typ(data.TimestampLTZ, 3, 0), typ(data.VarBinary, data.MaxLength, 0), array(integer), typ(data.Char, 4, 0), rowOf("x", integer, "y", varchar)),
			[]data.Value{num(1), num(1), num(5), flt(1.5), num(150), num(19782), num(45296000), num(1709210096700), num(1700000000123), val("hi"), {Elems: []data.Value{num(1), num(2)}}, val("ab  "), {Elems: []data.Value{data.NullValue(), val("z")}}},
			`{"a":true,"b":1,"c":5,"d":1.5,"e":1.5,"f":"2024-02-29","g":"12:34:56","h":"2024-02-29T12:34:56.7","i":"2023-11-14T22:13:20.123Z","j":"aGk=","k":[1,2],"l":"ab  ","m":{"x":null,"y":"z"}}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := formattest.Encode(Format, formattest.Options(t, Format, given(tt.options)...), tt.columns, tt.row)
			if words, bad := strings.CutPrefix(tt.want, "!"); bad {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("got %v, want error %q", err, words)
				}
			} else if err != nil || got != tt.want+"\n" {
				t.Errorf("got  %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func nan() float64 { var z float64; return z / z }

func TestContract(t *testing.T) {
	columns := cols(integer, varchar, data.Of(data.Double), typ(data.Timestamp, 9, 0), array(array(varchar)), typ(data.Decimal, 38, 4), mapOf(varchar, rowOf("x", integer)), rowOf("l", array(integer), "s", varchar))
	null := data.NullValue()
	formattest.RunSuite(t, formattest.Suite{
		Format: Format, Options: formattest.Options(t, Format), Columns: columns, Ignore: formattest.Options(t, Format, "ignore-parse-errors", "true"),
		Rows: [][]data.Value{
			{num(1), val("plain"), flt(1.5), {I: 1700000000123, Nano: 456789}, {Elems: []data.Value{{Elems: []data.Value{val("a"), null}}, null, {}}}, {D: data.I128(-5)}, {Elems: []data.Value{val("l"), null, val("k"), {Elems: []data.Value{num(1)}}}}, {Elems: []data.Value{{Elems: []data.Value{num(1), num(2)}}, val("s")}}},
			{num(-2147483648), val("line\nbreak, \"quotes\" and enough text to be long"), flt(-1e300), num(0), {}, {D: data.Int128{Hi: 1 << 40}}, {}, {Elems: []data.Value{null, null}}},
			{null, null, null, null, null, null, null, null},
			{num(0), val(""), flt(0), num(-1), {Elems: []data.Value{{Elems: []data.Value{val("long enough to lie in a buffer")}}}}, {D: data.I128(10000)}, null, {Elems: []data.Value{{}, val("é")}}},
		},
		Broken: `{"a":1,"b":"x",`,
	})
}

// TestStringsAreWritten has characters of all kinds at all places, and strings
// longer than a piece, read by encoding/json.
func TestStringsAreWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	kinds := []string{"a", "\"", "\\", "\n", "\x00", "\x1f", " ", "!", "[", "\x7f", "é", "😀", "\u2028"}
	for n := range 600 {
		for rare := range 3 {
			var text strings.Builder
			for text.Len() < n {
				k := 0
				if r.IntN(1+rare*6) == 0 {
					k = r.IntN(len(kinds))
				}
				text.WriteString(kinds[k])
			}
			before := []byte("before")
			got := appendString(before, []byte(text.String()))
			var back string
			if err := stdjson.Unmarshal(got[len(before):], &back); err != nil || back != text.String() || string(got[:len(before)]) != "before" {
				t.Fatalf("%q: wrote %q, %v", text.String(), got, err)
			}
		}
	}
}
