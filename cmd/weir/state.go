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
	var selector string
	c := &cobra.Command{
		Use:               verb + " NAME…",
		Short:             short,
		Long:              long,
		Example:           example("weir " + verb + " orders --wait\nweir " + verb + " -l team=a"),
		ValidArgsFunction: s.completeManyDeployments,
	}
	c.Flags().StringVarP(&selector, "selector", "l", "", "those with these labels, for example team=a")
	w.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if (len(args) == 0) == (selector == "") {
			return usagef("give names of deployments, or --selector")
		}
		if selector != "" {
			all, err := api.Deployments(s.ns()).List(ctx, client.Query{LabelSelector: selector})
			if err != nil {
				return err
			}
			if len(all) == 0 {
				return &exitError{client.ExitNotFound, fmt.Errorf("no deployment in namespace %s has the labels %s", s.ns(), selector)}
			}
			args = namesOf(all, func(d resource.Deployment) string { return d.Metadata.Name })
		}
		patch := map[string]any{"spec": map[string]any{"state": state}}
		var failures []error
		var waits []waiting
		for _, name := range args {
			wait, err := s.startChange(ctx, api, name, patch, past)
			if err != nil {
				failures = append(failures, err)
			} else if w.wait {
				waits = append(waits, wait)
			}
		}
		return join(append(failures, waitAll(waits, w.timeout)...))
	})
}

// change patches a deployment and waits for the effect if asked to.
func (s *session) change(ctx context.Context, api *client.Client, name string, patch any, w waitFlags, past string) error {
	wait, err := s.startChange(ctx, api, name, patch, past)
	if err != nil || !w.wait {
		return err
	}
	return wait(w.timeout)
}

// startChange patches a deployment.
func (s *session) startChange(ctx context.Context, api *client.Client, name string, patch any, past string) (waiting, error) {
	name = deploymentName(name)
	before, err := api.Deployments(s.ns()).Get(ctx, name)
	if err != nil {
		return nil, s.whereIsIt(ctx, api, name, err)
	}
	after, err := api.Deployments(s.ns()).Patch(ctx, before.Metadata.ID, patch)
	if err != nil {
		return nil, err
	}
	if after.Metadata.ResourceVersion == before.Metadata.ResourceVersion {
		past = "unchanged"
	}
	fmt.Fprintf(s.out, "deployment %s %s\n", after.Metadata.Name, past)
	return func(timeout time.Duration) error { return s.waitSettled(ctx, api, before, after, timeout) }, nil
}

// waitSettled waits until a change has taken effect, and says in what time.
func (s *session) waitSettled(ctx context.Context, api *client.Client, before, after resource.Deployment, timeout time.Duration) error {
	began := time.Now()
	d, err := s.await(ctx, api, after.Metadata.Name, timeout, settled(after.Metadata.Generation, began, before.Status.State == resource.StateFailed))
	if err != nil {
		return err
	}
	s.donef("deployment %s is %s after %s", d.Metadata.Name, d.Status.State, time.Since(began).Round(time.Millisecond))
	return nil
}
