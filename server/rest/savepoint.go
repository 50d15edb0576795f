package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

const (
	// annotationReset on a COPIED savepoint makes the deployment controller
	// restart a running deployment from it.
	annotationReset = "weir.io/reset"
	noFlinkID       = "00000000-0000-0000-0000-000000000000"
)

func (a *API) listSavepoints(w http.ResponseWriter, r *http.Request) error {
	f, err := a.filter(r)
	if err != nil {
		return err
	}
	items, err := a.Resources.Savepoints.List(r.Context(), f)
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, listOf(resource.KindSavepoint, items))
	return nil
}

func (a *API) findSavepoint(ctx context.Context, namespace, id string) (resource.Savepoint, error) {
	return byID(ctx, a.Resources.Savepoints, namespace, strings.ToLower(id))
}

func (a *API) getSavepoint(w http.ResponseWriter, r *http.Request) error {
	s, err := a.findSavepoint(r.Context(), r.PathValue("namespace"), r.PathValue("savepointId"))
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, s)
}

// createSavepoint takes a savepoint of the running job, or, when the body has
// a location, adopts one that is there already.
func (a *API) createSavepoint(w http.ResponseWriter, r *http.Request) error {
	data, err := body(w, r)
	if err != nil {
		return err
	}
	s, err := resource.DecodeSavepoint(data)
	if err != nil {
		return err
	}
	a.refs.RLock()
	defer a.refs.RUnlock()
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	if err := sameNamespace(&s.Metadata, namespace); err != nil {
		return err
	}
	d, err := a.savepointOwner(r.Context(), s)
	if err != nil {
		return err
	}
	if at := s.Spec.SavepointLocation; at != "" {
		if err := a.readable(r.Context(), at); err != nil {
			return err
		}
		s = adopted(d, s, false)
	} else if s, err = a.requested(r.Context(), d, s); err != nil {
		return err
	}
	if err := s.Validate(); err != nil {
		return err
	}
	if s, err = a.Resources.Savepoints.Create(r.Context(), a.author(r), s); err != nil {
		return err
	}
	note(r, nil, struct {
		DeploymentID string `json:"deploymentId"`
		Location     string `json:"savepointLocation,omitzero"`
	}{s.Metadata.DeploymentID, s.Spec.SavepointLocation})
	return answer(w, r, http.StatusCreated, s)
}

// readable looks at a savepoint that is to be adopted, unless the platform has
// it from its cluster already.
func (a *API) readable(ctx context.Context, location string) error {
	if a.State == nil {
		return nil
	}
	known, err := a.Resources.Savepoints.List(ctx, resource.Filter{Mentions: location})
	if err != nil {
		return err
	}
	for _, s := range known {
		if s.Spec.SavepointLocation == location && s.Status.State == resource.SavepointCompleted && s.Metadata.Origin != resource.OriginCopied && !s.Spec.Delete {
			return nil
		}
	}
	if err := a.State.Readable(ctx, location); err != nil {
		return resource.Invalidf("spec.savepointLocation", "%v", err)
	}
	return nil
}

func (a *API) savepointOwner(ctx context.Context, s resource.Savepoint) (resource.Deployment, error) {
	var none resource.Deployment
	id := strings.ToLower(s.Metadata.DeploymentID)
	if id == "" && s.Metadata.JobID != "" {
		j, err := byID(ctx, a.Resources.Jobs, s.Metadata.Namespace, strings.ToLower(s.Metadata.JobID))
		if err != nil {
			return none, err
		}
		id = j.Metadata.DeploymentID
	}
	if id == "" {
		return none, resource.Invalidf("metadata.deploymentId", "must be set: the deployment this savepoint is of")
	}
	return byID(ctx, a.Resources.Deployments, s.Metadata.Namespace, id)
}

// requested is a savepoint still to be taken from the active job of d.
func (a *API) requested(ctx context.Context, d resource.Deployment, asked resource.Savepoint) (resource.Savepoint, error) {
	jobs, err := a.Resources.Jobs.List(ctx, resource.Filter{DeploymentID: d.Metadata.ID})
	if err != nil {
		return asked, err
	}
	var job resource.Job
	for _, j := range jobs {
		if j.Status.State == resource.JobStarted && (asked.Metadata.JobID == "" || strings.EqualFold(asked.Metadata.JobID, j.Metadata.ID)) {
			job = j
		}
	}
	if job.Metadata.ID == "" {
		return asked, &wire.Error{Status: http.StatusBadRequest, Reason: "NoActiveJob", Message: fmt.Sprintf(
			"there is no active job for deployment %q (%s), so there is no state to save; start it first, or give spec.savepointLocation to adopt a savepoint",
			d.Metadata.Name, d.Status.State)}
	}
	id := newID()
	s := resource.Savepoint{
		Metadata: resource.Metadata{
			ID: id, Namespace: d.Metadata.Namespace, DeploymentID: d.Metadata.ID, JobID: job.Metadata.ID,
			Origin: resource.OriginUserRequest, Type: resource.SavepointTypeFull,
			Labels: asked.Metadata.Labels, Annotations: asked.Metadata.Annotations,
		},
		Spec:   resource.SavepointSpec{FlinkSavepointID: id},
		Status: resource.SavepointStatus{State: resource.SavepointStarted},
	}
	version := job.Metadata.SpecVersion()
	if version == 0 {
		version = d.SpecVersion()
	}
	s.Metadata.Annotations = withSpecVersion(s.Metadata.Annotations, version)
	s.Spec.SavepointLocation = targetDirectory(job, id)
	return s, nil
}

