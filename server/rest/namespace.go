package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

const (
	phaseActive      = "ACTIVE"
	phaseTerminating = "TERMINATING"
	namespacePrefix  = "namespaces/"
)

// platformNamespace is the wire form of a Namespace in the Platform API.
type platformNamespace struct {
	Name                      string                 `json:"name"` // "namespaces/default"
	CreateTime                resource.Time          `json:"createTime"`
	LifecyclePhase            string                 `json:"lifecyclePhase"`
	RoleBindings              []resource.RoleBinding `json:"roleBindings"`
	PreviewSessionClusterName string                 `json:"previewSessionClusterName"`
}

type namespaceReply struct {
	Namespace platformNamespace `json:"namespace"`
}

func toPlatform(n resource.Namespace) platformNamespace {
	out := platformNamespace{
		Name:           namespacePrefix + n.Metadata.Name,
		CreateTime:     n.Metadata.CreatedAt,
		LifecyclePhase: "LIFECYCLE_PHASE_" + n.Status.Phase,
		RoleBindings:   n.Spec.RoleBindings,
	}
	if out.RoleBindings == nil {
		out.RoleBindings = []resource.RoleBinding{}
	}
	return out
}

func (a *API) answerNamespace(w http.ResponseWriter, r *http.Request, status int, n resource.Namespace) error {
	wire.WriteJSON(w, r, status, namespaceReply{toPlatform(n)})
	return nil
}

// readNamespace reads the wire form; hasBindings tells whether it says
// anything about role bindings.
func readNamespace(w http.ResponseWriter, r *http.Request) (n resource.Namespace, hasBindings bool, err error) {
	data, err := body(w, r)
	if err != nil {
		return n, false, err
	}
	var in struct {
		Name         string                  `json:"name"`
		RoleBindings *[]resource.RoleBinding `json:"roleBindings"`
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&in); err != nil {
		return n, false, resource.Invalidf("body", "is not a namespace: %v", err)
	}
	n = resource.Namespace{Kind: resource.KindNamespace, APIVersion: resource.APIVersion}
	n.Metadata.Name = strings.TrimPrefix(in.Name, namespacePrefix)
	if in.RoleBindings != nil {
		n.Spec.RoleBindings = *in.RoleBindings
	}
	return n, in.RoleBindings != nil, nil
}

func (a *API) findNamespace(r *http.Request) (resource.Namespace, error) {
	name := r.PathValue("namespace")
	n, err := a.Resources.Namespaces.GetByName(r.Context(), "", name)
	if errors.Is(err, resource.ErrNotFound) {
		return n, fmt.Errorf("namespace %q: %w", name, resource.ErrNotFound)
	}
	return n, err
}

func (a *API) listNamespaces(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Resources.Namespaces.List(r.Context(), resource.Filter{})
	if err != nil {
		return err
	}
	out := struct {
		Namespaces []platformNamespace `json:"namespaces"`
	}{Namespaces: make([]platformNamespace, len(all))}
	for i, n := range all {
		out.Namespaces[i] = toPlatform(n)
	}
	wire.WriteJSON(w, r, http.StatusOK, out)
	return nil
}

func (a *API) getNamespace(w http.ResponseWriter, r *http.Request) error {
	n, err := a.findNamespace(r)
	if err != nil {
		return err
	}
	return a.answerNamespace(w, r, http.StatusOK, n)
}

func (a *API) createNamespace(w http.ResponseWriter, r *http.Request) error {
	n, _, err := readNamespace(w, r)
	if err != nil {
		return err
	}
	return a.storeNewNamespace(w, r, n)
}

func (a *API) storeNewNamespace(w http.ResponseWriter, r *http.Request, n resource.Namespace) error {
	if err := resource.ValidateName("name", n.Metadata.Name); err != nil {
		return err
	}
	n.Status.Phase = phaseActive
	if err := n.Validate(); err != nil {
		return err
	}
	a.refs.Lock()
	defer a.refs.Unlock()
	n, err := a.Resources.Namespaces.Create(r.Context(), a.author(r), n)
	if err != nil {
		return err
	}
	if err := a.furnish(r, n.Metadata.Name); err != nil {
		return fmt.Errorf("namespace %q was created, but not what it begins with: %w", n.Metadata.Name, err)
	}
	return a.answerNamespace(w, r, http.StatusCreated, n)
}

