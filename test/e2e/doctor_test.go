package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/bench/broker"
)

// planted is a deployment with something wrong, and what must be said of it.
type planted struct {
	name, script string
	rule         string
	says         string // stands in the finding
}

func plants(dir, kafka string) []planted {
	orders := `CREATE TEMPORARY TABLE orders (id BIGINT, status STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '200', 'fields.status.length' = '3');`
	return []planted{
		{
			"idle", fmt.Sprintf(`CREATE TEMPORARY TABLE orders (id BIGINT, ts BIGINT, happened AS TO_TIMESTAMP_LTZ(ts, 3), WATERMARK FOR happened AS happened)
			WITH ('connector' = 'kafka', 'topic' = 'orders', 'properties.bootstrap.servers' = '%s', 'properties.group.id' = 'idle', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
			CREATE TEMPORARY TABLE counts (n BIGINT) WITH ('connector' = 'print');
			INSERT INTO counts SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(happened), INTERVAL '1' SECOND)) GROUP BY window_start, window_end;`, kafka),
			"idle-partition", "orders-1",
		},
		{
			"filter", orders + `CREATE TEMPORARY TABLE paid (id BIGINT, status STRING) WITH ('connector' = 'print');
			INSERT INTO paid SELECT * FROM orders WHERE status = 'PAID';`,
			"filter-drops-all", "status = 'PAID'",
		},
		{
			"join", orders + fmt.Sprintf(`CREATE TEMPORARY TABLE customers (status STRING, name STRING) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv', 'source.monitor-interval' = '1 s');
			CREATE TEMPORARY TABLE named (id BIGINT, name STRING) WITH ('connector' = 'print');
			INSERT INTO named SELECT o.id, c.name FROM orders o JOIN customers c ON o.status = c.status;`, filepath.Join(dir, "customers")),
			"join-side-empty", "Source: customers",
		},
		{
			"sink", orders + fmt.Sprintf(`CREATE TEMPORARY TABLE files (id BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json');
			INSERT INTO files SELECT id FROM orders;`, filepath.Join(dir, "taken")),
			"sink-refuses", filepath.Join(dir, "taken"),
		},
		{
			"window", `CREATE TEMPORARY TABLE orders (id BIGINT, ts AS LOCALTIMESTAMP, WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'rows-per-second' = '200');
			CREATE TEMPORARY TABLE counts (n BIGINT) WITH ('connector' = 'print');
			INSERT INTO counts SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '99' DAY)) GROUP BY window_start, window_end;`,
			"window-open", "TUMBLE(ts",
		},
		{
			"loop", `CREATE TEMPORARY TABLE orders (id INT) WITH ('connector' = 'datagen', 'rows-per-second' = '500', 'fields.id.kind' = 'sequence', 'fields.id.start' = '-1000', 'fields.id.end' = '100000');
			CREATE TEMPORARY TABLE shares (share INT) WITH ('connector' = 'print');
			INSERT INTO shares SELECT 100 / id FROM orders;`,
			"restart-loop", "division by zero",
		},
	}
}

// plantedIn are all plants, with the folders and the topic that they need.
func plantedIn(t *testing.T) []planted {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "taken"), []byte("a file where a folder is wanted"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "customers"), 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := broker.Start(2, "orders")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	feedOnePartition(t, b.Address())
	return plants(dir, b.Address())
}

// TestDoctorFindsWhatWasPlanted has a deployment for each cause of no output,
// and one that is well.
func TestDoctorFindsWhatWasPlanted(t *testing.T) {
	all := plantedIn(t)

	p := startPlatform(t)
	for _, x := range all {
		p.deploy(x.name, x.script, nil)
	}
	p.deploy("well", `CREATE TEMPORARY TABLE orders (id BIGINT, ts AS LOCALTIMESTAMP, WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'rows-per-second' = '200');
		CREATE TEMPORARY TABLE counts (n BIGINT) WITH ('connector' = 'print');
		INSERT INTO counts SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, window_end;`, nil)
	for _, x := range all {
		f := p.diagnosed(x.name, x.rule)
		text := f.Title + " " + f.Explanation
		for _, e := range f.Evidence {
			text += " " + e.Value
		}
		if !strings.Contains(text, x.says) {
			t.Errorf("%s: the finding does not say %q: %+v", x.name, x.says, f)
		}
		if f.Remedy == "" || len(f.Evidence) == 0 {
			t.Errorf("%s: a finding without remedy or evidence: %+v", x.name, f)
		}
	}
	if d, err := p.api.Diagnosis(p.ctx(), "default", "well"); err != nil || len(d.Findings) > 0 || !strings.HasPrefix(d.Summary, "Nothing is wrong") {
		t.Errorf("the one that is well: %v %+v", err, d)
	}
	out := weir(t, "", "doctor", "filter", "--server", "http://"+p.listen)
	says(t, out.out, "A filter lets nothing through", "What to do")
}

// diagnosed waits until there is a finding of a rule.
func (p *platform) diagnosed(name, rule string) resource.Finding {
	p.t.Helper()
	var d resource.Diagnosis
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		var err error
		if d, err = p.api.Diagnosis(context.Background(), "default", name); err != nil {
			p.t.Fatal(err)
		}
		if i := slices.IndexFunc(d.Findings, func(f resource.Finding) bool { return f.Rule == rule }); i >= 0 {
			return d.Findings[i]
		}
	}
	p.t.Fatalf("%s: %s was never found; the newest diagnosis: %+v", name, rule, d)
	return resource.Finding{}
}

// feedOnePartition writes to partition 0 until the test ends; partition 1 had
// one record and gets no more.
func feedOnePartition(t *testing.T, address string) {
	producer, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	record := func(partition, i int) *kgo.Record {
		return &kgo.Record{Topic: "orders", Partition: int32(partition), Value: fmt.Appendf(nil, `{"id":%d,"ts":%d}`, i, 1_767_225_600_000+i*100)}
	}
	if err := producer.ProduceSync(context.Background(), record(1, 0)).FirstErr(); err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		for i := 1; ; i++ {
			select {
			case <-stop:
				return
			case <-every.C:
				producer.Produce(context.Background(), record(0, i), nil)
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-done
		producer.Close()
	})
}
