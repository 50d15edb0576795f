package exchange

import (
	"fmt"
	"sync"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

func batch(n int, f func(i int) int64) *data.Batch {
	b := data.MakeBatch([]data.Type{data.Of(data.BigInt).NotNull(), data.Of(data.BigInt).NotNull()}, n)
	for i := range n {
		b.Cols[0].I64[i], b.Cols[1].I64[i] = f(i), int64(i)
	}
	return b
}

// edges connects senders with receivers.
func edges(e graph.Edge, senders, receivers int, done <-chan struct{}) ([]*Writer, []*Inbox) {
	var in []*Inbox
	for range receivers {
		if e.Partitioning == graph.Forward {
			in = append(in, NewInbox(1, DefaultDepth))
		} else {
			in = append(in, NewInbox(senders, DefaultDepth))
		}
	}
	var out []*Writer
	for s := range senders {
		var targets []Target
		for _, i := range in {
			targets = append(targets, Target{i, s % i.Channels()})
		}
		out = append(out, NewWriter(e, s, 128, targets, done, &Meter{}))
	}
	return out, in
}

// take reads rows of an inbox until all its channels have ended.
func take(in *Inbox, f func(channel int, b *data.Batch)) {
	for ended := 0; ended < in.Channels(); {
		c, el, ok := in.Next()
		if !ok {
			<-in.Wake()
			continue
		}
		switch el.Kind {
		case Rows:
			f(c, el.Batch)
			el.Batch.Release()
		case End:
			ended++
		}
	}
}

func TestEveryRowComesToTheRightPlaceOnce(t *testing.T) {
	for _, kind := range []graph.Partitioning{graph.Hash, graph.Rebalance, graph.Broadcast, graph.Global, graph.Forward} {
		for _, selected := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, selected), func(t *testing.T) {
				const senders, receivers, rows = 3, 3, 5000
				out, in := edges(graph.Edge{Partitioning: kind, Keys: []int{0}}, senders, receivers, nil)
				var wg sync.WaitGroup
				for s, w := range out {
					wg.Go(func() {
						for from := 0; from < rows; from += 500 {
							b := batch(500, func(i int) int64 { return int64(s*rows + from + i) })
							if selected { // the even ones
								for i := 0; i < 500; i += 2 {
									b.Sel = append(b.Sel, int32(i))
								}
							}
							b.Hashes = make([]uint64, 500) // of other keys: not to be trusted
							if err := w.Rows(b); err != nil {
								t.Error(err)
							}
						}
						if err := w.Send(Element{Kind: End}); err != nil {
							t.Error(err)
						}
					})
				}
				got := make([]map[int64]int, receivers)
				for r, i := range in {
					got[r] = map[int64]int{}
					wg.Go(func() {
						take(i, func(_ int, b *data.Batch) {
							for k := range b.Len() {
								id := b.Cols[0].I64[b.Row(k)]
								if kind == graph.Hash && b.Hashes[b.Row(k)] != data.HashInt(id) {
									t.Errorf("hash of %d is wrong", id)
								}
								got[r][id]++
							}
						})
					})
				}
				wg.Wait()
				seen := map[int64]int{}
				for r, m := range got {
					for id, n := range m {
						seen[id] += n
						owner := data.GroupOwner(data.KeyGroup(data.HashInt(id), 128), receivers, 128)
						if kind == graph.Hash && owner != r || kind == graph.Global && r != 0 || kind == graph.Forward && int(id)/rows != r {
							t.Fatalf("row %d came to %d", id, r)
						}
					}
				}
				want, each := senders*rows, 1
				if selected {
					want /= 2
				}
				if kind == graph.Broadcast {
					each = receivers
				}
				if len(seen) != want {
					t.Fatalf("%d rows, want %d", len(seen), want)
				}
				for id, n := range seen {
					if n != each {
						t.Fatalf("row %d came %d times", id, n)
					}
				}
			})
		}
	}
}

func TestBlockedChannelWaitsWhileOthersFlow(t *testing.T) {
	in := NewInbox(2, 2)
	send := func(c int, at int64) {
		if err := in.put(c, Element{Kind: Watermark, Time: at}, nil, &Meter{}); err != nil {
			t.Fatal(err)
		}
	}
	next := func() int64 {
		_, el, ok := in.Next()
		if !ok {
			return -1
		}
		return el.Time
	}
	send(0, 1)
	in.Block(0)
	send(0, 2)
	send(1, 10)
	if got := []int64{next(), next()}; got[0] != 10 || got[1] != -1 {
		t.Fatalf("got %v", got)
	}
	done := make(chan struct{})
	close(done)
	if err := in.put(0, Element{}, done, &Meter{}); err != ErrStopped {
		t.Fatalf("a full channel took more: %v", err)
	}
	in.Unblock()
	if got := []int64{next(), next(), next()}; got[0] != 1 || got[1] != 2 || got[2] != -1 {
		t.Fatalf("got %v", got)
	}
}

// A channel that is always full does not keep the others waiting.
func TestNoChannelStarves(t *testing.T) {
	in := NewInbox(3, 4)
	for c := range 3 {
		for range 4 {
			_ = in.put(c, Element{}, nil, &Meter{})
		}
	}
	var order []int
	for range 6 {
		c, _, _ := in.Next()
		order = append(order, c)
		_ = in.put(c, Element{}, nil, &Meter{})
	}
	if fmt.Sprint(order) != "[1 2 0 1 2 0]" {
		t.Errorf("order %v", order)
	}
}

// 2x2: two senders scatter batches by key to two receivers.
func BenchmarkHash2x2(b *testing.B) {
	const size = 2048
	out, in := edges(graph.Edge{Partitioning: graph.Hash, Keys: []int{0}}, 2, 2, nil)
	var wg sync.WaitGroup
	for _, w := range out {
		wg.Go(func() {
			for range b.N / 2 {
				_ = w.Rows(batch(size, func(i int) int64 { return int64(i) }))
			}
			_ = w.Send(Element{Kind: End})
		})
	}
	for _, i := range in {
		wg.Go(func() {
			var sum int64
			take(i, func(_ int, b *data.Batch) {
				c := b.Cols[1].I64
				for _, r := range b.Sel {
					sum += c[r]
				}
			})
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/row")
}

// Scatter alone, without the goroutines.
func BenchmarkScatter(b *testing.B) {
	for _, targets := range []int{2, 4} {
		b.Run(fmt.Sprint(targets), func(b *testing.B) {
			const size = 2048
			out, in := edges(graph.Edge{Partitioning: graph.Hash, Keys: []int{0}}, 1, targets, nil)
			src := batch(size, func(i int) int64 { return int64(i) })
			for b.Loop() {
				_ = out[0].Rows(src.Share(nil))
				for _, i := range in {
					_, el, _ := i.Next()
					el.Batch.Release()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/row")
		})
	}
}

// Handing over alone.
func BenchmarkHandOver(b *testing.B) {
	in := NewInbox(1, DefaultDepth)
	go func() {
		m := &Meter{}
		for range b.N {
			_ = in.put(0, Element{}, nil, m)
		}
		_ = in.put(0, Element{Kind: End}, nil, m)
	}()
	for {
		_, el, ok := in.Next()
		if !ok {
			<-in.Wake()
		} else if el.Kind == End {
			return
		}
	}
}
