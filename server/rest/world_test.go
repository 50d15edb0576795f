package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server"
	"github.com/weir-streams/weir/server/platform"
	"github.com/weir-streams/weir/server/rest"
	"github.com/weir-streams/weir/server/wire"
	"github.com/weir-streams/weir/store"
	"github.com/weir-streams/weir/test/postgres"
)

func TestMain(m *testing.M) { os.Exit(postgres.Main(m)) }

const inDefault = "/api/v1/namespaces/default"

// world is a server over a real store, whose requests need no network.
type world struct {
	t      testing.TB
	db     *store.DB
	server *server.Server
}

func start(t testing.TB, options ...func(*server.Config)) *world {
	t.Helper()
	return startOn(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"), options...)
}

// startOn starts a server on a store, which may have others.
func startOn(t testing.TB, url string, options ...func(*server.Config)) *world {
	t.Helper()
	db, err := store.Open(context.Background(), url)
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
			Namespaces: db.Namespaces(), Targets: db.Targets(), Defaults: db.Defaults(), SessionClusters: db.SessionClusters(), APITokens: db.APITokens(), Deployments: db.Deployments(), AutopilotPolicies: db.AutopilotPolicies(),
		},
		NewNamespace: furnish,
	}}
	for _, option := range options {
		option(&c)
	}
	srv, err := server.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("store: %v", err)
		}
	})
	w := &world{t: t, db: db, server: srv}
	if r := w.send("POST", "/namespaces/v1/namespaces", `{"name":"namespaces/default"}`); r.status != 201 && r.status != 409 && r.status != 401 {
		t.Fatalf("namespace: %d %s", r.status, r.body)
	}
	return w
}

func furnish(string) ([]resource.DeploymentTarget, resource.DeploymentDefaults) {
	target := resource.DeploymentTarget{Spec: resource.DeploymentTargetSpec{Launcher: "process"}}
	target.Metadata.Name = "local"
	var defaults resource.DeploymentDefaults
	defaults.Spec.DeploymentTargetName = "local"
	return []resource.DeploymentTarget{target}, defaults
}

type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// send sends a request with JSON, or YAML when the body does not begin as
// JSON. Headers follow as name, value.
func (w *world) send(method, path, body string, headers ...string) reply {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
		if !strings.HasPrefix(body, "{") && !strings.HasPrefix(body, "[") {
			r.Header.Set("Content-Type", "application/yaml")
		}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	w.server.ServeHTTP(out, r)
	text, err := io.ReadAll(out.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{w.t, out.Code, out.Header(), string(text)}
}

// call is send for an answer whose status is known.
func (w *world) call(method, path, body string, want int, headers ...string) reply {
	w.t.Helper()
	r := w.send(method, path, body, headers...)
	if r.status != want {
		w.t.Fatalf("%s %s: status %d, want %d\n%s", method, path, r.status, want, r.body)
	}
	return r
}

// get finds a value by a path such as items/0/metadata/name; absent is nil.
func (r reply) get(path string) any {
	r.t.Helper()
	text := []byte(r.body)
	if strings.Contains(r.header.Get("Content-Type"), "yaml") {
		var err error
		if text, err = wire.YAMLToJSON(text); err != nil {
			r.t.Fatalf("%v in %s", err, r.body)
		}
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		r.t.Fatalf("%v in %s", err, r.body)
	}
	for step := range strings.SplitSeq(path, "/") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
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

// want checks values: path, value, path, value. "" is absent.
func (r reply) want(pairs ...string) reply {
	r.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if got := r.text(pairs[i]); got != pairs[i+1] {
			r.t.Errorf("%s is %q, want %q in\n%s", pairs[i], got, pairs[i+1], r.body)
		}
	}
	return r
}

// count checks how many items a list has.
func (r reply) count(want int) reply {
	r.t.Helper()
	items, ok := r.get("items").([]any)
	if !ok || len(items) != want {
		r.t.Errorf("%d items, want %d: %s", len(items), want, r.body)
	}
	return r
}

// hides checks that an answer says nothing of a text.
func (r reply) hides(texts ...string) reply {
	r.t.Helper()
	for _, text := range texts {
		if strings.Contains(r.body, text) || strings.Contains(fmt.Sprint(r.header), text) {
			r.t.Errorf("the answer shows %q:\n%s", text, r.body)
		}
	}
	return r
}

// sqlBody is a deployment; the more is JSON of template.spec after a comma.
func sqlBody(name, more string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q},"spec":{"template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"INSERT INTO t SELECT 1"}%s}}}}`, name, more)
}
