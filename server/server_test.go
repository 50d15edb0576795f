package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/platform"
	"github.com/weir-streams/weir/server/rest"
)

// nothing is a collection that has nothing; the front door needs no more.
type nothing[T any] struct{ rest.Collection[T] }

func (nothing[T]) List(context.Context, resource.Filter) ([]T, error) { return nil, nil }
func (nothing[T]) GetByName(context.Context, string, string) (T, error) {
	var none T
	return none, resource.ErrNotFound
}

type panics struct{ nothing[resource.Namespace] }

func (panics) GetByName(context.Context, string, string) (resource.Namespace, error) {
	panic("a fault")
}

type silent struct{}

func (silent) Revisions(context.Context, resource.Kind, string) ([]resource.Revision, error) {
	return nil, nil
}

func (silent) Revision(context.Context, resource.Kind, string, int) (resource.Revision, error) {
	return resource.Revision{}, resource.ErrNotFound
}

func (silent) Count(context.Context, resource.Kind) (int, error) { return 0, nil }
func (silent) Ping(context.Context) error                        { return nil }

func (silent) Subscribe(ctx context.Context) <-chan resource.Key {
	c := make(chan resource.Key)
	context.AfterFunc(ctx, func() { close(c) })
	return c
}

func config() Config {
	return Config{Config: rest.Config{
		Resources: rest.Resources{
			Deployments: nothing[resource.Deployment]{}, Targets: nothing[resource.DeploymentTarget]{}, Jobs: nothing[resource.Job]{},
			Savepoints: nothing[resource.Savepoint]{}, Events: nothing[resource.Event]{}, Defaults: nothing[resource.DeploymentDefaults]{},
			Namespaces: nothing[resource.Namespace]{}, Secrets: nothing[resource.SecretValue]{}, Sessions: nothing[resource.SessionCluster]{}, Record: silent{},
		},
		Log: slog.New(slog.DiscardHandler),
	}, Platform: platform.Config{Resources: platform.Resources{
		Namespaces: nothing[resource.Namespace]{}, Targets: nothing[resource.DeploymentTarget]{}, Defaults: nothing[resource.DeploymentDefaults]{},
		SessionClusters: nothing[resource.SessionCluster]{}, APITokens: nothing[resource.APIToken]{}, Deployments: nothing[resource.Deployment]{}, AutopilotPolicies: nothing[resource.AutopilotPolicy]{},
	}}}
}

func newServer(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(s *Server, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestListensOnLoopbackOnly(t *testing.T) {
	open := newServer(t, config())
	c := config()
	c.Authenticate = func(*http.Request) (auth.Subject, error) { return auth.Subject{Name: "user:ann"}, nil }
	guarded := newServer(t, c)
	for _, tt := range []struct {
		server  *Server
		address string
		wantErr string
	}{
		{open, "127.0.0.1:0", ""},
		{open, "localhost:0", ""},
		{open, "0.0.0.0:0", "refusing"},
		{open, ":0", "every interface"},
		{open, "192.0.2.1:0", "refusing"},
		{open, "8080", "HOST:PORT"},
		{guarded, "0.0.0.0:0", ""},
	} {
		ln, err := tt.server.Listen(t.Context(), tt.address)
		if err == nil {
			ln.Close()
		}
		if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
			t.Errorf("%s: %v, want %q", tt.address, err, tt.wantErr)
		}
	}
	ln, err := open.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if _, err := open.Listen(t.Context(), ln.Addr().String()); err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("a port in use: %v", err)
	}
}

func TestAuthentication(t *testing.T) {
	c := config()
	c.Authenticate = func(r *http.Request) (auth.Subject, error) {
		if r.Header.Get("Authorization") != "Bearer good" {
			return auth.Subject{}, errors.New("no valid token")
		}
		return auth.Subject{Name: "user:ann"}, nil
	}
	s := newServer(t, c)
	if w := get(s, "GET", "/api/v1/status"); w.Code != 401 || !strings.Contains(w.Body.String(), `"path":"/api/v1/status"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(s, "GET", "/api/v1/status", "Authorization", "Bearer good"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestPanicsBecomeAnswers(t *testing.T) {
	c := config()
	c.Resources.Namespaces = panics{}
	w := get(newServer(t, c), "GET", "/api/v1/namespaces/default/deployments")
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"statusCode":500`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestUI(t *testing.T) {
	c := config()
	c.UI = fstest.MapFS{
		"index.html":      {Data: []byte("<title>weir</title>")},
		"assets/app.1.js": {Data: []byte("run()")},
		"assets/big.1.js": {Data: bytes.Repeat([]byte("run();"), 10_000)},
	}
	s := newServer(t, c)
	for _, tt := range []struct{ path, body, cache string }{
		{"/app/", "<title>weir</title>", "no-cache"},
		{"/app/namespaces/default/deployments", "<title>weir</title>", "no-cache"},
		{"/app/assets/app.1.js", "run()", "public, max-age=31536000, immutable"},
		{"/app/assets/", "<title>weir</title>", "no-cache"},
	} {
		w := get(s, "GET", tt.path)
		if w.Code != 200 || w.Body.String() != tt.body || w.Header().Get("Cache-Control") != tt.cache {
			t.Errorf("%s: %d %q %q", tt.path, w.Code, w.Body, w.Header().Get("Cache-Control"))
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: no policy", tt.path)
		}
	}
	w := get(s, "GET", "/app/assets/big.1.js", "Accept-Encoding", "gzip")
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 5000 {
		t.Errorf("what is big is not compressed: %q, %d bytes", w.Header().Get("Content-Encoding"), w.Body.Len())
	}
}

func TestAuthorsCannotBeThePlatform(t *testing.T) {
	for name, want := range map[string]string{"ann": "ann", "": "", "weir": "", " Weir ": "", "a\nb": "", strings.Repeat("x", 101): ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["X-Weir-Author"] = []string{name}
		if got := author(r); got != want {
			t.Errorf("author(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestShutdownEndsStreamsAndWaitsForRequests(t *testing.T) {
	c := config()
	c.Resources.Namespaces = one{}
	s := newServer(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	ln, err := s.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Run(ctx, ln) }()
	res, err := http.DefaultTransport.RoundTrip(httptestRequest(t, "http://"+ln.Addr().String()+"/api/v1/namespaces/default/changes"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Errorf("the stream did not end cleanly: %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

type one struct{ nothing[resource.Namespace] }

func (one) GetByName(context.Context, string, string) (resource.Namespace, error) {
	return resource.Namespace{Status: resource.NamespaceStatus{Phase: "ACTIVE"}}, nil
}

func httptestRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIncompleteConfiguration(t *testing.T) {
	c := config()
	c.Resources.Jobs = nil
	if _, err := New(c); err == nil {
		t.Error("a server without jobs was made")
	}
}
