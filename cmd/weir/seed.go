package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/rest"
)

const (
	firstNamespace = "default"
	localTarget    = "local"
)

// newNamespace is what a namespace begins with: a target that runs deployments
// as processes of this machine, chosen by default.
func newNamespace(string) ([]resource.DeploymentTarget, resource.DeploymentDefaults) {
	var target resource.DeploymentTarget
	target.Metadata.Name = localTarget
	target.Spec.Launcher = "process"
	var defaults resource.DeploymentDefaults
	defaults.Spec.DeploymentTargetName = localTarget
	return []resource.DeploymentTarget{target}, defaults
}

// seed makes sure that there is a namespace to work in. What people have
// removed or changed since is not put back.
func seed(ctx context.Context, r rest.Resources, demo bool, data string) error {
	_, err := r.Namespaces.GetByName(ctx, "", firstNamespace)
	if errors.Is(err, resource.ErrNotFound) {
		err = seedNamespace(ctx, r, firstNamespace)
	}
	if err != nil {
		return fmt.Errorf("prepare namespace %s: %w", firstNamespace, err)
	}
	if !demo {
		return nil
	}
	if err := loadExamples(ctx, r, data); err != nil {
		return fmt.Errorf("load the examples: %w", err)
	}
	return nil
}

// seedNamespace makes the namespace last, so that an interrupted start is
// done again.
func seedNamespace(ctx context.Context, r rest.Resources, name string) error {
	targets, defaults := newNamespace(name)
	for _, t := range targets {
		t.Metadata.Namespace = name
		if _, err := r.Targets.Create(ctx, control.By, t); err != nil && !errors.Is(err, resource.ErrConflict) {
			return err
		}
	}
	defaults.Metadata.Namespace = name
	if _, err := r.Defaults.Create(ctx, control.By, defaults); err != nil && !errors.Is(err, resource.ErrConflict) {
		return err
	}
	n := resource.Namespace{Status: resource.NamespaceStatus{Phase: "ACTIVE"}}
	n.Metadata.Name = name
	if _, err := r.Namespaces.Create(ctx, control.By, n); err != nil && !errors.Is(err, resource.ErrConflict) {
		return err
	}
	return nil
}

func jsonOf(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	return text, nil
}
