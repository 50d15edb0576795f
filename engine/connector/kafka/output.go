package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// flushWait is how long a checkpoint waits for the brokers to take what was written.
const flushWait = 3 * time.Minute

// producer is a client that writes, and the first error of what it wrote.
type producer struct {
	client  *kgo.Client
	running context.Context // ends when the task is to stop
	mu      sync.Mutex
	err     error
}

func newProducer(running context.Context, opts []kgo.Opt) (*producer, error) {
	c, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	return &producer{client: c, running: running}, nil
}

func (p *producer) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// send hands records over; the client keeps a bounded number of them and lets
// the caller wait beyond that.
func (p *producer) send(records []kgo.Record) error {
	if err := p.failed(); err != nil {
		return err
	}
	for i := range records {
		p.client.Produce(p.running, &records[i], p.acknowledged)
	}
	return nil
}

func (p *producer) acknowledged(r *kgo.Record, err error) {
	if err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		err = fmt.Errorf("topic %s does not exist; create it, or correct option 'topic'", r.Topic)
	case errors.Is(err, kerr.MessageTooLarge):
		err = fmt.Errorf("topic %s: a record of %d bytes is larger than the topic's max.message.bytes allows: %w", r.Topic, len(r.Key)+len(r.Value), err)
	default:
		err = fmt.Errorf("topic %s: %w", r.Topic, err)
	}
	p.err = err
}

func (p *producer) flush() error {
	ctx, cancel := context.WithTimeout(p.running, flushWait)
	defer cancel()
	if err := p.client.Flush(ctx); err != nil {
		if p.running.Err() != nil {
			return fmt.Errorf("the task stops before the brokers have taken what was written: %w", err)
		}
		return fmt.Errorf("the brokers do not take what was written within %s: %w", flushWait, err)
	}
	return p.failed()
}

// plainOutput writes at least once, or without any guarantee.
type plainOutput struct {
	*producer
	wait bool
}

func newPlain(running context.Context, opts []kgo.Opt, wait bool) (output, error) {
	p, err := newProducer(running, opts)
	if err != nil {
		return nil, err
	}
	return &plainOutput{producer: p, wait: wait}, nil
}

func (o *plainOutput) Prepare(int64) ([][]byte, error) {
	if !o.wait {
		return nil, o.failed()
	}
	return nil, o.flush()
}

func (o *plainOutput) Commit([][]byte) error { return nil }
func (o *plainOutput) Abort() error          { return nil }

func (o *plainOutput) Close() error {
	o.client.Close()
	return nil
}
