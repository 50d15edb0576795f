package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// goBack makes a job what it was.
func (b before) goBack(j *resource.Job) {
	j.Spec.Parallelism, j.Spec.Generation = b.parallelism, b.generation
	j.Spec.FlinkConfiguration = maps.Clone(j.Spec.FlinkConfiguration)
	j.Spec.FlinkConfiguration["parallelism.default"] = strconv.Itoa(b.parallelism)
	j.Metadata.Annotations = maps.Clone(j.Metadata.Annotations)
	j.Metadata.Annotations[resource.AnnotationSpecVersion] = strconv.Itoa(b.version)
}

// rescalePatience is how long a running job may take to another parallelism,
// from when its cluster was told; then it is ended and started again.
const rescalePatience = 5 * time.Minute

// rescaleTo is the parallelism that the running job is to come to; 0: it is
// there.
func (s *snapshot) rescaleTo() int {
	return int(control.NotedInt(s.Metadata, control.AnnotationRescale))
}

// rescaling decides about a running job that is to come to another parallelism.
func (d *decision) rescaling() bool {
	want := d.rescaleTo()
	if want == 0 {
		return false
	}
	s, asked := d.sight, control.NotedTime(d.Metadata, control.AnnotationRescaleAsked)
	d.again = d.now.Add(time.Second)
	switch {
	case asked.IsZero() && s.Status == flink.JobRunning:
		d.rescale = want
	case asked.IsZero():
	case s.Processing && s.Parallelism == want:
		d.note(control.AnnotationRescale, "")
		d.note(control.AnnotationRescaleAsked, "")
		d.say(resource.EventJobSuccessfullyStarted, "all tasks run at parallelism %d, in the same job", want)
	case d.now.Sub(asked) >= rescalePatience:
		d.notInPlace(d.snapshot, fmt.Sprintf("it is not at parallelism %d after %s", want, rescalePatience))
	default:
		if s.Status != flink.JobRunning {
			d.status.Message = "the job is " + string(s.Status)
		}
		d.again = control.Pace(d.now, asked)
	}
	return true
}

// before is what a job was before it was to come to another parallelism.
type before struct{ parallelism, generation, version int }

// notInPlace gives up to change the parallelism of the running job, which is
// again what it was.
func (p *plan) notInPlace(seen *snapshot, why string) {
	var b before
	if n, _ := fmt.Sscan(seen.Metadata.Annotations[control.AnnotationRescaleFrom], &b.parallelism, &b.generation, &b.version); n == 3 {
		if s := seen.sight; s.Processing && s.Parallelism > 0 {
			b.parallelism = s.Parallelism // on the way there had been another wish
		}
		p.back = &b
	}
	p.annotations = maps.Clone(p.annotations)
	if p.annotations == nil {
		p.annotations = map[string]string{}
	}
	p.annotations[control.AnnotationRescale] = ""
	p.annotations[control.AnnotationRescaleAsked] = ""
	p.annotations[control.AnnotationRescaleNo] = why
}

// tellParallelism tells the cluster, and notes that it did, or that the cluster
// will never do it. It is told again when that is not written down.
func (c *Controller) tellParallelism(ctx context.Context, seen *snapshot, p *plan) {
	err := c.Clusters.Rescale(ctx, seen.Job, p.rescale)
	var said *flink.Error
	switch {
	case err == nil:
		p.annotations = maps.Clone(p.annotations)
		if p.annotations == nil {
			p.annotations = map[string]string{}
		}
		p.annotations[control.AnnotationRescaleAsked] = control.NoteTime(c.Now())
	case errors.As(err, &said) && (said.Status == 400 || said.Status == 500):
		p.notInPlace(seen, strings.Join(said.Messages, " "))
	default:
		c.Log.WarnContext(ctx, "changing the parallelism will be tried again", "job", seen.Metadata.ID, "error", err)
	}
}
