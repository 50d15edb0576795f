package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weir-streams/weir/engine/format"
)

// mostAsked bounds the questions for one fetch of a partition; a decoder asks by
// itself for what is lacking then. It is less than what decoders remember.
const mostAsked = 500

// asking is a question of a decoder to somebody else, such as a registry of
// schemas. While it waits for the answer the source has nothing to give, and
// checkpoints go on.
type asking struct {
	cancel context.CancelFunc
	done   chan error // of one place
}

// ask begins to ask; arrived gets a signal when there is an answer.
func ask(a format.Asker, what uint32, arrived chan<- struct{}) *asking {
	ctx, cancel := context.WithCancel(context.Background())
	q := &asking{cancel, make(chan error, 1)}
	go func() {
		q.done <- a.Ask(ctx, what)
		select {
		case arrived <- struct{}{}:
		default:
		}
	}()
	return q
}

// stop gives the question up.
func (q *asking) stop() {
	q.cancel()
	<-q.done
}

// ready tells whether records can be decoded. If their decoders lack something,
// it is asked for; the caller comes again.
func (s *source) ready(ctx context.Context, f *fetched) (bool, error) {
	for !f.known {
		if s.asking == nil {
			a, what := s.records.lacking(f)
			if a == nil || f.asked == mostAsked {
				f.known = true
				break
			}
			f.asked++
			s.asking = ask(a, what, s.arrived)
		}
		wait := time.NewTimer(pollWait)
		select {
		case err := <-s.asking.done:
			wait.Stop()
			s.asking.cancel()
			s.asking = nil
			if err != nil {
				return false, fmt.Errorf("topic %s, partition %d: %w", f.part.topic, f.part.index, err)
			}
		case <-wait.C:
			return false, nil
		case <-ctx.Done():
			wait.Stop()
			return false, nil
		}
	}
	return true, nil
}

// lacking is the first decoder that needs something before it can decode, and
// what; nil: none does.
func (r *records) lacking(f *fetched) (format.Asker, uint32) {
	find := func(p *part, side func(*kgo.Record) []byte) (format.Asker, uint32) {
		a, ok := p.decoder.(format.Asker)
		if !ok {
			return nil, 0
		}
		for _, x := range f.records {
			if f.part.end >= 0 && x.Offset >= f.part.end {
				break
			}
			if text := side(x); text != nil && r.counts(f.part, x) {
				if what, lacks := a.Lacks(text); lacks {
					return a, what
				}
			}
		}
		return nil, 0
	}
	if a, what := find(&r.value, func(x *kgo.Record) []byte { return x.Value }); a != nil || !r.keyed {
		return a, what
	}
	return find(&r.key, func(x *kgo.Record) []byte { return x.Key })
}
