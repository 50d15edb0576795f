package csv

import (
	stdcsv "encoding/csv"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

// FuzzOracle writes records with encoding/csv and reads them, and the other way.
func FuzzOracle(f *testing.F) {
	f.Add("a", "b,c", "d\"e\nf", " g ")
	f.Add("", "\"", "\n", "longer than the twenty-four letters that are looked through")
	columns := cols(data.String(), data.String(), data.String(), data.String())
	paths, types := formattest.All(columns)
	spec := format.DecoderSpec{Columns: columns, Output: paths, Types: types, Options: formattest.Options(f, Format)}
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		record := []string{a, b, c, d}
		for _, s := range record {
			// encoding/csv changes line ends in quotes, and takes a carriage return for text.
			if !utf8.ValidString(s) || strings.Contains(s, "\r") || strings.HasPrefix(a, "\ufeff") {
				return
			}
		}
		var out strings.Builder
		w := stdcsv.NewWriter(&out)
		for range 3 {
			if err := w.Write(record); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		dec, err := Format.Decoder(spec)
		if err != nil {
			t.Fatal(err)
		}
		batch := data.MakeBatch(types, 0)
		buf := data.WrapBuffer([]byte(out.String()))
		if n, err := dec.Decode(buf.B, buf, true, batch); err != nil || n != out.Len() || batch.N != 3 {
			t.Fatalf("%q: %d rows of %d bytes, %v", out.String(), batch.N, n, err)
		}
		for r := range 3 {
			for k, want := range record {
				if got := batch.Cols[k].Str(r); got != want {
					t.Fatalf("%q: got %q, want %q", out.String(), got, want)
				}
			}
		}
		text, err := formattest.Encode(Format, spec.Options, columns, []data.Value{val(a), val(b), val(c), val(d)})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := stdcsv.NewReader(strings.NewReader(text)).Read(); err != nil || !slices.Equal(back, record) {
			t.Fatalf("wrote %q: read %q, %v", text, back, err)
		}
	})
}

// FuzzRead gives any bytes: no panic, and where the input is cut changes nothing.
func FuzzRead(f *testing.F) {
	f.Add("1,x,1\n2,\"y\"\"\n\",2\r\n", byte(0))
	f.Add("#c\n\"\",\"x\"z\n\\,,\\", byte(15))
	f.Fuzz(func(t *testing.T, text string, how byte) {
		var given []string
		for i, o := range [][]string{{"escape-character", `\`}, {"allow-comments", "true"}, {"ignore-parse-errors", "true"}, {"null-literal", ""}, {"skip-header-lines", "1"}, {"disable-quote-character", "true"}} {
			if how>>i&1 != 0 {
				given = append(given, o...)
			}
		}
		columns := cols(data.Of(data.Int), data.String(), data.Of(data.Double), array(data.String()))
		paths, types := formattest.All(columns)
		spec := format.DecoderSpec{Columns: columns, Output: paths, Types: types, Options: formattest.Options(t, Format, given...)}
		rows, skipped, err := formattest.Decode(Format, spec, text, 0)
		for _, piece := range []int{1, 9} {
			cut, s, e := formattest.Decode(Format, spec, text, piece)
			if !slices.Equal(rows, cut) || (e == nil) != (err == nil) || e != nil && e.Error() != err.Error() && !strings.Contains(err.Error(), "record is") || s != skipped {
				t.Fatalf("%q: whole %q, %d, %v; pieces of %d: %q, %d, %v", text, rows, skipped, err, piece, cut, s, e)
			}
		}
	})
}
