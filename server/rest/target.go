package rest

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

func (a *API) findTarget(r *http.Request) (resource.DeploymentTarget, error) {
	return find(r.Context(), a.Resources.Targets, r.PathValue("namespace"), r.PathValue("name"))
}

func (a *API) listTargets(w http.ResponseWriter, r *http.Request) error {
	items, err := selectAll(a, r, a.Resources.Targets)
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, listOf(resource.KindDeploymentTarget, items))
	return nil
}

func (a *API) getTarget(w http.ResponseWriter, r *http.Request) error {
	t, err := a.findTarget(r)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, t)
}

func (a *API) createTarget(w http.ResponseWriter, r *http.Request) error {
	t, err := decoded(w, r, resource.DecodeDeploymentTarget)
	if err != nil {
		return err
	}
	return a.storeNewTarget(w, r, t)
}

func (a *API) storeNewTarget(w http.ResponseWriter, r *http.Request, t resource.DeploymentTarget) error {
	a.refs.RLock()
	defer a.refs.RUnlock()
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	if err := sameNamespace(&t.Metadata, namespace); err != nil {
		return err
	}
	if err := t.Validate(); err != nil {
		return err
	}
	t.Metadata = resource.Metadata{
		Name: t.Metadata.Name, Namespace: namespace, DisplayName: t.Metadata.DisplayName,
		Labels: t.Metadata.Labels, Annotations: t.Metadata.Annotations,
	}
	if t, err = a.Resources.Targets.Create(r.Context(), a.author(r), t); err != nil {
		return err
	}
	note(r, nil, writtenOf(t.Metadata, t.Spec))
	return answer(w, r, http.StatusCreated, t)
}

// putTarget creates a target, or changes the metadata of one: where running
// deployments are cannot be changed under them.
func (a *API) putTarget(w http.ResponseWriter, r *http.Request) error {
	t, err := decoded(w, r, resource.DecodeDeploymentTarget)
	if err != nil {
		return err
	}
	old, err := a.findTarget(r)
	if errors.Is(err, resource.ErrNotFound) {
		if err := nameFromPath(&t.Metadata, r); err != nil {
			return err
		}
		return a.storeNewTarget(w, r, t)
	}
	if err != nil {
		return err
	}
	if n := t.Metadata.Name; n != "" && n != old.Metadata.Name {
		return resource.Invalidf("metadata.name", "is %q but the target is called %q, which cannot be changed", n, old.Metadata.Name)
	}
	if err := sameNamespace(&t.Metadata, old.Metadata.Namespace); err != nil {
		return err
	}
	t, err = a.Resources.Targets.Update(r.Context(), a.author(r), old.Metadata.ID, func(stored *resource.DeploymentTarget) error {
		if err := checkVersion(r, &stored.Metadata); err != nil {
			return err
		}
		if !reflect.DeepEqual(t.Spec, stored.Spec) {
			return resource.Invalidf("spec", "of a deployment target cannot be changed; make a new target and move the deployments to it")
		}
		changed := t
		resource.Protect(*stored, &changed)
		*stored = changed
		return stored.Validate()
	})
	if err != nil {
		return err
	}
	note(r, writtenOf(old.Metadata, old.Spec), writtenOf(t.Metadata, t.Spec))
	return answer(w, r, http.StatusOK, t)
}

func (a *API) deleteTarget(w http.ResponseWriter, r *http.Request) error {
	a.refs.Lock()
	defer a.refs.Unlock()
	t, err := a.findTarget(r)
	if err != nil {
		return err
	}
	if err := checkVersion(r, &t.Metadata); err != nil {
		return err
	}
	deployments, err := a.Resources.Deployments.List(r.Context(), resource.Filter{Namespace: t.Metadata.Namespace})
	if err != nil {
		return err
	}
	for _, d := range deployments {
		if d.Spec.DeploymentTargetName == t.Metadata.Name || d.Spec.DeploymentTargetID == t.Metadata.ID {
			return conflictf("deployment target %q is still referred to by deployment %q", t.Metadata.Name, d.Metadata.Name)
		}
	}
	sessions, err := a.Resources.Sessions.List(r.Context(), resource.Filter{Namespace: t.Metadata.Namespace})
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if s.Spec.DeploymentTargetName == t.Metadata.Name {
			return conflictf("deployment target %q is still referred to by session cluster %q", t.Metadata.Name, s.Metadata.Name)
		}
	}
	if t, err = a.Resources.Targets.Delete(r.Context(), t.Metadata.ID); err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, t)
}
