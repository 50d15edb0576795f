package filesystem

import (
	"context"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format/csv"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

var columns = []data.Column{{Name: "a", Type: data.Of(data.Int)}, {Name: "b", Type: data.String()}}

func options(t testing.TB, given ...string) option.Values {
	t.Helper()
	m := map[string]string{}
	for i := 0; i < len(given); i += 2 {
		m[given[i]] = given[i+1]
	}
	v, err := option.Check(Connector.Options, m)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sourceSpec reads table columns, all of them.
func sourceSpec(t testing.TB, table graph.Table, given ...string) connector.SourceSpec {
	s := connector.SourceSpec{
		Options: options(t, given...), Format: csv.Format, FormatOptions: formattest.Options(t, csv.Format), Parallelism: 1,
	}
	s.Source.Table = table
	for i, c := range table.Columns {
		s.Source.Output = append(s.Source.Output, graph.Path{Column: i, Metadata: -1})
		s.Schema = append(s.Schema, c)
	}
	for i, m := range table.Metadata {
		s.Source.Output = append(s.Source.Output, graph.Path{Metadata: i})
		s.Schema = append(s.Schema, data.Column{Name: m.Name, Type: m.Type})
	}
	return s
}

func readAll(t testing.TB, s connector.SourceSpec) ([]string, error) {
	t.Helper()
	src, err := newSource(s)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	var rows []string
	for {
		b := data.NewBatch(len(s.Schema))
		for _, c := range s.Schema {
			b.Cols = append(b.Cols, data.NewVector(c.Type, 0))
		}
		status, err := src.Poll(context.Background(), b)
		rows = append(rows, formattest.Rows(b)...)
		if err != nil || status != connector.More {
			return rows, err
		}
		b.Release()
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestReadsFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/p1.csv", "1,a\n2,b\n")
	write(t, dir+"/sub/p3.csv", "4,d\n")
	write(t, dir+"/p2.csv", "3,c\n")
	write(t, dir+"/_under.csv", "8,u\n")
	write(t, dir+"/.hidden/x.csv", "9,u\n")
	write(t, dir+"/empty.csv", "")
	rows, err := readAll(t, sourceSpec(t, graph.Table{Name: "t", Columns: columns}, "path", dir))
	sort.Strings(rows)
	if got := strings.Join(rows, " "); err != nil || got != "1|a 2|b 3|c 4|d" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWritesWithCheckpoint(t *testing.T) {
	dir := t.TempDir() + "/out"
	spec := connector.SinkSpec{
		Sink: graph.Sink{Table: graph.Table{Name: "s", Columns: columns}}, Schema: columns, Options: options(t, "path", dir),
		Format: csv.Format, FormatOptions: formattest.Options(t, csv.Format), Parallelism: 1, JobID: "0123", Attempt: 1,
	}
	s, err := newSink(spec)
	if err != nil {
		t.Fatal(err)
	}
	b := formattest.Batch(columns, []data.Value{{I: 1}, {S: "x"}}, []data.Value{{I: 2}, {S: "y"}})
	if err := s.Write(b); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		rows, err := readAll(t, sourceSpec(t, graph.Table{Name: "t", Columns: columns}, "path", dir))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(rows, " ")
	}
	items, err := s.Prepare(1)
	if err != nil || len(items) != 1 || read() != "" {
		t.Fatalf("prepared %d, %v, visible %q", len(items), err, read())
	}
	for range 2 {
		if err := s.Commit(items); err != nil || read() != "1|x 2|y" {
			t.Fatalf("%v, visible %q", err, read())
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
