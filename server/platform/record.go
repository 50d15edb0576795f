package platform

import (
	"net/http"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/audit"
)

// record tells the audit log what a request was about and what it changed: of
// before, nil if it was created, to after; both nil: nothing to tell.
func record[T any, P interface {
	*T
	resource.Object
}](r *http.Request, v T, before, after any) {
	note := audit.From(r.Context())
	note.On(P(&v).ResourceKind(), *P(&v).Meta())
	// What cannot be compared was not stored either.
	if changes, err := resource.Diff("", before, after); err == nil {
		note.Changed(changes)
	}
}
