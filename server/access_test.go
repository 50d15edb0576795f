package server

import "testing"

// A route without a right is closed to everybody but when authentication is
// off, which nobody would notice until then.
func TestEveryRouteNeedsARight(t *testing.T) {
	for _, r := range newServer(t, config()).Routes() {
		if r.Need.Verb == "" || r.Need.Kind == "" {
			t.Errorf("%s %s needs no right: add it to the table next to the routes (server/rest/access.go)", r.Method, r.Path)
		}
	}
}
