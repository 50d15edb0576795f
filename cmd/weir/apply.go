package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// annotationApplied holds what apply last wrote, so that a field that is later
// removed from the file is removed from the deployment too.
const annotationApplied = "weir.io/last-applied"

func applyCommand(s *session) *cobra.Command {
	var files []string
	var dry bool
	var w waitFlags
	c := &cobra.Command{
		Use:   "apply -f FILE|DIR|-",
		Short: "Create or update resources from YAML or JSON",
		Long: "Create the resources of a file, or change them to what it says. A field that the file does not mention keeps its value, unless an\n" +
			"earlier apply set it. Kinds: Deployment, DeploymentTarget, DeploymentDefaults, Namespace.",
		Example: example(`weir apply -f orders.yaml --wait
weir apply -f deployments/ --dry-run
weir get deployment orders -o yaml | weir apply -n staging -f -`),
		Args: cobra.NoArgs,
	}
	c.Flags().StringSliceVarP(&files, "file", "f", nil, "file, folder, or - for standard input; may be repeated")
	c.Flags().BoolVar(&dry, "dry-run", false, "check everything and show what would change, but change nothing")
	w.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, _ []string) error {
		if len(files) == 0 {
			return usagef("-f must be given: a file, a folder, or - for standard input")
		}
		all, err := s.readManifests(files)
		if err != nil {
			return err
		}
		var failures []error
		var waits []func() error
		for _, m := range all {
			for _, warning := range m.unknownFields() {
				fmt.Fprintf(s.err, "weir: %s: %s\n", m.source, warning)
			}
			wait, err := s.apply(ctx, api, m, dry, w)
			if err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", m.source, err))
				continue
			}
			if wait != nil {
				waits = append(waits, wait)
			}
		}
		for _, wait := range waits {
			if err := wait(); err != nil {
				failures = append(failures, err)
			}
		}
		return errors.Join(failures...)
	})
}

// apply applies one document and says what changed. wait, if not nil, waits
// for the effect.
func (s *session) apply(ctx context.Context, api *client.Client, m manifest, dry bool, w waitFlags) (wait func() error, err error) {
	namespace := s.ns()
	if m.namespace != "" && s.namespace == "" {
		namespace = m.namespace
	}
	switch m.kind {
	case resource.KindNamespace:
		return nil, s.applyNamespace(ctx, api, m, dry)
	case resource.KindDeploymentTarget:
		return nil, s.applyTarget(ctx, api, m, namespace, dry)
	case resource.KindDeploymentDefaults:
		if dry {
			s.report("deploymentdefaults", namespace, "would be patched", nil)
			return nil, nil
		}
		before, err := api.Defaults(ctx, namespace)
		if err != nil {
			return nil, err
		}
		after, err := api.PatchDefaults(ctx, namespace, m.wanted())
		if err != nil {
			return nil, err
		}
		return nil, s.reportChange("deploymentdefaults", namespace, before.Spec, after.Spec, dry)
	}
	return s.applyDeployment(ctx, api, m, namespace, dry, w)
}

func (s *session) applyDeployment(ctx context.Context, api *client.Client, m manifest, namespace string, dry bool, w waitFlags) (func() error, error) {
	var options []client.Option
	if dry {
		options = []client.Option{client.DryRun}
	}
	wanted := m.wanted()
	before, err := api.Deployments(namespace).Get(ctx, m.name)
	if client.IsNotFound(err) {
		body := withApplied(wanted)
		metadata(body)["name"] = m.name
		after, err := api.Deployments(namespace).Create(ctx, body, options...)
		if err != nil {
			return nil, err
		}
		s.report("deployment", m.name, map[bool]string{true: "would be created", false: "created"}[dry], nil)
		return s.waiter(ctx, api, namespace, before, after, dry, w), nil
	}
	if err != nil {
		return nil, err
	}
	patch, err := threeWay(before.Metadata.Annotations[annotationApplied], wanted)
	if err != nil {
		return nil, err
	}
	after, err := api.Deployments(namespace).Patch(ctx, before.Metadata.ID, patch, options...)
	if err != nil {
		return nil, err
	}
	type visible struct {
		DisplayName string
		Labels      map[string]string
		Spec        resource.DeploymentSpec
	}
	if err := s.reportChange("deployment", m.name,
		visible{before.Metadata.DisplayName, before.Metadata.Labels, before.Spec},
		visible{after.Metadata.DisplayName, after.Metadata.Labels, after.Spec}, dry); err != nil {
		return nil, err
	}
	return s.waiter(ctx, api, namespace, before, after, dry, w), nil
}

