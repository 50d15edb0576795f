package kafka

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// reader waits for records, so that the task that takes them need not: it is told
// when there are some. It holds what one answer of the brokers brought, at most,
// beside what the client itself does.
type reader struct {
	fetches chan kgo.Fetches
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// startReader signals on arrived, which holds one signal.
func startReader(client *kgo.Client, arrived chan<- struct{}) *reader {
	ctx, cancel := context.WithCancel(context.Background())
	r := &reader{fetches: make(chan kgo.Fetches, 1), cancel: cancel}
	r.done.Go(func() {
		for ctx.Err() == nil {
			f := client.PollFetches(ctx)
			if len(f) == 0 || ctx.Err() != nil {
				continue
			}
			select {
			case r.fetches <- f:
			case <-ctx.Done():
				return
			}
			select {
			case arrived <- struct{}{}:
			default:
			}
		}
	})
	return r
}

func (r *reader) stop() {
	r.cancel()
	r.done.Wait()
}
