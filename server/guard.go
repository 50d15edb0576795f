package server

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/server/audit"
	"github.com/weir-streams/weir/server/wire"
)

// guard is everything that happens to a request before a handler sees it.
func (s *Server) guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.recover(w, r)
		// Another site's page can make its own name resolve to 127.0.0.1 and
		// would then be of our origin: only our own names are answered.
		if !s.allowedHost(r.Host) {
			wire.Deny(w, r, http.StatusForbidden, fmt.Sprintf(
				"host %q is not a name of this server; use its address or add the name to the allowed hosts", r.Host))
			return
		}
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			wire.Fail(w, r, &wire.Error{
				Status: http.StatusBadRequest, Reason: "Invalid",
				Message: fmt.Sprintf("the query of the URL cannot be read: %v; write such characters as %%XX", err),
			})
			return
		}
		if err := crossOrigin.Check(r); err != nil {
			wire.Deny(w, r, http.StatusForbidden, "a page of another site may not change anything here: "+err.Error())
			return
		}
		subject, ok := s.identify(w, r)
		if !ok {
			return
		}
		r = r.WithContext(auth.With(r.Context(), subject))
		audit.From(r.Context()).By(actor(r, subject))
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		next.ServeHTTP(w, r)
	})
}

func (s *Server) recover(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause) // the server's own way to drop a connection
	}
	s.config.Log.ErrorContext(r.Context(), "request panicked", "method", r.Method, "path", r.URL.Path, "cause", cause, "stack", string(debug.Stack()))
	wire.Fail(w, r, &wire.Error{
		Status: http.StatusInternalServerError, Reason: "InternalError",
		Message: "a fault in the server; its log has the details",
	})
}

func (s *Server) allowedHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if isLoopback(host) || net.ParseIP(strings.Trim(host, "[]")) != nil {
		return true
	}
	return slices.ContainsFunc(s.config.AllowedHosts, func(allowed string) bool {
		return allowed == "*" || strings.EqualFold(allowed, host)
	})
}

// author is who a change is recorded as made by: the authenticated user, else
// whoever the client says. Without authentication that is a note, not proof,
// and nobody may sign as the platform itself.
func author(r *http.Request) string {
	if s := auth.From(r.Context()); !s.Unrestricted && s.Name != "" {
		return s.Name
	}
	name := strings.TrimSpace(r.Header.Get("X-Weir-Author"))
	if len(name) > 100 || strings.EqualFold(name, "weir") {
		return ""
	}
	for _, c := range name {
		if c < ' ' || c == 0x7f {
			return ""
		}
	}
	return name
}

// actor is who the audit log says a request is from. Without authentication
// that is who the client says it is.
func actor(r *http.Request, s auth.Subject) string {
	if !s.Unrestricted {
		return s.Name
	}
	if name := author(r); name != "" {
		return "user:" + name
	}
	return "anonymous"
}

// notFoundIn answers what the mux does not know in the shape of the API.
func notFoundIn(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &statusProbe{header: http.Header{}}
		mux.ServeHTTP(probe, r)
		if probe.status >= 300 && probe.status < 400 { // a missing slash, a path with dots
			mux.ServeHTTP(w, r)
			return
		}
		if allow := probe.header.Get("Allow"); probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", allow)
			wire.Fail(w, r, &wire.Error{
				Status: probe.status, Reason: "MethodNotAllowed",
				Message: fmt.Sprintf("%s is not possible on %s; it takes %s", r.Method, r.URL.Path, allow),
			})
			return
		}
		wire.Fail(w, r, &wire.Error{
			Status: http.StatusNotFound, Reason: "NotFound",
			Message: fmt.Sprintf("there is nothing at %s; /swagger lists what there is", r.URL.Path),
		})
	})
}

// statusProbe learns what the mux would answer.
type statusProbe struct {
	header http.Header
	status int
}

func (p *statusProbe) Header() http.Header         { return p.header }
func (p *statusProbe) Write(b []byte) (int, error) { return len(b), nil }
func (p *statusProbe) WriteHeader(status int)      { p.status = status }
