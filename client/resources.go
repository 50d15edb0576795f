package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
)

// Query narrows a list. Empty fields mean any.
type Query struct {
	LabelSelector    string    // Kubernetes' grammar; kinds with labels
	DeploymentID     string    // Jobs, Savepoints, Events
	JobID            string    // Savepoints, Events
	SessionClusterID string    // Events
	Name             string    // Events: of this sort
	From, To         time.Time // Events: created in this span, From inclusive
	Newest           int       // Jobs, Savepoints, Events: only that many of the newest
}

func (q Query) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"labelSelector": q.LabelSelector, "deploymentId": q.DeploymentID, "jobId": q.JobID, "sessionClusterId": q.SessionClusterID, "name": q.Name} {
		if value != "" {
			v.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !at.IsZero() {
			v.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	if q.Newest > 0 {
		v.Set("newest", strconv.Itoa(q.Newest))
	}
	return v
}

// Option changes a write.
type Option func(url.Values)

// DryRun checks and answers as usual but stores nothing.
func DryRun(v url.Values) { v.Set("dryRun", "true") }

// Force deletes even what protects state.
func Force(v url.Values) { v.Set("force", "true") }

// RefuseStateLoss refuses a change of a running deployment that would drop the
// state of an operator.
func RefuseStateLoss(v url.Values) { v.Set("refuseStateLoss", "true") }

// Validate refuses SQL that does not compile.
func Validate(v url.Values) { v.Set("validate", "true") }

// ApplyDefaults fills what a replacement leaves out from the configured defaults.
func ApplyDefaults(v url.Values) { v.Set("applyDefaults", "true") }

func options(all []Option) url.Values {
	v := url.Values{}
	for _, o := range all {
		o(v)
	}
	return v
}

// Collection is the resources of one kind in one namespace. A ref is a name or
// an id. Not every kind takes every call; the server says so.
type Collection[T any] struct {
	client *Client
	path   string
}

func in[T any](c *Client, namespace, kind string) Collection[T] {
	return Collection[T]{c, "/api/v1/namespaces/" + url.PathEscape(namespace) + "/" + kind}
}

// Deployments of a namespace.
func (c *Client) Deployments(namespace string) Collection[resource.Deployment] {
	return in[resource.Deployment](c, namespace, "deployments")
}

// Targets of a namespace.
func (c *Client) Targets(namespace string) Collection[resource.DeploymentTarget] {
	return in[resource.DeploymentTarget](c, namespace, "deployment-targets")
}

// Jobs of a namespace.
func (c *Client) Jobs(namespace string) Collection[resource.Job] {
	return in[resource.Job](c, namespace, "jobs")
}

// Savepoints of a namespace.
func (c *Client) Savepoints(namespace string) Collection[resource.Savepoint] {
	return in[resource.Savepoint](c, namespace, "savepoints")
}

// Events of a namespace.
func (c *Client) Events(namespace string) Collection[resource.Event] {
	return in[resource.Event](c, namespace, "events")
}

// Secrets of a namespace. Their values go in and never come out.
func (c *Client) Secrets(namespace string) Collection[resource.SecretValue] {
	return in[resource.SecretValue](c, namespace, "secret-values")
}

// SessionClusters of a namespace.
func (c *Client) SessionClusters(namespace string) Collection[resource.SessionCluster] {
	return in[resource.SessionCluster](c, namespace, "sessionclusters")
}

// Get gets one.
func (k Collection[T]) Get(ctx context.Context, ref string) (v T, err error) {
	err = k.client.do(ctx, http.MethodGet, k.one(ref), nil, nil, &v)
	return v, err
}

// List lists in order of creation.
func (k Collection[T]) List(ctx context.Context, q Query) ([]T, error) {
	var list struct {
		Items []T `json:"items"`
	}
	err := k.client.do(ctx, http.MethodGet, k.path, q.values(), nil, &list)
	return list.Items, err
}

// Create creates from v: a resource, or any JSON value in its shape.
func (k Collection[T]) Create(ctx context.Context, v any, o ...Option) (created T, err error) {
	err = k.client.do(ctx, http.MethodPost, k.path, options(o), v, &created)
	return created, err
}

// Put creates or replaces.
func (k Collection[T]) Put(ctx context.Context, ref string, v any, o ...Option) (stored T, err error) {
	err = k.client.do(ctx, http.MethodPut, k.one(ref), options(o), v, &stored)
	return stored, err
}

// Patch applies a JSON Merge Patch.
func (k Collection[T]) Patch(ctx context.Context, ref string, patch any, o ...Option) (changed T, err error) {
	err = k.client.do(ctx, http.MethodPatch, k.one(ref), options(o), patch, &changed)
	return changed, err
}

// Delete deletes.
func (k Collection[T]) Delete(ctx context.Context, ref string, o ...Option) error {
	return k.client.do(ctx, http.MethodDelete, k.one(ref), options(o), nil, nil)
}

func (k Collection[T]) one(ref string) string { return k.path + "/" + url.PathEscape(ref) }

// Defaults gets the deployment defaults of a namespace.
func (c *Client) Defaults(ctx context.Context, namespace string) (d resource.DeploymentDefaults, err error) {
	err = c.do(ctx, http.MethodGet, defaultsPath(namespace), nil, nil, &d)
	return d, err
}

// PatchDefaults changes the deployment defaults of a namespace by JSON Merge Patch.
func (c *Client) PatchDefaults(ctx context.Context, namespace string, patch any) (d resource.DeploymentDefaults, err error) {
	err = c.do(ctx, http.MethodPatch, defaultsPath(namespace), nil, patch, &d)
	return d, err
}

func defaultsPath(namespace string) string {
	return "/api/v1/namespaces/" + url.PathEscape(namespace) + "/deployment-defaults"
}

// Revisions lists every accepted spec of a deployment, oldest first.
func (c *Client) Revisions(ctx context.Context, namespace, deployment string) ([]resource.Revision, error) {
	var list struct {
		Items []resource.Revision `json:"items"`
	}
	err := c.do(ctx, http.MethodGet, c.Deployments(namespace).one(deployment)+"/revisions", nil, nil, &list)
	return list.Items, err
}

// Reset makes an older savepoint of a deployment the newest; a running
// deployment restarts from it. It returns the copied savepoint.
func (c *Client) Reset(ctx context.Context, namespace, deployment, savepointID string) (s resource.Savepoint, err error) {
	err = c.do(ctx, http.MethodPost, c.Deployments(namespace).one(deployment)+":reset", nil, map[string]string{"savepointId": savepointID}, &s)
	return s, err
}

// Fork makes a stopped copy of a deployment that will start from the given
// savepoint, or empty if that is "".
func (c *Client) Fork(ctx context.Context, namespace, deployment, name, savepointID string) (d resource.Deployment, err error) {
	ask := map[string]string{"name": name, "savepointId": savepointID}
	err = c.do(ctx, http.MethodPost, c.Deployments(namespace).one(deployment)+":fork", nil, ask, &d)
	return d, err
}

// Rollback writes the template of an older revision back.
func (c *Client) Rollback(ctx context.Context, namespace, deployment string, generation int, o ...Option) (d resource.Deployment, err error) {
	err = c.do(ctx, http.MethodPost, c.Deployments(namespace).one(deployment)+":rollback", options(o), map[string]int{"generation": generation}, &d)
	return d, err
}

// Plan tells what a change of a deployment would do; nothing is changed. wanted
// is a whole deployment, or a JSON Merge Patch of one that exists. A name that
// does not exist is planned as a creation.
func (c *Client) Plan(ctx context.Context, namespace, deployment string, wanted any, patch bool) (p resource.Plan, err error) {
	q := url.Values{"method": {http.MethodPut}}
	if patch {
		q.Set("method", http.MethodPatch)
	}
	err = c.do(ctx, http.MethodPost, c.Deployments(namespace).one(deployment)+":plan", q, wanted, &p)
	return p, err
}

// Runs lists which job ran which revision of a deployment, oldest first.
func (c *Client) Runs(ctx context.Context, namespace, deployment string, q Query) ([]resource.Run, error) {
	var list struct {
		Items []resource.Run `json:"items"`
	}
	err := c.do(ctx, http.MethodGet, c.Deployments(namespace).one(deployment)+"/history", q.values(), nil, &list)
	return list.Items, err
}

// Diagnosis asks the server's rules why a deployment does as it does.
func (c *Client) Diagnosis(ctx context.Context, namespace, deployment string) (d resource.Diagnosis, err error) {
	err = c.do(ctx, http.MethodGet, c.Deployments(namespace).one(deployment)+"/diagnosis", nil, nil, &d)
	return d, err
}

// namespace is the wire form of the Platform API.
type namespace struct {
	Name           string                 `json:"name"`
	CreateTime     resource.Time          `json:"createTime,omitzero"`
	LifecyclePhase string                 `json:"lifecyclePhase,omitzero"`
	RoleBindings   []resource.RoleBinding `json:"roleBindings"`
	Preview        string                 `json:"previewSessionClusterName,omitzero"`
}

func (n namespace) resource() resource.Namespace {
	return resource.Namespace{
		Kind: resource.KindNamespace, APIVersion: resource.APIVersion,
		Metadata: resource.Metadata{Name: strings.TrimPrefix(n.Name, "namespaces/"), CreatedAt: n.CreateTime},
		Spec:     resource.NamespaceSpec{RoleBindings: n.RoleBindings, PreviewSessionClusterName: n.Preview},
		Status:   resource.NamespaceStatus{Phase: strings.TrimPrefix(n.LifecyclePhase, "LIFECYCLE_PHASE_")},
	}
}

const namespacesPath = "/namespaces/v1/namespaces"

// Namespaces lists all namespaces.
func (c *Client) Namespaces(ctx context.Context) ([]resource.Namespace, error) {
	var list struct {
		Namespaces []namespace `json:"namespaces"`
	}
	if err := c.do(ctx, http.MethodGet, namespacesPath, nil, nil, &list); err != nil {
		return nil, err
	}
	all := make([]resource.Namespace, len(list.Namespaces))
	for i, n := range list.Namespaces {
		all[i] = n.resource()
	}
	return all, nil
}

// Namespace gets one namespace.
func (c *Client) Namespace(ctx context.Context, name string) (resource.Namespace, error) {
	return c.namespace(ctx, http.MethodGet, namespacesPath+"/"+url.PathEscape(name), nil)
}

// PutNamespace creates a namespace or replaces its role bindings.
func (c *Client) PutNamespace(ctx context.Context, n resource.Namespace) (resource.Namespace, error) {
	return c.namespace(ctx, http.MethodPut, namespacesPath+"/"+url.PathEscape(n.Metadata.Name),
		namespace{Name: "namespaces/" + n.Metadata.Name, RoleBindings: n.Spec.RoleBindings, Preview: n.Spec.PreviewSessionClusterName})
}

// DeleteNamespace deletes an empty namespace.
func (c *Client) DeleteNamespace(ctx context.Context, name string) error {
	_, err := c.namespace(ctx, http.MethodDelete, namespacesPath+"/"+url.PathEscape(name), nil)
	return err
}

func (c *Client) namespace(ctx context.Context, method, path string, in any) (resource.Namespace, error) {
	var reply struct {
		Namespace namespace `json:"namespace"`
	}
	err := c.do(ctx, method, path, nil, in, &reply)
	return reply.Namespace.resource(), err
}

// Check asks the server something that it answers only to those it knows.
func (c *Client) Check(ctx context.Context) error {
	return c.do(ctx, http.MethodGet, namespacesPath, nil, nil, nil)
}

// Version is what a server says of itself.
type Version struct {
	Platform   string        `json:"platform"`
	CommitHash string        `json:"commitHash"`
	BuildTime  resource.Time `json:"buildTime"`
}

// ServerVersion asks the server for its version.
func (c *Client) ServerVersion(ctx context.Context) (Version, error) {
	var status struct {
		Version Version `json:"version"`
	}
	err := c.do(ctx, http.MethodGet, "/api/v1/status", nil, nil, &status)
	return status.Version, err
}
