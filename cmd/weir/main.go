// Command weir is the whole platform in one binary: the server, the engine
// that a launcher starts for each job, SQL scripts run here and now, and the
// client verbs. Each verb is one file; this one lists them.
//
// Client verbs talk to the server through package client only.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, newSession(os.Stdin, os.Stdout, os.Stderr), os.Args[1:])
	stop()
	os.Exit(code)
}

// group is verbs of one purpose, as the help shows them.
type group struct {
	id, title string
	verbs     []*cobra.Command
}

// commands is the table of verbs.
func commands(s *session) []group {
	return []group{
		{"here", "Run here:", []*cobra.Command{
			serverCommand(s),
			runCommand(s),
			sqlCommand(s),
			testCommand(s),
			engineCommand(), podInitCommand(),
			flinkCommand(s),
			fetchCommand(s),
			operatorCommand(s),
			benchCommand(s),
		}},
		{"change", "Say what is wanted:", []*cobra.Command{
			applyCommand(s),
			planCommand(s),
			diffCommand(s),
			deleteCommand(s),
			startCommand(s),
			suspendCommand(s),
			cancelCommand(s),
			scaleCommand(s),
			waitCommand(s),
		}},
		{"look", "Look:", []*cobra.Command{
			getCommand(s),
			describeCommand(s),
			eventsCommand(s),
			historyCommand(s),
			logsCommand(s),
			metricsCommand(s),
			doctorCommand(s),
			topCommand(s),
			auditCommand(s),
		}},
		{"state", "Keep state and go back:", []*cobra.Command{
			savepointCommand(s),
			showStateCommand(s),
			resetCommand(s),
			rollbackCommand(s),
			forkCommand(s),
		}},
		{"around", "What deployments need:", []*cobra.Command{
			artifactCommand(s),
			secretCommand(s),
			namespaceCommand(s),
			tokenCommand(s),
		}},
		{"self", "This command line:", []*cobra.Command{
			loginCommand(s),
			contextCommand(s),
			versionCommand(s),
			referenceCommand(s),
		}},
	}
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, s *session, args []string) int {
	root := rootCommand(s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return client.ExitDone
	}
	usage := (*usageError)(nil)
	if !s.started || errors.As(err, &usage) {
		fmt.Fprintf(s.err, "weir: %v\nSee '%s --help'.\n", err, command.CommandPath())
		return client.ExitUsage
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return 130 // as a shell reports an interrupt
	}
	exit := (*exitError)(nil)
	if errors.As(err, &exit) {
		if exit.err != nil {
			fmt.Fprintf(s.err, "weir: %v\n", exit.err)
		}
		return exit.code
	}
	fmt.Fprintf(s.err, "weir: %v\n", err)
	if client.IsUnauthorized(err) {
		fmt.Fprintln(s.err, "weir login, or a token in WEIR_TOKEN, says who you are.")
	}
	return client.ExitCode(err)
}

func rootCommand(s *session) *cobra.Command {
	root := &cobra.Command{
		Use:           "weir",
		Short:         "Stream processing in one binary",
		Long:          "weir runs streaming SQL applications, keeps their state through every change, and keeps the record.",
		SilenceErrors: true,
		SilenceUsage:  true,
		// Reached once flags and arguments are known to be right.
		PersistentPreRun: func(*cobra.Command, []string) { s.started = true },
	}
	root.CompletionOptions.HiddenDefaultCmd = false
	for _, g := range commands(s) {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.verbs {
			c.GroupID = g.id
		}
		root.AddCommand(g.verbs...)
	}
	root.SetHelpCommandGroupID("self")
	root.SetCompletionCommandGroupID("self")
	return root
}

// usageError is a wrong command line that only the command itself can see.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// exitError ends with a code of its own; without an error it says nothing.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// example indents the lines of an example as cobra shows them.
func example(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}
