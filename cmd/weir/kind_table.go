package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

const theRecord = "they are the record"

// kinds is the table of resource kinds, in the order in which people meet them.
func kinds() []kind {
	return []kind{
		kindOf(resource.KindDeployment, []string{"deployments", "deployment", "deploy", "d"}, (*client.Client).Deployments, byName, []column{
			col("NAME", func(d *resource.Deployment) string { return d.Metadata.Name }),
			col("STATE", func(d *resource.Deployment) string { return string(d.Status.State) }),
			col("WANTED", func(d *resource.Deployment) string { return string(d.Spec.State) }),
			col("TARGET", func(d *resource.Deployment) string {
				return firstOf(d.Spec.SessionClusterName, d.Spec.DeploymentTargetName, d.Spec.DeploymentTargetID)
			}),
			number("PARALLELISM", func(d *resource.Deployment) int { return d.Spec.Template.Spec.Parallelism }),
			number("GENERATION", func(d *resource.Deployment) int { return d.Metadata.Generation }),
			changed(),
			wide("ARTIFACT", func(d *resource.Deployment) string { return string(d.Spec.Template.Spec.Artifact.Kind) }),
			wide("JOB", func(d *resource.Deployment) string { return d.Status.Running.JobID }),
			wide("ID", func(d *resource.Deployment) string { return d.Metadata.ID }),
			wide("MESSAGE", func(d *resource.Deployment) string { return d.Status.Message }),
		}).labelled(),
		kindOf(resource.KindJob, []string{"jobs", "job", "j"}, (*client.Client).Jobs, byID, []column{
			col("ID", func(j *resource.Job) string { return j.Metadata.ID }),
			col("DEPLOYMENT", func(j *resource.Job) string { return j.Metadata.DeploymentName }),
			col("STATE", func(j *resource.Job) string { return string(j.Status.State) }),
			col("FLINK", func(j *resource.Job) string { return j.Status.Started.ObservedFlinkJobStatus }),
			number("PARALLELISM", func(j *resource.Job) int { return j.Spec.Parallelism }),
			number("GENERATION", func(j *resource.Job) int { return j.Spec.Generation }),
			created(),
			wide("SESSION-CLUSTER", func(j *resource.Job) string { return j.Metadata.SessionClusterName }),
			wide("RESTORED-FROM", func(j *resource.Job) string { return firstOf(j.Status.Restored.Location, j.Spec.SavepointLocation) }),
			wide("FAILURE", func(j *resource.Job) string { return j.Status.Failure.Message }),
		}).without(theRecord),
		kindOf(resource.KindSavepoint, []string{"savepoints", "savepoint", "sp"}, (*client.Client).Savepoints, byID, []column{
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
		put(kindOf(resource.KindDeploymentTarget, []string{"targets", "target", "deployment-targets", "deploymenttargets", "dt"}, (*client.Client).Targets, byName, []column{
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
		}), (*client.Client).Targets),
		defaultsKind(),
		sessionClusterKind(),
		put(kindOf(resource.KindSecretValue, []string{"secrets", "secret", "secret-values", "secretvalues"}, (*client.Client).Secrets, byName, []column{
			col("NAME", func(s *resource.SecretValue) string { return s.Metadata.Name }),
			changed(),
			wide("ID", func(s *resource.SecretValue) string { return s.Metadata.ID }),
		}), (*client.Client).Secrets).labelled(),
		artifactKind(),
		namedKind(resource.KindSQLScript, []string{"sqlscripts", "sqlscript", "scripts", "script"}, (*client.Client).SQLScripts, []column{
			col("NAME", func(v *resource.SQLScript) string { return v.Metadata.Name }),
			col("DISPLAY-NAME", func(v *resource.SQLScript) string { return v.Spec.DisplayName }),
			number("LINES", func(v *resource.SQLScript) int { return 1 + strings.Count(strings.TrimSpace(v.Spec.Script), "\n") }),
			changed(),
			wide("DESCRIPTION", func(v *resource.SQLScript) string { return v.Spec.Description }),
		}),
		namedKind(resource.KindUDFArtifact, []string{"udfartifacts", "udfartifact", "udfs", "udf"}, (*client.Client).UDFArtifacts, []column{
			col("NAME", func(v *resource.UDFArtifact) string { return v.Metadata.Name }),
			number("CLASSES", func(v *resource.UDFArtifact) int { return len(v.Spec.Classes) }),
			changed(),
			wide("FUNCTIONS", udfFunctions),
		}),
		namedKind(resource.KindConnector, []string{"connectors", "connector"}, (*client.Client).Connectors,
			pluginColumns(func(o resource.Object) *resource.PluginSpec { return &o.(*resource.Connector).Spec })),
		namedKind(resource.KindFormat, []string{"formats", "format"}, (*client.Client).Formats,
			pluginColumns(func(o resource.Object) *resource.PluginSpec { return &o.(*resource.Format).Spec })),
		kindOf(resource.KindEvent, []string{"events", "event", "ev"}, (*client.Client).Events, byID, eventColumns).without(theRecord),
		tokenKind(),
		namespaceKind(),
	}
}

var eventColumns = []column{
	{head: "AGE", right: true, cell: func(now time.Time, o resource.Object) string { return age(now, o.Meta().CreatedAt) }},
	col("EVENT", func(e *resource.Event) string { return e.Metadata.Name }),
	col("BY", func(e *resource.Event) string { return e.Spec.Actor }),
	wide("JOB", func(e *resource.Event) string { return e.Metadata.JobID }),
	col("MESSAGE", func(e *resource.Event) string { return e.Spec.Message }),
}

func udfFunctions(u *resource.UDFArtifact) string {
	var all []string
	for _, c := range u.Spec.Classes {
		all = append(all, c.FunctionNames...)
	}
	return strings.Join(all, ",")
}

func pluginColumns(spec func(resource.Object) *resource.PluginSpec) []column {
	yes := func(ok bool) string { return map[bool]string{true: "yes"}[ok] }
	of := func(head string, cell func(*resource.PluginSpec) string) column {
		return column{head: head, cell: func(_ time.Time, o resource.Object) string { return cell(spec(o)) }}
	}
	return []column{
		{head: "NAME", cell: func(_ time.Time, o resource.Object) string { return o.Meta().Name }},
		of("TYPE", func(p *resource.PluginSpec) string { return p.Type }),
		of("PACKAGED", func(p *resource.PluginSpec) string { return yes(p.Packaged) }),
		of("SOURCE", func(p *resource.PluginSpec) string { return yes(p.Source) }),
		of("SINK", func(p *resource.PluginSpec) string { return yes(p.Sink) }),
		{head: "OPTIONS", right: true, cell: func(_ time.Time, o resource.Object) string { return strconv.Itoa(len(spec(o).Properties)) }},
	}
}

func sessionClusterKind() kind {
	k := put(kindOf(resource.KindSessionCluster, []string{"sessionclusters", "sessioncluster", "session-clusters", "sc"}, (*client.Client).SessionClusters, byName, []column{
		col("NAME", func(c *resource.SessionCluster) string { return c.Metadata.Name }),
		col("STATE", func(c *resource.SessionCluster) string { return string(c.Status.State) }),
		col("WANTED", func(c *resource.SessionCluster) string { return string(c.Spec.State) }),
		col("TARGET", func(c *resource.SessionCluster) string { return c.Spec.DeploymentTargetName }),
		number("TASK-MANAGERS", func(c *resource.SessionCluster) int { return c.Spec.NumberOfTaskManagers }),
		changed(),
		wide("ID", func(c *resource.SessionCluster) string { return c.Metadata.ID }),
		wide("MESSAGE", func(c *resource.SessionCluster) string {
			return firstOf(c.Status.Failure.Message, c.Status.Message)
		}),
	}), (*client.Client).SessionClusters).labelled()
	create := k.apply
	k.apply = func(ctx context.Context, api *client.Client, namespace, name string, before resource.Object, wanted map[string]any) (resource.Object, error) {
		if before == nil {
			return create(ctx, api, namespace, name, before, wanted)
		}
		v, err := api.SessionClusters(namespace).Patch(ctx, name, wanted) // what the file leaves out stays
		return &v, err
	}
	return k
}

// defaultsKind is the one DeploymentDefaults of each namespace.
func defaultsKind() kind {
	get := func(ctx context.Context, api *client.Client, namespace string) (resource.Object, error) {
		d, err := api.Defaults(ctx, namespace)
		d.Metadata.Name, d.Metadata.Namespace = firstOf(d.Metadata.Name, "defaults"), namespace
		return &d, err
	}
	return kind{
		kind: resource.KindDeploymentDefaults, names: []string{"defaults", "deployment-defaults", "deploymentdefaults"}, name: byName,
		columns: []column{
			col("NAME", func(d *resource.DeploymentDefaults) string { return d.Metadata.Name }),
			col("TARGET", func(d *resource.DeploymentDefaults) string {
				return firstOf(d.Spec.SessionClusterName, d.Spec.DeploymentTargetName, d.Spec.DeploymentTargetID)
			}),
			number("OPTIONS", func(d *resource.DeploymentDefaults) int { return len(d.Spec.Template.Spec.FlinkConfiguration) }),
			changed(),
		},
		list: func(ctx context.Context, api *client.Client, namespace string, _ client.Query) ([]resource.Object, error) {
			d, err := get(ctx, api, namespace)
			return []resource.Object{d}, err
		},
		get: func(ctx context.Context, api *client.Client, namespace, _ string) (resource.Object, error) {
			return get(ctx, api, namespace)
		},
		apply: func(ctx context.Context, api *client.Client, namespace, _ string, _ resource.Object, wanted map[string]any) (resource.Object, error) {
			d, err := api.PatchDefaults(ctx, namespace, wanted)
			return &d, err
		},
		kept: "every namespace has them; apply changes them",
	}
}

func tokenKind() kind {
	k := namedKind(resource.KindAPIToken, []string{"tokens", "token", "apitokens", "apitoken"}, (*client.Client).Tokens, []column{
		col("NAME", func(t *resource.APIToken) string { return t.Metadata.Name }),
		col("ROLE", func(t *resource.APIToken) string { return string(t.Spec.Role) }),
		created(),
	})
	k.apply = nil // its secret would be shown to nobody
	return k
}

func namespaceKind() kind {
	return kind{
		kind: resource.KindNamespace, names: []string{"namespaces", "namespace", "ns"}, name: byName, global: true,
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
		apply: func(ctx context.Context, api *client.Client, _, name string, _ resource.Object, wanted map[string]any) (resource.Object, error) {
			var n resource.Namespace
			if err := remake(wanted, &n); err != nil {
				return nil, fmt.Errorf("not a namespace: %w", err)
			}
			n.Metadata.Name = name
			n, err := api.PutNamespace(ctx, n)
			return &n, err
		},
		remove: func(ctx context.Context, api *client.Client, _, ref string, _ bool) error {
			return api.DeleteNamespace(ctx, ref)
		},
	}
}

// artifact is an uploaded file in the shape of a resource.
type artifact struct {
	Kind       resource.Kind     `json:"kind"`
	APIVersion string            `json:"apiVersion"`
	Metadata   resource.Metadata `json:"metadata"`
	Spec       struct {
		URI string `json:"uri"`
	} `json:"spec"`
}

const kindArtifact resource.Kind = "Artifact"

func (a *artifact) ResourceKind() resource.Kind { return kindArtifact }
func (a *artifact) Meta() *resource.Metadata    { return &a.Metadata }
func (a *artifact) SpecOf() any                 { return a.Spec }

func artifactOf(namespace string, from client.Artifact) *artifact {
	a := &artifact{Kind: kindArtifact, APIVersion: resource.APIVersion}
	a.Metadata = resource.Metadata{Name: from.Filename, Namespace: namespace, CreatedAt: from.CreateTime}
	a.Spec.URI = from.URI
	return a
}

func artifactKind() kind {
	list := func(ctx context.Context, api *client.Client, namespace string) ([]resource.Object, error) {
		all, err := api.Artifacts(ctx, namespace)
		return namesOf(all, func(a client.Artifact) resource.Object { return artifactOf(namespace, a) }), err
	}
	return kind{
		kind: kindArtifact, names: []string{"artifacts", "artifact"}, name: byName,
		columns: []column{
			col("NAME", func(a *artifact) string { return a.Metadata.Name }),
			created(),
			col("URI", func(a *artifact) string { return a.Spec.URI }),
		},
		list: func(ctx context.Context, api *client.Client, namespace string, _ client.Query) ([]resource.Object, error) {
			return list(ctx, api, namespace)
		},
		get: func(ctx context.Context, api *client.Client, namespace, ref string) (resource.Object, error) {
			all, err := list(ctx, api, namespace)
			if err != nil {
				return nil, err
			}
			for _, a := range all {
				if a.Meta().Name == ref {
					return a, nil
				}
			}
			return nil, &exitError{client.ExitNotFound, errors.New("artifact " + strconv.Quote(ref) + " is not in namespace " + namespace)}
		},
		remove: func(ctx context.Context, api *client.Client, namespace, ref string, _ bool) error {
			return api.DeleteArtifact(ctx, namespace, ref)
		},
	}
}
