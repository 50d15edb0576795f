package server

import (
	"testing"

	"github.com/weir-streams/weir/engine"
)

// A route without a right is closed to everybody but when authentication is
// off, which nobody would notice until then.
func TestEveryRouteNeedsARight(t *testing.T) {
	c := config()
	c.Gateway.Engine = engine.New(engine.Config{})
	for _, r := range newServer(t, c).Routes() {
		if r.Need.Verb == "" || r.Need.Kind == "" {
			t.Errorf("%s %s needs no right: add it to the table next to the routes (server/rest/access.go)", r.Method, r.Path)
		}
	}
}
