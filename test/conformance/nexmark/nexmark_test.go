package nexmark

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	bench "github.com/weir-streams/weir/test/bench/nexmark"
)

var folder = flag.String("nexmark", "", "a folder with events.jsonl.gz and Flink's results in expected")

// topics groups the queries for the table of passes.
var topics = []struct {
	name    string
	queries []string
}{
	{"filter and project", []string{"q0", "q1", "q2", "q10", "q14", "q21", "q22"}},
	{"join", []string{"q3", "q9", "q20", "q23"}},
	{"windows of event time", []string{"q5", "q7", "q8", "q11"}},
	{"aggregation", []string{"q4", "q15", "q16", "q17"}},
	{"Top-N and deduplication", []string{"q18", "q19"}},
	{"OVER over updates", []string{"q6"}},
	{"lookup", []string{"q13"}},
	{"windows of the clock", []string{"q12"}},
}

func TestNexmark(t *testing.T) {
	path, _ := filepath.Abs("testdata/events.jsonl.gz")
	if *folder != "" {
		path = filepath.Join(*folder, "events.jsonl.gz")
	}
	e, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	side := filepath.Join(t.TempDir(), "side.csv")
	var lines strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&lines, "%d,%d\n", i, i)
	}
	if err := os.WriteFile(side, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	ran := 0
	for _, topic := range topics {
		passed, of := 0, 0
		var bad []string
		for _, q := range topic.queries {
			for _, parallelism := range []int{1, 3} {
				of++
				ran++
				name := q + "/" + strconv.Itoa(parallelism)
				if t.Run(name, func(t *testing.T) { check(t, e, q, path, side, parallelism) }) {
					passed++
				} else {
					bad = append(bad, name)
				}
			}
		}
		fmt.Fprintf(&table, "%-26s %2d of %2d  %s\n", topic.name, passed, of, strings.Join(bad, " "))
	}
	if want := 2 * len(bench.Names()); ran != want {
		t.Errorf("%d runs, %d queries at two parallelisms want %d", ran, want/2, want)
	}
	t.Logf("%d persons, %d auctions, %d bids\n%s", len(e.persons), len(e.auctions), len(e.bids), table.String())
}

func check(t *testing.T, e *events, q, path, side string, parallelism int) {
	got, err := run(t, q, path, side, len(e.bids), parallelism)
	if err != nil {
		t.Fatal(err)
	}
	switch q {
	case "q6":
		checkAverages(t, e, got)
		return
	case "q12":
		checkCounts(t, e, got)
		return
	case "q19":
		got = columns(got, 0, 2, 7)
	}
	want := result{}
	queries[q](e, want)
	if !maps.Equal(got, want) {
		t.Errorf("%d rows, computed by hand %d:\n%s", total(got), total(want), difference(got, want))
	}
	if *folder == "" {
		return
	}
	recorded, err := recording(q)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		t.Error(err)
	case !maps.Equal(want, recorded):
		t.Errorf("the computation by hand differs from Flink's recording:\n%s", difference(want, recorded))
	case !maps.Equal(got, recorded):
		t.Errorf("it differs from Flink's recording:\n%s", difference(got, recorded))
	}
}

// run runs a query over the file and gives its final table.
func run(t *testing.T, q, path, side string, bids, parallelism int) (result, error) {
	got := &folded{rows: result{}, wrote: make(chan struct{}, 1)}
	sink := &connector.Connector{Name: "folded", AcceptsUpdates: true, Sink: func(connector.SinkSpec) (connector.Sink, error) { return got, nil }}
	weir := engine.New(engine.Config{Connectors: []*connector.Connector{sink}})
	script, err := bench.Script(q, bench.Options{
		Source: "'connector' = 'filesystem', 'path' = '" + path + "', 'format' = 'json'", Sink: "'connector' = 'folded'", SideInput: side,
	})
	if err != nil {
		return nil, err
	}
	clock := q == "q12" // the end of the input closes no window of the clock: it goes on, and so do short windows
	if clock {
		script = strings.ReplaceAll(strings.ReplaceAll(script, "INTERVAL '10' SECOND", "INTERVAL '1' SECOND"), "'format' = 'json'", "'format' = 'json', 'source.monitor-interval' = '1 s'")
	}
	plan, err := weir.Compile(script, map[string]string{"parallelism.default": strconv.Itoa(parallelism), "table.local-time-zone": "UTC"})
	if err != nil {
		return nil, err
	}
	job, err := weir.Start(t.Context(), engine.JobSpec{ID: strings.Repeat("0a", 16), Name: q, Graph: plan.Graph, Config: plan.Config})
	if err != nil {
		return nil, err
	}
	if clock {
		got.until(t.Context(), bids)
		job.Cancel()
	}
	if err = job.Wait(t.Context()); clock && errors.Is(err, engine.ErrCanceled) {
		err = nil
	}
	return got.rows, err
}

