package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// defaultsName is the name of the one object of a namespace: none.
const defaultsName = ""

// defaults gets the defaults of a namespace; empty ones when none were stored.
func (a *API) defaults(ctx context.Context, namespace string) (resource.DeploymentDefaults, error) {
	d, err := a.Resources.Defaults.GetByName(ctx, namespace, defaultsName)
	if errors.Is(err, resource.ErrNotFound) {
		return resource.DeploymentDefaults{
			Kind: resource.KindDeploymentDefaults, APIVersion: resource.APIVersion,
			Metadata: resource.Metadata{Namespace: namespace},
		}, nil
	}
	return d, err
}

func (a *API) getDefaults(w http.ResponseWriter, r *http.Request) error {
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	d, err := a.defaults(r.Context(), namespace)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, d)
}

func (a *API) patchDefaults(w http.ResponseWriter, r *http.Request) error {
	patch, err := body(w, r)
	if err != nil {
		return err
	}
	return a.changeDefaults(w, r, func(old resource.DeploymentDefaults) (resource.DeploymentDefaults, error) {
		return resource.MergePatch(old, patch)
	})
}

func (a *API) putDefaults(w http.ResponseWriter, r *http.Request) error {
	data, err := body(w, r)
	if err != nil {
		return err
	}
	d, err := resource.DecodeDeploymentDefaults(data)
	if err != nil {
		return err
	}
	return a.changeDefaults(w, r, func(old resource.DeploymentDefaults) (resource.DeploymentDefaults, error) {
		changed := d
		if err := sameNamespace(&changed.Metadata, old.Metadata.Namespace); err != nil {
			return changed, err
		}
		resource.Protect(old, &changed)
		return changed, nil
	})
}

func (a *API) changeDefaults(w http.ResponseWriter, r *http.Request,
	change func(resource.DeploymentDefaults) (resource.DeploymentDefaults, error),
) error {
	a.refs.RLock()
	defer a.refs.RUnlock()
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	apply := func(d *resource.DeploymentDefaults) error {
		if err := checkVersion(r, &d.Metadata); err != nil {
			return err
		}
		changed, err := change(*d)
		if err != nil {
			return err
		}
		if err := unmask(&changed.Spec, d.Spec); err != nil {
			return err
		}
		if err := changed.Validate(); err != nil {
			return err
		}
		*d = changed
		return nil
	}
	d, err := a.defaults(r.Context(), namespace)
	if err != nil {
		return err
	}
	preview := d
	if err := apply(&preview); err != nil {
		return err
	}
	asDeployment := resource.Deployment{Metadata: preview.Metadata, Spec: preview.Spec}
	if placed(preview.Spec) != placed(d.Spec) {
		if err := a.checkTarget(r.Context(), asDeployment); err != nil {
			return err
		}
	}
	before := writtenOf(d.Metadata, d.Spec)
	if d.Metadata.ID == "" {
		d, err = a.Resources.Defaults.Create(r.Context(), a.author(r), preview)
	} else {
		d, err = a.Resources.Defaults.Update(r.Context(), a.author(r), d.Metadata.ID, apply)
	}
	if err != nil {
		return err
	}
	note(r, before, writtenOf(d.Metadata, d.Spec))
	return answer(w, r, http.StatusOK, d)
}

// getGlobalDefaults shows what applies in every namespace: the built-in
// defaults with the configured ones over them.
func (a *API) getGlobalDefaults(w http.ResponseWriter, r *http.Request) error {
	d := a.GlobalDefaults
	d.Kind, d.APIVersion = "GlobalDeploymentDefaults", resource.APIVersion
	d.Spec = resource.MergeSpecs(resource.BuiltinDefaults().Spec, d.Spec)
	wire.Write(w, r, http.StatusOK, shown(d))
	return nil
}
