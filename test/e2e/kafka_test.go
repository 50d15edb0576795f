package e2e

import (
	"context"
	"flag"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/kafka"
)

var (
	kafkaRecords  = flag.Int("kafka-records", 200_000, "records of TestKafkaExactlyOnce")
	kafkaKills    = flag.Int("kafka-kills", 5, "kills of the engine in TestKafkaExactlyOnce")
	kafkaSeed     = flag.Int64("kafka-seed", 1, "schedule of TestKafkaExactlyOnce")
	kafkaRestarts = flag.Int("kafka-restarts", 1, "restarts of the broker in TestKafkaExactlyOnce")
)

const kafkaPartitions = 4

// totals reads a topic, counts by key and second, and writes the counts into
// another topic, each once.
func totals(addr string) string {
	return fmt.Sprintf(`
CREATE TEMPORARY TABLE readings (
  sensor BIGINT, v BIGINT, ts BIGINT,
  happened AS TO_TIMESTAMP_LTZ(ts, 3),
  WATERMARK FOR happened AS happened
) WITH ('connector' = 'kafka', 'topic' = 'readings', 'properties.bootstrap.servers' = '%[1]s', 'properties.group.id' = 'totals',
  'scan.startup.mode' = 'earliest-offset', 'format' = 'json');

CREATE TEMPORARY TABLE totals (
  sensor BIGINT, window_start TIMESTAMP_LTZ(3), n BIGINT, total BIGINT
) WITH ('connector' = 'kafka', 'topic' = 'totals', 'properties.bootstrap.servers' = '%[1]s', 'format' = 'csv', 'key.format' = 'csv', 'key.fields' = 'sensor',
  'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'totals', 'properties.compression.type' = 'lz4');

INSERT INTO totals
SELECT sensor, window_start, COUNT(*), SUM(v)
FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(happened), INTERVAL '1' SECOND))
GROUP BY sensor, window_start, window_end;`, addr)
}

// TestKafkaExactlyOnce kills the engine, and restarts the broker, while a job
// reads from Kafka, aggregates, and writes to Kafka in transactions. A reader of
// committed records sees each result once. Records of a partition are in the
// order of time, but the partitions are not level: only watermarks for each
// partition keep all rows.
func TestKafkaExactlyOnce(t *testing.T) {
	broker := kafka.Start(t)
	broker.Topic(t, "readings", kafkaPartitions)
	broker.Topic(t, "totals", 2)
	producer, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()

	p := startPlatform(t)
	p.deploy("totals", totals(broker.Addr), map[string]any{
		"maxJobCreationAttempts": 1000,
		"template": map[string]any{"spec": map[string]any{
			"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": totals(broker.Addr)}, "parallelism": 2,
			"flinkConfiguration": map[string]any{
				"execution.checkpointing.interval": "200 ms",
				"restart-strategy.type":            "fixed-delay", "restart-strategy.fixed-delay.attempts": "1000", "restart-strategy.fixed-delay.delay": "100 ms",
			},
		}},
	})
	p.settle("totals", resource.StateRunning)

	// A thousand records a second of event time, over ten sensors.
	type total struct{ n, sum int64 }
	want := map[string]*total{}
	made := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	for i := range *kafkaRecords {
		key := fmt.Sprintf("%d,%s", i%10, time.UnixMilli(int64(i)).UTC().Truncate(time.Second).Format("2006-01-02 15:04:05Z"))
		if want[key] == nil {
			want[key] = &total{}
		}
		want[key].n++
		want[key].sum += int64(i)
	}
	go func() {
		made <- func() error {
			pace := max(*kafkaRecords/100, 1)
			for i := range *kafkaRecords {
				producer.Produce(ctx, &kgo.Record{Topic: "readings", Partition: int32(i / 500 % kafkaPartitions), Value: fmt.Appendf(nil, `{"sensor":%d,"v":%d,"ts":%d}`, i%10, i, i)}, func(_ *kgo.Record, err error) {
					if err != nil {
						t.Errorf("produce: %v", err)
					}
				})
				if i%pace == pace-1 {
					time.Sleep(time.Duration(*kafkaKills+*kafkaRestarts) * 15 * time.Millisecond) // so that it lasts as long as the disturbances
				}
			}
			for i := range kafkaPartitions { // time goes on, so the last windows end
				producer.Produce(ctx, &kgo.Record{Topic: "readings", Partition: int32(i), Value: fmt.Appendf(nil, `{"sensor":99,"v":0,"ts":%d}`, *kafkaRecords+100_000)}, nil)
			}
			return producer.Flush(ctx)
		}()
	}()

	rng := rand.New(rand.NewSource(*kafkaSeed))
	steps := slices.Concat(slices.Repeat([]string{"engine"}, *kafkaKills), slices.Repeat([]string{"broker"}, *kafkaRestarts))
	rng.Shuffle(len(steps), func(i, k int) { steps[i], steps[k] = steps[k], steps[i] })
	for _, step := range steps {
		time.Sleep(time.Duration(300+rng.Intn(700)) * time.Millisecond) // when, is part of the schedule
		if step == "broker" {
			broker.Restart(t)
			continue
		}
		if rng.Intn(4) > 0 { // mostly when it is at work, sometimes when it starts
			p.settle("totals", resource.StateRunning)
		}
		for !p.killEngine(t) {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	got := committed(ctx, t, broker.Addr, len(want))
	p.patch("totals", map[string]any{"spec": map[string]any{"state": "CANCELLED"}})
	p.settle("totals", resource.StateCancelled)

	seen := map[string]bool{}
	for _, line := range got {
		parts := strings.Split(strings.ReplaceAll(line, `"`, ""), ",")
		key := parts[0] + "," + parts[1]
		w := want[key]
		switch {
		case seen[key]:
			t.Errorf("%s is there twice", line)
		case w == nil:
			t.Errorf("%s should not be there", line)
		case fmt.Sprintf("%d,%d", w.n, w.sum) != parts[2]+","+parts[3]:
			t.Errorf("%s, want %d,%d", line, w.n, w.sum)
		}
		seen[key] = true
	}
	if len(seen) != len(want) {
		t.Errorf("%d results, want %d\n%s", len(seen), len(want), p.record("totals"))
	}
	t.Logf("%d records, %d results, %d jobs", *kafkaRecords, len(seen), len(p.jobs("totals")))
}

// committed reads the values of topic totals until there are n, and then all
// that are there.
func committed(ctx context.Context, t *testing.T, addr string, n int) []string {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics("totals"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got []string
	at := map[int32]int64{}
	poll := func() {
		f := c.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("only %d of %d results come", len(got), n)
		}
		f.EachRecord(func(r *kgo.Record) {
			at[r.Partition] = r.Offset + 1
			if !r.Attrs.IsControl() {
				got = append(got, string(r.Value))
			}
		})
	}
	for len(got) < n {
		poll()
	}
	ends, err := kadm.NewClient(c).ListCommittedOffsets(ctx, "totals")
	if err != nil {
		t.Fatal(err)
	}
	for {
		behind := false
		ends.Each(func(o kadm.ListedOffset) { behind = behind || at[o.Partition] < o.Offset })
		if !behind {
			return got
		}
		poll()
	}
}
