package flink

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestRescale changes what the stages are to have that have the most, but for
// those that cannot run in parallel.
func TestRescale(t *testing.T) {
	const id = "8ff098007297c8814c7538f4566ad770"
	var now, told string
	c := NewClient(InProcess(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut:
			b, _ := io.ReadAll(r.Body) // from memory
			told = string(b)
		case strings.HasSuffix(r.URL.Path, "/resource-requirements"):
			_, _ = io.WriteString(w, now)
		default:
			_, _ = io.WriteString(w, `{"vertices":[{"id":"a","maxParallelism":128},{"id":"b","maxParallelism":128},{"id":"c","maxParallelism":1}]}`)
		}
	})), "http://flink")
	bounds := func(a, b, c string) string {
		return `{"a":{"parallelism":` + a + `},"b":{"parallelism":` + b + `},"c":{"parallelism":` + c + `}}`
	}
	const one, two, three, most = `{"lowerBound":1,"upperBound":1}`, `{"lowerBound":1,"upperBound":2}`, `{"lowerBound":1,"upperBound":3}`, `{"lowerBound":1,"upperBound":128}`
	for _, tt := range []struct {
		now, want string
		to        int
	}{
		{bounds(two, two, one), bounds(three, three, one), 3},
		{bounds(two, one, one), bounds(three, one, one), 3}, // as the program says
		{bounds(one, one, one), bounds(three, three, one), 3},
		{bounds(three, three, one), bounds(one, one, one), 1},
		{bounds(two, two, one), bounds(most, most, one), 128},
	} {
		now = tt.now
		if err := c.Rescale(t.Context(), id, tt.to); err != nil {
			t.Fatal(err)
		}
		var got, want Requirements
		if json.Unmarshal([]byte(told), &got) != nil || json.Unmarshal([]byte(tt.want), &want) != nil || len(got) != 3 || got["a"] != want["a"] || got["b"] != want["b"] || got["c"] != want["c"] {
			t.Errorf("%s to %d: told %s", tt.now, tt.to, told)
		}
	}
	told = ""
	if err := c.Rescale(t.Context(), id, 129); err == nil || told != "" || !strings.Contains(err.Error(), "128 tasks at most") {
		t.Errorf("%v, told %q", err, told)
	}
}
