package control

import (
	"context"
	"log/slog"

	"github.com/weir-streams/weir/resource"
)

// By is the author of what controllers write.
const By = "weir"

// Events is where the record is kept.
type Events interface {
	Create(ctx context.Context, by string, e resource.Event) (resource.Event, error)
}

// Event is one line for the record of a deployment.
type Event struct {
	Name    resource.EventName
	Message string
	JobID   string
}

// Recorder writes the record that people read.
type Recorder struct {
	Events Events
	Log    *slog.Logger
}

// Record keeps what was done. The deed is done already, so a record that
// cannot be kept is only logged.
func (r Recorder) Record(ctx context.Context, namespace, deploymentID string, events ...Event) {
	for _, e := range events {
		_, err := r.Events.Create(ctx, By, resource.Event{
			Metadata: resource.Metadata{
				Name: string(e.Name), Namespace: namespace, DeploymentID: deploymentID, JobID: e.JobID,
			},
			Spec: resource.EventSpec{Message: e.Message, Actor: By},
		})
		if err != nil {
			r.Log.WarnContext(ctx, "an event is not kept", "event", e.Name, "message", e.Message, "error", err)
		}
	}
}

// EventTrimmer removes the oldest events of a deployment but for so many.
type EventTrimmer interface {
	TrimEvents(ctx context.Context, deploymentID string, keep int) (removed int, err error)
}

// EventHistory keeps no more than about Keep events of each deployment.
type EventHistory struct {
	Events
	Trimmer EventTrimmer
	Keep    int // 0: all
	Log     *slog.Logger
}

// Create keeps an event and, at every sixteenth or so, removes what is too old.
// Which one that is follows from its id, which is random.
func (h EventHistory) Create(ctx context.Context, by string, e resource.Event) (resource.Event, error) {
	e, err := h.Events.Create(ctx, by, e)
	if err != nil || h.Keep <= 0 || e.Metadata.DeploymentID == "" || e.Metadata.ID == "" || e.Metadata.ID[0] != '0' {
		return e, err
	}
	if _, err := h.Trimmer.TrimEvents(ctx, e.Metadata.DeploymentID, h.Keep); err != nil {
		h.Log.WarnContext(ctx, "old events stay for now", "deployment", e.Metadata.DeploymentID, "error", err)
	}
	return e, nil
}
