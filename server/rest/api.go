package rest

import (
	"context"
	"net/http"
	"sync"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/route"
)

// maxBody bounds a request, in bytes; specs are small, even with SQL in them.
const maxBody = 4 << 20

// API answers the routes it lists.
type API struct {
	Config
	changes *hub
	// refs keeps what is referred to (namespaces, targets) from going away
	// between the check for it and the write that refers to it.
	refs    sync.RWMutex
	running runningJobs
	// rendered spares lists the work of writing the same JSON again.
	rendered rendered
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
	shared       bool // see route.Route
	handle       func(w http.ResponseWriter, r *http.Request) error
}

// Routes is the table of contents of the API.
func (a *API) Routes() []Route {
	return []Route{
		{Method: "GET", Path: ns + "/deployments/with-cr", handle: a.listDeploymentsWithCR},
		{Method: "GET", Path: ns + "/deployments/with-cr/{name}", shared: true, handle: a.getDeploymentWithCR},
		{Method: "GET", Path: ns + "/deployments", handle: a.listDeployments},
		{Method: "POST", Path: ns + "/deployments", handle: a.createDeployment},
		{Method: "GET", Path: ns + "/deployments/{name}", handle: a.getDeployment},
		{Method: "PUT", Path: ns + "/deployments/{name}", handle: a.putDeployment},
		{Method: "PATCH", Path: ns + "/deployments/{name}", handle: a.patchDeployment},
		{Method: "DELETE", Path: ns + "/deployments/{name}", handle: a.deleteDeployment},
		{Method: "GET", Path: ns + "/deployments/{name}/revisions", shared: true, handle: a.listRevisions},
		{Method: "GET", Path: ns + "/deployments/{name}/revisions/{generation}", handle: a.getRevision},
		{Method: "GET", Path: ns + "/deployments/{name}/revisions/{generation}:diff", handle: a.diffRevisions},
		{Method: "GET", Path: ns + "/deployments/{name}/history", shared: true, handle: a.listHistory},
		{Method: "GET", Path: ns + "/deployments/{name}/metrics", shared: true, handle: a.getMetrics},
		{Method: "GET", Path: ns + "/deployments/{name}/diagnosis", shared: true, handle: a.getDiagnosis},
		{Method: "GET", Path: ns + "/metrics", handle: a.getSummary},
		{Method: "POST", Path: ns + "/deployments/{name}:plan", handle: a.planDeployment},
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

		{Method: "GET", Path: ns + "/sessionclusters", handle: a.listSessionClusters},
		{Method: "POST", Path: ns + "/sessionclusters", handle: a.createSessionCluster},
		{Method: "GET", Path: ns + "/sessionclusters/{name}", handle: a.getSessionCluster},
		{Method: "PUT", Path: ns + "/sessionclusters/{name}", handle: a.putSessionCluster},
		{Method: "PATCH", Path: ns + "/sessionclusters/{name}", handle: a.patchSessionCluster},
		{Method: "DELETE", Path: ns + "/sessionclusters/{name}", handle: a.deleteSessionCluster},

		{Method: "GET", Path: ns + "/secret-values", handle: a.listSecrets},
		{Method: "POST", Path: ns + "/secret-values", handle: a.createSecret},
		{Method: "GET", Path: ns + "/secret-values/{name}", handle: a.getSecret},
		{Method: "PUT", Path: ns + "/secret-values/{name}", handle: a.putSecret},
		{Method: "PATCH", Path: ns + "/secret-values/{name}", handle: a.patchSecret},
		{Method: "DELETE", Path: ns + "/secret-values/{name}", handle: a.deleteSecret},

		{Method: "GET", Path: ns + "/jobs", handle: a.listJobs},
		{Method: "GET", Path: ns + "/jobs/{jobId}", handle: a.getJob},
		{Method: "GET", Path: ns + "/jobs/{jobId}/log", handle: a.getJobLog},
		{Method: "GET", Path: ns + "/savepoints", handle: a.listSavepoints},
		{Method: "POST", Path: ns + "/savepoints", handle: a.createSavepoint},
		{Method: "GET", Path: ns + "/savepoints/{savepointId}", handle: a.getSavepoint},
		{Method: "DELETE", Path: ns + "/savepoints/{savepointId}", handle: a.deleteSavepoint},
		{Method: "GET", Path: ns + "/savepoints/{savepointId}/state", handle: a.getSavepointState},
		{Method: "GET", Path: ns + "/savepoints/{savepointId}/state/rows", handle: a.listStateRows},
		{Method: "GET", Path: ns + "/events", handle: a.listEvents},
		{Method: "GET", Path: ns + "/changes", handle: a.streamChanges, Streams: true},

		{Method: "GET", Path: ns + "/examples", handle: a.listExamples},
		{Method: "POST", Path: ns + "/examples/{name}:deploy", handle: a.deployExample},

		{Method: "GET", Path: "/api/v1/logs/{$}", handle: a.listAudit},
		{Method: "GET", Path: "/api/v1/logs/reports", handle: a.reportAudit},
		{Method: "GET", Path: "/api/v1/logs/verification", handle: a.verifyAudit},

		{Method: "GET", Path: "/api/v1/global-deployment-defaults", handle: a.getGlobalDefaults},
		{Method: "GET", Path: "/api/v1/status", handle: a.getStatus},
		{Method: "GET", Path: "/api/v1/status/system-info", handle: a.getSystemInfo},
		{Method: "GET", Path: "/api/v1/status/resourceusage", handle: a.reportUsage},
		{Method: "DELETE", Path: "/api/v1/status/resourceusage", handle: a.deleteUsage},
		{Method: "GET", Path: "/actuator/health", handle: a.getHealth},

		{Method: "GET", Path: "/flink-ui/v1/namespaces/{namespace}/jobs/{jobId}/{path...}", handle: a.proxyFlink, Streams: true},
		{Method: "GET", Path: "/flink-ui/v1/namespaces/{namespace}/sessionclusters/{name}/{path...}", handle: a.proxySessionCluster, Streams: true},
	}
}

// Register puts every route on the mux.
func (a *API) Register(mux *http.ServeMux) {
	route.Register(mux, a.Table(), route.Options{Authorize: a.Authorize, Log: a.Log})
}

// Table is the routes with the rights that they need.
func (a *API) Table() []route.Route {
	var all []route.Route
	for _, r := range a.Routes() {
		all = append(all, route.Route{
			Method: r.Method, Path: r.Path, Need: needs[r.Method+" "+r.Path], Streams: r.Streams, Shared: r.shared, Handle: r.handle,
		})
	}
	return all
}

// Exclusively runs do while no request is under way that refers to a namespace
// or a target, so that what do sees stays so until it is done.
func (a *API) Exclusively(do func() error) error {
	a.refs.Lock()
	defer a.refs.Unlock()
	return do()
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
	for i := range items {
		items[i] = shown(items[i])
	}
	return list[T]{Kind: string(kind) + "List", APIVersion: resource.APIVersion, Metadata: map[string]string{}, Items: items}
}
