package rest

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// planDeployment tells what a PUT of the body would do, or a PATCH if it is a
// merge patch, and does nothing.
func (a *API) planDeployment(w http.ResponseWriter, r *http.Request) error {
	isPatch, err := isMergePatch(r)
	if err != nil {
		return err
	}
	data, err := body(w, r)
	if err != nil {
		return err
	}
	if _, err := a.namespace(r); err != nil {
		return err
	}
	current, err := a.findDeployment(r)
	if errors.Is(err, resource.ErrNotFound) {
		return a.planNew(w, r, data)
	}
	if err != nil {
		return err
	}
	var change deploymentChange
	if isPatch {
		change, err = a.patchOf(r, data)
	} else {
		change, err = a.replacementOf(r, current, data)
	}
	if err != nil {
		return err
	}
	wanted, err := a.changed(r, current, change)
	if err != nil {
		return err
	}
	return a.answerPlan(w, r, current, wanted)
}

func (a *API) planNew(w http.ResponseWriter, r *http.Request, data []byte) error {
	wanted, err := resource.DecodeDeployment(data)
	if err != nil {
		return err
	}
	if err := nameFromPath(&wanted.Metadata, r); err != nil {
		return err
	}
	if err := sameNamespace(&wanted.Metadata, r.PathValue("namespace")); err != nil {
		return err
	}
	if wanted, err = a.prepare(r.Context(), wanted); err != nil {
		return err
	}
	return a.answerPlan(w, r, resource.Deployment{}, wanted)
}

// isMergePatch tells what a body to plan is: as the query's method says, else
// as its content type does, else a whole deployment.
func isMergePatch(r *http.Request) (bool, error) {
	switch method := strings.ToUpper(r.URL.Query().Get("method")); method {
	case http.MethodPatch:
		return true, nil
	case http.MethodPut:
		return false, nil
	case "":
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		return err == nil && strings.Contains(media, "merge-patch"), nil
	default:
		return false, resource.Invalidf("method", "must be PUT or PATCH, the request that is planned, got %q", method)
	}
}

func (a *API) answerPlan(w http.ResponseWriter, r *http.Request, current, wanted resource.Deployment) error {
	plan, err := a.plan(r.Context(), current, wanted)
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, plan)
	return nil
}

// plan tells what a change does; the ID of current is empty if there is
// nothing yet. A script that does not compile is a resource.InvalidError.
func (a *API) plan(ctx context.Context, current, wanted resource.Deployment) (resource.Plan, error) {
	plan := resource.Plan{Deployment: wanted.Metadata.Name, Operators: []resource.OperatorPlan{}, Warnings: []string{}}
	changes, err := deploymentChanges(current, wanted)
	if err != nil {
		return plan, err
	}
	plan.Changes = append([]resource.Change{}, changes...)
	plan.Effect, plan.Message = effectOf(current, wanted)
	state, err := a.stateOf(ctx, current, wanted)
	if err != nil {
		return plan, err
	}
	if s := state.savepoint; s.Metadata.ID != "" {
		plan.RestoresFrom = resource.SavepointRef{ID: s.Metadata.ID, Location: s.Spec.SavepointLocation, CreatedAt: s.Metadata.CreatedAt}
	}
	if state.exists && wanted.Spec.RestoreStrategy.Kind == resource.RestoreNone && plan.Effect != resource.EffectNone && plan.Effect != resource.EffectStop {
		plan.Warnings = append(plan.Warnings, "spec.restoreStrategy.kind is NONE: the next job starts empty, whatever state there is")
	}
	if err := a.planState(ctx, &plan, current, wanted, state); err != nil {
		return plan, err
	}
	return plan, nil
}

