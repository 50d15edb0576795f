package platform

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/resource"
)

const namespacePrefix = "namespaces/"

// namespaceDocument is the wire form of a Namespace.
type namespaceDocument struct {
	Name                      string                 `json:"name"` // "namespaces/default"
	CreateTime                resource.Time          `json:"createTime"`
	LifecyclePhase            string                 `json:"lifecyclePhase"`
	LifecycleMessage          string                 `json:"lifecycleMessage,omitempty"` // what a deletion waits for
	RoleBindings              []resource.RoleBinding `json:"roleBindings"`
	PreviewSessionClusterName string                 `json:"previewSessionClusterName"`
}

func namespaceDocumentOf(n resource.Namespace) namespaceDocument {
	out := namespaceDocument{
		Name:                      namespacePrefix + n.Metadata.Name,
		CreateTime:                n.Metadata.CreatedAt,
		LifecyclePhase:            "LIFECYCLE_PHASE_" + n.Status.Phase,
		LifecycleMessage:          n.Status.Message,
		RoleBindings:              n.Spec.RoleBindings,
		PreviewSessionClusterName: n.Spec.PreviewSessionClusterName,
	}
	if out.RoleBindings == nil {
		out.RoleBindings = []resource.RoleBinding{}
	}
	return out
}

// namespaceWritten is what a body says; what is not given stays as it is.
type namespaceWritten struct {
	namespaceFields
	given map[string]bool
}

type namespaceFields struct {
	Name                      string                 `json:"name"`
	RoleBindings              []resource.RoleBinding `json:"roleBindings"`
	PreviewSessionClusterName string                 `json:"previewSessionClusterName"`
}

func readNamespace(w http.ResponseWriter, r *http.Request) (in namespaceWritten, err error) {
	if in.given, err = ReadBody(w, r, &in.namespaceFields); err != nil {
		return in, err
	}
	in.Name = strings.TrimPrefix(in.Name, namespacePrefix)
	for i, b := range in.RoleBindings {
		in.RoleBindings[i].Role = strings.ToLower(b.Role)
		if b.Members == nil {
			in.RoleBindings[i].Members = []string{}
		}
	}
	return in, nil
}

func (a *API) findNamespace(r *http.Request) (resource.Namespace, error) {
	return findNamespace(r.Context(), a.Resources.Namespaces, r.PathValue("ns"))
}

// listNamespaces shows admins all namespaces, and others those in which they
// have a role; only owners and admins see who else has one.
func (a *API) listNamespaces(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Resources.Namespaces.List(r.Context(), resource.Filter{})
	if err != nil {
		return err
	}
	subject := auth.From(r.Context())
	seen := make([]namespaceDocument, 0, len(all))
	for _, n := range all {
		of := auth.Resource{Kind: auth.Namespaces, Namespace: n.Metadata.Name, Bindings: n.Spec.RoleBindings}
		switch {
		case a.Authorize == nil || auth.Allow(subject, auth.Read, of) == nil:
			seen = append(seen, namespaceDocumentOf(n))
		case auth.RoleIn(subject, n.Metadata.Name, n.Spec.RoleBindings) != "":
			n.Spec.RoleBindings = nil
			seen = append(seen, namespaceDocumentOf(n))
		}
	}
	return Reply(w, r, http.StatusOK, "namespaces", seen)
}

func (a *API) getNamespace(w http.ResponseWriter, r *http.Request) error {
	n, err := a.findNamespace(r)
	if err != nil {
		return err
	}
	return Reply(w, r, http.StatusOK, "namespace", namespaceDocumentOf(n))
}

func (a *API) createNamespace(w http.ResponseWriter, r *http.Request) error {
	written, err := readNamespace(w, r)
	if err != nil {
		return err
	}
	return a.storeNewNamespace(w, r, written)
}

