package deployment

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// keyScheduler is how a job's tasks come to its cluster's slots; "adaptive"
// ones can be given more or fewer tasks while the job runs.
const keyScheduler = "jobmanager.scheduler"

// rescaleInPlace has job j run at the wanted parallelism, if that is all that is
// to be changed and its scheduler can do so. False: it needs another job.
func (d *decision) rescaleInPlace(j resource.Job, why string) bool {
	next, can := d.rescaled(j)
	if !can {
		return false
	}
	if p, found := d.pending(); found {
		d.working("waiting for the outcome of savepoint %s", p.Metadata.ID)
		return true
	}
	d.rescale = &next
	d.working("job %s is told to run at parallelism %d", j.Metadata.ID, next.Spec.Parallelism)
	d.done = []control.Event{{
		Name: resource.EventUsingAnUpgradeStrategy, JobID: j.Metadata.ID,
		Message: fmt.Sprintf("%s; only the parallelism changes, and the adaptive scheduler can change it while the job runs: from %d to %d", why, j.Spec.Parallelism, next.Spec.Parallelism),
	}}
	return true
}

// rescaled is job j as it would be had it started at the wanted parallelism.
func (d *decision) rescaled(j resource.Job) (resource.Job, bool) {
	if !d.target.rescales || d.target.session.id != "" || j.Spec.SessionClusterID != "" || j.Metadata.Annotations[control.AnnotationRescaleNo] != "" ||
		!strings.EqualFold(j.Spec.FlinkConfiguration[keyScheduler], "adaptive") ||
		j.Status.State != resource.JobStarted || j.Status.Started.ObservedFlinkJobStatus != string(flink.JobRunning) {
		return j, false
	}
	want := d.job(resource.Savepoint{})
	want.Spec.FlinkConfiguration = d.configuration(j.Metadata.ID)
	now := want.Spec // but for what may differ
	now.Parallelism, now.FlinkConfiguration = j.Spec.Parallelism, maps.Clone(want.Spec.FlinkConfiguration)
	now.FlinkConfiguration[keyParallelism] = j.Spec.FlinkConfiguration[keyParallelism]
	if now.Parallelism == want.Spec.Parallelism || !sameProgram(now, j.Spec) || j.Metadata.Annotations[control.AnnotationLauncher] != want.Metadata.Annotations[control.AnnotationLauncher] {
		return j, false
	}
	next := j
	next.Spec.Parallelism, next.Spec.FlinkConfiguration, next.Spec.Generation = want.Spec.Parallelism, want.Spec.FlinkConfiguration, want.Spec.Generation
	next.Metadata.Annotations = maps.Clone(j.Metadata.Annotations)
	next.Metadata.Annotations[resource.AnnotationSpecVersion] = strconv.Itoa(d.SpecVersion())
	if j.Metadata.Annotations[control.AnnotationRescale] == "" {
		next.Metadata.Annotations[control.AnnotationRescaleFrom] = fmt.Sprint(j.Spec.Parallelism, j.Spec.Generation, j.Metadata.SpecVersion())
	}
	next.Metadata.Annotations[control.AnnotationRescale] = strconv.Itoa(want.Spec.Parallelism)
	delete(next.Metadata.Annotations, control.AnnotationRescaleAsked)
	return next, true
}

// rescale writes it down; package job tells the cluster.
func (c *Controller) rescale(ctx context.Context, next resource.Job) error {
	_, err := c.Jobs.Update(ctx, control.By, next.Metadata.ID, func(j *resource.Job) error {
		if j.Status.State != resource.JobStarted || j.Spec.Stop != "" {
			return control.ErrStale
		}
		j.Spec.Parallelism, j.Spec.FlinkConfiguration, j.Spec.Generation = next.Spec.Parallelism, next.Spec.FlinkConfiguration, next.Spec.Generation
		j.Metadata.Annotations = next.Metadata.Annotations
		return nil
	})
	if err != nil {
		return fmt.Errorf("have job %s run at parallelism %d: %w", next.Metadata.ID, next.Spec.Parallelism, err)
	}
	return nil
}