// planState asks what becomes of the state of the operators.
func (a *API) planState(ctx context.Context, plan *resource.Plan, current, wanted resource.Deployment, state stateSeen) error {
	artifact := wanted.Spec.Template.Spec.Artifact
	switch {
	case artifact.Kind != resource.ArtifactSQLScript:
		if state.exists && resource.NewRun(current.Spec, wanted.Spec) {
			plan.Warnings = append(plan.Warnings, fmt.Sprintf(
				"what happens to state is known for SQL only; an artifact of kind %s must fit the state by itself", artifact.Kind))
		}
		return nil
	case a.Planner == nil:
		plan.Warnings = append(plan.Warnings, "this server cannot tell what happens to state")
		return nil
	}
	ask := PlanRequest{Namespace: wanted.Metadata.Namespace, Wanted: wanted, Savepoint: state.savepoint}
	if state.exists && current.Spec.Template.Spec.Artifact.Kind == resource.ArtifactSQLScript {
		ask.Current = current
	}
	var err error
	if ask.Catalog, err = a.catalog(ctx, ask.Namespace); err != nil {
		return err
	}
	operators, warnings, err := a.Planner.Plan(ctx, ask)
	if err != nil {
		return err
	}
	plan.Operators = append(plan.Operators, operators...)
	plan.Warnings = append(plan.Warnings, warnings...)
	plan.StateLost = state.exists && wanted.Spec.RestoreStrategy.Kind != resource.RestoreNone &&
		slices.ContainsFunc(operators, func(o resource.OperatorPlan) bool { return o.State == resource.StateLost })
	return nil
}

// catalog is the namespace's catalog, as a new job would see it.
func (a *API) catalog(ctx context.Context, namespace string) ([]string, error) {
	if a.Resources.Catalog == nil {
		return nil, nil
	}
	entries, err := a.Resources.Catalog.List(ctx, resource.Filter{Namespace: namespace})
	if err != nil {
		return nil, err
	}
	statements := make([]string, len(entries))
	for i, e := range entries {
		statements[i] = e.Spec.Statement
	}
	return statements, nil
}

// stateSeen is the state that a change could lose.
type stateSeen struct {
	savepoint resource.Savepoint // the newest that a start would use
	exists    bool               // there is one, or a job that has state
}

func (a *API) stateOf(ctx context.Context, current, wanted resource.Deployment) (stateSeen, error) {
	var seen stateSeen
	if current.Metadata.ID == "" {
		return seen, nil
	}
	f := resource.Filter{DeploymentID: current.Metadata.ID}
	if wanted.Spec.RestoreStrategy.Kind != resource.RestoreNone {
		savepoints, err := a.Resources.Savepoints.List(ctx, f)
		if err != nil {
			return seen, err
		}
		for _, s := range slices.Backward(savepoints) {
			onlySavepoints := wanted.Spec.RestoreStrategy.Kind == resource.RestoreLatestSavepoint
			if restorable(s) && !(onlySavepoints && s.Metadata.Origin == resource.OriginRetainedCheckpoint) {
				seen.savepoint, seen.exists = s, true
				break
			}
		}
	}
	if seen.exists {
		return seen, nil
	}
	f.Newest = 1
	jobs, err := a.Resources.Jobs.List(ctx, f)
	if err != nil {
		return seen, err
	}
	seen.exists = len(jobs) > 0 && !jobs[0].Status.State.Terminal()
	return seen, nil
}

// restorable tells whether a job can be started from a savepoint.
func restorable(s resource.Savepoint) bool {
	return s.Status.State == resource.SavepointCompleted && s.Spec.SavepointLocation != "" && !s.Spec.Delete
}

// deploymentChanges are the fields that people see change.
func deploymentChanges(current, wanted resource.Deployment) ([]resource.Change, error) {
	var before any
	if current.Metadata.ID != "" {
		before = writtenOf(current.Metadata, current.Spec)
	}
	return resource.Diff("", before, writtenOf(wanted.Metadata, wanted.Spec))
}

