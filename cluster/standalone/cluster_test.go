package standalone

import (
	"archive/zip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/distribution"
)

// withJava is a cluster whose Java is a script.
func withJava(t *testing.T, script string, spec cluster.Spec, hide func([]string)) (*Cluster, string) {
	t.Helper()
	dir := t.TempDir()
	jar := filepath.Join(dir, "flink-dist-2.3.0.jar")
	f, err := os.Create(jar)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	content, err := w.Create("config.yaml")
	if err == nil {
		_, err = content.Write([]byte("env: {java: {opts: {all: -Dx=y}}}\n"))
	}
	if err != nil || w.Close() != nil || f.Close() != nil {
		t.Fatal("make the jar", err)
	}
	java := filepath.Join(dir, "java")
	if err := os.WriteFile(java, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	cl, err := New(Config{
		Dir: filepath.Join(dir, "state"), Spec: spec, Home: distribution.Home{Dir: dir, Version: "2.3.0", Gateway: "gateway.jar", Lib: []string{jar}},
		Java: distribution.Java{Path: java}, Log: slog.New(slog.DiscardHandler), Hide: hide,
		Waiting: func(Waiting) http.Handler { return http.NotFoundHandler() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return cl, dir
}

// TestPortsThatAreTaken begins anew at others, TaskManagers included, and not for ever.
func TestPortsThatAreTaken(t *testing.T) {
	c, dir := withJava(t, `case "$*" in
*StandaloneSessionClusterEntrypoint*) grep '"rest.port"' conf/config.yaml >> ../ports; echo "Caused by: java.net.BindException: Address already in use"; exit 1;;
*) exec sleep 1000;;
esac`, cluster.Spec{Ref: cluster.Ref{JobID: "6f1ed002-ab5a-4b3e-9d8c-0000000000b1"}, Artifact: cluster.Artifact{Kind: "SQLSCRIPT"}}, nil)
	err := c.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "port was taken") || !strings.Contains(err.Error(), "BindException") {
		t.Errorf("%v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "ports"))
	ports := strings.Fields(strings.ReplaceAll(string(b), `"rest.port":`, ""))
	slices.Sort(ports)
	if err != nil || len(ports) != startTries || len(slices.Compact(ports)) < 2 {
		t.Errorf("ports %v, %v", ports, err)
	}
}

// TestAJobManagerThatDoesNotStart ends the cluster with its last words.
func TestAJobManagerThatDoesNotStart(t *testing.T) {
	c, _ := withJava(t, `case "$*" in
*StandaloneSessionClusterEntrypoint*) echo "Exception in thread main: no"; exit 7;;
*) exec sleep 1000;;
esac`, cluster.Spec{Ref: cluster.Ref{Session: "6f1ed002-ab5a-4b3e-9d8c-0000000000b2"}}, nil)
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "exited with status 7: Exception in thread main: no") {
		t.Errorf("%v", err)
	}
}

// TestValuesOfBroughtJobsAreHidden hides them before anything can show them.
func TestValuesOfBroughtJobsAreHidden(t *testing.T) {
	var hidden []string
	c, _ := withJava(t, "exec sleep 1000", cluster.Spec{Ref: cluster.Ref{Session: "s1"}}, func(v []string) { hidden = append(hidden, v...) })
	bring := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/weir/v1/jobs/6f1ed002ab5a4b3e9d8c0000000000b3", strings.NewReader(
			`{"Session":"s1","JobID":"6f1ed002-ab5a-4b3e-9d8c-0000000000b3","Artifact":{"Kind":"SQLSCRIPT"},"Hidden":["hunter22"]}`)))
		return w
	}
	if w := bring(); w.Code != http.StatusServiceUnavailable || hidden != nil {
		t.Errorf("before it runs: %d %s, hidden %v", w.Code, w.Body, hidden)
	}
	c.ctx = t.Context()
	if w := bring(); w.Code != http.StatusAccepted || !slices.Equal(hidden, []string{"hunter22"}) {
		t.Errorf("%d %s, hidden %v", w.Code, w.Body, hidden)
	}
}

// TestAJobThatWasTakenAway is not spoken of again, whatever Flink remembers, and
// does not come again; a session cluster does not answer before Flink does.
func TestAJobThatWasTakenAway(t *testing.T) {
	const path = "/jobs/6f1ed002ab5a4b3e9d8c0000000000b4"
	remembers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status":"CANCELED"}`) }))
	defer remembers.Close()
	c, _ := withJava(t, "exec sleep 1000", cluster.Spec{Ref: cluster.Ref{Session: "s1"}}, nil)
	ask := func(method, path, body string) int {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Code
	}
	if got := ask(http.MethodGet, "/jobmanager/config", ""); got != http.StatusBadGateway {
		t.Errorf("before Flink answers: %d", got)
	}
	at, err := url.Parse(remembers.URL)
	if err != nil {
		t.Fatal(err)
	}
	c.ctx, c.client, c.proxy = t.Context(), flink.NewClient(http.DefaultTransport, remembers.URL), httputil.NewSingleHostReverseProxy(at)
	c.setReady(true)
	if got := ask(http.MethodGet, path+"/status", ""); got != http.StatusOK {
		t.Errorf("as long as it is here: %d", got)
	}
	if got := ask(http.MethodDelete, "/weir/v1"+path, ""); got != http.StatusAccepted {
		t.Errorf("take it away: %d", got)
	}
	if got := ask(http.MethodGet, path+"/status", ""); got != http.StatusNotFound {
		t.Errorf("after that: %d", got)
	}
	if got := ask(http.MethodPut, "/weir/v1"+path, `{"Session":"s1","JobID":"6f1ed002-ab5a-4b3e-9d8c-0000000000b4","Artifact":{"Kind":"SQLSCRIPT"}}`); got != http.StatusGone {
		t.Errorf("bring it after that: %d", got)
	}
}
