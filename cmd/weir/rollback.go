package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func rollbackCommand(s *session) *cobra.Command {
	var w waitFlags
	var generation int
	var withState bool
	c := &cobra.Command{
		Use:   "rollback NAME --to GENERATION",
		Short: "Write the template of an older revision back",
		Long: "Write the template of an older revision of a deployment back, as a new revision. State, strategies and target stay: the job goes on with the\n" +
			"state it has. With --with-state the newest savepoint of the old revision is gone back to as well: the deployment is cancelled, changed and\n" +
			"started from that, and gives up what it learned since.",
		Example:           example("weir history orders\nweir rollback orders --to 3 --wait\nweir rollback orders --to 3 --with-state"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().IntVar(&generation, "to", 0, "number of the revision, as weir history shows it")
	c.Flags().BoolVar(&withState, "with-state", false, "go back to the newest savepoint of that revision too; waits")
	w.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if generation < 1 {
			return usagef("--to must be given; weir history %s shows the revisions", args[0])
		}
		name := deploymentName(args[0])
		before, err := api.Deployments(s.ns()).Get(ctx, name)
		if err != nil {
			return s.whereIsIt(ctx, api, name, err)
		}
		if withState {
			return s.rollbackWithState(ctx, api, before, generation, w)
		}
		after, err := s.rollback(ctx, api, before, generation)
		if err != nil || !w.wait {
			return err
		}
		return s.waitSettled(ctx, api, before, after, w.timeout)
	})
}

func (s *session) rollback(ctx context.Context, api *client.Client, before resource.Deployment, generation int) (resource.Deployment, error) {
	name := before.Metadata.Name
	after, err := api.Rollback(ctx, s.ns(), name, generation)
	if err != nil {
		return after, err
	}
	if after.Metadata.Generation == before.Metadata.Generation {
		fmt.Fprintf(s.out, "deployment %s has that template already\n", name)
	} else {
		fmt.Fprintf(s.out, "deployment %s rolled back to revision %d, as revision %d\n", name, generation, after.Metadata.Generation)
	}
	return after, nil
}

// rollbackWithState stops a deployment, so that nothing is written with the
// old template and the new state, and starts it as it was.
func (s *session) rollbackWithState(ctx context.Context, api *client.Client, before resource.Deployment, generation int, w waitFlags) error {
	name := before.Metadata.Name
	from, err := s.newestSavepointOf(ctx, api, before, generation)
	if err != nil {
		return err
	}
	wait := waitFlags{wait: true, timeout: w.timeout}
	if before.Spec.State == resource.StateRunning {
		patch := map[string]any{"spec": map[string]any{"state": resource.StateCancelled}}
		if err := s.change(ctx, api, name, patch, wait, "is to be cancelled"); err != nil {
			return err
		}
	}
	stopped, err := api.Deployments(s.ns()).Get(ctx, name)
	if err != nil {
		return err
	}
	if _, err := s.rollback(ctx, api, stopped, generation); err != nil {
		return err
	}
	sp, err := api.Reset(ctx, s.ns(), name, from.Metadata.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "deployment %s is to start from savepoint %s (%s)\n", name, from.Metadata.ID, sp.Spec.SavepointLocation)
	if before.Spec.State != resource.StateRunning {
		return nil
	}
	patch := map[string]any{"spec": map[string]any{"state": resource.StateRunning}}
	return s.change(ctx, api, name, patch, wait, "is to run")
}

// newestSavepointOf finds the newest savepoint of a job that ran a revision.
func (s *session) newestSavepointOf(ctx context.Context, api *client.Client, d resource.Deployment, generation int) (resource.Savepoint, error) {
	q := client.Query{DeploymentID: d.Metadata.ID}
	jobs, err := api.Jobs(s.ns()).List(ctx, q)
	if err != nil {
		return resource.Savepoint{}, err
	}
	ran := map[string]bool{}
	for _, j := range jobs {
		ran[j.Metadata.ID] = j.Spec.Generation == generation
	}
	savepoints, err := api.Savepoints(s.ns()).List(ctx, q)
	if err != nil {
		return resource.Savepoint{}, err
	}
	for _, sp := range slices.Backward(savepoints) {
		if ran[sp.Metadata.JobID] && sp.Status.State == resource.SavepointCompleted && sp.Metadata.Origin != resource.OriginCopied {
			return sp, nil
		}
	}
	return resource.Savepoint{}, &exitError{client.ExitNotFound, fmt.Errorf("revision %d of deployment %q has left no savepoint; without --with-state its template is written back and the state of now is kept", generation, d.Metadata.Name)}
}
