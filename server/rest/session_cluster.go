package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

func (a *API) findSession(r *http.Request) (resource.SessionCluster, error) {
	return find(r.Context(), a.Resources.Sessions, r.PathValue("namespace"), r.PathValue("name"))
}

func (a *API) listSessionClusters(w http.ResponseWriter, r *http.Request) error {
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	items, err := a.Resources.Sessions.List(r.Context(), resource.Filter{Namespace: namespace})
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, listOf(resource.KindSessionCluster, items))
	return nil
}

func (a *API) getSessionCluster(w http.ResponseWriter, r *http.Request) error {
	s, err := a.findSession(r)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, s)
}

func (a *API) createSessionCluster(w http.ResponseWriter, r *http.Request) error {
	s, err := decoded(w, r, resource.DecodeSessionCluster)
	if err != nil {
		return err
	}
	return a.storeNewSession(w, r, s)
}

func (a *API) storeNewSession(w http.ResponseWriter, r *http.Request, s resource.SessionCluster) error {
	a.refs.RLock()
	defer a.refs.RUnlock()
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	if err := sameNamespace(&s.Metadata, namespace); err != nil {
		return err
	}
	s.FillDefaults()
	if err := s.Validate(); err != nil {
		return err
	}
	if err := a.checkTargetOf(r.Context(), s); err != nil {
		return err
	}
	written := s.Metadata
	s.Metadata = resource.Metadata{
		Name: written.Name, DisplayName: written.DisplayName, Namespace: namespace, Labels: written.Labels,
		Annotations: userAnnotations(written.Annotations),
	}
	for _, key := range []string{resource.AnnotationReferences, resource.AnnotationResourcesAcquired} {
		delete(s.Metadata.Annotations, key)
	}
	s.Status = resource.SessionClusterStatus{State: resource.SessionStopped}
	if s, err = a.Resources.Sessions.Create(r.Context(), a.author(r), s); err != nil {
		return err
	}
	note(r, nil, writtenOf(s.Metadata, s.Spec))
	return answer(w, r, http.StatusCreated, s)
}

// checkTargetOf makes sure that the place to run exists.
func (a *API) checkTargetOf(ctx context.Context, s resource.SessionCluster) error {
	name := s.Spec.DeploymentTargetName
	if name == "" {
		return nil // the default one
	}
	_, err := a.Resources.Targets.GetByName(ctx, s.Metadata.Namespace, name)
	return a.noTarget(ctx, err, "spec.deploymentTargetName", name, s.Metadata.Namespace)
}

// putSessionCluster creates or replaces by name. A replacement that leaves out
// the wanted state or the target keeps them.
func (a *API) putSessionCluster(w http.ResponseWriter, r *http.Request) error {
	written, err := decoded(w, r, resource.DecodeSessionCluster)
	if err != nil {
		return err
	}
	old, err := a.findSession(r)
	if errors.Is(err, resource.ErrNotFound) {
		if name := r.PathValue("name"); written.Metadata.Name == "" {
			written.Metadata.Name = name
		} else if written.Metadata.Name != name {
			return resource.Invalidf("metadata.name", "is %q but the path says %q", written.Metadata.Name, name)
		}
		return a.storeNewSession(w, r, written)
	}
	if err != nil {
		return err
	}
	if n := written.Metadata.Name; n != "" && n != old.Metadata.Name {
		return resource.Invalidf("metadata.name", "is %q but the session cluster is called %q, which cannot be changed", n, old.Metadata.Name)
	}
	if err := sameNamespace(&written.Metadata, old.Metadata.Namespace); err != nil {
		return err
	}
	return a.changeSession(w, r, old, func(old resource.SessionCluster) (resource.SessionCluster, error) {
		s := written
		if s.Spec.State == "" {
			s.Spec.State = old.Spec.State
		}
		if s.Spec.DeploymentTargetName == "" {
			s.Spec.DeploymentTargetName = old.Spec.DeploymentTargetName
		}
		resource.Protect(old, &s)
		return s, nil
	})
}

func (a *API) patchSessionCluster(w http.ResponseWriter, r *http.Request) error {
	patch, err := body(w, r)
	if err != nil {
		return err
	}
	old, err := a.findSession(r)
	if err != nil {
		return err
	}
	return a.changeSession(w, r, old, func(old resource.SessionCluster) (resource.SessionCluster, error) {
		return resource.MergePatch(old, patch)
	})
}

