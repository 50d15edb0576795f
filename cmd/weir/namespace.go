package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func namespaceCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "namespace",
		Short:   "Make and delete namespaces, and say who may do what in them",
		Example: example("weir namespace create payments --owner user:ann --viewer group:support\nweir namespace delete payments --wait"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(namespaceCreateCommand(s), s.listCommand("namespace", "namespaces"), s.deleteCommandOf("namespace"))
	return c
}

func namespaceCreateCommand(s *session) *cobra.Command {
	members := map[string]*[]string{}
	c := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make a namespace",
		Long:    "Make a namespace. Members are user:NAME, group:NAME or system:authenticated; apply of a Namespace changes them later.",
		Example: example("weir namespace create payments --owner user:ann --editor group:payments"),
		Args:    cobra.ExactArgs(1),
	}
	for _, role := range []resource.Role{resource.RoleViewer, resource.RoleEditor, resource.RoleOwner} {
		members[string(role)] = c.Flags().StringSlice(string(role), nil, "member with the role "+string(role)+"; may be repeated")
	}
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		n := resource.Namespace{Metadata: resource.Metadata{Name: args[0]}}
		for _, role := range slices.Sorted(maps.Keys(members)) {
			if list := *members[role]; len(list) > 0 {
				n.Spec.RoleBindings = append(n.Spec.RoleBindings, resource.RoleBinding{Role: role, Members: list})
			}
		}
		if _, err := api.Namespace(ctx, args[0]); err == nil {
			return &exitError{client.ExitConflict, fmt.Errorf("namespace %q exists already; apply a Namespace to change it", args[0])}
		} else if !client.IsNotFound(err) {
			return err
		}
		if _, err := api.PutNamespace(ctx, n); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "namespace %s created\n", args[0])
		return nil
	})
}
