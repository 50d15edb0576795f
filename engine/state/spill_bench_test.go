package state

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

var benchKeys = flag.Int64("state.keys", 1e6, "keys of the benchmarks of state larger than memory")

// rss is the memory of the process and its highest value so far, in MiB.
func rss() (now, peak int64) {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 3 && f[0] == "VmHWM:" {
			peak, _ = strconv.ParseInt(f[1], 10, 64)
		}
		if len(f) == 3 && f[0] == "VmRSS:" {
			now, _ = strconv.ParseInt(f[1], 10, 64)
		}
	}
	return now >> 10, peak >> 10
}

// BenchmarkSpill counts, sums and keeps the largest by key with a budget of the
// index and a tenth of the records. Say -args -state.keys=100000000 for more.
func BenchmarkSpill(b *testing.B) {
	keys := *benchKeys
	index := keys * 20
	limit := index + keys*48/10
	for _, movable := range []bool{true, false} {
		kind := "mapped"
		if movable {
			kind = "movable"
		}
		b.Run(kind, func(b *testing.B) { benchmarkSpill(b, keys, limit, movable) })
	}
}

func benchmarkSpill(b *testing.B, keys, limit int64, movable bool) {
	const width = 32
	budget := NewBudget(limit).SpillTo(b.TempDir())
	table := NewTable([]data.Type{data.Of(data.BigInt)}, width, 0, budget)
	if movable {
		table.Movable()
	}
	recs := make([]unsafe.Pointer, data.BatchSize)
	rows := allRows(data.BatchSize)
	batch := data.MakeBatch([]data.Type{data.Of(data.BigInt).NotNull()}, data.BatchSize)
	update := func(next func() int64) {
		for i := range data.BatchSize {
			batch.Cols[0].I64[i] = next()
		}
		data.HashKeys(batch, []int{0})
		if _, err := table.Resolve(batch, []int{0}, rows, recs); err != nil {
			b.Fatal(err)
		}
		for i, r := range recs {
			v := (*[3]int64)(Value(r))
			v[0]++
			v[1] += int64(i)
			v[2] = max(v[2], int64(i))
		}
	}
	start := processor()
	x := int64(-1)
	for range keys / data.BatchSize {
		update(func() int64 { x++; return x * 7 })
	}
	now, peak := rss()
	b.Logf("fill: %.2f M/cpu-s, %d keys, budget %d MiB, used %d MiB, in the file %d MiB, rss %d MiB, peak %d MiB, %.1f B/key",
		float64(x)/(processor()-start).Seconds()/1e6, table.Len(), limit>>20, budget.Used()>>20, budget.Spilled()>>20, now, peak, float64(table.Bytes())/float64(table.Len()))
	rng := rand.New(rand.NewPCG(1, 2))
	for _, hot := range []int{0, 90} {
		b.Run(fmt.Sprintf("%d%%-hot", hot), func(b *testing.B) {
			next := func() int64 {
				if rng.IntN(100) < hot {
					return rng.Int64N(keys/20) * 20 * 7
				}
				return rng.Int64N(keys) * 7
			}
			for range int(min(keys/data.BatchSize/4, 2000)) {
				update(next)
			}
			b.ResetTimer()
			start := processor()
			for range b.N {
				update(next)
			}
			perSecond(b, b.N*data.BatchSize, start)
			now, peak := rss()
			b.ReportMetric(float64(now), "MiB-rss")
			b.ReportMetric(float64(peak), "MiB-peak")
			b.ReportMetric(float64(limit>>20), "MiB-budget")
			b.ReportMetric(float64(budget.Spilled()>>20), "MiB-file")
		})
	}
	table.Free()
	if err := budget.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSnapshot takes snapshots of a table: all of it, and after a twentieth
// of the keys has changed.
func BenchmarkSnapshot(b *testing.B) {
	keys := *benchKeys
	table := NewTable([]data.Type{data.Of(data.BigInt)}, 32, 0, NewBudget(0))
	defer table.Free()
	recs := make([]unsafe.Pointer, data.BatchSize)
	rows := allRows(data.BatchSize)
	batch := data.MakeBatch([]data.Type{data.Of(data.BigInt).NotNull()}, data.BatchSize)
	update := func(next func() int64) {
		for i := range data.BatchSize {
			batch.Cols[0].I64[i] = next()
		}
		data.HashKeys(batch, []int{0})
		if _, err := table.Resolve(batch, []int{0}, rows, recs); err != nil {
			b.Fatal(err)
		}
	}
	fill := func(b *testing.B, reserve bool) {
		table.Free()
		start := processor()
		if reserve {
			if err := table.Reserve(int(keys)); err != nil {
				b.Fatal(err)
			}
		}
		x := int64(-1)
		for range keys / data.BatchSize {
			update(func() int64 { x++; return x * 7 })
		}
		perSecond(b, int(x), start)
		b.ReportMetric(float64(table.Bytes())/float64(table.Len()), "B/key")
	}
	b.Run("fill", func(b *testing.B) { fill(b, false) })
	b.Run("fill-reserved", func(b *testing.B) { fill(b, true) })
	var out []byte
	put := func(rec unsafe.Pointer) error {
		out = table.Key(out[:0], rec)
		for i := range 4 {
			out = binary.AppendVarint(append(out, 1), *(*int64)(unsafe.Add(Value(rec), 8*i)))
		}
		return nil
	}
	pass := func(b *testing.B, full bool) {
		written := 0
		at := time.Now()
		table.Begin(full, func(rec unsafe.Pointer) error { written++; return put(rec) })
		begin := time.Since(at)
		start := processor()
		longest := time.Duration(0)
		for done := false; !done; {
			var err error
			at := processor()
			if done, err = table.Continue(2000); err != nil {
				b.Fatal(err)
			}
			longest = max(longest, processor()-at)
		}
		b.ReportMetric(float64((processor()-start).Microseconds())/1000, "cpu-ms")
		b.ReportMetric(float64(begin.Nanoseconds()), "ns-begin")
		b.ReportMetric(float64(longest.Microseconds()), "us-slice")
		b.ReportMetric(float64(written), "rows")
		table.End(true)
	}
	b.Run("full", func(b *testing.B) { pass(b, true) })
	rng := rand.New(rand.NewPCG(1, 2))
	b.Run("hot-twentieth", func(b *testing.B) {
		for range 4 * keys / 20 / data.BatchSize {
			update(func() int64 { return rng.Int64N(keys/20) * 20 * 7 })
		}
		pass(b, false)
	})
	b.Run("nothing", func(b *testing.B) { pass(b, false) })
}
