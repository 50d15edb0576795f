package resource

import "encoding/json"

// Deployment is one streaming application: what should run, and what was seen.
type Deployment struct {
	Kind       Kind             `json:"kind"`
	APIVersion string           `json:"apiVersion"`
	Metadata   Metadata         `json:"metadata"`
	Spec       DeploymentSpec   `json:"spec"`
	Status     DeploymentStatus `json:"status,omitzero"`
}

// DeploymentSpec is what is wanted. DeploymentDefaults has the same shape.
type DeploymentSpec struct {
	State                        State           `json:"state,omitzero"`
	UpgradeStrategy              UpgradeStrategy `json:"upgradeStrategy,omitzero"`
	RestoreStrategy              RestoreStrategy `json:"restoreStrategy,omitzero"`
	DeploymentTargetID           string          `json:"deploymentTargetId,omitzero"`
	DeploymentTargetName         string          `json:"deploymentTargetName,omitzero"`
	SessionClusterName           string          `json:"sessionClusterName,omitzero"`
	MaxSavepointCreationAttempts int             `json:"maxSavepointCreationAttempts,omitzero"` // failed savepoints in one transition
	MaxJobCreationAttempts       int             `json:"maxJobCreationAttempts,omitzero"`       // failed job starts in one transition
	JobFailureExpirationTime     string          `json:"jobFailureExpirationTime,omitzero"`
	// Savepoints says when the platform takes savepoints by itself and how long
	// it keeps them. Ververica Platform has no such field.
	Savepoints SavepointPolicy `json:"savepoints,omitzero"`
	Template   Template        `json:"template,omitzero"`
}

// SavepointPolicy is the schedule and the retention of a deployment's
// savepoints. Durations are Go's with days: "30m", "12h", "7d". The newest
// completed savepoint and every one a job was or may be started from are kept
// whatever the limits say.
type SavepointPolicy struct {
	Every   string `json:"every,omitzero"`   // while the job runs; empty: only on request
	Keep    int    `json:"keep,omitzero"`    // how many completed ones; 0: all
	KeepFor string `json:"keepFor,omitzero"` // how long; empty: for ever
}

// UpgradeStrategy wraps its kind, as the wire form does.
type UpgradeStrategy struct {
	Kind UpgradeKind `json:"kind,omitzero"`
}

// RestoreStrategy says where state comes from at a start.
type RestoreStrategy struct {
	Kind                  RestoreKind `json:"kind,omitzero"`
	AllowNonRestoredState bool        `json:"allowNonRestoredState"`
}

// Template is the job to run. Changing any of it is an upgrade.
type Template struct {
	Metadata TemplateMetadata `json:"metadata,omitzero"`
	Spec     JobTemplate      `json:"spec"`
}

// TemplateMetadata carries the feature switches of a template.
type TemplateMetadata struct {
	Annotations map[string]string `json:"annotations,omitzero"`
}

// JobTemplate is everything a job needs to be started.
type JobTemplate struct {
	Artifact             Artifact          `json:"artifact"`
	Parallelism          int               `json:"parallelism,omitzero"`
	NumberOfTaskManagers int               `json:"numberOfTaskManagers,omitzero"`
	Resources            Resources         `json:"resources,omitzero"`
	FlinkConfiguration   map[string]string `json:"flinkConfiguration,omitzero"`
	Logging              Logging           `json:"logging,omitzero"`
	// Kubernetes is passed through as written: Kubernetes owns its shapes.
	Kubernetes map[string]any `json:"kubernetes,omitzero"`
	// LatestCheckpointFetchInterval is in seconds; 0 is the platform's default.
	LatestCheckpointFetchInterval int `json:"latestCheckpointFetchInterval,omitzero"`
	// DisasterCheckpointsDelay makes every n-th completed checkpoint a restore
	// point that the Job remembers; 0 is off.
	DisasterCheckpointsDelay int `json:"disasterCheckpointsDelay,omitzero"`
}

// ArtifactKind says what sort of program a job runs.
type ArtifactKind string

// Kinds of artifact.
const (
	ArtifactJar       ArtifactKind = "JAR"
	ArtifactSQLScript ArtifactKind = "SQLSCRIPT"
	ArtifactPython    ArtifactKind = "PYTHON"
	ArtifactGo        ArtifactKind = "GO"
)

