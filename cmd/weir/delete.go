package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// deleteFlags are how delete goes about it.
type deleteFlags struct {
	waitFlags
	force, cancel, ignoreMissing bool
}

func deleteCommand(s *session) *cobra.Command {
	var how deleteFlags
	var files []string
	c := &cobra.Command{
		Use:   "delete KIND NAME… | delete -f FILE",
		Short: "Delete resources",
		Long: "Delete resources by name or id, or those of files. A deployment must have been suspended or cancelled first; --cancel does that.\n" +
			"A savepoint goes with its data, and a namespace with everything in it: --wait waits until they are gone.",
		Example: example(`weir delete deployment orders --cancel
weir delete target k8s-eu
weir delete savepoints/3f0c2a4e-… --wait
weir delete -f orders.yaml --ignore-not-found`),
		ValidArgsFunction: s.completeRefs,
	}
	c.Flags().StringSliceVarP(&files, "file", "f", nil, "file, folder, or - for standard input; may be repeated")
	c.Flags().BoolVar(&how.force, "force", false, "savepoints: even if the deployment would start from it next, or its data cannot be removed")
	c.Flags().BoolVar(&how.cancel, "cancel", false, "deployments and session clusters: cancel or stop them first, without a savepoint, and wait for that")
	c.Flags().BoolVar(&how.ignoreMissing, "ignore-not-found", false, "what is not there counts as deleted")
	how.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		switch {
		case len(files) > 0 && len(args) > 0:
			return usagef("give either KIND NAME or -f FILE")
		case len(files) > 0:
			return s.deleteFiles(ctx, api, files, how)
		case len(args) == 0:
			return usagef("give KIND NAME…, KIND/NAME… or -f FILE")
		}
		wanted, err := parseRefs(args)
		if err != nil {
			return err
		}
		var failures []error
		for _, k := range wanted {
			if len(k.refs) == 0 {
				return usagef("which of the %s? Give names, or KIND/NAME", k.names[0])
			}
			for _, ref := range k.refs {
				if err := s.remove(ctx, api, k.kind, ref, how); err != nil {
					failures = append(failures, err)
				}
			}
		}
		return join(failures)
	})
}

// join joins errors; one alone stays as it is, with its exit code.
func join(all []error) error {
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

// deleteFiles deletes what apply made, what refers to others first.
func (s *session) deleteFiles(ctx context.Context, api *client.Client, files []string, how deleteFlags) error {
	all, err := s.readManifests(files)
	if err != nil {
		return err
	}
	slices.Reverse(all)
	var failures []error
	for _, m := range all {
		k, ok := kindOfResource(m.kind)
		if !ok || k.remove == nil {
			s.noticef("%s: %s stays: %s", m.source, m.kind, k.kept)
			continue
		}
		if err := s.where(m).remove(ctx, api, k, m.name, how); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", m.source, err))
		}
	}
	return join(failures)
}

func (s *session) remove(ctx context.Context, api *client.Client, k kind, ref string, how deleteFlags) error {
	if k.remove == nil {
		return usagef("%s cannot be deleted: %s", k.names[0], k.kept)
	}
	if how.cancel {
		var err error
		switch k.kind {
		case resource.KindDeployment:
			err = s.cancelFirst(ctx, api, ref, how.timeout)
		case resource.KindSessionCluster:
			err = s.stopFirst(ctx, api, ref, how.timeout)
		}
		if err != nil && !(how.ignoreMissing && client.IsNotFound(err)) {
			return err
		}
	}
	err := k.remove(ctx, api, s.ns(), ref, how.force)
	switch {
	case client.IsNotFound(err) && how.ignoreMissing:
		fmt.Fprintf(s.out, "%s %s was not there\n", k.names[1], ref)
		return nil
	case client.IsNotFound(err):
		return s.nearNames(ctx, api, k, ref, err)
	case err != nil:
		if e := (*client.Error)(nil); errors.As(err, &e) {
			e.Message = strings.Replace(e.Message, "add ?force=true", "give --force", 1)
		}
		return err
	}
	if k.kind != resource.KindSavepoint && k.kind != resource.KindNamespace {
		fmt.Fprintf(s.out, "%s %s deleted\n", k.names[1], ref)
		return nil
	}
	if _, err := k.get(ctx, api, s.ns(), ref); err == nil { // what is in it goes first
		if !how.wait {
			fmt.Fprintf(s.out, "%s %s is being deleted\n", k.names[1], ref)
			return nil
		}
		if err := s.awaitGone(ctx, api, k, ref, how.timeout); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "%s %s deleted\n", k.names[1], ref)
	return nil
}

func (s *session) cancelFirst(ctx context.Context, api *client.Client, ref string, timeout time.Duration) error {
	before, err := api.Deployments(s.ns()).Get(ctx, ref)
	if err != nil {
		return s.whereIsIt(ctx, api, ref, err)
	}
	if state := before.Spec.State; state == before.Status.State && (state == resource.StateCancelled || state == resource.StateSuspended) {
		return nil
	}
	patch := map[string]any{"spec": map[string]any{"state": resource.StateCancelled}}
	return s.change(ctx, api, ref, patch, waitFlags{wait: true, timeout: timeout}, "is to be cancelled")
}

func (s *session) stopFirst(ctx context.Context, api *client.Client, ref string, timeout time.Duration) error {
	before, err := api.SessionClusters(s.ns()).Get(ctx, ref)
	if err != nil || before.Status.State == resource.SessionStopped && before.Spec.State == resource.SessionStopped {
		return err
	}
	patch := map[string]any{"spec": map[string]any{"state": resource.SessionStopped}}
	if _, err := api.SessionClusters(s.ns()).Patch(ctx, ref, patch); err != nil {
		return err
	}
	return s.awaitSessionCluster(ctx, api, ref, timeout)
}
