package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func savepointCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "savepoint",
		Short:   "Take, list and delete savepoints",
		Example: example("weir savepoint create orders --wait\nweir savepoint list orders"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(savepointCreateCommand(s), savepointListCommand(s), savepointDeleteCommand(s))
	return c
}

func savepointCreateCommand(s *session) *cobra.Command {
	var w waitFlags
	var location string
	c := &cobra.Command{
		Use:               "create NAME",
		Short:             "Take a savepoint of a running deployment",
		Long:              "Take a savepoint of a running deployment, which goes on running. With --location, adopt one that exists already.",
		Example:           example("weir savepoint create orders --wait"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	w.add(c)
	c.Flags().StringVar(&location, "location", "", "adopt the savepoint that is there")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		d, err := api.Deployments(s.ns()).Get(ctx, args[0])
		if err != nil {
			return s.whereIsIt(ctx, api, args[0], err)
		}
		var ask resource.Savepoint
		ask.Metadata.DeploymentID = d.Metadata.ID
		ask.Spec.SavepointLocation = location
		sp, err := api.Savepoints(s.ns()).Create(ctx, ask)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "savepoint %s %s\n", sp.Metadata.ID, map[bool]string{true: "adopted", false: "started"}[location != ""])
		if !w.wait {
			return nil
		}
		return s.awaitSavepoint(ctx, api, sp.Metadata.ID, w.timeout)
	})
}

func (s *session) awaitSavepoint(ctx context.Context, api *client.Client, id string, timeout time.Duration) error {
	ctx, cancel := bounded(ctx, timeout)
	defer cancel()
	var sp resource.Savepoint
	err := s.watchAndTick(ctx, api, func() error {
		var err error
		if sp, err = api.Savepoints(s.ns()).Get(ctx, id); err != nil {
			return err
		}
		switch sp.Status.State {
		case resource.SavepointCompleted:
			return client.Stop()
		case resource.SavepointFailed:
			return fmt.Errorf("savepoint %s has FAILED: %s", id, firstOf(sp.Status.Failure.Message, "no reason was recorded"))
		}
		return nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("after %s savepoint %s is %s: %w", timeout, id, sp.Status.State, context.DeadlineExceeded)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "savepoint %s completed at %s\n", id, sp.Spec.SavepointLocation)
	return nil
}

func savepointListCommand(s *session) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:               "list [NAME]",
		Short:             "List the savepoints of a deployment, or all",
		Example:           example("weir savepoint list orders -o wide"),
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	outputFlag(c, &output)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		k, err := findKind("savepoints")
		if err != nil {
			return err
		}
		q := client.Query{}
		if len(args) == 1 {
			d, err := api.Deployments(s.ns()).Get(ctx, args[0])
			if err != nil {
				return s.whereIsIt(ctx, api, args[0], err)
			}
			q.DeploymentID = d.Metadata.ID
		}
		all, err := k.list(ctx, api, s.ns(), q)
		if err != nil {
			return err
		}
		return s.show(k, all, false, output)
	})
}

func savepointDeleteCommand(s *session) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:     "delete ID",
		Short:   "Forget a savepoint; its data stays where it is",
		Example: example("weir savepoint delete 3f0c2a4e-…"),
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().BoolVar(&force, "force", false, "even if the deployment would start from it next, and so lose its state")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		return s.remove(ctx, api, "savepoint", args[0], force)
	})
}
