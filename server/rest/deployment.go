package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// annotationDeleting marks a deployment whose deletion was accepted, so that
// nobody starts it between the check that it is stopped and its removal.
const annotationDeleting = "weir.io/deleting"

func (a *API) findDeployment(r *http.Request) (resource.Deployment, error) {
	return find(r.Context(), a.Resources.Deployments, r.PathValue("namespace"), r.PathValue("name"))
}

func (a *API) listDeployments(w http.ResponseWriter, r *http.Request) error {
	if done, err := a.listRendered(w, r); done {
		return err
	}
	chosen, err := a.selectDeployments(r)
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, listOf(resource.KindDeployment, chosen))
	return nil
}

// selectDeployments gives those of the path's namespace that the label selector
// of the query lets through.
func (a *API) selectDeployments(r *http.Request) ([]resource.Deployment, error) {
	return selectAll(a, r, a.Resources.Deployments)
}

func (a *API) getDeployment(w http.ResponseWriter, r *http.Request) error {
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, d)
}

func (a *API) createDeployment(w http.ResponseWriter, r *http.Request) error {
	data, err := body(w, r)
	if err != nil {
		return err
	}
	d, err := resource.DecodeDeployment(data)
	if err != nil {
		return err
	}
	d.FillName(suffix())
	return a.storeNewDeployment(w, r, d)
}

// storeNewDeployment checks and stores a decoded deployment, and answers.
func (a *API) storeNewDeployment(w http.ResponseWriter, r *http.Request, d resource.Deployment) error {
	dry, err := flag(r, "dryRun")
	if err != nil {
		return err
	}
	a.refs.RLock()
	defer a.refs.RUnlock()
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	if err := sameNamespace(&d.Metadata, namespace); err != nil {
		return err
	}
	if d, err = a.prepare(r.Context(), d); err != nil {
		return err
	}
	if err := a.guardState(r, resource.Deployment{}, d); err != nil {
		return err
	}
	if dry {
		switch _, err := a.Resources.Deployments.GetByName(r.Context(), namespace, d.Metadata.Name); {
		case err == nil:
			return conflictf("deployment %q exists already in namespace %q", d.Metadata.Name, namespace)
		case !errors.Is(err, resource.ErrNotFound):
			return err
		}
		return answer(w, r, http.StatusCreated, d)
	}
	d, err = a.Resources.Deployments.Create(r.Context(), a.author(r), d)
	if err != nil {
		return err
	}
	note(r, nil, writtenOf(d.Metadata, d.Spec))
	return answer(w, r, http.StatusCreated, d)
}

// prepare makes a deployment that people wrote ready to be stored as new.
func (a *API) prepare(ctx context.Context, d resource.Deployment) (resource.Deployment, error) {
	defaults, err := a.defaults(ctx, d.Metadata.Namespace)
	if err != nil {
		return d, err
	}
	if err := unmask(&d.Spec, defaults.Spec, a.GlobalDefaults.Spec); err != nil {
		return d, err
	}
	d = resource.ApplyDefaults(a.GlobalDefaults, defaults, d)
	written := d.Metadata
	d.Metadata = resource.Metadata{
		Name:        written.Name,
		DisplayName: written.DisplayName,
		Namespace:   written.Namespace,
		Labels:      written.Labels,
		Annotations: userAnnotations(written.Annotations),
	}
	if d.Metadata.DisplayName == "" {
		d.Metadata.DisplayName = d.Metadata.Name
	}
	if err := d.Validate(); err != nil {
		return d, err
	}
	if err := a.checkTarget(ctx, d); err != nil {
		return d, err
	}
	if err := a.checkArtifact(ctx, d); err != nil {
		return d, err
	}
	d.CountSpecVersion(resource.Deployment{})
	d.Status = resource.DeploymentStatus{State: resource.StateCancelled}
	return d, nil
}

// userAnnotations leaves out the annotations that only the platform writes.
func userAnnotations(all map[string]string) map[string]string {
	kept := map[string]string{}
	for k, v := range all {
		switch k {
		case resource.AnnotationSpecVersion, resource.AnnotationTransitioning, resource.AnnotationTransitioningSince, annotationDeleting:
		default:
			kept[k] = v
		}
	}
	return kept
}

