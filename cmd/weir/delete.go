package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func deleteCommand(s *session) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "delete KIND NAME",
		Short: "Delete a resource",
		Long:  "Delete a resource by name or id. A deployment must have been suspended or cancelled first.",
		Example: example(`weir delete deployment orders
weir delete target k8s-eu`),
		Args: cobra.ExactArgs(2),
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return s.completeKindAndName(c, args)
		},
	}
	c.Flags().BoolVar(&force, "force", false, "savepoints: even if the deployment would start from it next")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		return s.remove(ctx, api, args[0], args[1], force)
	})
}

func (s *session) remove(ctx context.Context, api *client.Client, word, ref string, force bool) error {
	k, err := findKind(word)
	if err != nil {
		return err
	}
	if k.remove == nil {
		return usagef("%s cannot be deleted: they are the record", k.names[0])
	}
	if err := k.remove(ctx, api, s.ns(), ref, force); err != nil {
		if k.kind == resource.KindDeployment {
			return s.whereIsIt(ctx, api, ref, err)
		}
		return err
	}
	fmt.Fprintf(s.out, "%s %s deleted\n", k.names[1], ref)
	return nil
}
