package checkpoint

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/data"
)

var benchKeys = flag.Int("keys", 1_000_000, "keys of the state in benchmarks")

func cpu() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

var countSchema = []data.Column{{Name: "k", Type: data.Of(data.BigInt)}, {Name: "n", Type: data.Of(data.BigInt)}, {Name: "s", Type: data.Of(data.BigInt)}, {Name: "m", Type: data.Of(data.BigInt)}}

func countRow(b []byte, k, v int64) []byte {
	for _, x := range []int64{k, v, v * 1000, v + 7} {
		b = binary.AppendVarint(append(b, 1), x)
	}
	return b
}

// BenchmarkLayers writes and reads a count, sum and max for each of many keys:
// whole, and with a layer of changes to a twentieth of them. Rates are of keys
// for each second of the processor.
func BenchmarkLayers(b *testing.B) {
	for range b.N {
		cfg := Config{Dir: b.TempDir(), Incremental: true}
		h, err := NewHistory(strings.Repeat("ef", 16), "t", groups, cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		part := Part{UID: "agg", Name: "Aggregate", Parallelism: 1}
		var durable int64
		write := func(step int) {
			d := h.folderDraft(h.nextID)
			info := h.begin(Request{}, 1, time.Now())
			w, s := Barrier{ID: info.ID, draft: d}.Writer(part, durable, func() {})
			k := w.Keyed("groups", 1, 1, countSchema)
			if k.Whole() {
				step = 1
			}
			from, task := cpu(), time.Duration(0)
			at := time.Now()
			var row []byte
			n := 0
			for key := int64(0); key < int64(*benchKeys); key += int64(step) {
				row = countRow(row[:0], key, key%1000+info.ID)
				k.Put(data.KeyGroup(data.HashInt(key), groups), row)
				n++
				if n%4096 == 0 && s.Full() {
					before := time.Now()
					for s.Full() {
						time.Sleep(100 * time.Microsecond)
					}
					task -= time.Since(before)
				}
			}
			w.Flush()
			task += time.Since(at)
			p := part
			p.State, p.Stream = w.Snapshot, s
			if err := d.add(p); err != nil {
				b.Fatal(err)
			}
			st, bytes, err := d.finish()
			if err != nil {
				b.Fatal(err)
			}
			h.complete(info, st)
			durable = info.ID
			b.ReportMetric(float64(n)/(cpu()-from).Seconds()/1e6, fmt.Sprintf("Mwritten-%d/cpu-s", step))
			b.ReportMetric(task.Seconds()*1e9/float64(n), fmt.Sprintf("task-ns/row-%d", step))
			b.ReportMetric(float64(bytes)/float64(n), fmt.Sprintf("B/row-%d", step))
		}
		read := func(what string) {
			from, n := cpu(), 0
			r, err := h.Latest().Reader("agg", 0, 1)
			if err != nil {
				b.Fatal(err)
			}
			if err := r.EachRow("groups", func(_ []data.Column, _ int, row []byte) error { n++; return nil }); err != nil || n != *benchKeys {
				b.Fatal(n, err)
			}
			b.ReportMetric(float64(n)/(cpu()-from).Seconds()/1e6, "Mread-"+what+"/cpu-s")
		}
		write(1)
		read("whole")
		write(20)
		read("chain")
	}
}
