package main

import (
	"context"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/resource"
)

// feed is what wakes the controllers: changes of the store, and ends of
// clusters that a launcher noticed. A hint that is lost costs the time until
// the next look, nothing else.
type feed struct {
	changes func(ctx context.Context) <-chan resource.Key
	ends    chan resource.Key
}

func newFeed(changes func(ctx context.Context) <-chan resource.Key) *feed {
	return &feed{changes: changes, ends: make(chan resource.Key, 256)}
}

// ended says that a job's cluster is gone, or a session cluster, which concerns
// many.
func (f *feed) ended(ref cluster.Ref) {
	key := resource.Key{Kind: resource.KindJob, Namespace: ref.Namespace, ID: ref.JobID}
	if ref.IsSession() {
		key = resource.Key{}
	}
	select {
	case f.ends <- key:
	default: // the controllers are far behind and will look anyway
	}
}

// subscribe joins both until ctx ends.
func (f *feed) subscribe(ctx context.Context) <-chan resource.Key {
	changes, all := f.changes(ctx), make(chan resource.Key)
	go func() {
		defer close(all)
		for {
			var key resource.Key
			var ok bool
			select {
			case key, ok = <-changes:
				if !ok {
					return
				}
			case key = <-f.ends:
			}
			select {
			case all <- key:
			case <-ctx.Done():
				return
			}
		}
	}()
	return all
}
