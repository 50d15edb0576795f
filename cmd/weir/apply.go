package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// applyFlags are how apply goes about it.
type applyFlags struct {
	waitFlags
	dry        bool
	acceptLoss bool
	validate   bool
	output     string // text, name or json
}

// applyReport is what was done to one resource, or would be.
type applyReport struct {
	Kind      string            `json:"kind"` // as delete and get take it
	Name      string            `json:"name"`
	Namespace string            `json:"namespace,omitzero"`
	Action    string            `json:"action"` // created, changed, unchanged; with --dry-run would be created, would be changed
	Changes   []resource.Change `json:"changes"`
}

func applyCommand(s *session) *cobra.Command {
	var files []string
	var how applyFlags
	c := &cobra.Command{
		Use:   "apply -f FILE|DIR|-",
		Short: "Create or update resources from YAML or JSON",
		Long: "Create the resources of files, or change them to what the files say, and print what changed. A field that a file does not mention keeps its\n" +
			"value, unless an earlier apply set it. A change of a running deployment that would drop state is refused (exit code 5); weir plan shows why.\n" +
			"Kinds: " + appliedKinds() + ".",
		Example: example(`weir apply -f orders.yaml --wait
weir apply -f deployments/ --dry-run
weir get deployment orders -o yaml | weir apply -n staging -f -`),
		Args: cobra.NoArgs,
	}
	c.Flags().StringSliceVarP(&files, "file", "f", nil, "file, folder, or - for standard input; may be repeated")
	c.Flags().BoolVar(&how.dry, "dry-run", false, "check everything and show what would change, but change nothing")
	c.Flags().BoolVar(&how.acceptLoss, "accept-state-loss", false, "apply even what drops state of a running deployment")
	c.Flags().BoolVar(&how.validate, "validate", true, "refuse SQL that does not compile")
	c.Flags().StringVarP(&how.output, "output", "o", "text", "text (what changed), name (which resources) or json")
	how.add(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, _ []string) error {
		if len(files) == 0 {
			return usagef("-f must be given: a file, a folder, or - for standard input")
		}
		if how.output != "text" && how.output != "name" && how.output != "json" {
			return usagef("output %q is not known; it can be text, name or json", how.output)
		}
		if how.output != "text" {
			s.reports = &[]applyReport{}
		}
		all, err := s.readManifests(files)
		if err != nil {
			return err
		}
		var failures []error
		var waits []waiting
		for _, m := range all {
			for _, warning := range m.unknownFields() {
				s.noticef("%s: %s", m.source, warning)
			}
			wait, err := s.apply(ctx, api, m, how)
			if err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", m.source, err))
				continue
			}
			if wait != nil {
				waits = append(waits, wait)
			}
		}
		if err := s.showReports(how.output); err != nil {
			return err
		}
		return join(append(failures, waitAll(waits, how.timeout)...))
	})
}

// showReports prints what was done, in a form for programs.
func (s *session) showReports(output string) error {
	switch output {
	case "json":
		return printJSON(s.out, documentOf("ApplyList", *s.reports))
	case "name":
		for _, r := range *s.reports {
			fmt.Fprintf(s.out, "%s/%s\n", r.Kind, r.Name)
		}
	}
	return nil
}

// donef says what was done: on standard error if standard output is for a program.
func (s *session) donef(format string, args ...any) {
	w := s.out
	if s.reports != nil {
		w = s.err
	}
	fmt.Fprintf(w, format+"\n", args...)
}

// waiting waits for the effect of what was applied, for so long at most.
type waiting func(timeout time.Duration) error

// waitAll waits for all; one timeout is for them together.
func waitAll(waits []waiting, timeout time.Duration) []error {
	began := time.Now()
	var failures []error
	for _, wait := range waits {
		left := timeout
		if timeout > 0 {
			left = max(timeout-time.Since(began), time.Millisecond)
		}
		if err := wait(left); err != nil {
			failures = append(failures, err)
		}
	}
	return failures
}

// where is the session in the namespace of a document, unless the command line
// says another.
func (s *session) where(m manifest) *session {
	at := *s
	if m.namespace != "" && s.namespace == "" {
		at.namespace, at.resolved = m.namespace, nil
	}
	return &at
}

