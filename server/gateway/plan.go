package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/rest"
)

// Planner tells what a change of a script does to the state of its job.
type Planner struct{ Engine *engine.Engine }

// scriptField is where a deployment has its script.
const scriptField = "spec.template.spec.artifact.sqlScript"

// Plan compiles the wanted script and compares its operators with the state
// they would begin from: that of the savepoint, or, if there is none, what the
// current script keeps. A script that does not compile is a
// resource.InvalidError that begins with the place.
func (p Planner) Plan(_ context.Context, ask rest.PlanRequest) ([]resource.OperatorPlan, []string, error) {
	config := configOf(ask.Wanted)
	wanted, err := p.Engine.CompileIn(ask.Catalog, ask.Wanted.Spec.Template.Spec.Artifact.SQLScript, config)
	if err != nil {
		return nil, nil, resource.Invalidf(scriptField, "%s", placed(err))
	}
	if ask.Current.Metadata.ID == "" && ask.Savepoint.Metadata.ID == "" {
		return nil, nil, nil
	}
	details := detailsIn(nil, wanted)
	current, err := p.Engine.CompileIn(ask.Catalog, ask.Current.Spec.Template.Spec.Artifact.SQLScript, configOf(ask.Current))
	if err == nil {
		details = detailsIn(details, current)
	}
	if ask.Savepoint.Metadata.ID != "" {
		return p.withSavepoint(ask.Savepoint, wanted, details)
	}
	if err != nil {
		return nil, []string{"the script as it is now does not compile, so nothing is known of its state: " + placed(err)}, nil
	}
	verdicts, err := p.Engine.CompareGraphs(current.Graph, wanted.Graph)
	if err != nil {
		return nil, nil, fmt.Errorf("compare the scripts: %w", err)
	}
	return operatorPlans(verdicts, details), nil, nil
}

// detailsIn adds what the operators of a plan do, in words, by fingerprint.
func detailsIn(details map[string]string, plan *engine.Plan) map[string]string {
	if details == nil {
		details = map[string]string{}
	}
	for _, v := range plan.Graph.Vertices {
		for _, op := range v.Ops {
			if op.UID != "" {
				details[op.UID] = op.Detail
			}
		}
	}
	return details
}

func (p Planner) withSavepoint(s resource.Savepoint, wanted *engine.Plan, details map[string]string) ([]resource.OperatorPlan, []string, error) {
	verdicts, err := p.Engine.CompareSavepoint(s.Spec.SavepointLocation, wanted.Graph, wanted.Config)
	if err != nil {
		return nil, []string{fmt.Sprintf("a job could not start from savepoint %s at %s: %v", s.Metadata.ID, s.Spec.SavepointLocation, err)}, nil
	}
	return operatorPlans(verdicts, details), nil, nil
}

// configOf is the configuration that a script is compiled with: what changes
// plans is in the deployment's own.
func configOf(d resource.Deployment) map[string]string {
	t := d.Spec.Template.Spec
	c := map[string]string{}
	maps.Copy(c, t.FlinkConfiguration)
	if t.Parallelism > 0 {
		c["parallelism.default"] = strconv.Itoa(t.Parallelism)
	}
	return c
}

func operatorPlans(verdicts []engine.StateVerdict, details map[string]string) []resource.OperatorPlan {
	const longest = 300 // characters of what an operator does
	out := make([]resource.OperatorPlan, 0, len(verdicts))
	for _, v := range verdicts {
		reason := v.Reason
		if detail := []rune(details[v.UID]); len(detail) > 0 && reason != "" {
			if len(detail) > longest {
				detail = append(detail[:longest], '…')
			}
			reason += " (" + string(detail) + ")"
		}
		out = append(out, resource.OperatorPlan{
			Name: v.Name, Fingerprint: v.UID, State: resource.StateVerdict(v.Fate), Bytes: v.Bytes, Keys: v.Rows, Reason: reason,
		})
	}
	return out
}

// placed is an error of a script in one line that begins with its place.
func placed(err error) string {
	var mistakes parse.Errors
	var at *ast.Error
	switch {
	case errors.As(err, &mistakes) && len(mistakes) > 0:
		return strings.ReplaceAll(mistakes[0].Error(), "\n", " ")
	case errors.As(err, &at):
		return strings.ReplaceAll(at.Error(), "\n", " ")
	}
	return err.Error()
}
