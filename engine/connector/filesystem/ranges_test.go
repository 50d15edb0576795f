package filesystem

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/connectortest"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/format/json"
	"github.com/weir-streams/weir/engine/graph"
)

func jsonLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"a\":%d,\"b\":\"%s\"}\n", i, strings.Repeat("x", i*7919%400))
		if i%50 == 0 {
			b.WriteString("\n")
		}
	}
	return b.String()
}

// openRanges opens a source that splits small files.
func openRanges(t testing.TB, path string, size int64, subtask, parallelism int) *source {
	s := sourceSpec(t, graph.Table{Name: "t", Columns: columns}, "path", path)
	s.Subtask, s.Parallelism = subtask, parallelism
	s.Format, s.FormatOptions = json.Format, formattest.Options(t, json.Format)
	src, err := newSource(s)
	if err != nil {
		t.Fatal(err)
	}
	src.(*source).splitSize, src.(*source).splitFrom = size, 0
	return src.(*source)
}

func TestPartsContract(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.json", jsonLines(9000))
	write(t, dir+"/b.json", strings.TrimSuffix(jsonLines(500), "\n"))
	write(t, dir+"/c.json.gz", gz(t, jsonLines(300)))
	write(t, dir+"/long.json", `{"a":1,"b":"`+strings.Repeat("y", 200_000)+"\"}\n"+jsonLines(100))
	for _, size := range []int64{20_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			connectortest.RunSource(t, columns, func(t testing.TB, subtask, parallelism int) connector.Source {
				return openRanges(t, dir, size, subtask, parallelism)
			})
		})
	}
}

// Every subtask gets its share of one file, and reads it in the file's order,
// also when the number of subtasks changes in between.
func TestPartsAreSharedInOrder(t *testing.T) {
	dir := t.TempDir()
	text := jsonLines(20_000)
	write(t, dir+"/a.json", text)
	for _, n := range []int{2, 3, 4, 7} {
		var splits []connector.Split
		for i := range n {
			src := openRanges(t, dir, 20_000, i, n)
			rows := connectortest.Read(t, src, columns, 5000/n)
			sorted := func(rows []string) bool {
				return slices.IsSortedFunc(rows, func(a, b string) int { return number(a) - number(b) })
			}
			if !sorted(rows) {
				t.Errorf("subtask %d of %d: rows out of order", i, n)
			}
			splits = append(splits, src.Splits()...)
			rest := connectortest.Read(t, src, columns, 0)
			if share := len(rows) + len(rest); share < 20_000/n*6/10 || share > 20_000/n*14/10 {
				t.Errorf("subtask %d of %d has %d rows", i, n, share)
			}
			if !sorted(rest) {
				t.Errorf("subtask %d of %d: rows out of order", i, n)
			}
			if err := src.Close(); err != nil {
				t.Fatal(err)
			}
		}
		one := openRanges(t, dir, 20_000, 0, 1)
		if err := one.Restore(splits); err != nil {
			t.Fatal(err)
		}
		rows := connectortest.Read(t, one, columns, 0)
		if !slices.IsSortedFunc(rows, func(a, b string) int { return number(a) - number(b) }) {
			t.Errorf("%d subtasks made one: rows out of order", n)
		}
	}
}

func number(row string) (n int) {
	_, _ = fmt.Sscanf(row, "%d|", &n) // all rows of jsonLines begin so
	return n
}

func TestErrorsOfPartsNameTheLineOfTheFile(t *testing.T) {
	dir := t.TempDir()
	text := jsonLines(5000)
	write(t, dir+"/a.json", text+`{"a":"z"}`+"\n"+jsonLines(100))
	want := fmt.Sprintf("a.json: line %d, column 6", strings.Count(text, "\n")+1)
	for i := range 2 {
		src := openRanges(t, filepath.Join(dir, "a.json"), 30_000, i, 2)
		var err error
		for status := connector.More; err == nil && status != connector.Ended; {
			b := data.MakeBatch([]data.Type{columns[0].Type, columns[1].Type}, 0)
			status, err = src.Poll(t.Context(), b)
		}
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			return
		}
	}
	t.Error("no error")
}
