package savepoint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// deleteRetry is how soon a removal that failed is tried again.
const deleteRetry = 10 * time.Minute

// removal is what is looked at of a savepoint that is to be removed.
type removal struct {
	place place
	users []string // jobs that have not ended and may need the data
	other string   // a savepoint that stays and refers to the data
}

// place is the directory in which the data of a savepoint lies, with all that
// goes when it goes.
type place struct {
	dir  string
	ours bool // the platform wrote it, so it may remove it
}

// placeOf finds the directory that has only to do with the savepoint: that of
// its own, or that of the job whose checkpoint it is. What lies below base is
// the platform's too.
func placeOf(s resource.Savepoint, base string) place {
	at := s.Spec.SavepointLocation
	if at == "" {
		return place{}
	}
	scheme, rest := "", flink.NormalLocation(at)
	if i := strings.Index(rest, ":"); i >= 0 {
		scheme, rest = rest[:i+1], rest[i+1:]
	}
	parts := strings.Split(rest, "/")
	if slices.Contains(parts, "..") || slices.Contains(parts, ".") || slices.Contains(parts[min(2, len(parts)):], "") {
		return place{dir: at} // not plainly said where that is
	}
	ids := []string{s.Metadata.ID}
	if s.Metadata.JobID != "" && s.Metadata.Type != resource.SavepointTypeFull {
		ids = append(ids, s.Metadata.JobID) // a checkpoint shares files with others of its job
	}
	for _, id := range ids {
		for i, part := range parts {
			if i > 1 && (part == id || part == control.TriggerID(id)) {
				return place{dir: scheme + strings.Join(parts[:i+1], "/"), ours: true}
			}
		}
	}
	return place{dir: scheme + rest, ours: control.Within(base, at) && !control.Within(at, base)}
}

// remove decides about a savepoint that is to be removed.
func (d *decision) remove() {
	r := d.removal
	force := d.Spec.Force
	switch d.Status.State {
	case resource.SavepointCompleted, resource.SavepointFailed:
		if d.Spec.StopJob && d.job.Metadata.ID != "" && !d.job.Status.State.Terminal() {
			d.again = d.now.Add(10 * time.Second) // it ends the job; its change wakes us earlier
			return
		}
		d.status.State = resource.SavepointPendingDeletion
		why := ""
		if w := d.Metadata.Annotations[control.AnnotationDeleteWhy]; w != "" {
			why = ": " + w
		}
		d.say(resource.EventTriggeredSavepointDeletion, "savepoint %s is to be removed%s", d.Metadata.ID, why)
		d.again = d.now
	case resource.SavepointPendingDeletion:
		if len(r.users) > 0 && !force {
			d.again = d.now.Add(10 * time.Second)
			return
		}
		d.status.State = resource.SavepointDeleting
		d.again = d.now
	case resource.SavepointFailedDeletion:
		if again := d.Status.Failure.FailedAt.Add(deleteRetry); !force && d.now.Before(again) {
			d.again = again
			return
		}
		d.status.State = resource.SavepointDeleting
		d.again = d.now
	case resource.SavepointDeleting:
		d.removeNow(force)
	}
}

// removeNow says what goes. What others refer to is looked at once more.
func (d *decision) removeNow(force bool) {
	r := d.removal
	gone := func(format string, args ...any) {
		d.drop = true
		d.say(resource.EventSuccessfullyDeletedSavepoint, "savepoint %s is removed%s", d.Metadata.ID, fmt.Sprintf(format, args...))
	}
	switch {
	case len(r.users) > 0 && !force:
		d.status.State = resource.SavepointPendingDeletion
		d.again = d.now.Add(10 * time.Second)
	case r.place.dir == "":
		gone("; it had no data")
	case len(r.users) > 0:
		gone(" by force; its data at %s stays, because job %s was started from it", d.Spec.SavepointLocation, r.users[0])
	case r.other != "":
		gone("; its data at %s stays, because savepoint %s refers to it", d.Spec.SavepointLocation, r.other)
	case !r.place.ours:
		gone("; its data at %s stays, because this platform has not written it", d.Spec.SavepointLocation)
	default:
		d.erase = r.place.dir
		gone(", and its data at %s", r.place.dir)
	}
}

// removalFailed decides when the data could not be removed.
func (d *decision) removalFailed(err error) {
	d.erase, d.events = "", nil
	if d.Spec.Force {
		d.say(resource.EventFailedToDeleteSavepoint, "the data of savepoint %s could not be removed: %v; the savepoint is forgotten by force, its data may be left at %s",
			d.Metadata.ID, err, d.Spec.SavepointLocation)
		return
	}
	d.drop = false
	d.status.State = resource.SavepointFailedDeletion
	d.status.Failure = resource.Failure{Reason: "NotRemoved", Message: err.Error(), FailedAt: resource.At(d.now)}
	if d.Status.Failure.Message != d.status.Failure.Message {
		d.say(resource.EventFailedToDeleteSavepoint, "savepoint %s could not be removed: %v; it is tried again every %s, or delete it with force to forget it", d.Metadata.ID, err, deleteRetry)
	}
	d.again = d.now.Add(deleteRetry)
}
