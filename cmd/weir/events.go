package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func eventsCommand(s *session) *cobra.Command {
	var output string
	var follow bool
	var newest int
	c := &cobra.Command{
		Use:               "events [NAME]",
		Short:             "Show what happened to a deployment, or to all, and why",
		Example:           example("weir events orders --follow"),
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	outputFlag(c, &output)
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on and show new events")
	c.Flags().IntVar(&newest, "newest", 50, "only that many of the newest (0: all)")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		k, err := findKind("events")
		if err != nil {
			return err
		}
		q := client.Query{Newest: max(newest, 0)}
		if len(args) == 1 {
			d, err := api.Deployments(s.ns()).Get(ctx, args[0])
			if err != nil {
				return s.whereIsIt(ctx, api, args[0], err)
			}
			q.DeploymentID = d.Metadata.ID
		}
		if !follow {
			all, err := k.list(ctx, api, s.ns(), q)
			if err != nil {
				return err
			}
			return s.show(k, all, false, getOptions{output: output})
		}
		return s.followEvents(ctx, api, k, q, output)
	})
}

// followEvents shows events as they come, with the time instead of the age,
// which would go stale on the screen.
func (s *session) followEvents(ctx context.Context, api *client.Client, k kind, q client.Query, output string) error {
	shown := map[string]bool{}
	first := true
	k.columns = append([]column{{head: "TIME               ", cell: func(_ time.Time, o resource.Object) string { return instant(o.Meta().CreatedAt) }}}, eventColumns[1:]...)
	return api.Watch(ctx, s.ns(), func(c client.Change) error {
		if !c.Resync && c.Key.Kind != resource.KindEvent {
			return nil
		}
		all, err := k.list(ctx, api, s.ns(), q)
		if err != nil {
			return err
		}
		var news []resource.Object
		for _, e := range all {
			if !shown[e.Meta().ID] {
				shown[e.Meta().ID] = true
				news = append(news, e)
			}
		}
		if len(news) == 0 {
			return nil
		}
		defer func() { first = false }()
		if output == "json" {
			enc := json.NewEncoder(s.out)
			enc.SetEscapeHTML(false)
			for _, e := range news {
				if err := enc.Encode(e); err != nil {
					return err
				}
			}
			return nil
		}
		if output == "yaml" || output == "name" {
			return s.show(k, news, false, getOptions{output: output})
		}
		t := k.tableOf(time.Now(), news, output == "wide", s.everywhere)
		t.headless = !first
		return t.write(s.out, nil)
	})
}
