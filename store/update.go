package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/weir-streams/weir/resource"
)

const (
	// updateAttempts bounds the retries of an update that others keep winning.
	updateAttempts = 100
	// queueWait bounds how long a retry waits for its turn. It only ever runs
	// out if a change function itself updates, and then it avoids a deadlock.
	queueWait = time.Second
)

var errRaced = errors.New("changed meanwhile by others, again and again")

// Update reads a resource, lets change alter it, and writes it back if nobody
// did so meanwhile; else it starts over, so change may be called more than
// once. An error of change ends the update and is returned as it is. A change
// that changes nothing writes nothing. Identity, createdAt and versions are
// the store's: what change does to them is undone.
//
// A spec that differs makes the next generation and, of a deployment, the next
// revision, whose author is by.
func (c *Collection[T, P]) Update(ctx context.Context, by, id string, change func(*T) error) (T, error) {
	var none T
	release := func() {}
	for range updateAttempts {
		v, raced, err := func() (T, bool, error) {
			defer release()
			return c.tryUpdate(ctx, by, id, change)
		}()
		if !raced {
			return v, err
		}
		release = func() {}
		// Those who lost a race line up, so that each wins in its turn.
		if release, err = c.db.retries.wait(ctx, id); err != nil {
			return none, c.failed("update", id, err)
		}
	}
	release()
	return none, c.failed("update", id, fmt.Errorf("%w: %w", errRaced, resource.ErrConflict))
}

// tryUpdate is one attempt; raced means that another write came between.
func (c *Collection[T, P]) tryUpdate(ctx context.Context, by, id string, change func(*T) error) (_ T, raced bool, _ error) {
	var none T
	v, _, err := c.one(ctx, "id = $2", id)
	if err != nil {
		return none, false, c.failed("update", id, err)
	}
	was, unreadable := *P(&v).Meta(), c.unreadable(v)
	before, specBefore, err := documents(P(&v))
	if err != nil {
		return none, false, c.failed("update", id, err)
	}
	if err := change(&v); err != nil {
		return none, false, err
	}

	m := P(&v).Meta()
	m.ID, m.Name, m.Namespace, m.CreatedAt = was.ID, was.Name, was.Namespace, was.CreatedAt
	m.ModifiedAt, m.ResourceVersion, m.Generation = was.ModifiedAt, was.ResourceVersion, was.Generation
	resource.SetKind(P(&v))
	after, specAfter, err := documents(P(&v))
	if err != nil {
		return none, false, c.failed("update", id, err)
	}
	if bytes.Equal(before, after) {
		v, err := c.decode(id, after)
		return v, false, err
	}
	newSpec := !bytes.Equal(specBefore, specAfter)
	m.ModifiedAt = resource.At(time.Now())
	m.ResourceVersion++
	if newSpec {
		m.Generation++
	}
	v, doc, err := c.normal(v)
	if err != nil {
		return none, false, c.failed("update", id, err)
	}
	if doc, err = c.sealed(v, doc, unreadable); err != nil {
		return none, false, c.failed("update", id, err)
	}
	if m = P(&v).Meta(); !storable(owner(m), m.JobID, by) {
		return none, false, c.failed("update", id, resource.Invalidf("metadata", "has an id that cannot be stored"))
	}
	return c.swap(ctx, by, was.ResourceVersion, v, doc, newSpec)
}

// swap writes v if the stored version is still the one given.
func (c *Collection[T, P]) swap(ctx context.Context, by string, version int, v T, doc []byte, newSpec bool) (_ T, raced bool, _ error) {
	var none T
	m := P(&v).Meta()
	key := resource.Key{Kind: c.kind, Namespace: m.Namespace, ID: m.ID}
	err := c.db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, c.db.sql(`
			UPDATE resource SET owner = $1, job = $2, version = $3, doc = $4
			WHERE kind = $5 AND id = $6 AND version = $7`),
			owner(m), m.JobID, m.ResourceVersion, string(doc), string(c.kind), m.ID, version)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errRaced)
		}
		if newSpec {
			if err := c.addRevision(ctx, tx, by, P(&v)); err != nil {
				return err
			}
		}
		return c.db.notify(ctx, tx, key)
	})
	if errors.Is(err, errRaced) {
		return none, true, nil
	}
	c.db.feed.publish(key)
	if err != nil {
		return none, false, c.failed("update", m.ID, err)
	}
	return v, false, nil
}

func documents(o resource.Object) (whole, spec []byte, err error) {
	if whole, err = json.Marshal(o); err != nil {
		return nil, nil, err
	}
	spec, err = json.Marshal(o.SpecOf())
	return whole, spec, err
}

// retries is where updates of this process that lost a race line up. Ids share
// the lines, which costs time only.
type retries struct {
	lines [64]chan struct{} // each holds one token while somebody retries
}

var seed = maphash.MakeSeed()

func newRetries() retries {
	var r retries
	for i := range r.lines {
		r.lines[i] = make(chan struct{}, 1)
	}
	return r
}

// wait returns when it is the caller's turn, or after queueWait without one.
func (r *retries) wait(ctx context.Context, id string) (release func(), err error) {
	line := r.lines[maphash.String(seed, id)%uint64(len(r.lines))]
	timer := time.NewTimer(queueWait)
	defer timer.Stop()
	select {
	case line <- struct{}{}:
		return func() { <-line }, nil
	case <-timer.C:
		return func() {}, nil
	case <-ctx.Done():
		return func() {}, ctx.Err()
	}
}