func (s *session) waiter(ctx context.Context, api *client.Client, namespace string, before, after resource.Deployment, dry bool, w waitFlags) func() error {
	if dry || !w.wait {
		return nil
	}
	in := *s
	in.namespace = namespace
	return func() error { return in.waitSettled(ctx, api, before, after, w) }
}

// threeWay is the merge patch that makes a deployment what the file says:
// what the file has, and a null for each field that the last apply set and
// the file no longer has.
func threeWay(last string, wanted map[string]any) (map[string]any, error) {
	patch := withApplied(wanted)
	if last == "" {
		return patch, nil
	}
	var before map[string]any
	if err := json.Unmarshal([]byte(last), &before); err != nil {
		return nil, fmt.Errorf("annotation %s is damaged; remove it and apply again: %w", annotationApplied, err)
	}
	removeMissing(patch, before)
	return patch, nil
}

// removeMissing adds to patch a null for every field that only before has.
func removeMissing(patch, before map[string]any) {
	for key, old := range before {
		now, there := patch[key]
		if !there {
			patch[key] = nil
			continue
		}
		a, isObject := now.(map[string]any)
		b, wasObject := old.(map[string]any)
		if isObject && wasObject {
			removeMissing(a, b)
		}
	}
}

// withApplied copies what is wanted and notes it in the annotation.
func withApplied(wanted map[string]any) map[string]any {
	text, err := json.Marshal(wanted)
	if err != nil {
		panic("weir: what was read from JSON is not JSON: " + err.Error())
	}
	var body map[string]any
	if err := decodeNumbers(text, &body); err != nil {
		panic("weir: what was written as JSON is not JSON: " + err.Error())
	}
	annotations, ok := metadata(body)["annotations"].(map[string]any)
	if !ok {
		annotations = map[string]any{}
		metadata(body)["annotations"] = annotations
	}
	annotations[annotationApplied] = string(text)
	return body
}

func metadata(body map[string]any) map[string]any {
	m, ok := body["metadata"].(map[string]any)
	if !ok {
		m = map[string]any{}
		body["metadata"] = m
	}
	return m
}

func (s *session) applyTarget(ctx context.Context, api *client.Client, m manifest, namespace string, dry bool) error {
	before, err := api.Targets(namespace).Get(ctx, m.name)
	existed := err == nil
	if err != nil && !client.IsNotFound(err) {
		return err
	}
	if dry {
		s.report("target", m.name, map[bool]string{true: "exists", false: "would be created"}[existed], nil)
		return nil
	}
	after, err := api.Targets(namespace).Put(ctx, m.name, m.wanted())
	if err != nil {
		return err
	}
	if !existed {
		s.report("target", m.name, "created", nil)
		return nil
	}
	type visible struct {
		Labels map[string]string
		Spec   resource.DeploymentTargetSpec
	}
	return s.reportChange("target", m.name, visible{before.Metadata.Labels, before.Spec}, visible{after.Metadata.Labels, after.Spec}, false)
}

func (s *session) applyNamespace(ctx context.Context, api *client.Client, m manifest, dry bool) error {
	var n resource.Namespace
	text, err := json.Marshal(m.wanted())
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &n); err != nil {
		return fmt.Errorf("not a namespace: %w", err)
	}
	n.Metadata.Name = m.name
	_, err = api.Namespace(ctx, m.name)
	existed := err == nil
	if err != nil && !client.IsNotFound(err) {
		return err
	}
	if dry {
		s.report("namespace", m.name, map[bool]string{true: "exists", false: "would be created"}[existed], nil)
		return nil
	}
	if _, err := api.PutNamespace(ctx, n); err != nil {
		return err
	}
	s.report("namespace", m.name, map[bool]string{true: "applied", false: "created"}[existed], nil)
	return nil
}

// reportChange says which fields differ.
func (s *session) reportChange(kind, name string, before, after any, dry bool) error {
	a, err := json.Marshal(before)
	if err != nil {
		return err
	}
	b, err := json.Marshal(after)
	if err != nil {
		return err
	}
	changes, err := compareJSON(a, b)
	if err != nil {
		return err
	}
	what := map[bool]string{true: "would be changed", false: "changed"}[dry]
	if len(changes) == 0 {
		what = "unchanged"
	}
	s.report(kind, name, what, changes)
	return nil
}

func (s *session) report(kind, name, what string, changes []fieldChange) {
	fmt.Fprintf(s.out, "%s %s %s\n", kind, name, what)
	for _, c := range changes {
		c.path = strings.TrimPrefix(strings.TrimPrefix(c.path, "Spec."), "spec.")
		fmt.Fprintf(s.out, "  %s\n", c)
	}
}
