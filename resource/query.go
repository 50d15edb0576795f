package resource

import "encoding/json"

// Filter chooses resources of one kind. An empty field means any.
type Filter struct {
	Namespace    string
	DeploymentID string // Job, Savepoint, Event: the owner
	JobID        string // Savepoint, Event
	// SessionClusterID chooses the Events of a session cluster itself; those of
	// the deployments on it are the deployments'.
	SessionClusterID string
	// Mentions, if set, is a text that stands somewhere in the resource, in one
	// of its strings: a way to narrow down what is looked at closely.
	Mentions string
	// Newest, if above zero, keeps only that many of the youngest; the answer
	// is in order of creation all the same.
	Newest int
}

// Revision is one accepted spec of a Deployment, kept for ever.
type Revision struct {
	Generation int             `json:"generation"` // from 1
	Spec       json.RawMessage `json:"spec"`
	Author     string          `json:"author"` // user, or "weir" for the platform itself
	CreatedAt  Time            `json:"createdAt"`
}

// Version says which resource there is, in which version, without what is in it.
type Version struct {
	ID      string
	Version int // ResourceVersion
}