// effectOf tells what a change does to the job, and says it in words.
func effectOf(current, wanted resource.Deployment) (resource.Effect, string) {
	runs, ran := wanted.Spec.State == resource.StateRunning, current.Spec.State == resource.StateRunning
	version := resource.NewRun(current.Spec, wanted.Spec)
	ended := current.Status.State == resource.StateFailed || current.Status.State == resource.StateFinished
	strategy := wanted.Spec.UpgradeStrategy.Kind
	switch {
	case current.Metadata.ID == "" && runs:
		return resource.EffectStart, "the deployment is created, and its job starts"
	case current.Metadata.ID == "":
		return resource.EffectCreate, fmt.Sprintf("the deployment is created %s: nothing starts yet", wanted.Spec.State)
	case runs && !ran:
		return resource.EffectStart, "a job starts"
	case !runs && ran && wanted.Spec.State == resource.StateSuspended:
		return resource.EffectStop, "the job is stopped with a savepoint"
	case !runs && ran:
		return resource.EffectStop, "the job is stopped without a savepoint"
	case !version:
		return resource.EffectNone, "nothing runs differently"
	case !runs:
		return resource.EffectLater, "it takes effect at the next start: the deployment is " + string(wanted.Spec.State)
	case ended:
		return resource.EffectStart, fmt.Sprintf("the deployment is %s: a job starts with the new spec", current.Status.State)
	case strategy == resource.UpgradeNone:
		return resource.EffectLater, "it takes effect at the next start: spec.upgradeStrategy.kind is NONE"
	case onlyParallelism(current.Spec, wanted.Spec):
		if whileRunning(current.Spec) {
			return resource.EffectRescale, fmt.Sprintf("the job is given parallelism %d while it runs: its scheduler is adaptive; where the target cannot do that, it is replaced, %s",
				wanted.Spec.Template.Spec.Parallelism, bySavepoint(strategy))
		}
		return resource.EffectRescale, fmt.Sprintf("the job is replaced by one of parallelism %d, %s", wanted.Spec.Template.Spec.Parallelism, bySavepoint(strategy))
	}
	return resource.EffectRestart, "the job is replaced, " + bySavepoint(strategy)
}

func bySavepoint(strategy resource.UpgradeKind) string {
	if strategy == resource.UpgradeStateless {
		return "without a savepoint (spec.upgradeStrategy.kind is STATELESS)"
	}
	return "its state carried over by a savepoint"
}

// whileRunning tells whether a job of a spec may be told to run at another
// parallelism; whether it can be, its target knows.
func whileRunning(spec resource.DeploymentSpec) bool {
	return spec.UpgradeStrategy.Kind == resource.UpgradeStateful && spec.SessionClusterName == "" &&
		strings.EqualFold(spec.Template.Spec.FlinkConfiguration["jobmanager.scheduler"], "adaptive")
}

func onlyParallelism(current, wanted resource.DeploymentSpec) bool {
	current.Template.Spec.Parallelism = wanted.Template.Spec.Parallelism
	return !resource.NewRun(current, wanted)
}

// guardState checks a change that is about to be made, as far as the query
// asks for it: with validate that the script compiles, with refuseStateLoss
// also that no state is dropped, unless acceptStateLoss or the deployment's
// own allowNonRestoredState says that this is meant.
func (a *API) guardState(r *http.Request, current, wanted resource.Deployment) error {
	validate, err := flag(r, "validate")
	if err != nil {
		return err
	}
	refuse, err := flag(r, "refuseStateLoss")
	if err != nil {
		return err
	}
	accept, err := flag(r, "acceptStateLoss")
	if err != nil {
		return err
	}
	if !validate && !refuse || current.Metadata.ID != "" && !resource.NewRun(current.Spec, wanted.Spec) {
		return nil
	}
	plan, err := a.plan(r.Context(), current, wanted)
	if err != nil {
		return err
	}
	if !refuse || accept || wanted.Spec.RestoreStrategy.AllowNonRestoredState || !plan.StateLost {
		return nil
	}
	var lost []string
	for _, o := range plan.Operators {
		if o.State == resource.StateLost {
			lost = append(lost, describeLost(o))
		}
	}
	return &wire.Error{Status: http.StatusConflict, Reason: "StateWouldBeLost", Message: fmt.Sprintf(
		"the change would drop state of deployment %q: %s; to make it all the same, repeat it with acceptStateLoss=true or set spec.restoreStrategy.allowNonRestoredState",
		wanted.Metadata.Name, strings.Join(lost, "; "))}
}

func describeLost(o resource.OperatorPlan) string {
	text := o.Name
	if o.Keys > 0 {
		text += fmt.Sprintf(" (%d keys, %d bytes)", o.Keys, o.Bytes)
	}
	if o.Reason != "" {
		text += ": " + o.Reason
	}
	return text
}
