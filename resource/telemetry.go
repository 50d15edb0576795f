package resource

// Kinds of what is measured and concluded about running jobs. Nothing of it is
// stored: a server that starts anew begins to measure anew.
const (
	KindMetricsSummary    Kind = "MetricsSummary"
	KindDeploymentMetrics Kind = "DeploymentMetrics"
	KindDiagnosis         Kind = "Diagnosis"
)

// MetricsSummary is how the running deployments of a namespace do now.
type MetricsSummary struct {
	Kind  Kind             `json:"kind"`
	At    int64            `json:"at"` // milliseconds
	Items []RunningSummary `json:"items"`
}

// RunningSummary is one running job in a line. What the cluster does not tell is nil.
type RunningSummary struct {
	DeploymentID string  `json:"deploymentId"`
	Name         string  `json:"name"`
	JobID        string  `json:"jobId"`
	At           int64   `json:"at"`         // milliseconds, of the newest measurement
	RecordsIn    float64 `json:"recordsIn"`  // a second, read by all sources
	RecordsOut   float64 `json:"recordsOut"` // a second, given to all sinks
	// Busy and BackPressured are the largest share of any operator, 0 to 1.
	Busy          float64 `json:"busy"`
	BackPressured float64 `json:"backPressured"`
	// WatermarkLag is how far the slowest watermark is behind the clock, in milliseconds.
	WatermarkLag *float64 `json:"watermarkLag"`
	// PendingRecords is how many records the sources know they have yet to read.
	PendingRecords     *float64 `json:"pendingRecords"`
	CheckpointDuration *float64 `json:"checkpointDuration"` // milliseconds, of the newest completed one
	CheckpointSize     *float64 `json:"checkpointSize"`     // bytes, of the newest completed one
	Restarts           int64    `json:"restarts"`
	// History is RecordsIn of the last measurements, newest last, at most 60.
	History []float64 `json:"history"`
}

// DeploymentMetrics is what was measured of a deployment's jobs in a span of time.
type DeploymentMetrics struct {
	Kind   Kind           `json:"kind"`
	From   int64          `json:"from"` // milliseconds
	To     int64          `json:"to"`
	Step   int64          `json:"step"` // milliseconds from a point to the next
	Series []MetricSeries `json:"series"`
	Marks  []MetricMark   `json:"marks"`
}

// MetricSeries is one metric over time, of the job or of one of its operators.
type MetricSeries struct {
	Name         string        `json:"name"`
	Unit         string        `json:"unit"`
	Operator     string        `json:"operator"` // id of the vertex; empty: the job
	OperatorName string        `json:"operatorName,omitzero"`
	Points       []MetricPoint `json:"points"`
}

// MetricPoint is a time in milliseconds and a value; nil: nothing was measured.
type MetricPoint [2]*float64

// MetricMark is a moment at which a job of another revision, or just another
// job, began.
type MetricMark struct {
	At         int64  `json:"at"` // milliseconds
	Generation int    `json:"generation"`
	JobID      string `json:"jobId"`
	Text       string `json:"text"`
}

// Diagnosis is what the rules of a server find in a deployment and its job.
type Diagnosis struct {
	Kind    Kind   `json:"kind"`
	At      int64  `json:"at"` // milliseconds
	JobID   string `json:"jobId,omitzero"`
	Summary string `json:"summary"` // one sentence
	// Findings come with the gravest first.
	Findings []Finding     `json:"findings"`
	Checked  []CheckedRule `json:"checked"`
}

// Severity is how grave a finding is.
type Severity string

// Severities of findings.
const (
	SeverityCritical Severity = "CRITICAL" // there is no output, or it will stop
	SeverityWarning  Severity = "WARNING"  // output is late, incomplete or at risk
	SeverityInfo     Severity = "INFO"     // explains what is seen; nothing is wrong
)

// Finding is one thing that explains how a job does, with what proves it.
type Finding struct {
	Rule        string     `json:"rule"`
	Severity    Severity   `json:"severity"`
	Title       string     `json:"title"`
	Explanation string     `json:"explanation"`
	Remedy      string     `json:"remedy"`
	Operator    string     `json:"operator"` // id of the vertex; empty: the job
	Evidence    []Evidence `json:"evidence"`
}

// Evidence is a measured fact.
type Evidence struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Verdict is what came of a rule.
type Verdict string

// Verdicts of rules.
const (
	VerdictOK      Verdict = "OK"
	VerdictFinding Verdict = "FINDING"
	VerdictUnknown Verdict = "UNKNOWN" // what it needs is not measured, or not yet
)

// CheckedRule says that a rule was asked, and what it said.
type CheckedRule struct {
	Rule    string  `json:"rule"`
	Title   string  `json:"title"`
	Verdict Verdict `json:"verdict"`
	Note    string  `json:"note,omitzero"`
}
