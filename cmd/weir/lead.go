package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// leaseTime is how long a replica may be silent before another one takes over
// the control loop.
const leaseTime = 6 * time.Second

// leases is what whileLeading needs of the store.
type leases interface {
	Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
}

// whileLeading runs the control loop on one of the servers that share a
// database: the one that holds the lease. It returns when ctx ends or the loop
// fails.
func whileLeading(ctx context.Context, db leases, log *slog.Logger, run func(context.Context) error) error {
	holder := uuid.NewString()
	for ctx.Err() == nil {
		ok, err := db.Lease(ctx, "control", holder, leaseTime)
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "the lease will be asked for again", "error", err)
		}
		if ok {
			if err := term(ctx, db, holder, log, run); err != nil {
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(leaseTime / 5):
		}
	}
	return nil
}

// term runs the loop for as long as the lease is held. The loop has ended when
// it returns, and is told to end before the lease can have passed to another.
func term(ctx context.Context, db leases, holder string, log *slog.Logger, run func(context.Context) error) error {
	log.InfoContext(ctx, "this server leads")
	inner, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(inner) }()
	tick := time.NewTicker(leaseTime / 5)
	defer tick.Stop()
	held := time.Now()
	for {
		select {
		case err := <-ended:
			// Let another one take over at once; else it passes by itself.
			release, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_, _ = db.Lease(release, "control", holder, time.Millisecond)
			return err
		case <-tick.C:
		}
		asked := time.Now()
		switch ok, err := db.Lease(ctx, "control", holder, leaseTime); {
		case ok:
			held = asked
		case err != nil && time.Since(held) < leaseTime/2:
			log.WarnContext(ctx, "the lease will be renewed again", "error", err)
		default:
			log.WarnContext(ctx, "this server no longer leads", "error", err)
			stop()
			return <-ended
		}
	}
}
