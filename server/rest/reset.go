package rest

import (
	"errors"
	"net/http"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/audit"
)

// resetDeployment makes an older savepoint the newest, as a copy of its record:
// a running deployment restarts from it, a stopped one starts from it next.
func (a *API) resetDeployment(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		SavepointID string `json:"savepointId"`
	}
	if err := readAsk(w, r, &ask); err != nil {
		return err
	}
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	from, err := a.restorableSavepoint(r, ask.SavepointID)
	if err != nil {
		return err
	}
	if from.Metadata.DeploymentID != d.Metadata.ID {
		return resource.Invalidf("savepointId", "savepoint %s belongs to another deployment; adopt its location with POST savepoints first if that is meant", from.Metadata.ID)
	}
	s, err := a.Resources.Savepoints.Create(r.Context(), a.author(r), adopted(d, from, true))
	if err != nil {
		return err
	}
	audit.From(r.Context()).Changed([]resource.Change{{Field: "deploymentId", New: d.Metadata.ID}, {Field: "savepointId", New: from.Metadata.ID}})
	return answer(w, r, http.StatusCreated, s)
}

// restorableSavepoint gets a completed savepoint of the path's namespace.
func (a *API) restorableSavepoint(r *http.Request, id string) (resource.Savepoint, error) {
	if id == "" {
		return resource.Savepoint{}, resource.Invalidf("savepointId", "must be set: the savepoint to go back to")
	}
	s, err := a.findSavepoint(r.Context(), r.PathValue("namespace"), id)
	if err != nil {
		return s, err
	}
	if s.Status.State != resource.SavepointCompleted || s.Spec.SavepointLocation == "" || s.Spec.Delete {
		return s, conflictf("savepoint %s is %s, not COMPLETED", id, s.Status.State)
	}
	return s, nil
}

// forkDeployment makes a second, stopped deployment of the same spec, which
// will start from the given savepoint, or empty without one.
func (a *API) forkDeployment(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Name        string `json:"name"`
		DisplayName string `json:"displayName"`
		SavepointID string `json:"savepointId"`
	}
	if err := readAsk(w, r, &ask); err != nil {
		return err
	}
	origin, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	var from resource.Savepoint
	if ask.SavepointID != "" {
		if from, err = a.restorableSavepoint(r, ask.SavepointID); err != nil {
			return err
		}
	}
	a.refs.RLock()
	defer a.refs.RUnlock()
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	fork := resource.Deployment{
		Metadata: resource.Metadata{
			Name: ask.Name, DisplayName: ask.DisplayName, Namespace: namespace,
			Labels: origin.Metadata.Labels, Annotations: withSpecVersion(origin.Metadata.Annotations, 0),
		},
		Spec: origin.Spec,
	}
	if fork.Metadata.DisplayName == "" {
		fork.Metadata.DisplayName = "Fork of " + origin.Metadata.Name
	}
	fork.FillName(suffix())
	fork.Spec.State = resource.StateCancelled
	if fork, err = a.prepare(r.Context(), fork); err != nil {
		return err
	}
	if fork, err = a.Resources.Deployments.Create(r.Context(), a.author(r), fork); err != nil {
		return err
	}
	if from.Metadata.ID != "" {
		s := adopted(fork, from, false)
		s.Metadata.JobID = "" // the job is not one of this deployment
		if _, err := a.Resources.Savepoints.Create(r.Context(), a.author(r), s); err != nil {
			// Without its state the fork would start empty: better no fork.
			_, undo := a.Resources.Deployments.Delete(r.Context(), fork.Metadata.ID)
			return errors.Join(err, undo)
		}
	}
	changes := []resource.Change{{Field: "forkOf", New: origin.Metadata.ID}}
	if from.Metadata.ID != "" {
		changes = append(changes, resource.Change{Field: "savepointId", New: from.Metadata.ID})
	}
	audit.From(r.Context()).Changed(changes)
	return answer(w, r, http.StatusCreated, fork)
}
