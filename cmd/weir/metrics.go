package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func metricsCommand(s *session) *cobra.Command {
	var output, stage, jobID string
	var follow bool
	var every time.Duration
	c := &cobra.Command{
		Use:   "metrics NAME",
		Short: "Show how each stage of a deployment's running job does",
		Long: "Show how each stage of a deployment's running job does: records, rates, load, watermark, state, and its checkpoints. With --follow the table\n" +
			"is printed again every two seconds; -o json then gives one object a line.",
		Example:           example("weir metrics orders\nweir metrics orders --stage GroupAggregate --follow\nweir metrics orders -o json"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the job ends")
	c.Flags().DurationVar(&every, "every", 2*time.Second, "how often --follow looks")
	c.Flags().StringVar(&stage, "stage", "", "only stages with this in their name")
	c.Flags().StringVar(&jobID, "job", "", "id of a job other than the running one")
	c.Flags().StringVarP(&output, "output", "o", "table", "table, wide, json or yaml")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if !slices.Contains([]string{"table", "wide", "json", "yaml"}, output) {
			return usagef("output %q is not known; it can be table, wide, json or yaml", output)
		}
		if every < 100*time.Millisecond {
			return usagef("--every must be at least 100ms, got %s", every)
		}
		job, err := s.runningJob(ctx, api, deploymentName(args[0]), jobID)
		if err != nil {
			return err
		}
		for {
			m, err := api.Metrics(ctx, s.ns(), job)
			if follow && client.IsNotFound(err) {
				s.progressf("job %s has ended", job)
				return nil
			}
			if err != nil {
				return err
			}
			m.Vertices = slices.DeleteFunc(m.Vertices, func(v client.VertexMetrics) bool { return !strings.Contains(v.Name, stage) })
			if err := s.showMetrics(m, output, follow); err != nil || !follow {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(every):
			}
			if output == "table" || output == "wide" {
				fmt.Fprintln(s.out)
			}
		}
	})
}

// runningJob is the id of a deployment's job that runs.
func (s *session) runningJob(ctx context.Context, api *client.Client, name, jobID string) (string, error) {
	if jobID != "" {
		return jobID, nil
	}
	at, err := s.look(ctx, api, name)
	if err != nil {
		return "", s.whereIsIt(ctx, api, name, err)
	}
	if id := at.deployment.Status.Running.JobID; id != "" {
		return id, nil
	}
	if at.job.Metadata.ID != "" && at.job.Status.State == resource.JobStarted {
		return at.job.Metadata.ID, nil
	}
	return "", &exitError{client.ExitNotFound, fmt.Errorf("deployment %q is %s, so no job of it runs that could be measured", name, at.deployment.Status.State)}
}

func (s *session) showMetrics(m client.JobMetrics, output string, follow bool) error {
	switch {
	case output == "json" && follow:
		return s.jsonLine(m)
	case output == "json" || output == "yaml":
		return s.document(m, output)
	}
	c := m.Checkpoints
	checkpoints := fmt.Sprintf("%d completed, %d failed", c.Completed, c.Failed)
	if !c.LatestAt.IsZero() {
		checkpoints += fmt.Sprintf(", newest %s ago (%d ms, %s)", age(time.Now(), c.LatestAt), c.LatestMs, firstOf(size(c.LatestSize), "empty"))
	}
	if err := s.facts("", [][2]string{
		{"Job", m.JobID},
		{"State", m.State},
		{"Up for", age(m.At.Time, resource.Time{Time: m.At.Add(-time.Duration(m.UptimeMs) * time.Millisecond)})},
		{"Restarts", strconv.FormatInt(m.Restarts, 10)},
		{"Memory", size(m.MemoryBytes)},
		{"Checkpoints", checkpoints},
	}); err != nil {
		return err
	}
	fmt.Fprintln(s.out)
	t := &table{
		head:  []string{"STAGE", "TASKS", "IN", "IN/S", "OUT", "OUT/S", "BUSY", "BLOCKED", "KEYS", "STATE-SIZE", "WATERMARK"},
		right: []bool{false, true, true, true, true, true, true, true, true, true, false},
		full:  output == "wide",
	}
	if output == "wide" {
		t.head, t.right = append(t.head, "LATE", "PENDING", "STATUS"), append(t.right, true, true, false)
	}
	for _, v := range m.Vertices {
		keys, mark, pending := "", "", ""
		if v.StateKeys > 0 {
			keys = quantity(float64(v.StateKeys))
		}
		if !v.Watermark.IsZero() {
			mark = v.Watermark.UTC().Format("2006-01-02 15:04:05.000")
		}
		if v.Pending >= 0 {
			pending = strconv.FormatInt(v.Pending, 10)
		}
		cells := []string{
			v.Name, strconv.Itoa(v.Parallelism), quantity(float64(v.RecordsIn)), perSecond(v.RecordsInPerSec), quantity(float64(v.RecordsOut)),
			perSecond(v.RecordsOutPerSec), percent(v.Busy), percent(v.BackPressured), keys, size(v.StateBytes), mark,
		}
		if output == "wide" {
			cells = append(cells, strconv.FormatInt(v.LateDropped, 10), pending, v.Status)
		}
		t.add(cells...)
	}
	return t.write(s.out, nil)
}
