package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func tokenCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "token",
		Short:   "Make and take back the tokens of machines",
		Example: example("weir token create ci --role editor > token.txt\nweir token list"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(tokenCreateCommand(s), s.listCommand("token", "tokens"), s.deleteCommandOf("token"))
	return c
}

func tokenCreateCommand(s *session) *cobra.Command {
	var role, output string
	roles := []string{string(resource.RoleViewer), string(resource.RoleEditor), string(resource.RoleOwner)}
	c := &cobra.Command{
		Use:   "create NAME --role ROLE",
		Short: "Make a token; its secret is printed once, and never again",
		Long: "Make a token of a namespace. Its secret is the only thing on standard output, and nobody can ask for it again. WEIR_TOKEN, or weir login,\n" +
			"is how it is used; other programs send it as a bearer token.",
		Example: example("weir token create ci --role editor > token.txt"),
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&role, "role", "", "viewer (reads), editor (changes what runs) or owner (everything in the namespace)")
	c.Flags().StringVarP(&output, "output", "o", "text", "text (the secret alone) or json")
	_ = c.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roles, cobra.ShellCompDirectiveNoFileComp))
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if !slices.Contains(roles, role) {
			return usagef("--role must be viewer, editor or owner, got %q%s", role, near(role, roles))
		}
		if output != "text" && output != "json" {
			return usagef("output %q is not known; it can be text or json", output)
		}
		secret, err := api.CreateToken(ctx, s.ns(), args[0], resource.Role(role))
		if err != nil {
			return err
		}
		if output == "json" {
			return printJSON(s.out, map[string]string{"name": args[0], "namespace": s.ns(), "role": role, "secret": secret})
		}
		s.progressf("token %s created; this is its secret, shown this once:", args[0])
		fmt.Fprintln(s.out, secret)
		return nil
	})
}
