// Package broker has a Kafka broker in this process for benchmarks, and the
// clients that measure how long records take through a job.
//
// It speaks Kafka's protocol over a socket, as any broker does, and keeps
// everything in memory.
package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Broker is a broker that runs until Close.
type Broker struct{ cluster *kfake.Cluster }

// Start starts a broker with topics of a number of partitions.
func Start(partitions int, topics ...string) (*Broker, error) {
	opts := []kfake.Opt{kfake.NumBrokers(1)}
	for _, t := range topics {
		opts = append(opts, kfake.SeedTopics(int32(partitions), t))
	}
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, fmt.Errorf("start a broker: %w", err)
	}
	return &Broker{c}, nil
}

// Address is the bootstrap server.
func (b *Broker) Address() string { return b.cluster.ListenAddrs()[0] }

// Close stops the broker.
func (b *Broker) Close() { b.cluster.Close() }

// Load is records sent at a steady rate.
type Load struct {
	Input, Output string // topics
	Rate          int    // records a second
	Duration      time.Duration
	// Warmup is the time at the beginning whose records are not counted.
	Warmup time.Duration
}

// Latency is how long records took from before they were produced until they
// were consumed.
type Latency struct {
	Sent, Received                int64 // counted ones
	P50, P90, P99, P999, Greatest time.Duration
}

// sentField is the member of a record that says when it was sent, in
// microseconds since 1970.
const sentField = `"sent":`

// Measure sends records {"id":…,"sent":…,"text":…} to the input at a rate,
// each at its time, and takes from the output how long each took.
func (b *Broker) Measure(ctx context.Context, l Load) (Latency, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Duration+30*time.Second)
	defer cancel()
	in, err := kgo.NewClient(kgo.SeedBrokers(b.Address()), kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedRecords(1<<20))
	if err != nil {
		return Latency{}, fmt.Errorf("producer: %w", err)
	}
	defer in.Close()
	out, err := kgo.NewClient(kgo.SeedBrokers(b.Address()), kgo.ConsumeTopics(l.Output), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return Latency{}, fmt.Errorf("consumer: %w", err)
	}
	defer out.Close()
	begin := time.Now()
	countFrom := begin.Add(l.Warmup).UnixMicro()
	var sent atomic.Int64
	var failed atomic.Pointer[error]
	var wait sync.WaitGroup
	wait.Go(func() { send(ctx, in, l, begin, &sent, &failed) })
	var took []time.Duration
	last := time.Now()
	for {
		if f := failed.Load(); f != nil {
			cancel()
			wait.Wait()
			return Latency{}, fmt.Errorf("produce: %w", *f)
		}
		polling, end := context.WithTimeout(ctx, 200*time.Millisecond)
		fetches := out.PollFetches(polling)
		end()
		now := time.Now()
		if err := fetches.Err0(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			cancel()
			wait.Wait()
			return Latency{}, fmt.Errorf("consume: %w", err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			last = now
			if at := sentAt(r.Value); at >= countFrom {
				took = append(took, time.Duration(now.UnixMicro()-at)*time.Microsecond)
			}
		})
		if now.Sub(begin) > l.Duration && (int64(len(took)) >= sent.Load() || now.Sub(last) > 5*time.Second) || ctx.Err() != nil {
			break
		}
	}
	wait.Wait()
	slices.Sort(took)
	if len(took) == 0 {
		return Latency{}, errors.New("no record came out of the job")
	}
	at := func(share float64) time.Duration { return took[min(int(share*float64(len(took))), len(took)-1)] }
	return Latency{Sent: sent.Load(), Received: int64(len(took)), P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Greatest: took[len(took)-1]}, nil
}

// send produces each record at its time: what is late is not left out, and its
// time is the one it was due, so that a stop of the job is seen in all of them.
func send(ctx context.Context, c *kgo.Client, l Load, begin time.Time, sent *atomic.Int64, failed *atomic.Pointer[error]) {
	text := strings.Repeat("x", 150)
	n := 0
	for ctx.Err() == nil {
		now := time.Now()
		if now.Sub(begin) > l.Duration {
			break
		}
		due := int(now.Sub(begin).Seconds()*float64(l.Rate)) + 1
		for ; n < due; n++ {
			at := begin.Add(time.Duration(float64(n) / float64(l.Rate) * float64(time.Second)))
			value := fmt.Appendf(nil, `{"id":%d,%s%d,"text":"%s"}`, n, sentField, at.UnixMicro(), text)
			if at.Sub(begin) >= l.Warmup {
				sent.Add(1)
			}
			c.Produce(ctx, &kgo.Record{Topic: l.Input, Key: binary.LittleEndian.AppendUint32(nil, uint32(n)), Value: value}, func(_ *kgo.Record, err error) {
				if err != nil && ctx.Err() == nil {
					failed.CompareAndSwap(nil, &err)
				}
			})
		}
		time.Sleep(500 * time.Microsecond)
	}
	if err := c.Flush(ctx); err != nil && ctx.Err() == nil {
		failed.CompareAndSwap(nil, &err)
	}
}

func sentAt(value []byte) int64 {
	_, rest, ok := strings.Cut(string(value), sentField)
	if !ok {
		return 0
	}
	end := strings.IndexAny(rest, ",}")
	if end < 0 {
		return 0
	}
	at, err := strconv.ParseInt(rest[:end], 10, 64)
	if err != nil {
		return 0
	}
	return at
}
