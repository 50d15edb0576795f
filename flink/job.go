package flink

// Overview is GET /overview: the cluster in numbers.
type Overview struct {
	TaskManagers   int    `json:"taskmanagers"`
	SlotsTotal     int    `json:"slots-total"`
	SlotsAvailable int    `json:"slots-available"`
	JobsRunning    int    `json:"jobs-running"`
	JobsFinished   int    `json:"jobs-finished"`
	JobsCancelled  int    `json:"jobs-cancelled"`
	JobsFailed     int    `json:"jobs-failed"`
	FlinkVersion   string `json:"flink-version"`
	FlinkCommit    string `json:"flink-commit"`
}

// ConfigEntry is one setting of a cluster.
type ConfigEntry struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// IncarnationKey is the setting in which a cluster started by us carries the
// id of the Job resource it was made for.
const IncarnationKey = "weir.cluster.incarnation"

// Lookup finds a setting; empty when it is not there.
func Lookup(config []ConfigEntry, key string) string {
	for _, e := range config {
		if e.Key == key {
			return e.Value
		}
	}
	return ""
}

// JobSummary is one line of GET /jobs/overview.
type JobSummary struct {
	ID               string     `json:"jid"`
	Name             string     `json:"name"`
	JobType          string     `json:"jobType"`
	SchedulerType    string     `json:"schedulerType"`
	StartTime        Millis     `json:"start-time"`
	EndTime          Millis     `json:"end-time"` // -1 while the job lives
	Duration         Millis     `json:"duration"`
	State            JobStatus  `json:"state"`
	LastModification Millis     `json:"last-modification"`
	Tasks            TaskCounts `json:"tasks"`
	PendingOperators int        `json:"pending-operators"`
}

// TaskCounts counts the tasks of a job by state.
type TaskCounts struct {
	Running      int `json:"running"`
	Canceling    int `json:"canceling"`
	Canceled     int `json:"canceled"`
	Total        int `json:"total"`
	Created      int `json:"created"`
	Scheduled    int `json:"scheduled"`
	Deploying    int `json:"deploying"`
	Reconciling  int `json:"reconciling"`
	Finished     int `json:"finished"`
	Initializing int `json:"initializing"`
	Failed       int `json:"failed"`
}

// JobDetails is GET /jobs/:id.
type JobDetails struct {
	ID               string               `json:"jid"`
	ApplicationID    string               `json:"application-id"`
	Name             string               `json:"name"`
	Stoppable        bool                 `json:"isStoppable"` // always false in Flink
	State            JobStatus            `json:"state"`
	JobType          string               `json:"job-type"`
	SchedulerType    string               `json:"schedulerType"`
	StartTime        Millis               `json:"start-time"`
	EndTime          Millis               `json:"end-time"` // -1 while the job lives
	Duration         Millis               `json:"duration"`
	MaxParallelism   int                  `json:"maxParallelism"`
	Now              Millis               `json:"now"`
	Timestamps       map[JobStatus]Millis `json:"timestamps"` // when the state was last entered; 0 never
	Vertices         []Vertex             `json:"vertices"`
	StatusCounts     map[TaskState]int    `json:"status-counts"`
	Plan             Plan                 `json:"plan"`
	PendingOperators int                  `json:"pending-operators"`
}

// AllTasksRunning says whether the job really processes: it runs, it has
// tasks, and each of them runs or has ended well.
func (d JobDetails) AllTasksRunning() bool {
	if d.State != JobRunning || len(d.Vertices) == 0 {
		return false
	}
	for _, v := range d.Vertices {
		tasks := 0
		for state, n := range v.Tasks {
			if n == 0 {
				continue
			}
			if state != TaskRunning && state != TaskFinished {
				return false
			}
			tasks += n
		}
		if tasks < v.Parallelism || tasks == 0 {
			return false
		}
	}
	return true
}

// Parallelism is that of the stage with the most tasks.
func (d JobDetails) Parallelism() int {
	most := 0
	for _, v := range d.Vertices {
		most = max(most, v.Parallelism)
	}
	return most
}

// Vertex is one stage of a job: its tasks do the same to different slices of the data.
type Vertex struct {
	ID                 string            `json:"id"`
	SlotSharingGroupID string            `json:"slotSharingGroupId"`
	Name               string            `json:"name"`
	MaxParallelism     int               `json:"maxParallelism"`
	Parallelism        int               `json:"parallelism"`
	Status             TaskState         `json:"status"`
	StartTime          Millis            `json:"start-time"`
	EndTime            Millis            `json:"end-time"`
	Duration           Millis            `json:"duration"`
	Tasks              map[TaskState]int `json:"tasks"`
	Metrics            IOMetrics         `json:"metrics"`
}

// IOMetrics is what has passed through a vertex or a task. Bytes and times
// (milliseconds) are what Flink could collect: complete says whether all of it.
type IOMetrics struct {
	ReadBytes            int64  `json:"read-bytes"`
	ReadBytesComplete    bool   `json:"read-bytes-complete"`
	WriteBytes           int64  `json:"write-bytes"`
	WriteBytesComplete   bool   `json:"write-bytes-complete"`
	ReadRecords          int64  `json:"read-records"`
	ReadRecordsComplete  bool   `json:"read-records-complete"`
	WriteRecords         int64  `json:"write-records"`
	WriteRecordsComplete bool   `json:"write-records-complete"`
	BackPressured        int64  `json:"accumulated-backpressured-time"`
	Idle                 int64  `json:"accumulated-idle-time"`
	Busy                 Number `json:"accumulated-busy-time"`
}

// Plan is the dataflow of a job.
type Plan struct {
	JobID string     `json:"jid"`
	Name  string     `json:"name"`
	Type  string     `json:"type"` // STREAMING or BATCH
	Nodes []PlanNode `json:"nodes"`
}

// PlanNode is a vertex in a plan.
type PlanNode struct {
	ID                  string         `json:"id"`
	Operator            string         `json:"operator"`
	Parallelism         int            `json:"parallelism"`
	OperatorStrategy    string         `json:"operator_strategy"`
	Description         string         `json:"description"` // HTML: lines end in <br/>, text is escaped
	OptimizerProperties map[string]any `json:"optimizer_properties"`
	Inputs              []PlanInput    `json:"inputs,omitempty"`
}

// PlanInput is an edge of a plan, seen from the node that reads it.
type PlanInput struct {
	ID           string `json:"id"`
	Num          int    `json:"num"`
	Exchange     string `json:"exchange"`
	ShipStrategy string `json:"ship_strategy"` // FORWARD, HASH, REBALANCE, BROADCAST, …
}
