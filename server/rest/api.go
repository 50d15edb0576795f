package rest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// Bounds on a request.
const (
	maxBody     = 4 << 20          // bytes; specs are small, even with SQL in them
	maxDuration = 30 * time.Second // of one that does not stream
)

// API answers the routes it lists.
type API struct {
	Config
	changes *hub
	// refs keeps what is referred to (namespaces, targets) from going away
	// between the check for it and the write that refers to it.
	refs sync.RWMutex
}

// New makes an API. Run must be running for the change stream to move.
func New(c Config) *API {
	return &API{Config: c, changes: newHub(changesKept)}
}

// Run feeds the change stream until ctx ends.
func (a *API) Run(ctx context.Context) error {
	return a.changes.run(ctx, a.Resources.Record.Subscribe)
}

// Route is one operation of the API. Paths are those of api/openapi.yaml.
type Route struct {
	Method, Path string
	Streams      bool // has no time limit
	handle       func(w http.ResponseWriter, r *http.Request) error
}

// Routes is the table of contents of the API.
func (a *API) Routes() []Route {
	const ns = "/api/v1/namespaces/{namespace}"
	return []Route{
		{Method: "GET", Path: ns + "/deployments", handle: a.listDeployments},
		{Method: "POST", Path: ns + "/deployments", handle: a.createDeployment},
		{Method: "GET", Path: ns + "/deployments/{name}", handle: a.getDeployment},
		{Method: "PUT", Path: ns + "/deployments/{name}", handle: a.putDeployment},
		{Method: "PATCH", Path: ns + "/deployments/{name}", handle: a.patchDeployment},
		{Method: "DELETE", Path: ns + "/deployments/{name}", handle: a.deleteDeployment},
		{Method: "GET", Path: ns + "/deployments/{name}/revisions", handle: a.listRevisions},
		{Method: "GET", Path: ns + "/deployments/{name}/revisions/{generation}", handle: a.getRevision},
		{Method: "POST", Path: ns + "/deployments/{name}:reset", handle: a.resetDeployment},
		{Method: "POST", Path: ns + "/deployments/{name}:fork", handle: a.forkDeployment},
		{Method: "POST", Path: ns + "/deployments/{name}:rollback", handle: a.rollbackDeployment},

		{Method: "GET", Path: ns + "/deployment-defaults", handle: a.getDefaults},
		{Method: "PATCH", Path: ns + "/deployment-defaults", handle: a.patchDefaults},
		{Method: "PUT", Path: ns + "/deployment-defaults", handle: a.putDefaults},
		{Method: "GET", Path: ns + "/deployment-targets", handle: a.listTargets},
		{Method: "POST", Path: ns + "/deployment-targets", handle: a.createTarget},
		{Method: "GET", Path: ns + "/deployment-targets/{name}", handle: a.getTarget},
		{Method: "PUT", Path: ns + "/deployment-targets/{name}", handle: a.putTarget},
		{Method: "DELETE", Path: ns + "/deployment-targets/{name}", handle: a.deleteTarget},

		{Method: "GET", Path: ns + "/jobs", handle: a.listJobs},
		{Method: "GET", Path: ns + "/jobs/{jobId}", handle: a.getJob},
		{Method: "GET", Path: ns + "/savepoints", handle: a.listSavepoints},
		{Method: "POST", Path: ns + "/savepoints", handle: a.createSavepoint},
		{Method: "GET", Path: ns + "/savepoints/{savepointId}", handle: a.getSavepoint},
		{Method: "DELETE", Path: ns + "/savepoints/{savepointId}", handle: a.deleteSavepoint},
		{Method: "GET", Path: ns + "/events", handle: a.listEvents},
		{Method: "GET", Path: ns + "/changes", handle: a.streamChanges, Streams: true},

		{Method: "GET", Path: "/api/v1/global-deployment-defaults", handle: a.getGlobalDefaults},
		{Method: "GET", Path: "/api/v1/status", handle: a.getStatus},
		{Method: "GET", Path: "/api/v1/status/system-info", handle: a.getSystemInfo},

		{Method: "GET", Path: "/namespaces/v1/namespaces", handle: a.listNamespaces},
		{Method: "POST", Path: "/namespaces/v1/namespaces", handle: a.createNamespace},
		{Method: "GET", Path: "/namespaces/v1/namespaces/{namespace}", handle: a.getNamespace},
		{Method: "PUT", Path: "/namespaces/v1/namespaces/{namespace}", handle: a.putNamespace},
		{Method: "PATCH", Path: "/namespaces/v1/namespaces/{namespace}", handle: a.patchNamespace},
		{Method: "DELETE", Path: "/namespaces/v1/namespaces/{namespace}", handle: a.deleteNamespace},

		{Method: "GET", Path: "/flink-ui/v1/namespaces/{namespace}/jobs/{jobId}/{path...}", handle: a.proxyFlink, Streams: true},
	}
}

// Register puts every route on the mux.
func (a *API) Register(mux *http.ServeMux) {
	verbs := map[string]map[string]Route{} // "POST /…/{name}" → verb after the colon
	for _, route := range a.Routes() {
		path, verb, ok := splitVerb(route.Path)
		if !ok {
			mux.Handle(route.Method+" "+route.Path, a.serve(route))
			continue
		}
		// A wildcard of the mux is a whole segment, so one route takes all
		// verbs of it.
		pattern := route.Method + " " + path
		if verbs[pattern] == nil {
			verbs[pattern] = map[string]Route{}
		}
		verbs[pattern][verb] = route
	}
	for pattern, byVerb := range verbs {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			name, verb, _ := splitVerb(r.PathValue("name"))
			route, ok := byVerb[verb]
			if !ok {
				route = Route{handle: func(http.ResponseWriter, *http.Request) error {
					return &wire.Error{
						Status: http.StatusMethodNotAllowed, Reason: "MethodNotAllowed",
						Message: fmt.Sprintf("%s %s: POST wants one of the verbs :reset, :fork, :rollback after the name", r.Method, r.URL.Path),
					}
				}}
			}
			r.SetPathValue("name", name)
			a.serve(route).ServeHTTP(w, r)
		})
	}
}

func (a *API) serve(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route.Streams {
			// The server's deadline for reading a request would end it; not all
			// writers have one.
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		} else {
			ctx, cancel := context.WithTimeout(r.Context(), maxDuration)
			defer cancel()
			r = r.WithContext(ctx)
		}
		err := route.handle(w, r)
		if err == nil {
			return
		}
		if status := wire.Fail(w, r, err); status >= http.StatusInternalServerError && r.Context().Err() == nil {
			level := slog.LevelError
			if status == http.StatusBadGateway { // a cluster's doing, and it may be ending
				level = slog.LevelWarn
			}
			a.Log.Log(r.Context(), level, "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		}
	})
}

// list is the wire form of several resources.
type list[T any] struct {
	Kind       string            `json:"kind"`
	APIVersion string            `json:"apiVersion"`
	Metadata   map[string]string `json:"metadata"`
	Items      []T               `json:"items"`
}

func listOf[T any](kind resource.Kind, items []T) list[T] {
	if items == nil {
		items = []T{}
	}
	return list[T]{Kind: string(kind) + "List", APIVersion: resource.APIVersion, Metadata: map[string]string{}, Items: items}
}
