package route

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/server/wire"
)

// registerShared gives routes of the same method and length one pattern, with
// wildcards where they differ, and tells them apart by hand.
func registerShared(mux *http.ServeMux, routes []Route, o Options) {
	groups := map[string][]Route{}
	for _, route := range routes {
		key := fmt.Sprint(route.Method, strings.Count(route.Path, "/"))
		groups[key] = append(groups[key], route)
	}
	for _, group := range groups {
		pattern := strings.Split(group[0].Path, "/")
		for _, route := range group[1:] {
			for i, segment := range strings.Split(route.Path, "/") {
				if pattern[i] != segment {
					pattern[i] = "{" + segmentName(i) + "}"
				}
			}
		}
		handlers := make([]http.Handler, len(group))
		for i, route := range group {
			handlers[i] = serve(route, o)
		}
		mux.HandleFunc(group[0].Method+" "+strings.Join(pattern, "/"), func(w http.ResponseWriter, r *http.Request) {
			for i, route := range group {
				if takes(route, pattern, r) {
					handlers[i].ServeHTTP(w, r)
					return
				}
			}
			wire.Fail(w, r, &wire.Error{
				Status: http.StatusNotFound, Reason: "NotFound",
				Message: fmt.Sprintf("there is nothing at %s; /swagger lists what there is", r.URL.Path),
			})
		})
	}
}

// segmentName is how a shared pattern calls a segment in which routes differ.
func segmentName(i int) string { return "segment" + strconv.Itoa(i) }

// takes tells whether a route of a shared pattern is meant, and then gives it
// the values of its own wildcards.
func takes(route Route, pattern []string, r *http.Request) bool {
	values := map[string]string{}
	for i, segment := range strings.Split(route.Path, "/") {
		if pattern[i] != "{"+segmentName(i)+"}" {
			continue
		}
		got := r.PathValue(segmentName(i))
		if wildcard, _, ok := splitWildcard(segment); ok {
			values[wildcard] = got
		} else if got != segment {
			return false
		}
	}
	for name, value := range values {
		r.SetPathValue(name, value)
	}
	return true
}
