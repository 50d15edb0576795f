package platform

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/weir-streams/weir/artifact"
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
	Namespaces        Collection[resource.Namespace]
	Targets           Collection[resource.DeploymentTarget]
	Defaults          Collection[resource.DeploymentDefaults]
	SessionClusters   Collection[resource.SessionCluster]
	APITokens         Collection[resource.APIToken]
	Deployments       Collection[resource.Deployment]
	AutopilotPolicies Collection[resource.AutopilotPolicy]
}

// Config is what the API needs. Resources must be complete.
type Config struct {
	Resources Resources
	// Artifacts keeps uploaded files. Nil: the routes for them are not there.
	Artifacts artifact.Store
	// ArtifactLimit is the size of an upload, in bytes; 0: DefaultArtifactLimit.
	ArtifactLimit int64
	// NewNamespace says what a new namespace begins with; the names of the
	// namespace are filled in. Nil: nothing.
	NewNamespace func(namespace string) ([]resource.DeploymentTarget, resource.DeploymentDefaults)
	// Exclusive runs do while nothing is written that refers to a namespace.
	// Nil: do is just called.
	Exclusive func(do func() error) error
	// Author names who sends a request, for the record. Nil: everybody is "user".
	Author func(*http.Request) string
	// Authorize refuses what the sender of a request may not do. Nil:
	// everybody may do everything.
	Authorize func(r *http.Request, need auth.Need) error
	Log       *slog.Logger
}
