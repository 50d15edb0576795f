package deployment

import (
	"maps"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// keyParallelism is the parallelism of a job's stages.
const keyParallelism = "parallelism.default"

// Config is what the platform adds to the jobs of all deployments.
type Config struct {
	// StateBase is the URI or directory under which checkpoints and savepoints
	// go, unless a deployment says where.
	StateBase string
	// CheckpointInterval is Flink's execution.checkpointing.interval for
	// deployments that set none; empty means 10 s.
	CheckpointInterval string
	// JobHistory is how many jobs that have ended are kept of a deployment; 0 keeps all.
	JobHistory int
	// DefaultTarget is the deployment target of deployments that name none.
	DefaultTarget string
	// DefaultLauncher is for targets that name none and are not Kubernetes.
	DefaultLauncher string
}

// job is the next job of the deployment, starting from a savepoint or, if that
// is zero, empty.
func (d *decision) job(from resource.Savepoint) resource.Job {
	m := d.Metadata
	template := d.Spec.Template.Spec
	id := control.DerivedID("job", m.ID, d.lastID())
	j := resource.Job{
		Metadata: resource.Metadata{
			ID: id, Namespace: m.Namespace, DeploymentID: m.ID, DeploymentName: m.Name,
			Annotations: map[string]string{
				resource.AnnotationSpecVersion: strconv.Itoa(d.SpecVersion()),
				control.AnnotationLauncher:     d.target.launcher,
			},
		},
		Spec: resource.JobSpec{
			JobTemplate:            template,
			UserFlinkConfiguration: template.FlinkConfiguration,
			TemplateMetadata:       d.Spec.Template.Metadata,
			DeploymentTargetName:   d.target.name,
			Catalog:                d.catalogFor(d.newest()),
			SavepointLocation:      from.Spec.SavepointLocation,
			AllowNonRestoredState:  d.Spec.RestoreStrategy.AllowNonRestoredState && from.Spec.SavepointLocation != "",
			Generation:             m.Generation,
		},
		Status: resource.JobStatus{State: resource.JobStarting},
	}
	if n := len(d.savepoints); n > 0 {
		seen := d.savepoints[0].Metadata.CreatedAt.Time
		for _, p := range d.savepoints[1:] {
			if p.Metadata.CreatedAt.After(seen) {
				seen = p.Metadata.CreatedAt.Time
			}
		}
		j.Metadata.Annotations[control.AnnotationSeenUntil] = control.NoteTime(seen)
	}
	if from.Metadata.ID != "" {
		j.Metadata.Annotations[control.AnnotationStartedFrom] = from.Metadata.ID
	}
	if k := d.target.kubernetes; k != (resource.KubernetesTarget{}) {
		j.Spec.DeploymentTarget = resource.JobTarget{Launcher: d.target.launcher, Kubernetes: k}
	}
	d.target.session.settle(&j)
	j.Spec.FlinkConfiguration = d.configuration(id)
	return j
}

// configuration is the complete configuration of a job: ours where it must be,
// the user's where it may be, defaults elsewhere. Placeholders and references
// to secrets stay as they are written until the job is launched.
func (d *decision) configuration(jobID string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, d.target.session.configuration)
	maps.Copy(out, d.Spec.Template.Spec.FlinkConfiguration)
	base := strings.TrimRight(d.config.StateBase, "/")
	interval := d.config.CheckpointInterval
	if interval == "" {
		interval = "10 s"
	}
	m := d.Metadata
	defaults := []struct{ key, old, value string }{
		{"execution.checkpointing.interval", "", interval},
		// A checkpoint we know of is still there when the next one or two have
		// been made before we looked again.
		{"execution.checkpointing.num-retained", "state.checkpoints.num-retained", strconv.Itoa(max(3, d.Spec.Template.Spec.DisasterCheckpointsDelay+1))},
		// Without it a cancelled job takes its only state along.
		{"execution.checkpointing.externalized-checkpoint-retention", "", "RETAIN_ON_CANCELLATION"},
		// The cluster must live until the outcome of the last savepoint is read.
		{"execution.shutdown-on-application-finish", "", "false"},
		// A restarted JobManager must not run a job again that has ended.
		{"job-result-store.delete-on-commit", "", "false"},
	}
	if base != "" {
		defaults = append(defaults, []struct{ key, old, value string }{
			{control.KeyCheckpointDir, "state.checkpoints.dir", base + "/checkpoints/namespaces/" + m.Namespace + "/jobs/" + jobID},
			{control.KeySavepointDir, "state.savepoints.dir", base + "/savepoints/namespaces/" + m.Namespace + "/deployments/" + m.ID},
		}...)
	}
	for _, s := range defaults {
		if out[s.key] == "" && (s.old == "" || out[s.old] == "") {
			out[s.key] = s.value
		}
	}
	out[keyParallelism] = strconv.Itoa(max(d.Spec.Template.Spec.Parallelism, 1))
	out["pipeline.name"] = m.Name
	out[control.KeyIncarnation] = jobID
	if ns := d.target.kubernetes.Namespace; ns != "" && out["kubernetes.namespace"] == "" {
		out["kubernetes.namespace"] = ns
	}
	return out
}

// stopSavepoint is the next savepoint that ends job j.
func (d *decision) stopSavepoint(j resource.Job, origin resource.SavepointOrigin) resource.Savepoint {
	last := ""
	if stops := d.stops(j); len(stops) > 0 {
		last = stops[len(stops)-1].Metadata.ID
	}
	id := control.DerivedID("stop", j.Metadata.ID, last)
	return resource.Savepoint{
		Metadata: resource.Metadata{
			ID: id, Namespace: d.Metadata.Namespace, DeploymentID: d.Metadata.ID, JobID: j.Metadata.ID,
			Origin: origin, Type: resource.SavepointTypeFull,
			Annotations: map[string]string{
				resource.AnnotationSpecVersion: strconv.Itoa(j.Metadata.SpecVersion()),
				control.AnnotationGeneration:   strconv.Itoa(d.Metadata.Generation),
			},
		},
		Spec: resource.SavepointSpec{
			SavepointLocation: control.SavepointDirectory(j, id),
			FlinkSavepointID:  id,
			StopJob:           true,
		},
		Status: resource.SavepointStatus{State: resource.SavepointStarted},
	}
}