// checkTarget makes sure that the place to run exists.
func (a *API) checkTarget(ctx context.Context, d resource.Deployment) error {
	s, namespace := d.Spec, d.Metadata.Namespace
	switch {
	case s.SessionClusterName != "":
		return a.checkSession(ctx, namespace, s.SessionClusterName)
	case s.DeploymentTargetName != "":
		_, err := a.Resources.Targets.GetByName(ctx, namespace, s.DeploymentTargetName)
		return a.noTarget(ctx, err, "spec.deploymentTargetName", s.DeploymentTargetName, namespace)
	case s.DeploymentTargetID != "":
		_, err := byID(ctx, a.Resources.Targets, namespace, s.DeploymentTargetID)
		return a.noTarget(ctx, err, "spec.deploymentTargetId", s.DeploymentTargetID, namespace)
	}
	return nil
}

func (a *API) noTarget(ctx context.Context, err error, field, ref, namespace string) error {
	if !errors.Is(err, resource.ErrNotFound) {
		return err
	}
	targets, err := a.Resources.Targets.List(ctx, resource.Filter{Namespace: namespace})
	if err != nil {
		return err
	}
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.Metadata.Name
	}
	if len(names) == 0 {
		return resource.Invalidf(field, "deployment target %q does not exist; namespace %q has none yet", ref, namespace)
	}
	return resource.Invalidf(field, "deployment target %q does not exist; namespace %q has %s", ref, namespace, strings.Join(names, ", "))
}

// deploymentChange makes of a deployment what a request wants it to be. It may
// be called more than once.
type deploymentChange func(old resource.Deployment) (resource.Deployment, error)

func (a *API) patchDeployment(w http.ResponseWriter, r *http.Request) error {
	patch, err := body(w, r)
	if err != nil {
		return err
	}
	change, err := a.patchOf(r, patch)
	if err != nil {
		return err
	}
	return a.changeDeployment(w, r, http.StatusOK, change)
}

func (a *API) patchOf(r *http.Request, patch []byte) (deploymentChange, error) {
	defaults, err := a.defaults(r.Context(), r.PathValue("namespace"))
	if err != nil {
		return nil, err
	}
	return func(old resource.Deployment) (resource.Deployment, error) {
		d, err := resource.MergePatch(old, patch)
		if err != nil {
			return d, err
		}
		if err := unmask(&d.Spec, old.Spec); err != nil {
			return d, err
		}
		d = oneTarget(d, patch)
		d.Spec = resource.MergeSpecs(needed(resource.BuiltinDefaults().Spec, a.GlobalDefaults.Spec, defaults.Spec), d.Spec)
		return d, nil
	}, nil
}

// needed is the part of the defaults that a patch which removes a field gets
// back: what no deployment can be without. Defaults that are only added are
// added at creation and never later.
func needed(defaults ...resource.DeploymentSpec) resource.DeploymentSpec {
	all := resource.MergeSpecs(defaults...)
	return resource.DeploymentSpec{
		UpgradeStrategy:              all.UpgradeStrategy,
		RestoreStrategy:              all.RestoreStrategy,
		MaxSavepointCreationAttempts: all.MaxSavepointCreationAttempts,
		MaxJobCreationAttempts:       all.MaxJobCreationAttempts,
		Template: resource.Template{Spec: resource.JobTemplate{
			Parallelism: all.Template.Spec.Parallelism,
			Resources:   all.Template.Spec.Resources,
		}},
	}
}

