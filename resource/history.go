package resource

// Run is one line of a deployment's history: which job ran which accepted
// spec, from when to when, and who wanted it so.
type Run struct {
	JobID       string   `json:"jobId"`
	State       JobState `json:"state"`
	Generation  int      `json:"generation,omitzero"`  // the revision it ran; 0: not known
	SpecVersion int      `json:"specVersion,omitzero"` // the number Ververica Platform knows it by
	Author      string   `json:"author,omitzero"`      // of the revision
	AcceptedAt  Time     `json:"acceptedAt,omitzero"`  // when the revision was written
	CreatedAt   Time     `json:"createdAt"`
	StartedAt   Time     `json:"startedAt,omitzero"` // seen running; absent: never
	EndedAt     Time     `json:"endedAt,omitzero"`   // absent: it goes on
	// RestoredFrom is the location it was to begin from; empty: it began empty.
	RestoredFrom string  `json:"restoredFrom,omitzero"`
	Parallelism  int     `json:"parallelism,omitzero"`
	Failure      Failure `json:"failure,omitzero"`
	// Changes are what this run's revision changed against that of the run before.
	Changes []Change `json:"changes,omitzero"`
}

// RevisionDiff is what changed between two accepted specs.
type RevisionDiff struct {
	Deployment string   `json:"deployment"`
	From       int      `json:"from"`
	To         int      `json:"to"`
	Changes    []Change `json:"changes"` // from From to To
}
