package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// answering answers every request with a status.
type answering struct{ status int }

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: a.status, Body: io.NopCloser(strings.NewReader("{}")), Request: r, Header: http.Header{}}, nil
}

// TestTaskManagersComeForAHigherParallelism asks a cluster of two slots a
// TaskManager for more tasks.
func TestTaskManagersComeForAHigherParallelism(t *testing.T) {
	const name = "job-6f1ed002-ab5a-4b3e-9d8c-000000000001"
	spec, err := json.Marshal(cluster.Spec{Parallelism: 4, TaskManagers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		tasks, status int
		want          string // what the API server is asked for
	}{
		{5, http.StatusAccepted, `{"spec":{"replicas":3}}`},
		{8, http.StatusAccepted, `{"spec":{"replicas":4}}`},
		{4, http.StatusAccepted, ""},
		{1, http.StatusAccepted, ""},
		{8, http.StatusNotFound, ""}, // who answers does not know how
	} {
		patched := ""
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch {
			case r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/deployments/"+name+"-taskmanager"):
				b, _ := io.ReadAll(r.Body) // what is missing shows
				patched = string(b)
				fallthrough
			case strings.HasSuffix(r.URL.Path, "/deployments/"+name+"-taskmanager"):
				_, _ = io.WriteString(w, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"`+name+`-taskmanager"},"spec":{"replicas":2}}`)
			case strings.HasSuffix(r.URL.Path, "/secrets/"+name):
				_, _ = fmt.Fprintf(w, `{"apiVersion":"v1","kind":"Secret","metadata":{"name":%q},"data":{"spec.json":%q}}`, name, base64.StdEncoding.EncodeToString(spec))
			default:
				http.Error(w, "{}", http.StatusNotFound)
			}
		}))
		client, err := dynamic.NewForConfig(&rest.Config{Host: api.URL})
		if err != nil {
			t.Fatal(err)
		}
		g := &ground{way: &way{client: client}, namespace: "jobs"}
		c := flink.NewClient(growing{answering{tt.status}, testLauncher(), g, name}, "http://cluster")
		body := fmt.Sprintf(`{"v":{"parallelism":{"lowerBound":1,"upperBound":%d}}}`, tt.tasks)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://cluster/v1/jobs/x/resource-requirements", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Transport().RoundTrip(r)
		if err != nil || answer.StatusCode != tt.status {
			t.Errorf("%d tasks: %v, %v", tt.tasks, answer, err)
			continue
		}
		answer.Body.Close()
		if patched != tt.want {
			t.Errorf("for %d tasks, answered with %d, the API server was asked for %q, want %q", tt.tasks, tt.status, patched, tt.want)
		}
		api.Close()
	}
}
