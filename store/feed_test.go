package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/postgres"
)

func key(n int) resource.Key { return resource.Key{Kind: resource.KindJob, ID: fmt.Sprint(n)} }

func TestFeedComesAfterTheWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		changes := db.Subscribe(ctx)
		d, err := db.Deployments().Create(ctx, "", deployment("default", "orders"))
		if err != nil {
			t.Fatal(err)
		}
		want := resource.Key{Kind: resource.KindDeployment, Namespace: "default", ID: d.Metadata.ID}
		next := func() {
			t.Helper()
			if got := <-changes; got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		next()
		if _, err := db.Deployments().Update(ctx, "", want.ID, func(d *resource.Deployment) error { d.Status.Message = "x"; return nil }); err != nil {
			t.Fatal(err)
		}
		next()
		if _, err := db.Deployments().Delete(ctx, want.ID); err != nil {
			t.Fatal(err)
		}
		next()
		cancel()
		if _, open := <-changes; open {
			t.Error("the channel is open after its context ended")
		}
		other := db.Subscribe(t.Context())
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, open := <-other; open {
			t.Error("the channel is open after the store was closed")
		}
		if _, open := <-db.Subscribe(t.Context()); open {
			t.Error("a closed store has a feed")
		}
	})
}

func TestFeedCollapsesAndOverflows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		changes := f.subscribe(t.Context())
		f.publish(key(0))
		synctest.Wait() // key 0 is on its way now
		for range 5 {
			for n := range 3 {
				f.publish(key(n))
			}
		}
		for _, want := range []int{0, 0, 1, 2} {
			if got := <-changes; got != key(want) {
				t.Errorf("got %v, want %d", got, want)
			}
		}
		f.publish(key(0))
		synctest.Wait()
		for n := range 2*pendingLimit + 10 {
			f.publish(key(n))
		}
		if got := <-changes; got != key(0) {
			t.Errorf("got %v", got)
		}
		if got := <-changes; got != (resource.Key{}) {
			t.Errorf("got %v after an overflow", got)
		}
		f.publish(key(7))
		if got := <-changes; got != key(7) {
			t.Errorf("got %v", got)
		}
		f.close()
		if _, open := <-changes; open {
			t.Error("open after close")
		}
	})
}

// Whatever the speed of the reader, a copy kept by rereading what the feed
// names is right once the feed is silent.
func TestFeedNeverMisses(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			f := newFeed()
			changes := f.subscribe(t.Context())
			const keys = 3 * pendingLimit
			world, copied := [keys]int{}, [keys]int{}
			read := func() {
				switch k := <-changes; k {
				case resource.Key{}:
					copied = world
				default:
					var n int
					if _, err := fmt.Sscan(k.ID, &n); err != nil {
						t.Fatal(err)
					}
					copied[n] = world[n]
				}
			}
			for range 20000 {
				n := random.IntN(keys)
				world[n]++
				f.publish(key(n))
				if random.IntN(int(seed)+1) == 0 {
					read()
				}
			}
			go func() {
				for k := range changes {
					if k == (resource.Key{}) {
						copied = world
						continue
					}
					var n int
					if _, err := fmt.Sscan(k.ID, &n); err != nil {
						t.Error(err)
					}
					copied[n] = world[n]
				}
			}()
			synctest.Wait()
			if copied != world {
				t.Errorf("seed %d: the copy differs", seed)
			}
			f.close()
		})
	}
}

func TestServersSeeOneAnothersWrites(t *testing.T) {
	onPostgres(t, func(t *testing.T, a, b *DB) {
		changes := b.Subscribe(t.Context())
		d, err := a.Deployments().Create(t.Context(), "", deployment("default", "orders"))
		if err != nil {
			t.Fatal(err)
		}
		want := resource.Key{Kind: resource.KindDeployment, Namespace: "default", ID: d.Metadata.ID}
		if got := <-changes; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		if _, err := b.Deployments().Get(t.Context(), want.ID); err != nil {
			t.Error(err)
		}
		// One server has the lease.
		hasA, errA := a.Lease(t.Context(), "loop", "a", time.Hour)
		hasB, errB := b.Lease(t.Context(), "loop", "b", time.Hour)
		if errA != nil || errB != nil || !hasA || hasB {
			t.Errorf("a: %v %v, b: %v %v", hasA, errA, hasB, errB)
		}
	})
}

func TestLostListenerIsReplaced(t *testing.T) {
	onPostgres(t, func(t *testing.T, a, b *DB) {
		changes := b.Subscribe(t.Context())
		// All connections but the one that asks: pools and listeners alike.
		if _, err := a.write.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %' AND pid <> pg_backend_pid()`); err != nil {
			t.Fatal(err)
		}
		if got := <-changes; got != (resource.Key{}) {
			t.Errorf("got %v, want the zero key", got)
		}
		d, err := a.Deployments().Create(t.Context(), "", deployment("default", "orders"))
		if err != nil {
			t.Fatal(err)
		}
		if got := <-changes; got.ID != d.Metadata.ID {
			t.Errorf("got %v", got)
		}
	})
}

func onPostgres(t *testing.T, test func(t *testing.T, a, b *DB)) {
	url := postgres.URL(t)
	test(t, open(t, url), open(t, url))
}
