package json

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

// quickSpec has what the quick reader reads by itself and what it does not.
func quickSpec(t testing.TB, options ...string) format.DecoderSpec {
	columns := []data.Column{
		{Name: "a", Type: data.Of(data.BigInt)},
		{Name: "text", Type: varchar},
		{Name: "in", Type: data.Type{Kind: data.Row, Names: []string{"x", "at", "a member of a long name"}, Args: []data.Type{data.Of(data.Int), typ(data.Timestamp, 3, 0), varchar}}},
		{Name: "un", Type: varchar},
		{Name: "d", Type: data.Of(data.Double)},
		{Name: "list", Type: array(varchar)},
		{Name: "e", Type: data.Of(data.Boolean)},
		{Name: "m", Type: typ(data.Decimal, 10, 2)},
		{Name: "cs", Type: typ(data.Timestamp, 2, 0)},
	}
	s := format.DecoderSpec{Columns: columns, Options: formattest.Options(t, Format, options...)}
	for _, p := range []struct {
		path []int
		typ  data.Type
	}{
		{[]int{0}, columns[0].Type},
		{[]int{1}, varchar},
		{[]int{2, 0}, data.Of(data.Int)},
		{[]int{2, 1}, typ(data.Timestamp, 3, 0)},
		{[]int{2, 2}, varchar},
		{[]int{4}, columns[4].Type},
		{[]int{5}, columns[5].Type},
		{[]int{6}, columns[6].Type},
		{[]int{7}, columns[7].Type},
		{[]int{8}, columns[8].Type},
	} {
		s.Output, s.Types = append(s.Output, p.path), append(s.Types, p.typ)
	}
	return s
}

// FuzzQuick compares the quick reader with the careful one.
func FuzzQuick(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"text":"x","in":{"x":2,"at":"2024-02-29 12:34:56.789","a member of a long name":"y"},"un":"z","d":1.5,"list":["a"],"e":true}`,
		`{"a":-12345678,"text":"a text of more than twelve","in":null,"un":{"x":{"y":"z","n":1}},"other":"\\\"","d":null}`,
		`{"a":1234567890123456,"text":"quote \" backslash \\ slash \/ tab \t","in":{"x":2147483648}}`,
		`{"a":12345678901234567890}`, `{"a":00}`, `{"a":-}`, `{"a":1.5}`, `{"a":"7"}`, `{"a": 1 , "text" : "x" }`, `{"in":{"x":1},"in":{"x":2}}`, `{"in":{"x":1},"in":null}`,
		`{"text":"unfinished`, `{"text":"é and more than twelve bytes"}`, "{\"text\":\"\xff\"}", `{"text":"\u00e9"}`, `{"un":"\q"}`, `{"a":1,"a":null}`, `{"a":null}x`, `{"in":{"at":"2024-02-30 00:00:00"}}`,
		`{"list":[1,2],"list":[3]}`, `{"e":{}}`, `{"un":[1,2,{"a":"b"}]}`, `{"un":tru}`, `{}`, `{"a":1,}`, `{"":1}`, `{"a":1}{"a":2}`, "{\"a\":1}\r", "{\"text\":\"\x01\"}",
		`{"z":` + strings.Repeat(`{"z":`, 30) + "1" + strings.Repeat("}", 31), `{"d":-0.5e3,"e":"TRUE","text":5}`,
		`{"m":12345678.91,"cs":"2024-02-29 12:34:56.789","d":0.1,"e":false,"a":-0}`, `{"m":-1,"cs":"2024-02-29 12:34:57.78","d":-0.0,"e":true}`, `{"m":123456789,"d":123456789012345.6}`, `{"m":0.125,"e":falsey}`,
		`{"e":true,"a":1,"x1":2,"text":"\\\"\/\n"}`, `{"m":00.5}`, `{"m":1.}`, `{"d":-}`, `{"d":.5}`, `{"in":{"at":"2024-02-29 12:34:61.789","x":1}}`, `{"in":{"at":"2024-02-29 12:34:5a.789"}}`, `{"in":{"at":"2024-02-29 12:34:59.7890"}}`,
		`{"e":true , "list":[1,	2 ] ,"in" :{ "x" : 1 }}`, `{"a":123456789012345678}`, `{"a":1234567890123456789}`, `{"a":9223372036854775808}`, `{"a":-000000000000000001}`,
	} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, record string, ignore bool) {
		record = strings.ReplaceAll(record, "\n", " ")
		spec := quickSpec(t)
		if ignore {
			spec = quickSpec(t, "ignore-parse-errors", "true")
		}
		good := `{"a":7,"text":"behind it","in":{"x":1,"at":"2024-02-29 12:34:56.000"},"m":1.5,"cs":"2024-02-29 12:34:56.120"}`
		text := good + "\n" + record + "\n" + record + "\n" + good + "\n" + good
		read := func(quick bool) string {
			d, err := newDecoder(spec)
			if err != nil {
				t.Fatal(err)
			}
			if !d.quick {
				t.Fatal("this schema is none for the quick reader")
			}
			d.quick = quick
			rows, skipped, err := formattest.Run(d, spec.Types, text, 0)
			var b strings.Builder
			for _, r := range rows {
				b.WriteString(r + "\n")
			}
			if skipped > 0 {
				b.WriteString("skipped ")
				b.WriteByte(byte('0' + skipped))
			}
			if err != nil {
				b.WriteString(err.Error())
			}
			m, err := newDecoder(spec)
			if err != nil {
				t.Fatal(err)
			}
			m.quick = quick
			b.WriteString("messages\n" + readMessages(m, spec, good, good, record, record, good, record, good))
			return b.String()
		}
		if quick, slow := read(true), read(false); quick != slow {
			t.Errorf("%q: quick\n%s\ncareful\n%s", record, quick, slow)
		}
	})
}

