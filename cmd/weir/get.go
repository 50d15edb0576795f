package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

type getOptions struct {
	output   string
	selector string
	watch    bool
	headless bool
}

func getCommand(s *session) *cobra.Command {
	var o getOptions
	c := &cobra.Command{
		Use:   "get KIND[,KIND] [NAME…]",
		Short: "List resources, or show some",
		Long: "List resources, or show some by name or id; KIND/NAME works too. Kinds: " + strings.Join(kindNames(), ", ") + ".\n" +
			"-o jsonpath={.status.state} prints one field of each, {.items[*].metadata.name} one of a list.",
		Example: example(`weir get deployments
weir get deployments -A -l team=a
weir get deployment orders -o yaml
weir get deployment orders -o 'jsonpath={.status.state}'
weir get jobs --watch`),
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: s.completeRefs,
	}
	outputFlag(c, &o.output)
	pathOutput(c, &o.output)
	c.Flags().StringVarP(&o.selector, "selector", "l", "", "labels, for example team=a,tier in (x,y)")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on and show what changes")
	c.Flags().BoolVar(&o.headless, "no-headers", false, "tables without the line of names")
	s.everywhereFlag(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		wanted, err := parseRefs(args)
		if err != nil {
			return err
		}
		for _, k := range wanted {
			switch {
			case o.selector != "" && !k.labels:
				return usagef("%s have no labels, so --selector cannot choose among them", k.names[0])
			case o.selector != "" && len(k.refs) > 0:
				return usagef("give names or --selector, not both")
			case s.everywhere && len(k.refs) > 0:
				return usagef("a name is in one namespace (-n); --all-namespaces lists")
			}
		}
		if o.watch {
			if len(wanted) > 1 || len(wanted[0].refs) > 1 {
				return usagef("--watch works on one kind, or one resource, at a time")
			}
			return s.getWatching(ctx, api, wanted[0], o)
		}
		return s.get(ctx, api, wanted, o)
	})
}

// get shows what is there of every kind that is wanted.
func (s *session) get(ctx context.Context, api *client.Client, wanted []wantedKind, o getOptions) error {
	var failures []error
	found := make([][]resource.Object, len(wanted))
	for i, k := range wanted {
		if len(k.refs) == 0 {
			var err error
			if found[i], err = s.list(ctx, api, k.kind, client.Query{LabelSelector: o.selector}); err != nil {
				failures = append(failures, err)
			}
			continue
		}
		for _, ref := range k.refs {
			v, err := s.fetch(ctx, api, k.kind, ref)
			if err != nil {
				failures = append(failures, err)
				continue
			}
			found[i] = append(found[i], v)
		}
	}
	single := len(wanted) == 1 && len(wanted[0].refs) == 1
	if len(failures) > 0 && len(slices.Concat(found...)) == 0 {
		return join(failures)
	}
	if len(wanted) == 1 || o.output == "json" || o.output == "yaml" || isPath(o.output) {
		k := wanted[0].kind
		if len(wanted) > 1 {
			k = kind{} // of several: a list of anything
		}
		if err := s.show(k, slices.Concat(found...), single, o); err != nil {
			return err
		}
		return join(failures)
	}
	for i, k := range wanted {
		if i > 0 && o.output != "name" {
			fmt.Fprintln(s.out)
		}
		if err := s.show(k.kind, found[i], false, o); err != nil {
			return err
		}
	}
	return join(failures)
}

// list lists a kind, in every namespace if asked to.
func (s *session) list(ctx context.Context, api *client.Client, k kind, q client.Query) ([]resource.Object, error) {
	if k.global || !s.everywhere {
		return k.list(ctx, api, s.ns(), q)
	}
	all, err := s.namespaces(ctx, api)
	if err != nil {
		return nil, err
	}
	lists := make([][]resource.Object, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, namespace := range all {
		g.Go(func() error {
			list, err := k.list(ctx, api, namespace, q)
			if client.IsNotFound(err) || client.IsForbidden(err) { // gone meanwhile, or not for us to see
				err = nil
			}
			for _, v := range list {
				v.Meta().Namespace = namespace
			}
			lists[i] = list
			return err
		})
	}
	err = g.Wait()
	return slices.Concat(lists...), err
}

// show prints resources; single tells that one was asked for by name.
func (s *session) show(k kind, all []resource.Object, single bool, o getOptions) error {
	switch {
	case o.output == "json" || o.output == "yaml" || isPath(o.output):
		if all == nil {
			all = []resource.Object{}
		}
		var v any = list{Kind: string(k.kind) + "List", APIVersion: resource.APIVersion, Items: all}
		if single {
			v = all[0]
		}
		if isPath(o.output) {
			return s.printPath(v, o.output)
		}
		return s.document(v, o.output)
	case o.output == "name":
		for _, v := range all {
			fmt.Fprintf(s.out, "%s/%s\n", k.names[0], k.name(v))
		}
		return nil
	}
	if len(all) == 0 {
		where := "in namespace " + s.ns()
		if s.everywhere {
			where = "in any namespace"
		}
		if k.global {
			where = "here"
		}
		fmt.Fprintf(s.err, "No %s %s.\n", k.names[0], where)
		return nil
	}
	t := k.tableOf(time.Now(), all, o.output == "wide", s.everywhere)
	t.headless = o.headless
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
