package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func forkCommand(s *session) *cobra.Command {
	var savepoint, into, target string
	c := &cobra.Command{
		Use:   "fork NAME NEW",
		Short: "Copy a deployment, with the state of a savepoint",
		Long: "Make a stopped copy of a deployment. With --savepoint it starts from that state: an id, latest, or new, which takes one first. Without one it\n" +
			"starts empty. The copy may be in another namespace and run elsewhere.",
		Example:           example("weir fork orders orders-test --savepoint latest\nweir fork orders orders --into staging --target k8s-eu --savepoint new\nweir start orders-test"),
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().StringVar(&savepoint, "savepoint", "", "id of the savepoint to start from, latest, or new")
	c.Flags().StringVar(&into, "into", "", "namespace of the copy")
	c.Flags().StringVar(&target, "target", "", "deployment target of the copy")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		name := deploymentName(args[0])
		from, err := s.chooseSavepoint(ctx, api, name, savepoint)
		if err != nil {
			return err
		}
		var d resource.Deployment
		if (into == "" || into == s.ns()) && target == "" {
			d, err = api.Fork(ctx, s.ns(), name, args[1], from.Metadata.ID)
		} else {
			d, err = s.copyDeployment(ctx, api, name, args[1], firstOf(into, s.ns()), target, from)
		}
		if err != nil {
			return s.whereIsIt(ctx, api, name, err)
		}
		with := "without state"
		if from.Metadata.ID != "" {
			with = "with the state of savepoint " + from.Metadata.ID
		}
		flag := ""
		if into != "" && into != s.ns() {
			flag = " -n " + into
		}
		fmt.Fprintf(s.out, "deployment %s created %s; weir start %s%s runs it\n", d.Metadata.Name, with, d.Metadata.Name, flag)
		return nil
	})
}

// chooseSavepoint finds the savepoint that a word means: an id, latest, or
// new; none for "".
func (s *session) chooseSavepoint(ctx context.Context, api *client.Client, name, word string) (resource.Savepoint, error) {
	switch word {
	case "":
		return resource.Savepoint{}, nil
	case "new":
		sp, err := s.createSavepoint(ctx, api, name, "")
		if err != nil {
			return sp, err
		}
		if err := s.awaitSavepoint(ctx, api, sp.Metadata.ID, 0); err != nil {
			return sp, err
		}
		return api.Savepoints(s.ns()).Get(ctx, sp.Metadata.ID)
	case "latest":
		d, err := api.Deployments(s.ns()).Get(ctx, name)
		if err != nil {
			return resource.Savepoint{}, s.whereIsIt(ctx, api, name, err)
		}
		all, err := api.Savepoints(s.ns()).List(ctx, client.Query{DeploymentID: d.Metadata.ID})
		if err != nil {
			return resource.Savepoint{}, err
		}
		for _, sp := range slices.Backward(all) {
			if sp.Status.State == resource.SavepointCompleted {
				return sp, nil
			}
		}
		return resource.Savepoint{}, &exitError{client.ExitNotFound, fmt.Errorf("deployment %q has no completed savepoint; weir savepoint create %s takes one", name, name)}
	}
	return api.Savepoints(s.ns()).Get(ctx, word)
}

// copyDeployment makes a stopped copy anywhere, and gives it the savepoint.
func (s *session) copyDeployment(ctx context.Context, api *client.Client, name, copied, namespace, target string, from resource.Savepoint) (resource.Deployment, error) {
	origin, err := api.Deployments(s.ns()).Get(ctx, name)
	if err != nil {
		return origin, err
	}
	wanted := resource.Deployment{Spec: origin.Spec}
	wanted.Metadata = resource.Metadata{Name: copied, DisplayName: "Fork of " + name, Labels: origin.Metadata.Labels}
	wanted.Spec.State = resource.StateCancelled
	wanted.Spec.DeploymentTargetID = "" // of the other namespace
	switch {
	case target != "":
		wanted.Spec.DeploymentTargetName, wanted.Spec.SessionClusterName = target, ""
	case origin.Spec.DeploymentTargetID != "":
		t, err := api.Targets(s.ns()).Get(ctx, origin.Spec.DeploymentTargetID)
		if err != nil {
			return origin, err
		}
		wanted.Spec.DeploymentTargetName = t.Metadata.Name
	}
	d, err := api.Deployments(namespace).Create(ctx, wanted)
	if err != nil || from.Metadata.ID == "" {
		return d, err
	}
	var sp resource.Savepoint
	sp.Metadata.DeploymentID, sp.Spec.SavepointLocation = d.Metadata.ID, from.Spec.SavepointLocation
	if _, err := api.Savepoints(namespace).Create(ctx, sp); err != nil {
		// Without its state the copy would start empty: better no copy.
		return d, errors.Join(fmt.Errorf("give the copy its state: %w", err), api.Deployments(namespace).Delete(ctx, d.Metadata.ID))
	}
	return d, nil
}
