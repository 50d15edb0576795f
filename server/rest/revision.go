package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

func (a *API) listRevisions(w http.ResponseWriter, r *http.Request) error {
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	revisions, err := a.Resources.Record.Revisions(r.Context(), resource.KindDeployment, d.Metadata.ID)
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, listOf("Revision", revisions))
	return nil
}

func (a *API) getRevision(w http.ResponseWriter, r *http.Request) error {
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	generation, err := generationOf("generation", r.PathValue("generation"))
	if err != nil {
		return err
	}
	revision, err := a.revision(r, d, generation)
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, shown(revision))
	return nil
}

func (a *API) revision(r *http.Request, d resource.Deployment, generation int) (resource.Revision, error) {
	revision, err := a.Resources.Record.Revision(r.Context(), resource.KindDeployment, d.Metadata.ID, generation)
	if errors.Is(err, resource.ErrNotFound) {
		return revision, fmt.Errorf("revision %d of deployment %q, which is at generation %d: %w",
			generation, d.Metadata.Name, d.Metadata.Generation, resource.ErrNotFound)
	}
	return revision, err
}

// rollbackDeployment writes the template of an older revision back. The wanted
// state, strategies and target stay as they are.
func (a *API) rollbackDeployment(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Generation json.Number `json:"generation"`
	}
	if err := readAsk(w, r, &ask); err != nil {
		return err
	}
	generation, err := generationOf("generation", ask.Generation.String())
	if err != nil {
		return err
	}
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	spec, err := a.revisionSpec(r, d, generation)
	if err != nil {
		return err
	}
	return a.changeDeployment(w, r, http.StatusOK, func(d resource.Deployment) (resource.Deployment, error) {
		d.Spec.Template = spec.Template
		return d, nil
	})
}

// readAsk reads the small body of a custom method; unknown fields are ignored
// and no body at all is an empty one.
func readAsk(w http.ResponseWriter, r *http.Request, ask any) error {
	if r.ContentLength == 0 {
		return nil
	}
	data, err := body(w, r)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	err = dec.Decode(ask)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return resource.Invalidf(wrong.Field, "must be of type %s, got a %s", wrong.Type, wrong.Value)
	}
	if err != nil {
		return &wire.BodyError{Status: http.StatusBadRequest, Message: "the body could not be read: " + err.Error()}
	}
	return nil
}
