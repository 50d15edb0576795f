package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
)

func TestNamedResourcesKeepTheirShape(t *testing.T) {
	var sent string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = r.Method + " " + r.URL.Path + " " + string(body)
		one := `{"name":"namespaces/n/sqlscripts/q","displayName":"Q","script":"SELECT 1","createTime":"2026-01-02T03:04:05Z"}`
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/sqlscripts") {
			_, _ = fmt.Fprintf(w, `{"sqlScripts":[%s]}`, one)
			return
		}
		_, _ = fmt.Fprintf(w, `{"sqlScript":%s}`, one)
	})
	all, err := c.SQLScripts("n").List(t.Context())
	if err != nil || len(all) != 1 || all[0].Metadata.Name != "q" || all[0].Metadata.Namespace != "n" || all[0].Spec.Script != "SELECT 1" || all[0].Metadata.CreatedAt.IsZero() {
		t.Fatalf("%+v, %v", all, err)
	}
	if _, err := c.SQLScripts("n").Put(t.Context(), "q", all[0]); err != nil {
		t.Error(err)
	}
	if want := `PUT /sql/v1beta1/namespaces/n/sqlscripts/q {"displayName":"Q","name":"namespaces/n/sqlscripts/q","script":"SELECT 1"}`; sent != want {
		t.Errorf("sent %s", sent)
	}
	if _, err := c.Connectors("n").Get(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "has no connector") {
		t.Errorf("an answer of another shape: %v", err)
	}
}

func TestAuditIsReadInWindows(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RawQuery {
		case "actor=user%3Aann":
			_, _ = fmt.Fprint(w, `{"metadata":{"next":"2"},"items":[{"sequence":1},{"sequence":2}]}`)
		case "actor=user%3Aann&after=2":
			_, _ = fmt.Fprint(w, `{"metadata":{},"items":[{"sequence":3}]}`)
		default:
			t.Errorf("asked for %s", r.URL)
		}
	})
	var seen []int64
	err := c.Audit(t.Context(), resource.AuditFilter{Actor: "user:ann"}, func(e resource.AuditEntry) error {
		seen = append(seen, e.Sequence)
		return nil
	})
	if err != nil || fmt.Sprint(seen) != "[1 2 3]" {
		t.Errorf("%v, %v", seen, err)
	}
	enough := errors.New("enough")
	if err := c.Audit(t.Context(), resource.AuditFilter{Actor: "user:ann"}, func(resource.AuditEntry) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
}

func TestUploadStreams(t *testing.T) {
	refuse := false
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if refuse {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = fmt.Fprint(w, `{"message":"too large"}`)
			return
		}
		f, h, err := r.FormFile("file")
		if err != nil { // of the broken upload, if as much as its head arrived
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		text, _ := io.ReadAll(f)
		_, _ = fmt.Fprintf(w, `{"artifact":{"filename":%q,"uri":"x/%d"}}`, h.Filename, len(text))
	})
	a, err := c.UploadArtifact(t.Context(), "n", "a.jar", strings.NewReader(strings.Repeat("x", 1<<20)))
	if err != nil || a.Filename != "a.jar" || a.URI != "x/1048576" {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := c.UploadArtifact(t.Context(), "n", "a.jar", brokenReader{}); err == nil {
		t.Error("half a file was taken for a file")
	}
	refuse = true
	if _, err := c.UploadArtifact(t.Context(), "n", "a.jar", strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func TestMetricsOfAJob(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/flink-ui/v1/namespaces/n/jobs/a-b/")
		answer := map[string]string{
			"jobs/ab": `{"state":"RUNNING","duration":5,"vertices":[{"id":"v1","name":"Source: s","parallelism":2,"status":"RUNNING"},{"id":"v2","name":"Sink: t","parallelism":1,"status":"RUNNING"}],
				"plan":{"nodes":[{"id":"v1"},{"id":"v2","inputs":[{"id":"v1"}]}]}}`,
			"jobs/ab/vertices/v1/subtasks/metrics": `[{"id":"numRecordsOutPerSecond","sum":"NaN"},{"id":"numRecordsOut","sum":12.0},{"id":"pendingRecords","sum":3},{"id":"busyTimeMsPerSecond","max":250}]`,
			"jobs/ab/vertices/v2/subtasks/metrics": `[{"id":"currentInputWatermark","min":-9.223372036854776E18},{"id":"currentOutputWatermark","min":1000,"max":9}]`,
			"jobs/ab/checkpoints":                  `{"counts":{"completed":4,"failed":1},"latest":{"completed":{"latest_ack_timestamp":1000,"end_to_end_duration":7,"state_size":9}}}`,
			"jobs/ab/metrics":                      `[{"id":"numRestarts","value":"2"}]`,
			"taskmanagers/metrics":                 `[{"id":"Status.JVM.Memory.Heap.Used","sum":77}]`,
		}[path]
		if answer == "" {
			t.Errorf("asked for %s", path)
		}
		_, _ = fmt.Fprint(w, answer)
	})
	m, err := c.Metrics(t.Context(), "n", "a-b")
	if err != nil || len(m.Vertices) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	source, sink := m.Vertices[0], m.Vertices[1]
	if !source.Source || source.Sink || sink.Source || !sink.Sink || source.RecordsOut != 12 || source.RecordsOutPerSec != 0 || source.Pending != 3 || source.Busy != .25 ||
		sink.Pending != -1 || sink.Watermark.UnixMilli() != 1000 || !source.Watermark.IsZero() {
		t.Errorf("%+v", m.Vertices)
	}
	if m.Restarts != 2 || m.MemoryBytes != 77 || m.Checkpoints.Completed != 4 || m.Checkpoints.LatestAt.UnixMilli() != 1000 {
		t.Errorf("%+v", m)
	}
}
