package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// kind is a sort of resource as get, delete and completion see it.
type kind struct {
	kind    resource.Kind
	names   []string // plural, singular, short forms
	columns []column
	list    func(ctx context.Context, api *client.Client, namespace string, q client.Query) ([]resource.Object, error)
	get     func(ctx context.Context, api *client.Client, namespace, ref string) (resource.Object, error)
	remove  func(ctx context.Context, api *client.Client, namespace, ref string, force bool) error // nil: cannot be deleted
	name    func(resource.Object) string
}

// column is one column of a table; wide ones are shown by -o wide only.
type column struct {
	head  string
	wide  bool
	right bool
	cell  func(now time.Time, o resource.Object) string
}

// kinds is the table of resource kinds.
var kinds = []kind{
	kindOf(resource.KindDeployment, []string{"deployments", "deployment", "deploy", "d"}, (*client.Client).Deployments, true, byName, []column{
		col("NAME", func(d *resource.Deployment) string { return d.Metadata.Name }),
		col("STATE", func(d *resource.Deployment) string { return string(d.Status.State) }),
		col("WANTED", func(d *resource.Deployment) string { return string(d.Spec.State) }),
		col("TARGET", func(d *resource.Deployment) string {
			return firstOf(d.Spec.DeploymentTargetName, d.Spec.DeploymentTargetID, d.Spec.SessionClusterName)
		}),
		number("PARALLELISM", func(d *resource.Deployment) int { return d.Spec.Template.Spec.Parallelism }),
		number("GENERATION", func(d *resource.Deployment) int { return d.Metadata.Generation }),
		changed(),
		wide("ARTIFACT", func(d *resource.Deployment) string { return string(d.Spec.Template.Spec.Artifact.Kind) }),
		wide("JOB", func(d *resource.Deployment) string { return d.Status.Running.JobID }),
		wide("ID", func(d *resource.Deployment) string { return d.Metadata.ID }),
		wide("MESSAGE", func(d *resource.Deployment) string { return d.Status.Message }),
	}),
	kindOf(resource.KindJob, []string{"jobs", "job", "j"}, (*client.Client).Jobs, false, byID, []column{
		col("ID", func(j *resource.Job) string { return j.Metadata.ID }),
		col("DEPLOYMENT", func(j *resource.Job) string { return j.Metadata.DeploymentName }),
		col("STATE", func(j *resource.Job) string { return string(j.Status.State) }),
		col("FLINK", func(j *resource.Job) string { return j.Status.Started.ObservedFlinkJobStatus }),
		number("PARALLELISM", func(j *resource.Job) int { return j.Spec.Parallelism }),
		number("GENERATION", func(j *resource.Job) int { return j.Spec.Generation }),
		created(),
		wide("RESTORED-FROM", func(j *resource.Job) string { return firstOf(j.Status.Restored.Location, j.Spec.SavepointLocation) }),
		wide("FAILURE", func(j *resource.Job) string { return j.Status.Failure.Message }),
	}),
	kindOf(resource.KindSavepoint, []string{"savepoints", "savepoint", "sp"}, (*client.Client).Savepoints, true, byID, []column{
		col("ID", func(s *resource.Savepoint) string { return s.Metadata.ID }),
		col("STATE", func(s *resource.Savepoint) string { return string(s.Status.State) }),
		col("ORIGIN", func(s *resource.Savepoint) string { return string(s.Metadata.Origin) }),
		{head: "SIZE", right: true, cell: func(_ time.Time, o resource.Object) string { return size(o.(*resource.Savepoint).Status.SizeBytes) }},
		created(),
		wide("DEPLOYMENT-ID", func(s *resource.Savepoint) string { return s.Metadata.DeploymentID }),
		wide("JOB", func(s *resource.Savepoint) string { return s.Metadata.JobID }),
		wide("LOCATION", func(s *resource.Savepoint) string { return s.Spec.SavepointLocation }),
		wide("FAILURE", func(s *resource.Savepoint) string { return s.Status.Failure.Message }),
	}),
	kindOf(resource.KindDeploymentTarget, []string{"targets", "target", "deployment-targets", "deploymenttargets", "dt"}, (*client.Client).Targets, true, byName, []column{
		col("NAME", func(t *resource.DeploymentTarget) string { return t.Metadata.Name }),
		col("LAUNCHER", func(t *resource.DeploymentTarget) string {
			if t.Spec.Launcher == "" && t.Spec.Kubernetes.Namespace != "" {
				return "kubernetes"
			}
			return t.Spec.Launcher
		}),
		col("KUBERNETES-NAMESPACE", func(t *resource.DeploymentTarget) string { return t.Spec.Kubernetes.Namespace }),
		created(),
		wide("ID", func(t *resource.DeploymentTarget) string { return t.Metadata.ID }),
	}),
	kindOf(resource.KindEvent, []string{"events", "event", "ev"}, (*client.Client).Events, false, byID, eventColumns),
	namespaceKind,
}

