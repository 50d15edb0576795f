package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

type getOptions struct {
	output   string
	selector string
	watch    bool
}

func getCommand(s *session) *cobra.Command {
	var o getOptions
	c := &cobra.Command{
		Use:   "get KIND [NAME]",
		Short: "List resources, or show one",
		Long:  "List resources, or show one by name or id. Kinds: " + strings.Join(kindNames(), ", ") + ".",
		Example: example(`weir get deployments
weir get deployment orders -o yaml
weir get jobs --watch`),
		Args: cobra.RangeArgs(1, 2),
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return s.completeKindAndName(c, args)
		},
	}
	outputFlag(c, &o.output)
	c.Flags().StringVarP(&o.selector, "selector", "l", "", "labels of deployments, for example team=a,tier in (x,y)")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on and show what changes")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		k, err := findKind(args[0])
		if err != nil {
			return err
		}
		if o.selector != "" && k.kind != resource.KindDeployment {
			return usagef("--selector works on deployments only")
		}
		ref := ""
		if len(args) == 2 {
			ref = args[1]
		}
		if o.watch {
			return s.getWatching(ctx, api, k, ref, o)
		}
		if ref != "" {
			v, err := k.get(ctx, api, s.ns(), ref)
			if err != nil {
				if k.kind == resource.KindDeployment {
					return s.whereIsIt(ctx, api, ref, err)
				}
				return err
			}
			return s.show(k, []resource.Object{v}, true, o.output)
		}
		all, err := k.list(ctx, api, s.ns(), client.Query{LabelSelector: o.selector})
		if err != nil {
			return err
		}
		return s.show(k, all, false, o.output)
	})
}

func (s *session) completeKindAndName(c *cobra.Command, args []string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return kindNames(), cobra.ShellCompDirectiveNoFileComp
	}
	k, err := findKind(args[0])
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return s.complete(c, func(ctx context.Context, api *client.Client) ([]string, error) {
		all, err := k.list(ctx, api, s.ns(), client.Query{})
		return namesOf(all, k.name), err
	})
}

// show prints resources; single tells that one was asked for by name.
func (s *session) show(k kind, all []resource.Object, single bool, output string) error {
	switch output {
	case "json", "yaml":
		var v any = list{Kind: string(k.kind) + "List", APIVersion: resource.APIVersion, Items: all}
		if single {
			v = all[0]
		}
		if output == "json" {
			return printJSON(s.out, v)
		}
		return printYAML(s.out, v)
	case "name":
		for _, o := range all {
			fmt.Fprintf(s.out, "%s/%s\n", k.names[0], k.name(o))
		}
		return nil
	}
	if len(all) == 0 {
		fmt.Fprintf(s.err, "No %s in namespace %s.\n", k.names[0], s.ns())
		return nil
	}
	t := k.tableOf(time.Now(), all, output == "wide")
	return t.write(s.out, s.paintStates(t))
}

// paintStates colours the cells of the columns that hold states.
func (s *session) paintStates(t *table) func(int, string) string {
	return func(column int, cell string) string {
		if t.head != nil && (t.head[column] == "STATE" || t.head[column] == "PHASE") {
			return s.paintState(cell)
		}
		return cell
	}
}

type list struct {
	Kind       string            `json:"kind"`
	APIVersion string            `json:"apiVersion"`
	Metadata   struct{}          `json:"metadata"`
	Items      []resource.Object `json:"items"`
}

// getWatching shows everything, then each resource again when it changes: a
// row, or with json, yaml and name one document each.
func (s *session) getWatching(ctx context.Context, api *client.Client, k kind, ref string, o getOptions) error {
	shown := map[string]int{} // id → version that was shown
	first := true
	refresh := func() error {
		var all []resource.Object
		var err error
		if ref != "" {
			var v resource.Object
			if v, err = k.get(ctx, api, s.ns(), ref); err == nil {
				all = []resource.Object{v}
			} else if client.IsNotFound(err) && !first {
				err = nil // deleted while we looked
			}
		} else {
			all, err = k.list(ctx, api, s.ns(), client.Query{LabelSelector: o.selector})
		}
		if err != nil {
			return err
		}
		var news []resource.Object
		present := map[string]bool{}
		for _, v := range all {
			m := v.Meta()
			id := firstOf(m.ID, m.Name)
			present[id] = true
			if shown[id] != m.ResourceVersion+1 {
				shown[id] = m.ResourceVersion + 1
				news = append(news, v)
			}
		}
		for id := range shown {
			if !present[id] {
				delete(shown, id)
				s.progressf("%s %s was deleted", k.names[1], id)
			}
		}
		if len(news) == 0 {
			return nil
		}
		defer func() { first = false }()
		switch o.output {
		case "json":
			enc := json.NewEncoder(s.out)
			enc.SetEscapeHTML(false)
			for _, v := range news {
				if err := enc.Encode(v); err != nil {
					return err
				}
			}
			return nil
		case "yaml":
			for _, v := range news {
				if _, err := io.WriteString(s.out, "---\n"); err != nil {
					return err
				}
				if err := printYAML(s.out, v); err != nil {
					return err
				}
			}
			return nil
		case "name":
			return s.show(k, news, false, o.output)
		}
		t := k.tableOf(time.Now(), news, o.output == "wide")
		t.headless = !first
		return t.write(s.out, s.paintStates(t))
	}
	return api.Watch(ctx, s.ns(), func(c client.Change) error {
		if c.Resync || c.Key.Kind == k.kind {
			return refresh()
		}
		return nil
	})
}
