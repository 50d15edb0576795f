package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// listEvents gives events oldest first. Besides the ids that Ververica Platform
// knows it takes name, from, to, and either limit (the oldest) or newest.
func (a *API) listEvents(w http.ResponseWriter, r *http.Request) error {
	f, err := a.filter(r)
	if err != nil {
		return err
	}
	chosen, err := chooseEvents(r)
	if err != nil {
		return err
	}
	f.SessionClusterID = strings.ToLower(r.URL.Query().Get("sessionClusterId"))
	newest := f.Newest
	if chosen.some {
		f.Newest = 0 // of those chosen
	}
	items, err := a.Resources.Events.List(r.Context(), f)
	if err != nil {
		return err
	}
	if chosen.some {
		items = slices.DeleteFunc(items, func(e resource.Event) bool { return !chosen.has(e) })
	}
	if chosen.limit > 0 && len(items) > chosen.limit {
		items = items[:chosen.limit]
	}
	if newest > 0 && len(items) > newest {
		items = items[len(items)-newest:]
	}
	wire.Write(w, r, http.StatusOK, listOf(resource.KindEvent, items))
	return nil
}

// eventChoice is what of the query the store has no index for.
type eventChoice struct {
	names    []string
	from, to resource.Time
	limit    int  // the oldest; 0: all
	some     bool // not simply all
}

func chooseEvents(r *http.Request) (c eventChoice, err error) {
	for _, text := range r.URL.Query()["name"] {
		for name := range strings.SplitSeq(text, ",") {
			if name = strings.ToUpper(strings.TrimSpace(name)); name != "" {
				c.names = append(c.names, name)
			}
		}
	}
	if c.from, err = instant(r, "from"); err != nil {
		return c, err
	}
	if c.to, err = instant(r, "to"); err != nil {
		return c, err
	}
	if c.limit, err = positive(r, "limit", 0); err != nil {
		return c, err
	}
	c.some = len(c.names) > 0 || !c.from.IsZero() || !c.to.IsZero() || c.limit > 0
	return c, nil
}

func (c eventChoice) has(e resource.Event) bool {
	at := e.Metadata.CreatedAt
	return (len(c.names) == 0 || slices.Contains(c.names, e.Metadata.Name)) &&
		(c.from.IsZero() || !at.Before(c.from.Time)) && (c.to.IsZero() || at.Before(c.to.Time))
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
	f.Newest, err = positive(r, "newest", 0)
	return f, err
}
