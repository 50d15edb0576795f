package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
)

const jobID = "0123456789abcdef0123456789abcdef"

var (
	bigint  = data.Of(data.BigInt).NotNull()
	columns = []data.Column{{Name: "k", Type: bigint}, {Name: "v", Type: bigint}}
)

// counted is VALUES -> filter v > 0 -> GROUP BY k: COUNT(*), SUM(v) -> collect.
func counted(rows ...[2]int64) *graph.Graph {
	var values [][]data.Value
	for _, r := range rows {
		values = append(values, []data.Value{{I: r[0]}, {I: r[1]}})
	}
	k, v := expr.Column(0, bigint), expr.Column(1, bigint)
	filter := expr.Call(">", data.Of(data.Boolean).NotNull(), v, expr.Literal(data.Value{I: 0}, bigint))
	out := []data.Column{{Name: "k", Type: bigint}, {Name: "n", Type: bigint}, {Name: "s", Type: bigint}}
	return &graph.Graph{Vertices: []graph.Vertex{
		{ID: strings.Repeat("1", 32), Name: "Source: values -> Calc", Ops: []graph.Op{
			{UID: "values", Name: "Values[1]", Schema: columns, Values: &graph.Values{Rows: values}},
			{Name: "Calc[2]", Schema: columns, Calc: &graph.Calc{Filter: &filter, Project: []expr.Expr{k, v}}},
		}},
		{ID: strings.Repeat("2", 32), Name: "GroupAggregate", Inputs: []graph.Edge{{Partitioning: graph.Hash, Keys: []int{0}}}, Ops: []graph.Op{
			{UID: "agg", Name: "GroupAggregate[3]", Schema: out, GroupAggregate: &graph.GroupAggregate{
				Keys: []int{0}, UpdateBefore: true,
				Aggs: []graph.AggCall{{Func: "COUNT", Filter: -1, Type: bigint}, {Func: "SUM", Args: []int{1}, Filter: -1, Type: bigint}},
			}},
		}},
		{ID: strings.Repeat("3", 32), Name: "Sink: collect", Parallelism: 1, Inputs: []graph.Edge{{From: 1, Partitioning: graph.Global}}, Ops: []graph.Op{
			{UID: "sink", Name: "Sink[4]", Schema: out, Sink: &graph.Sink{Table: graph.Table{Name: "collect", Connector: "collect", Columns: out}}},
		}},
	}}
}

