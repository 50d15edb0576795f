package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func eventsCommand(s *session) *cobra.Command {
	var o getOptions
	var follow bool
	var newest int
	var q client.Query
	var when span
	c := &cobra.Command{
		Use:   "events [NAME]",
		Short: "Show what happened to a deployment, or to all, and why",
		Long:  "Show what happened to a deployment, or to all, and why: the newest 50, or those of a time. NAME may be KIND/NAME of a job or session cluster.",
		Example: example(`weir events orders --follow
weir events orders --since 24h --event JOB_SUCCESSFULLY_STARTED
weir events sessioncluster/shared`),
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	outputFlag(c, &o.output)
	when.add(c)
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on and show new events")
	c.Flags().IntVar(&newest, "newest", 50, "only that many of the newest (0: all)")
	c.Flags().StringVar(&q.Name, "event", "", "only events of that name")
	c.Flags().StringVar(&q.JobID, "job", "", "only of the job with that id")
	s.everywhereFlag(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		k, err := findKind("events")
		if err != nil {
			return err
		}
		var to time.Time
		if q.From, to, err = when.times(time.Now()); err != nil {
			return err
		}
		q.To, q.Newest = to, max(newest, 0)
		if len(args) == 1 {
			if err := s.aboutWhat(ctx, api, args[0], &q); err != nil {
				return err
			}
		}
		if !follow {
			all, err := s.list(ctx, api, k, q)
			if err != nil {
				return err
			}
			return s.show(k, all, false, o)
		}
		return s.followEvents(ctx, api, k, q, o)
	})
}

// aboutWhat narrows a list of events to those about one resource.
func (s *session) aboutWhat(ctx context.Context, api *client.Client, arg string, q *client.Query) error {
	wanted := []wantedKind{{refs: []string{arg}}}
	k, err := findKind("deployments")
	if err != nil {
		return err
	}
	wanted[0].kind = k
	if parsed, err := parseRefs([]string{arg}); err == nil && len(parsed[0].refs) == 1 {
		wanted = parsed
	}
	v, err := s.fetch(ctx, api, wanted[0].kind, wanted[0].refs[0])
	if err != nil {
		return err
	}
	switch v.(type) {
	case *resource.Deployment:
		q.DeploymentID = v.Meta().ID
	case *resource.Job:
		q.JobID = v.Meta().ID
	case *resource.SessionCluster:
		q.SessionClusterID = v.Meta().ID
	default:
		return usagef("%s have no events; deployments, jobs and session clusters have", wanted[0].names[0])
	}
	return nil
}

// followEvents shows events as they come, with the time instead of the age,
// which would go stale on the screen.
func (s *session) followEvents(ctx context.Context, api *client.Client, k kind, q client.Query, o getOptions) error {
	k.columns = append([]column{{head: "TIME               ", cell: func(_ time.Time, o resource.Object) string { return instant(o.Meta().CreatedAt) }}}, eventColumns[1:]...)
	v := &viewer{s: s, api: api, k: wantedKind{kind: k}, o: o, shown: map[string]seen{}}
	show := func() error {
		all, err := s.list(ctx, api, k, q)
		if err != nil {
			return err
		}
		return v.show(all)
	}
	return s.watch(ctx, api, func(c client.Change) error {
		if c.Resync || c.Key.Kind == resource.KindEvent {
			return show()
		}
		return nil
	})
}
