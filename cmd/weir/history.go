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

func historyCommand(s *session) *cobra.Command {
	var output string
	var runs bool
	var newest int
	c := &cobra.Command{
		Use:   "history NAME",
		Short: "Show every accepted spec of a deployment: when, by whom, what changed",
		Long: "Show every accepted spec of a deployment: when, by whom, what changed. With --jobs, which job ran which of them from when to when, and from\n" +
			"what state it began.",
		Example:           example("weir history orders\nweir history orders --jobs\nweir diff deployment orders --revision 3..5"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	outputFlag(c, &output)
	c.Flags().BoolVar(&runs, "jobs", false, "the jobs that ran")
	c.Flags().IntVar(&newest, "newest", 0, "only that many of the newest (0: all)")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		args[0] = deploymentName(args[0])
		if runs {
			return s.showRuns(ctx, api, args[0], output, max(newest, 0))
		}
		revisions, err := api.Revisions(ctx, s.ns(), args[0])
		if err != nil {
			return s.whereIsIt(ctx, api, args[0], err)
		}
		skipped := 0
		if newest > 0 {
			skipped = max(len(revisions)-newest, 0)
		}
		switch output {
		case "json", "yaml":
			return s.document(documentOf("RevisionList", revisions[skipped:]), output)
		case "name":
			for _, r := range revisions[skipped:] {
				fmt.Fprintln(s.out, r.Generation)
			}
			return nil
		}
		t := &table{head: []string{"GENERATION", "AGE", "BY", "CHANGED"}, right: []bool{true, true, false, false}}
		for i, r := range revisions {
			what := "created"
			if i > 0 {
				if what, err = specChanges(revisions[i-1].Spec, r.Spec, output == "wide"); err != nil {
					return fmt.Errorf("revision %d: %w", r.Generation, err)
				}
			}
			if i < skipped {
				continue
			}
			t.add(strconv.Itoa(r.Generation), age(time.Now(), r.CreatedAt), r.Author, what)
		}
		return t.write(s.out, nil)
	})
}

// documentOf is a list in the form that the API gives lists.
func documentOf[T any](kind string, items []T) any {
	if items == nil {
		items = []T{}
	}
	return struct {
		Kind       string   `json:"kind"`
		APIVersion string   `json:"apiVersion"`
		Metadata   struct{} `json:"metadata"`
		Items      []T      `json:"items"`
	}{Kind: kind, APIVersion: resource.APIVersion, Items: items}
}

// showRuns shows the jobs of a deployment, oldest first.
func (s *session) showRuns(ctx context.Context, api *client.Client, name, output string, newest int) error {
	all, err := api.Runs(ctx, s.ns(), name, client.Query{Newest: newest})
	if err != nil {
		return s.whereIsIt(ctx, api, name, err)
	}
	switch output {
	case "json", "yaml":
		return s.document(documentOf("RunList", all), output)
	case "name":
		for _, r := range all {
			fmt.Fprintln(s.out, "jobs/"+r.JobID)
		}
		return nil
	}
	if len(all) == 0 {
		fmt.Fprintf(s.err, "No job of %s has run yet.\n", name)
		return nil
	}
	now := time.Now()
	t := &table{
		head:  []string{"GENERATION", "JOB", "STATE", "TASKS", "STARTED", "RAN-FOR", "BY", "CHANGED"},
		right: []bool{true, false, false, true, true, true, false, false},
	}
	if output == "wide" {
		t.head, t.right, t.full = append(t.head, "FROM"), append(t.right, false), true
	}
	for _, r := range all {
		end := r.EndedAt.Time
		if r.EndedAt.IsZero() {
			end = now
		}
		ran := ""
		if !r.StartedAt.IsZero() {
			ran = age(end, r.StartedAt)
		}
		var changed []string
		for _, c := range r.Changes {
			changed = append(changed, fieldChange{strings.TrimPrefix(c.Field, "spec."), c.Old, c.New}.String())
		}
		generation := ""
		if r.Generation > 0 {
			generation = strconv.Itoa(r.Generation)
		}
		cells := []string{
			generation, r.JobID, string(r.State), strconv.Itoa(r.Parallelism), age(now, r.StartedAt), ran, r.Author,
			firstOf(strings.Join(changed, ", "), r.Failure.Message),
		}
		if output == "wide" {
			cells = append(cells, firstOf(r.RestoredFrom, "empty state"))
		}
		t.add(cells...)
	}
	return t.write(s.out, s.paintStates(t))
}

// specChanges says in one line what differs between two specs.
func specChanges(old, now json.RawMessage, all bool) (string, error) {
	changes, err := compareJSON(old, now)
	if err != nil {
		return "", err
	}
	const few = 3
	var parts []string
	for i, c := range changes {
		if i == few && !all {
			parts = append(parts, fmt.Sprintf("and %d more", len(changes)-few))
			break
		}
		parts = append(parts, c.String())
	}
	return strings.Join(parts, ", "), nil
}
