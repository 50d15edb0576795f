package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// conditions are what --for takes.
var conditions = map[string]goal{
	"running":   reaches(resource.StateRunning),
	"suspended": reaches(resource.StateSuspended),
	"cancelled": reaches(resource.StateCancelled),
	"finished":  reaches(resource.StateFinished),
	"failed": func(at sight) (bool, error) {
		return at.deployment.Status.State == resource.StateFailed, nil
	},
	"settled": func(at sight) (bool, error) { return settled(0, time.Time{}, false)(at) },
}

func waitCommand(s *session) *cobra.Command {
	var condition string
	var timeout time.Duration
	names := []string{"running", "suspended", "cancelled", "finished", "failed", "settled", "deleted"}
	c := &cobra.Command{
		Use:   "wait NAME --for CONDITION",
		Short: "Wait until a deployment is in a state",
		Long: "Wait until a deployment is " + strings.Join(names, ", ") + ". \"running\" means a job of the newest template runs; \"settled\" that the\n" +
			"wanted state is reached, whatever it is. A deployment that fails ends the wait with exit code 1.",
		Example:           example("weir wait orders --for running --timeout 30s"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().StringVar(&condition, "for", "", strings.Join(names, ", "))
	c.Flags().DurationVar(&timeout, "timeout", 0, "how long to wait at most, such as 30s (0: for ever); exit code 124 when it passes")
	_ = c.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		condition = strings.ToLower(strings.TrimPrefix(condition, "state="))
		if !slices.Contains(names, condition) {
			return usagef("--for must be one of %s, got %q%s", strings.Join(names, ", "), condition, near(condition, names))
		}
		if condition == "deleted" {
			_, err := s.await(ctx, api, args[0], timeout, func(sight) (bool, error) { return false, nil })
			if client.IsNotFound(err) {
				return nil
			}
			return err
		}
		d, err := s.await(ctx, api, args[0], timeout, conditions[condition])
		if err != nil {
			return s.whereIsIt(ctx, api, args[0], err)
		}
		fmt.Fprintf(s.out, "deployment %s is %s\n", d.Metadata.Name, d.Status.State)
		return nil
	})
}
