package parquet

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

func typ(k data.Kind, precision, scale int) data.Type {
	return data.Type{Kind: k, Nullable: true, Precision: precision, Scale: scale}
}

func list(t data.Type) data.Type {
	return data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{t}}
}

var (
	str     = data.String()
	columns = []data.Column{
		{Name: "z_first", Type: data.Of(data.BigInt).NotNull()},
		{Name: "name", Type: str},
		{Name: "n", Type: data.Of(data.Int)},
		{Name: "small", Type: data.Of(data.TinyInt)},
		{Name: "f", Type: data.Of(data.Float)},
		{Name: "d", Type: data.Of(data.Double)},
		{Name: "ok", Type: data.Of(data.Boolean)},
		{Name: "money", Type: typ(data.Decimal, 9, 2)},
		{Name: "more", Type: typ(data.Decimal, 18, 2)},
		{Name: "wide", Type: typ(data.Decimal, 38, 4)},
		{Name: "day", Type: data.Of(data.Date)},
		{Name: "tod", Type: typ(data.Time, 3, 0)},
		{Name: "at", Type: typ(data.Timestamp, 3, 0)},
		{Name: "us", Type: typ(data.TimestampLTZ, 6, 0)},
		{Name: "raw", Type: typ(data.VarBinary, data.MaxLength, 0)},
		{Name: "list", Type: list(str)},
		{Name: "lists", Type: list(list(data.Of(data.Int)))},
		{Name: "map", Type: data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{str.NotNull(), data.Of(data.Int)}}},
		{Name: "row", Type: data.Type{Kind: data.Row, Nullable: true, Names: []string{"x", "y"}, Args: []data.Type{data.Of(data.Int), list(str)}}},
	}
	nul    = data.NullValue()
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
			{I: 1e15},
			{D: data.I128(-1).Sub(data.Pow10(30))},
			{I: 19782},
			{I: 45296000},
			{I: 1709210096700},
			{I: 1709210096700, Nano: 123000},
			{S: "\x00\xff"},
			{Elems: []data.Value{{S: "x"}, nul, {S: "a longer element of a list"}}},
			{Elems: []data.Value{{Elems: []data.Value{{I: 1}, {I: 2}}}, {Elems: []data.Value{}}, nul, {Elems: []data.Value{nul}}}},
			{Elems: []data.Value{{S: "k"}, {I: 1}, {S: "l"}, nul}},
			{Elems: []data.Value{{I: 5}, {Elems: []data.Value{{S: "é"}, {S: "f"}}}}},
		},
		{{I: -1 << 63}, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul, nul},
		{
			{I: 1<<63 - 1},
			{S: ""},
			{I: 0},
			{I: -128},
			{F: 0},
			{F: 0},
			{I: 0},
			{I: 0},
			{I: -1},
			{D: data.I128(127)},
			{I: -1},
			{I: 0},
			{I: -1},
			{I: -1, Nano: 999000},
			{S: ""},
			{Elems: []data.Value{}},
			{Elems: []data.Value{}},
			{Elems: []data.Value{}},
			{Elems: []data.Value{nul, nul}},
		},
	}
)

type memory struct{ *bytes.Reader }

func (m memory) Size() int64 { return m.Reader.Size() }

func spec(t testing.TB, cols []data.Column, paths [][]int) format.DecoderSpec {
	s := format.DecoderSpec{Columns: cols, Output: paths, Options: formattest.Options(t, Format)}
	for _, p := range paths {
		x := cols[p[0]].Type
		for _, k := range p[1:] {
			x = x.Args[k]
		}
		s.Types = append(s.Types, x)
	}
	return s
}

// read reads a file some rows at a time, maybe opening it again after each.
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
		if at = r.Position(); again || done {
			if err := r.(*fileReader).Close(); err != nil {
				return rows, err
			}
		}
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
	for range 1000 {
		rows = append(rows, sample...)
	}
	want := formattest.Rows(formattest.Batch(columns, rows...))
	for _, options := range [][]string{{}, {"compression", "ZSTD", "row-group-size", "100 kb"}, {"compression", "UNCOMPRESSED"}, {"compression", "GZIP"}} {
		file := writeFile(t, columns, rows, options...)
		for _, tt := range []struct {
			most  int
			again bool
		}{{data.BatchSize, false}, {700, true}, {7, false}} {
			got, err := read(spec(t, columns, paths), file, tt.most, tt.again)
			if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%v, %d at a time, again %v: %d rows of %d, %v", options, tt.most, tt.again, len(got), len(want), err)
				if len(got) > 2 {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got[:3], "\n"), strings.Join(want[:3], "\n"))
				}
				return
			}
		}
	}
	f, err := parquet.OpenFile(bytes.NewReader(writeFile(t, columns, sample)), int64(len(writeFile(t, columns, sample))))
	if err != nil {
		t.Fatal(err)
	}
	if first := f.Schema().Fields()[0].Name(); first != "z_first" {
		t.Errorf("the first column of the file is %s", first)
	}
}

