package filesystem

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/connectortest"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format/csv"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/graph"
)

var parted = append(slices.Clone(columns), data.Column{Name: "p", Type: data.String()})

func sinkSpec(t testing.TB, dir string, given ...string) connector.SinkSpec {
	return connector.SinkSpec{
		Sink: graph.Sink{Table: graph.Table{Name: "s", Columns: columns}}, Schema: columns, Options: options(t, append([]string{"path", dir}, given...)...),
		Format: csv.Format, FormatOptions: formattest.Options(t, csv.Format), Parallelism: 1, JobID: "0123456789abcdef",
	}
}

// tree lists the visible lines below dir as folder: line, and counts hidden files.
func tree(t testing.TB, dir string) (rows []string, hidden int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if e.Name()[0] == '.' {
			hidden++
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, filepath.Dir(path))
		for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			rows = append(rows, rel+": "+line)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	return rows, hidden
}

func TestSinkContract(t *testing.T) {
	for _, tt := range []struct {
		name      string
		partition bool
		given     []string
	}{{"plain", false, nil}, {"partitioned", true, nil}, {"small files", true, []string{"sink.rolling-policy.file-size", "1 b"}}} {
		t.Run(tt.name, func(t *testing.T) {
			dir := ""
			connectortest.RunSink(t, connectortest.Sinks{
				Fresh: func(t testing.TB) { dir = filepath.Join(t.TempDir(), "out") },
				Open: func(t testing.TB, subtask, parallelism, attempt int) connector.Sink {
					s := sinkSpec(t, dir, tt.given...)
					s.Schema, s.Subtask, s.Parallelism, s.Attempt = parted, subtask, parallelism, attempt
					s.Sink.Table.Columns = parted
					if tt.partition {
						s.Sink.Table.PartitionBy = []string{"p"}
					}
					k, err := newSink(s)
					if err != nil {
						t.Fatal(err)
					}
					return k
				},
				Rows: func(i int) *data.Batch {
					n := int64(10 * i)
					return formattest.Batch(parted, []data.Value{{I: n}, {S: "x"}, {S: "eu"}}, []data.Value{{I: n + 1}, data.NullValue(), {S: "us"}}, []data.Value{{I: n + 2}, {S: "z"}, data.NullValue()})
				},
				Text: func(i int) []string {
					n := string(rune('0' + i))
					if i == 0 {
						n = ""
					}
					if tt.partition {
						return []string{"p=eu: " + n + "0,x", "p=us: " + n + "1,", "p=__DEFAULT_PARTITION__: " + n + "2,z"}
					}
					return []string{".: " + n + "0,x,eu", ".: " + n + "1,,us", ".: " + n + "2,z,"}
				},
				Visible: func(t testing.TB) []string { rows, _ := tree(t, dir); return rows },
				Hidden:  func(t testing.TB) int { _, n := tree(t, dir); return n },
			})
		})
	}
}

