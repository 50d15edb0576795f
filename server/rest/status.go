package rest

import (
	"fmt"
	"net/http"
	"runtime"

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

type usage struct {
	Deployments int `json:"deployments"`
	Jobs        int `json:"jobs"` // not ended
	Namespaces  int `json:"namespaces"`
}

type status struct {
	Kind          string   `json:"kind"`
	APIVersion    string   `json:"apiVersion"`
	Health        health   `json:"health"`
	Version       versions `json:"version"`
	ResourceUsage usage    `json:"resourceUsage"`
}

// getStatus answers whether the platform works: 200 only when the store does.
func (a *API) getStatus(w http.ResponseWriter, r *http.Request) error {
	namespaces, err := a.Resources.Namespaces.List(r.Context(), resource.Filter{})
	if err != nil {
		return &wire.Error{Status: http.StatusServiceUnavailable, Reason: "StoreUnavailable", Message: fmt.Sprintf("the store does not answer: %v", err)}
	}
	deployments, err := a.Resources.Deployments.List(r.Context(), resource.Filter{})
	if err != nil {
		return err
	}
	out := status{
		Kind: "Status", APIVersion: resource.APIVersion,
		Health: health{Status: "UP", Message: "the store answers"},
		Version: versions{
			Platform: a.Build.Version, Flink: "", CommitHash: a.Build.Commit,
			BuildTime: resource.At(a.Build.Time), Edition: "weir",
		},
		ResourceUsage: usage{Deployments: len(deployments), Namespaces: len(namespaces)},
	}
	for _, d := range deployments {
		if d.Status.Running.JobID != "" {
			out.ResourceUsage.Jobs++
		}
	}
	wire.Write(w, r, http.StatusOK, out)
	return nil
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
}

type quotaSpec struct {
	Type string `json:"type"`
}

func (a *API) getSystemInfo(w http.ResponseWriter, r *http.Request) error {
	version := a.ReportedVersion
	if version == "" {
		version = a.Build.Version
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
			ResourceQuota: resourceQuota{Kind: "ResourceQuota", APIVersion: resource.APIVersion, Spec: quotaSpec{Type: "UNLIMITED"}},
		},
	})
	return nil
}
