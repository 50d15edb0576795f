package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/connector/connectortest"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/json"
	"github.com/weir-streams/weir/engine/format/raw"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// broker is a fake cluster with a client for looking and writing.
type broker struct {
	addrs  string
	client *kgo.Client
	admin  *kadm.Client
}

func newBroker(t testing.TB, topics map[string]int) *broker {
	t.Helper()
	opts := []kfake.Opt{kfake.NumBrokers(1)}
	for name, n := range topics {
		opts = append(opts, kfake.SeedTopics(int32(n), name))
	}
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b := &broker{addrs: strings.Join(c.ListenAddrs(), ",")}
	if b.client, err = kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.client.Close)
	b.admin = kadm.NewClient(b.client)
	return b
}

func (b *broker) produce(t testing.TB, records ...*kgo.Record) {
	t.Helper()
	if err := b.client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// read gives all records of a topic that a reader of committed ones sees, as "key=value".
func (b *broker) read(t testing.TB, topic string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ends, err := offsets(b.admin.ListCommittedOffsets(ctx, topic))
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{}
	at := map[int32]kgo.Offset{}
	for p, end := range ends[topic] {
		if at[p] = kgo.NewOffset().At(0); end > 0 {
			left[p] = end
		}
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(b.addrs, ",")...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: at}), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out []string
	for len(left) > 0 {
		f := c.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("partitions not read to their ends: %v", left)
		}
		f.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
			if r.Attrs.IsControl() {
				return
			}
			value := "null"
			if r.Value != nil {
				value = string(r.Value)
			}
			if r.Key != nil {
				value = string(r.Key) + "=" + value
			}
			out = append(out, value)
		})
	}
	return out
}

var bigint, text = data.Of(data.BigInt), data.Of(data.VarChar)

