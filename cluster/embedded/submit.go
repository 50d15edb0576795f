package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// Submit lets clients bring jobs to a session cluster, by their Spec. It is
// the same for a cluster in this process and in one of its own.
func Submit(session string, start Start) jobmanager.Submit {
	return func(id string, body []byte) (jobmanager.Submission, error) {
		var spec cluster.Spec
		if err := json.Unmarshal(body, &spec); err != nil {
			return jobmanager.Submission{}, fmt.Errorf("read the job's spec: %w", err)
		}
		switch {
		case spec.FlinkJobID() != id:
			return jobmanager.Submission{}, fmt.Errorf("the spec is of job %q, the path of job %s", spec.FlinkJobID(), id)
		case spec.Session != session:
			return jobmanager.Submission{}, fmt.Errorf("the job is for session cluster %q, this is %s", spec.Session, session)
		case spec.Artifact.Kind != "SQLSCRIPT":
			return jobmanager.Submission{}, fmt.Errorf("this session cluster runs SQL scripts, not an artifact of kind %q", spec.Artifact.Kind)
		}
		return jobmanager.Submission{
			Name: spec.DeploymentName, Configuration: Configuration(spec),
			Start: func(ctx context.Context) (jobmanager.EndingJob, error) {
				job, err := start(ctx, spec)
				if err != nil {
					return nil, err
				}
				return job, nil
			},
		}, nil
	}
}

// Configuration is what a cluster says its settings are: those of the spec,
// and the proof of its identity.
func Configuration(spec cluster.Spec) map[string]string {
	config := maps.Clone(spec.Configuration)
	if config == nil {
		config = map[string]string{}
	}
	config[flink.IncarnationKey] = spec.Incarnation()
	return config
}