// Artifact is the program of a job. Which fields count depends on Kind.
type Artifact struct {
	Kind                     ArtifactKind `json:"kind,omitzero"`
	SQLScript                string       `json:"sqlScript,omitzero"` // SQLSCRIPT: the statements, separated by semicolons
	JarURI                   string       `json:"jarUri,omitzero"`    // JAR
	EntryClass               string       `json:"entryClass,omitzero"`
	MainArgs                 string       `json:"mainArgs,omitzero"`
	AdditionalDependencies   []string     `json:"additionalDependencies,omitzero"`
	PythonArtifactURI        string       `json:"pythonArtifactUri,omitzero"` // PYTHON
	EntryModule              string       `json:"entryModule,omitzero"`
	AdditionalPythonArchives []string     `json:"additionalPythonArchives,omitzero"`
	AdditionalPythonLibs     []string     `json:"additionalPythonLibraries,omitzero"`
	FlinkVersion             string       `json:"flinkVersion,omitzero"`
	FlinkImageRegistry       string       `json:"flinkImageRegistry,omitzero"`
	FlinkImageRepository     string       `json:"flinkImageRepository,omitzero"`
	FlinkImageTag            string       `json:"flinkImageTag,omitzero"`
}

// Resources are the compute asked for, per role.
type Resources struct {
	JobManager  ResourceSpec `json:"jobmanager,omitzero"`
	TaskManager ResourceSpec `json:"taskmanager,omitzero"`
}

// ResourceSpec is cores and memory; memory is text such as "1.5g".
type ResourceSpec struct {
	CPU    float64 `json:"cpu,omitzero"`
	Memory string  `json:"memory,omitzero"`
}

// Logging sets levels by logger; the key "" is the root logger.
type Logging struct {
	LoggingProfile              string            `json:"loggingProfile,omitzero"`
	Log4jLoggers                map[string]string `json:"log4jLoggers,omitzero"`
	Log4j2ConfigurationTemplate string            `json:"log4j2ConfigurationTemplate,omitzero"`
}

// DeploymentStatus is what the controller saw and is doing.
type DeploymentStatus struct {
	State   State             `json:"state,omitzero"`
	Running DeploymentRunning `json:"running,omitzero"` // present only while State is RUNNING
	// Message says in words what the controller does or waits for, or why it
	// gave up; MessageSince is since when.
	Message      string `json:"message,omitzero"`
	MessageSince Time   `json:"messageSince,omitzero"`
	// Transition is the controller's own record of the transition under way,
	// so that a restart of the platform resumes it.
	Transition Transition `json:"transition,omitzero"`
}

// DeploymentRunning tells which job runs and since when.
type DeploymentRunning struct {
	JobID          string      `json:"jobId,omitzero"`
	TransitionTime Time        `json:"transitionTime,omitzero"`
	Conditions     []Condition `json:"conditions"` // never null: clients iterate over it
}

// MarshalJSON writes an empty list where there are no conditions.
func (r DeploymentRunning) MarshalJSON() ([]byte, error) {
	type plain DeploymentRunning
	if r.Conditions == nil {
		r.Conditions = []Condition{}
	}
	return json.Marshal(plain(r))
}

// Condition is one aspect of a running deployment's health.
type Condition struct {
	Type               string `json:"type"`   // JobFailing, JobUnstable, ClusterUnreachable, ClusterThreatened
	Status             string `json:"status"` // True, False, Unknown
	Reason             string `json:"reason,omitzero"`
	Message            string `json:"message,omitzero"`
	LastTransitionTime Time   `json:"lastTransitionTime,omitzero"`
	LastUpdateTime     Time   `json:"lastUpdateTime,omitzero"`
}

// Transition counts what one transition has tried. It is reset when the wanted
// state or the spec version changes, or when the transition ends.
type Transition struct {
	SpecVersion       int   `json:"specVersion,omitzero"`
	WantedState       State `json:"wantedState,omitzero"`
	StartedAt         Time  `json:"startedAt,omitzero"`
	SavepointAttempts int   `json:"savepointAttempts,omitzero"`
	JobAttempts       int   `json:"jobAttempts,omitzero"`
	// RolledBackFrom is the generation that could not start and was undone.
	RolledBackFrom int `json:"rolledBackFrom,omitzero"`
}

// ResourceKind, Meta and SpecOf make *Deployment an Object.
func (d *Deployment) ResourceKind() Kind { return KindDeployment }

// Meta returns the metadata for writing.
func (d *Deployment) Meta() *Metadata { return &d.Metadata }

// SpecOf returns the wanted part.
func (d *Deployment) SpecOf() any { return d.Spec }