// furnish stores what a new namespace begins with.
func (a *API) furnish(r *http.Request, namespace string) error {
	if a.NewNamespace == nil {
		return nil
	}
	targets, defaults := a.NewNamespace(namespace)
	for _, t := range targets {
		t.Metadata.Namespace = namespace
		if _, err := a.Resources.Targets.Create(r.Context(), "weir", t); err != nil && !errors.Is(err, resource.ErrConflict) {
			return err
		}
	}
	defaults.Metadata.Namespace = namespace
	if _, err := a.Resources.Defaults.Create(r.Context(), "weir", defaults); err != nil && !errors.Is(err, resource.ErrConflict) {
		return err
	}
	return nil
}

func (a *API) putNamespace(w http.ResponseWriter, r *http.Request) error {
	written, _, err := readNamespace(w, r)
	if err != nil {
		return err
	}
	old, err := a.findNamespace(r)
	if errors.Is(err, resource.ErrNotFound) {
		written.Metadata.Name = r.PathValue("namespace")
		return a.storeNewNamespace(w, r, written)
	}
	if err != nil {
		return err
	}
	return a.changeNamespace(w, r, old, written, true)
}

func (a *API) patchNamespace(w http.ResponseWriter, r *http.Request) error {
	written, hasBindings, err := readNamespace(w, r)
	if err != nil {
		return err
	}
	old, err := a.findNamespace(r)
	if err != nil {
		return err
	}
	return a.changeNamespace(w, r, old, written, hasBindings)
}

func (a *API) changeNamespace(w http.ResponseWriter, r *http.Request, old, written resource.Namespace, bindings bool) error {
	if n := written.Metadata.Name; n != "" && n != old.Metadata.Name {
		return resource.Invalidf("name", "is %q but the path says %q", n, old.Metadata.Name)
	}
	n, err := a.Resources.Namespaces.Update(r.Context(), a.author(r), old.Metadata.ID, func(n *resource.Namespace) error {
		if bindings {
			n.Spec.RoleBindings = written.Spec.RoleBindings
		}
		return n.Validate()
	})
	if err != nil {
		return err
	}
	return a.answerNamespace(w, r, http.StatusOK, n)
}

// deleteNamespace removes an empty namespace with its targets and defaults.
// The record of jobs, savepoints and events that were in it stays.
func (a *API) deleteNamespace(w http.ResponseWriter, r *http.Request) error {
	a.refs.Lock()
	defer a.refs.Unlock()
	n, err := a.findNamespace(r)
	if err != nil {
		return err
	}
	f := resource.Filter{Namespace: n.Metadata.Name}
	deployments, err := a.Resources.Deployments.List(r.Context(), f)
	if err != nil {
		return err
	}
	if len(deployments) > 0 {
		return &wire.Error{Status: http.StatusConflict, Reason: "NotEmpty", Message: fmt.Sprintf(
			"namespace %q still has %d deployments, %q among them; delete them first", n.Metadata.Name, len(deployments), deployments[0].Metadata.Name)}
	}
	n, err = a.Resources.Namespaces.Update(r.Context(), a.author(r), n.Metadata.ID, func(n *resource.Namespace) error {
		n.Status.Phase = phaseTerminating
		return nil
	})
	if err != nil {
		return err
	}
	if err := deleteAll(r, a.Resources.Targets, f); err != nil {
		return err
	}
	if err := deleteAll(r, a.Resources.Defaults, f); err != nil {
		return err
	}
	if n, err = a.Resources.Namespaces.Delete(r.Context(), n.Metadata.ID); err != nil {
		return err
	}
	return a.answerNamespace(w, r, http.StatusOK, n)
}

func deleteAll[T any, P interface {
	*T
	resource.Object
}](r *http.Request, c Collection[T], f resource.Filter) error {
	items, err := c.List(r.Context(), f)
	if err != nil {
		return err
	}
	for _, item := range items {
		if _, err := c.Delete(r.Context(), P(&item).Meta().ID); err != nil && !errors.Is(err, resource.ErrNotFound) {
			return err
		}
	}
	return nil
}
