package resource

// Savepoint is a copy of a job's state. Its id without dashes is the Flink
// trigger id, so a request can be repeated without a second savepoint.
type Savepoint struct {
	Kind       Kind            `json:"kind"`
	APIVersion string          `json:"apiVersion"`
	Metadata   Metadata        `json:"metadata"`
	Spec       SavepointSpec   `json:"spec"`
	Status     SavepointStatus `json:"status,omitzero"`
}

// SavepointSpec is where the state goes and how it is taken.
type SavepointSpec struct {
	SavepointLocation string `json:"savepointLocation,omitzero"` // target directory while STARTED, the savepoint itself once COMPLETED
	FlinkSavepointID  string `json:"flinkSavepointId,omitzero"`  // trigger id; all zero for adopted savepoints
	// StopJob ends the job when the savepoint is complete (suspend, upgrade).
	StopJob bool `json:"stopJob,omitzero"`
	// Delete asks for the removal of the data and then of this resource; Force
	// drops the resource even where the data cannot be removed.
	Delete bool `json:"delete,omitzero"`
	Force  bool `json:"force,omitzero"`
}

// SavepointStatus is how it went.
type SavepointStatus struct {
	State        SavepointState `json:"state"`
	Failure      Failure        `json:"failure,omitzero"`
	CompletedAt  Time           `json:"completedAt,omitzero"`
	SizeBytes    int64          `json:"sizeBytes,omitzero"`
	CheckpointID int64          `json:"checkpointId,omitzero"` // of a retained checkpoint
	// Asked is set before the first request to the cluster, so that a restart
	// knows that one may be under way.
	Asked Time `json:"asked,omitzero"`
}

// ResourceKind, Meta and SpecOf make *Savepoint an Object.
func (s *Savepoint) ResourceKind() Kind { return KindSavepoint }

// Meta returns the metadata for writing.
func (s *Savepoint) Meta() *Metadata { return &s.Metadata }

// SpecOf returns the wanted part.
func (s *Savepoint) SpecOf() any { return s.Spec }
