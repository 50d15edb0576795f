package resource

import "time"

// Kind names a sort of resource; it is the "kind" field of the wire form.
type Kind string

// The kinds. The wire form of a list of them has the kind with "List" after it.
const (
	KindDeployment         Kind = "Deployment"
	KindDeploymentTarget   Kind = "DeploymentTarget"
	KindDeploymentDefaults Kind = "DeploymentDefaults"
	KindJob                Kind = "Job"
	KindSavepoint          Kind = "Savepoint"
	KindEvent              Kind = "Event"
	KindNamespace          Kind = "Namespace"
	KindSecretValue        Kind = "SecretValue"
	KindSessionCluster     Kind = "SessionCluster"
	KindAPIToken           Kind = "ApiToken"
	KindSQLScript          Kind = "SqlScript"
	KindUDFArtifact        Kind = "UdfArtifact"
	KindConnector          Kind = "Connector"
	KindFormat             Kind = "Format"
	KindCatalogConnector   Kind = "CatalogConnector"
	KindCatalogEntry       Kind = "CatalogEntry"
	KindAutopilotPolicy    Kind = "AutopilotPolicy"
)

// APIVersion is the only version of the App Manager API.
const APIVersion = "v1"

// Metadata says whose and which a resource is. One shape serves every kind;
// the fields of the second block are present only on the kinds named there.
type Metadata struct {
	ID              string            `json:"id,omitzero"`          // UUID v4, set by the store
	Name            string            `json:"name,omitzero"`        // unique per kind and namespace, immutable
	DisplayName     string            `json:"displayName,omitzero"` // free text; Deployment only
	Namespace       string            `json:"namespace,omitzero"`
	CreatedAt       Time              `json:"createdAt,omitzero"`
	ModifiedAt      Time              `json:"modifiedAt,omitzero"`
	Labels          map[string]string `json:"labels,omitzero"`
	Annotations     map[string]string `json:"annotations,omitzero"`
	ResourceVersion int               `json:"resourceVersion,omitzero"` // from 1, one more at every write of any part
	// Generation numbers the accepted specs of a Deployment, from 1: it is the
	// number of the newest spec revision. Status writes leave it alone.
	Generation int `json:"generation,omitzero"`

	DeploymentID   string `json:"deploymentId,omitzero"`   // Job, Savepoint, Event: the owner
	DeploymentName string `json:"deploymentName,omitzero"` // Job
	JobID          string `json:"jobId,omitzero"`          // Savepoint (taken from), Event
	// SessionClusterName is the session cluster a Job ran on; SessionClusterID
	// the one an Event is about.
	SessionClusterName string          `json:"sessionClusterName,omitzero"`
	SessionClusterID   string          `json:"sessionClusterId,omitzero"`
	ResourceName       string          `json:"resourceName,omitzero"` // Event: name of what it is about
	TerminatedAt       Time            `json:"terminatedAt,omitzero"` // Job
	Origin             SavepointOrigin `json:"origin,omitzero"`       // Savepoint
	Type               SavepointType   `json:"type,omitzero"`         // Savepoint
}

// Object is any resource by pointer: what the store keeps.
type Object interface {
	ResourceKind() Kind
	Meta() *Metadata
	// SpecOf is the wanted part, for revision history; nil for kinds without one.
	SpecOf() any
}

// Key names one resource; change feeds carry keys and nothing else.
type Key struct {
	Kind      Kind   `json:"kind"`
	Namespace string `json:"namespace"`
	ID        string `json:"id"`
}

// Time is an instant in UTC whose wire form is RFC 3339 with microseconds and
// a Z, for example 2022-01-23T18:51:47.845773Z. The zero Time is "not set";
// null, "" and 0001-01-01T00:00:00Z read as that.
type Time struct{ time.Time }