var eventColumns = []column{
	{head: "AGE", right: true, cell: func(now time.Time, o resource.Object) string { return age(now, o.Meta().CreatedAt) }},
	col("EVENT", func(e *resource.Event) string { return e.Metadata.Name }),
	col("BY", func(e *resource.Event) string { return e.Spec.Actor }),
	wide("JOB", func(e *resource.Event) string { return e.Metadata.JobID }),
	col("MESSAGE", func(e *resource.Event) string { return e.Spec.Message }),
}

// namespaceKind is apart because namespaces live in none.
var namespaceKind = kind{
	kind: resource.KindNamespace, names: []string{"namespaces", "namespace", "ns"}, name: byName,
	columns: []column{
		col("NAME", func(n *resource.Namespace) string { return n.Metadata.Name }),
		col("PHASE", func(n *resource.Namespace) string { return n.Status.Phase }),
		created(),
	},
	list: func(ctx context.Context, api *client.Client, _ string, _ client.Query) ([]resource.Object, error) {
		all, err := api.Namespaces(ctx)
		return objects(all), err
	},
	get: func(ctx context.Context, api *client.Client, _, ref string) (resource.Object, error) {
		n, err := api.Namespace(ctx, ref)
		return &n, err
	},
	remove: func(ctx context.Context, api *client.Client, _, ref string, _ bool) error {
		return api.DeleteNamespace(ctx, ref)
	},
}

// unbuilt are kinds that people will ask for.
var unbuilt = []string{"sessionclusters", "sessioncluster", "secrets", "secret", "secret-values", "artifacts", "artifact"}

// findKind reads what was typed for a kind.
func findKind(word string) (kind, error) {
	lower := strings.ToLower(word)
	var known []string
	for _, k := range kinds {
		if slices.Contains(k.names, lower) {
			return k, nil
		}
		known = append(known, k.names...)
	}
	if slices.Contains(unbuilt, lower) {
		return kind{}, fmt.Errorf("%s are not built yet in this version of weir", lower)
	}
	return kind{}, usagef("there is no kind %q%s; there are %s", word, near(lower, known), strings.Join(kindNames(), ", "))
}

func kindNames() []string {
	return namesOf(kinds, func(k kind) string { return k.names[0] })
}

func kindOf[T any, P interface {
	*T
	resource.Object
}](k resource.Kind, names []string, of func(*client.Client, string) client.Collection[T], removable bool,
	name func(resource.Object) string, columns []column,
) kind {
	out := kind{
		kind: k, names: names, columns: columns, name: name,
		list: func(ctx context.Context, api *client.Client, namespace string, q client.Query) ([]resource.Object, error) {
			all, err := of(api, namespace).List(ctx, q)
			return objects[T, P](all), err
		},
		get: func(ctx context.Context, api *client.Client, namespace, ref string) (resource.Object, error) {
			v, err := of(api, namespace).Get(ctx, ref)
			return P(&v), err
		},
	}
	if removable {
		out.remove = func(ctx context.Context, api *client.Client, namespace, ref string, force bool) error {
			if force {
				return of(api, namespace).Delete(ctx, ref, client.Force)
			}
			return of(api, namespace).Delete(ctx, ref)
		}
	}
	return out
}

func objects[T any, P interface {
	*T
	resource.Object
}](all []T) []resource.Object {
	out := make([]resource.Object, len(all))
	for i := range all {
		out[i] = P(&all[i])
	}
	return out
}

func byName(o resource.Object) string { return o.Meta().Name }
func byID(o resource.Object) string   { return o.Meta().ID }

func col[P resource.Object](head string, cell func(P) string) column {
	return column{head: head, cell: func(_ time.Time, o resource.Object) string { return cell(o.(P)) }}
}

func wide[P resource.Object](head string, cell func(P) string) column {
	c := col(head, cell)
	c.wide = true
	return c
}

func number[P resource.Object](head string, cell func(P) int) column {
	c := col(head, func(o P) string { return strconv.Itoa(cell(o)) })
	c.right = true
	return c
}

func created() column {
	return column{head: "AGE", right: true, cell: func(now time.Time, o resource.Object) string { return age(now, o.Meta().CreatedAt) }}
}

func changed() column {
	return column{head: "CHANGED", right: true, cell: func(now time.Time, o resource.Object) string { return age(now, o.Meta().ModifiedAt) }}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// tableOf makes the table of some resources of a kind.
func (k kind) tableOf(now time.Time, all []resource.Object, wide bool) *table {
	t := &table{full: wide}
	for _, c := range k.columns {
		if !c.wide || wide {
			t.head = append(t.head, c.head)
			t.right = append(t.right, c.right)
		}
	}
	for _, o := range all {
		var cells []string
		for _, c := range k.columns {
			if !c.wide || wide {
				cells = append(cells, c.cell(now, o))
			}
		}
		t.add(cells...)
	}
	return t
}
