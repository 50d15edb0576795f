package connector

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-streams/weir/engine/data"
)

func TestLimiterIsSteady(t *testing.T) {
	for _, rate := range []int64{1, 7, 100, 10_000, 1_000_000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := NewLimiter(2*rate, 2, nil)
				start, total, largest, longest := time.Now(), 0, 0, time.Duration(0)
				for time.Since(start) < 20*time.Second {
					before := time.Now()
					n := l.Take(context.Background(), data.BatchSize)
					total += n
					largest = max(largest, n)
					longest = max(longest, time.Since(before))
				}
				if want := int(20 * rate); total < want-want/50-1 || total > want+want/50+1 {
					t.Errorf("%d rows in 20 s, want %d", total, want)
				}
				if most := int(rate)/100 + 1; largest > most {
					t.Errorf("%d rows at once, want at most %d", largest, most)
				}
				if longest > 10*time.Millisecond {
					t.Errorf("waited %v", longest)
				}
			})
		})
	}
}

func TestLimiterForgetsStandstill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1000, 1, nil)
		l.Take(context.Background(), 10)
		time.Sleep(time.Hour)
		if n := l.Take(context.Background(), data.BatchSize); n > 50 {
			t.Errorf("%d rows at once after a standstill", n)
		}
	})
}

func TestLimiterObeysContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		start := time.Now()
		if n := NewLimiter(1, 1, nil).Take(ctx, 10); n != 0 || time.Since(start) > 0 {
			t.Errorf("%d rows, waited %v", n, time.Since(start))
		}
	})
	var none *Limiter
	if none.Take(context.Background(), 5) != 5 {
		t.Error("no limit, no waiting")
	}
}

func TestSpreadIDIsEven(t *testing.T) {
	for _, n := range []int{1, 5, 128} {
		for _, parallelism := range []int{1, 2, 3, 4, 7, 16} {
			owned := make([]int, parallelism)
			for i := range n {
				id := SpreadID(fmt.Sprint("part-", i), i, n)
				for s := range parallelism {
					if Owns(id, s, parallelism) {
						owned[s]++
					}
				}
			}
			for _, k := range owned {
				if k < n/parallelism || k > (n+parallelism-1)/parallelism+1 {
					t.Errorf("%d splits over %d subtasks: %v", n, parallelism, owned)
				}
			}
		}
	}
}
