package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// plans is the JSON form of what weir plan finds.
type plans struct {
	Kind       string          `json:"kind"`
	APIVersion string          `json:"apiVersion"`
	Items      []resource.Plan `json:"items"`
	// Resources are the documents of other kinds.
	Resources []resourcePlan `json:"resources"`
	StateLost bool           `json:"stateLost"`
}

// resourcePlan is what would happen to a resource that is no deployment.
type resourcePlan struct {
	Kind    resource.Kind     `json:"kind"`
	Name    string            `json:"name"`
	Action  string            `json:"action"` // create, change or none
	Changes []resource.Change `json:"changes"`
}

func planCommand(s *session) *cobra.Command {
	var files []string
	var output string
	c := &cobra.Command{
		Use:   "plan -f FILE|DIR|-",
		Short: "Show what apply would do, and what happens to the state",
		Long: "Show what apply would do with files, and change nothing: which fields change, what that does to the job, and for each operator of an SQL\n" +
			"deployment whether its state is kept, migrated, new or lost. Exit code 5 if state would be lost.",
		Example: example("weir plan -f orders.yaml\nweir plan -f deployments/ -o json"),
		Args:    cobra.NoArgs,
	}
	c.Flags().StringSliceVarP(&files, "file", "f", nil, "file, folder, or - for standard input; may be repeated")
	c.Flags().StringVarP(&output, "output", "o", "text", "text, json or yaml")
	return s.verb(c, func(ctx context.Context, api *client.Client, _ []string) error {
		switch {
		case len(files) == 0:
			return usagef("-f must be given: a file, a folder, or - for standard input")
		case output != "text" && output != "json" && output != "yaml":
			return usagef("output %q is not known; it can be text, json or yaml", output)
		}
		all, err := s.readManifests(files)
		if err != nil {
			return err
		}
		found := plans{Kind: "PlanList", APIVersion: resource.APIVersion, Items: []resource.Plan{}, Resources: []resourcePlan{}}
		var failures []error
		for _, m := range all {
			for _, warning := range m.unknownFields() {
				s.noticef("%s: %s", m.source, warning)
			}
			if err := s.where(m).plan(ctx, api, m, &found); err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", m.source, err))
			}
		}
		if output == "text" {
			err = s.showPlans(found)
		} else {
			err = s.document(found, output)
		}
		if err != nil {
			return err
		}
		if len(failures) > 0 {
			return join(failures)
		}
		if found.StateLost {
			return &exitError{client.ExitConflict, fmt.Errorf("state would be lost; apply refuses this unless told --accept-state-loss")}
		}
		return nil
	})
}

// plan adds what applying one document would do.
func (s *session) plan(ctx context.Context, api *client.Client, m manifest, found *plans) error {
	wanted := m.wanted()
	if m.kind != resource.KindDeployment {
		p, err := s.planOther(ctx, api, m, wanted)
		if err == nil {
			found.Resources = append(found.Resources, p)
		}
		return err
	}
	before, err := api.Deployments(s.ns()).Get(ctx, m.name)
	body := wanted
	switch {
	case client.IsNotFound(err):
		setName(body, m.name)
	case err != nil:
		return err
	default:
		if body, err = threeWay(before.Metadata.Annotations[annotationApplied], wanted); err != nil {
			return err
		}
	}
	p, err := api.Plan(ctx, s.ns(), m.name, body, before.Metadata.ID != "")
	if err != nil {
		return err
	}
	found.Items = append(found.Items, p)
	found.StateLost = found.StateLost || p.StateLost && !allowsLoss(before, wanted)
	return nil
}

