// Package route is what the families of the API have in common: a table of
// routes, each with the right it needs, and how a table is put on a mux.
//
// A route without a right is refused to everybody but those whom nothing is
// refused to, so that one forgotten in a table is closed, not open.
package route

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/server/wire"
)

// maxDuration bounds a request that does not stream.
const maxDuration = 30 * time.Second

// Route is one operation of the API. Paths are those of api/openapi.yaml; the
// last segment may end in a verb: /x/{name}:reset, /x/artifacts:list.
type Route struct {
	Method, Path string
	Need         auth.Need
	Streams      bool // has no time limit
	// Shared: the mux would find the path ambiguous beside another one marked
	// so (/a/{x}/c and /a/b/{y}); of those that match, the first is meant.
	Shared bool
	// Handle answers. An error it returns is answered in the shape of the
	// family that the path belongs to; nothing may have been written then.
	Handle func(w http.ResponseWriter, r *http.Request) error
}

// Options are what all routes of a table share.
type Options struct {
	// Authorize refuses what the sender of a request may not do; path values
	// are set. Nil: everybody may do everything.
	Authorize func(r *http.Request, need auth.Need) error
	Log       *slog.Logger
}

// Register puts a table on a mux.
func Register(mux *http.ServeMux, routes []Route, o Options) {
	groups := map[string]*group{}
	var shared []Route
	for _, route := range routes {
		if route.Shared {
			shared = append(shared, route)
			continue
		}
		prefix, segment := cutLast(route.Path)
		wildcard, verb, ok := splitWildcard(segment)
		if !ok { // nothing the mux cannot do itself
			mux.Handle(route.Method+" "+route.Path, serve(route, o))
			continue
		}
		// A wildcard of the mux is a whole segment, so one pattern takes a name
		// with any verb after it.
		pattern := route.Method + " " + prefix + "/{" + last + "}"
		if groups[pattern] == nil {
			groups[pattern] = &group{}
		}
		groups[pattern].add(verb, member{wildcard, serve(route, o)})
	}
	for pattern, g := range groups {
		mux.Handle(pattern, g)
	}
	registerShared(mux, shared, o)
}

// last is how a pattern of ours calls its last segment.
const last = "lastSegment"

// group is the routes that differ only in the verb after a name.
type group struct {
	plain *member // without a verb
	verbs map[string]member
}

type member struct {
	wildcard string
	handler  http.Handler
}

func (g *group) add(verb string, m member) {
	if verb == "" {
		g.plain = &m
		return
	}
	if g.verbs == nil {
		g.verbs = map[string]member{}
	}
	g.verbs[verb] = m
}

func (g *group) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	segment := r.PathValue(last)
	if i := strings.LastIndexByte(segment, ':'); i >= 0 {
		if m, ok := g.verbs[segment[i+1:]]; ok {
			r.SetPathValue(m.wildcard, segment[:i])
			m.handler.ServeHTTP(w, r)
			return
		}
	}
	if g.plain != nil {
		r.SetPathValue(g.plain.wildcard, segment)
		g.plain.handler.ServeHTTP(w, r)
		return
	}
	known := make([]string, 0, len(g.verbs))
	for verb := range g.verbs {
		known = append(known, ":"+verb)
	}
	slices.Sort(known)
	wire.Fail(w, r, &wire.Error{
		Status: http.StatusMethodNotAllowed, Reason: "MethodNotAllowed",
		Message: fmt.Sprintf("%s %s: %s wants one of the verbs %s after the name", r.Method, r.URL.Path, r.Method, strings.Join(known, ", ")),
	})
}

func serve(route Route, o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route.Streams {
			// The server's deadline for reading a request would end it; not all
			// writers have one.
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		} else {
			ctx, cancel := context.WithTimeout(r.Context(), maxDuration)
			defer cancel()
			r = r.WithContext(ctx)
		}
		err := answer(route, o, w, r)
		if err == nil {
			return
		}
		if denied := (*auth.DeniedError)(nil); errors.As(err, &denied) {
			wire.Deny(w, r, http.StatusForbidden, denied.Message)
			return
		}
		if status := wire.Fail(w, r, err); status >= http.StatusInternalServerError && r.Context().Err() == nil {
			level := slog.LevelError
			if status == http.StatusBadGateway { // a cluster's doing, and it may be ending
				level = slog.LevelWarn
			}
			o.Log.Log(r.Context(), level, "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		}
	})
}

func answer(route Route, o Options, w http.ResponseWriter, r *http.Request) error {
	if o.Authorize != nil {
		if err := o.Authorize(r, route.Need); err != nil {
			return err
		}
	}
	return route.Handle(w, r)
}

func cutLast(path string) (prefix, segment string) {
	i := strings.LastIndexByte(path, '/')
	return path[:i], path[i+1:]
}

// splitWildcard reads {name} and {name}:verb.
func splitWildcard(segment string) (wildcard, verb string, ok bool) {
	rest, ok := strings.CutPrefix(segment, "{")
	if !ok {
		return "", "", false
	}
	wildcard, verb, ok = strings.Cut(rest, "}")
	if !ok || wildcard == "$" || strings.HasSuffix(wildcard, "...") {
		return "", "", false
	}
	return wildcard, strings.TrimPrefix(verb, ":"), true
}

// Namespace is the namespace in the path of a request; empty when there is
// none. The families call it differently.
func Namespace(r *http.Request) string {
	if name := r.PathValue("namespace"); name != "" {
		return name
	}
	return r.PathValue("ns")
}
