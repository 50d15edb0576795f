package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	contract "github.com/weir-streams/weir/api"
	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server"
	"github.com/weir-streams/weir/server/platform"
	"github.com/weir-streams/weir/server/rest"
	"github.com/weir-streams/weir/server/route"
	"github.com/weir-streams/weir/server/wire"
	"github.com/weir-streams/weir/store"
)

const inDefault = "/api/v1/namespaces/default"

// world is a running server over a real store, whose every answer is checked.
type world struct {
	t      *testing.T
	db     *store.DB
	url    string
	router routers.Router
	routes []route.Route
}

type clusters struct{ transport http.RoundTripper }

func (c clusters) Transport(context.Context, resource.Job) (http.RoundTripper, error) {
	return c.transport, nil
}

func start(t *testing.T, options ...func(*server.Config)) *world {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := artifact.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := server.Config{Config: rest.Config{
		Resources: rest.Resources{
			Deployments: db.Deployments(), Targets: db.Targets(), Jobs: db.Jobs(), Savepoints: db.Savepoints(),
			Events: db.Events(), Defaults: db.Defaults(), Namespaces: db.Namespaces(),
			Secrets: db.Secrets(), Sessions: db.SessionClusters(), Catalog: db.CatalogEntries(), Audit: db.Audit(), Usage: db.Usage(), Record: db,
		},
		Build: rest.Build{Version: "test", Commit: "0123456789abcdef"},
		Log:   slog.New(slog.NewTextHandler(t.Output(), nil)),
	}, Platform: platform.Config{
		Resources: platform.Resources{
			Namespaces: db.Namespaces(), Targets: db.Targets(), Defaults: db.Defaults(), SessionClusters: db.SessionClusters(),
			APITokens: db.APITokens(), Deployments: db.Deployments(), AutopilotPolicies: db.AutopilotPolicies(),
		},
		Artifacts:    files,
		NewNamespace: furnish,
	}}
	c.Artifacts = knownFiles{files}
	for _, option := range options {
		option(&c)
	}
	srv, err := server.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := srv.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("server: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("store: %v", err)
		}
	})
	w := &world{t: t, db: db, url: "http://" + ln.Addr().String(), router: router(t), routes: srv.Routes()}
	w.seed()
	return w
}

func furnish(string) ([]resource.DeploymentTarget, resource.DeploymentDefaults) {
	target := resource.DeploymentTarget{Spec: resource.DeploymentTargetSpec{Launcher: "process"}}
	target.Metadata.Name = "local"
	var defaults resource.DeploymentDefaults
	defaults.Spec.DeploymentTargetName = "local"
	return []resource.DeploymentTarget{target}, defaults
}

func document(t *testing.T) *openapi3.T {
	t.Helper()
	d, err := openapi3.NewLoader().LoadFromData(contract.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	// Readers ignore fields they do not know; here an answer with one is a fault.
	no := false
	for _, s := range d.Components.Schemas {
		if s.Value.AdditionalProperties.Has == nil && s.Value.Type.Is("object") {
			s.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
		}
	}
	return d
}

func router(t *testing.T) routers.Router {
	t.Helper()
	r, err := gorillamux.NewRouter(document(t))
	if err != nil {
		t.Fatal(err)
	}
	// Reports begin with comments, which are no records.
	openapi3filter.RegisterBodyDecoder("text/csv", func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		text, err := io.ReadAll(body)
		return string(text), err
	})
	openapi3filter.RegisterBodyDecoder("application/yaml", func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		if text, err = wire.YAMLToJSON(text); err != nil {
			return nil, err
		}
		var v any
		return v, json.Unmarshal(text, &v)
	})
	return r
}

