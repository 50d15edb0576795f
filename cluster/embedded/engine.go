package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink"
)

// Compiler is an engine that makes plans of scripts and jobs of plans.
type Compiler interface {
	CompileIn(catalog []string, script string, config map[string]string) (*engine.Plan, error)
	Start(ctx context.Context, spec engine.JobSpec) (*engine.Job, error)
}

// Engine starts the SQL scripts of specs on an engine. The script's own SETs
// win over the spec's configuration, as in Flink; the parallelism and the
// cluster's identity are the spec's alone, or scaling would do nothing.
func Engine(e Compiler) Start {
	return func(ctx context.Context, spec cluster.Spec) (Job, error) {
		plan, err := e.CompileIn(spec.Catalog, spec.Artifact.SQLScript, maps.Clone(spec.Configuration))
		if err != nil {
			return nil, fmt.Errorf("compile the script: %w", err)
		}
		if len(plan.Sinks) == 0 {
			return nil, errors.New("the rows of the script's SELECT have nowhere to go: a deployment needs INSERT INTO a table, for example one WITH ('connector' = 'print')")
		}
		config := maps.Clone(plan.Config)
		if config == nil {
			config = map[string]string{}
		}
		config["parallelism.default"] = strconv.Itoa(max(spec.Parallelism, 1))
		config[flink.IncarnationKey] = spec.Incarnation()
		name := plan.Name
		if name == "" {
			name = spec.DeploymentName
		}
		job, err := e.Start(ctx, engine.JobSpec{
			ID: spec.FlinkJobID(), Name: name, Graph: plan.Graph, Config: config,
			SavepointPath: spec.SavepointLocation, AllowNonRestored: spec.AllowNonRestoredState,
		})
		if err != nil {
			return nil, fmt.Errorf("start the job: %w", err)
		}
		return job, nil
	}
}
