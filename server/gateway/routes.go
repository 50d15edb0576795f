package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/weir-streams/weir/server/wire"
)

// Route is one operation. Paths are those of api/openapi.yaml.
type Route struct {
	Method, Path string
	handle       func(w http.ResponseWriter, r *http.Request) error
}

// Routes is the table of contents.
func (g *Gateway) Routes() []Route {
	const sql, catalogs = "/sql/v1beta1/namespaces/{ns}", "/catalog/v1beta2/namespaces/{ns}/catalogs"
	return []Route{
		{"GET", sql + "/sqlscripts", g.listScripts},
		{"POST", sql + "/sqlscripts", g.createScript},
		{"GET", sql + "/sqlscripts/{sqlScriptName}", g.getScript},
		{"PUT", sql + "/sqlscripts/{sqlScriptName}", g.putScript},
		{"DELETE", sql + "/sqlscripts/{sqlScriptName}", g.deleteScript},
		{"POST", sql + "/sqlscripts:execute", g.executeStatement},
		{"POST", sql + "/sqlscripts:execute-multi", g.executeStatements},
		{"POST", sql + "/sqlscripts:validate", g.validateStatement},

		{"GET", catalogs, g.listCatalogs},
		{"GET", catalogs + "/{cat}", g.getCatalog},
		{"GET", catalogs + "/{cat}:listDatabases", g.listDatabases},
		{"GET", catalogs + "/{cat}:getDatabase", g.getDatabase},
		{"GET", catalogs + "/{cat}:listTables", g.listTables},
		{"GET", catalogs + "/{cat}:getTable", g.getTable},
		{"GET", catalogs + "/{cat}:listViews", g.listViews},
		{"GET", catalogs + "/{cat}:getView", g.getView},
		{"GET", catalogs + "/{cat}:listFunctions", g.listFunctions},
		{"GET", catalogs + "/{cat}:getFunction", g.getFunction},
	}
}

// Register puts every route on the mux.
func (g *Gateway) Register(mux *http.ServeMux) {
	type slot struct {
		wildcards map[string]string // verb to the name of the last part of the path
		routes    map[string]Route  // verb, or none
	}
	slots := map[string]*slot{} // a wildcard of the mux is a whole segment, so one route takes all verbs of it
	for _, route := range g.Routes() {
		folder, last, ok := lastWildcard(route.Path)
		if !ok {
			mux.Handle(route.Method+" "+route.Path, g.serve(route))
			continue
		}
		name, verb, _ := strings.Cut(last, "}:")
		name = strings.Trim(name, "{}")
		pattern := route.Method + " " + folder + "/{last}"
		if slots[pattern] == nil {
			slots[pattern] = &slot{map[string]string{}, map[string]Route{}}
		}
		slots[pattern].routes[verb], slots[pattern].wildcards[verb] = route, name
	}
	for pattern, s := range slots {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			name, verb := r.PathValue("last"), ""
			if i := strings.LastIndexByte(name, ':'); i >= 0 {
				name, verb = name[:i], name[i+1:]
			}
			route, ok := s.routes[verb]
			if !ok {
				route.handle = unknownVerb(verb, s.routes)
			}
			r.SetPathValue(s.wildcards[verb], name)
			g.serve(route).ServeHTTP(w, r)
		})
	}
}

// lastWildcard cuts a path before its last part, if that is a wildcard.
func lastWildcard(path string) (folder, last string, ok bool) {
	i := strings.LastIndexByte(path, '/')
	return path[:i], path[i+1:], strings.HasPrefix(path[i+1:], "{")
}

func unknownVerb(verb string, known map[string]Route) func(http.ResponseWriter, *http.Request) error {
	var verbs []string
	for v := range known {
		if v != "" {
			verbs = append(verbs, ":"+v)
		}
	}
	slices.Sort(verbs)
	return func(_ http.ResponseWriter, r *http.Request) error {
		if verb == "" {
			return &wire.Error{Status: http.StatusMethodNotAllowed, Reason: "MethodNotAllowed", Message: fmt.Sprintf(
				"%s is not possible on %s; after the name it takes one of %s", r.Method, r.URL.Path, strings.Join(verbs, ", "))}
		}
		hint := ""
		if len(verbs) > 0 {
			hint = "; there are " + strings.Join(verbs, ", ")
		}
		return &wire.Error{Status: http.StatusNotFound, Reason: "NotFound", Message: fmt.Sprintf("there is nothing at %s %s%s", r.Method, r.URL.Path, hint)}
	}
}

func (g *Gateway) serve(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), maxDuration)
		defer cancel()
		r = r.WithContext(ctx)
		err := route.handle(w, r)
		if err == nil {
			return
		}
		if status := wire.Fail(w, r, err); status >= http.StatusInternalServerError && r.Context().Err() == nil {
			g.Log.Log(r.Context(), slog.LevelError, "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		}
	})
}
