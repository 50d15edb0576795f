package route

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weir-streams/weir/auth"
)

func TestPathsAndVerbs(t *testing.T) {
	var routes []Route
	for _, at := range []string{
		"GET /x/v1/{ns}/things", "POST /x/v1/{ns}/things", "GET /x/v1/{ns}/things/{thing}", "GET /x/v1/{ns}/things/{name}:tables",
		"POST /x/v1/{ns}/things/{name}:reset", "POST /x/v1/{ns}/things/{name}:fork", "GET /x/v1/{ns}/files:list", "GET /x/v1/{ns}/files/{path...}",
	} {
		method, path, _ := strings.Cut(at, " ")
		routes = append(routes, Route{Method: method, Path: path, Need: auth.Need{Verb: auth.Read, Kind: auth.Jobs}, Handle: func(w http.ResponseWriter, r *http.Request) error {
			_, err := fmt.Fprint(w, at, " ", Namespace(r), " ", r.PathValue("thing"), r.PathValue("name"), r.PathValue("path"))
			return err
		}})
	}
	mux := http.NewServeMux()
	Register(mux, routes, Options{Log: slog.New(slog.DiscardHandler)})
	for request, want := range map[string]string{
		"GET /x/v1/n/things":            "GET /x/v1/{ns}/things n ",
		"POST /x/v1/n/things":           "POST /x/v1/{ns}/things n ",
		"GET /x/v1/n/things/a":          "GET /x/v1/{ns}/things/{thing} n a",
		"GET /x/v1/n/things/a:b":        "GET /x/v1/{ns}/things/{thing} n a:b", // no verb of ours
		"GET /x/v1/n/things/a:tables":   "GET /x/v1/{ns}/things/{name}:tables n a",
		"GET /x/v1/n/things/a%3Atables": "GET /x/v1/{ns}/things/{name}:tables n a",
		"POST /x/v1/n/things/a:b:reset": "POST /x/v1/{ns}/things/{name}:reset n a:b",
		"GET /x/v1/n/files:list":        "GET /x/v1/{ns}/files:list n ",
		"GET /x/v1/n/files%3alist":      "GET /x/v1/{ns}/files:list n ",
		"GET /x/v1/n/files/a/b":         "GET /x/v1/{ns}/files/{path...} n a/b",
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if got := w.Body.String(); got != want {
			t.Errorf("%s: %d %q, want %q", request, w.Code, got, want)
		}
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("POST", "/x/v1/n/things/a", nil))
	if w.Code != 405 || !strings.Contains(w.Body.String(), ":fork, :reset") {
		t.Errorf("no verb: %d %s", w.Code, w.Body)
	}
}

func TestRightsAreAskedForFirst(t *testing.T) {
	mux := http.NewServeMux()
	Register(mux, []Route{{
		Method: "GET", Path: "/x/{ns}/{name}", Need: auth.Need{Verb: auth.Delete, Kind: auth.Jobs},
		Handle: func(http.ResponseWriter, *http.Request) error { return errors.New("it was called") },
	}}, Options{Log: slog.New(slog.DiscardHandler), Authorize: func(r *http.Request, need auth.Need) error {
		return &auth.DeniedError{Message: fmt.Sprint(need.Verb, " ", need.Kind, " in ", Namespace(r))}
	}})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/x/n/a", nil))
	if w.Code != 403 || !strings.Contains(w.Body.String(), `"message":"delete jobs in n"`) || !strings.Contains(w.Body.String(), `"path":"/x/n/a"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
