package rest

import (
	"net/http"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

func (a *API) listJobs(w http.ResponseWriter, r *http.Request) error {
	f, err := a.filter(r)
	if err != nil {
		return err
	}
	items, err := a.Resources.Jobs.List(r.Context(), f)
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, listOf(resource.KindJob, items))
	return nil
}

func (a *API) findJob(r *http.Request) (resource.Job, error) {
	id := strings.ToLower(r.PathValue("jobId"))
	if len(id) == 32 { // Flink's way to write the same id
		id = strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
	}
	return byID(r.Context(), a.Resources.Jobs, r.PathValue("namespace"), id)
}

func (a *API) getJob(w http.ResponseWriter, r *http.Request) error {
	j, err := a.findJob(r)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, j)
}
