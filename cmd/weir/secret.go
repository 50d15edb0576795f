package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func secretCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "secret",
		Short: "Keep words that specs refer to as ${NAME}",
		Long: "Keep words that specs refer to as ${NAME}: in flinkConfiguration, jarUri, SQL. A value goes in and never comes out; it is put in place when a\n" +
			"job starts.",
		Example: example("weir secret create KAFKA_PASSWORD --from-file password.txt\nweir secret list"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(secretCreateCommand(s), s.listCommand("secret", "secrets"), s.deleteCommandOf("secret"))
	return c
}

func secretCreateCommand(s *session) *cobra.Command {
	var file, literal string
	var replace bool
	c := &cobra.Command{
		Use:   "create NAME",
		Short: "Keep a new secret, or with --replace another value of one",
		Long: "Keep a new secret. Its value is read from a file, from standard input, or from the keyboard without being shown; one line break at its end is\n" +
			"not part of it. Jobs that run keep the value they started with.",
		Example: example("weir secret create KAFKA_PASSWORD --from-file password.txt\npass show kafka | weir secret create KAFKA_PASSWORD --replace"),
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&file, "from-file", "", "file with the value, or - for standard input")
	c.Flags().StringVar(&literal, "from-literal", "", "the value itself; other users of this machine can see it in the list of processes, and the shell keeps it")
	c.Flags().BoolVar(&replace, "replace", false, "give a secret that exists another value")
	c.MarkFlagsMutuallyExclusive("from-file", "from-literal")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		value := literal
		if c.Flags().Changed("from-literal") {
			s.noticef("a value on the command line can be seen in the list of processes; --from-file or standard input keeps it to yourself")
		} else {
			var err error
			if value, err = s.readValue(ctx, args[0], file); err != nil {
				return err
			}
		}
		if value == "" {
			return usagef("the value of secret %s is empty", args[0])
		}
		v := resource.SecretValue{
			Kind: resource.KindSecretValue, APIVersion: resource.APIVersion, Metadata: resource.Metadata{Name: args[0]},
			Spec: resource.SecretValueSpec{Kind: resource.SecretPlain, Value: value},
		}
		if !replace {
			if _, err := api.Secrets(s.ns()).Create(ctx, v); err != nil {
				if client.IsConflict(err) {
					return fmt.Errorf("%w; --replace gives it another value", err)
				}
				return err
			}
			fmt.Fprintf(s.out, "secret %s created\n", args[0])
			return nil
		}
		if _, err := api.Secrets(s.ns()).Put(ctx, args[0], v); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "secret %s set\n", args[0])
		return nil
	})
}

// readValue reads the value of a secret.
func (s *session) readValue(ctx context.Context, name, file string) (string, error) {
	in, keyboard := s.in.(*os.File)
	keyboard = keyboard && isTerminal(in)
	var text []byte
	var err error
	switch {
	case file != "" && file != "-":
		text, err = readFile(file)
	case file == "" && keyboard:
		fmt.Fprintf(s.err, "Value of %s: ", name)
		text, err = readHidden(ctx, in)
		fmt.Fprintln(s.err)
	default:
		text, err = s.readPiped()
	}
	if err != nil {
		return "", fmt.Errorf("read the value of secret %s: %w", name, err)
	}
	return withoutNewline(text), nil
}

// listCommand is the list verb of a group of verbs about one kind.
func (s *session) listCommand(group, word string) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:     "list",
		Short:   "List " + word,
		Example: example("weir " + group + " list"),
		Args:    cobra.NoArgs,
	}
	outputFlag(c, &output)
	s.everywhereFlag(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, _ []string) error {
		k, err := findKind(word)
		if err != nil {
			return err
		}
		all, err := s.list(ctx, api, k, client.Query{})
		if err != nil {
			return err
		}
		return s.show(k, all, false, getOptions{output: output})
	})
}

// deleteCommandOf is the delete verb of a group of verbs about one kind.
func (s *session) deleteCommandOf(word string) *cobra.Command {
	var how deleteFlags
	c := &cobra.Command{
		Use:     "delete NAME…",
		Short:   "Delete " + word + "s",
		Example: example("weir " + word + " delete " + strings.ToLower(word) + "-name"),
		Args:    cobra.MinimumNArgs(1),
		ValidArgsFunction: func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			return s.completeRefs(c, append([]string{word}, args...), typed)
		},
	}
	c.Flags().BoolVar(&how.ignoreMissing, "ignore-not-found", false, "what is not there counts as deleted")
	if word == "namespace" {
		how.add(c)
	}
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		k, err := findKind(word)
		if err != nil {
			return err
		}
		var failures []error
		for _, ref := range args {
			if err := s.remove(ctx, api, k, ref, how); err != nil {
				failures = append(failures, err)
			}
		}
		return join(failures)
	})
}
