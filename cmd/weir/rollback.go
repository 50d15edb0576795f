package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
)

func rollbackCommand(s *session) *cobra.Command {
	var w waitFlags
	var generation int
	c := &cobra.Command{
		Use:               "rollback NAME --to GENERATION",
		Short:             "Write the template of an older revision back",
		Long:              "Write the template of an older revision of a deployment back, as a new revision. State, strategies and target stay.",
		Example:           example("weir history orders\nweir rollback orders --to 3 --wait"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().IntVar(&generation, "to", 0, "number of the revision, as weir history shows it")
	w.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if generation < 1 {
			return usagef("--to must be given; weir history %s shows the revisions", args[0])
		}
		args[0] = deploymentName(args[0])
		before, err := api.Deployments(s.ns()).Get(ctx, args[0])
		if err != nil {
			return s.whereIsIt(ctx, api, args[0], err)
		}
		after, err := api.Rollback(ctx, s.ns(), args[0], generation)
		if err != nil {
			return err
		}
		if after.Metadata.Generation == before.Metadata.Generation {
			fmt.Fprintf(s.out, "deployment %s has that template already\n", args[0])
		} else {
			fmt.Fprintf(s.out, "deployment %s rolled back to revision %d, as revision %d\n", args[0], generation, after.Metadata.Generation)
		}
		if !w.wait {
			return nil
		}
		return s.waitSettled(ctx, api, before, after, w.timeout)
	})
}
