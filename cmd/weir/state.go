package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// stateCommand makes start, suspend and cancel: each writes the wanted state.
func (s *session) stateCommand(verb, past string, state resource.State, short, long string) *cobra.Command {
	var w waitFlags
	c := &cobra.Command{
		Use:               verb + " NAME",
		Short:             short,
		Long:              long,
		Example:           example("weir " + verb + " orders --wait"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	w.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		patch := map[string]any{"spec": map[string]any{"state": state}}
		return s.change(ctx, api, args[0], patch, w, past)
	})
}

// change patches a deployment and waits for the effect if asked to.
func (s *session) change(ctx context.Context, api *client.Client, name string, patch any, w waitFlags, past string) error {
	before, err := api.Deployments(s.ns()).Get(ctx, name)
	if err != nil {
		return s.whereIsIt(ctx, api, name, err)
	}
	after, err := api.Deployments(s.ns()).Patch(ctx, before.Metadata.ID, patch)
	if err != nil {
		return err
	}
	if after.Metadata.ResourceVersion == before.Metadata.ResourceVersion {
		past = "unchanged"
	}
	fmt.Fprintf(s.out, "deployment %s %s\n", after.Metadata.Name, past)
	if !w.wait {
		return nil
	}
	return s.waitSettled(ctx, api, before, after, w.timeout)
}

// waitSettled waits until a change has taken effect, and says in what time.
func (s *session) waitSettled(ctx context.Context, api *client.Client, before, after resource.Deployment, timeout time.Duration) error {
	began := time.Now()
	d, err := s.await(ctx, api, after.Metadata.Name, timeout, settled(after.Metadata.Generation, began, before.Status.State == resource.StateFailed))
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "deployment %s is %s after %s\n", d.Metadata.Name, d.Status.State, time.Since(began).Round(time.Millisecond))
	return nil
}
