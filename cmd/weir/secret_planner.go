package main

import (
	"context"
	"errors"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/rest"
)

// secretPlanner plans with what the references of scripts stand for, as the
// launch will have it, and shows none of it.
type secretPlanner struct {
	rest.Planner
	vault *control.Vault
}

// Plan compares the wanted script with what there is.
func (p secretPlanner) Plan(ctx context.Context, ask rest.PlanRequest) ([]resource.OperatorPlan, []string, error) {
	wanted, catalog, put, err := p.open(ctx, ask.Namespace, ask.Wanted, ask.Catalog)
	if errors.Is(err, control.ErrNoSecret) {
		// It starts when the secret is there; until then nothing is known of it.
		return nil, []string{err.Error() + "; so the script is not looked at"}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	ask.Wanted, ask.Catalog = wanted, catalog
	// What runs may have had other values: they mean nothing for its state.
	if current, _, more, err := p.open(ctx, ask.Namespace, ask.Current, nil); err == nil {
		ask.Current, put = current, append(put, more...)
	}
	operators, warnings, err := p.Planner.Plan(ctx, ask)
	hidden := cluster.Hide(put)
	for i := range operators {
		operators[i].Name, operators[i].Reason = hidden.Text(operators[i].Name), hidden.Text(operators[i].Reason)
	}
	for i := range warnings {
		warnings[i] = hidden.Text(warnings[i])
	}
	var invalid *resource.InvalidError
	if errors.As(err, &invalid) {
		return nil, nil, resource.Invalidf(invalid.Field, "%s", hidden.Text(invalid.Message))
	}
	return operators, warnings, hidden.Error(err)
}

// open gives a deployment and a catalog with their references replaced.
func (p secretPlanner) open(ctx context.Context, namespace string, d resource.Deployment, catalog []string) (resource.Deployment, []string, []string, error) {
	j := resource.Job{Metadata: resource.Metadata{
		Namespace: namespace, DeploymentID: d.Metadata.ID, DeploymentName: d.Metadata.Name,
		Annotations: map[string]string{control.AnnotationLauncher: "process"},
	}}
	j.Spec.JobTemplate, j.Spec.Catalog = d.Spec.Template.Spec, catalog
	j, put, err := p.vault.Open(ctx, j)
	d.Spec.Template.Spec = j.Spec.JobTemplate
	return d, j.Spec.Catalog, put, err
}