func TestPartsOfRows(t *testing.T) {
	file := writeFile(t, columns, sample)
	row := len(columns) - 1
	got, err := read(spec(t, columns, [][]int{{row, 1}, {0}, {row}, {row, 0}}), file, 10, false)
	want := "[é, f]|1|(5, [é, f])|5\n\\N|-9223372036854775808|\\N|\\N\n\\N|9223372036854775807|(NULL, NULL)|\\N"
	if err != nil || strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\n%v, want\n%s", strings.Join(got, "\n"), err, want)
	}
	got, err = read(spec(t, columns, nil), file, 2, false)
	if err != nil || len(got) != 3 {
		t.Errorf("without columns: %q, %v", got, err)
	}
}

// TestFilesOfOthers: what the library writes from structs, nothing of ours in it.
func TestFilesOfOthers(t *testing.T) {
	type inner struct {
		X int32    `parquet:"x"`
		Y []string `parquet:"y,list"`
	}
	type row struct {
		ID   int32             `parquet:"id"`
		Name *string           `parquet:"NAME,optional,dict"`
		In   inner             `parquet:"in"`
		Tags []string          `parquet:"tags"` // repeated, without a list around it
		M    map[string]string `parquet:"m"`
		At   int64             `parquet:"at,timestamp(nanosecond)"`
		F    float32           `parquet:"f"`
	}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[row](&out, parquet.MaxRowsPerRowGroup(100))
	name := "somebody's long name"
	for i := range 250 {
		x := row{ID: int32(i), In: inner{X: int32(-i), Y: []string{"a", "b"}}, M: map[string]string{"k": "v"}, At: 1709210096700123456, F: 0.5}
		if i%2 == 0 {
			x.Name = &name
			x.Tags = []string{"s", "t"}
		}
		if _, err := w.Write([]row{x}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	cols := []data.Column{
		{Name: "id", Type: data.Of(data.BigInt)},
		{Name: "name", Type: str},
		{Name: "in", Type: data.Type{Kind: data.Row, Nullable: true, Names: []string{"y", "no"}, Args: []data.Type{list(str), str}}},
		{Name: "tags", Type: list(str)},
		{Name: "m", Type: data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{str, str}}},
		{Name: "at", Type: typ(data.Timestamp, 9, 0)},
		{Name: "f", Type: data.Of(data.Double)},
		{Name: "nowhere", Type: str},
	}
	paths, _ := formattest.All(cols)
	got, err := read(spec(t, cols, paths), out.Bytes(), 33, true)
	if err != nil || len(got) != 250 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, want := range []string{
		`0|somebody's long name|([a, b], NULL)|[s, t]|{k=v}|2024-02-29 12:34:56.700123456|0.5|\N`,
		`1|\N|([a, b], NULL)|[]|{k=v}|2024-02-29 12:34:56.700123456|0.5|\N`,
	} {
		if got[i] != want {
			t.Errorf("got %s, want %s", got[i], want)
		}
	}
}

func TestRefuses(t *testing.T) {
	file := writeFile(t, columns, sample)
	for _, tt := range []struct {
		typ  data.Type
		file []byte
		want string
	}{
		{str, file, `column "n": INT(32,true) of Parquet cannot be read as STRING`},
		{list(str), file, "cannot be read as ARRAY<STRING>"},
		{str, []byte("Obj\x01 and some more bytes"), "it is no Parquet file"},
		{str, file[:len(file)/2], "it is no Parquet file"},
	} {
		_, err := read(spec(t, []data.Column{{Name: "n", Type: tt.typ}}, [][]int{{0}}), tt.file, 10, false)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

// FuzzFile: whatever a file has in it, it is read or refused.
func FuzzFile(f *testing.F) {
	f.Add(writeFile(f, columns, sample, "compression", "UNCOMPRESSED"))
	f.Add(writeFile(f, columns[:3], [][]data.Value{{{I: 1}, {S: "x"}, {I: 2}}}))
	paths, _ := formattest.All(columns)
	s := spec(f, columns, paths)
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, err := read(s, file, 1000, false)
		if err == nil && len(rows) > 1<<20 {
			t.Errorf("%d rows from %d bytes", len(rows), len(file))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	cols := []data.Column{
		{Name: "auction", Type: data.Of(data.BigInt)},
		{Name: "price", Type: data.Of(data.BigInt)},
		{Name: "url", Type: str},
		{Name: "at", Type: typ(data.Timestamp, 3, 0)},
	}
	var rows [][]data.Value
	for i := range 20000 {
		rows = append(rows, []data.Value{{I: int64(1000 + i)}, {I: int64(i * 7919)}, {S: fmt.Sprintf("https://www.nexmark.com/gfl/kum_/f_fp/item.htm?query=1&channel_id=%d", i)}, {I: 1709210096700 + int64(i)}})
	}
	file := writeFile(b, cols, rows)
	paths, _ := formattest.All(cols)
	s := spec(b, cols, paths)
	for b.Loop() {
		if _, err := read(s, file, data.BatchSize, false); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