// oneTarget lets a patch that names one place to run take the place of another
// kind of name for it, instead of asking for a null beside it.
func oneTarget(d resource.Deployment, patch []byte) resource.Deployment {
	var said struct {
		Spec struct {
			ID      string `json:"deploymentTargetId"`
			Name    string `json:"deploymentTargetName"`
			Session string `json:"sessionClusterName"`
		} `json:"spec"`
	}
	if json.Unmarshal(patch, &said) != nil {
		return d
	}
	switch s := said.Spec; {
	case s.Name != "" && s.ID == "" && s.Session == "":
		d.Spec.DeploymentTargetID, d.Spec.SessionClusterName = "", ""
	case s.ID != "" && s.Name == "" && s.Session == "":
		d.Spec.DeploymentTargetName, d.Spec.SessionClusterName = "", ""
	case s.Session != "" && s.Name == "" && s.ID == "":
		d.Spec.DeploymentTargetName, d.Spec.DeploymentTargetID = "", ""
		d.Spec.Template.Spec = d.Spec.Template.Spec.WithoutClusterSettings(settingsIn(patch)...)
	}
	return d
}

// putDeployment creates or replaces by name. What a replacement leaves out gets
// the built-in defaults (with applyDefaults all defaults), but not the wanted
// state nor the target: those stay, so that a file without them never stops or
// moves a job.
func (a *API) putDeployment(w http.ResponseWriter, r *http.Request) error {
	data, err := body(w, r)
	if err != nil {
		return err
	}
	old, err := a.findDeployment(r)
	if errors.Is(err, resource.ErrNotFound) {
		if _, err := flag(r, "applyDefaults"); err != nil { // a new one always gets them
			return err
		}
		written, err := resource.DecodeDeployment(data)
		if err != nil {
			return err
		}
		if err := nameFromPath(&written.Metadata, r); err != nil {
			return err
		}
		return a.storeNewDeployment(w, r, written)
	}
	if err != nil {
		return err
	}
	change, err := a.replacementOf(r, old, data)
	if err != nil {
		return err
	}
	return a.changeDeployment(w, r, http.StatusOK, change)
}

// nameFromPath names a resource as the path does, if its body does not differ.
func nameFromPath(m *resource.Metadata, r *http.Request) error {
	name := r.PathValue("name")
	if m.Name != "" && m.Name != name {
		return resource.Invalidf("metadata.name", "is %q but the path says %q", m.Name, name)
	}
	m.Name = name
	return nil
}

func (a *API) replacementOf(r *http.Request, old resource.Deployment, data []byte) (deploymentChange, error) {
	apply, err := flag(r, "applyDefaults")
	if err != nil {
		return nil, err
	}
	written, err := resource.DecodeDeployment(data)
	if err != nil {
		return nil, err
	}
	if n := written.Metadata.Name; n != "" && n != old.Metadata.Name {
		return nil, resource.Invalidf("metadata.name", "is %q but the deployment is called %q, which cannot be changed", n, old.Metadata.Name)
	}
	if err := sameNamespace(&written.Metadata, old.Metadata.Namespace); err != nil {
		return nil, err
	}
	global, defaults := resource.DeploymentDefaults{}, resource.DeploymentDefaults{}
	if apply {
		global = a.GlobalDefaults
		if defaults, err = a.defaults(r.Context(), old.Metadata.Namespace); err != nil {
			return nil, err
		}
	}
	return func(old resource.Deployment) (resource.Deployment, error) {
		d := written
		if d.Spec.State == "" {
			d.Spec.State = old.Spec.State
		}
		if s := d.Spec; s.DeploymentTargetID == "" && s.DeploymentTargetName == "" && s.SessionClusterName == "" {
			d.Spec.DeploymentTargetID = old.Spec.DeploymentTargetID
			d.Spec.DeploymentTargetName = old.Spec.DeploymentTargetName
			d.Spec.SessionClusterName = old.Spec.SessionClusterName
		}
		if err := unmask(&d.Spec, old.Spec, defaults.Spec, global.Spec); err != nil {
			return d, err
		}
		d = resource.ApplyDefaults(global, defaults, d)
		if d.Metadata.DisplayName == "" {
			d.Metadata.DisplayName = old.Metadata.DisplayName
		}
		resource.Protect(old, &d)
		return d, nil
	}, nil
}

