package rest

import (
	"context"
	"sync"

	"github.com/weir-streams/weir/resource"
)

// changesKept is how many changes a reader may fall behind before it is told
// to read everything again.
const changesKept = 4096

// hub gives one change feed to any number of readers. It keeps the newest
// changes in a ring; readers hold only a position, so a slow one costs
// nothing and cannot hold up the others.
type hub struct {
	mu   sync.Mutex
	ring []resource.Key
	next uint64        // position of the next change; positions begin at 1
	lost uint64        // changes before this position are not all known
	wake chan struct{} // closed at the next change

	ended chan struct{} // closed when the feed has ended
}

func newHub(size int) *hub {
	return &hub{ring: make([]resource.Key, size), next: 1, lost: 1, wake: make(chan struct{}), ended: make(chan struct{})}
}

// run fills the hub until ctx ends. It is called once.
func (h *hub) run(ctx context.Context, subscribe func(context.Context) <-chan resource.Key) error {
	defer close(h.ended)
	keys := subscribe(ctx)
	// Changes made before the subscription were not seen.
	h.add(resource.Key{})
	for {
		select {
		case <-ctx.Done():
			return nil
		case key, ok := <-keys:
			if !ok {
				return nil
			}
			h.add(key)
		}
	}
}

// add appends a change; the zero Key means that some were lost.
func (h *hub) add(key resource.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring[h.next%uint64(len(h.ring))] = key
	h.next++
	if key == (resource.Key{}) {
		h.lost = h.next
	}
	close(h.wake)
	h.wake = make(chan struct{})
}

// now is the position at which a new reader begins.
func (h *hub) now() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.next
}

// since returns the changes from a position on and the position after them.
// complete is false when some between are no longer known: the reader must
// read everything again. With nothing new, wake is closed at the next change.
func (h *hub) since(at uint64) (keys []resource.Key, next uint64, complete bool, wake <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at < h.lost || at > h.next || h.next-at > uint64(len(h.ring)) {
		return nil, h.next, false, h.wake
	}
	for i := at; i < h.next; i++ {
		keys = append(keys, h.ring[i%uint64(len(h.ring))])
	}
	return keys, h.next, true, h.wake
}
