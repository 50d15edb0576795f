package flink_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-streams/weir/flink"
)

func answering(status int, body string) *flink.Client {
	return flink.NewClient(flink.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})), "http://cluster")
}

func TestAnswersThatSayNo(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
		notFound   bool
	}{
		{"a stack trace", `{"errors":["org.apache.flink.runtime.rest.NotFoundException: Job 00 not found\n\tat x.Y(Z.java:1)"]}`, 404, "NotFoundException: Job 00 not found (status 404)", true},
		{"an inner cause", `{"errors":["a.B: outer\n\tat x\nCaused by: c.D: inner\n\tat y"]}`, 500, "D: inner (status 500)", false},
		{"Flink's two strings", `{"errors":["Internal server error.","<Exception on server side:\na.B: why\n\tat x"]}`, 500, "B: why (status 500)", false},
		{"errors with status 200", `{"errors":["no"]}`, 200, "no (status 200)", false},
		{"no JSON", `<html>bad gateway</html>`, 502, "<html>bad gateway</html> (status 502)", false},
		{"nothing", ``, 503, "status 503 Service Unavailable", false},
		{"no JSON with status 200", `hello`, 200, "read answer", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := answering(tt.status, tt.body).JobStatus(context.Background(), "00")
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "GET /jobs/00/status") {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if flink.IsNotFound(err) != tt.notFound {
				t.Errorf("IsNotFound is %t", flink.IsNotFound(err))
			}
		})
	}
}

func TestAnswersAreBounded(t *testing.T) {
	_, err := answering(200, `{"status":"`+strings.Repeat("x", 33<<20)+`"}`).JobStatus(context.Background(), "00")
	if err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("error %v", err)
	}
}

func TestAClusterMustTakeOurTrigger(t *testing.T) {
	err := answering(202, `{"request-id":"other"}`).TriggerSavepoint(context.Background(), "00", flink.SavepointRequest{TriggerID: "mine"})
	if err == nil || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("error %v", err)
	}
}

func TestCause(t *testing.T) {
	for trace, want := range map[string]string{
		"java.lang.ArithmeticException: / by zero\n\tat x.Y":            "ArithmeticException: / by zero",
		"java.lang.NullPointerException\n\tat x.Y":                      "NullPointerException",
		"a.b.C: x\nCaused by: d.E: y\n\tat z\nCaused by: f.G: the last": "G: the last",
		"a.B$C: inner": "B$C: inner",
		"line 3, column 5: column \"x\" not found": "line 3, column 5: column \"x\" not found",
		"orders.sql: no such file":                 "orders.sql: no such file",
		"open /a/B: no":                            "open /a/B: no",
		"":                                         "",
	} {
		if got := flink.Cause(trace); got != want {
			t.Errorf("%q: %q, want %q", trace, got, want)
		}
	}
}

func TestSavepointStatus(t *testing.T) {
	for body, want := range map[string]flink.SavepointResult{
		`{"status":{"id":"IN_PROGRESS"},"operation":null}`:                                                   {State: flink.InProgress},
		`{"status":{"id":"COMPLETED"},"operation":{"location":"file:/a"}}`:                                   {State: flink.Completed, Location: "file:/a"},
		`{"status":{"id":"COMPLETED"},"operation":{"failure-cause":{"class":"a.B","stack-trace":"a.B: c"}}}`: {State: flink.Failed, Failure: "a.B: c"},
		`{"status":{"id":"COMPLETED"},"operation":null}`:                                                     {State: flink.Failed, Failure: "the cluster says completed but names no location"},
	} {
		got, err := answering(200, body).SavepointStatus(context.Background(), "00", "01")
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

func TestLostConnection(t *testing.T) {
	c := flink.NewClient(flink.InProcess(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	})), "http://cluster")
	var answered *flink.Error
	if err := c.Cancel(context.Background(), "00"); err == nil || errors.As(err, &answered) {
		t.Errorf("error %v", err)
	}
}

func TestNumbers(t *testing.T) {
	var got struct {
		A, B, C, D flink.Number
		T          flink.Millis
	}
	if err := json.Unmarshal([]byte(`{"A":1.5,"B":"NaN","C":null,"D":"-Infinity","T":"12.0"}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.A != 1.5 || !math.IsNaN(float64(got.B)) || got.C != 0 || !math.IsInf(float64(got.D), -1) || got.T != 12 {
		t.Errorf("read %+v", got)
	}
	if b, err := json.Marshal(got.B); err != nil || string(b) != `"NaN"` {
		t.Errorf("wrote %s, %v", b, err)
	}
}

func TestLocations(t *testing.T) {
	for _, same := range [][]string{
		{"file:///a/b", "file:/a/b", "/a/b", "/a/b/", "file:///a/b/", "file://localhost/a/b", " /a/b"},
		{"s3://bucket/a", "s3://bucket/a/"},
		{"/", "file:///", "file:/"},
	} {
		for _, s := range same {
			if !flink.SameLocation(same[0], s) {
				t.Errorf("%q and %q differ: %q, %q", same[0], s, flink.NormalLocation(same[0]), flink.NormalLocation(s))
			}
		}
	}
	for _, pair := range [][2]string{{"file:///a/b", "file:///a/bc"}, {"s3://a", "/a"}, {"", "/"}} {
		if flink.SameLocation(pair[0], pair[1]) {
			t.Errorf("%q and %q are the same", pair[0], pair[1])
		}
	}
}
