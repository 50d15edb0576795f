package json

import (
	stdjson "encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

// FuzzRead compares with encoding/json: the same texts are JSON, and strings,
// numbers and structure mean the same.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"b":"x","c":1.5}`, `{"b":"\u00e9\ud83d\ude00\n\"","a":-0}`, `{"z":[1,{"a":[]},"}"],"a":1e3}`, `{"a":1,"a":2}`, `{"b":{"x":[1.50,"\t"]}}`, `{`, `{"a"}`, `{"a":01}`, `{"a":-}`,
		`{"b":"a\qb"}`, `{"b":"\ud800"}`, ` { } `, `{"a":1}x`, `{"c":1e999}`, `{"d":["a",null,"b"]}`, `{"a":12345678901234567890}`, `{"c":0.1e-5,"d":[]}`,
	} {
		f.Add(s)
	}
	columns := cols(data.Of(data.BigInt), varchar, data.Of(data.Double), array(varchar))
	paths, types := formattest.All(columns)
	spec := format.DecoderSpec{Columns: columns, Output: paths, Types: types, Options: formattest.Options(f, Format)}
	ignore := spec
	ignore.Options = formattest.Options(f, Format, "ignore-parse-errors", "true")
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.ReplaceAll(line, "\n", " ")
		if strings.TrimLeft(line, " \t\r") == "" || strings.Count(line, "[")+strings.Count(line, "{") > maxDepth {
			return
		}
		rows, _, err := formattest.Decode(Format, spec, line, 0)
		if cut, _, cutErr := formattest.Decode(Format, spec, line, 3); (err == nil) != (cutErr == nil) || strings.Join(cut, "") != strings.Join(rows, "") {
			t.Fatalf("%q: whole %q, %v; cut %q, %v", line, rows, err, cut, cutErr)
		}
		// The quick reader wants text behind the record; blank text is none.
		for _, ending := range []string{"\n", "\r\n"} {
			quick, _, quickErr := formattest.Decode(Format, spec, line+ending+strings.Repeat(" ", 2*slack), 0)
			if (err == nil) != (quickErr == nil) || err == nil && strings.Join(quick, "") != strings.Join(rows, "") {
				t.Fatalf("%q: alone %q, %v; with text behind it %q, %v", line, rows, err, quick, quickErr)
			}
		}
		first, firstErr := message(t, spec, line, "")
		if (err == nil) != (firstErr == nil) || err == nil && first != strings.Join(rows, "") {
			t.Fatalf("%q: as a line %q, %v; as a message %q, %v", line, rows, err, first, firstErr)
		}
		for _, behind := range []string{`}`, `"}`, `1}`, `{"a":1}`} {
			got, gotErr := message(t, spec, line, behind+strings.Repeat(" ", 2*slack))
			if (err == nil) != (gotErr == nil) || err == nil && got != first {
				t.Fatalf("%q: alone %q, %v; before another message %q, %v", line, first, err, got, gotErr)
			}
		}
		object := stdjson.Valid([]byte(line)) && strings.TrimLeft(line, " \t\r")[0] == '{'
		if err == nil && !object {
			t.Fatalf("%q is not a JSON object", line)
		}
		all, skipped, ignored := formattest.Decode(Format, ignore, line, 0)
		if ignored != nil || len(all)+int(skipped) != 1 || len(all) == 1 != object && (utf8.ValidString(line) || !object) {
			t.Fatalf("%q: JSON object %v; %q, %d skipped, %v; %v", line, object, all, skipped, ignored, err)
		}
		if len(all) == 0 {
			return
		}
		var want map[string]any
		dec := stdjson.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		if dec.Decode(&want) != nil || want == nil {
			return
		}
		b := decodeOne(t, ignore, line)
		if s, ok := want["b"].(string); ok && b.Cols[1].Str(0) != s {
			t.Errorf("%q: b is %q, want %q", line, b.Cols[1].Str(0), s)
		}
		if n, ok := want["a"].(stdjson.Number); ok {
			if x, err := n.Int64(); err == nil && b.Cols[0].I64[0] != x {
				t.Errorf("%q: a is %d, want %d", line, b.Cols[0].I64[0], x)
			}
		}
		if n, ok := want["c"].(stdjson.Number); ok {
			if x, err := n.Float64(); (err == nil || math.IsInf(x, 0)) && b.Cols[2].F64[0] != x {
				t.Errorf("%q: c is %v, want %v", line, b.Cols[2].F64[0], x)
			}
		}
		if l, ok := want["d"].([]any); ok {
			if n := b.Cols[3].Offsets[1] - b.Cols[3].Offsets[0]; int(n) != len(l) {
				t.Errorf("%q: d has %d elements, want %d", line, n, len(l))
			}
		}
		for _, k := range []string{"a", "b", "c", "d"} {
			if x, there := want[k]; (!there || x == nil) && !b.Cols[k[0]-'a'].IsNull(0) {
				t.Errorf("%q: %s is not NULL", line, k)
			}
		}
	})
}

// message reads one message that lies before other text.
func message(t *testing.T, s format.DecoderSpec, text, behind string) (row string, err error) {
	d, err := Format.Decoder(s)
	if err != nil {
		t.Fatal(err)
	}
	b := data.MakeBatch(s.Types, 0)
	buf := data.WrapBuffer([]byte(text + behind))
	if _, err := d.(format.Messages).DecodeMessages(buf.B, []int{len(text)}, buf, b, make([]int32, 1)); err != nil {
		return "", err
	}
	return strings.Join(formattest.Rows(b), ""), nil
}

func decodeOne(t *testing.T, s format.DecoderSpec, line string) *data.Batch {
	d, err := Format.Decoder(s)
	if err != nil {
		t.Fatal(err)
	}
	b := data.MakeBatch(s.Types, 0)
	buf := data.WrapBuffer([]byte(line))
	if _, err := d.Decode(buf.B, buf, true, b); err != nil || b.N != 1 {
		t.Fatalf("%q: %d rows, %v", line, b.N, err)
	}
	return b
}

// FuzzWrite reads with encoding/json what was written.
func FuzzWrite(f *testing.F) {
	f.Add("x", int64(1), 1.5)
	f.Add("\x00\x1f\"\\/\u2028é", int64(-1), -1e-300)
	columns := cols(varchar, data.Of(data.BigInt), data.Of(data.Double))
	o := formattest.Options(f, Format)
	f.Fuzz(func(t *testing.T, s string, i int64, x float64) {
		if !utf8.ValidString(s) || math.IsNaN(x) || math.IsInf(x, 0) {
			return
		}
		text, err := formattest.Encode(Format, o, columns, []data.Value{val(s), num(i), flt(x)})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			A string
			B int64
			C float64
		}
		if err := stdjson.Unmarshal([]byte(text), &got); err != nil || got.A != s || got.B != i || got.C != x {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	})
}
