package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
)

func contextCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "context",
		Short: "Choose the server and namespace that other verbs work with",
		Long: "A context is a server, a namespace in it and, where the server asks for one, a token. They are kept in a file that only you can read\n" +
			"($XDG_CONFIG_HOME/weir/contexts.yaml, else ~/.config/weir/contexts.yaml). Flags and environment are stronger.",
		Example: example("weir context set prod --server https://weir.example.com --namespace payments\nweir context use prod"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(contextListCommand(s), contextUseCommand(s), contextSetCommand(s), contextDeleteCommand(s))
	return c
}

func (s *session) completeContexts(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	all, err := s.readContexts()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return all.names(), cobra.ShellCompDirectiveNoFileComp
}

func contextListCommand(s *session) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the contexts; the current one has a star",
		Example: example("weir context list"),
		Args:    cobra.NoArgs,
	}
	c.RunE = func(*cobra.Command, []string) error {
		all, err := s.readContexts()
		if err != nil {
			return err
		}
		type item struct {
			Name      string `json:"name"`
			Server    string `json:"server"`
			Namespace string `json:"namespace"`
			Token     bool   `json:"token"` // there is one
			Current   bool   `json:"current"`
		}
		items := []item{}
		for _, name := range all.names() {
			t := all.Contexts[name]
			items = append(items, item{name, t.Server, firstOf(t.Namespace, "default"), t.Token != "", name == all.Current})
		}
		switch output {
		case "json", "yaml":
			return s.document(map[string]any{"contexts": items}, output)
		case "name":
			for _, i := range items {
				fmt.Fprintln(s.out, i.Name)
			}
			return nil
		}
		if len(items) == 0 {
			fmt.Fprintf(s.err, "No contexts; weir login or weir context set makes one. Until then the server is %s.\n", client.DefaultServer)
			return nil
		}
		t := &table{head: []string{"", "NAME", "SERVER", "NAMESPACE", "TOKEN"}, full: true}
		for _, i := range items {
			t.add(map[bool]string{true: "*", false: " "}[i.Current], i.Name, i.Server, i.Namespace, map[bool]string{true: "yes", false: "no"}[i.Token])
		}
		return t.write(s.out, nil)
	}
	outputFlag(c, &output)
	return c
}

func contextUseCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:               "use NAME",
		Short:             "Make a context the current one",
		Example:           example("weir context use prod"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeContexts,
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := s.readContexts()
			if err != nil {
				return err
			}
			t, err := all.find(args[0])
			if err != nil {
				return err
			}
			all.Current = args[0]
			if err := s.writeContexts(all); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "context %s is current: %s, namespace %s\n", args[0], t.Server, firstOf(t.Namespace, "default"))
			return nil
		},
	}
}

func contextSetCommand(s *session) *cobra.Command {
	var server, namespace string
	var use bool
	c := &cobra.Command{
		Use:               "set NAME [--server URL] [--namespace NS]",
		Short:             "Make a context, or change what is given",
		Long:              "Make a context, or change what is given. A token is set by weir login; changing the server forgets it.",
		Example:           example("weir context set prod --server https://weir.example.com --namespace payments --use\nweir context set prod --namespace orders"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeContexts,
	}
	c.Flags().StringVar(&server, "server", "", "URL of the server")
	c.Flags().StringVarP(&namespace, "namespace", "n", "", "namespace to work in")
	c.Flags().BoolVar(&use, "use", false, "make it the current one")
	c.RunE = func(c *cobra.Command, args []string) error {
		if args[0] == "" || strings.ContainsAny(args[0], "\n\t ") {
			return usagef("a context's name has no spaces, got %q", args[0])
		}
		all, err := s.readContexts()
		if err != nil {
			return err
		}
		t := all.Contexts[args[0]]
		if t == nil {
			if server == "" {
				return usagef("context %q is new, so --server must be given", args[0])
			}
			t = &target{}
			all.Contexts[args[0]] = t
		}
		if server != "" {
			api, err := client.New(client.Options{Server: server})
			if err != nil {
				return &usageError{err.Error()}
			}
			if api.Server() != t.Server {
				t.Token = ""
			}
			t.Server = api.Server()
		}
		if c.Flags().Changed("namespace") {
			t.Namespace = namespace
		}
		if use || all.Current == "" {
			all.Current = args[0]
		}
		if err := s.writeContexts(all); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "context %s set: %s, namespace %s\n", args[0], t.Server, firstOf(t.Namespace, "default"))
		return nil
	}
	return c
}

func contextDeleteCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:               "delete NAME…",
		Short:             "Forget contexts, and their tokens with them",
		Example:           example("weir context delete prod"),
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: s.completeContexts,
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := s.readContexts()
			if err != nil {
				return err
			}
			var failures []error
			for _, name := range args {
				if _, err := all.find(name); err != nil {
					failures = append(failures, err)
					continue
				}
				delete(all.Contexts, name)
			}
			if len(failures) > 0 {
				return errors.Join(failures...)
			}
			if slices.Contains(args, all.Current) {
				all.Current = ""
			}
			if err := s.writeContexts(all); err != nil {
				return err
			}
			for _, name := range args {
				fmt.Fprintf(s.out, "context %s deleted\n", name)
			}
			return nil
		},
	}
}
