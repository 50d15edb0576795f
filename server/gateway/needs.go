package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/resource"
)

// Collection keeps the resources of one kind. Errors wrap resource.ErrNotFound
// and resource.ErrConflict.
type Collection[T any] interface {
	Get(ctx context.Context, id string) (T, error)
	GetByName(ctx context.Context, namespace, name string) (T, error)
	List(ctx context.Context, f resource.Filter) ([]T, error)
	Create(ctx context.Context, by string, v T) (T, error)
	Update(ctx context.Context, by, id string, change func(*T) error) (T, error)
	Delete(ctx context.Context, id string) (T, error)
}

// Reader finds resources that are changed elsewhere.
type Reader[T any] interface {
	Get(ctx context.Context, id string) (T, error)
	GetByName(ctx context.Context, namespace, name string) (T, error)
	List(ctx context.Context, f resource.Filter) ([]T, error)
}

// Entries are the objects of catalogs, as the statements that make them.
type Entries interface {
	List(ctx context.Context, f resource.Filter) ([]resource.CatalogEntry, error)
}

// Record changes catalogs.
type Record interface {
	// ChangeCatalog makes a change whole or not at all, and returns it as
	// stored; the error wraps resource.ErrConflict if others changed the same
	// meanwhile.
	ChangeCatalog(ctx context.Context, by string, change resource.CatalogChange) (resource.CatalogChange, error)
}

// Resources are the collections behind the gateway.
type Resources struct {
	Namespaces        Reader[resource.Namespace]
	Deployments       Reader[resource.Deployment]
	Secrets           Reader[resource.SecretValue]
	Entries           Entries
	Record            Record
	Scripts           Collection[resource.SQLScript]
	UDFArtifacts      Collection[resource.UDFArtifact]
	Connectors        Collection[resource.Connector]
	Formats           Collection[resource.Format]
	CatalogConnectors Collection[resource.CatalogConnector]
}

// Config is what a gateway needs.
type Config struct {
	Resources
	Engine *engine.Engine
	// Files keeps uploaded files of at most FileLimit bytes. Nil: there is no
	// place for them.
	Files     artifact.Store
	FileLimit int64
	Limits    Limits
	// Author names who sends a request, for the record. Nil: everybody is "user".
	Author func(*http.Request) string
	// Authorize refuses what the sender of a request may not do. Nil:
	// everybody may do everything.
	Authorize func(r *http.Request, need auth.Need) error
	Log       *slog.Logger
}

// Limits bound what requests may ask for; zero values are defaults.
type Limits struct {
	PreviewRows    int           // rows a SELECT shows at most, by default 100
	PreviewTime    time.Duration // how long a SELECT runs at most, by default 10 s
	PreviewMemory  int64         // bytes of state of one SELECT, by default 64 MiB
	Previews       int           // SELECTs at once, by default 4
	FollowRows     int           // changes that a followed query sends at most, by default 1,000,000
	FollowTime     time.Duration // how long it runs at most, by default 15 min
	Follows        int           // queries that are followed at once, by default 8
	StatementBytes int           // of one request's SQL, by default 256 KiB
	Requests       int           // requests that compile SQL at once, by default 8
	Entries        int           // objects in a namespace's catalogs, by default 10,000
}

func (l Limits) filled() Limits {
	orElse(&l.PreviewRows, 100)
	orElse(&l.PreviewTime, 10*time.Second)
	orElse(&l.PreviewMemory, 64<<20)
	orElse(&l.Previews, 4)
	orElse(&l.FollowRows, 1_000_000)
	orElse(&l.FollowTime, 15*time.Minute)
	orElse(&l.Follows, 8)
	orElse(&l.StatementBytes, 256<<10)
	orElse(&l.Requests, 8)
	orElse(&l.Entries, 10_000)
	return l
}

func orElse[T comparable](v *T, absent T) {
	var zero T
	if *v == zero {
		*v = absent
	}
}
