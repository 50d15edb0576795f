package resource

// Event is one line of the record: what a controller or a person did, and why.
type Event struct {
	Kind       Kind      `json:"kind"`
	APIVersion string    `json:"apiVersion"`
	Metadata   Metadata  `json:"metadata"` // Name is an EventName
	Spec       EventSpec `json:"spec"`
}

// EventSpec is the text for people, and who acted.
type EventSpec struct {
	Message string `json:"message"`
	Actor   string `json:"actor,omitzero"` // user, or "weir" for the platform itself
}

// EventName classifies an event; the names are Ververica Platform's.
type EventName string

// ResourceKind, Meta and SpecOf make *Event an Object.
func (e *Event) ResourceKind() Kind { return KindEvent }

// Meta returns the metadata for writing.
func (e *Event) Meta() *Metadata { return &e.Metadata }

// SpecOf returns the text.
func (e *Event) SpecOf() any { return e.Spec }
