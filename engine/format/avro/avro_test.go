package avro

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	oracle "github.com/twmb/avro"
	"github.com/twmb/avro/ocf"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

func typ(k data.Kind, precision, scale int) data.Type {
	return data.Type{Kind: k, Nullable: true, Precision: precision, Scale: scale}
}

var (
	str     = data.String()
	columns = []data.Column{
		{Name: "id", Type: data.Of(data.BigInt).NotNull()},
		{Name: "name", Type: str},
		{Name: "n", Type: data.Of(data.Int)},
		{Name: "small", Type: data.Of(data.TinyInt)},
		{Name: "f", Type: data.Of(data.Float)},
		{Name: "d", Type: data.Of(data.Double)},
		{Name: "ok", Type: data.Of(data.Boolean)},
		{Name: "money", Type: typ(data.Decimal, 10, 2)},
		{Name: "wide", Type: typ(data.Decimal, 38, 4)},
		{Name: "day", Type: data.Of(data.Date)},
		{Name: "at", Type: typ(data.Timestamp, 3, 0)},
		{Name: "raw", Type: typ(data.VarBinary, data.MaxLength, 0)},
		{Name: "list", Type: data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{str}}},
		{Name: "map", Type: data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{str.NotNull(), data.Of(data.Int)}}},
		{Name: "row", Type: data.Type{Kind: data.Row, Nullable: true, Names: []string{"x", "y"}, Args: []data.Type{data.Of(data.Int), str}}},
	}
	sample = [][]data.Value{
		{
			{I: 1},
			{S: "a name of more than twelve"},
			{I: -7},
			{I: 127},
			{F: 1.5},
			{F: -1e300},
			{I: 1},
			{I: -12345},
			{D: data.I128(-1).Sub(data.Pow10(30))},
			{I: 19782},
			{I: 1709210096700},
			{S: "\x00\xff"},
			{Elems: []data.Value{{S: "x"}, data.NullValue(), {S: "a longer element of a list"}}},
			{Elems: []data.Value{{S: "k"}, {I: 1}, {S: "l"}, data.NullValue()}},
			{Elems: []data.Value{{I: 5}, {S: "é"}}},
		},
		{{I: -1 << 63}, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul},
		{
			{I: 1<<63 - 1},
			{S: ""},
			{I: 0},
			{I: -128},
			{F: 0},
			{F: 0},
			{I: 0},
			{I: 0},
			{D: data.I128(127)},
			{I: -1},
			{I: -1},
			{S: ""},
			{Elems: []data.Value{}},
			{Elems: []data.Value{}},
			{Elems: []data.Value{nul, nul}},
		},
	}
	nul = data.NullValue()
)

type memory struct{ *bytes.Reader }

func (m memory) Size() int64 { return m.Reader.Size() }

func spec(t testing.TB, cols []data.Column, paths [][]int, options ...string) format.DecoderSpec {
	s := format.DecoderSpec{Columns: cols, Output: paths, Options: formattest.Options(t, Format, options...)}
	for _, p := range paths {
		x := cols[p[0]].Type
		for _, k := range p[1:] {
			x = x.Args[k]
		}
		s.Types = append(s.Types, x)
	}
	return s
}

// read reads a file some rows at a time, opening it again after each.
func read(s format.DecoderSpec, file []byte, most int, again bool) ([]string, error) {
	var rows []string
	var at format.FilePosition
	var r format.FileReader
	for {
		if r == nil || again {
			var err error
			if r, err = openFile(s, memory{bytes.NewReader(file)}, at); err != nil {
				return rows, err
			}
		}
		b := data.MakeBatch(s.Types, 0)
		done, err := r.Read(b, most)
		if err != nil {
			return rows, err
		}
		rows = append(rows, formattest.Rows(b)...)
		b.Release()
		at = r.Position()
		if done {
			return rows, nil
		}
	}
}

func writeFile(t testing.TB, cols []data.Column, rows [][]data.Value, options ...string) []byte {
	var out bytes.Buffer
	w, err := createFile(format.EncoderSpec{Columns: cols, Options: formattest.Options(t, Format, options...)}, &out)
	if err != nil {
		t.Fatal(err)
	}
	b := formattest.Batch(cols, rows...)
	which := make([]int32, b.N)
	for i := range which {
		which[i] = int32(i)
	}
	if err := w.Write(b, which); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFilesAreReadBack(t *testing.T) {
	paths, _ := formattest.All(columns)
	var rows [][]data.Value
	for range 1500 {
		rows = append(rows, sample...)
	}
	want := formattest.Rows(formattest.Batch(columns, rows...))
	for _, codec := range []string{"null", "snappy", "deflate", "zstandard"} {
		file := writeFile(t, columns, rows, "codec", codec)
		for _, tt := range []struct {
			most  int
			again bool
		}{{data.BatchSize, false}, {700, true}, {1, false}} {
			got, err := read(spec(t, columns, paths), file, tt.most, tt.again)
			if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s, %d at a time, again %v: %d rows of %d, %v", codec, tt.most, tt.again, len(got), len(want), err)
			}
		}
	}
}

