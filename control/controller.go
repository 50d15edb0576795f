package control

import (
	"context"
	"errors"
	"time"

	"github.com/weir-streams/weir/resource"
)

// Controller makes the resources of one kind true.
type Controller interface {
	Kind() resource.Kind
	// Keys lists the resources that may need work: at the start, and every
	// minute, because notifications can be lost.
	Keys(ctx context.Context) ([]resource.Key, error)
	// Related names the resources of this controller that a change of another
	// resource (of any kind, its own too) concerns.
	Related(ctx context.Context, changed resource.Key) ([]resource.Key, error)
	// Reconcile does the next step for one resource and says when to look
	// again even if nothing changes; the zero time means not before a change.
	// Errors are retried with growing pauses, except those of Terminal.
	Reconcile(ctx context.Context, key resource.Key) (again time.Time, err error)
}

// Terminal marks an error that asking again cannot help: the loop stops
// retrying until the resource changes.
func Terminal(err error) error { return &terminalError{err} }

// IsTerminal tells whether err was marked by Terminal.
func IsTerminal(err error) bool {
	var t *terminalError
	return errors.As(err, &t)
}

type terminalError struct{ err error }

func (e *terminalError) Error() string { return e.err.Error() }
func (e *terminalError) Unwrap() error { return e.err }

// ErrStale is what a change of a resource answers when the resource is no
// longer what was decided about: look again, decide anew.
var ErrStale = errors.New("changed meanwhile")
