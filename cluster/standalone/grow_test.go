package standalone

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weir-streams/weir/cluster"
)

// TestMoreTaskManagersForAHigherParallelism counts what is to run after Flink
// has taken what a job is to have, or has not.
func TestMoreTaskManagersForAHigherParallelism(t *testing.T) {
	for _, tt := range []struct {
		name    string
		spec    cluster.Spec
		status  int
		body    string
		want    int
		started bool // there are more than before
	}{
		{name: "more slots", status: 200, body: `{"a":{"parallelism":{"lowerBound":1,"upperBound":5}},"b":{"parallelism":{"lowerBound":1,"upperBound":1}}}`, want: 3, started: true},
		{name: "fewer", status: 200, body: `{"a":{"parallelism":{"lowerBound":1,"upperBound":1}}}`, want: 1},
		{name: "refused", status: 400, body: `{"a":{"parallelism":{"lowerBound":1,"upperBound":5}}}`, want: 1},
		{name: "too many", status: 200, body: `{"a":{"parallelism":{"lowerBound":1,"upperBound":1000}}}`, want: 1},
		{name: "nothing to read", status: 200, body: `no`, want: 1},
		{name: "a session", spec: cluster.Spec{Ref: cluster.Ref{Session: "s1"}}, status: 200, body: `{"a":{"parallelism":{"lowerBound":1,"upperBound":5}}}`, want: 1},
	} {
		if tt.spec.Session == "" {
			tt.spec = cluster.Spec{Ref: cluster.Ref{JobID: "6f1ed002-ab5a-4b3e-9d8c-0000000000b1"}, Parallelism: 2, Artifact: cluster.Artifact{Kind: "SQLSCRIPT"}}
		}
		c, _ := withJava(t, "exec sleep 1000", tt.spec, nil)
		_, more := c.wanted()
		asked := ""
		proxy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := new(strings.Builder)
			_ = r.Write(b) // to memory
			asked = b.String()
			w.WriteHeader(tt.status)
		})
		w := httptest.NewRecorder()
		c.serveRequirements(w, httptest.NewRequest(http.MethodPut, "/jobs/x/resource-requirements", strings.NewReader(tt.body)), proxy)
		n, _ := c.wanted()
		started := false
		select {
		case <-more:
			started = true
		default:
		}
		if n != tt.want || started != tt.started || w.Code != tt.status || !strings.HasSuffix(asked, tt.body) {
			t.Errorf("%s: %d TaskManagers, told %v, answer %d, Flink was asked %q", tt.name, n, started, w.Code, asked)
		}
	}
}
