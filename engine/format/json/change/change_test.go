package change_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/format/json/canal"
	"github.com/weir-streams/weir/engine/format/json/debezium"
	"github.com/weir-streams/weir/engine/format/json/maxwell"
	"github.com/weir-streams/weir/engine/format/json/ogg"
)

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
	text    = data.String()
	columns = []data.Column{{Name: "id", Type: integer}, {Name: "v", Type: text}, {Name: "n", Type: data.Of(data.Double)}}
)

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name    string
		format  *format.Format
		options string
		text    string
		want    string // rows, or after ! words of the error
	}{
		{"insert and read", debezium.Format, "", `{"before":null,"after":{"id":1,"v":"a","n":1.5},"op":"c"}` + "\n" + `{"after":{"id":2},"op":"r"}`, `1|a|1.5` + "\n" + `2|\N|\N`},
		{"update", debezium.Format, "", `{"before":{"id":1,"v":"a"},"after":{"id":1,"v":"b"},"op":"u","source":{"db":"x"}}`, `-U 1|a|\N` + "\n" + `+U 1|b|\N`},
		{"a missing column before is null", debezium.Format, "", `{"before":{"id":1},"after":{"id":1,"v":"b"},"op":"u"}`, `-U 1|\N|\N` + "\n" + `+U 1|b|\N`},
		{"delete", debezium.Format, "", `{"op":"d","before":{"id":1,"v":"a"},"after":null}`, `-D 1|a|\N`},
		{"tombstones", debezium.Format, "", "\n" + `{"op":"c","after":{"id":1}}` + "\n \r\n", `1|\N|\N`},
		{"payload", debezium.Format, "schema-include=true", `{"schema":{"op":1},"payload":{"op":"c","after":{"id":1}}}`, `1|\N|\N`},
		{"payload is missing", debezium.Format, "schema-include=true", `{"op":"c","after":{"id":1}}`, `!corrupt Debezium JSON message: it has no "op"`},
		{"payload not expected", debezium.Format, "", `{"schema":{},"payload":{"op":"c","after":{"id":1}}}`, `!corrupt Debezium JSON message`},
		{"update without before", debezium.Format, "", `{"after":{"id":1},"op":"u"}`, `!the "before" field of UPDATE message is null, if you are using Debezium Postgres Connector`},
		{"delete without before", debezium.Format, "", `{"op":"d"}`, `!the "before" field of DELETE message is null`},
		{"insert without after", debezium.Format, "", `{"op":"c"}`, `!corrupt Debezium JSON message: it has no "after"`},
		{"truncate", debezium.Format, "", `{"op":"c","after":{"id":1}}` + "\n" + `{"op":"t"}`, `!line 2, column 1: unknown "op" value "t"`},
		{"no JSON", debezium.Format, "", `garbage`, `!line 1, column 1: unrecognized token 'garbage'`},
		{"null", debezium.Format, "", `null`, `!a record must be a JSON object`},
		{"a value that does not fit", debezium.Format, "", `{"op":"c","after":{"id":"x"}}`, `!field "id" (INT)`},
		{"all ignored", debezium.Format, "ignore-parse-errors=true", "garbage\nnull\n{}\n" + `{"op":"t"}` + "\n" + `{"op":"d"}` + "\n" + `{"op":"u","after":{"id":1}}` + "\n" + `{"op":"c","after":{"id":"x","v":"y"}}`, `\N|y|\N` + "\nskipped 6"},

		{"ogg", ogg.Format, "", `{"op_type":"I","after":{"id":1,"v":"a"}}` + "\n" + `{"op_type":"U","before":{"id":1,"v":"a"},"after":{"id":1,"v":"b"}}` + "\n" + `{"op_type":"D","before":{"id":1,"v":"b"}}`, `1|a|\N` + "\n" + `-U 1|a|\N` + "\n" + `+U 1|b|\N` + "\n" + `-D 1|b|\N`},
		{"ogg without before", ogg.Format, "", `{"op_type":"D","after":{"id":1}}`, `!the "before" field of DELETE message is null`},
		{"ogg truncate", ogg.Format, "", `{"op_type":"T"}`, `!unknown "op_type" value "T" in the Ogg JSON message`},

		{"maxwell", maxwell.Format, "", `{"type":"insert","data":{"id":1,"v":"a","n":1}}` + "\n" + `{"type":"update","data":{"id":1,"v":"b","n":1},"old":{"v":"a"}}` + "\n" + `{"type":"delete","data":{"id":1,"v":"b","n":1}}`, `1|a|1.0` + "\n" + `-U 1|a|1.0` + "\n" + `+U 1|b|1.0` + "\n" + `-D 1|b|1.0`},
		{"maxwell: it was null", maxwell.Format, "", `{"type":"update","data":{"id":1,"v":"b","n":1},"old":{"v":null}}`, `-U 1|\N|1.0` + "\n" + `+U 1|b|1.0`},
		{"maxwell: it is null", maxwell.Format, "", `{"type":"update","data":{"id":1,"v":null},"old":{"v":"a"}}`, `-U 1|a|\N` + "\n" + `+U 1|\N|\N`},
		{"maxwell without old", maxwell.Format, "", `{"type":"update","data":{"id":1}}`, `!the "old" field of UPDATE message is null`},
		{"maxwell: bootstrap", maxwell.Format, "", `{"type":"bootstrap-start","data":{}}`, `!unknown "type" value "bootstrap-start"`},

		{"canal", canal.Format, "", `{"type":"INSERT","data":[{"id":"1","v":"a"},{"id":"2","v":"b","n":"0.5"}]}`, `1|a|\N` + "\n" + `2|b|0.5`},
		{
			"canal: each row has changes of its own", canal.Format, "", `{"type":"UPDATE","data":[{"id":"1","v":"x","n":"1"},{"id":"2","v":"y","n":null}],"old":[{"v":null},{"n":"2"}]}`,
			`-U 1|\N|1.0` + "\n" + `+U 1|x|1.0` + "\n" + `-U 2|y|2.0` + "\n" + `+U 2|y|\N`,
		},
		{"canal: names with escapes", canal.Format, "", `{"type":"UPDATE","data":[{"id":"1","v":"x"}],"old":[{"\u0076":null}]}`, `-U 1|\N|\N` + "\n" + `+U 1|x|\N`},
		{"canal: the last old counts", canal.Format, "", `{"type":"UPDATE","old":[{"v":null}],"data":[{"id":"1","v":"x"}],"old":[{"n":"7"}]}`, `-U 1|x|7.0` + "\n" + `+U 1|x|\N`},
		{"canal: delete", canal.Format, "", `{"type":"DELETE","data":[{"id":"1","v":"a"}],"old":null}`, `-D 1|a|\N`},
		{"canal: create", canal.Format, "", `{"type":"CREATE","data":null,"isDdl":true}`, ``},
		{"canal: old is shorter", canal.Format, "", `{"type":"UPDATE","data":[{"id":"1"},{"id":"2"}],"old":[{}]}`, `!"old" has 1 rows and "data" has 2`},
		{"canal: a row is null", canal.Format, "", `{"type":"INSERT","data":[{"id":"1"},null]}`, `!a row in "data" is null`},
		{"canal: no data", canal.Format, "", `{"type":"INSERT","data":null}`, `!it has no "data"`},
		{"canal: unknown", canal.Format, "", `{"type":"UPSERT","data":[{"id":"1"}]}`, `!unknown "type" value "UPSERT" in the Canal JSON message`},
		{"canal: all or nothing", canal.Format, "ignore-parse-errors=true", `{"type":"INSERT","data":[{"id":"1"},null]}` + "\n" + `{"type":"INSERT","data":[{"id":"3"}]}`, `3|\N|\N` + "\nskipped 1"},
		{"canal: tables", canal.Format, "table.include=t|u", `{"table":"t","type":"INSERT","data":[{"id":"1"}]}` + "\n" + `{"table":"tt","type":"INSERT","data":[{"id":"other"}]}` + "\n" + `{"table":"u","type":"INSERT","data":[{"id":"2"}]}`, `1|\N|\N` + "\n" + `2|\N|\N`},
		{"canal: databases", canal.Format, "database.include=d.* table.include=t", `{"database":"d1","table":"t","type":"INSERT","data":[{"id":"1"}]}` + "\n" + `{"database":"e","table":"t","type":"INSERT","data":[{"id":"2"}]}`, `1|\N|\N`},
		{"canal: no table", canal.Format, "table.include=t", `{"type":"INSERT","data":[{"id":"1"}]}`, `!the record has no "table"`},
		{"canal: no expression", canal.Format, "table.include=(", ``, `!option 'canal-json.table.include'`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			paths, types := formattest.All(columns)
			spec := format.DecoderSpec{Columns: columns, Output: paths, Types: types, Options: formattest.Options(t, tt.format, given(tt.options)...)}
			for _, piece := range []int{0, 1, 7} {
				rows, skipped, err := formattest.Decode(tt.format, spec, tt.text, piece)
				if words, fails := strings.CutPrefix(tt.want, "!"); fails {
					if err == nil || !strings.Contains(err.Error(), words) {
						t.Fatalf("error %v, want %q; rows %q", err, words, rows)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if skipped > 0 {
					rows = append(rows, fmt.Sprint("skipped ", skipped))
				}
				if got := strings.Join(rows, "\n"); got != tt.want {
					t.Errorf("in pieces of %d: got\n%s\nwant\n%s", piece, got, tt.want)
				}
			}
		})
	}
}

