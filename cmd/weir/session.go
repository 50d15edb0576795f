package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
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
	launchers                func(data, clusters string, log *slog.Logger) (map[string]cluster.Launcher, error)

	server     string
	context    string
	namespace  string
	everywhere bool // all namespaces
	resolved   *connection
	reports    *[]applyReport // of apply, for programs; nil: told to people as it goes
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
	c.Flags().StringVar(&s.server, "server", "", "URL of the server (WEIR_SERVER, else that of the context, default "+client.DefaultServer+")")
	c.Flags().StringVar(&s.context, "context", "", "context to use (WEIR_CONTEXT, else the current one)")
	c.Flags().StringVarP(&s.namespace, "namespace", "n", "", "namespace (WEIR_NAMESPACE, else that of the context, default \"default\")")
	for _, name := range []string{"server", "context", "namespace"} {
		_ = c.Flags().SetAnnotation(name, ofEveryVerb, []string{"true"})
	}
	_ = c.RegisterFlagCompletionFunc("context", func(c *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return s.completeContexts(c, nil, word)
	})
	_ = c.RegisterFlagCompletionFunc("namespace", func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return s.complete(c, func(ctx context.Context, api *client.Client) ([]string, error) {
			all, err := api.Namespaces(ctx)
			return namesOf(all, func(n resource.Namespace) string { return n.Metadata.Name }), err
		})
	})
}

// ofEveryVerb marks the flags that the reference describes once.
const ofEveryVerb = "weir_client"

// everywhereFlag adds -A.
func (s *session) everywhereFlag(c *cobra.Command) {
	c.Flags().BoolVarP(&s.everywhere, "all-namespaces", "A", false, "in every namespace")
}

// ns is the namespace to work in. The connection was resolved, or refused,
// before any verb runs.
func (s *session) ns() string {
	c, err := s.connection()
	if err != nil {
		return "default"
	}
	return c.Namespace
}

// namespaces are those to work in: one, or with -A every one.
func (s *session) namespaces(ctx context.Context, api *client.Client) ([]string, error) {
	if !s.everywhere {
		return []string{s.ns()}, nil
	}
	all, err := api.Namespaces(ctx)
	return namesOf(all, func(n resource.Namespace) string { return n.Metadata.Name }), err
}

// api connects to the server that flags, environment and contexts name.
func (s *session) api() (*client.Client, error) {
	c, err := s.connection()
	if err != nil {
		return nil, err
	}
	api, err := client.New(client.Options{Server: c.Server, Author: s.author(), Token: c.Token})
	if err != nil {
		return nil, &usageError{fmt.Sprintf("%v (from %s)", err, c.why)}
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

// noticef tells people and scripts alike what they should know.
func (s *session) noticef(format string, args ...any) {
	fmt.Fprintf(s.err, "weir: "+format+"\n", args...)
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

// completeManyDeployments completes every argument with deployment names.
func (s *session) completeManyDeployments(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return s.completeRefs(c, append([]string{"deployments"}, args...), word)
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

func namesOf[T, N any](all []T, name func(T) N) []N {
	names := make([]N, len(all))
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
