package sim

import (
	"context"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// collection is a table as controllers see it: every access is a point where
// others may come between, or the platform may end.
type collection[T any, P object[T]] struct{ *table[T, P] }

func (c collection[T, P]) Get(_ context.Context, id string) (T, error) {
	c.w.pause()
	return c.get(id)
}

func (c collection[T, P]) List(_ context.Context, f resource.Filter) ([]T, error) {
	c.w.pause()
	return c.list(f), nil
}

func (c collection[T, P]) Create(_ context.Context, by string, v T) (T, error) {
	c.w.pause()
	return c.create(by, v)
}

func (c collection[T, P]) Delete(_ context.Context, id string) (T, error) {
	c.w.pause()
	return c.remove(id)
}

func (c collection[T, P]) Update(_ context.Context, by, id string, change func(*T) error) (T, error) {
	c.w.pause()
	return c.update(by, id, change)
}

// targets has two deployment targets, local and other.
type targets struct{}

func (targets) Get(context.Context, string) (resource.DeploymentTarget, error) {
	return resource.DeploymentTarget{}, resource.ErrNotFound
}

func (targets) GetByName(_ context.Context, namespace, name string) (resource.DeploymentTarget, error) {
	if name != "local" && name != "other" {
		return resource.DeploymentTarget{}, resource.ErrNotFound
	}
	return resource.DeploymentTarget{
		Metadata: resource.Metadata{Name: name, Namespace: namespace},
		Spec:     resource.DeploymentTargetSpec{Launcher: "fake"},
	}, nil
}

const (
	secretReference = "${PASSWORD}"
	secretValue     = "swordfish"
)

// vaultDoor has one secret, at times.
type vaultDoor struct{ w *World }

func (v vaultDoor) GetByName(_ context.Context, _, name string) (resource.SecretValue, error) {
	v.w.pause()
	switch {
	case v.w.chance(v.w.faults.RequestLost):
		return resource.SecretValue{}, errLost
	case name != "PASSWORD" || v.w.secretGone:
		return resource.SecretValue{}, resource.ErrNotFound
	}
	return resource.SecretValue{Spec: resource.SecretValueSpec{Value: secretValue}}, nil
}

type launchers struct{ warm, rescales bool }

func (l launchers) Has(name string) bool { return name == "fake" }

// Warms is true in every other world.
func (l launchers) Warms(string) bool { return l.warm }

// Rescales is true in every eighth world.
func (l launchers) Rescales(string) bool { return l.rescales }

// events counts events instead of keeping them, unless a trace is wanted.
type events struct{ w *World }

func (e events) Create(_ context.Context, _ string, v resource.Event) (resource.Event, error) {
	e.w.eventCount++
	if strings.Contains(v.Spec.Message, secretValue) {
		e.w.fail("an event shows a secret: %s", v.Spec.Message)
	}
	if e.w.trace != nil {
		e.w.tracef("event %s %s: %s", short(v.Metadata.DeploymentID), v.Metadata.Name, v.Spec.Message)
	}
	return v, nil
}

type history struct{ w *World }

func (h history) Revisions(_ context.Context, _ resource.Kind, id string) ([]resource.Revision, error) {
	h.w.pause()
	return h.w.revisions[id], nil
}