func TestPartsOfRows(t *testing.T) {
	file := writeFile(t, columns, sample)
	got, err := read(spec(t, columns, [][]int{{14, 1}, {0}, {14}, {14, 0}}), file, 10, false)
	want := "é|1|(5, é)|5\n\\N|-9223372036854775808|\\N|\\N\n\\N|9223372036854775807|(NULL, NULL)|\\N"
	if err != nil || strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\n%v, want\n%s", strings.Join(got, "\n"), err, want)
	}
	got, err = read(spec(t, columns, nil), file, 2, false)
	if err != nil || len(got) != 3 {
		t.Errorf("without columns: %q, %v", got, err)
	}
}

// TestOthersReadIt: another implementation reads our files and we read its.
func TestOthersReadIt(t *testing.T) {
	r, err := ocf.NewReader(bytes.NewReader(writeFile(t, columns, sample)))
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	for {
		var row map[string]any
		if err := r.Decode(&row); err != nil {
			break
		}
		got = append(got, row)
	}
	if len(got) != 3 || got[0]["id"] != int64(1) || fmt.Sprint(got[0]["name"]) != "a name of more than twelve" || got[1]["name"] != nil {
		t.Fatalf("got %v", got)
	}
	other := oracle.MustParse(`{"type":"record","name":"r","namespace":"x","fields":[
		{"name":"unknown","type":{"type":"array","items":{"type":"map","values":["null","double",{"type":"record","name":"inner","fields":[{"name":"z","type":"string"}]}]}}},
		{"name":"name","type":["string","null"]},
		{"name":"old_n","aliases":["n"],"type":"int"},
		{"name":"e","type":{"type":"enum","name":"color","symbols":["RED","GREEN"]}},
		{"name":"f","type":"int"},
		{"name":"d","type":["null","float","long"]},
		{"name":"h","type":{"type":"fixed","name":"four","size":4}},
		{"name":"us","type":{"type":"long","logicalType":"timestamp-micros"}},
		{"name":"id","type":"int"}]}`)
	var file bytes.Buffer
	w, err := ocf.NewWriter(&file, other, ocf.WithCodec(ocf.SnappyCodec()))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		row := map[string]any{
			"unknown": []any{map[string]any{"a": 1.5, "b": nil}, map[string]any{"c": map[string]any{"z": "zz"}}},
			"name":    "somebody's long name", "old_n": 5, "e": "GREEN", "f": 7, "d": float32(2.5), "h": [4]byte{'a', 'b', 'c', 'd'}, "us": time.UnixMicro(1709210096700123).UTC(), "id": i,
		}
		if i == 1 {
			row["name"], row["d"] = nil, int64(9)
		}
		if err := w.Encode(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	cols := []data.Column{
		{Name: "id", Type: data.Of(data.BigInt)},
		{Name: "name", Type: str},
		{Name: "n", Type: data.Of(data.Int)},
		{Name: "e", Type: str},
		{Name: "f", Type: data.Of(data.Double)},
		{Name: "d", Type: data.Of(data.Double)},
		{Name: "h", Type: typ(data.Binary, 4, 0)},
		{Name: "us", Type: typ(data.Timestamp, 6, 0)},
		{Name: "nowhere", Type: str},
	}
	paths, _ := formattest.All(cols)
	rows, err := read(spec(t, cols, paths), file.Bytes(), 2, true)
	want := `0|somebody's long name|5|GREEN|7.0|2.5|x'61626364'|2024-02-29 12:34:56.700123|\N` + "\n" +
		`1|\N|5|GREEN|7.0|9.0|x'61626364'|2024-02-29 12:34:56.700123|\N` + "\n" + `2|somebody's long name|5|GREEN|7.0|2.5|x'61626364'|2024-02-29 12:34:56.700123|\N`
	if err != nil || strings.Join(rows, "\n") != want {
		t.Errorf("got\n%s\n%v, want\n%s", strings.Join(rows, "\n"), err, want)
	}
}

func TestMessages(t *testing.T) {
	e, err := newEncoder(format.EncoderSpec{Columns: columns, Options: formattest.Options(t, Format)})
	if err != nil {
		t.Fatal(err)
	}
	b := formattest.Batch(columns, sample...)
	var text []byte
	var ends []int
	for r := range b.N {
		if text, err = e.Encode(text, b, r); err != nil {
			t.Fatal(err)
		}
		text = text[:len(text)-1]
		ends = append(ends, len(text))
	}
	paths, types := formattest.All(columns)
	for _, ignore := range []string{"false", "true"} {
		d, err := newDecoder(spec(t, columns, paths, "ignore-parse-errors", ignore))
		if err != nil {
			t.Fatal(err)
		}
		out := data.MakeBatch(types, 0)
		rows := make([]int32, len(ends)+1)
		broken := append(append([]byte{}, text...), 0x80)
		n, err := d.DecodeMessages(broken, append(append([]int{}, ends...), len(broken)), data.WrapBuffer(broken), out, rows)
		if got := formattest.Rows(out); strings.Join(got, "\n") != strings.Join(formattest.Rows(b), "\n") {
			t.Errorf("got %q", got)
		}
		if ignore == "false" && (n != 3 || err == nil) || ignore == "true" && (n != 4 || err != nil || d.Skipped() != 1) {
			t.Errorf("ignore %s: %d messages, %v", ignore, n, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	one := func(t data.Type) []data.Column { return []data.Column{{Name: "id", Type: t}} }
	file := writeFile(t, one(data.Of(data.BigInt)), [][]data.Value{{{I: 300}}})
	for _, tt := range []struct {
		name string
		cols []data.Column
		file []byte
		want string
	}{
		{"type", one(str), file, `field "id": long of Avro cannot be read as STRING`},
		{"narrower", one(data.Of(data.Int)), file, "cannot be read as INT"},
		{"NOT NULL column that is not there", []data.Column{{Name: "z", Type: str.NotNull()}}, file, `field "z" is missing`},
		{"no file", one(str), []byte("PAR1"), "it is no Avro file"},
		{"cut off", one(data.Of(data.BigInt)), file[:len(file)-3], "records in"},
		{"mark", one(data.Of(data.BigInt)), append(append([]byte{}, file[:len(file)-1]...), file[len(file)-1]+1), "the mark behind it is not the file's"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			paths, _ := formattest.All(tt.cols)
			_, err := read(spec(t, tt.cols, paths), tt.file, 10, false)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// FuzzFile: whatever a file has in it, it is read or refused.
func FuzzFile(f *testing.F) {
	f.Add(writeFile(f, columns, sample, "codec", "null"))
	f.Add(writeFile(f, columns, sample, "codec", "deflate"))
	f.Add([]byte("Obj\x01\x02\x16avro.schema\x1e{\"type\":\"null\"}\x000123456789abcdef\x02\x000123456789abcdef"))
	paths, _ := formattest.All(columns)
	f.Fuzz(func(t *testing.T, file []byte) {
		s := spec(t, columns, paths)
		r, err := openFile(s, memory{bytes.NewReader(file)}, format.FilePosition{})
		if err != nil {
			return
		}
		for range 20 {
			b := data.MakeBatch(s.Types, 0)
			done, err := r.Read(b, data.BatchSize)
			if err != nil || done {
				return
			}
			formattest.Rows(b)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	cols := []data.Column{
		{Name: "auction", Type: data.Of(data.BigInt)},
		{Name: "bidder", Type: data.Of(data.BigInt)},
		{Name: "price", Type: data.Of(data.BigInt)},
		{Name: "channel", Type: str},
		{Name: "url", Type: str},
		{Name: "at", Type: typ(data.Timestamp, 3, 0)},
		{Name: "extra", Type: str},
	}
	var rows [][]data.Value
	for i := range 20000 {
		rows = append(rows, []data.Value{{I: int64(1000 + i)}, {I: int64(i * 77)}, {I: int64(i * 7919)}, {S: "channel-1"}, {S: "https://www.nexmark.com/gfl/kum_/f_fp/item.htm?query=1&channel_id=1"}, {I: 1709210096700 + int64(i)}, {S: strings.Repeat("x", 60)}})
	}
	file := writeFile(b, cols, rows, "codec", "null")
	paths, _ := formattest.All(cols)
	s := spec(b, cols, paths)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		r, err := openFile(s, memory{bytes.NewReader(file)}, format.FilePosition{})
		if err != nil {
			b.Fatal(err)
		}
		for done := false; !done; {
			x := data.MakeBatch(s.Types, 0)
			if done, err = r.Read(x, data.BatchSize); err != nil {
				b.Fatal(err)
			}
			x.Release()
		}
	}
	b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
