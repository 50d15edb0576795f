package resource

// Job is one run of a Deployment, kept after it ended. The id of the Flink job
// in it is Metadata.ID without dashes, so it is known before the job exists.
type Job struct {
	Kind       Kind      `json:"kind"`
	APIVersion string    `json:"apiVersion"`
	Metadata   Metadata  `json:"metadata"`
	Spec       JobSpec   `json:"spec"`
	Status     JobStatus `json:"status"`
}

// JobSpec is the template as it was when the job was made. Only Stop changes later.
type JobSpec struct {
	JobTemplate
	UserFlinkConfiguration map[string]string `json:"userFlinkConfiguration,omitzero"`
	TemplateMetadata       TemplateMetadata  `json:"templateMetadata,omitzero"`
	DeploymentTargetName   string            `json:"deploymentTargetName,omitzero"`
	DeploymentTarget       JobTarget         `json:"deploymentTarget,omitzero"` // copy of the target's spec
	// SessionClusterID is the session cluster it runs on; empty: one of its own.
	SessionClusterID string `json:"sessionClusterId,omitzero"`
	// Catalog is the namespace's catalog when the job was made: statements to
	// run before the script, with placeholders and secret references as written.
	Catalog               []string `json:"catalog,omitzero"`
	SavepointLocation     string   `json:"savepointLocation,omitzero"` // restored from; empty: started empty
	AllowNonRestoredState bool     `json:"allowNonRestoredState"`
	// Generation is the deployment's spec revision this job runs.
	Generation int `json:"generation,omitzero"`
	// Stop is how the deployment wants this job ended; empty while it should run.
	Stop StopMode `json:"stop,omitzero"`
}

// JobTarget is the copy of a deployment target that a Job keeps.
type JobTarget struct {
	Launcher   string           `json:"launcher,omitzero"`
	Kubernetes KubernetesTarget `json:"kubernetes,omitzero"`
}

// StopMode is how a job is to be ended.
type StopMode string

// Ways to end a job. A job stopped by a savepoint needs no mode: the savepoint ends it.
const (
	StopCancel  StopMode = "CANCEL"  // cancel, keep its checkpoints
	StopCleanup StopMode = "CLEANUP" // it has ended by itself or by a savepoint: remove the cluster
)

// JobStatus is what was seen of the run.
type JobStatus struct {
	State   JobState    `json:"state"`
	Failure Failure     `json:"failure,omitzero"`
	Started StartedInfo `json:"started,omitzero"`
	Message string      `json:"message,omitzero"`
	// LatestCheckpoint is the newest completed, restorable checkpoint seen: what
	// a lost cluster is started again from.
	LatestCheckpoint CheckpointRef `json:"latestCheckpoint,omitzero"`
	// Restored is the state the run says it began from: the proof, not the wish.
	Restored     CheckpointRef `json:"restored,omitzero"`
	SourceTables []TableInfo   `json:"sourceTables,omitzero"`
	SinkTables   []TableInfo   `json:"sinkTables,omitzero"`
}

// CheckpointRef points at a checkpoint or savepoint of a cluster.
type CheckpointRef struct {
	ID          int64  `json:"id,omitzero"`
	Location    string `json:"location,omitzero"`
	CompletedAt Time   `json:"completedAt,omitzero"` // by the cluster's clock
}

// Failure says why something ended badly.
type Failure struct {
	Message  string `json:"message,omitzero"`
	Reason   string `json:"reason,omitzero"`
	FailedAt Time   `json:"failedAt,omitzero"`
}

// StartedInfo is present once the job was seen running.
type StartedInfo struct {
	StartedAt                Time   `json:"startedAt,omitzero"`
	FlinkJobID               string `json:"flinkJobId,omitzero"`
	LastUpdateTime           Time   `json:"lastUpdateTime,omitzero"`
	ObservedFlinkJobRestarts int    `json:"observedFlinkJobRestarts"`
	ObservedFlinkJobStatus   string `json:"observedFlinkJobStatus,omitzero"`
}

// TableInfo describes a table a SQL job reads or writes.
type TableInfo struct {
	CatalogName  string            `json:"catalogName"`
	DatabaseName string            `json:"databaseName"`
	Name         string            `json:"name"`
	Temporary    bool              `json:"temporary"`
	Properties   map[string]string `json:"properties,omitzero"`
	Columns      []ColumnInfo      `json:"columns,omitzero"`
}

// ColumnInfo is a column and its SQL type.
type ColumnInfo struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// ResourceKind, Meta and SpecOf make *Job an Object.
func (j *Job) ResourceKind() Kind { return KindJob }

// Meta returns the metadata for writing.
func (j *Job) Meta() *Metadata { return &j.Metadata }

// SpecOf returns the wanted part.
func (j *Job) SpecOf() any { return j.Spec }
