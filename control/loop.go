package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/weir-streams/weir/resource"
	"golang.org/x/sync/errgroup"
)

// Options of a Loop; zero values are replaced by the defaults named.
type Options struct {
	Workers  int           // 8
	Resync   time.Duration // all keys are looked at again this often: 1 minute
	MinPause time.Duration // after a first error: 50 ms
	MaxPause time.Duration // after many: 30 s
	Timeout  time.Duration // of one pass: 1 minute
	Drain    time.Duration // how long passes under way may go on at the end: 10 s
	// Observe is told of each pass: of what, how long it took, how it ended; nil: nobody is.
	Observe func(kind resource.Kind, took time.Duration, err error)
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		v   *time.Duration
		std time.Duration
	}{
		{&o.Resync, time.Minute},
		{&o.MinPause, 50 * time.Millisecond},
		{&o.MaxPause, 30 * time.Second},
		{&o.Timeout, time.Minute},
		{&o.Drain, 10 * time.Second},
	} {
		if *d.v <= 0 {
			*d.v = d.std
		}
	}
	if o.Workers <= 0 {
		o.Workers = 8
	}
	return o
}

// Feed tells which resources changed. The zero Key means that some changes
// may have been missed. It ends with ctx.
type Feed func(ctx context.Context) <-chan resource.Key

// Loop runs controllers: every resource by one worker at a time, soon after
// a change, and again when its controller wants to look again.
type Loop struct {
	log         *slog.Logger
	controllers []Controller
	feed        Feed
	opts        Options
	queue       *queue
}

// NewLoop makes a loop over the controllers; Run starts it.
func NewLoop(log *slog.Logger, feed Feed, opts Options, controllers ...Controller) *Loop {
	return &Loop{log: log, controllers: controllers, feed: feed, opts: opts.withDefaults(), queue: newQueue()}
}

// Run works until ctx ends, then lets passes under way come to their end.
func (l *Loop) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	changes := l.feed(ctx) // before the first listing, so that nothing falls between
	g.Go(func() error { return l.listen(ctx, changes) })
	// A pass is not torn in the middle when we are told to end.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(l.opts.Drain, stop) })()
	for range l.opts.Workers {
		g.Go(func() error {
			for {
				e, ok := l.queue.next(ctx)
				if !ok {
					return ctx.Err()
				}
				l.queue.done(e, l.pass(work, e))
			}
		})
	}
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("control loop: %w", err)
	}
	return nil
}

// Due is how many passes wait for a worker though their time has come.
func (l *Loop) Due() int { return l.queue.waiting(time.Now()) }

// listen turns changes into tasks.
func (l *Loop) listen(ctx context.Context, changes <-chan resource.Key) error {
	resync := time.NewTicker(l.opts.Resync)
	defer resync.Stop()
	l.addAll(ctx, 0)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-resync.C:
			l.addAll(ctx, l.opts.Resync/4)
		case key, open := <-changes:
			switch {
			case !open && ctx.Err() == nil:
				return errors.New("the feed of changes has ended")
			case !open:
				return ctx.Err()
			case key == resource.Key{}:
				l.addAll(ctx, 0)
			default:
				l.changed(ctx, key)
			}
		}
	}
}

// headStart is how far a task that something has changed for goes before those
// whose time has just come: a person waits for it, and a look at a cluster that
// runs well may come a little later.
const headStart = time.Second

// addAll asks for a look at everything, spread over a time.
func (l *Loop) addAll(ctx context.Context, over time.Duration) {
	for i, c := range l.controllers {
		keys, err := c.Keys(ctx)
		if err != nil {
			if ctx.Err() == nil {
				l.log.WarnContext(ctx, "listing resources will be tried again", "kind", c.Kind(), "error", err)
			}
			continue
		}
		now := time.Now()
		for n, key := range keys {
			l.queue.add(task{i, key}, now.Add(over*time.Duration(n)/time.Duration(len(keys))))
		}
	}
}

func (l *Loop) changed(ctx context.Context, key resource.Key) {
	for i, c := range l.controllers {
		keys, err := c.Related(ctx, key)
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, resource.ErrNotFound) {
				l.log.WarnContext(ctx, "a change is acted on at the next full look", "kind", c.Kind(), "changed", key, "error", err)
			}
			continue
		}
		now := time.Now()
		for _, k := range keys {
			l.queue.add(task{i, k}, now.Add(-headStart))
		}
	}
}

// pass does one step of one resource and says when the next is due.
func (l *Loop) pass(ctx context.Context, e *entry) time.Time {
	ctx, cancel := context.WithTimeout(ctx, l.opts.Timeout)
	defer cancel()
	c := l.controllers[e.task.controller]
	began := time.Now()
	again, err := l.reconcile(ctx, c, e.task.key)
	if l.opts.Observe != nil {
		l.opts.Observe(c.Kind(), time.Since(began), err)
	}
	log := l.log.With("kind", e.task.key.Kind, "namespace", e.task.key.Namespace, "id", e.task.key.ID)
	switch {
	case err == nil:
		e.failures = 0
		return again
	case IsTerminal(err):
		e.failures = 0
		log.ErrorContext(ctx, "gave up until it changes", "error", err)
		return time.Time{}
	case errors.Is(err, ErrStale), errors.Is(err, resource.ErrConflict):
		e.failures++
		log.DebugContext(ctx, "decides anew", "error", err)
		if e.failures < 3 {
			return time.Now()
		}
	default:
		e.failures++
		log.WarnContext(ctx, "will be tried again", "failures", e.failures, "error", err)
	}
	return time.Now().Add(Pause(e.failures, l.opts.MinPause, l.opts.MaxPause, rand.Float64()))
}

// reconcile keeps a panic of one resource from ending the platform.
func (l *Loop) reconcile(ctx context.Context, c Controller, key resource.Key) (again time.Time, err error) {
	defer func() {
		if r := recover(); r != nil {
			l.log.ErrorContext(ctx, "a controller panicked", "kind", key.Kind, "id", key.ID, "panic", r, "stack", string(debug.Stack()))
			err = Terminal(fmt.Errorf("panic: %v", r))
		}
	}()
	return c.Reconcile(ctx, key)
}

// Pause is how long to wait after so many failures in a row: twice as long
// each time from least to most, varied by a fifth up or down as chance (in
// [0,1)) has it, so that many that failed together do not come back together.
func Pause(failures int, least, most time.Duration, chance float64) time.Duration {
	if failures < 1 {
		return 0
	}
	pause := most
	if shift := failures - 1; shift < 32 && least<<shift < most && least<<shift > 0 {
		pause = least << shift
	}
	return time.Duration(float64(pause) * (0.8 + 0.4*chance))
}
