package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func resetCommand(s *session) *cobra.Command {
	var w waitFlags
	var savepoint string
	c := &cobra.Command{
		Use:   "reset NAME --savepoint ID",
		Short: "Go back to an older savepoint",
		Long: "Make an older savepoint of a deployment the newest. A running deployment restarts from it and gives up its state since;\n" +
			"a stopped one starts from it next.",
		Example:           example("weir savepoint list orders\nweir reset orders --savepoint 3f0c2a4e-… --wait"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().StringVar(&savepoint, "savepoint", "", "id of the savepoint, or latest")
	w.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if savepoint == "" {
			return usagef("--savepoint must be given; weir savepoint list %s shows what there is", args[0])
		}
		args[0] = deploymentName(args[0])
		from, err := s.chooseSavepoint(ctx, api, args[0], savepoint)
		if err != nil {
			return err
		}
		savepoint = from.Metadata.ID
		sp, err := api.Reset(ctx, s.ns(), args[0], savepoint)
		if err != nil {
			return s.whereIsIt(ctx, api, args[0], err)
		}
		fmt.Fprintf(s.out, "deployment %s is to start from savepoint %s (%s)\n", args[0], savepoint, sp.Spec.SavepointLocation)
		if !w.wait {
			return nil
		}
		began := time.Now()
		d, err := s.await(ctx, api, args[0], w.timeout, restartedAfter(sp.Metadata.CreatedAt))
		if err != nil {
			return err
		}
		if d.Spec.State != resource.StateRunning {
			fmt.Fprintf(s.out, "deployment %s is %s; it uses the savepoint when it starts\n", d.Metadata.Name, d.Status.State)
			return nil
		}
		fmt.Fprintf(s.out, "deployment %s is %s after %s\n", d.Metadata.Name, d.Status.State, time.Since(began).Round(time.Millisecond))
		return nil
	})
}
