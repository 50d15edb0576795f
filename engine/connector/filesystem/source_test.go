package filesystem

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/connectortest"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format/csv"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/format/json"
	"github.com/weir-streams/weir/engine/format/json/canal"
	"github.com/weir-streams/weir/engine/graph"
)

func gz(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zst(t testing.TB, text string) string {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(z.EncodeAll([]byte(text), nil))
}

// lines makes n rows of which some are long and some quoted over two lines.
func lines(from, n int) string {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		switch i % 5 {
		case 0:
			fmt.Fprintf(&b, "%d,\"two\nlines %d\"\n", i, i)
		case 1:
			fmt.Fprintf(&b, "%d,%s\n", i, strings.Repeat("long", 20))
		default:
			fmt.Fprintf(&b, "%d,x%d\n", i, i)
		}
	}
	return b.String()
}

func fillFolder(t testing.TB, dir string) {
	write(t, dir+"/a.csv", lines(0, 7000))
	write(t, dir+"/sub/b.csv.gz", gz(t, lines(7000, 5000)))
	write(t, dir+"/sub/c.csv.zst", zst(t, lines(12000, 3000)))
	write(t, dir+"/d.csv", strings.TrimSuffix(lines(15000, 3), "\n"))
	write(t, dir+"/e.csv", "")
	for i := range 10 {
		write(t, fmt.Sprintf("%s/many/%d.csv", dir, i), lines(20000+i, 1))
	}
	write(t, dir+"/.hidden", "no")
	write(t, dir+"/_SUCCESS", "")
}