// until waits until so many bids are counted by q12.
func (f *folded) until(ctx context.Context, bids int) {
	for n := 0; n < bids && ctx.Err() == nil; {
		select {
		case <-f.wrote:
		case <-ctx.Done():
		}
		n = 0
		f.mu.Lock()
		for row := range f.rows {
			k, _ := strconv.Atoi(strings.Split(row, "\x1f")[1])
			n += k
		}
		f.mu.Unlock()
	}
}

// folded folds a changelog into its rows.
type folded struct {
	wrote chan struct{} // has room for one: something was written since it was last taken
	mu    sync.Mutex
	rows  result
}

func (f *folded) Write(b *data.Batch) error {
	defer func() {
		select {
		case f.wrote <- struct{}{}:
		default:
		}
	}()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range b.Len() {
		r := b.Row(i)
		fields := make([]string, len(b.Cols))
		for k, c := range b.Cols {
			if !c.IsNull(r) {
				fields[k] = string(data.AppendText(nil, c, r, time.UTC))
			}
		}
		row := strings.Join(fields, "\x1f")
		n := 1
		if !b.Op(r).Adds() {
			n = -1
		}
		if f.rows[row] += n; f.rows[row] == 0 {
			delete(f.rows, row)
		}
	}
	return nil
}

func (f *folded) Prepare(int64) ([][]byte, error) { return nil, nil }
func (f *folded) Commit([][]byte) error           { return nil }
func (f *folded) Abort() error                    { return nil }
func (f *folded) Close() error                    { return nil }

// columns keeps some columns of a table.
func columns(r result, keep ...int) result {
	out := result{}
	for row, n := range r {
		fields := strings.Split(row, "\x1f")
		parts := make([]string, len(keep))
		for i, k := range keep {
			parts[i] = fields[k]
		}
		out[strings.Join(parts, "\x1f")] += n
	}
	return out
}

// checkAverages checks q6: of a seller with n auctions sold there are n rows,
// the averages of each closing price with those of the ten before it. Where two
// closed at one moment their order is free: then all orders of them count.
func checkAverages(t *testing.T, e *events, got result) {
	want := result{}
	for seller, list := range e.closings() {
		for i := range list {
			sum, n := int64(0), int64(0)
			for _, b := range list[max(0, i-10) : i+1] {
				sum, n = sum+b.Price, n+1
			}
			want.add(seller, sum/n)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d rows, computed by hand %d:\n%s", total(got), total(want), difference(got, want))
	}
}

// checkCounts checks q12, whose windows are of the clock: each bidder's bids
// are all counted, in windows of a second here.
func checkCounts(t *testing.T, e *events, got result) {
	want, have := map[string]int{}, map[string]int{}
	for _, b := range e.bids {
		want[fmt.Sprint(b.Bidder)]++
	}
	for row, times := range got {
		f := strings.Split(row, "\x1f")
		n, err := strconv.Atoi(f[1])
		if err != nil || times != 1 {
			t.Errorf("row %q is there %d times: %v", row, times, err)
		}
		have[f[0]] += n
		if begin, end := millis(f[2]), millis(f[3]); end-begin != second || begin%second != 0 {
			t.Errorf("a window from %s to %s", f[2], f[3])
		}
	}
	if !maps.Equal(want, have) {
		t.Errorf("%d bidders were counted, %d bid", len(have), len(want))
	}
}

func recording(q string) (result, error) {
	var r io.Reader
	f, err := os.Open(filepath.Join(*folder, "expected", q+".csv"))
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = os.Open(filepath.Join(*folder, "expected", q+".csv.gz")); err == nil {
			r, err = gzip.NewReader(f)
		}
	} else {
		r = f
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("recording of %s: %w", q, err)
	}
	rows := result{}
	for _, fields := range records {
		rows[strings.Join(fields, "\x1f")]++
	}
	return rows, nil
}

func total(r result) int {
	n := 0
	for _, k := range r {
		n += k
	}
	return n
}

func difference(got, want result) string {
	var lines []string
	for row := range got {
		if got[row] != want[row] {
			lines = append(lines, fmt.Sprintf("%+d %s", got[row]-want[row], strings.ReplaceAll(row, "\x1f", ",")))
		}
	}
	for row := range want {
		if got[row] == 0 {
			lines = append(lines, fmt.Sprintf("%+d %s", -want[row], strings.ReplaceAll(row, "\x1f", ",")))
		}
	}
	sort.Strings(lines)
	return strings.Join(slices.Clip(lines[:min(len(lines), 10)]), "\n")
}
