package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/weir-streams/weir/auth"
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

func TestWhoNeedsNoIdentity(t *testing.T) {
	c := config()
	c.UI = fstest.MapFS{"index.html": {Data: []byte("<title>weir</title>")}}
	c.Authenticate = func(*http.Request) (auth.Subject, error) { return auth.Subject{}, errors.New("nobody") }
	c.SignIn = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	s := newServer(t, c)
	for path, want := range map[string]int{
		"/actuator/health": 200, "/auth/login": 418, "/auth/whoami": 200, "/app/": 200, "/swagger": 200, "/swagger.json": 200, "/api/swagger.json": 200,
		"/api/v1/status": 401, "/namespaces/v1/namespaces": 401, "/api/v1/nothing": 401, "/flink-ui/v1/namespaces/n/jobs/j/": 401,
		"/appendix": 401, "/api/v1/namespaces/default/changes": 401,
	} {
		if w := get(s, "GET", path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	// A person is led to the sign-in and back.
	for path, want := range map[string]string{
		"/app/namespaces/default?x=1": "/auth/login?return=%2Fapp%2Fnamespaces%2Fdefault%3Fx%3D1", "/": "/auth/login?return=%2F",
	} {
		if w := get(s, "GET", path, "Accept", "text/html,*/*"); w.Code != 302 || w.Header().Get("Location") != want {
			t.Errorf("%s: %d to %s", path, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestSomeFlinkPagesAreMoreThanReading(t *testing.T) {
	for path, want := range map[string]auth.Verb{
		"jobs/x": auth.Read, "taskmanagers/1/thread-dump": auth.Inspect, "jobmanager/Thread-Dump": auth.Inspect, "datasets": auth.Inspect, "jars": auth.Inspect, "": auth.Read,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetPathValue("path", path)
		if got := verb(r, auth.Need{Verb: auth.Read, Kind: auth.FlinkUI}); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
