package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/rest"
)

const (
	firstNamespace = "default"
	localTarget    = "local"
)

// beginnings is what namespaces of this server begin with.
type beginnings struct {
	launcher string                 // of the target that is chosen by default: process or kubernetes
	owners   []resource.RoleBinding // of the first namespace
}

func beginningsOf(config configuration) beginnings {
	b := beginnings{launcher: config.get("default-launcher")}
	if config.is("auth") && b.launcher == "kubernetes" {
		// The chart's operator works with the bootstrap token, and nobody has run
		// a command before it does.
		members := append([]string{auth.Bootstrap}, splitList(config.get("auth-admins"))...)
		b.owners = []resource.RoleBinding{{Role: string(resource.RoleOwner), Members: members}}
	}
	return b
}

// target is the name of the target that a namespace begins with.
func (b beginnings) target() string {
	if b.launcher == "kubernetes" {
		return "kubernetes"
	}
	return localTarget
}

// namespace is a target that runs deployments as processes of this machine, or
// as pods, chosen by default.
func (b beginnings) namespace(string) ([]resource.DeploymentTarget, resource.DeploymentDefaults) {
	var target resource.DeploymentTarget
	target.Metadata.Name = b.target()
	target.Spec.Launcher = b.launcher
	var defaults resource.DeploymentDefaults
	defaults.Spec.DeploymentTargetName = target.Metadata.Name
	return []resource.DeploymentTarget{target}, defaults
}

// seed makes sure that there is a namespace to work in. What people have
// removed or changed since is not put back.
func seed(ctx context.Context, r rest.Resources, b beginnings, demo bool, data string) error {
	_, err := r.Namespaces.GetByName(ctx, "", firstNamespace)
	if errors.Is(err, resource.ErrNotFound) {
		err = seedNamespace(ctx, r, b, firstNamespace)
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
func seedNamespace(ctx context.Context, r rest.Resources, b beginnings, name string) error {
	targets, defaults := b.namespace(name)
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
	n.Metadata.Name, n.Spec.RoleBindings = name, b.owners
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
