package resource

// Plan is what an apply would do: found before anything is changed.
type Plan struct {
	Deployment string   `json:"deployment"`
	Changes    []Change `json:"changes"`
	Effect     Effect   `json:"effect"`
	Message    string   `json:"message"` // the same in words
	// RestoresFrom is the savepoint that the operators were compared with.
	RestoresFrom SavepointRef `json:"restoresFrom,omitzero"`
	// Operators tell, for an SQL deployment with state, what happens to it.
	Operators []OperatorPlan `json:"operators"`
	// StateLost: state of at least one operator would be dropped. Apply refuses
	// such a change unless told.
	StateLost bool     `json:"stateLost"`
	Warnings  []string `json:"warnings"`
}

// Effect is what a spec change does to the job.
type Effect string

// Effects of a change.
const (
	EffectNone    Effect = "NONE"    // nothing runs differently
	EffectCreate  Effect = "CREATE"  // a new deployment, not started
	EffectStart   Effect = "START"   // a job starts
	EffectRestart Effect = "RESTART" // the job is replaced
	EffectRescale Effect = "RESCALE" // the job is replaced, and only its parallelism differs
	EffectStop    Effect = "STOP"    // the job is stopped
	EffectLater   Effect = "LATER"   // takes effect at the next start
)

// SavepointRef names a savepoint and how old it is.
type SavepointRef struct {
	ID        string `json:"id,omitzero"`
	Location  string `json:"location,omitzero"`
	CreatedAt Time   `json:"createdAt,omitzero"`
}

// OperatorPlan is what happens to the state of one operator.
type OperatorPlan struct {
	Name        string       `json:"name"`        // as EXPLAIN shows it
	Fingerprint string       `json:"fingerprint"` // what makes it the same operator
	State       StateVerdict `json:"state"`
	Bytes       int64        `json:"bytes"` // in the savepoint compared with
	Keys        int64        `json:"keys"`
	Reason      string       `json:"reason,omitzero"`
}

// StateVerdict is the fate of an operator's state.
type StateVerdict string

// Fates of state.
const (
	StateKept     StateVerdict = "KEPT"
	StateMigrated StateVerdict = "MIGRATED" // kept, in another shape
	StateNew      StateVerdict = "NEW"      // begins empty
	StateLost     StateVerdict = "LOST"     // in the savepoint, wanted by nobody
)