func given(options string) []string {
	var g []string
	for _, o := range strings.Fields(options) {
		k, v, _ := strings.Cut(o, "=")
		g = append(g, k, v)
	}
	return g
}

// Parts of rows are read as the whole is, also where a column comes from the
// row after.
func TestReadParts(t *testing.T) {
	cols := []data.Column{
		{Name: "id", Type: integer},
		{Name: "r", Type: rowOf("s", text, "in", rowOf("x", integer))},
		{Name: "list", Type: data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{text}}},
	}
	spec := format.DecoderSpec{
		Columns: cols, Options: formattest.Options(t, maxwell.Format),
		Output: [][]int{{1, 1, 0}, {2}, {1, 0}}, Types: []data.Type{integer, cols[2].Type, text},
	}
	rows, _, err := formattest.Decode(maxwell.Format, spec, strings.Join([]string{
		`{"type":"insert","data":{"id":1,"r":{"s":"a text that is long enough","in":{"x":5}},"list":["a","b"]}}`,
		`{"type":"update","data":{"id":1,"r":{"s":"a text that is long \u0065nough","in":{"x":5}},"list":[]},"old":{"list":["another long text"]}}`,
		`{"type":"update","data":{"id":1,"r":null},"old":{"r":{"s":"x","in":null}}}`,
	}, "\n"), 0)
	want := `5|[a, b]|a text that is long enough
-U 5|[another long text]|a text that is long enough
+U 5|[]|a text that is long enough
-U \N|\N|x
+U \N|\N|\N`
	if got := strings.Join(rows, "\n"); err != nil || got != want {
		t.Errorf("%v; got\n%s\nwant\n%s", err, got, want)
	}
}

