package resource

// SessionCluster is a cluster that several deployments share.
type SessionCluster struct {
	Kind       Kind                 `json:"kind"`
	APIVersion string               `json:"apiVersion"`
	Metadata   Metadata             `json:"metadata"`
	Spec       SessionClusterSpec   `json:"spec"`
	Status     SessionClusterStatus `json:"status,omitzero"`
}

// SessionClusterSpec is what is wanted; the fields mean what those of a job
// template mean. While the cluster is up only State and NumberOfTaskManagers
// may change.
type SessionClusterSpec struct {
	State                SessionState      `json:"state,omitzero"` // STOPPED or RUNNING
	DeploymentTargetName string            `json:"deploymentTargetName,omitzero"`
	FlinkVersion         string            `json:"flinkVersion,omitzero"`
	FlinkImageRegistry   string            `json:"flinkImageRegistry,omitzero"`
	FlinkImageRepository string            `json:"flinkImageRepository,omitzero"`
	FlinkImageTag        string            `json:"flinkImageTag,omitzero"`
	NumberOfTaskManagers int               `json:"numberOfTaskManagers,omitzero"`
	Resources            Resources         `json:"resources,omitzero"`
	FlinkConfiguration   map[string]string `json:"flinkConfiguration,omitzero"`
	Logging              Logging           `json:"logging,omitzero"`
	Kubernetes           map[string]any    `json:"kubernetes,omitzero"`
}

// SessionClusterStatus is what the controller saw.
type SessionClusterStatus struct {
	State   SessionState          `json:"state,omitzero"`
	Failure Failure               `json:"failure,omitzero"`
	Running SessionClusterRunning `json:"running,omitzero"` // present only while it runs
	Message string                `json:"message,omitzero"` // what the controller does or waits for, in words
	// Incarnation is the id of the cluster now up or being started: a new one at
	// every start, so that an old process is never taken for the new.
	Incarnation string `json:"incarnation,omitzero"`
	Attempts    int    `json:"attempts,omitzero"` // failures one soon after the other since it was wanted RUNNING
	Launcher    string `json:"launcher,omitzero"` // which launcher has the cluster
	// Kubernetes is the target's copy for the launcher kubernetes.
	Kubernetes KubernetesTarget `json:"kubernetes,omitzero"`
	// LaunchedAt is since when a cluster of this incarnation may exist.
	LaunchedAt Time `json:"launchedAt,omitzero"`
	Since      Time `json:"since,omitzero"` // when the state or the attempt began
	// Generation is that of the spec this status is about.
	Generation int `json:"generation,omitzero"`
	// NumberOfTaskManagers is how many the cluster has.
	NumberOfTaskManagers int `json:"numberOfTaskManagers,omitzero"`
}

// SessionClusterRunning is since when it runs and when it was last seen to.
type SessionClusterRunning struct {
	StartedAt      Time `json:"startedAt,omitzero"`
	LastUpdateTime Time `json:"lastUpdateTime,omitzero"`
}

// SessionState is a state of a SessionCluster. The first two can be wanted.
type SessionState string

// States of a SessionCluster.
const (
	SessionStopped  SessionState = "STOPPED"
	SessionRunning  SessionState = "RUNNING"
	SessionStarting SessionState = "STARTING"
	SessionUpdating SessionState = "UPDATING"
	SessionStopping SessionState = "STOPPING"
	SessionFailed   SessionState = "FAILED"
)

// ResourceKind, Meta and SpecOf make *SessionCluster an Object.
func (s *SessionCluster) ResourceKind() Kind { return KindSessionCluster }

// Meta returns the metadata for writing.
func (s *SessionCluster) Meta() *Metadata { return &s.Metadata }

// SpecOf returns the wanted part.
func (s *SessionCluster) SpecOf() any { return s.Spec }
