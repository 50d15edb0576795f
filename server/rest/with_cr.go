package rest

import (
	"net/http"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// withCR is a deployment beside the Kubernetes resource that owns it. There is
// no operator that would make one, so it is always alone.
type withCR struct {
	Deployment resource.Deployment `json:"deployment"`
}

func (a *API) listDeploymentsWithCR(w http.ResponseWriter, r *http.Request) error {
	chosen, err := a.selectDeployments(r)
	if err != nil {
		return err
	}
	out := struct {
		Items []withCR `json:"items"`
	}{Items: make([]withCR, len(chosen))}
	for i, d := range chosen {
		out.Items[i].Deployment = shown(d)
	}
	wire.Write(w, r, http.StatusOK, out)
	return nil
}

func (a *API) getDeploymentWithCR(w http.ResponseWriter, r *http.Request) error {
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, withCR{shown(d)})
	return nil
}
