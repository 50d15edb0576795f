package control

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-streams/weir/resource"
)

// scripted is a controller whose passes are functions.
type scripted struct {
	keys      []resource.Key
	related   func(resource.Key) []resource.Key
	reconcile func(ctx context.Context, key resource.Key) (time.Time, error)
}

func (s *scripted) Kind() resource.Kind { return resource.KindJob }

func (s *scripted) Keys(context.Context) ([]resource.Key, error) { return s.keys, nil }

func (s *scripted) Related(_ context.Context, changed resource.Key) ([]resource.Key, error) {
	if s.related != nil {
		return s.related(changed), nil
	}
	return []resource.Key{changed}, nil
}

func (s *scripted) Reconcile(ctx context.Context, key resource.Key) (time.Time, error) {
	return s.reconcile(ctx, key)
}

func jobKey(id string) resource.Key {
	return resource.Key{Kind: resource.KindJob, Namespace: "default", ID: id}
}

// start runs a loop until the returned function is called, which waits for it.
func start(t *testing.T, c *scripted, o Options) (feed chan resource.Key, stop func()) {
	t.Helper()
	feed = make(chan resource.Key, 16)
	ctx, cancel := context.WithCancel(t.Context())
	l := NewLoop(slog.New(slog.DiscardHandler), func(context.Context) <-chan resource.Key { return feed }, o, c)
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	return feed, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the loop ended with %v", err)
		}
	}
}

func TestAKeyIsWorkedOnByOneWorkerAtATimeAndRepeatsCollapse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var passes, inside atomic.Int32
		c := &scripted{reconcile: func(context.Context, resource.Key) (time.Time, error) {
			if inside.Add(1) > 1 {
				t.Error("two passes of one key at once")
			}
			time.Sleep(time.Second)
			inside.Add(-1)
			passes.Add(1)
			return time.Time{}, nil
		}}
		feed, stop := start(t, c, Options{Workers: 4})
		defer stop()
		feed <- jobKey("a")
		synctest.Wait()
		for range 10 {
			feed <- jobKey("a")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := passes.Load(); n != 2 {
			t.Errorf("%d passes, want 2: one, and one more for all that came meanwhile", n)
		}
	})
}

func TestErrorsAreRetriedEverMoreSlowlyAndTerminalOnesNotAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		at := map[string][]time.Time{}
		c := &scripted{reconcile: func(_ context.Context, key resource.Key) (time.Time, error) {
			mu.Lock()
			defer mu.Unlock()
			at[key.ID] = append(at[key.ID], time.Now())
			switch {
			case key.ID == "terminal":
				return time.Time{}, Terminal(errors.New("no"))
			case key.ID == "panic":
				panic("at the disco")
			case len(at[key.ID]) < 6:
				return time.Time{}, errors.New("try again")
			}
			return time.Time{}, nil
		}}
		feed, stop := start(t, c, Options{MinPause: time.Second, MaxPause: 4 * time.Second})
		defer stop()
		feed <- jobKey("transient")
		feed <- jobKey("terminal")
		feed <- jobKey("panic")
		time.Sleep(50 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(at["terminal"]) != 1 || len(at["panic"]) != 1 {
			t.Errorf("terminal errors were tried %d, panics %d times, want once", len(at["terminal"]), len(at["panic"]))
		}
		times := at["transient"]
		if len(times) != 6 {
			t.Fatalf("%d passes, want 6", len(times))
		}
		for i, want := range []time.Duration{1, 2, 4, 4, 4} {
			gap := times[i+1].Sub(times[i])
			if low, high := want*time.Second*8/10, want*time.Second*12/10; gap < low || gap > high {
				t.Errorf("pause %d is %s, want about %s", i+1, gap, want*time.Second)
			}
		}
	})
}

func TestALookAgainIsKeptAndAChangeComesBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		c := &scripted{reconcile: func(context.Context, resource.Key) (time.Time, error) {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Since(begin))
			return time.Now().Add(10 * time.Second), nil
		}}
		feed, stop := start(t, c, Options{Resync: time.Hour})
		defer stop()
		feed <- jobKey("a")
		time.Sleep(13 * time.Second)
		feed <- jobKey("a")
		time.Sleep(11 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		want := []time.Duration{0, 10 * time.Second, 13 * time.Second, 23 * time.Second}
		if len(at) != len(want) {
			t.Fatalf("passes at %v, want %v", at, want)
		}
		for i := range want {
			if at[i] != want[i] {
				t.Errorf("pass %d at %s, want %s", i, at[i], want[i])
			}
		}
	})
}

func TestLostNotificationsAreMadeUpForByResyncAndZeroKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var passes atomic.Int32
		c := &scripted{keys: []resource.Key{jobKey("a")}, reconcile: func(context.Context, resource.Key) (time.Time, error) {
			passes.Add(1)
			return time.Time{}, nil
		}}
		feed, stop := start(t, c, Options{})
		defer stop()
		synctest.Wait()
		if n := passes.Load(); n != 1 {
			t.Errorf("%d passes at the start, want 1", n)
		}
		feed <- resource.Key{}
		synctest.Wait()
		if n := passes.Load(); n != 2 {
			t.Errorf("%d passes after the zero key, want 2", n)
		}
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if n := passes.Load(); n != 3 {
			t.Errorf("%d passes after a minute, want 3", n)
		}
	})
}

func TestAPassUnderWayEndsBeforeTheLoopDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		c := &scripted{reconcile: func(ctx context.Context, _ resource.Key) (time.Time, error) {
			time.Sleep(3 * time.Second)
			finished = ctx.Err() == nil
			return time.Time{}, nil
		}}
		feed, stop := start(t, c, Options{Workers: 1})
		feed <- jobKey("a")
		synctest.Wait()
		stop()
		if !finished {
			t.Error("the pass was torn, though it would have ended in time")
		}
	})
}

func TestAPassThatHangsIsGivenUpAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &scripted{reconcile: func(ctx context.Context, _ resource.Key) (time.Time, error) {
			<-ctx.Done()
			return time.Time{}, ctx.Err()
		}}
		feed, stop := start(t, c, Options{Workers: 1, Drain: 5 * time.Second, Timeout: time.Hour})
		feed <- jobKey("a")
		synctest.Wait()
		before := time.Now()
		stop()
		if took := time.Since(before); took != 5*time.Second {
			t.Errorf("the end took %s, want the 5 s of Drain", took)
		}
	})
}

func TestManyKeysAreSharedByWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var passes atomic.Int32
		c := &scripted{reconcile: func(context.Context, resource.Key) (time.Time, error) {
			time.Sleep(time.Second)
			passes.Add(1)
			return time.Time{}, nil
		}}
		for i := range 100 {
			c.keys = append(c.keys, jobKey(string(rune('a'+i))))
		}
		_, stop := start(t, c, Options{Workers: 10})
		defer stop()
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if n := passes.Load(); n != 100 {
			t.Errorf("%d passes of 1 s by 10 workers in 10 s, want 100", n)
		}
	})
}

func TestPause(t *testing.T) {
	for _, tt := range []struct {
		failures int
		chance   float64
		want     time.Duration
	}{
		{0, .5, 0},
		{1, .5, time.Second},
		{3, .5, 4 * time.Second},
		{1, 0, 800 * time.Millisecond},
		{7, .5, time.Minute},
		{1000, .5, time.Minute},
	} {
		if got := Pause(tt.failures, time.Second, time.Minute, tt.chance); got != tt.want {
			t.Errorf("Pause(%d, chance %v) = %s, want %s", tt.failures, tt.chance, got, tt.want)
		}
	}
}
