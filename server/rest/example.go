package rest

import (
	"fmt"
	"net/http"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// listExamples gives what can be tried.
func (a *API) listExamples(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.namespace(r); err != nil {
		return err
	}
	var all []Example
	if a.Examples != nil {
		var err error
		if all, err = a.Examples.List(); err != nil {
			return err
		}
	}
	wire.Write(w, r, http.StatusOK, listOf("Example", all))
	return nil
}

// deployExample makes a deployment of an example.
func (a *API) deployExample(w http.ResponseWriter, r *http.Request) error {
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	if a.Examples == nil {
		return fmt.Errorf("example %q: %w", name, resource.ErrNotFound)
	}
	d, err := a.Examples.Deployment(namespace, name)
	if err != nil {
		return err
	}
	return a.storeNewDeployment(w, r, d)
}
