package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// staleFailure is how long a failure that was there before a change may stay
// before it counts as the answer to the change.
const staleFailure = 5 * time.Second

// sight is a deployment with its newest job, as one look saw them.
type sight struct {
	deployment resource.Deployment
	job        resource.Job // zero if there never was one
}

// goal tells whether a deployment has got where it was to go. An error means
// that it never will by itself.
type goal func(sight) (bool, error)

// waitFlags are the flags of verbs that can wait.
type waitFlags struct {
	wait    bool
	timeout time.Duration
}

func (w *waitFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&w.wait, "wait", false, "wait until it is done")
	c.Flags().DurationVar(&w.timeout, "timeout", 0, "how long to wait at most, such as 30s (0: for ever); exit code 124 when it passes")
}

// settled is the goal of a deployment that was just changed: its wanted state
// is reached, by a job of its newest template if it runs. A change that could
// not run and was undone has failed, however well the old spec runs again.
func settled(generation int, changedAt time.Time, failedBefore bool) goal {
	return func(at sight) (bool, error) {
		d := at.deployment
		if generation > 0 && d.Status.Transition.RolledBackFrom == generation {
			if d.Status.State == resource.StateTransitioning {
				return false, nil
			}
			return false, fmt.Errorf("deployment %q could not run generation %d and went back to the spec before; see weir events %s", d.Metadata.Name, generation, d.Metadata.Name)
		}
		switch d.Status.State {
		case d.Spec.State:
			if d.Spec.State == resource.StateRunning && !upToDate(at) {
				return false, nil
			}
			return true, nil
		case resource.StateFinished:
			return d.Spec.State == resource.StateRunning && upToDate(at), nil
		case resource.StateFailed:
			answered := at.job.Spec.Generation >= d.Metadata.Generation // by a job of the changed spec
			if failedBefore && !answered && time.Since(changedAt) < staleFailure {
				return false, nil
			}
			return false, failure(d)
		}
		return false, nil
	}
}

// upToDate tells whether the newest job is of the newest template, and has come
// to its parallelism.
func upToDate(at sight) bool {
	if at.job.Metadata.ID == "" || at.job.Metadata.Annotations[control.AnnotationRescale] != "" {
		return false
	}
	return at.deployment.Spec.UpgradeStrategy.Kind == resource.UpgradeNone ||
		at.job.Metadata.SpecVersion() == at.deployment.SpecVersion()
}

// reaches is the goal of being seen in a state.
func reaches(state resource.State) goal {
	return func(at sight) (bool, error) {
		d := at.deployment
		if d.Status.State == state && (state != resource.StateRunning || upToDate(at)) {
			return true, nil
		}
		if d.Status.State == resource.StateFailed {
			return false, failure(d)
		}
		return false, nil
	}
}

// restartedAfter is the goal of running a job made after a moment of the
// server's clock.
func restartedAfter(t resource.Time) goal {
	return func(at sight) (bool, error) {
		d := at.deployment
		switch {
		case d.Spec.State != resource.StateRunning:
			return true, nil // the next start will use it
		case d.Status.State == resource.StateFailed:
			return false, failure(d)
		}
		return d.Status.State == resource.StateRunning && at.job.Metadata.CreatedAt.After(t.Time), nil
	}
}

func failure(d resource.Deployment) error {
	why := d.Status.Message
	if why == "" {
		why = "no reason was recorded; see weir events " + d.Metadata.Name
	}
	return fmt.Errorf("deployment %q has FAILED: %s", d.Metadata.Name, why)
}

// await watches a deployment until it reaches the goal, telling people at a
// terminal what it does meanwhile. Progress is told on standard error only.
func (s *session) await(ctx context.Context, api *client.Client, name string, timeout time.Duration, reached goal) (resource.Deployment, error) {
	ctx, cancel := bounded(ctx, timeout)
	defer cancel()
	var at sight
	said := ""
	look := func() error {
		var err error
		if at, err = s.look(ctx, api, name); err != nil {
			return err
		}
		d := at.deployment
		if line := string(d.Status.State) + " " + d.Status.Message; line != said {
			said = line
			s.progressf("%s: %s", d.Metadata.Name, inOneLine(line))
		}
		done, err := reached(at)
		if err != nil {
			return err
		}
		if done {
			return client.Stop()
		}
		return nil
	}
	err := s.watchAndTick(ctx, api, look)
	if errors.Is(err, context.DeadlineExceeded) {
		d := at.deployment
		return d, fmt.Errorf("after %s deployment %q is %s, wanted %s (%s): %w",
			timeout, name, d.Status.State, d.Spec.State, firstOf(d.Status.Message, "no message"), context.DeadlineExceeded)
	}
	return at.deployment, err
}

func (s *session) look(ctx context.Context, api *client.Client, name string) (sight, error) {
	d, err := api.Deployments(s.ns()).Get(ctx, name)
	if err != nil {
		return sight{}, err
	}
	jobs, err := api.Jobs(s.ns()).List(ctx, client.Query{DeploymentID: d.Metadata.ID, Newest: 1})
	if err != nil {
		return sight{}, err
	}
	at := sight{deployment: d}
	if len(jobs) > 0 {
		at.job = jobs[0]
	}
	return at, nil
}

// watchAndTick looks at every change of the namespace, and every second for
// what only time changes, until look stops it.
func (s *session) watchAndTick(ctx context.Context, api *client.Client, look func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := make(chan struct{}, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- api.Watch(ctx, s.ns(), func(client.Change) error {
			select {
			case changed <- struct{}{}:
			default: // one look sees all
			}
			return nil
		})
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-changed:
		case <-tick.C:
		}
		if err := look(); err != nil {
			cancel()
			<-ended
			if errors.Is(err, client.Stop()) {
				return nil
			}
			return err
		}
	}
}