func TestSourceContract(t *testing.T) {
	dir := t.TempDir()
	fillFolder(t, dir)
	for _, given := range [][]string{{}, {"scan.rate-limit", "3000000"}} {
		t.Run(strings.Join(given, "="), func(t *testing.T) {
			connectortest.RunSource(t, columns, func(t testing.TB, subtask, parallelism int) connector.Source {
				s := sourceSpec(t, graph.Table{Name: "t", Columns: columns}, append([]string{"path", dir}, given...)...)
				s.Subtask, s.Parallelism = subtask, parallelism
				src, err := newSource(s)
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
}

// A record that is many rows, or two, is cut like any other rows: none is lost
// and none comes twice.
func TestSourceOfChanges(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&b, "{\"type\":\"INSERT\",\"data\":[{\"a\":\"%d\",\"b\":\"x\"}]}\n", i)
		fmt.Fprintf(&b, "{\"type\":\"UPDATE\",\"data\":[{\"a\":\"%d\",\"b\":\"y%s\"}],\"old\":[{\"b\":\"x\"}]}\n", i, strings.Repeat("y", i%20))
		if i == 700 {
			b.WriteString(`{"type":"DELETE","data":[`)
			for k := range 3 * data.BatchSize {
				fmt.Fprintf(&b, "{\"a\":\"%d\",\"b\":\"in a list\"},", -i-k)
			}
			b.WriteString("{}]}\n")
		}
	}
	write(t, dir+"/a.json", b.String())
	write(t, dir+"/b.json", strings.Join(strings.SplitAfterN(b.String(), "\n", 50)[:49], ""))
	for _, given := range [][]string{{}, {"scan.rate-limit", "3000000"}} {
		t.Run(strings.Join(given, "="), func(t *testing.T) {
			connectortest.RunSource(t, columns, func(t testing.TB, subtask, parallelism int) connector.Source {
				s := sourceSpec(t, graph.Table{Name: "t", Columns: columns}, append([]string{"path", dir}, given...)...)
				s.Subtask, s.Parallelism = subtask, parallelism
				s.Format, s.FormatOptions = canal.Format, formattest.Options(t, canal.Format)
				src, err := newSource(s)
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/in/x.csv", "1,a\nz,b\n")
	write(t, dir+"/bad.csv.gz", "not gzip")
	whole := gz(t, lines(0, 5000))
	write(t, dir+"/cut.csv.gz", whole[:len(whole)/2])
	table := graph.Table{Name: "t", Columns: columns}
	for _, tt := range []struct {
		name, path string
		want       []string
	}{
		{"bad record", dir + "/in", []string{"in/x.csv", "line 2, column 1", `"z"`, `column "a"`}},
		{"missing", dir + "/no", []string{dir + "/no does not exist"}},
		{"not gzip", dir + "/bad.csv.gz", []string{"bad.csv.gz", "decompress"}},
		{"cut off", dir + "/cut.csv.gz", []string{"cut.csv.gz", "unexpected EOF"}},
		{"other file system", "s3://bucket/x", []string{`"s3" is not supported`}},
		{"device", "/dev/null", []string{"neither a file nor a folder"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readAll(t, sourceSpec(t, table, "path", tt.path))
			for _, w := range tt.want {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("got %v, want %q", err, w)
				}
			}
		})
	}
	rows, err := readAll(t, sourceSpec(t, table, "path", "file://"+dir+"/in/none"))
	if err == nil {
		t.Errorf("got %q", rows)
	}
	// Lines are counted on over a restore.
	write(t, dir+"/long.csv", lines(0, 3000)+"z,b\n")
	s := sourceSpec(t, table, "path", dir+"/long.csv")
	src, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	connectortest.Read(t, src, columns, 1)
	again, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(src.Splits()); err != nil {
		t.Fatal(err)
	}
	b := data.NewBatch(2)
	for _, c := range columns {
		b.Cols = append(b.Cols, data.NewVector(c.Type, 0))
	}
	if _, err = again.Poll(context.Background(), b); err == nil || !strings.Contains(err.Error(), "line 3601,") {
		t.Errorf("got %v", err)
	}
}

func TestPartitionsAndMetadata(t *testing.T) {
	dir := t.TempDir()
	for path, text := range map[string]string{
		"region=eu/d=1/f.csv": "1,x\n", "region=eu/d=2/f.csv": "2,y\n3,z\n", "region=a%2Fb/d=1/f.csv": "4,w\n", "region=__DEFAULT_PARTITION__/d=3/f.csv": "5,v\n",
	} {
		write(t, dir+"/"+path, text)
	}
	table := graph.Table{
		Name: "t", PartitionBy: []string{"region", "d"},
		Columns: append(slices.Clone(columns), data.Column{Name: "region", Type: data.String()}, data.Column{Name: "d", Type: data.Of(data.Int)}),
		Metadata: []graph.MetadataColumn{
			{Name: "p", Key: "file.path", Type: data.String()},
			{Name: "n", Key: "file.name", Type: data.String()},
			{Name: "s", Key: "file.size", Type: data.Of(data.BigInt)},
			{Name: "m", Key: "file.modification-time", Type: data.Type{Kind: data.TimestampLTZ, Nullable: true, Precision: 3}},
		},
	}
	then := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	if err := os.Chtimes(dir+"/region=eu/d=1/f.csv", then, then); err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(t, sourceSpec(t, table, "path", dir))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	for i, want := range []string{
		"1|x|eu|1|" + dir + "/region=eu/d=1/f.csv|f.csv|4|2024-02-29 12:00:00.000",
		"2|y|eu|2|", "3|z|eu|2|", "4|w|a/b|1|", `5|v|\N|3|`,
	} {
		if !strings.HasPrefix(rows[i], want) {
			t.Errorf("row %d: got %s, want %s", i, rows[i], want)
		}
	}
	write(t, dir+"/loose.csv", "1,x\n")
	if _, err := readAll(t, sourceSpec(t, table, "path", dir)); err == nil || !strings.Contains(err.Error(), "loose.csv: it lies in no folder region=…") {
		t.Errorf("got %v", err)
	}
	if _, err := readAll(t, sourceSpec(t, table, "path", dir, "source.path.regex-pattern", ".*/region=eu/.*")); err != nil {
		t.Error(err)
	}
}

func TestMonitor(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/1.csv", "1,a\n")
	s := sourceSpec(t, graph.Table{Name: "t", Columns: columns}, "path", dir, "source.monitor-interval", "1 ms")
	if Connector.Bounded(s.Options) {
		t.Error("a watched folder has no end")
	}
	src, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	next := func(src connector.Source) string {
		for {
			b, status := connectortest.Poll(t, src, columns)
			if rows := formattest.Rows(b); len(rows) > 0 {
				return strings.Join(rows, " ")
			}
			if status == connector.Ended {
				t.Fatal("ended")
			}
		}
	}
	if got := next(src); got != "1|a" {
		t.Errorf("got %s", got)
	}
	write(t, dir+"/1.csv", "1,a\n9,changed\n")
	write(t, dir+"/2.csv", "2,b\n")
	if got := next(src); got != "2|b" {
		t.Errorf("got %s", got)
	}
	restored, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := restored.Restore(src.Splits()); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/0.csv", "0,late\n")
	if got := next(restored); got != "0|late" {
		t.Errorf("got %s", got)
	}
}

// A bounded source reads what it began with, whatever is there when restored.
func TestBoundedRestoreReadsNoNewFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/1.csv", "1,a\n")
	write(t, dir+"/2.csv", "2,b\n")
	s := sourceSpec(t, graph.Table{Name: "t", Columns: columns}, "path", dir)
	src, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := connectortest.Read(t, src, columns, 1); len(got) != 1 {
		t.Fatalf("got %q", got)
	}
	write(t, dir+"/3.csv", "3,c\n")
	again, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(src.Splits()); err != nil {
		t.Fatal(err)
	}
	if got := connectortest.Read(t, again, columns, 0); len(got) != 1 || got[0] != "2|b" {
		t.Errorf("got %q", got)
	}
	if err := os.Remove(dir + "/2.csv"); err != nil {
		t.Fatal(err)
	}
	gone, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Restore(src.Splits()); err != nil {
		t.Fatal(err)
	}
	if _, err := gone.Poll(context.Background(), data.NewBatch(2)); err == nil || !strings.Contains(err.Error(), "2.csv is gone") {
		t.Errorf("got %v", err)
	}
}

func TestRecordLongerThanBuffers(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("x", 3<<20)
	write(t, dir+"/1.json", `{"a":1,"b":"`+long+`"}`+"\n"+`{"a":2,"b":"short"}`)
	s := sourceSpec(t, graph.Table{Name: "t", Columns: columns}, "path", filepath.Join(dir, "1.json"))
	s.Format, s.FormatOptions = json.Format, formattest.Options(t, json.Format)
	rows, err := readAll(t, s)
	if err != nil || len(rows) != 2 || rows[0] != "1|"+long || rows[1] != "2|short" {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestHeaderLines(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/1.csv", "a,b\n"+lines(0, 3000))
	s := sourceSpec(t, graph.Table{Name: "t", Columns: columns}, "path", dir)
	s.FormatOptions = formattest.Options(t, csv.Format, "skip-header-lines", "1")
	src, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	n := len(connectortest.Read(t, src, columns, 1))
	again, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(src.Splits()); err != nil {
		t.Fatal(err)
	}
	if n += len(connectortest.Read(t, again, columns, 0)); n != 3000 {
		t.Errorf("%d rows", n)
	}
}

func TestCorruptRecordsAreCounted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/1.csv", "1,a\n1,\"x\"y\n2,b\n")
	s := sourceSpec(t, graph.Table{Name: "t", Columns: columns}, "path", dir)
	s.FormatOptions = formattest.Options(t, csv.Format, "ignore-parse-errors", "true")
	n := int64(0)
	s.Corrupt = func(k int64) { n += k }
	rows, err := readAll(t, s)
	if err != nil || len(rows) != 2 || n != 1 {
		t.Errorf("%q, %v, %d skipped", rows, err, n)
	}
}

func BenchmarkReadCSV(b *testing.B) {
	dir := b.TempDir()
	text := lines(0, 200000)
	write(b, dir+"/x.csv", text)
	s := sourceSpec(b, graph.Table{Name: "t", Columns: columns}, "path", dir)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		src, err := newSource(s)
		if err != nil {
			b.Fatal(err)
		}
		for {
			x, status := connectortest.Poll(b, src, columns)
			x.Release()
			if status == connector.Ended {
				break
			}
		}
	}
}

// Records that are left out are written down, and can be read as a table.
func TestRejectedRecordsAreWrittenDown(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/in/1.json", `{"a":1,"b":"x"}`+"\n"+`{"a":2,"b":`+"\n"+"\xff\n"+`{"a":3,"b":"z"}`+"\n")
	s := sourceSpec(t, graph.Table{Name: "t", Columns: columns}, "path", dir+"/in", "scan.parse-errors.path", dir+"/rejected")
	s.Format, s.FormatOptions = json.Format, formattest.Options(t, json.Format)
	if _, err := newSource(s); err == nil || !strings.Contains(err.Error(), "json.ignore-parse-errors") {
		t.Errorf("got %v", err)
	}
	s.FormatOptions = formattest.Options(t, json.Format, "ignore-parse-errors", "true")
	src, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	if rows := connectortest.Read(t, src, columns, 0); len(rows) != 2 {
		t.Errorf("got %q", rows)
	}
	src.Splits() // a checkpoint
	cols := []data.Column{
		{Name: "source", Type: data.String()},
		{Name: "line", Type: data.Of(data.BigInt)},
		{Name: "error", Type: data.String()},
		{Name: "record", Type: data.String()},
		{Name: "hex", Type: data.Of(data.Boolean)},
	}
	back := sourceSpec(t, graph.Table{Name: "rejected", Columns: cols}, "path", dir+"/rejected")
	back.Format, back.FormatOptions = json.Format, formattest.Options(t, json.Format)
	rows, err := readAll(t, back)
	want := []string{
		dir + `/in/1.json|2|unexpected end of the record: a value expected|{"a":2,"b":|\N`,
		dir + `/in/1.json|3|unexpected character "` + "\ufffd" + `": a value expected|ff0a|TRUE`,
	}
	if err != nil || strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\n%v, want\n%s", strings.Join(rows, "\n"), err, strings.Join(want, "\n"))
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
}