func (s *session) planOther(ctx context.Context, api *client.Client, m manifest, wanted map[string]any) (resourcePlan, error) {
	p := resourcePlan{Kind: m.kind, Name: m.name, Action: "none", Changes: []resource.Change{}}
	k, ok := kindOfResource(m.kind)
	if !ok {
		return p, fmt.Errorf("kind %s cannot be applied", m.kind)
	}
	before, err := k.get(ctx, api, s.ns(), m.name)
	if client.IsNotFound(err) {
		p.Action = "create"
		return p, nil
	}
	if err != nil {
		return p, err
	}
	now, then, err := foreseen(before, wanted)
	if err != nil {
		return p, err
	}
	changes, err := changesOf(now, then)
	if err != nil {
		return p, err
	}
	for _, c := range changes {
		p.Action = "change"
		p.Changes = append(p.Changes, resource.Change{Field: c.path, Old: c.old, New: c.now})
	}
	return p, nil
}

// changesOf compares two values as documents.
func changesOf(before, after any) ([]fieldChange, error) {
	a, err := json.Marshal(before)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(after)
	if err != nil {
		return nil, err
	}
	return compareJSON(a, b)
}

// effects are what an effect means, in words.
var effects = map[resource.Effect]string{
	resource.EffectNone: "nothing runs differently", resource.EffectCreate: "it is created, and not started", resource.EffectStart: "a job starts",
	resource.EffectRestart: "the job is replaced", resource.EffectRescale: "the job is replaced by one of another parallelism",
	resource.EffectStop: "the job is stopped", resource.EffectLater: "takes effect at the next start",
}

func (s *session) showPlans(all plans) error {
	for _, r := range all.Resources {
		what := map[string]string{"create": "would be created", "change": "would be changed", "none": "unchanged"}[r.Action]
		fmt.Fprintf(s.out, "%s %s %s\n", strings.ToLower(string(r.Kind)), r.Name, what)
		s.showChanges(r.Changes)
	}
	for i, p := range all.Items {
		if i > 0 || len(all.Resources) > 0 {
			fmt.Fprintln(s.out)
		}
		if err := s.showPlan(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) showPlan(p resource.Plan) error {
	fmt.Fprintf(s.out, "deployment %s: %s\n", p.Deployment, firstOf(p.Message, effects[p.Effect], string(p.Effect)))
	s.showChanges(p.Changes)
	if len(p.Operators) > 0 {
		title := "State"
		if from := p.RestoresFrom; from.ID != "" {
			title += fmt.Sprintf(", compared with savepoint %s of %s", from.ID, ago(time.Now(), from.CreatedAt))
		}
		fmt.Fprintln(s.out, title)
		t := &table{head: []string{"STATE", "OPERATOR", "KEYS", "SIZE", "WHY"}, right: []bool{false, false, true, true, false}}
		for _, o := range p.Operators {
			keys := ""
			if o.Keys > 0 {
				keys = strconv.FormatInt(o.Keys, 10)
			}
			t.add(string(o.State), o.Name, keys, size(o.Bytes), o.Reason)
		}
		if err := t.write(indented{s.out}, func(_ int, cell string) string { return s.paintVerdict(cell) }); err != nil {
			return err
		}
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(s.out, "Warning: %s\n", inOneLine(w))
	}
	return nil
}

func (s *session) paintVerdict(cell string) string {
	code := map[string]string{"KEPT": "32", "MIGRATED": "33", "LOST": "31"}[cell]
	if code == "" || !s.colour() {
		return cell
	}
	return "\x1b[" + code + "m" + cell + "\x1b[0m"
}

func (s *session) showChanges(all []resource.Change) {
	for _, c := range all {
		s.showChange(fieldChange{c.Field, c.Old, c.New})
	}
}

// showChange shows a field that changes; of long texts the lines.
func (s *session) showChange(c fieldChange) {
	c.path = strings.TrimPrefix(c.path, "spec.")
	if _, _, ok := c.lines(); !ok {
		fmt.Fprintf(s.out, "  %s\n", inOneLine(c.String()))
		return
	}
	old, _ := c.old.(string)
	now, _ := c.now.(string)
	fmt.Fprintf(s.out, "  %s:\n", strings.TrimPrefix(c.path, "template.spec."))
	for _, line := range unifiedDiff(lines([]byte(old)), lines([]byte(now)), 2) {
		fmt.Fprintf(s.out, "    %s\n", s.paintDiff(inOneLine(line)))
	}
}
