package filesystem

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format/csv"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/graph"
)

func hourly() graph.Table {
	return graph.Table{Name: "t", PartitionBy: []string{"day", "hour"}, Columns: []data.Column{
		{Name: "a", Type: data.Of(data.Int)},
		{Name: "day", Type: data.String()},
		{Name: "hour", Type: data.String()},
	}}
}

// hourlySinks opens the subtasks of one attempt.
func hourlySinks(t testing.TB, dir string, attempt, n int, given ...string) []*sink {
	shared := new(connector.Shared)
	var out []*sink
	for i := range n {
		k, err := newSink(connector.SinkSpec{
			Sink: graph.Sink{Table: hourly()}, Schema: hourly().Columns, Options: options(t, append([]string{"path", dir}, given...)...),
			Format: csv.Format, FormatOptions: formattest.Options(t, csv.Format), Subtask: i, Parallelism: n, JobID: "job", Attempt: attempt, Shared: shared,
		})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, k.(*sink))
	}
	return out
}

func put(t testing.TB, k *sink, day, hour string) {
	b := formattest.Batch(hourly().Columns, []data.Value{{I: 1}, {S: day}, {S: hour}})
	if err := k.Write(b); err != nil {
		t.Fatal(err)
	}
}

func prepare(t testing.TB, k *sink) [][]byte {
	items, err := k.Prepare(1)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func commit(t testing.TB, k *sink, items [][]byte) {
	if err := k.Commit(items); err != nil {
		t.Fatal(err)
	}
}

// marked are the partitions that are committed.
func marked(t testing.TB, dir, file string) string {
	found, err := filepath.Glob(dir + "/*/*/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range found {
		rel, _ := filepath.Rel(dir, filepath.Dir(f)) // below it by the pattern
		found[i] = strings.NewReplacer("day=2024-02-29/hour=", "", "/", " ").Replace(rel)
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

func at(hour string) int64 {
	x, _ := time.Parse("2006-01-02 15:04", "2024-02-29 "+hour) // constants of the test
	return x.UnixMilli()
}

func TestPartitionsAreCommittedByEventTime(t *testing.T) {
	dir := t.TempDir()
	given := []string{
		"sink.partition-commit.policy.kind", "success-file", "sink.partition-commit.trigger", "partition-time", "sink.partition-commit.delay", "1 h",
		"partition.time-extractor.timestamp-pattern", "$day $hour:00:00", "sink.partition-commit.success-file.name", "_DONE",
	}
	sinks := hourlySinks(t, dir, 0, 2, given...)
	check := func(when, want string) {
		t.Helper()
		if got := marked(t, dir, "_DONE"); got != want {
			t.Errorf("%s: committed are %q, want %q", when, got, want)
		}
	}
	put(t, sinks[0], "2024-02-29", "10")
	put(t, sinks[1], "2024-02-29", "10")
	put(t, sinks[1], "2024-02-29", "11")
	sinks[0].Watermark(at("11:30"))
	sinks[1].Watermark(at("10:30"))
	a, b := prepare(t, sinks[0]), prepare(t, sinks[1])
	sinks[1].Watermark(at("23:00")) // after the barrier: what has come since has no name yet
	commit(t, sinks[0], a)
	commit(t, sinks[1], b)
	check("one subtask is behind", "")
	put(t, sinks[0], "2024-02-29", "12")
	sinks[1].Watermark(at("11:10"))
	a, b = prepare(t, sinks[0]), prepare(t, sinks[1])
	commit(t, sinks[1], b)
	commit(t, sinks[0], a)
	check("both have passed 11:00", "10")

	// A crash: what the checkpoint knows is enough, whatever subtask gets it.
	again := hourlySinks(t, dir, 1, 1, given...)[0]
	commit(t, again, append(slices.Clone(b), a...))
	again.Watermark(at("12:59"))
	commit(t, again, prepare(t, again))
	check("after a restart", "10 11")
	again.Watermark(data.MaxWatermark)
	commit(t, again, prepare(t, again))
	check("at the end", "10 11 12")
	files, err := filepath.Glob(dir + "/*/*/part-*")
	if err != nil || len(files) != 4 {
		t.Errorf("%d files, %v", len(files), err)
	}
	rows, err := readAll(t, sourceSpec(t, hourly(), "path", dir))
	if err != nil || len(rows) != 4 {
		t.Errorf("read back: %q, %v", rows, err)
	}
}

func TestPartitionsAreCommittedByTheClock(t *testing.T) {
	dir := t.TempDir()
	k := hourlySinks(t, dir, 0, 1, "sink.partition-commit.policy.kind", "success-file")[0]
	put(t, k, "2024-02-29", "10")
	items := prepare(t, k)
	if got := marked(t, dir, "_SUCCESS"); got != "" {
		t.Errorf("committed before the checkpoint: %s", got)
	}
	commit(t, k, items)
	if got := marked(t, dir, "_SUCCESS"); got != "10" {
		t.Errorf("got %q", got)
	}
	if err := os.RemoveAll(dir + "/day=2024-02-29/hour=10"); err != nil {
		t.Fatal(err)
	}
	commit(t, k, prepare(t, k))
	later := hourlySinks(t, dir, 0, 1, "sink.partition-commit.policy.kind", "success-file", "sink.partition-commit.delay", "1 d")[0]
	put(t, later, "2024-02-29", "13")
	commit(t, later, prepare(t, later))
	if got := marked(t, dir, "_SUCCESS"); got != "" {
		t.Errorf("a day too early: %q", got)
	}
}

func TestPartitionTime(t *testing.T) {
	for _, tt := range []struct{ names, folder, pattern, formatter, zone, want string }{
		{"day", "day=2024-02-29", "", "", "UTC", "2024-02-29T00:00:00Z"},
		{"day,hour", "day=2024-02-29/hour=7", "$day $hour:00:00", "", "UTC", "2024-02-29T07:00:00Z"},
		{"h,hour", "h=1/hour=2024-02-29 12%3A34", "$hour", "", "UTC", "2024-02-29T12:34:00Z"},
		{"day", "day=20240229", "", "yyyyMMdd", "Asia/Shanghai", "2024-02-28T16:00:00Z"},
		{"y,m", "y=2024/m=2", "$y-$m-01", "", "UTC", "2024-02-01T00:00:00Z"},
		{"day", "day=x", "", "", "UTC", `!partition day=x: "x" is not a time`},
		{"day", "day=x", "$dya", "", "UTC", "!names a column that is none"},
		{"day", "day=x", "", "EEE", "UTC", "!is not supported"},
		{"day", "day=x", "", "", "Mars/Olympus", "!watermark-time-zone"},
	} {
		given := []string{"path", "x", "sink.partition-commit.watermark-time-zone", tt.zone}
		for k, v := range map[string]string{"partition.time-extractor.timestamp-pattern": tt.pattern, "partition.time-extractor.timestamp-formatter": tt.formatter} {
			if v != "" {
				given = append(given, k, v)
			}
		}
		p, err := newPartitionTime(strings.Split(tt.names, ","), options(t, given...))
		var ms int64
		if err == nil {
			ms, err = p.of(tt.folder)
		}
		words, bad := strings.CutPrefix(tt.want, "!")
		if got := time.UnixMilli(ms).UTC().Format(time.RFC3339); bad && (err == nil || !strings.Contains(err.Error(), words)) || !bad && (err != nil || got != tt.want) {
			t.Errorf("%s with %q: got %s, %v; want %s", tt.folder, tt.pattern, got, err, tt.want)
		}
	}
	for _, kind := range []string{"metastore", "success-file,custom", "x"} {
		if err := check(hourly(), options(t, "path", "x", "sink.partition-commit.policy.kind", kind)); err == nil || !strings.Contains(err.Error(), "success-file") {
			t.Errorf("%s: got %v", kind, err)
		}
	}
}