func TestAggregateOverTwoTasks(t *testing.T) {
	result := map[string]int{}
	j, err := New(Config{}).Start(t.Context(), JobSpec{
		ID: jobID, Name: "counts", Graph: counted([2]int64{1, 10}, [2]int64{2, 5}, [2]int64{1, -3}, [2]int64{1, 7}),
		Config: map[string]string{"parallelism.default": "2"},
		Collect: func(b *data.Batch) error {
			for i := range b.Len() {
				r := b.Row(i)
				text := fmt.Sprint(b.Cols[0].I64[r], b.Cols[1].I64[r], b.Cols[2].I64[r])
				if b.Op(r).Adds() {
					result[text]++
				} else if result[text]--; result[text] == 0 {
					delete(result, text)
				}
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(result) != "map[1 2 17:1 2 1 5:1]" {
		t.Errorf("got %v", result)
	}
	i := j.Info()
	if i.State != Finished || i.Streaming || i.Vertices[0].Subtasks[0].State != TaskFinished || len(i.Vertices[1].Subtasks) != 2 {
		t.Errorf("info %+v", i)
	}
}

func TestErrorOfTheReaderEndsTheJob(t *testing.T) {
	calls := 0
	j, err := New(Config{}).Start(t.Context(), JobSpec{
		ID: jobID, Graph: counted([2]int64{1, 10}, [2]int64{1, -1}),
		Config:  map[string]string{"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.delay": "0 s"},
		Collect: func(*data.Batch) error { calls++; return errors.New("the client has gone") },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "the client has gone") || calls != 1 {
		t.Errorf("after %d calls: %v", calls, err)
	}
}

func TestStartRefuses(t *testing.T) {
	g := counted([2]int64{1, 1})
	missing := counted()
	missing.Vertices[2].Ops[0].Sink.Table.Connector = "kafkaa"
	for _, tt := range []struct {
		name string
		spec JobSpec
		want string
	}{
		{"id", JobSpec{ID: "x", Graph: g}, "32 hex digits"},
		{"graph", JobSpec{ID: jobID}, "has no graph"},
		{"empty", JobSpec{ID: jobID, Graph: &graph.Graph{}}, "nothing to run"},
		{"duration", JobSpec{ID: jobID, Graph: g, Config: map[string]string{"execution.checkpointing.interval": "soon"}}, `execution.checkpointing.interval: a duration such as '10 s' expected, got "soon"`},
		{"storage", JobSpec{ID: jobID, Graph: g, Config: map[string]string{"state.checkpoints.dir": "gs://b/c"}}, `state.checkpoints.dir: "gs://b/c": storage "gs" is not supported`},
		{"strategy", JobSpec{ID: jobID, Graph: g, Config: map[string]string{"restart-strategy": "sometimes"}}, "restart-strategy: none, fixed-delay"},
		{"parallelism", JobSpec{ID: jobID, Graph: g, Config: map[string]string{"parallelism.default": "0"}}, "parallelism.default: a whole number of at least 1"},
		{"zone", JobSpec{ID: jobID, Graph: g, Config: map[string]string{"table.local-time-zone": "Mars"}}, "table.local-time-zone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Config{}).Start(t.Context(), tt.spec)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	j, err := New(Config{}).Start(t.Context(), JobSpec{ID: jobID, Graph: missing})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), `no connector "kafkaa"`) || j.Info().State != Failed {
		t.Errorf("got %v", err)
	}
}

func TestSettings(t *testing.T) {
	s, err := settingsOf(map[string]string{
		"parallelism.default": "3", "pipeline.max-parallelism": "256",
		"execution.checkpointing.interval": "10 s", "state.checkpoints.dir": "file:///tmp/a", "state.savepoints.dir": "/tmp/b",
		"state.checkpoints.num-retained": "3", "table.local-time-zone": "GMT+02:30", "state.backend.memory": "1 mb",
		"state.backend.type": "rocksdb", "io.tmp.dirs": "/var/a,/var/b",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.parallelism != 3 || s.maxParallelism != 256 || s.checkpoint.Interval != 10*time.Second || s.checkpoint.Dir != "/tmp/a" ||
		s.checkpoint.Savepoints != "/tmp/b" || s.checkpoint.Retained != 3 || s.checkpoint.Timeout != 10*time.Minute || s.memory != 1<<20 || s.localDir != "/var/a" {
		t.Errorf("settings %+v", s)
	}
	if s.restart.Kind != "exponential-delay" || s.restart.Delay != time.Second {
		t.Errorf("with checkpoints: %+v", s.restart)
	}
	if _, offset := time.Now().In(s.zone.Location).Zone(); offset != 9000 {
		t.Errorf("zone %v", s.zone)
	}
	s, err = settingsOf(nil)
	if err != nil || s.restart.Kind != "none" || s.parallelism != 1 {
		t.Errorf("defaults %+v, %v", s, err)
	}
	s, err = settingsOf(map[string]string{"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "2147483647"})
	if err != nil || s.restart.Kind != "fixed-delay" || s.restart.Attempts != 0 {
		t.Errorf("fixed delay %+v, %v", s, err)
	}
}

func TestOutputKeepsTheLastRows(t *testing.T) {
	o := newOutput(&graph.Graph{Vertices: []graph.Vertex{{Ops: []graph.Op{{Sink: &graph.Sink{Table: graph.Table{Name: "p", Connector: "print", Columns: columns}}}}}}})
	if got := o.since(0, 10); len(got) != 1 || got[0].Name != "p" || len(got[0].Columns) != 2 || got[0].Rows != nil {
		t.Fatalf("before the first row: %+v", got)
	}
	for i := range 2500 {
		v := fmt.Sprint(i + 1)
		o.add([]connector.Printed{{Table: "p", Op: data.Insert, Values: []*string{&v}}})
	}
	for _, tt := range []struct{ after, limit, first, n int }{{0, 5000, 1501, 1000}, {1800, 5000, 1801, 700}, {2490, 3, 2491, 3}, {2500, 10, 0, 0}, {9999, 10, 0, 0}} {
		rows := o.since(int64(tt.after), tt.limit)[0].Rows
		if len(rows) != tt.n || tt.n > 0 && (rows[0].Seq != int64(tt.first) || *rows[0].Values[0] != fmt.Sprint(tt.first)) {
			t.Errorf("after %d limit %d: %d rows", tt.after, tt.limit, len(rows))
		}
	}
}

// A table of a connector given to New; the job reads, prints, and is stopped.
func TestPluggedConnector(t *testing.T) {
	ticker := &connector.Connector{Name: "ticker", Source: func(connector.SourceSpec) (connector.Source, error) { return &tickSource{}, nil }}
	var mu sync.Mutex
	var printed []string
	printer := &connector.Connector{Name: "print", Sink: func(s connector.SinkSpec) (connector.Sink, error) { return printSink{s}, nil }}
	g := &graph.Graph{Vertices: []graph.Vertex{{ID: strings.Repeat("1", 32), Name: "all", Ops: []graph.Op{
		{UID: "source", Name: "Source", Schema: columns, Source: &graph.Source{Table: graph.Table{Name: "t", Connector: "ticker"}}},
		{UID: "sink", Name: "Sink", Schema: columns, Sink: &graph.Sink{Table: graph.Table{Name: "p", Connector: "print", Columns: columns}}},
	}}}}
	e := New(Config{Connectors: []*connector.Connector{ticker, printer}})
	j, err := e.Start(t.Context(), JobSpec{ID: jobID, Graph: g, Print: func(rows []connector.Printed) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range rows {
			printed = append(printed, *r.Values[0])
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for len(j.Output(0, 100)[0].Rows) < 5 {
		time.Sleep(time.Millisecond)
	}
	path, err := j.Savepoint(context.Background(), SavepointRequest{Dir: t.TempDir(), Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	first := slices.Clone(printed)
	again, err := e.Start(t.Context(), JobSpec{ID: "f" + jobID[1:], Graph: g, SavepointPath: path})
	if err != nil {
		t.Fatal(err)
	}
	for len(again.Output(0, 100)[0].Rows) < 5 {
		time.Sleep(time.Millisecond)
	}
	if got, want := *again.Output(0, 1)[0].Rows[0].Values[0], fmt.Sprint(len(first)+1); got != want {
		t.Errorf("goes on with %s, want %s", got, want)
	}
	if !again.Info().Streaming {
		t.Error("an unbounded source is not streaming")
	}
	again.Cancel()
	if err := again.Wait(t.Context()); err != ErrCanceled {
		t.Errorf("got %v", err)
	}
}

type tickSource struct{ n int64 }

func (s *tickSource) Restore(splits []connector.Split) error {
	_, err := fmt.Sscan(string(splits[0].Position), &s.n)
	return err
}

func (s *tickSource) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	for _, c := range b.Cols {
		c.Resize(1)
		c.I64[0] = s.n + 1
	}
	b.N = 1
	s.n++
	return connector.Idle, nil
}

func (s *tickSource) Splits() []connector.Split {
	return []connector.Split{{ID: "0", Position: fmt.Append(nil, s.n)}}
}
func (s *tickSource) Close() error { return nil }

type printSink struct{ spec connector.SinkSpec }

func (s printSink) Write(b *data.Batch) error {
	for i := range b.Len() {
		v := fmt.Sprint(b.Cols[0].I64[b.Row(i)])
		s.spec.Print([]connector.Printed{{Table: s.spec.Sink.Table.Name, Values: []*string{&v}}})
	}
	return nil
}
func (s printSink) Prepare(int64) ([][]byte, error) { return nil, nil }
func (s printSink) Commit([][]byte) error           { return nil }
func (s printSink) Abort() error                    { return nil }
func (s printSink) Close() error                    { return nil }

// TestQuietTablesKeepTheirRows prints one row to one table and many to another.
func TestQuietTablesKeepTheirRows(t *testing.T) {
	o := &output{}
	v := "x"
	o.add([]connector.Printed{{Table: "quiet", Op: data.Insert, Values: []*string{&v}}})
	for range 3000 {
		o.add([]connector.Printed{{Table: "busy", Op: data.Insert, Values: []*string{&v}}})
	}
	got := o.since(-1, 2)
	if len(got) != 2 || len(got[0].Rows) != 1 || len(got[1].Rows) != 2 || got[1].Rows[1].Seq != 3001 {
		t.Errorf("newest rows: %+v", got)
	}
}
