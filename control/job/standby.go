package job

import (
	"fmt"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// relaunchFor is how long a cluster without a job is asked for again.
const relaunchFor = time.Minute

// standing decides about a job whose cluster is to be there before the job is:
// until it is asked to start, it has a cluster and nothing runs in it.
func (d *decision) standing() {
	s := d.sight
	asked := control.NotedTime(d.Metadata, control.AnnotationWarmed)
	limit := d.config.StartTimeout
	if limit <= 0 {
		limit = 5 * time.Minute
	}
	switch {
	case d.Spec.Stop != "":
		d.end("it is not needed any more")
	case asked.IsZero():
		d.warmOnce()
	case s.Presence == cluster.Absent && d.now.Sub(asked) < relaunchFor:
		// We were interrupted, or it did not work: unlike one with a job, it can be
		// asked for as often as one likes.
		d.launch = true
		d.again = control.Pace(d.now, asked)
	case s.Presence == cluster.Absent:
		d.fail(control.ReasonLaunch, "its cluster did not come up: "+first(d.Status.Message, s.Message, "it is not there"))
	case s.Broken:
		d.fail(d.broken(), first(s.Message, "its cluster can never work"))
	case s.Standby != nil && s.Standby.Refused != "":
		d.fail(control.ReasonRefused, s.Standby.Refused)
	case s.Standby != nil && s.Standby.Ready:
		if control.NotedTime(d.Metadata, control.AnnotationReady).IsZero() {
			d.note(control.AnnotationReady, control.NoteTime(d.now))
		}
		d.status.Message = ""
		d.again = d.now.Add(10 * time.Second)
	case d.now.Sub(asked) >= limit && s.Presence == cluster.Present:
		d.fail(control.ReasonTimeout, fmt.Sprintf("its cluster was not ready in %s", limit))
	default:
		d.again = control.Pace(d.now, asked)
	}
}

// warmOnce asks for the cluster without the job. That it is asked for is
// written first.
func (d *decision) warmOnce() {
	if d.sight.Presence == cluster.Unknown {
		d.status.Message = first(d.sight.Message, "cannot tell whether a cluster of this job exists")
		d.again = d.now.Add(time.Second)
		return
	}
	d.launch = true
	d.note(control.AnnotationWarmed, control.NoteTime(d.now))
	d.say(resource.EventSpinningUpAClusterForAJob, "launching the next cluster by launcher %q, while the job before goes on", d.Metadata.Annotations[control.AnnotationLauncher])
	d.again = d.now.Add(20 * time.Millisecond)
}
