package rest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

func (a *API) listEvents(w http.ResponseWriter, r *http.Request) error {
	f, err := a.filter(r)
	if err != nil {
		return err
	}
	var items []resource.Event
	// There are no session clusters whose events could be asked for.
	if r.URL.Query().Get("sessionClusterId") == "" {
		if items, err = a.Resources.Events.List(r.Context(), f); err != nil {
			return err
		}
	}
	wire.Write(w, r, http.StatusOK, listOf(resource.KindEvent, items))
	return nil
}

// filter reads the query of a list: deploymentId, jobId, newest. An id that
// is not known gives an empty list, not an error.
func (a *API) filter(r *http.Request) (resource.Filter, error) {
	namespace, err := a.namespace(r)
	if err != nil {
		return resource.Filter{}, err
	}
	query := r.URL.Query()
	f := resource.Filter{
		Namespace:    namespace,
		DeploymentID: strings.ToLower(query.Get("deploymentId")),
		JobID:        strings.ToLower(query.Get("jobId")),
	}
	if text := query.Get("newest"); text != "" {
		if f.Newest, err = strconv.Atoi(text); err != nil || f.Newest < 1 {
			return f, resource.Invalidf("newest", "must be a number of at least 1, got %q", text)
		}
	}
	return f, nil
}
