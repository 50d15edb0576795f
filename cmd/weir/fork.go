package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
)

func forkCommand(s *session) *cobra.Command {
	var savepoint string
	c := &cobra.Command{
		Use:               "fork NAME NEW",
		Short:             "Copy a deployment, with the state of a savepoint",
		Long:              "Make a stopped copy of a deployment. With --savepoint it starts from that state, without one it starts empty.",
		Example:           example("weir fork orders orders-test --savepoint 3f0c2a4e-…\nweir start orders-test"),
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().StringVar(&savepoint, "savepoint", "", "id of the savepoint to start from")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		d, err := api.Fork(ctx, s.ns(), args[0], args[1], savepoint)
		if err != nil {
			return s.whereIsIt(ctx, api, args[0], err)
		}
		from := "without state"
		if savepoint != "" {
			from = "with the state of savepoint " + savepoint
		}
		fmt.Fprintf(s.out, "deployment %s created %s; weir start %s runs it\n", d.Metadata.Name, from, d.Metadata.Name)
		return nil
	})
}
