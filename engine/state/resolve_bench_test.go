package state

import (
	"fmt"
	"math/bits"
	"math/rand"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// processor is the processor time this process has taken: the machine may be shared.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perSecond reports rows per second of processor time.
func perSecond(b *testing.B, rows int, start time.Duration) {
	b.ReportMetric(float64(rows)/(processor()-start).Seconds()/1e6, "Mrow/cpu-s")
}

// BenchmarkResolve counts existing keys: with a table, and with a loop written
// by hand for this one case, whose entries are 16 bytes beside one another.
func BenchmarkResolve(b *testing.B) {
	for _, keys := range []int64{1e3, 1e5, 1e7} {
		for _, kind := range []string{"dense", "random", "strings"} {
			if kind == "strings" && keys > 1e6 {
				continue
			}
			typ := data.Of(data.BigInt).NotNull()
			if kind == "strings" {
				typ = data.String().NotNull()
			}
			key := func(x int64) data.Value {
				if kind == "dense" {
					return data.Value{I: 1000 + x}
				}
				return data.Value{I: int64(uint64(x+1) * 0xD6E8FEB86659FD93), S: fmt.Sprintf("some key %06d", x)}
			}
			var batches []*data.Batch
			load := func() {
				if batches != nil {
					return
				}
				rng := rand.New(rand.NewSource(1))
				for range 1024 {
					batches = append(batches, keyedBatch(typ, data.BatchSize, func(int) data.Value { return key(rng.Int63n(keys)) }))
				}
			}
			rows := allRows(data.BatchSize)
			b.Run(fmt.Sprintf("%s/%d/table", kind, keys), func(b *testing.B) {
				load()
				table := NewTable([]data.Type{typ}, 16, 0, NewBudget(0))
				defer table.Free()
				recs := make([]unsafe.Pointer, data.BatchSize)
				for from := int64(0); from < keys; from += data.BatchSize {
					k := keyedBatch(typ, int(min(keys-from, data.BatchSize)), func(i int) data.Value { return key(from + int64(i)) })
					if _, err := table.Resolve(k, []int{0}, rows[:k.N], recs); err != nil {
						b.Fatal(err)
					}
					k.Release()
				}
				b.ResetTimer()
				start := processor()
				for i := range b.N {
					k := batches[i%len(batches)]
					if _, err := table.Resolve(k, []int{0}, rows, recs); err != nil {
						b.Fatal(err)
					}
					for _, r := range recs {
						*(*int64)(Value(r))++
					}
				}
				perSecond(b, b.N*data.BatchSize, start)
				b.ReportMetric(float64(table.Bytes())/float64(keys), "B/key")
			})
			if kind == "strings" {
				continue
			}
			b.Run(fmt.Sprintf("%s/%d/by-hand", kind, keys), func(b *testing.B) {
				load()
				size := 1 << bits.Len64(uint64(2*keys))
				words, err := takeIndex(2 * size)
				if err != nil {
					b.Fatal(err)
				}
				defer giveIndex(words, true)
				entries := unsafe.Slice((*[2]int64)(unsafe.Pointer(&words[0])), size)
				count := func(x int64) {
					for p := data.HashInt(x) * 0x9E3779B97F4A7C15 >> (64 - bits.TrailingZeros(uint(size))); ; p = (p + 1) & uint64(size-1) {
						if e := &entries[p]; e[1] == 0 || e[0] == x {
							e[0] = x
							e[1]++
							return
						}
					}
				}
				for x := range keys {
					count(key(x).I)
				}
				b.ResetTimer()
				start := processor()
				for i := range b.N {
					for _, x := range batches[i%len(batches)].Cols[0].I64 {
						count(x)
					}
				}
				perSecond(b, b.N*data.BatchSize, start)
			})
			for _, k := range batches {
				k.Release()
			}
		}
	}
}
