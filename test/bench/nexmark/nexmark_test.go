package nexmark

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// The published generator's stream, seeded, as it was recorded for Flink.
const recorded = "'connector' = 'nexmark', 'events.num' = '20000', 'seed' = '42', 'base-time' = '2024-02-28 23:59:10', " +
	"'first-event.rate' = '200', 'next-event.rate' = '200'"

// table folds a changelog into its rows.
type table struct {
	mu   sync.Mutex
	rows map[string]int
}

func (t *table) Write(b *data.Batch) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range b.Len() {
		r := b.Row(i)
		var fields []string
		for _, c := range b.Cols {
			text := ""
			if !c.IsNull(r) {
				text = string(data.AppendText(nil, c, r, time.UTC))
			}
			fields = append(fields, text)
		}
		row := strings.Join(fields, "\x1f")
		n := 1
		if !b.Op(r).Adds() {
			n = -1
		}
		if t.rows[row] += n; t.rows[row] == 0 {
			delete(t.rows, row)
		}
	}
	return nil
}

func (t *table) Prepare(int64) ([][]byte, error) { return nil, nil }
func (t *table) Commit([][]byte) error           { return nil }
func (t *table) Abort() error                    { return nil }
func (t *table) Close() error                    { return nil }

// TestResultsAreThoseOfFlink runs queries whose results do not depend on the
// clock over the events that Apache Flink 2.3.0 was given, and compares the
// final tables.
func TestResultsAreThoseOfFlink(t *testing.T) {
	ran := 0
	for _, query := range Names() {
		want, err := expected(query)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		ran++
		for _, parallelism := range []string{"1", "2"} {
			t.Run(query+"/"+parallelism, func(t *testing.T) {
				got := &table{rows: map[string]int{}}
				sink := &connector.Connector{Name: "table", AcceptsUpdates: true, Sink: func(connector.SinkSpec) (connector.Sink, error) { return got, nil }}
				e := engine.New(engine.Config{Connectors: []*connector.Connector{sink}})
				script, err := Script(query, Options{Source: recorded, Sink: "'connector' = 'table'"})
				if err != nil {
					t.Fatal(err)
				}
				plan, err := e.Compile(script, map[string]string{"parallelism.default": parallelism})
				if err != nil {
					t.Fatal(err)
				}
				job, err := e.Start(t.Context(), engine.JobSpec{ID: fmt.Sprintf("%032d", 1), Name: query, Graph: plan.Graph, Config: plan.Config})
				if err != nil {
					t.Fatal(err)
				}
				if err := job.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if !maps.Equal(got.rows, want) {
					t.Errorf("%d rows, Flink has %d:\n%s", len(got.rows), len(want), difference(got.rows, want))
				}
			})
		}
	}
	if ran < 8 {
		t.Errorf("only %d queries have an expectation", ran)
	}
}

func expected(query string) (map[string]int, error) {
	var r io.Reader
	f, err := os.Open("testdata/" + query + ".csv")
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = os.Open("testdata/" + query + ".csv.gz"); err == nil {
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
		return nil, fmt.Errorf("expectation of %s: %w", query, err)
	}
	rows := map[string]int{}
	for _, fields := range records {
		rows[strings.Join(fields, "\x1f")]++
	}
	return rows, nil
}

func difference(got, want map[string]int) string {
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
