package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/operator"
	"github.com/weir-streams/weir/resource"
)

func operatorCommand(s *session) *cobra.Command {
	var config operator.Config
	c := &cobra.Command{
		Use:   "operator",
		Short: "Mirror WeirDeployment resources of Kubernetes to deployments",
		Long: "Mirror WeirDeployment resources of Kubernetes to deployments, until it is ended. What a manifest says is applied when the manifest changes; edits made\n" +
			"elsewhere are shown in status.drift as a patch to commit, until it changes again. The annotation weir.io/namespace names the namespace of weir.",
		Example: example(`weir operator --watch team-a,team-b --server http://weir.weir.svc
weir operator --watch default --kubeconfig ~/.kube/config`),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(config.Namespaces) == 0 {
				return usagef("--watch: name the namespaces of Kubernetes whose resources are mirrored")
			}
			api, err := s.api()
			if err != nil {
				return err
			}
			config.Weir, config.Log = weirAPI{api}, slog.New(slog.NewTextHandler(s.err, nil))
			o, err := operator.New(config)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "mirroring WeirDeployments to %s\n", api.Server())
			return o.Run(c.Context())
		},
	}
	s.clientFlags(c)
	c.Flags().StringSliceVar(&config.Namespaces, "watch", nil, "namespaces of Kubernetes, separated by commas")
	c.Flags().StringVar(&config.Kubeconfig, "kubeconfig", "", "file that leads to Kubernetes (default: the one this is a pod of)")
	c.Flags().StringVar(&config.Context, "kube-context", "", "context of that file (default: its current one)")
	return c
}

// weirAPI is the platform as the operator sees it.
type weirAPI struct{ api *client.Client }

func (w weirAPI) List(ctx context.Context, namespace string) ([]resource.Deployment, error) {
	return w.api.Deployments(namespace).List(ctx, client.Query{})
}

func (w weirAPI) Spec(ctx context.Context, namespace, name string, generation int) ([]byte, error) {
	all, err := w.api.Revisions(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.Generation == generation {
			return r.Spec, nil
		}
	}
	return nil, fmt.Errorf("revision %d of deployment %q: %w", generation, name, resource.ErrNotFound)
}

// Apply does what weir apply does.
func (w weirAPI) Apply(ctx context.Context, namespace, name string, wanted, undo map[string]any) (resource.Deployment, error) {
	deployments := w.api.Deployments(namespace)
	before, err := deployments.Get(ctx, name)
	if client.IsNotFound(err) {
		body := withApplied(wanted)
		metadata(body)["name"] = name
		after, err := deployments.Create(ctx, body)
		return w.note(ctx, namespace, after, err)
	}
	if err != nil {
		return before, err
	}
	patch, err := threeWay(before.Metadata.Annotations[annotationApplied], wanted)
	if err != nil {
		return before, err
	}
	if len(undo) > 0 {
		patch = over(map[string]any{"spec": undo}, patch)
	}
	var options []client.Option
	if !allowsLoss(before, wanted) {
		options = append(options, client.RefuseStateLoss)
	}
	after, err := deployments.Patch(ctx, before.Metadata.ID, patch, options...)
	return w.note(ctx, namespace, after, err)
}

// note keeps with a deployment which revision is git's, for weir diff. It is
// words only: the operator itself goes by the resource's status.
func (w weirAPI) note(ctx context.Context, namespace string, d resource.Deployment, err error) (resource.Deployment, error) {
	is := strconv.Itoa(d.Metadata.Generation)
	if err != nil || d.Metadata.Annotations[operator.Revision] == is {
		return d, err
	}
	patch := map[string]any{"metadata": map[string]any{"annotations": map[string]any{operator.Revision: is}}}
	if noted, err := w.api.Deployments(namespace).Patch(ctx, d.Metadata.ID, patch); err == nil {
		noted.Metadata.Generation = d.Metadata.Generation // somebody may have edited it meanwhile
		return noted, nil
	}
	return d, nil
}

// over is the patch that does what below does, and then what above does.
func over(below, above map[string]any) map[string]any {
	for key, v := range above {
		a, isObject := below[key].(map[string]any)
		b, staysObject := v.(map[string]any)
		if isObject && staysObject {
			below[key] = over(a, b)
			continue
		}
		below[key] = v
	}
	return below
}

// LeftOut warns as weir apply does.
func (w weirAPI) LeftOut(spec map[string]any) []string {
	return manifest{kind: resource.KindDeployment, document: map[string]any{"spec": spec}}.unknownFields()
}

func (w weirAPI) Cancel(ctx context.Context, namespace, name string) error {
	d, err := w.api.Deployments(namespace).Get(ctx, name)
	if err == nil {
		_, err = w.api.Deployments(namespace).Patch(ctx, d.Metadata.ID, map[string]any{"spec": map[string]any{"state": resource.StateCancelled}})
	}
	if client.IsNotFound(err) {
		return nil
	}
	return err
}

func (w weirAPI) Delete(ctx context.Context, namespace, name string) error {
	err := w.api.Deployments(namespace).Delete(ctx, name)
	if client.IsNotFound(err) {
		return nil
	}
	return err
}
