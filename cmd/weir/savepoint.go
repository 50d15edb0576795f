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
		Short:   "Take, list, adopt and delete savepoints",
		Example: example("weir savepoint create orders --wait\nweir savepoint list orders"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(savepointCreateCommand(s), savepointListCommand(s), savepointAdoptCommand(s), savepointDeleteCommand(s))
	return c
}

func savepointCreateCommand(s *session) *cobra.Command {
	var w waitFlags
	c := &cobra.Command{
		Use:               "create NAME",
		Short:             "Take a savepoint of a running deployment",
		Long:              "Take a savepoint of a running deployment, which goes on running.",
		Example:           example("weir savepoint create orders --wait"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	w.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		sp, err := s.createSavepoint(ctx, api, deploymentName(args[0]), "")
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "savepoint %s started\n", sp.Metadata.ID)
		if !w.wait {
			return nil
		}
		return s.awaitSavepoint(ctx, api, sp.Metadata.ID, w.timeout)
	})
}

func savepointAdoptCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "adopt NAME LOCATION",
		Short: "Make a savepoint that exists the newest of a deployment",
		Long: "Make a savepoint that exists already, for example of another platform, the newest of a deployment: it starts from that next. Its data stays\n" +
			"where it is.",
		Example:           example("weir savepoint adopt orders file:///backup/orders/savepoint-17"),
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: s.completeDeployments,
	}
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		sp, err := s.createSavepoint(ctx, api, deploymentName(args[0]), args[1])
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "savepoint %s adopted\n", sp.Metadata.ID)
		return nil
	})
}

func (s *session) createSavepoint(ctx context.Context, api *client.Client, name, location string) (resource.Savepoint, error) {
	d, err := api.Deployments(s.ns()).Get(ctx, name)
	if err != nil {
		return resource.Savepoint{}, s.whereIsIt(ctx, api, name, err)
	}
	var ask resource.Savepoint
	ask.Metadata.DeploymentID = d.Metadata.ID
	ask.Spec.SavepointLocation = location
	return api.Savepoints(s.ns()).Create(ctx, ask)
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
		return s.show(k, all, false, getOptions{output: output})
	})
}

func savepointDeleteCommand(s *session) *cobra.Command {
	var how deleteFlags
	c := &cobra.Command{
		Use:     "delete ID…",
		Short:   "Delete savepoints and their data",
		Example: example("weir savepoint delete 3f0c2a4e-… --wait"),
		Args:    cobra.MinimumNArgs(1),
		ValidArgsFunction: func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			return s.completeRefs(c, append([]string{"savepoint"}, args...), word)
		},
	}
	c.Flags().BoolVar(&how.force, "force", false, "even if the deployment would start from it next, and so lose its state, or its data cannot be removed")
	c.Flags().BoolVar(&how.ignoreMissing, "ignore-not-found", false, "what is not there counts as deleted")
	how.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		k, err := findKind("savepoint")
		if err != nil {
			return err
		}
		var failures []error
		for _, id := range args {
			if err := s.remove(ctx, api, k, id, how); err != nil {
				failures = append(failures, err)
			}
		}
		return join(failures)
	})
}
