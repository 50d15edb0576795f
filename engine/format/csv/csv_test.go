package csv

import (
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

var abc = cols(data.Of(data.Int), data.String(), data.Of(data.Double))

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name    string
		columns []data.Column
		options string
		text    string
		want    string // rows, or after ! words of the error
	}{
		{"quoted", abc, "", "1,\"x,y\",1.5\n2,\"he said \"\"hi\"\"\",2\n3,\"line\nbreak\",3\n", "1|x,y|1.5\n2|he said \"hi\"|2.0\n3|line\nbreak|3.0"},
		{"quote in the middle is text", abc, "", "1,x\"y,1\n", `1|x"y|1.0`},
		{"blanks after a closing quote", abc, "", "1,\"x\"  ,1\n", "1|x|1.0"},
		{"junk after a closing quote", abc, "", "1,\"x\"y,1\n", `!line 1, column 6: unexpected character "y"`},
		{"empty fields", abc, "", "1,,1.5\n,y,\n", `!line 2, column 1: column "a" (INT): for input string ""`},
		{"no final newline", abc, "", "1,x,1\n2,y,2", "1|x|1.0\n2|y|2.0"},
		{"byte order mark", abc, "", "\ufeff1,x,1\n", "1|x|1.0"},
		{"too few", abc, "", "1,x\n2,y,2\n", "!row length mismatch: 3 fields expected but was 2"},
		{"too many", abc, "", "1,x,1,extra\n", `!line 1, column 7: too many entries: expected at most 3 (value #3 (5 chars) "extra")`},
		{"trailing delimiter", abc, "", "1,x,1,\n", "1|x|1.0"},
		{"bad int", abc, "", "1,x,1\nabc,y,2\n", `!line 2, column 1: column "a" (INT): for input string "abc": a whole number expected; the record is "abc,y,2"`},
		{"bad double", abc, "", "1,x,abc\n", `!line 1, column 5: column "c" (DOUBLE): for input string "abc"`},
		{"int with fraction", abc, "", "1.5,x,1\n", `!for input string "1.5"`},
		{"int with plus, exponent", abc, "", "+5,x,1e3\n", "5|x|1000.0"},
		{"numbers in blanks", abc, "", " 7 ,x, 1 \n", "7|x|1.0"},
		{"int range", abc, "", "2147483648,x,1\n", "!value out of range"},
		{"empty line", abc, "", "1,x,1\n\n", "!line 2, column 1: row length mismatch: 3 fields expected but was 1"},
		{"ignore too few", abc, "ignore-parse-errors=true", "1,x\n2,y,2\n", "1|x|\\N\n2|y|2.0"},
		{"ignore too many", abc, "ignore-parse-errors=true", "1,x,1,extra\n2,y,2\n", "2|y|2.0"},
		{"ignore open quote", abc, "ignore-parse-errors=true", "1,\"x,1\n2,y,2\n", ""},
		{"ignore junk after quote", abc, "ignore-parse-errors=true", "1,\"x\"y,1\n2,y,2\n", "2|y|2.0"},
		{"ignore bad field", abc, "ignore-parse-errors=true", "z,x,1\n", `\N|x|1.0`},
		{"open quote", abc, "", "1,\"x,1\n2,y,2\n", "!line 1, column 3: missing closing quote"},
		{"semicolon", abc, "field-delimiter=;", "1;x,y;1.5\n", "1|x,y|1.5"},
		{"tab", abc, `field-delimiter=\t`, "1\tx\t1.5\n", "1|x|1.5"},
		{"two characters", abc, "field-delimiter=||", "1||x||1\n", "!must be a string with single character"},
		{"no quotes", abc, "disable-quote-character=true", "1,\"x\",1\n", `1|"x"|1.0`},
		{"other quotes", abc, "quote-character='", "1,'a,''b',1\n", "1|a,'b|1.0"},
		{"both quote options", abc, "disable-quote-character=true quote-character=\"", "", "!'csv.quote-character'"},
		{"comments", abc, "allow-comments=true", "# comment\n1,x,1\n#2,y,2\n", "1|x|1.0"},
		{"header lines", abc, "skip-header-lines=2", "a,b,c\n\"odd\n1,x,1\n", "1|x|1.0"},
		{"null literal, quoted too", abc, "null-literal=n/a", "1,\"n/a\",n/a\n", `1|\N|\N`},
		{"empty null literal", abc, "null-literal=", ",,\n", `\N|\N|\N`},
		{"escape", abc, `escape-character=\`, "1,x\\,y,1\n2,a\\\"b,2\n3,\"a\\\"b\\n\",3\n", "1|x,y|1.0\n2|a\"b|2.0\n3|a\"b\n|3.0"},
		{"carriage returns", abc, "", "1,\"a\r\nb\",2\r\n2,x,2\r3,y,3", "1|a\r\nb|2.0\n2|x|2.0\n3|y|3.0"},
		{"array", cols(data.Of(data.Int), array(data.String())), "", "1,a;b;c\n2,\n3,x\n", "1|[a, b, c]\n2|[]\n3|[x]"},
		{"array of ints, own delimiter", cols(array(data.Of(data.Int))), "array-element-delimiter=::", "1::2::3\n", "[1, 2, 3]"},
		{"boolean", cols(data.Of(data.Boolean)), "", "true\nabc\nTRUE\n", "TRUE\nFALSE\nTRUE"},
		{"decimal", cols(typ(data.Decimal, 10, 2)), "", "1.555\n-2\n1e3\n12345678901\n", "1.56\n-2.00\n1000.00\n\\N"},
		{"bad decimal", cols(typ(data.Decimal, 10, 2)), "", "x\n", "!not a number"},
		{"wide decimal", cols(typ(data.Decimal, 38, 9)), "", "12345678901234567890.123456789\n", "12345678901234567890.123456789"},
		{"lenient date", cols(data.Of(data.Date)), "", "2023-02-29\n2024-2-9\n", "2023-03-01\n2024-02-09"},
		{"bad date", cols(data.Of(data.Date)), "", "29.02.2024\n", "!is not a date"},
		{"timestamp", cols(typ(data.Timestamp, 3, 0)), "", "2024-02-29 12:34:56.7891\n", "2024-02-29 12:34:56.789"},
		{"nanoseconds", cols(typ(data.Timestamp, 9, 0)), "", "2024-02-29 12:34:56.123456789\n", "2024-02-29 12:34:56.123456789"},
		{"timestamp with T", cols(typ(data.Timestamp, 3, 0)), "", "2024-02-29T12:34:56\n", `!text "2024-02-29T12:34:56" could not be parsed at index 10`},
		{"instant", cols(typ(data.TimestampLTZ, 3, 0)), "", "2024-02-29 12:34:56Z\n", "2024-02-29 12:34:56.000"},
		{"instant without Z", cols(typ(data.TimestampLTZ, 3, 0)), "", "2024-02-29 12:34:56\n", "!could not be parsed at index 19"},
		{"time", cols(typ(data.Time, 3, 0)), "", "12:34:56.5\n01:02\n", "12:34:56.5\n01:02:00.0"},
		{"bytes", cols(typ(data.VarBinary, data.MaxLength, 0)), "", "aGVsbG8=\n", "x'68656c6c6f'"},
		{"char is not padded or cut", cols(typ(data.Char, 3, 0), typ(data.VarChar, 3, 0)), "", "abcdef,abcdef\nx,y\n", "abcdef|abcdef\nx|y"},
		{"tinyint overflow", cols(data.Of(data.TinyInt)), "", "300\n", `!value out of range: "300"`},
		{"map", cols(data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{data.String(), data.Of(data.Int)}}), "", "1\n", "!unsupported type 'MAP<STRING, INT>' for field 'a'"},
		{"text stays text", cols(data.String(), data.String()), "", "007,1.50\n", "007|1.50"},
		{"not UTF-8", cols(data.String()), "", "h\xe9\n", "h\ufffd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var given []string
			for _, o := range strings.Fields(tt.options) {
				k, v, _ := strings.Cut(o, "=")
				given = append(given, k, v)
			}
			paths, types := formattest.All(tt.columns)
			spec := format.DecoderSpec{Columns: tt.columns, Output: paths, Types: types, Options: formattest.Options(t, Format, given...)}
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

func val(s string) data.Value  { return data.Value{S: s} }
func num(i int64) data.Value   { return data.Value{I: i} }
func flt(f float64) data.Value { return data.Value{F: f} }

func TestWrite(t *testing.T) {
	rows := [][]data.Value{
		{num(1), val("x"), flt(1.5)},
		{num(2), data.NullValue(), data.NullValue()},
		{num(3), val(""), flt(0)},
		{num(4), val("a,b"), flt(-1e10)},
		{num(5), val(`q"uote`), flt(1e-7)},
		{num(6), val(" sp "), flt(100)},
		{num(7), val("日本"), flt(3)},
		{num(8), val("2024-01-01T00:00:00.000Z-"), flt(3)},
	}
	for _, tt := range []struct{ name, options, want string }{
		{"plain", "", "1,x,1.5\n2,,\n3,,0.0\n4,\"a,b\",-1.0E10\n5,\"q\"\"uote\",1.0E-7\n6,\" sp \",100.0\n7,日本,3.0\n8,\"2024-01-01T00:00:00.000Z-\",3.0\n"},
		{"no quotes", "disable-quote-character=true", "1,x,1.5\n2,,\n3,,0.0\n4,a,b,-1.0E10\n5,q\"uote,1.0E-7\n6, sp ,100.0\n7,日本,3.0\n8,2024-01-01T00:00:00.000Z-,3.0\n"},
		{"null literal", "null-literal=NULL", "1,x,1.5\n2,NULL,NULL\n3,,0.0\n4,\"a,b\",-1.0E10\n5,\"q\"\"uote\",1.0E-7\n6,\" sp \",100.0\n7,日本,3.0\n8,\"2024-01-01T00:00:00.000Z-\",3.0\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var given []string
			for _, o := range strings.Fields(tt.options) {
				k, v, _ := strings.Cut(o, "=")
				given = append(given, k, v)
			}
			got, err := formattest.Encode(Format, formattest.Options(t, Format, given...), abc, rows...)
			if err != nil || got != tt.want {
				t.Errorf("got  %q, %v\nwant %q", got, err, tt.want)
			}
		})
	}
	types := cols(data.Of(data.Boolean), data.Of(data.TinyInt), data.Of(data.BigInt), data.Of(data.Float), typ(data.Decimal, 10, 2), data.Of(data.Date), typ(data.Time, 0, 0),
		typ(data.Timestamp, 3, 0), typ(data.TimestampLTZ, 3, 0), typ(data.VarBinary, data.MaxLength, 0), array(data.Of(data.Int)), typ(data.Char, 4, 0))
	row := []data.Value{num(1), num(1), num(5), flt(1.5), num(150), num(19782), num(45296000), num(1709210096700), num(1700000000123), val("hi"), {Elems: []data.Value{num(1), num(2)}}, val("ab  ")}
	got, err := formattest.Encode(Format, formattest.Options(t, Format), types, row)
	want := "true,1,5,1.5,1.5,2024-02-29,12:34:56,\"2024-02-29 12:34:56.7\",\"2023-11-14 22:13:20.123Z\",aGk=,1;2,\"ab  \"\n"
	if err != nil || got != want {
		t.Errorf("types: got  %q, %v\nwant %q", got, err, want)
	}
	dec := cols(typ(data.Decimal, 38, 18), typ(data.Decimal, 10, 2))
	got, err = formattest.Encode(Format, formattest.Options(t, Format), dec,
		[]data.Value{{D: data.I128(1)}, num(10000)}, []data.Value{{D: data.I128(1000000500000000000).Add(data.Int128{})}, num(0)})
	if want := "1E-18,1E+2\n1.0000005,0\n"; err != nil || got != want {
		t.Errorf("decimals: got  %q, %v\nwant %q", got, err, want)
	}
}

func TestContract(t *testing.T) {
	columns := cols(data.Of(data.Int), data.String(), data.Of(data.Double), typ(data.Timestamp, 3, 0), array(data.String()), typ(data.Decimal, 38, 4))
	formattest.RunSuite(t, formattest.Suite{
		Format: Format, Options: formattest.Options(t, Format, "null-literal", "NULL"), Columns: columns,
		Ignore: formattest.Options(t, Format, "null-literal", "NULL", "ignore-parse-errors", "true"),
		Rows: [][]data.Value{
			{num(1), val("plain"), flt(1.5), num(1700000000123), {Elems: []data.Value{val("a"), val("b")}}, {D: data.I128(-5)}},
			{num(-2147483648), val("line\nbreak, \"quotes\" and enough text to be long"), flt(-1e300), num(0), {}, {D: data.Int128{Hi: 1 << 40}}},
			{data.NullValue(), data.NullValue(), data.NullValue(), data.NullValue(), data.NullValue(), data.NullValue()},
			{num(0), val(""), flt(0), num(-1), {Elems: []data.Value{val("x"), data.NullValue()}}, {D: data.I128(10000)}},
		},
		Broken: `1,"x"y,1,,,`,
	})
}