// readMessages is the rows of messages, how many there are behind each of them,
// and the error.
func readMessages(d *decoder, s format.DecoderSpec, messages ...string) string {
	var ends []int
	text := strings.Join(messages, "")
	for _, m := range messages {
		ends = append(ends, len(m))
		if n := len(ends); n > 1 {
			ends[n-1] += ends[n-2]
		}
	}
	buf := data.WrapBuffer([]byte(text + strings.Repeat("}", 2*slack)))
	b, rows := data.MakeBatch(s.Types, 0), make([]int32, len(ends))
	n, err := d.DecodeMessages(buf.B[:len(text)+slack], ends, buf, b, rows)
	return fmt.Sprint(formattest.Rows(b), rows[:n], err)
}

// TestStencils: records of a few layouts that take turns are read by their
// stencils, as lines and as messages, and give what the careful reader reads.
func TestStencils(t *testing.T) {
	spec := quickSpec(t)
	lines := inLayouts(1500)
	for _, alone := range []bool{false, true} {
		read := func(quick bool) (string, *decoder) {
			d, err := newDecoder(spec)
			if err != nil {
				t.Fatal(err)
			}
			d.quick = quick
			if alone {
				return readMessages(d, spec, lines...), d
			}
			rows, _, err := formattest.Run(d, spec.Types, strings.Join(lines, "\n"), 0)
			return fmt.Sprint(rows, err), d
		}
		quick, d := read(true)
		if slow, _ := read(false); quick != slow {
			t.Errorf("messages %v: quick\n%s\ncareful\n%s", alone, quick, slow)
		}
		if n := len(d.stencils.all); n != 4 || d.stencils.luck < patience/2 {
			t.Errorf("messages %v: %d stencils, luck %d", alone, n, d.stencils.luck)
		}
	}
}

// inLayouts are records of a few layouts.
func inLayouts(n int) []string {
	layouts := []string{
		`{"a":%d,"text":"channel-%[1]d","in":{"x":%[1]d,"at":"2024-02-29 12:34:56.789","a member of a long name":"a long text, number %[1]d"}}`,
		`{"text":"quoted \\ \"%d\" ","a":-%[1]d,"un":{"x":"a\n","y":{}},"other":{"n":%[1]d.5,"e":true,"z":null,"deep":{"deeper":{}}}}`,
		`{ "d": %d.25 , "m": 1%[1]d.5, "in": null, "un": false ,"cs": "2024-02-29 12:34:56.78", "e": true }`,
		`{"d":null,"a":%d,"text":null,"e":null,"un":"x%[1]d"}`,
	}
	var lines []string
	for i := range 1500 {
		lines = append(lines, fmt.Sprintf(layouts[i*7%10%4], i))
	}
	return lines
}