func (a *API) storeNewNamespace(w http.ResponseWriter, r *http.Request, written namespaceWritten) error {
	if err := resource.ValidateName("name", written.Name); err != nil {
		return err
	}
	if written.PreviewSessionClusterName != "" {
		return resource.Invalidf("previewSessionClusterName", "names %q, but a new namespace has no session clusters yet", written.PreviewSessionClusterName)
	}
	var n resource.Namespace
	resource.SetKind(&n)
	n.Metadata.Name = written.Name
	n.Spec.RoleBindings = written.RoleBindings
	n.Status.Phase = resource.NamespaceActive
	if err := validNamespace(n); err != nil {
		return err
	}
	err := a.exclusive(func() error {
		var err error
		if n, err = a.Resources.Namespaces.Create(r.Context(), a.author(r), n); err != nil {
			return err
		}
		if err := a.furnish(r, n.Metadata.Name); err != nil {
			return fmt.Errorf("namespace %q was created, but not what it begins with: %w", n.Metadata.Name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	record(r, n, nil, n.Spec)
	return Reply(w, r, http.StatusCreated, "namespace", namespaceDocumentOf(n))
}

// validNamespace names the fields as they are called on the wire.
func validNamespace(n resource.Namespace) error {
	var all []error
	for _, p := range resource.Problems(n.Validate()) {
		all = append(all, resource.Invalidf(strings.TrimPrefix(strings.TrimPrefix(p.Field, "spec."), "metadata."), "%s", p.Message))
	}
	return errors.Join(all...)
}

func (a *API) exclusive(do func() error) error {
	if a.Exclusive == nil {
		return do()
	}
	return a.Exclusive(do)
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

// putNamespace creates a namespace, or replaces the role bindings of one.
func (a *API) putNamespace(w http.ResponseWriter, r *http.Request) error {
	written, err := readNamespace(w, r)
	if err != nil {
		return err
	}
	old, err := a.findNamespace(r)
	if errors.Is(err, resource.ErrNotFound) {
		if n := r.PathValue("ns"); written.Name != "" && written.Name != n {
			return resource.Invalidf("name", "is %q but the path says %q", written.Name, n)
		}
		if err := a.mayCreate(r); err != nil {
			return err
		}
		written.Name = r.PathValue("ns")
		return a.storeNewNamespace(w, r, written)
	}
	if err != nil {
		return err
	}
	written.given["roleBindings"] = true
	return a.changeNamespace(w, r, old, written)
}

// mayCreate asks for the right that a PUT needs only when it creates.
func (a *API) mayCreate(r *http.Request) error {
	if a.Authorize == nil {
		return nil
	}
	return a.Authorize(r, auth.Need{Verb: auth.Create, Kind: auth.Namespaces})
}

func (a *API) patchNamespace(w http.ResponseWriter, r *http.Request) error {
	written, err := readNamespace(w, r)
	if err != nil {
		return err
	}
	old, err := a.findNamespace(r)
	if err != nil {
		return err
	}
	return a.changeNamespace(w, r, old, written)
}

func (a *API) changeNamespace(w http.ResponseWriter, r *http.Request, old resource.Namespace, written namespaceWritten) error {
	if n := written.Name; n != "" && n != old.Metadata.Name {
		return resource.Invalidf("name", "is %q but the path says %q", n, old.Metadata.Name)
	}
	preview := written.given["previewSessionClusterName"]
	if preview && written.PreviewSessionClusterName != old.Spec.PreviewSessionClusterName {
		if err := a.checkPreview(r, old.Metadata.Name, written.PreviewSessionClusterName); err != nil {
			return err
		}
	}
	n, err := a.updateNamespace(r, old, func(n *resource.Namespace) error {
		if written.given["roleBindings"] {
			n.Spec.RoleBindings = written.RoleBindings
		}
		if preview {
			n.Spec.PreviewSessionClusterName = written.PreviewSessionClusterName
		}
		return validNamespace(*n)
	})
	if err != nil {
		return err
	}
	record(r, n, old.Spec, n.Spec)
	return Reply(w, r, http.StatusOK, "namespace", namespaceDocumentOf(n))
}

func (a *API) updateNamespace(r *http.Request, old resource.Namespace, change func(n *resource.Namespace) error) (resource.Namespace, error) {
	return a.Resources.Namespaces.Update(r.Context(), a.author(r), old.Metadata.ID, func(n *resource.Namespace) error {
		if n.Status.Phase == resource.NamespaceTerminating {
			return Refused("namespace %q is being deleted", n.Metadata.Name)
		}
		return change(n)
	})
}

// setPreviewSessionCluster chooses where SELECT is tried out; an empty name
// means inside the server.
func (a *API) setPreviewSessionCluster(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		PreviewSessionClusterName string `json:"previewSessionClusterName"`
	}
	if _, err := ReadBody(w, r, &in); err != nil {
		return err
	}
	old, err := a.findNamespace(r)
	if err != nil {
		return err
	}
	if err := a.checkPreview(r, old.Metadata.Name, in.PreviewSessionClusterName); err != nil {
		return err
	}
	n, err := a.updateNamespace(r, old, func(n *resource.Namespace) error {
		n.Spec.PreviewSessionClusterName = in.PreviewSessionClusterName
		return nil
	})
	if err != nil {
		return err
	}
	record(r, n, old.Spec, n.Spec)
	return ReplyEmpty(w, r)
}

func (a *API) checkPreview(r *http.Request, namespace, cluster string) error {
	if cluster == "" {
		return nil
	}
	_, err := a.Resources.SessionClusters.GetByName(r.Context(), namespace, cluster)
	if errors.Is(err, resource.ErrNotFound) {
		return resource.Invalidf("previewSessionClusterName", "session cluster %q does not exist in namespace %q", cluster, namespace)
	}
	return err
}

// deleteNamespace marks a namespace: from now on nothing can be written to it,
// and its controller stops and removes what is in it, the namespace last.
func (a *API) deleteNamespace(w http.ResponseWriter, r *http.Request) error {
	old, err := a.findNamespace(r)
	if err != nil {
		return err
	}
	n := old
	err = a.exclusive(func() error {
		n, err = a.Resources.Namespaces.Update(r.Context(), a.author(r), old.Metadata.ID, func(n *resource.Namespace) error {
			if n.Status.Phase != resource.NamespaceTerminating {
				n.Status = resource.NamespaceStatus{Phase: resource.NamespaceTerminating, Since: resource.At(time.Now())}
			}
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	return Reply(w, r, http.StatusOK, "namespace", namespaceDocumentOf(n))
}
