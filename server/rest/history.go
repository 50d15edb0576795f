package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// diffRevisions tells what changed between two accepted specs: the one of the
// path and that of the query's with; without it, since the one before.
func (a *API) diffRevisions(w http.ResponseWriter, r *http.Request) error {
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	from, err := generationOf("generation", r.PathValue("generation"))
	if err != nil {
		return err
	}
	to := from
	if with := r.URL.Query().Get("with"); with == "" {
		from--
	} else if to, err = generationOf("with", with); err != nil {
		return err
	}
	out := resource.RevisionDiff{Deployment: d.Metadata.Name, From: from, To: to, Changes: []resource.Change{}}
	var before, after any
	if from > 0 { // the first one has none before it
		if before, err = a.revisionSpec(r, d, from); err != nil {
			return err
		}
	}
	if after, err = a.revisionSpec(r, d, to); err != nil {
		return err
	}
	changes, err := resource.Diff("spec", before, after)
	if err != nil {
		return err
	}
	out.Changes = append(out.Changes, changes...)
	wire.Write(w, r, http.StatusOK, out)
	return nil
}

func generationOf(field, text string) (int, error) {
	generation, err := strconv.Atoi(text)
	if err != nil || generation < 1 {
		return 0, resource.Invalidf(field, "must be the number of a revision, at least 1, got %q", text)
	}
	return generation, nil
}

func (a *API) revisionSpec(r *http.Request, d resource.Deployment, generation int) (spec resource.DeploymentSpec, err error) {
	revision, err := a.revision(r, d, generation)
	if err != nil {
		return spec, err
	}
	return specOf(d, revision)
}

func specOf(d resource.Deployment, revision resource.Revision) (spec resource.DeploymentSpec, err error) {
	if err := json.Unmarshal(revision.Spec, &spec); err != nil {
		return spec, fmt.Errorf("read revision %d of deployment %q: %w", revision.Generation, d.Metadata.Name, err)
	}
	return spec, nil
}

// listHistory tells which job ran which revision from when to when, oldest
// first.
func (a *API) listHistory(w http.ResponseWriter, r *http.Request) error {
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	f, err := a.filter(r)
	if err != nil {
		return err
	}
	// One more than asked for, to compare the first one with.
	if f.DeploymentID = d.Metadata.ID; f.Newest > 0 {
		f.Newest++
	}
	jobs, err := a.Resources.Jobs.List(r.Context(), f)
	if err != nil {
		return err
	}
	revisions, err := a.Resources.Record.Revisions(r.Context(), resource.KindDeployment, d.Metadata.ID)
	if err != nil {
		return err
	}
	byGeneration := map[int]resource.Revision{}
	for _, revision := range revisions {
		byGeneration[revision.Generation] = revision
	}
	var runs []resource.Run
	var before *resource.DeploymentSpec
	for _, j := range jobs {
		run, spec, err := runOf(d, j, byGeneration, before)
		if err != nil {
			return err
		}
		runs, before = append(runs, run), spec
	}
	if f.Newest > 0 && len(runs) == f.Newest {
		runs = runs[1:]
	}
	wire.Write(w, r, http.StatusOK, listOf("Run", runs))
	return nil
}

// runOf makes a line of history; before is the spec of the run before, nil if
// it is not known. It also returns the spec of this one.
func runOf(d resource.Deployment, j resource.Job, revisions map[int]resource.Revision, before *resource.DeploymentSpec,
) (resource.Run, *resource.DeploymentSpec, error) {
	m := j.Metadata
	run := resource.Run{
		JobID: m.ID, State: j.Status.State, Generation: j.Spec.Generation, SpecVersion: m.SpecVersion(),
		CreatedAt: m.CreatedAt, StartedAt: j.Status.Started.StartedAt, EndedAt: m.TerminatedAt,
		RestoredFrom: j.Spec.SavepointLocation, Parallelism: j.Spec.Parallelism, Failure: j.Status.Failure,
	}
	revision, ok := revisions[j.Spec.Generation]
	if !ok {
		return run, nil, nil
	}
	run.Author, run.AcceptedAt = revision.Author, revision.CreatedAt
	spec, err := specOf(d, revision)
	if err != nil || before == nil {
		return run, &spec, err
	}
	run.Changes, err = resource.Diff("spec", before, spec)
	return run, &spec, err
}
