package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/weir-streams/weir/flink"
)

// LaunchOn brings a job to the session cluster of its ref. All launchers of
// session clusters do it in this way, by PUT /weir/v1/jobs/:id, whose body is
// the Spec.
func LaunchOn(ctx context.Context, l Launcher, spec Spec) error {
	client, err := l.Connect(ctx, spec.Cluster())
	if err != nil {
		return err
	}
	err = client.SubmitJob(ctx, spec.FlinkJobID(), spec)
	var said *flink.Error
	switch {
	case !errors.As(err, &said):
		return err
	case said.Status == http.StatusGone: // it came after it was terminated
		return fmt.Errorf("%w: %w", ErrGone, err)
	case said.Status >= 400 && said.Status < 500:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// ObserveOn says whether a job is on the session cluster of its ref.
func ObserveOn(ctx context.Context, l Launcher, ref Ref) (Observation, error) {
	o, err := l.Observe(ctx, ref.Cluster())
	switch {
	case err != nil:
		return Observation{}, err
	case o.Presence == Absent:
		return Observation{Presence: Absent, Message: because("its session cluster is gone", o.Message)}, nil
	case o.Presence == Unknown:
		return o, nil
	case o.Failed:
		return Observation{Presence: Absent, Message: because("its session cluster has ended", o.Message)}, nil
	}
	_, err = ConnectOn(ctx, l, ref)
	switch {
	case err == nil:
		return Observation{Presence: Present}, nil
	case errors.Is(err, ErrGone):
		return Observation{Presence: Absent, Message: "its session cluster has no such job"}, nil
	case errors.Is(err, ErrUnreachable):
		return Observation{Presence: Unknown, Message: err.Error()}, nil
	}
	return Observation{}, err
}

// ConnectOn returns a client of the session cluster of a job's ref, after it
// has proved who it is and that it has the job.
func ConnectOn(ctx context.Context, l Launcher, ref Ref) (*flink.Client, error) {
	client, err := l.Connect(ctx, ref.Cluster())
	if err != nil {
		return nil, err
	}
	_, err = client.JobStatus(ctx, ref.FlinkJobID())
	switch {
	case err == nil:
		return client, nil
	case flink.IsNotFound(err):
		return nil, fmt.Errorf("%w: session cluster %s has no such job", ErrGone, ref.Session)
	}
	return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// TerminateOn ends and forgets a job on the session cluster of its ref.
func TerminateOn(ctx context.Context, l Launcher, ref Ref) error {
	o, err := l.Observe(ctx, ref.Cluster())
	switch {
	case err != nil:
		return err
	case o.Presence == Absent, o.Presence == Present && o.Failed:
		return nil // and with it the job
	}
	client, err := l.Connect(ctx, ref.Cluster())
	if errors.Is(err, ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	return client.RemoveJob(ctx, ref.FlinkJobID())
}

func because(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}
