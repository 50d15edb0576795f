package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/resource"
)

// session is what a command line works with: the streams, the environment and
// the flags that client verbs share.
type session struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	// outTerminal and errTerminal tell where people look on: colour and
	// progress are for them only.
	outTerminal, errTerminal bool
	started                  bool // the command line was understood
	launchers                func(data string, log *slog.Logger) (map[string]cluster.Launcher, error)

	server    string
	namespace string
}

func newSession(in io.Reader, out, err io.Writer) *session {
	return &session{
		in: in, out: out, err: err, getenv: os.Getenv,
		outTerminal: isTerminal(out), errTerminal: isTerminal(err),
		launchers: launchers,
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// clientFlags are those of every verb that asks a server.
func (s *session) clientFlags(c *cobra.Command) {
	c.Flags().StringVar(&s.server, "server", "", "URL of the server (WEIR_SERVER, default "+client.DefaultServer+")")
	c.Flags().StringVarP(&s.namespace, "namespace", "n", "", "namespace (WEIR_NAMESPACE, default \"default\")")
	_ = c.RegisterFlagCompletionFunc("namespace", func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return s.complete(c, func(ctx context.Context, api *client.Client) ([]string, error) {
			all, err := api.Namespaces(ctx)
			return namesOf(all, func(n resource.Namespace) string { return n.Metadata.Name }), err
		})
	})
}

func (s *session) ns() string {
	for _, n := range []string{s.namespace, s.getenv("WEIR_NAMESPACE")} {
		if n != "" {
			return n
		}
	}
	return "default"
}

// api connects to the server that flags and environment name.
func (s *session) api() (*client.Client, error) {
	server := s.server
	if server == "" {
		server = s.getenv("WEIR_SERVER")
	}
	api, err := client.New(client.Options{Server: server, Author: s.author(), Token: s.getenv("WEIR_TOKEN")})
	if err != nil {
		return nil, &usageError{err.Error()}
	}
	return api, nil
}

// author is who changes are recorded as made by, while nobody has to log in.
func (s *session) author() string {
	if name := s.getenv("WEIR_AUTHOR"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && u.Uid != "0" {
		return u.Username
	}
	return ""
}

// verb makes a client verb: its flags, and its body given a client.
func (s *session) verb(c *cobra.Command, run func(ctx context.Context, api *client.Client, args []string) error) *cobra.Command {
	s.clientFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := s.api()
		if err != nil {
			return err
		}
		return run(c.Context(), api, args)
	}
	return c
}

// progressf tells people what is going on; scripts are not told.
func (s *session) progressf(format string, args ...any) {
	if s.errTerminal {
		fmt.Fprintf(s.err, format+"\n", args...)
	}
}

// bounded gives ctx the deadline of a --timeout; zero is none.
func bounded(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}

// completeDeployments completes the first argument with deployment names.
func (s *session) completeDeployments(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return s.complete(c, func(ctx context.Context, api *client.Client) ([]string, error) {
		all, err := api.Deployments(s.ns()).List(ctx, client.Query{})
		return namesOf(all, func(d resource.Deployment) string { return d.Metadata.Name }), err
	})
}

func (s *session) complete(c *cobra.Command, names func(context.Context, *client.Client) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	parent := c.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, 2*time.Second) // a person waits at the prompt
	defer cancel()
	api, err := s.api()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	all, err := names(ctx, api)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

func namesOf[T any](all []T, name func(T) string) []string {
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = name(v)
	}
	return names
}

// near suggests the word that was probably meant.
func near(word string, known []string) string {
	best, distance := "", min(len(word)/3, 3)+1
	for _, k := range known {
		if d := editDistance(word, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// whereIsIt adds to a not-found error the names that exist.
func (s *session) whereIsIt(ctx context.Context, api *client.Client, name string, err error) error {
	if !client.IsNotFound(err) {
		return err
	}
	all, listErr := api.Deployments(s.ns()).List(ctx, client.Query{})
	if listErr != nil {
		return err
	}
	names := namesOf(all, func(d resource.Deployment) string { return d.Metadata.Name })
	hint := near(name, names)
	if hint == "" || slices.Contains(names, name) {
		return err
	}
	return &exitError{client.ExitNotFound, errors.New(strings.TrimSuffix(err.Error(), hint) + hint)}
}
