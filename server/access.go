package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/platform"
	"github.com/weir-streams/weir/server/route"
	"github.com/weir-streams/weir/server/wire"
)

// open are the paths that need no identity: the pages one signs in from, the
// API's own documentation, what asks whether the server is up, and files, which
// have tokens of their own.
func open(path string) bool {
	switch path {
	case "/", "/app", "/swagger", "/swagger.json", "/api/swagger.json", "/actuator/health", "/healthz", "/readyz":
		return true
	}
	return strings.HasPrefix(path, FilesPath) || strings.HasPrefix(path, "/app/") || strings.HasPrefix(path, "/auth/") || strings.HasPrefix(path, "/swagger/")
}

// identify finds out who sends a request, and answers it when nobody is
// believed to.
func (s *Server) identify(w http.ResponseWriter, r *http.Request) (auth.Subject, bool) {
	if s.config.Authenticate == nil {
		return auth.Subject{Name: "anonymous", Unrestricted: true}, true
	}
	subject, err := s.config.Authenticate(r)
	switch {
	case err == nil:
		return subject, true
	case wantsPage(r) && s.config.SignIn != nil:
		http.Redirect(w, r, "/auth/login?return="+url.QueryEscape(r.URL.RequestURI()), http.StatusFound)
		return auth.Subject{}, false
	case open(r.URL.Path):
		return auth.Subject{}, true
	}
	status := http.StatusUnauthorized
	if known := (*auth.Error)(nil); errors.As(err, &known) {
		status = known.Status
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	wire.Deny(w, r, status, err.Error())
	return auth.Subject{}, false
}

// wantsPage tells a person who opens the UI from a program, which is to get an
// answer it understands.
func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") &&
		(r.URL.Path == "/" || r.URL.Path == "/app" || strings.HasPrefix(r.URL.Path, "/app/") || strings.HasPrefix(r.URL.Path, "/flink-ui/"))
}

// authorizer decides by the rights that the namespace of the path gives.
func authorizer(namespaces platform.Collection[resource.Namespace]) func(*http.Request, auth.Need) error {
	return func(r *http.Request, need auth.Need) error {
		of := auth.Resource{Kind: need.Kind, Namespace: route.Namespace(r)}
		if of.Namespace != "" {
			bindings, err := bindingsOf(r.Context(), namespaces, of.Namespace)
			if err != nil {
				return err
			}
			of.Bindings = bindings
		}
		return auth.Allow(auth.From(r.Context()), verb(r, need), of)
	}
}

// bindingsOf a namespace that does not exist are none: who may not see a
// namespace is not told whether it is there.
func bindingsOf(ctx context.Context, namespaces platform.Collection[resource.Namespace], name string) ([]resource.RoleBinding, error) {
	n, err := namespaces.GetByName(ctx, "", name)
	if errors.Is(err, resource.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up who may do what in namespace %q: %w", name, err)
	}
	return n.Spec.RoleBindings, nil
}

// verb is what a request asks for; in the Flink UI some pages are more than
// reading.
func verb(r *http.Request, need auth.Need) auth.Verb {
	if path := strings.ToLower(r.PathValue("path")); need.Kind == auth.FlinkUI &&
		(strings.Contains(path, "thread-dump") || strings.Contains(path, "datasets") || strings.HasPrefix(path, "jars")) {
		return auth.Inspect
	}
	return need.Verb
}

// registerSignIn puts what is below /auth/ on the mux.
func registerSignIn(mux *http.ServeMux, signIn http.Handler) {
	mux.HandleFunc("GET /auth/whoami", func(w http.ResponseWriter, r *http.Request) {
		wire.WriteJSON(w, r, http.StatusOK, auth.AccountOf(auth.From(r.Context())))
	})
	if signIn != nil {
		mux.Handle("/auth/", signIn)
	}
}
