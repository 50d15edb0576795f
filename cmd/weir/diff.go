package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func diffCommand(s *session) *cobra.Command {
	var files []string
	var revisions string
	c := &cobra.Command{
		Use:   "diff -f FILE | diff deployment NAME --revision A..B",
		Short: "Show what apply would change, or what changed between two revisions",
		Long: "Show, as lines of YAML, what apply would change, or what changed between two revisions of a deployment. Exit code 1 if anything differs.\n" +
			"Of a WeirDeployment of Kubernetes, what its next change would: also what was edited elsewhere, and would be taken back.",
		Example: example(`weir diff -f orders.yaml
weir diff deployment orders --revision 3..5`),
		Args: cobra.MaximumNArgs(2),
	}
	c.Flags().StringSliceVarP(&files, "file", "f", nil, "file, folder, or - for standard input")
	c.Flags().StringVar(&revisions, "revision", "", "two revisions as A..B, or one, which is compared with the one before")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		var differs bool
		var err error
		switch {
		case len(files) > 0 && len(args) == 0:
			differs, err = s.diffFiles(ctx, api, files)
		case len(files) == 0 && len(args) == 2:
			k, findErr := findKind(args[0])
			if findErr != nil {
				return findErr
			}
			if k.kind != resource.KindDeployment {
				return usagef("only deployments have revisions, %s have not", k.names[0])
			}
			differs, err = s.diffRevisions(ctx, api, args[1], revisions)
		default:
			return usagef("give either -f FILE or deployment NAME --revision A..B")
		}
		if err == nil && differs {
			return &exitError{code: client.ExitFailed}
		}
		return err
	})
}

func (s *session) diffFiles(ctx context.Context, api *client.Client, files []string) (bool, error) {
	all, err := s.readAnyManifests(files)
	if err != nil {
		return false, err
	}
	differs := false
	for _, m := range all {
		if m.kind != resource.KindDeployment {
			different, err := s.where(m).diffOther(ctx, api, m)
			if err != nil {
				return false, fmt.Errorf("%s: %w", m.source, err)
			}
			differs = differs || different
			continue
		}
		namespace := s.ns()
		if m.namespace != "" && s.namespace == "" {
			namespace = m.namespace
		}
		var before, after resource.Deployment
		before, err := api.Deployments(namespace).Get(ctx, m.name)
		switch {
		case client.IsNotFound(err):
			body := withApplied(m.wanted())
			metadata(body)["name"] = m.name
			after, err = api.Deployments(namespace).Create(ctx, body, client.DryRun)
		case err == nil:
			patch, patchErr := threeWay(before.Metadata.Annotations[annotationApplied], m.wanted())
			if patchErr == nil && m.mirrored {
				patch, patchErr = s.withDrift(ctx, api, before, patch)
			}
			if patchErr != nil {
				return false, fmt.Errorf("%s: %w", m.source, patchErr)
			}
			after, err = api.Deployments(namespace).Patch(ctx, before.Metadata.ID, patch, client.DryRun)
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", m.source, err)
		}
		different, err := s.printDiff("deployment "+m.name+", now", "deployment "+m.name+", by "+m.source, before.Spec, after.Spec, before.Metadata.ID == "")
		if err != nil {
			return false, err
		}
		differs = differs || different
	}
	return differs, nil
}

// diffOther shows what apply would change of a resource that is no deployment.
func (s *session) diffOther(ctx context.Context, api *client.Client, m manifest) (bool, error) {
	k, ok := kindOfResource(m.kind)
	if !ok {
		return false, fmt.Errorf("kind %s cannot be applied", m.kind)
	}
	wanted := m.wanted()
	before, err := k.get(ctx, api, s.ns(), m.name)
	name := k.names[1] + " " + m.name
	if client.IsNotFound(err) {
		if spec, ok := wanted["spec"].(map[string]any); ok {
			delete(spec, "value") // of a secret
		}
		return s.printDiff("nothing", name+", by "+m.source, nil, wanted, true)
	}
	if err != nil {
		return false, err
	}
	now, then, err := foreseen(before, wanted)
	if err != nil {
		return false, err
	}
	return s.printDiff(name+", now", name+", by "+m.source, now, then, false)
}

func (s *session) diffRevisions(ctx context.Context, api *client.Client, name, spec string) (bool, error) {
	all, err := api.Revisions(ctx, s.ns(), name)
	if err != nil {
		return false, s.whereIsIt(ctx, api, name, err)
	}
	if len(all) == 0 {
		return false, fmt.Errorf("deployment %q has no recorded revisions", name)
	}
	newest := all[len(all)-1].Generation
	from, to := newest-1, newest
	if spec != "" {
		a, b, isRange := strings.Cut(spec, "..")
		if to, err = strconv.Atoi(firstOf(b, a)); err != nil {
			return false, usagef("--revision %q: want A..B, for example 3..5", spec)
		}
		from = to - 1
		if isRange {
			if from, err = strconv.Atoi(a); err != nil {
				return false, usagef("--revision %q: want A..B, for example 3..5", spec)
			}
		}
	}
	find := func(generation int) (any, error) {
		for _, r := range all {
			if r.Generation == generation {
				var v any
				return v, decodeNumbers(r.Spec, &v)
			}
		}
		return nil, &exitError{client.ExitNotFound, fmt.Errorf("deployment %q has revisions 1 to %d, not %d", name, newest, generation)}
	}
	if from == 0 && to == 1 {
		after, err := find(1)
		if err != nil {
			return false, err
		}
		return s.printDiff("nothing", name+", revision 1", nil, after, true)
	}
	before, err := revisionOf(find, from)
	if err != nil {
		return false, err
	}
	after, err := revisionOf(find, to)
	if err != nil {
		return false, err
	}
	return s.printDiff(fmt.Sprintf("%s, revision %d", name, from), fmt.Sprintf("%s, revision %d", name, to), before, after, false)
}

// revisionOf reads a spec in the order of fields that the API has.
func revisionOf(find func(int) (any, error), generation int) (any, error) {
	v, err := find(generation)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var spec resource.DeploymentSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, fmt.Errorf("revision %d: %w", generation, err)
	}
	return spec, nil
}

// printDiff shows two values as lines of YAML, in unified form.
func (s *session) printDiff(oldName, newName string, before, after any, fromNothing bool) (bool, error) {
	var a, b []byte
	var err error
	if !fromNothing {
		if a, err = toYAML(before); err != nil {
			return false, err
		}
	}
	if b, err = toYAML(after); err != nil {
		return false, err
	}
	hunks := unifiedDiff(lines(a), lines(b), 3)
	if len(hunks) == 0 {
		return false, nil
	}
	fmt.Fprintf(s.out, "--- %s\n+++ %s\n", oldName, newName)
	for _, line := range hunks {
		fmt.Fprintln(s.out, s.paintDiff(line))
	}
	return true, nil
}

// paintDiff colours a line of a unified diff.
func (s *session) paintDiff(line string) string {
	if !s.colour() || line == "" {
		return line
	}
	code := map[byte]string{'-': "31", '+': "32", '@': "36"}[line[0]]
	if code == "" {
		return line
	}
	return "\x1b[" + code + "m" + line + "\x1b[0m"
}

func lines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}