func TestPartitionedSinkIsReadBack(t *testing.T) {
	dir := t.TempDir()
	cols := []data.Column{{Name: "a", Type: data.Of(data.Int)}, {Name: "p", Type: data.String()}, {Name: "b", Type: data.String()}, {Name: "d", Type: data.Of(data.Date)}}
	table := graph.Table{Name: "s", Columns: cols, PartitionBy: []string{"d", "p"}}
	s := sinkSpec(t, dir)
	s.Sink.Table, s.Schema = table, cols
	k, err := newSink(s)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 300 { // more partitions than may be open at a time
		p := string(rune('a'+i%26)) + "/ =%" + strings.Repeat("é", i%7)
		b := formattest.Batch(cols, []data.Value{{I: int64(i)}, {S: p}, {S: "x"}, {I: int64(i / 20)}})
		want = append(want, formattest.Rows(b)...)
		if err := k.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	items, err := k.Prepare(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Commit(items); err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(t, sourceSpec(t, table, "path", dir))
	slices.Sort(rows)
	slices.Sort(want)
	if err != nil || !slices.Equal(rows, want) {
		t.Errorf("%d rows of %d, %v", len(rows), len(want), err)
	}
}

func TestStaticPartition(t *testing.T) {
	dir := t.TempDir()
	s := sinkSpec(t, dir)
	s.Sink.Table.Columns, s.Sink.Table.PartitionBy, s.Sink.Static = parted, []string{"p"}, map[string]string{"p": "eu"}
	k, err := newSink(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Write(formattest.Batch(columns, []data.Value{{I: 1}, {S: "x"}})); err != nil {
		t.Fatal(err)
	}
	items, err := k.Prepare(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Commit(items); err != nil {
		t.Fatal(err)
	}
	if rows, _ := tree(t, dir); strings.Join(rows, " ") != "p=eu: 1,x" {
		t.Errorf("got %q", rows)
	}
}

func TestSinkRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "x")
	if _, err := newSink(sinkSpec(t, file)); err == nil || !strings.Contains(err.Error(), "must be a folder") {
		t.Errorf("got %v", err)
	}
	k, err := newSink(sinkSpec(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "\x02", "\x01\x05a", "\x01\x00\x04../x\x00"} {
		if err := k.Commit([][]byte{[]byte(bad)}); err == nil {
			t.Errorf("committed %q", bad)
		}
	}
}

// A full disk is an error that says so, and leaves nothing visible.
func TestDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &part{file: f, buf: []byte("x"), path: filepath.Join(t.TempDir(), "x")}
	if err := p.close(); err == nil || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("got %v", err)
	}
}

// INSERT OVERWRITE: what is there stays until the input has ended and its
// checkpoint is complete, and goes once only.
func TestSinkOverwrites(t *testing.T) {
	rows := func(n int64, p string) *data.Batch {
		return formattest.Batch(parted, []data.Value{{I: n}, {S: "x"}, {S: p}})
	}
	for _, tt := range []struct {
		name      string
		partition bool
		overwrite func(k connector.Sink) error
		want      []string
	}{
		{"a table", false, func(k connector.Sink) error { return k.Write(rows(2, "us")) }, []string{".: 2,x,us"}},
		{"a table, by nothing", false, func(connector.Sink) error { return nil }, nil},
		{"a partition", true, func(k connector.Sink) error { return k.Write(rows(2, "us")) }, []string{"p=eu: 1,x", "p=us: 2,x"}},
		{"partitions, by nothing", true, func(connector.Sink) error { return nil }, []string{"p=eu: 1,x", "p=us: 1,x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			sinkOf := func(overwrite bool, attempt int) connector.Sink {
				s := sinkSpec(t, dir)
				s.Schema, s.Sink.Table.Columns, s.Sink.Overwrite, s.Attempt = parted, parted, overwrite, attempt
				if tt.partition {
					s.Sink.Table.PartitionBy = []string{"p"}
				}
				k, err := newSink(s)
				if err != nil {
					t.Fatal(err)
				}
				return k
			}
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			prepare := func(k connector.Sink, id int64) [][]byte {
				t.Helper()
				items, err := k.Prepare(id)
				must(err)
				return items
			}
			first := sinkOf(false, 1)
			must(first.Write(rows(1, "eu")))
			must(first.Write(rows(1, "us")))
			must(first.Commit(prepare(first, 1)))
			before, _ := tree(t, dir)

			k := sinkOf(true, 1)
			if items := prepare(k, 1); len(items) > 0 {
				t.Fatalf("%d items before anything came", len(items))
			}
			must(tt.overwrite(k))
			k.(connector.Timed).Watermark(data.MaxWatermark)
			items := prepare(k, 2)
			if got, _ := tree(t, dir); !slices.Equal(got, before) {
				t.Fatalf("before the checkpoint is complete: %q", got)
			}
			must(k.Commit(items))
			if got, _ := tree(t, dir); !slices.Equal(got, tt.want) {
				t.Fatalf("overwritten: %q, not %q", got, tt.want)
			}
			later := prepare(k, 3)
			for _, pending := range [][][]byte{items, later} { // of the attempt before
				again := sinkOf(true, 2)
				must(again.Commit(pending))
				again.(connector.Timed).Watermark(data.MaxWatermark)
				must(again.Commit(prepare(again, 4)))
				if got, _ := tree(t, dir); !slices.Equal(got, tt.want) {
					t.Fatalf("after a restart: %q, not %q", got, tt.want)
				}
			}
		})
	}
}
