package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
)

func scaleCommand(s *session) *cobra.Command {
	var w waitFlags
	var parallelism int
	c := &cobra.Command{
		Use:               "scale NAME --parallelism N",
		Short:             "Change the parallelism of a deployment",
		Long:              "Change the parallelism of a deployment. A running job is replaced by its upgrade strategy, by default with its state.",
		Example:           example("weir scale orders --parallelism 4 --wait"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().IntVarP(&parallelism, "parallelism", "p", 0, "number of parallel tasks of each stage")
	w.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if parallelism < 1 {
			return usagef("--parallelism must be given and at least 1")
		}
		patch := map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"parallelism": parallelism}}}}
		return s.change(ctx, api, args[0], patch, w, fmt.Sprintf("scaled to %d", parallelism))
	})
}
