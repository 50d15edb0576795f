package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func describeCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:               "describe KIND NAME…",
		Short:             "Show everything about resources, for people",
		Long:              "Show everything about resources: a deployment with its job, savepoints and newest events, others with their spec and events.",
		Example:           example("weir describe deployment orders\nweir describe job 3f0c2a4e-…"),
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: s.completeRefs,
	}
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		wanted, err := parseRefs(args)
		if err != nil {
			return err
		}
		first := true
		for _, k := range wanted {
			if len(k.refs) == 0 { // all of them
				all, err := k.list(ctx, api, s.ns(), client.Query{})
				if err != nil {
					return err
				}
				k.refs = namesOf(all, k.name)
			}
			for _, ref := range k.refs {
				if !first {
					fmt.Fprintln(s.out)
				}
				first = false
				if err := s.describeOne(ctx, api, k.kind, ref); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (s *session) describeOne(ctx context.Context, api *client.Client, k kind, ref string) error {
	if k.kind != resource.KindDeployment {
		v, err := s.fetch(ctx, api, k, ref)
		if err != nil {
			return err
		}
		return s.describeOther(ctx, api, v)
	}
	at, err := s.look(ctx, api, ref)
	if err != nil {
		return s.whereIsIt(ctx, api, ref, err)
	}
	id := at.deployment.Metadata.ID
	savepoints, err := api.Savepoints(s.ns()).List(ctx, client.Query{DeploymentID: id, Newest: 5})
	if err != nil {
		return err
	}
	events, err := api.Events(s.ns()).List(ctx, client.Query{DeploymentID: id, Newest: 10})
	if err != nil {
		return err
	}
	return s.describe(at, savepoints, events)
}

func (s *session) describe(at sight, savepoints []resource.Savepoint, events []resource.Event) error {
	d, now := at.deployment, time.Now()
	if err := s.facts("", deploymentFacts(d, now)); err != nil {
		return err
	}
	spec := d.Spec.Template.Spec
	if err := s.facts("Template", templateFacts(spec)); err != nil {
		return err
	}
	if script := strings.TrimSpace(spec.Artifact.SQLScript); script != "" {
		fmt.Fprintf(s.out, "\nScript\n  %s\n", strings.ReplaceAll(script, "\n", "\n  "))
	}
	if at.job.Metadata.ID != "" {
		if err := s.facts("Newest job", jobFacts(at.job, now)); err != nil {
			return err
		}
	}
	if err := s.part("Savepoints, newest last", "savepoints", objects(savepoints)); err != nil {
		return err
	}
	return s.part("Events, newest last", "events", objects(events))
}

// part shows resources that belong to what is described.
func (s *session) part(title, kindWord string, all []resource.Object) error {
	if len(all) == 0 {
		return nil
	}
	k, err := findKind(kindWord)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\n%s\n", title)
	t := k.tableOf(time.Now(), all, false, false)
	return t.write(indented{s.out}, s.paintStates(t))
}

func deploymentFacts(d resource.Deployment, now time.Time) [][2]string {
	m := d.Metadata
	facts := [][2]string{
		{"Name", m.Name},
		{"Display name", m.DisplayName},
		{"Namespace", m.Namespace},
		{"Id", m.ID},
		{"State", string(d.Status.State)},
		{"Wanted", string(d.Spec.State)},
		{"Message", d.Status.Message},
		{"Target", firstOf(d.Spec.SessionClusterName, d.Spec.DeploymentTargetName, d.Spec.DeploymentTargetID)},
		{"Upgrade strategy", string(d.Spec.UpgradeStrategy.Kind)},
		{"Restore strategy", string(d.Spec.RestoreStrategy.Kind)},
		{"Generation", strconv.Itoa(m.Generation)},
		{"Created", ago(now, m.CreatedAt)},
		{"Changed", ago(now, m.ModifiedAt)},
	}
	for _, k := range slices.Sorted(maps.Keys(m.Labels)) {
		facts = append(facts, [2]string{"Label", k + "=" + m.Labels[k]})
	}
	for _, c := range d.Status.Running.Conditions {
		facts = append(facts, [2]string{"Condition", fmt.Sprintf("%s %s %s", c.Type, c.Status, c.Message)})
	}
	return facts
}

func templateFacts(t resource.JobTemplate) [][2]string {
	facts := [][2]string{
		{"Artifact", firstOf(string(t.Artifact.Kind) + " " + firstOf(t.Artifact.JarURI, t.Artifact.PythonArtifactURI))},
		{"Entry class", t.Artifact.EntryClass},
		{"Arguments", t.Artifact.MainArgs},
		{"Flink version", t.Artifact.FlinkVersion},
		{"Parallelism", strconv.Itoa(t.Parallelism)},
	}
	for _, k := range slices.Sorted(maps.Keys(t.FlinkConfiguration)) {
		facts = append(facts, [2]string{k, t.FlinkConfiguration[k]})
	}
	return facts
}

func jobFacts(j resource.Job, now time.Time) [][2]string {
	checkpoint := j.Status.LatestCheckpoint.Location
	if at := j.Status.LatestCheckpoint.CompletedAt; checkpoint != "" && !at.IsZero() {
		checkpoint += " (" + age(now, at) + " ago)"
	}
	return [][2]string{
		{"Id", j.Metadata.ID},
		{"State", string(j.Status.State)},
		{"Flink status", j.Status.Started.ObservedFlinkJobStatus},
		{"Restarts", strconv.Itoa(j.Status.Started.ObservedFlinkJobRestarts)},
		{"Of generation", strconv.Itoa(j.Spec.Generation)},
		{"Message", j.Status.Message},
		{"Failure", j.Status.Failure.Message},
		{"Started from", firstOf(j.Status.Restored.Location, j.Spec.SavepointLocation, "empty state")},
		{"Checkpoint", checkpoint},
		{"Created", ago(now, j.Metadata.CreatedAt)},
		{"Ended", ago(now, j.Metadata.TerminatedAt)},
	}
}

func ago(now time.Time, t resource.Time) string {
	if t.IsZero() {
		return ""
	}
	return instant(t) + " (" + age(now, t) + " ago)"
}

// facts prints names and values under a title, leaving out the empty ones.
func (s *session) facts(title string, facts [][2]string) error {
	var t table
	for _, f := range facts {
		if f[1] != "" {
			t.add(f[0], f[1])
		}
	}
	if len(t.rows) == 0 {
		return nil
	}
	paint := func(_ int, cell string) string { return s.paintState(cell) }
	if title == "" {
		return t.write(s.out, paint)
	}
	fmt.Fprintf(s.out, "\n%s\n", title)
	return t.write(indented{s.out}, paint)
}
