package rest

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/audit"
)

// Collection keeps the resources of one kind. Errors wrap resource.ErrNotFound
// and resource.ErrConflict.
type Collection[T any] interface {
	Get(ctx context.Context, id string) (T, error)
	GetByName(ctx context.Context, namespace, name string) (T, error)
	List(ctx context.Context, f resource.Filter) ([]T, error)
	Create(ctx context.Context, by string, v T) (T, error)
	// Update reads, changes and writes in one transaction; change may be called
	// more than once, and its error is returned as it is.
	Update(ctx context.Context, by, id string, change func(*T) error) (T, error)
	Delete(ctx context.Context, id string) (T, error)
}

// Resources are the collections behind the API.
type Resources struct {
	Deployments Collection[resource.Deployment]
	Targets     Collection[resource.DeploymentTarget]
	Jobs        Collection[resource.Job]
	Savepoints  Collection[resource.Savepoint]
	Events      Collection[resource.Event]
	Defaults    Collection[resource.DeploymentDefaults]
	Namespaces  Collection[resource.Namespace]
	Secrets     Collection[resource.SecretValue]
	Sessions    Collection[resource.SessionCluster]
	// Catalog are the objects of the namespaces' catalogs. Nil: plans are made
	// without them.
	Catalog Collection[resource.CatalogEntry]
	Audit   Audit // nil: nothing is written down
	Usage   Usage // nil: the use of CPUs is not recorded
	Record  Record
}

// Record is what the store remembers beside the resources themselves.
type Record interface {
	// Revisions lists every accepted spec, oldest first.
	Revisions(ctx context.Context, kind resource.Kind, id string) ([]resource.Revision, error)
	// Revision is one of them; the error wraps resource.ErrNotFound.
	Revision(ctx context.Context, kind resource.Kind, id string, generation int) (resource.Revision, error)
	// Count is how many resources of a kind there are.
	Count(ctx context.Context, kind resource.Kind) (int, error)
	// Ping tells whether the store answers.
	Ping(ctx context.Context) error
	// Subscribe delivers the key of every change until ctx ends; the zero Key
	// means that some were lost.
	Subscribe(ctx context.Context) <-chan resource.Key
}

// Audit is the audit log.
type Audit interface {
	audit.Log
	// List gives entries oldest first, a bounded number of them.
	List(ctx context.Context, f resource.AuditFilter) ([]resource.AuditEntry, error)
	Verify(ctx context.Context) (resource.AuditCheck, error)
}

// Usage is the record of how many CPUs namespaces used.
type Usage interface {
	// Latest is the newest record of each namespace.
	Latest(ctx context.Context) ([]resource.UsageRecord, error)
	// Between gives the records of a time and the one before it of each
	// namespace, by time and then namespace.
	Between(ctx context.Context, from, to time.Time) ([]resource.UsageRecord, error)
	DeleteBefore(ctx context.Context, before time.Time) (removed int64, err error)
}

// Clusters reaches the cluster of a running job.
type Clusters interface {
	// Transport returns a way to the cluster's Flink REST API; the host of the
	// requests sent through it does not matter.
	Transport(ctx context.Context, job resource.Job) (http.RoundTripper, error)
}

// SessionClusters reaches session clusters.
type SessionClusters interface {
	// SessionTransport is Transport of Clusters, for a session cluster.
	SessionTransport(ctx context.Context, s resource.SessionCluster) (http.RoundTripper, error)
}

// Telemetry is what this server measures of running jobs.
type Telemetry interface {
	// Summary is the newest measurement of each running job of a namespace.
	Summary(namespace string) []resource.RunningSummary
	// Metrics are the series of a deployment in a span of time, in at most
	// points points.
	Metrics(deploymentID string, from, to time.Time, points int) resource.DeploymentMetrics
	// Diagnosis is what the rules find. Job is the deployment's newest, with an
	// empty id if it has none.
	Diagnosis(deployment resource.Deployment, job resource.Job) resource.Diagnosis
}

// Planner tells what a change of an SQL deployment does to state.
type Planner interface {
	// Plan compares the operators of the wanted script with what there is: the
	// savepoint, or without one the operators of the current script. A script
	// that does not compile is a resource.InvalidError of the field
	// spec.template.spec.artifact.sqlScript, whose message begins with the
	// place: "line 3, column 14: …".
	Plan(ctx context.Context, ask PlanRequest) (operators []resource.OperatorPlan, warnings []string, err error)
}

// PlanRequest is a change to look at. All of it may be read, none changed.
type PlanRequest struct {
	Namespace string
	// Current is what is there; its Metadata.ID is empty for a deployment that
	// would be new, and then there is only the script to check.
	Current, Wanted resource.Deployment
	// Savepoint is what the job would start from; its Metadata.ID is empty if
	// there is none.
	Savepoint resource.Savepoint
	// Catalog is the namespace's catalog: statements in the order to run them.
	Catalog []string
}

// State looks at state where it lies.
type State interface {
	// Readable tells what is wrong with the savepoint or checkpoint at a place;
	// nil if nothing is, or if it lies where only a cluster can look.
	Readable(ctx context.Context, location string) error
}

// Artifacts knows the files that people uploaded to us.
type Artifacts interface {
	// Exists tells whether the file behind a URI is there; ours is false for a
	// URI that is not of our storage, of which nothing can be said.
	Exists(ctx context.Context, uri string) (exists, ours bool, err error)
}

// Examples are what the platform brings along to try.
type Examples interface {
	List() ([]Example, error)
	// Deployment is an example as a deployment of a namespace, with its data
	// in place; the error wraps resource.ErrNotFound for a name of none.
	Deployment(namespace, name string) (resource.Deployment, error)
}

// Example is something to try.
type Example struct {
	Name        string `json:"name"` // also of its deployment
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	Script      string `json:"script,omitzero"`
}

// Build says which weir this is.
type Build struct {
	Version string
	Commit  string
	Time    time.Time
	Flink   string // version of Flink whose REST API and SQL it speaks
}

// Config is what the API needs. Resources must be complete.
type Config struct {
	Resources Resources
	Clusters  Clusters // nil: job clusters cannot be reached through the API
	// SessionClusters is nil when session clusters cannot be reached through the API.
	SessionClusters SessionClusters
	Planner         Planner     // nil: plans say nothing of state
	Telemetry       Telemetry   // nil: nothing is measured
	Artifacts       Artifacts   // nil: every URI is taken as it is
	State           State       // nil: every savepoint is taken to be there
	StateReader     StateReader // nil: nobody can look into savepoints
	Logs            Logs        // nil: logs of ended jobs are not kept
	Examples        Examples    // nil: there are none
	// FlinkWebUI are the files of Flink's own web UI, for clusters that have only
	// its REST API; nil: there are none.
	FlinkWebUI fs.FS
	Build      Build
	// ReportedVersion is the build version in system-info; some clients of
	// Ververica Platform insist on one. Empty: that of Build.
	ReportedVersion string
	// GlobalDefaults apply in every namespace, below the namespace's own.
	GlobalDefaults resource.DeploymentDefaults
	// Author names who sends a request, for the record. Nil: everybody is "user".
	Author func(*http.Request) string
	// Authorize refuses what the sender of a request may not do. Nil:
	// everybody may do everything.
	Authorize func(r *http.Request, need auth.Need) error
	Log       *slog.Logger
}