// changeDeployment replaces the deployment of the path by what change makes of
// it, if that is valid, and answers with it.
func (a *API) changeDeployment(w http.ResponseWriter, r *http.Request, status int, change deploymentChange) error {
	dry, err := flag(r, "dryRun")
	if err != nil {
		return err
	}
	a.refs.RLock()
	defer a.refs.RUnlock()
	if _, err := a.namespace(r); err != nil {
		return err
	}
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	// Once outside the transaction, where other things can be looked up.
	preview, err := a.changed(r, d, change)
	if err != nil {
		return err
	}
	if err := a.guardState(r, d, preview); err != nil {
		return err
	}
	if dry {
		return answer(w, r, status, preview)
	}
	var before resource.Deployment
	d, err = a.Resources.Deployments.Update(r.Context(), a.author(r), d.Metadata.ID, func(d *resource.Deployment) error {
		before = *d
		return applyChange(r, d, change)
	})
	if err != nil {
		return err
	}
	note(r, writtenOf(before.Metadata, before.Spec), writtenOf(d.Metadata, d.Spec))
	return answer(w, r, status, d)
}

// changed is what a deployment would be after a change that may be made.
func (a *API) changed(r *http.Request, d resource.Deployment, change deploymentChange) (resource.Deployment, error) {
	preview := d
	if err := applyChange(r, &preview, change); err != nil {
		return preview, err
	}
	if placed(preview.Spec) != placed(d.Spec) {
		if err := a.checkTarget(r.Context(), preview); err != nil {
			return preview, err
		}
	}
	if !sameArtifact(preview, d) {
		if err := a.checkArtifact(r.Context(), preview); err != nil {
			return preview, err
		}
	}
	return preview, nil
}

// applyChange changes a deployment, if it may be changed and the result is valid.
func applyChange(r *http.Request, d *resource.Deployment, change deploymentChange) error {
	old := *d
	if err := checkVersion(r, &old.Metadata); err != nil {
		return err
	}
	if _, ok := old.Metadata.Annotations[annotationDeleting]; ok {
		return conflictf("deployment %q is being deleted", old.Metadata.Name)
	}
	changed, err := change(old)
	if err != nil {
		return err
	}
	delete(changed.Metadata.Annotations, annotationDeleting)
	if err := changed.Validate(); err != nil {
		return err
	}
	changed.CountSpecVersion(old)
	*d = changed
	return nil
}

func placed(s resource.DeploymentSpec) [3]string {
	return [3]string{s.DeploymentTargetID, s.DeploymentTargetName, s.SessionClusterName}
}

func (a *API) deleteDeployment(w http.ResponseWriter, r *http.Request) error {
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	if err := stopped(d); err != nil {
		return err
	}
	if err := a.noActiveJob(r.Context(), d); err != nil {
		return err
	}
	d, err = a.Resources.Deployments.Update(r.Context(), a.author(r), d.Metadata.ID, func(d *resource.Deployment) error {
		if err := checkVersion(r, &d.Metadata); err != nil {
			return err
		}
		if err := stopped(*d); err != nil {
			return err
		}
		annotations := map[string]string{annotationDeleting: "true"}
		for k, v := range d.Metadata.Annotations {
			annotations[k] = v
		}
		annotations[annotationDeleting] = "true"
		d.Metadata.Annotations = annotations
		return nil
	})
	if err != nil {
		return err
	}
	if d, err = a.Resources.Deployments.Delete(r.Context(), d.Metadata.ID); err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, d)
}

// stopped tells why a deployment cannot be deleted yet.
func stopped(d resource.Deployment) error {
	switch {
	case d.Spec.State == resource.StateRunning:
		return conflictf("deployment %q is wanted RUNNING; set spec.state to CANCELLED or SUSPENDED first", d.Metadata.Name)
	case d.Status.State == resource.StateRunning || d.Status.State == resource.StateTransitioning:
		return conflictf("deployment %q is still %s on its way to %s; delete it when it has got there",
			d.Metadata.Name, d.Status.State, d.Spec.State)
	}
	return nil
}

func (a *API) noActiveJob(ctx context.Context, d resource.Deployment) error {
	jobs, err := a.Resources.Jobs.List(ctx, resource.Filter{DeploymentID: d.Metadata.ID})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if !j.Status.State.Terminal() {
			return conflictf("deployment %q still has job %s in state %s", d.Metadata.Name, j.Metadata.ID, j.Status.State)
		}
	}
	return nil
}
