// Package operator mirrors WeirDeployment resources of Kubernetes to
// deployments of weir, so that what lies in git is applied with kubectl.
//
// The rule: what git says is applied when git says something new, and at no
// other time. An edit that somebody made in the UI meanwhile is shown in the
// status of the resource as a patch to commit, and stays until git changes; then
// git wins, and an event tells what was replaced.
package operator

import (
	"context"

	"github.com/weir-streams/weir/resource"
)

// Weir is what the operator needs of the platform.
type Weir interface {
	// List is every deployment of a namespace.
	List(ctx context.Context, namespace string) ([]resource.Deployment, error)
	// Spec is the accepted spec of a generation of a deployment, as JSON.
	Spec(ctx context.Context, namespace, name string, generation int) ([]byte, error)
	// Apply makes a deployment what is wanted: fields that were applied earlier and
	// are not wanted any more go. undo is a patch that goes first, or nil.
	Apply(ctx context.Context, namespace, name string, wanted, undo map[string]any) (resource.Deployment, error)
	// LeftOut says in words which fields of a spec mean nothing to the platform.
	LeftOut(spec map[string]any) []string
	// Cancel ends a deployment's job; Delete removes a deployment that is cancelled.
	Cancel(ctx context.Context, namespace, name string) error
	Delete(ctx context.Context, namespace, name string) error
}