// targetDirectory is where the job's configuration puts a savepoint: below its
// savepoint directory, in a directory of the savepoint's own.
func targetDirectory(job resource.Job, id string) string {
	for _, key := range []string{"execution.checkpointing.savepoint-dir", "state.savepoints.dir"} {
		if dir := job.Spec.FlinkConfiguration[key]; dir != "" {
			return strings.TrimRight(job.Fill(dir), "/") + "/" + id
		}
	}
	return ""
}

// adopted is a savepoint of d whose data exists already at the location of from.
func adopted(d resource.Deployment, from resource.Savepoint, reset bool) resource.Savepoint {
	s := resource.Savepoint{
		Metadata: resource.Metadata{
			Namespace: d.Metadata.Namespace, DeploymentID: d.Metadata.ID, JobID: from.Metadata.JobID,
			Origin: resource.OriginCopied, Type: from.Metadata.Type,
			Labels: from.Metadata.Labels,
		},
		Spec: resource.SavepointSpec{SavepointLocation: from.Spec.SavepointLocation, FlinkSavepointID: noFlinkID},
		Status: resource.SavepointStatus{
			State:       resource.SavepointCompleted,
			CompletedAt: resource.At(time.Now()),
			SizeBytes:   from.Status.SizeBytes,
		},
	}
	if s.Metadata.Type == "" {
		s.Metadata.Type = resource.SavepointTypeUnknown
	}
	version := d.SpecVersion()
	if given := from.Metadata.SpecVersion(); given > 0 {
		version = given
	}
	s.Metadata.Annotations = withSpecVersion(from.Metadata.Annotations, version)
	if reset {
		s.Metadata.Annotations[annotationReset] = "true"
	}
	return s
}

// withSpecVersion keeps the annotations that are people's own.
func withSpecVersion(annotations map[string]string, version int) map[string]string {
	all := map[string]string{}
	for k, v := range annotations {
		if !strings.HasPrefix(k, "weir.io/") {
			all[k] = v
		}
	}
	all[resource.AnnotationSpecVersion] = strconv.Itoa(version)
	return all
}

// deleteSavepoint asks for the removal of a savepoint and of its data; the
// platform does it. The newest one a deployment would start from goes only by
// force.
func (a *API) deleteSavepoint(w http.ResponseWriter, r *http.Request) error {
	force, err := flag(r, "force")
	if err != nil {
		return err
	}
	s, err := a.findSavepoint(r.Context(), r.PathValue("namespace"), r.PathValue("savepointId"))
	if err != nil {
		return err
	}
	if s.Status.State == resource.SavepointStarted {
		return conflictf("savepoint %s is still being taken", s.Metadata.ID)
	}
	if !force && s.Status.State == resource.SavepointCompleted {
		if err := a.notTheNewest(r.Context(), s); err != nil {
			return err
		}
	}
	_, err = a.Resources.Savepoints.Update(r.Context(), a.author(r), s.Metadata.ID, func(s *resource.Savepoint) error {
		s.Spec.Delete = true
		s.Spec.Force = s.Spec.Force || force
		return nil
	})
	if err != nil && !errors.Is(err, resource.ErrNotFound) {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) notTheNewest(ctx context.Context, s resource.Savepoint) error {
	d, err := a.Resources.Deployments.Get(ctx, s.Metadata.DeploymentID)
	if errors.Is(err, resource.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := a.Resources.Savepoints.List(ctx, resource.Filter{DeploymentID: d.Metadata.ID})
	if err != nil {
		return err
	}
	newest := ""
	for _, other := range all {
		if other.Status.State == resource.SavepointCompleted && !other.Spec.Delete {
			newest = other.Metadata.ID
		}
	}
	if newest == s.Metadata.ID {
		return conflictf("savepoint %s is the newest of deployment %q, which would lose its state at the next start; add ?force=true if that is meant",
			s.Metadata.ID, d.Metadata.Name)
	}
	return nil
}