// A record with more rows than a batch is given whole, and what comes after it too.
func TestManyRows(t *testing.T) {
	var b strings.Builder
	n := 3 * data.BatchSize
	b.WriteString(`{"type":"INSERT","data":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"%d","v":"value number %d"}`, i, i)
	}
	b.WriteString("]}\n" + `{"type":"INSERT","data":[{"id":"-1"}]}` + "\n")
	paths, types := formattest.All(columns)
	spec := format.DecoderSpec{Columns: columns, Output: paths, Types: types, Options: formattest.Options(t, canal.Format)}
	rows, _, err := formattest.Decode(canal.Format, spec, b.String(), 10000)
	if err != nil || len(rows) != n+1 || rows[n-1] != fmt.Sprintf(`%d|value number %d|\N`, n-1, n-1) || rows[n] != `-1|\N|\N` {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// Records that give nothing do not end a batch early: however many there are,
// the decoder gets through them.
func TestLeftOut(t *testing.T) {
	spec := format.DecoderSpec{Columns: columns, Options: formattest.Options(t, canal.Format, "table.include", "t")}
	d, err := canal.Format.Decoder(spec)
	if err != nil {
		t.Fatal(err)
	}
	p := []byte(strings.Repeat(`{"table":"u"}`+"\n", 5*data.BatchSize))
	b := data.NewBatch(0)
	if n, err := d.Decode(p, nil, false, b); n != len(p) || b.N != 0 || err != nil {
		t.Errorf("%d of %d bytes, %d rows, %v", n, len(p), b.N, err)
	}
}

func TestWrite(t *testing.T) {
	rows := data.MakeBatch([]data.Type{integer, text, data.Of(data.Double)}, 0)
	for _, v := range rows.Cols {
		v.Resize(4)
	}
	for i, op := range []data.Op{data.Insert, data.UpdateBefore, data.UpdateAfter, data.Delete} {
		rows.Cols[0].SetValueAt(i, data.Value{I: int64(i)})
		rows.Cols[1].SetValueAt(i, data.Value{S: "\""})
		rows.Cols[2].SetValueAt(i, data.NullValue())
		rows.Ops = append(rows.Ops, op)
	}
	rows.N = 4
	for _, tt := range []struct {
		format  *format.Format
		options string
		want    string
	}{
		{debezium.Format, "", `{"before":null,"after":{"id":0,"v":"\"","n":null},"op":"c"}
{"before":{"id":1,"v":"\"","n":null},"after":null,"op":"d"}
{"before":null,"after":{"id":2,"v":"\"","n":null},"op":"c"}
{"before":{"id":3,"v":"\"","n":null},"after":null,"op":"d"}
`},
		{debezium.Format, "encode.ignore-null-fields=true", `{"after":{"id":0,"v":"\""},"op":"c"}
{"before":{"id":1,"v":"\""},"op":"d"}
{"after":{"id":2,"v":"\""},"op":"c"}
{"before":{"id":3,"v":"\""},"op":"d"}
`},
		{ogg.Format, "", `{"before":null,"after":{"id":0,"v":"\"","n":null},"op_type":"I"}
{"before":{"id":1,"v":"\"","n":null},"after":null,"op_type":"D"}
{"before":null,"after":{"id":2,"v":"\"","n":null},"op_type":"I"}
{"before":{"id":3,"v":"\"","n":null},"after":null,"op_type":"D"}
`},
		{maxwell.Format, "", `{"data":{"id":0,"v":"\"","n":null},"type":"insert"}
{"data":{"id":1,"v":"\"","n":null},"type":"delete"}
{"data":{"id":2,"v":"\"","n":null},"type":"insert"}
{"data":{"id":3,"v":"\"","n":null},"type":"delete"}
`},
		{canal.Format, "", `{"data":[{"id":0,"v":"\"","n":null}],"type":"INSERT"}
{"data":[{"id":1,"v":"\"","n":null}],"type":"DELETE"}
{"data":[{"id":2,"v":"\"","n":null}],"type":"INSERT"}
{"data":[{"id":3,"v":"\"","n":null}],"type":"DELETE"}
`},
	} {
		e, err := tt.format.Encoder(format.EncoderSpec{Columns: columns, Options: formattest.Options(t, tt.format, given(tt.options)...)})
		if err != nil {
			t.Fatal(err)
		}
		var out []byte
		for r := range rows.N {
			if out, err = e.Encode(out, rows, r); err != nil {
				t.Fatal(err)
			}
		}
		if string(out) != tt.want {
			t.Errorf("%s %s: got\n%s\nwant\n%s", tt.format.Name, tt.options, out, tt.want)
		}
	}
	_, err := debezium.Format.Encoder(format.EncoderSpec{Columns: columns, Options: formattest.Options(t, debezium.Format, "schema-include", "true")})
	if err == nil || !strings.Contains(err.Error(), "debezium-json.schema-include") {
		t.Errorf("writing with a schema: %v", err)
	}
}

func TestSuite(t *testing.T) {
	cols := append(columns,
		data.Column{Name: "t", Type: data.Type{Kind: data.Timestamp, Nullable: true, Precision: 6}},
		data.Column{Name: "d", Type: data.Type{Kind: data.Decimal, Nullable: true, Precision: 30, Scale: 1}},
		data.Column{Name: "b", Type: data.Of(data.Boolean)},
		data.Column{Name: "l", Type: data.Of(data.BigInt)},
		data.Column{Name: "r", Type: rowOf("x", integer, "y", data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{text}})},
		data.Column{Name: "f", Type: data.Of(data.Float)},
	)
	null := make([]data.Value, len(cols))
	for i := range null {
		null[i] = data.NullValue()
	}
	rows := [][]data.Value{
		{{I: 1}, {S: "é\n\"\\ and some more text"}, {F: -1.5}, {I: 1709210096789, Nano: 123000}, {D: data.I128(-12)}, {I: 1}, {I: 1 << 60}, {Elems: []data.Value{{I: 3}, {Elems: []data.Value{{S: "a"}, {S: "b"}}}}}, {F: 0.5}},
		null,
		{{I: 2}, {S: ""}, {F: 1e300}, {I: -1}, {D: data.I128(0)}, {I: 0}, {I: -5}, {Elems: []data.Value{data.NullValue(), {}}}, {F: -0.25}},
	}
	for _, f := range []*format.Format{debezium.Format, canal.Format, maxwell.Format, ogg.Format} {
		t.Run(f.Name, func(t *testing.T) {
			formattest.RunSuite(t, formattest.Suite{
				Format: f, Options: formattest.Options(t, f), Columns: cols, Rows: rows,
				Broken: `{"op":"?","type":"?","op_type":"?"}`, Ignore: formattest.Options(t, f, "ignore-parse-errors", "true"),
			})
		})
	}
}