// changeSession replaces a session cluster by what change makes of it, if that
// is valid and possible now, and answers with it.
func (a *API) changeSession(w http.ResponseWriter, r *http.Request, old resource.SessionCluster,
	change func(old resource.SessionCluster) (resource.SessionCluster, error),
) error {
	apply := func(s *resource.SessionCluster) error {
		if err := checkVersion(r, &s.Metadata); err != nil {
			return err
		}
		if _, ok := s.Metadata.Annotations[annotationDeleting]; ok {
			return conflictf("session cluster %q is being deleted", s.Metadata.Name)
		}
		changed, err := change(*s)
		if err != nil {
			return err
		}
		delete(changed.Metadata.Annotations, annotationDeleting)
		if changed.Spec.FlinkConfiguration, err = resource.Unmask("spec.flinkConfiguration", changed.Spec.FlinkConfiguration, s.Spec.FlinkConfiguration); err != nil {
			return err
		}
		changed.FillDefaults()
		if err := changed.Validate(); err != nil {
			return err
		}
		if err := changed.CheckChange(*s); err != nil {
			return err
		}
		*s = changed
		return nil
	}
	a.refs.RLock()
	defer a.refs.RUnlock()
	if _, err := a.namespace(r); err != nil {
		return err
	}
	// Once outside the transaction, where the target can be looked up.
	preview := old
	if err := apply(&preview); err != nil {
		return err
	}
	if preview.Spec.DeploymentTargetName != old.Spec.DeploymentTargetName {
		if err := a.checkTargetOf(r.Context(), preview); err != nil {
			return err
		}
	}
	s, err := a.Resources.Sessions.Update(r.Context(), a.author(r), old.Metadata.ID, apply)
	if err != nil {
		return err
	}
	note(r, writtenOf(old.Metadata, old.Spec), writtenOf(s.Metadata, s.Spec))
	return answer(w, r, http.StatusOK, s)
}

// deleteSessionCluster removes a session cluster that is down and that no
// deployment names.
func (a *API) deleteSessionCluster(w http.ResponseWriter, r *http.Request) error {
	a.refs.Lock()
	defer a.refs.Unlock()
	s, err := a.findSession(r)
	if err != nil {
		return err
	}
	deployments, err := a.Resources.Deployments.List(r.Context(), resource.Filter{Namespace: s.Metadata.Namespace})
	if err != nil {
		return err
	}
	for _, d := range deployments {
		if d.Spec.SessionClusterName == s.Metadata.Name {
			return conflictf("session cluster %q is still referred to by deployment %q", s.Metadata.Name, d.Metadata.Name)
		}
	}
	if n, err := a.Resources.Namespaces.GetByName(r.Context(), "", s.Metadata.Namespace); err == nil && n.Spec.PreviewSessionClusterName == s.Metadata.Name {
		return conflictf("session cluster %q is the preview session cluster of namespace %q", s.Metadata.Name, n.Metadata.Name)
	}
	// Marked first, so that nobody starts it between the check and its removal.
	s, err = a.Resources.Sessions.Update(r.Context(), a.author(r), s.Metadata.ID, func(s *resource.SessionCluster) error {
		if err := checkVersion(r, &s.Metadata); err != nil {
			return err
		}
		switch {
		case s.Spec.State == resource.SessionRunning:
			return conflictf("session cluster %q is wanted RUNNING; set spec.state to STOPPED first", s.Metadata.Name)
		case !s.Status.State.Terminal():
			return conflictf("session cluster %q is still %s; delete it when it is STOPPED", s.Metadata.Name, s.Status.State)
		}
		annotations := map[string]string{}
		for k, v := range s.Metadata.Annotations {
			annotations[k] = v
		}
		annotations[annotationDeleting] = "true"
		s.Metadata.Annotations = annotations
		return nil
	})
	if err != nil {
		return err
	}
	if s, err = a.Resources.Sessions.Delete(r.Context(), s.Metadata.ID); err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, s)
}

// checkSession makes sure that a deployment's session cluster exists.
func (a *API) checkSession(ctx context.Context, namespace, name string) error {
	_, err := a.Resources.Sessions.GetByName(ctx, namespace, name)
	if !errors.Is(err, resource.ErrNotFound) {
		return err
	}
	all, err := a.Resources.Sessions.List(ctx, resource.Filter{Namespace: namespace})
	if err != nil {
		return err
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Metadata.Name
	}
	has := "has none yet"
	if len(names) > 0 {
		has = "has " + strings.Join(names, ", ")
	}
	return resource.Invalidf("spec.sessionClusterName", "session cluster %q does not exist; namespace %q %s", name, namespace, has)
}

// settingsIn lists what a patch of a deployment says of its job template.
func settingsIn(patch []byte) []string {
	var said struct {
		Spec struct {
			Template struct {
				Spec map[string]json.RawMessage `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	if json.Unmarshal(patch, &said) != nil {
		return nil
	}
	var names []string
	for name := range said.Spec.Template.Spec {
		names = append(names, name)
	}
	return names
}

// proxySessionCluster passes a request on to the Flink REST API of a session
// cluster. Reading only, like proxyFlink.
func (a *API) proxySessionCluster(w http.ResponseWriter, r *http.Request) error {
	if err := readOnly(r); err != nil {
		return err
	}
	s, err := a.findSession(r)
	if err != nil {
		return err
	}
	if s.Status.State.Terminal() {
		return fmt.Errorf("session cluster %q is %s and has no Flink UI: %w", s.Metadata.Name, s.Status.State, resource.ErrNotFound)
	}
	if a.SessionClusters == nil {
		return &wire.Error{Status: http.StatusNotImplemented, Reason: "NotImplemented", Message: "this server cannot reach session clusters"}
	}
	silent := func(err error) error {
		return &wire.Error{
			Status: http.StatusBadGateway, Reason: "ClusterUnreachable",
			Message: fmt.Sprintf("session cluster %q (%s) does not answer: %v", s.Metadata.Name, s.Status.State, err),
		}
	}
	transport, err := a.SessionClusters.SessionTransport(r.Context(), s)
	if err != nil {
		return silent(err)
	}
	a.passOn(w, r, transport, silent)
	return nil
}
