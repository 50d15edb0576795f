package rest

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type versions struct {
	Platform   string        `json:"platform"`
	Flink      string        `json:"flink"`
	BuildTime  resource.Time `json:"buildTime"`
	CommitHash string        `json:"commitHash"`
	Edition    string        `json:"edition"`
}

type component struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Message string `json:"message"`
	Version string `json:"version,omitzero"`
}

type counts struct {
	Deployments     int `json:"deployments"`
	Jobs            int `json:"jobs"` // not ended
	SessionClusters int `json:"sessionClusters"`
	Namespaces      int `json:"namespaces"`
}

type status struct {
	Kind          string      `json:"kind"`
	APIVersion    string      `json:"apiVersion"`
	Health        health      `json:"health"`
	Version       versions    `json:"version"`
	Components    []component `json:"components"`
	ResourceUsage counts      `json:"resourceUsage"`
}

// getStatus answers whether the platform works: 200 only when the store does.
func (a *API) getStatus(w http.ResponseWriter, r *http.Request) error {
	if err := a.Resources.Record.Ping(r.Context()); err != nil {
		return storeDown(err)
	}
	out := status{
		Kind: "Status", APIVersion: resource.APIVersion,
		Health: health{Status: "UP", Message: "the store answers"},
		Version: versions{
			Platform: a.Build.Version, Flink: a.Build.Flink, CommitHash: a.Build.Commit,
			BuildTime: resource.At(a.Build.Time), Edition: "weir",
		},
		Components: []component{
			{Name: "appmanager", Status: "UP", Message: "it answers", Version: a.Build.Version},
			{Name: "store", Status: "UP", Message: "it answers"},
			a.part("audit", a.Resources.Audit != nil, "every change is written down"),
			a.part("sql", a.Planner != nil, "scripts are compiled before they run"),
			a.part("artifacts", a.Artifacts != nil, "files can be uploaded"),
		},
	}
	for kind, n := range map[resource.Kind]*int{
		resource.KindDeployment:     &out.ResourceUsage.Deployments,
		resource.KindSessionCluster: &out.ResourceUsage.SessionClusters,
		resource.KindNamespace:      &out.ResourceUsage.Namespaces,
	} {
		var err error
		if *n, err = a.Resources.Record.Count(r.Context(), kind); err != nil {
			return err
		}
	}
	var err error
	if out.ResourceUsage.Jobs, err = a.running.count(r.Context(), a.Resources.Deployments); err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, out)
	return nil
}

func (a *API) part(name string, on bool, message string) component {
	if !on {
		return component{Name: name, Status: "DISABLED", Message: "this server has none"}
	}
	return component{Name: name, Status: "UP", Message: message}
}

func storeDown(err error) error {
	return &wire.Error{Status: http.StatusServiceUnavailable, Reason: "StoreUnavailable", Message: fmt.Sprintf("the store does not answer: %v", err)}
}

// getHealth is for probes that know Spring.
func (a *API) getHealth(w http.ResponseWriter, r *http.Request) error {
	code, out := http.StatusOK, map[string]string{"status": "UP"}
	if err := a.Resources.Record.Ping(r.Context()); err != nil {
		a.Log.WarnContext(r.Context(), "the store does not answer", "error", err)
		code, out = http.StatusServiceUnavailable, map[string]string{"status": "DOWN"}
	}
	wire.WriteJSON(w, r, code, out)
	return nil
}

// runningFor is how old the number of running jobs may be: to count them all
// deployments are read, and probes ask often.
const runningFor = 5 * time.Second

// runningJobs is a number that is remembered for a while.
type runningJobs struct {
	mu sync.Mutex
	n  int
	at time.Time
}

func (c *runningJobs) count(ctx context.Context, deployments Collection[resource.Deployment]) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.at.IsZero() && time.Since(c.at) < runningFor {
		return c.n, nil
	}
	all, err := deployments.List(ctx, resource.Filter{})
	if err != nil {
		return 0, err
	}
	c.n, c.at = 0, time.Now()
	for _, d := range all {
		if d.Status.Running.JobID != "" {
			c.n++
		}
	}
	return c.n, nil
}

type systemInformation struct {
	Kind       string                  `json:"kind"`
	APIVersion string                  `json:"apiVersion"`
	Status     systemInformationStatus `json:"status"`
}

type systemInformationStatus struct {
	RevisionInformation revisionInformation `json:"revisionInformation"`
	JVMVersion          string              `json:"jvmVersion"` // what runs us; there is no JVM
	ResourceQuota       resourceQuota       `json:"resourceQuota"`
}

type revisionInformation struct {
	BuildVersion   string        `json:"buildVersion"`
	BuildTime      resource.Time `json:"buildTime"`
	CommitShaLong  string        `json:"commitShaLong"`
	CommitShaShort string        `json:"commitShaShort"`
}

type resourceQuota struct {
	Kind       string    `json:"kind"`
	APIVersion string    `json:"apiVersion"`
	Spec       quotaSpec `json:"spec"`
	Status     quotaUsed `json:"status"`
}

type quotaUsed struct {
	Used cpuAmount `json:"used"`
}

type cpuAmount struct {
	CPU float64 `json:"cpu"`
}

type quotaSpec struct {
	Type string `json:"type"`
}

func (a *API) getSystemInfo(w http.ResponseWriter, r *http.Request) error {
	version := a.ReportedVersion
	if version == "" {
		version = a.Build.Version
	}
	quota := resourceQuota{Kind: "ResourceQuota", APIVersion: resource.APIVersion, Spec: quotaSpec{Type: "UNLIMITED"}}
	if a.Resources.Usage != nil {
		latest, err := a.Resources.Usage.Latest(r.Context())
		if err != nil {
			return err
		}
		for _, record := range latest {
			quota.Status.Used.CPU += record.Used
		}
	}
	short := a.Build.Commit
	if len(short) > 7 {
		short = short[:7]
	}
	wire.Write(w, r, http.StatusOK, systemInformation{
		Kind: "SystemInformation", APIVersion: resource.APIVersion,
		Status: systemInformationStatus{
			RevisionInformation: revisionInformation{
				BuildVersion: version, BuildTime: resource.At(a.Build.Time),
				CommitShaLong: a.Build.Commit, CommitShaShort: short,
			},
			JVMVersion:    runtime.Version(),
			ResourceQuota: quota,
		},
	})
	return nil
}