// FuzzRead: no input does more than fail, and how it comes in pieces does not matter.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"op":"u","before":{"id":1,"v":"a"},"after":{"id":1,"v":"b"}}`, `{"type":"UPDATE","data":[{"id":"1","v":"x"}],"old":[{"v":null}],"table":"t"}`,
		`{"type":"update","data":{"id":1,"v":"b"},"old":{"v":"a"}}`, `{"type":"DELETE","data":[]}`, `{"old":[[{"v":1}],{}],"type":"UPDATE","data":[{},{}]}`, `{"op_type":"D","before":{}}`,
	} {
		f.Add(s)
	}
	paths, types := formattest.All(columns)
	f.Fuzz(func(t *testing.T, text string) {
		for _, x := range []*format.Format{debezium.Format, canal.Format, maxwell.Format, ogg.Format} {
			spec := format.DecoderSpec{Columns: columns, Output: paths, Types: types, Options: formattest.Options(t, x, "ignore-parse-errors", "true")}
			rows, skipped, err := formattest.Decode(x, spec, text, 0)
			if err != nil {
				t.Fatalf("%s: %v", x.Name, err)
			}
			cut, cutSkipped, err := formattest.Decode(x, spec, text, 3)
			if err != nil || strings.Join(cut, "\n") != strings.Join(rows, "\n") || skipped != cutSkipped {
				t.Fatalf("%s: whole %q, %d; cut %q, %d, %v", x.Name, rows, skipped, cut, cutSkipped, err)
			}
			spec.Options = formattest.Options(t, x)
			strict, _, err := formattest.Decode(x, spec, text, 0)
			if err == nil && (strings.Join(strict, "\n") != strings.Join(rows, "\n") || skipped > 0) {
				t.Fatalf("%s: strict %q; %q, %d skipped", x.Name, strict, rows, skipped)
			}
		}
	})
}
