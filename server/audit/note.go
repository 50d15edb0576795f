package audit

import (
	"context"

	"github.com/weir-streams/weir/resource"
)

// Note is what is known so far of a request that will be written down. All
// methods may be called on nil, which is the note of a request that will not.
type Note struct {
	entry resource.AuditEntry
	skip  bool
}

type noteKey struct{}

// From returns the note of a request's context; nil if there is none.
func From(ctx context.Context) *Note {
	n, _ := ctx.Value(noteKey{}).(*Note)
	return n
}

// By says who asks.
func (n *Note) By(actor string) {
	if n != nil {
		n.entry.Actor = actor
	}
}

// On says what the request is about. What the path says is known already.
func (n *Note) On(kind resource.Kind, m resource.Metadata) {
	if n == nil {
		return
	}
	n.entry.Kind, n.entry.Namespace, n.entry.Name, n.entry.ID = kind, m.Namespace, m.Name, m.ID
	if kind == resource.KindNamespace {
		n.entry.Namespace = m.Name
	}
}

// Named says the name of what was created, where the path has none.
func (n *Note) Named(name string) {
	if n != nil {
		n.entry.Name = name
	}
}

// Changed says which fields the request changed.
func (n *Note) Changed(changes []resource.Change) {
	if n != nil {
		n.entry.Changes = append(n.entry.Changes, changes...)
	}
}

// Failed says why the request was refused.
func (n *Note) Failed(message string) {
	if n != nil {
		n.entry.Message = message
	}
}

// Skip says that the request changes nothing, whatever its method.
func (n *Note) Skip() {
	if n != nil {
		n.skip = true
	}
}
