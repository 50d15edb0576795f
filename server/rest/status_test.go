package rest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
)

func TestStatusAndHealth(t *testing.T) {
	w := start(t)
	id := w.call("POST", inDefault+"/deployments", sqlBody("orders", ""), 201).text("metadata/id")
	w.running(id)
	if err := w.db.Usage().Record(t.Context(), time.Now(), map[string]float64{"a": 1.5, "b": 2}); err != nil {
		t.Fatal(err)
	}
	w.call("GET", "/api/v1/status", "", 200).want("health/status", "UP", "resourceUsage/deployments", "1", "resourceUsage/jobs", "1",
		"resourceUsage/namespaces", "1", "resourceUsage/sessionClusters", "0", "components/0/name", "appmanager", "components/1/status", "UP", "version/platform", "test")
	w.call("GET", "/api/v1/status", "", 200, "Accept", "application/yaml").want("kind", "Status")
	w.call("GET", "/actuator/health", "", 200).want("status", "UP")
	w.call("GET", "/api/v1/status/system-info", "", 200).want("status/resourceQuota/spec/type", "UNLIMITED", "status/resourceQuota/status/used/cpu", "3.5")
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	w.call("GET", "/actuator/health", "", 503).want("status", "DOWN")
	w.call("GET", "/api/v1/status", "", 503).want("statusCode", "503")
}

func TestUsageReport(t *testing.T) {
	w := start(t)
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, r := range []struct {
		at   string
		used map[string]float64
	}{
		{"2026-01-01T22:00:00Z", map[string]float64{"b": 1, "a": 2}},
		{"2026-01-02T10:30:20Z", map[string]float64{"a": 2.5}},
		{"2026-01-02T11:00:00Z", map[string]float64{"b": 0}},
		{"2026-01-03T09:00:00Z", map[string]float64{"a": 7}},
	} {
		if err := w.db.Usage().Record(t.Context(), at(r.at), r.used); err != nil {
			t.Fatal(err)
		}
	}
	const path = "/api/v1/status/resourceusage"
	got := w.call("GET", path+"?from=2026-01-02&to=2026-01-03", "", 200)
	const want = `# start: 2026-01-02T00:00:00Z
# end: 2026-01-03T00:00:00Z
begin,end,namespace,used
2026-01-02T00:00:00Z,2026-01-02T10:30:00Z,a,2
2026-01-02T00:00:00Z,2026-01-02T11:00:00Z,b,1
2026-01-02T10:30:00Z,2026-01-03T00:00:00Z,a,2.5
2026-01-02T11:00:00Z,2026-01-03T00:00:00Z,b,0
`
	if got.body != want || !strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") {
		t.Errorf("got\n%s\nwant\n%s", got.body, want)
	}
	for query, name := range map[string]string{
		"": "from", "?from=2026-01-02": "to", "?from=2026-01-02T00:00:00Z&to=2026-01-03": "from", "?from=2026-01-02&to=2026-01-02": "to",
	} {
		w.call("GET", path+query, "", 400).want("errors/0/attribute", name)
	}
	w.call("DELETE", path+"?to=2026-01-03", "", 204)
	w.call("DELETE", path, "", 400)
	if got := w.call("GET", path+"?from=2026-01-01&to=2026-01-02", "", 200).body; strings.Count(got, "\n") != 3 {
		t.Errorf("still there: %s", got)
	}
}

func TestEventsAreChosen(t *testing.T) {
	w := start(t)
	var middle resource.Time
	for i := range 6 {
		e := resource.Event{Spec: resource.EventSpec{Message: fmt.Sprint("event ", i)}}
		e.Metadata = resource.Metadata{Namespace: "default", Name: []string{"EXTERNAL", "GENERAL_FAILURE"}[i%2], DeploymentID: "d1"}
		if i == 5 {
			e.Metadata.DeploymentID, e.Metadata.SessionClusterID = "", "5e551035-c105-4e12-a001-000000000001"
		}
		e, err := w.db.Events().Create(t.Context(), "weir", e)
		if err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			middle = e.Metadata.CreatedAt
		}
		time.Sleep(time.Millisecond) // so that times differ
	}
	from := middle.Format(time.RFC3339Nano)
	for _, tt := range []struct{ query, want string }{
		{"", "0 1 2 3 4 5"},
		{"deploymentId=d1", "0 1 2 3 4"},
		{"sessionClusterId=5E551035-c105-4e12-a001-000000000001", "5"},
		{"sessionClusterId=none", ""},
		{"name=general_failure", "1 3 5"},
		{"name=EXTERNAL,GENERAL_FAILURE&newest=1", "5"},
		{"name=NOTHING", ""},
		{"from=" + from, "2 3 4 5"},
		{"to=" + from, "0 1"},
		{"from=" + from + "&limit=2", "2 3"},
		{"newest=2", "4 5"},
		{"deploymentId=d1&name=EXTERNAL&newest=2", "2 4"},
	} {
		r := w.call("GET", inDefault+"/events?"+tt.query, "", 200)
		var got []string
		for i := range r.get("items").([]any) {
			got = append(got, strings.TrimPrefix(r.text(fmt.Sprintf("items/%d/spec/message", i)), "event "))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.query, got, tt.want)
		}
	}
	for _, query := range []string{"limit=0", "newest=x", "from=then", "to=2026-13-01"} {
		name, _, _ := strings.Cut(query, "=")
		w.call("GET", inDefault+"/events?"+query, "", 400).want("errors/0/attribute", name)
	}
}
