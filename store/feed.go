package store

import (
	"context"
	"sync"

	"github.com/weir-streams/weir/resource"
)

// pendingLimit is how many changed keys wait for a slow subscriber; beyond
// that it is told to read everything again.
const pendingLimit = 1024

// Subscribe gives the keys of all changes from now on, of all kinds, each
// after its commit. A key stands for at least one change. The zero Key means
// that keys were lost and everything must be read again. The channel is closed
// when ctx ends or the store is closed.
func (db *DB) Subscribe(ctx context.Context) <-chan resource.Key {
	return db.feed.subscribe(ctx)
}

// feed hands keys to subscribers and never waits for them.
type feed struct {
	ctx  context.Context // ends with the store
	stop context.CancelFunc
	all  sync.WaitGroup

	mu   sync.Mutex
	subs map[*subscriber]struct{}
}

// subscriber is what one reader has yet to be told.
type subscriber struct {
	wake chan struct{} // holds one token while something is pending

	mu      sync.Mutex
	pending []resource.Key
	known   map[resource.Key]struct{}
	lost    bool // pending overflowed: the zero Key is due
}

func newFeed() *feed {
	f := &feed{subs: map[*subscriber]struct{}{}}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

func (f *feed) subscribe(ctx context.Context) <-chan resource.Key {
	out := make(chan resource.Key)
	s := &subscriber{wake: make(chan struct{}, 1), known: map[resource.Key]struct{}{}}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() != nil {
		close(out)
		return out
	}
	f.subs[s] = struct{}{}
	f.all.Go(func() {
		defer close(out)
		defer f.drop(s)
		s.run(ctx, f.ctx, out)
	})
	return out
}

func (f *feed) drop(s *subscriber) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.subs, s)
}

// publish tells all subscribers of a change; the zero Key, of unknown changes.
func (f *feed) publish(key resource.Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subs {
		s.add(key)
	}
}

func (f *feed) close() {
	f.mu.Lock()
	f.stop()
	f.mu.Unlock()
	f.all.Wait()
}

func (s *subscriber) add(key resource.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, waiting := s.known[key]
	switch {
	case s.lost || waiting:
		return // what is pending is read after this change, and so covers it
	case key == resource.Key{} || len(s.pending) == pendingLimit:
		s.lost = true
		s.pending = nil
		clear(s.known)
	default:
		s.pending = append(s.pending, key)
		s.known[key] = struct{}{}
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// next takes what is due, oldest first.
func (s *subscriber) next() (key resource.Key, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.lost:
		s.lost = false
		return resource.Key{}, true
	case len(s.pending) == 0:
		return resource.Key{}, false
	}
	key = s.pending[0]
	s.pending = s.pending[1:]
	delete(s.known, key)
	return key, true
}

func (s *subscriber) run(ctx, store context.Context, out chan<- resource.Key) {
	for {
		key, ok := s.next()
		if !ok {
			select {
			case <-s.wake:
				continue
			case <-ctx.Done():
				return
			case <-store.Done():
				return
			}
		}
		select {
		case out <- key:
		case <-ctx.Done():
			return
		case <-store.Done():
			return
		}
	}
}
