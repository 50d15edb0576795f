package rest

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/resource"
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
	Record      Record
}

// Record is what the store remembers beside the resources themselves.
type Record interface {
	// Revisions lists every accepted spec, oldest first.
	Revisions(ctx context.Context, kind resource.Kind, id string) ([]resource.Revision, error)
	// Subscribe delivers the key of every change until ctx ends; the zero Key
	// means that some were lost.
	Subscribe(ctx context.Context) <-chan resource.Key
}

// Clusters reaches the cluster of a running job.
type Clusters interface {
	// Transport returns a way to the cluster's Flink REST API; the host of the
	// requests sent through it does not matter.
	Transport(ctx context.Context, job resource.Job) (http.RoundTripper, error)
}

// Build says which weir this is.
type Build struct {
	Version string
	Commit  string
	Time    time.Time
}

// Config is what the API needs. Resources must be complete.
type Config struct {
	Resources Resources
	Clusters  Clusters // nil: job clusters cannot be reached through the API
	Build     Build
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
