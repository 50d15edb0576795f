package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// awaitObject watches a resource of any kind until it is where it was to get.
// An error of reached means that it never will be. What is not there ends the
// wait with that error.
func (s *session) awaitObject(ctx context.Context, api *client.Client, k kind, ref string, timeout time.Duration, wanted string,
	reached func(resource.Object) (bool, error),
) (resource.Object, error) {
	ctx, cancel := bounded(ctx, timeout)
	defer cancel()
	var last resource.Object
	said := ""
	err := s.watchAndTick(ctx, api, func() error {
		v, err := k.get(ctx, api, s.ns(), ref)
		if err != nil {
			return err
		}
		last = v
		if state := stateOf(v); state != said {
			said = state
			s.progressf("%s %s: %s", k.names[1], ref, state)
		}
		done, err := reached(v)
		if err == nil && done {
			return client.Stop()
		}
		return err
	})
	if errors.Is(err, context.DeadlineExceeded) {
		now := "never seen"
		if last != nil {
			now = firstOf(stateOf(last), "there")
		}
		return last, fmt.Errorf("after %s %s %q is %s, wanted %s: %w", timeout, k.names[1], ref, now, wanted, context.DeadlineExceeded)
	}
	return last, err
}

// awaitGone waits until a resource is not there any more.
func (s *session) awaitGone(ctx context.Context, api *client.Client, k kind, ref string, timeout time.Duration) error {
	_, err := s.awaitObject(ctx, api, k, ref, timeout, "deleted", func(o resource.Object) (bool, error) {
		if sp, ok := o.(*resource.Savepoint); ok && sp.Status.State == resource.SavepointFailedDeletion {
			return false, fmt.Errorf("savepoint %s could not be deleted: %s; --force forgets it and leaves its data", ref, firstOf(sp.Status.Failure.Message, "no reason was recorded"))
		}
		return false, nil
	})
	if client.IsNotFound(err) {
		return nil
	}
	return err
}

func (s *session) awaitSessionCluster(ctx context.Context, api *client.Client, name string, timeout time.Duration) error {
	k, err := findKind("sessionclusters")
	if err != nil {
		return err
	}
	began := time.Now()
	v, err := s.awaitObject(ctx, api, k, name, timeout, "as wanted", func(o resource.Object) (bool, error) {
		c, ok := o.(*resource.SessionCluster)
		if !ok {
			return false, fmt.Errorf("session cluster %q is a %s", name, o.ResourceKind())
		}
		if c.Status.State == resource.SessionFailed {
			return false, fmt.Errorf("session cluster %q has FAILED: %s", name, firstOf(c.Status.Failure.Message, c.Status.Message, "no reason was recorded"))
		}
		return c.Status.State == c.Spec.State, nil
	})
	if err != nil {
		return err
	}
	s.donef("sessioncluster %s is %s after %s", name, stateOf(v), time.Since(began).Round(time.Millisecond))
	return nil
}

// stateOf is the state that a resource is in; "" of kinds without one.
func stateOf(o resource.Object) string {
	switch v := o.(type) {
	case *resource.Deployment:
		return string(v.Status.State)
	case *resource.Job:
		return string(v.Status.State)
	case *resource.Savepoint:
		return string(v.Status.State)
	case *resource.SessionCluster:
		return string(v.Status.State)
	case *resource.Namespace:
		return v.Status.Phase
	}
	return ""
}