// TestBrokenRecords: what is wrong somewhere in a record of a known layout is
// seen, and the records around it are read.
func TestBrokenRecords(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	spec := quickSpec(t, "ignore-parse-errors", "true")
	lines := inLayouts(300)
	for round := range 40 {
		text := slices.Clone(lines)
		for i := 20; i < len(text); i++ {
			if r.IntN(8) > 0 {
				continue
			}
			p := []byte(text[i])
			switch at := r.IntN(len(p)); r.IntN(4) {
			case 0:
				p[at] = byte(r.IntN(256))
			case 1:
				p = slices.Delete(p, at, min(at+1+r.IntN(3), len(p)))
			default:
				p = slices.Insert(p, at, []byte(`"\\{}[]:,0-.e7n a` + "\t\x01\xc3\r")[r.IntN(21)])
			}
			text[i] = strings.ReplaceAll(string(p), "\n", " ")
		}
		read := func(quick, alone bool) []string {
			d, err := newDecoder(spec)
			if err != nil {
				t.Fatal(err)
			}
			d.quick = quick
			if alone {
				return strings.Split(readMessages(d, spec, text...), " 20")
			}
			rows, skipped, err := formattest.Run(d, spec.Types, strings.Join(text, "\n"), 0)
			return append(rows, fmt.Sprint(skipped, err))
		}
		for _, alone := range []bool{false, true} {
			quick, slow := read(true, alone), read(false, alone)
			for i := range max(len(quick), len(slow)) {
				if i >= len(quick) || i >= len(slow) || quick[i] != slow[i] {
					t.Fatalf("round %d, messages %v, row %d: quick\n%s\ncareful\n%s", round, alone, i, quick[min(i, len(quick)-1)], slow[min(i, len(slow)-1)])
				}
			}
		}
	}
}

// TestQuickReaderIsUsed: records as programs write them do not need the careful one.
func TestQuickReaderIsUsed(t *testing.T) {
	d, err := newDecoder(quickSpec(t))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat(" ", 5) + "\n" +
		`{"a":1,"text":"a text with a \\ in it","in":{"x":2,"at":"2024-02-29 12:34:56.789","a member of a long name":"y"},"un":"z","d":1.5,"list":["a"],"e":true,"no column":{"a":"b"}}` + "\n"
	b := data.MakeBatch(quickSpec(t).Types, 1)
	d.b, d.row = b, 0
	padded := []byte(text + strings.Repeat(" ", slack))
	d.begin(padded).look(padded, 6)
	if end := d.quickly(6, len(text), false); end != len(text)-1 {
		t.Errorf("not read quickly; its end is %d", end)
	}
}

// TestLongLines: windows follow one another, whatever the length of lines.
func TestLongLines(t *testing.T) {
	var text strings.Builder
	var want []string
	for i := range 3000 {
		n := []int{3, 500, 16 << 10, 40, 70_000}[i%5] * (i%7 + 1) / 7
		if i%200 > 10 {
			n %= 300
		}
		s := strings.Repeat("xyz", n/3)
		if i%3 == 0 {
			s += `\n`
		}
		if i%11 == 0 {
			s += "é"
		}
		text.WriteString(`{"text":"` + s + `"}` + "\n")
		want = append(want, strings.ReplaceAll(s, `\n`, "\n"))
	}
	spec := format.DecoderSpec{Columns: cols(varchar), Output: [][]int{{0}}, Types: []data.Type{varchar}, Options: formattest.Options(t, Format)}
	spec.Columns[0].Name = "text"
	for _, piece := range []int{0, 64 << 10, 1000} {
		got, _, err := formattest.Decode(Format, spec, text.String(), piece)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("in pieces of %d: %d rows differ from %d", piece, len(got), len(want))
		}
	}
}