// apply applies one document and says what changed. wait, if not nil, waits
// for the effect.
func (s *session) apply(ctx context.Context, api *client.Client, m manifest, how applyFlags) (wait waiting, err error) {
	in := s.where(m)
	if m.kind == resource.KindDeployment {
		return in.applyDeployment(ctx, api, m, how)
	}
	k, ok := kindOfResource(m.kind)
	if !ok {
		return nil, fmt.Errorf("kind %s cannot be applied", m.kind)
	}
	return in.applyOther(ctx, api, k, m, how)
}

// applyOther applies a document of any kind but Deployment.
func (s *session) applyOther(ctx context.Context, api *client.Client, k kind, m manifest, how applyFlags) (waiting, error) {
	wanted := m.wanted()
	if spec, _ := wanted["spec"].(map[string]any); k.kind == resource.KindSecretValue && spec["value"] == nil {
		return nil, errors.New("spec.value must be set; what the server gives out of a secret is without it")
	}
	before, err := k.get(ctx, api, s.ns(), m.name)
	if client.IsNotFound(err) {
		before, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	label := k.names[1]
	if k.kind == resource.KindDeploymentDefaults {
		label = "deploymentdefaults"
		m.name = s.ns()
	}
	if how.dry {
		return nil, s.reportDry(label, m.name, before, wanted)
	}
	setName(wanted, m.name)
	after, err := k.apply(ctx, api, s.ns(), m.name, before, wanted)
	if err != nil {
		return nil, err
	}
	if before == nil {
		s.report(label, m.name, "created", nil)
	} else if err := s.reportChange(label, m.name, visible(before), visible(after), false); err != nil {
		return nil, err
	}
	if k.kind != resource.KindSessionCluster || !how.wait {
		return nil, nil
	}
	return func(timeout time.Duration) error { return s.awaitSessionCluster(ctx, api, m.name, timeout) }, nil
}

func setName(body map[string]any, name string) {
	kept := maps.Clone(metadata(body))
	kept["name"] = name
	body["metadata"] = kept
}

// reportDry says what applying would do, as far as can be said from here.
func (s *session) reportDry(label, name string, before resource.Object, wanted map[string]any) error {
	if before == nil {
		s.report(label, name, "would be created", nil)
		return nil
	}
	now, then, err := foreseen(before, wanted)
	if err != nil {
		return err
	}
	return s.reportChange(label, name, now, then, true)
}

// foreseen is what is visible of a resource now, and once a document is applied.
func foreseen(before resource.Object, wanted map[string]any) (now, then any, err error) {
	if now, err = tree(visible(before)); err != nil {
		return nil, nil, err
	}
	fields, _ := now.(map[string]any)
	after := maps.Clone(fields)
	if spec, ok := wanted["spec"].(map[string]any); ok {
		spec = maps.Clone(spec)
		delete(spec, "value") // of a secret
		if len(spec) > 0 {
			old, _ := after["spec"].(map[string]any)
			after["spec"] = merge(old, spec)
		}
	}
	if labels, ok := metadata(wanted)["labels"].(map[string]any); ok {
		after["labels"] = labels
	}
	return now, after, nil
}

// merge is a JSON merge patch.
func merge(old, patch map[string]any) map[string]any {
	out := map[string]any{}
	maps.Copy(out, old)
	for key, v := range patch {
		inner, isObject := v.(map[string]any)
		was, _ := out[key].(map[string]any)
		switch {
		case v == nil:
			delete(out, key)
		case isObject:
			out[key] = merge(was, inner)
		default:
			out[key] = v
		}
	}
	return out
}

// visible is what of a resource people change.
func visible(o resource.Object) any {
	m := o.Meta()
	v := map[string]any{"labels": m.Labels, "spec": o.SpecOf()}
	if m.DisplayName != "" {
		v["displayName"] = m.DisplayName
	}
	if o.SpecOf() == nil { // what changes is not shown
		delete(v, "spec")
		v["version"] = m.ResourceVersion
	}
	return v
}

// reportChange says which fields differ.
func (s *session) reportChange(kind, name string, before, after any, dry bool) error {
	changes, err := changesOf(before, after)
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
	if s.reports != nil {
		r := applyReport{Kind: kind, Name: name, Namespace: s.ns(), Action: what, Changes: []resource.Change{}}
		if kind == "namespace" {
			r.Namespace = ""
		}
		for _, c := range changes {
			r.Changes = append(r.Changes, resource.Change{Field: c.path, Old: c.old, New: c.now})
		}
		*s.reports = append(*s.reports, r)
		return
	}
	fmt.Fprintf(s.out, "%s %s %s\n", kind, name, what)
	for _, c := range changes {
		s.showChange(c)
	}
}
