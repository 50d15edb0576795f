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