// reply is an answer that kept to the contract.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// call sends a request with JSON, or YAML when the body does not begin with a
// brace, and checks status, request and answer. Headers follow as name, value.
func (w *world) call(method, path, body string, want int, headers ...string) reply {
	w.t.Helper()
	ctx := context.Background()
	r, err := http.NewRequestWithContext(ctx, method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
		if !strings.HasPrefix(body, "{") {
			r.Header.Set("Content-Type", "application/yaml")
		}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if res.StatusCode != want {
		w.t.Fatalf("%s %s: status %d, want %d\n%s", method, path, res.StatusCode, want, text)
	}
	w.check(r, body, res, text)
	return reply{w.t, res.StatusCode, res.Header, text}
}

// check validates an exchange. Requests that were refused need not be valid.
func (w *world) check(r *http.Request, body string, res *http.Response, text []byte) {
	w.t.Helper()
	for _, other := range []string{"/flink-ui/", "/app/", "/swagger", "/api/swagger.json"} {
		if strings.HasPrefix(r.URL.Path, other) || r.URL.Path == "/" {
			return // the cluster's own contract, or none
		}
	}
	if strings.HasPrefix(r.URL.Path, "/auth/") {
		return // for browsers
	}
	if res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden {
		var denied wire.DeniedProblem // the layer in front of the API has a shape of its own
		if json.Unmarshal(text, &denied) == nil && denied.Status == res.StatusCode && denied.Path == r.URL.Path && denied.Timestamp > 0 && denied.Message != "" {
			return
		}
	}
	local := r.Clone(context.Background())
	local.URL.Host, local.URL.Scheme, local.Host = "", "", ""
	local.URL.RawPath = strings.ReplaceAll(local.URL.RawPath, "%3A", ":")
	route, params, err := w.router.FindRoute(local)
	if err != nil {
		if res.StatusCode == 404 || res.StatusCode == 405 {
			return // not in the contract, and answered so
		}
		w.t.Fatalf("%s %s is not in openapi.yaml: %v", r.Method, r.URL.Path, err)
	}
	local.Body = io.NopCloser(strings.NewReader(body))
	in := &openapi3filter.RequestValidationInput{Request: local, PathParams: params, Route: route}
	if res.StatusCode < 400 && local.Header.Get("X-Tolerated") == "" {
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			w.t.Errorf("%s %s: request against the contract: %v", r.Method, r.URL.Path, err)
		}
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: res.StatusCode, Header: res.Header,
		Body: io.NopCloser(bytes.NewReader(text)),
		// A default response counts for every status that is not listed.
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		w.t.Errorf("%s %s: answer %d against the contract: %v\n%s", r.Method, r.URL.Path, res.StatusCode, err, text)
	}
}

// get walks the answer by a dotted path; list items by number.
func (r reply) get(path string) any {
	r.t.Helper()
	text := r.body
	if strings.Contains(r.header.Get("Content-Type"), "yaml") {
		var err error
		if text, err = wire.YAMLToJSON(text); err != nil {
			r.t.Fatal(err)
		}
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		r.t.Fatalf("%v in %s", err, text)
	}
	for part := range strings.SplitSeq(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(x) {
				r.t.Fatalf("no %s in a list of %d (%s)", part, len(x), path)
			}
			v = x[i]
		default:
			r.t.Fatalf("no %s of %s in %s", part, path, r.body)
		}
	}
	return v
}

func (r reply) text(path string) string {
	r.t.Helper()
	v := r.get(path)
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (r reply) want(path, want string) {
	r.t.Helper()
	if got := r.text(path); got != want {
		r.t.Errorf("%s is %q, want %q", path, got, want)
	}
}

// seed makes the first namespace, as the program does when it starts.
func (w *world) seed() {
	ctx := context.Background()
	targets, defaults := furnish("default")
	targets[0].Metadata.Namespace, defaults.Metadata.Namespace = "default", "default"
	n := resource.Namespace{Metadata: resource.Metadata{Name: "default"}, Status: resource.NamespaceStatus{Phase: resource.NamespaceActive}}
	_, err1 := w.db.Targets().Create(ctx, "weir", targets[0])
	_, err2 := w.db.Defaults().Create(ctx, "weir", defaults)
	_, err3 := w.db.Namespaces().Create(ctx, "weir", n)
	if err := errors.Join(err1, err2, err3); err != nil {
		w.t.Fatal(err)
	}
}

// knownFiles tells the API which uploaded files are there.
type knownFiles struct{ artifact.Store }

func (k knownFiles) Exists(ctx context.Context, uri string) (exists, ours bool, err error) {
	return artifact.Exists(ctx, k.Store, uri)
}