func options(t testing.TB, c *connector.Connector, given map[string]string) option.Values {
	t.Helper()
	v, err := option.CheckOf("connector "+c.Name, c.Options, given)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func noOptions(t testing.TB, f *format.Format) option.Values {
	t.Helper()
	v, err := option.Check(f.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// table makes what a source of all columns and metadata needs.
func table(c *connector.Connector, columns []data.Column, meta ...graph.MetadataColumn) (graph.Source, []data.Column) {
	s := graph.Source{Table: graph.Table{Name: "t", Connector: c.Name, Columns: columns, Metadata: meta, Options: map[string]string{}}}
	schema := append([]data.Column(nil), columns...)
	for i := range columns {
		s.Output = append(s.Output, graph.Path{Column: i, Metadata: -1})
	}
	for i, m := range meta {
		s.Output = append(s.Output, graph.Path{Metadata: i})
		schema = append(schema, data.Column{Name: m.Name, Type: m.Type})
	}
	return s, schema
}

func open(t testing.TB, c *connector.Connector, s connector.SourceSpec) connector.Source {
	t.Helper()
	if s.Format == nil {
		s.Format, s.FormatOptions = json.Format, noOptions(t, json.Format)
	}
	if s.Parallelism == 0 {
		s.Parallelism = 1
	}
	if c.Check != nil {
		if err := c.Check(s.Source.Table, s.Options); err != nil {
			t.Fatal(err)
		}
	}
	k, err := c.Source(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSourceContract(t *testing.T) {
	b := newBroker(t, map[string]int{"orders": 5})
	for i := range 9000 {
		b.produce(t, &kgo.Record{Topic: "orders", Partition: int32(i * i % 5), Value: fmt.Appendf(nil, `{"id":%d,"name":"n%d"}`, i, i)})
	}
	columns := []data.Column{{Name: "id", Type: bigint}, {Name: "name", Type: text}}
	s, schema := table(Connector, columns, graph.MetadataColumn{Name: "p", Key: "partition", Type: data.Of(data.Int), Virtual: true}, graph.MetadataColumn{Name: "o", Key: "offset", Type: bigint, Virtual: true})
	connectortest.RunSource(t, schema, func(t testing.TB, subtask, parallelism int) connector.Source {
		return open(t, Connector, connector.SourceSpec{Source: s, Schema: schema, Subtask: subtask, Parallelism: parallelism, Options: options(t, Connector, map[string]string{
			"topic": "orders", "properties.bootstrap.servers": b.addrs, "scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset",
		})})
	})
}

func TestSinkContract(t *testing.T) {
	var b *broker
	columns := []data.Column{{Name: "id", Type: bigint}, {Name: "name", Type: text}}
	connectortest.RunSink(t, connectortest.Sinks{
		Fresh: func(t testing.TB) { b = newBroker(t, map[string]int{"out": 3}) },
		Open: func(t testing.TB, subtask, parallelism, attempt int) connector.Sink {
			k, err := newSink(connector.SinkSpec{
				Sink: graph.Sink{Table: graph.Table{Name: "t", Connector: "kafka", Columns: columns}}, Schema: columns, Format: json.Format, FormatOptions: noOptions(t, json.Format),
				Subtask: subtask, Parallelism: parallelism, JobID: t.Name() + b.addrs, Attempt: attempt,
				Options: options(t, Connector, map[string]string{
					"topic": "out", "properties.bootstrap.servers": b.addrs, "sink.delivery-guarantee": "exactly-once", "sink.transactional-id-prefix": "tx",
				}),
			})
			if err != nil {
				t.Fatal(err)
			}
			return sent{k}
		},
		Rows: func(i int) *data.Batch {
			ids, names := data.NewVector(bigint, 500), data.NewVector(text, 500)
			for k := range 500 {
				ids.I64[k] = int64(i*1000 + k)
				names.SetString(k, fmt.Sprintf("name %d", i))
			}
			return &data.Batch{N: 500, Cols: []*data.Vector{ids, names}}
		},
		Text: func(i int) []string {
			var out []string
			for k := range 500 {
				out = append(out, fmt.Sprintf(`{"id":%d,"name":"name %d"}`, i*1000+k, i))
			}
			return out
		},
		Visible: func(t testing.TB) []string {
			b.settled(t)
			return b.read(t, "out")
		},
		Hidden: func(t testing.TB) int { return b.transactions(t, "Ongoing") },
	})
}

// sent is a sink whose rows are at the broker when Write returns: what a
// crashed process wrote does not arrive after its successor has begun.
type sent struct{ connector.Sink }

func (s sent) Write(b *data.Batch) error {
	if err := s.Sink.Write(b); err != nil {
		return err
	}
	return s.Sink.(*sink).out.(*transactions).open.flush()
}

func (b *broker) transactions(t testing.TB, states ...string) int {
	t.Helper()
	list, err := b.admin.ListTransactions(context.Background(), nil, states)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// settled waits until what was committed is visible: the broker answers before
// it has marked every partition.
func (b *broker) settled(t testing.TB) {
	t.Helper()
	for b.transactions(t, "PrepareCommit", "PrepareAbort") > 0 {
		time.Sleep(time.Millisecond)
	}
}

func drain(t testing.TB, s connector.Source, schema []data.Column) []string {
	t.Helper()
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	return connectortest.Read(t, s, schema, 0)
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestStartAndBound(t *testing.T) {
	b := newBroker(t, map[string]int{"t": 2, "t2": 1})
	at := func(sec int) time.Time { return time.UnixMilli(int64(1_700_000_000_000 + sec*1000)) }
	for i := range 6 {
		b.produce(t, &kgo.Record{Topic: "t", Partition: int32(i % 2), Value: fmt.Appendf(nil, `{"id":%d}`, i), Timestamp: at(i)})
	}
	var committed kadm.Offsets
	committed.Add(kadm.Offset{Topic: "t", Partition: 0, At: 2, LeaderEpoch: -1})
	committed.Add(kadm.Offset{Topic: "t", Partition: 1, At: 1, LeaderEpoch: -1})
	if err := b.admin.CommitAllOffsets(context.Background(), "g", committed); err != nil {
		t.Fatal(err)
	}
	columns := []data.Column{{Name: "id", Type: bigint}}
	s, schema := table(Connector, columns)
	for _, c := range []struct {
		name  string
		given string
		want  string
	}{
		{"earliest", "scan.startup.mode=earliest-offset", "0 1 2 3 4 5"},
		{"latest", "scan.startup.mode=latest-offset", ""},
		{"group", "scan.startup.mode=group-offsets properties.group.id=g", "3 4 5"},
		{"no group offsets, reset", "properties.group.id=other properties.auto.offset.reset=earliest", "0 1 2 3 4 5"},
		{"timestamp", "scan.startup.mode=timestamp scan.startup.timestamp-millis=1700000004000", "4 5"},
		{"specific", "scan.startup.mode=specific-offsets scan.startup.specific-offsets=partition:0,offset:1;partition:1,offset:2", "2 4 5"},
		{"bounded by time", "scan.startup.mode=earliest-offset scan.bounded.mode=timestamp scan.bounded.timestamp-millis=1700000003000", "0 1 2"},
		{"bounded by offsets", "scan.startup.mode=earliest-offset scan.bounded.mode=specific-offsets scan.bounded.specific-offsets=partition:0,offset:1;partition:1,offset:0", "0"},
		{"bounded by group", "scan.startup.mode=earliest-offset scan.bounded.mode=group-offsets properties.group.id=g", "0 1 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := map[string]string{"topic": "t", "properties.bootstrap.servers": b.addrs, "scan.bounded.mode": "latest-offset"}
			for _, kv := range strings.Fields(c.given) {
				k, v, _ := strings.Cut(kv, "=")
				given[k] = v
			}
			rows := drain(t, open(t, Connector, connector.SourceSpec{Source: s, Schema: schema, Options: options(t, Connector, given)}), schema)
			got := make([]string, len(rows))
			for i, r := range rows {
				got[i] = strings.Trim(r, "+I[]")
			}
			sortNumbers(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %s", rows, c.want)
			}
		})
	}
	t.Run("nobody said where", func(t *testing.T) {
		k := open(t, Connector, connector.SourceSpec{Source: s, Schema: schema, Options: options(t, Connector, map[string]string{"topic": "t", "properties.bootstrap.servers": b.addrs, "properties.group.id": "other"})})
		_, err := k.Poll(context.Background(), data.MakeBatch([]data.Type{bigint}, 0))
		if err == nil || !strings.Contains(err.Error(), "has no offset for partition 0 of topic t; set 'scan.startup.mode'") {
			t.Errorf("got %v", err)
		}
		_ = k.Close()
	})
	t.Run("no such topic", func(t *testing.T) {
		k := open(t, Connector, connector.SourceSpec{Source: s, Schema: schema, Options: options(t, Connector, map[string]string{"topic": "nowhere", "properties.bootstrap.servers": b.addrs, "scan.startup.mode": "earliest-offset"})})
		_, err := k.Poll(context.Background(), data.MakeBatch([]data.Type{bigint}, 0))
		if err == nil || !strings.Contains(err.Error(), "topic nowhere does not exist") {
			t.Errorf("got %v", err)
		}
		_ = k.Close()
	})
}

func sortNumbers(s []string) {
	for i := range s {
		for k := i; k > 0 && len(s[k-1])*1000+int(s[k-1][0]) > len(s[k])*1000+int(s[k][0]); k-- {
			s[k-1], s[k] = s[k], s[k-1]
		}
	}
}

func TestKeysAndMetadata(t *testing.T) {
	b := newBroker(t, map[string]int{"t": 1})
	b.produce(t,
		&kgo.Record{Topic: "t", Key: []byte(`{"id":1}`), Value: []byte("{\n\"v\": \"a\"\n}"), Timestamp: time.UnixMilli(5), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("x")}}},
		&kgo.Record{Topic: "t", Key: []byte(`{"id":2}`), Value: nil, Timestamp: time.UnixMilli(6)},
		&kgo.Record{Topic: "t", Value: []byte(`{"v":"no key"}`), Timestamp: time.UnixMilli(7)},
		&kgo.Record{Topic: "t", Key: []byte(`{"id":3}`), Value: []byte(``), Timestamp: time.UnixMilli(8)},
		&kgo.Record{Topic: "t", Key: []byte(`{"id":4}`), Value: []byte(`{"v":"d"}`), Timestamp: time.UnixMilli(9)},
	)
	columns := []data.Column{{Name: "k_id", Type: bigint}, {Name: "v", Type: text}}
	headers := data.Type{Kind: data.Map, Nullable: true, Args: []data.Type{text.NotNull(), data.Of(data.VarBinary)}}
	s, schema := table(Connector, columns,
		graph.MetadataColumn{Name: "ts", Key: "timestamp", Type: data.Type{Kind: data.TimestampLTZ, Precision: 3, Nullable: true}, Virtual: true},
		graph.MetadataColumn{Name: "o", Key: "offset", Type: bigint, Virtual: true},
		graph.MetadataColumn{Name: "tt", Key: "timestamp-type", Type: text, Virtual: true},
		graph.MetadataColumn{Name: "h", Key: "headers", Type: headers, Virtual: true},
		graph.MetadataColumn{Name: "topic", Key: "topic", Type: text, Virtual: true})
	s.Table.Options["key.format"] = "json"
	rows := drain(t, open(t, Connector, connector.SourceSpec{
		Source: s, Schema: schema, KeyFormat: json.Format, KeyFormatOptions: noOptions(t, json.Format),
		Options: options(t, Connector, map[string]string{
			"topic": "t", "properties.bootstrap.servers": b.addrs, "scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset",
			"key.fields": "k_id", "key.fields-prefix": "k_", "value.fields-include": "EXCEPT_KEY",
		}),
	}), schema)
	expect(t, rows,
		"1|a|1970-01-01 00:00:00.005|0|CreateTime|{h=x'78'}|t",
		"4|d|1970-01-01 00:00:00.009|4|CreateTime|{}|t")
}

func TestUpsert(t *testing.T) {
	b := newBroker(t, map[string]int{"t": 1, "out": 1})
	b.produce(t,
		&kgo.Record{Topic: "t", Key: []byte(`1`), Value: []byte(`{"id":1,"v":"a"}`)},
		&kgo.Record{Topic: "t", Key: []byte(`2`), Value: []byte(`{"id":2,"v":"b"}`)},
		&kgo.Record{Topic: "t", Key: []byte(`1`), Value: nil},
		&kgo.Record{Topic: "t", Key: []byte(`2`), Value: []byte(`{"id":2,"v":"c"}`)},
	)
	columns := []data.Column{{Name: "id", Type: text.NotNull()}, {Name: "v", Type: text}}
	s, schema := table(Upsert, columns)
	s.Table.PrimaryKey = []string{"id"}
	s.Table.Options["key.format"], s.Table.Options["value.format"] = "raw", "json"
	rows := drain(t, open(t, Upsert, connector.SourceSpec{
		Source: s, Schema: schema, KeyFormat: raw.Format, KeyFormatOptions: noOptions(t, raw.Format),
		Options: options(t, Upsert, map[string]string{"topic": "t", "properties.bootstrap.servers": b.addrs, "scan.bounded.mode": "latest-offset"}),
	}), schema)
	expect(t, rows, "+U 1|a", "+U 2|b", `-D 1|\N`, "+U 2|c")

	k, err := Upsert.Sink(connector.SinkSpec{
		Sink: graph.Sink{Table: s.Table}, Schema: columns, Format: json.Format, FormatOptions: noOptions(t, json.Format), KeyFormat: raw.Format, KeyFormatOptions: noOptions(t, raw.Format),
		Parallelism: 1, Options: options(t, Upsert, map[string]string{"topic": "out", "properties.bootstrap.servers": b.addrs, "value.fields-include": "EXCEPT_KEY"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	ids, vs := data.NewVector(text, 7), data.NewVector(text, 7)
	ops := []data.Op{data.Insert, data.UpdateBefore, data.UpdateAfter, data.Insert, data.Delete, data.UpdateBefore, data.UpdateAfter}
	for i, x := range []string{"1 a", "1 a", "1 b", "2 x", "2 x", "1 b", "3 b"} {
		id, v, _ := strings.Cut(x, " ")
		ids.SetString(i, id)
		vs.SetString(i, v)
	}
	if err := k.Write(&data.Batch{N: 7, Cols: []*data.Vector{ids, vs}, Ops: ops}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Prepare(1); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, b.read(t, "out"), `1={"v":"a"}`, `1={"v":"b"}`, `2={"v":"x"}`, `2=null`, `1=null`, `3={"v":"b"}`)
}

func TestGroupLearnsOfCheckpoints(t *testing.T) {
	b := newBroker(t, map[string]int{"t": 1})
	for i := range 10 {
		b.produce(t, &kgo.Record{Topic: "t", Value: fmt.Appendf(nil, `{"id":%d}`, i)})
	}
	columns := []data.Column{{Name: "id", Type: bigint}}
	s, schema := table(Connector, columns)
	k := open(t, Connector, connector.SourceSpec{Source: s, Schema: schema, Options: options(t, Connector, map[string]string{
		"topic": "t", "properties.bootstrap.servers": b.addrs, "scan.startup.mode": "earliest-offset", "properties.group.id": "g",
	})})
	connectortest.Read(t, k, schema, 10)
	k.Splits()
	k.(connector.Listener).Checkpointed(7)
	k.(connector.Listener).Completed(7)
	if err := k.Close(); err != nil { // waits for the commit
		t.Fatal(err)
	}
	got, err := b.admin.FetchOffsets(context.Background(), "g")
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := got.Lookup("t", 0); !ok || o.At != 10 {
		t.Errorf("the group is at %+v, want 10", o)
	}
}

// Who waits for arrivals needs no polls that wait: after each signal something is there.
func TestArrivalsAreTold(t *testing.T) {
	b := newBroker(t, map[string]int{"t": 2})
	s, schema := table(Connector, []data.Column{{Name: "id", Type: bigint}})
	k := open(t, Connector, connector.SourceSpec{Source: s, Schema: schema, Parallelism: 1, Options: options(t, Connector, map[string]string{
		"topic": "t", "properties.bootstrap.servers": b.addrs, "scan.startup.mode": "earliest-offset",
	})})
	arrivals := k.(connector.Awaitable).Arrivals()
	ctx := context.Background()
	poll := func() (int, connector.Status) {
		t.Helper()
		batch := data.MakeBatch([]data.Type{bigint}, 0)
		defer batch.Release()
		status, err := k.Poll(ctx, batch)
		if err != nil {
			t.Fatal(err)
		}
		return batch.Len(), status
	}
	if n, status := poll(); n != 0 || status != connector.Idle {
		t.Fatalf("%d rows, status %d of an empty topic", n, status)
	}
	for i := range 20 {
		b.produce(t, &kgo.Record{Topic: "t", Value: fmt.Appendf(nil, `{"id":%d}`, i)})
		<-arrivals
		if n, _ := poll(); n != 1 {
			t.Fatalf("%d rows after signal %d, want 1", n, i)
		}
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNewPartitionsAndTopics(t *testing.T) {
	b := newBroker(t, map[string]int{"a-1": 1})
	columns := []data.Column{{Name: "id", Type: bigint}}
	s, schema := table(Connector, columns)
	k := open(t, Connector, connector.SourceSpec{Source: s, Schema: schema, Options: options(t, Connector, map[string]string{
		"topic-pattern": "a-.*", "properties.bootstrap.servers": b.addrs, "scan.startup.mode": "latest-offset", "scan.topic-partition-discovery.interval": "20 ms",
	})})
	defer func() { _ = k.Close() }()
	if b, status := connectortest.Poll(t, k, schema); b.N != 0 || status != connector.Idle {
		t.Fatalf("%d rows, status %d", b.N, status)
	}
	ctx := context.Background()
	if _, err := b.admin.CreateTopic(ctx, 1, 1, nil, "a-2"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.admin.CreateTopic(ctx, 1, 1, nil, "b-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.admin.CreatePartitions(ctx, 1, "a-1"); err != nil {
		t.Fatal(err)
	}
	b.client.ForceMetadataRefresh()
	b.produce(t, &kgo.Record{Topic: "a-2", Value: []byte(`{"id":2}`)}, &kgo.Record{Topic: "b-1", Value: []byte(`{"id":9}`)}, &kgo.Record{Topic: "a-1", Partition: 1, Value: []byte(`{"id":3}`)})
	rows := connectortest.Read(t, k, schema, 2)
	if len(rows) != 2 || strings.Contains(strings.Join(rows, ""), "9") {
		t.Errorf("got %v", rows)
	}
	if n := len(k.Splits()); n != 3 {
		t.Errorf("%d splits, want 3", n)
	}
}

func TestPartitionsAreSpread(t *testing.T) {
	for _, n := range []int{2, 3, 4, 8} {
		count := make([]int, n)
		for i := range int32(24) {
			id := splitID("some.topic-name", i)
			topic, index, err := parseID(id)
			if err != nil || topic != "some.topic-name" || index != i {
				t.Fatalf("%s: %s %d %v", id, topic, index, err)
			}
			count[connector.Owner(id, n)]++
		}
		for _, c := range count {
			if c < 24/n-2 || c > 24/n+2 {
				t.Errorf("%d subtasks have %v partitions", n, count)
			}
		}
	}
}

func TestWrongOptions(t *testing.T) {
	good := map[string]string{"topic": "t", "properties.bootstrap.servers": "localhost:9092", "scan.startup.mode": "earliest-offset"}
	for _, c := range []struct{ change, want string }{
		{"topic-pattern=x", "give one of the options 'topic' and 'topic-pattern'"},
		{"scan.startup.mode=timestamp", "needs 'scan.startup.timestamp-millis'"},
		{"scan.startup.mode=specific-offsets scan.startup.specific-offsets=42", "partition:0,offset:42;partition:1,offset:300 expected, got \"42\""},
		{"key.fields=id", "'key.fields' needs 'key.format'"},
		{"key.fields=id key.fields-prefix=x", "must begin with \"x\""},
		{"sink.delivery-guarantee=exactly-once", "needs 'sink.transactional-id-prefix'"},
		{"sink.partitioner=com.acme.P", "runs only on a Flink target"},
		{"properties.isolation.level=no", "option 'properties.isolation.level': read_committed or read_uncommitted expected"},
		{"properties.security.protocol=SASL_SSL", "must have username"},
		{"properties.fetch.max.bytes=many", "a whole number expected"},
		{"properties.security.protocol=SSL properties.ssl.truststore.location=/x.jks", "no such file"},
	} {
		given := map[string]string{}
		for k, v := range good {
			given[k] = v
		}
		for _, kv := range strings.Fields(c.change) {
			k, v, _ := strings.Cut(kv, "=")
			given[k] = v
		}
		err := Connector.Check(graph.Table{Name: "t", Connector: "kafka", Columns: []data.Column{{Name: "id", Type: bigint}}}, options(t, Connector, given))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.change, err, c.want)
		}
	}
}

// A task that is to stop does not wait for brokers that do not answer, neither
// where the client keeps no more records nor for what it keeps.
func TestSinkStopsWithItsTask(t *testing.T) {
	running, stop := context.WithCancel(context.Background())
	p, err := newProducer(running, []kgo.Opt{kgo.SeedBrokers("127.0.0.1:1"), kgo.MaxBufferedRecords(1)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.client.Close()
	done := make(chan error)
	go func() {
		err := p.send([]kgo.Record{{Topic: "t", Value: []byte("y")}, {Topic: "t", Value: []byte("z")}})
		done <- errors.Join(err, p.flush())
	}()
	stop()
	if err := <-done; err == nil {
		t.Error("no error")
	}
}
