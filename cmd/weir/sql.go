package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/ergochat/readline"
	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/engine"
)

// historyLines is how many statements the shell remembers.
const historyLines = 2000

type sqlOptions struct {
	file string
	run  runOptions
}

func sqlCommand(s *session) *cobra.Command {
	var o sqlOptions
	c := &cobra.Command{
		Use:   "sql",
		Short: "Work with SQL at a prompt",
		Long: `Read statements and carry them out, each when its semicolon is there: in this
process, or, with --server or --context, in the session of a server's namespace,
whose catalogs it sees.

In this process an INSERT runs in the background until it ends: SHOW JOBS lists
such jobs, STOP JOB 'id' WITH SAVEPOINT ends one, and leaving ends them all, with
a savepoint each. A server runs INSERT statements as deployments only.

At a terminal a query is shown as a table that changes as its rows do; Ctrl-C
ends it. SET 'sql-client.execution.result-mode' = 'changelog' shows each change
instead. Without a terminal, or with --file, statements are carried out one after
the other, queries give their changes, and the first mistake ends it.`,
		Example: example(`weir sql
weir sql --server http://127.0.0.1:8080 -n payments
echo "SELECT 1 + 1;" | weir sql --output csv`),
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.StringVarP(&o.file, "file", "f", "", "carry out the statements of a file and leave")
	f.StringArrayVar(&o.run.set, "set", nil, "a setting, KEY=VALUE, as SET would make it")
	f.IntVar(&o.run.parallelism, "parallelism", 0, "subtasks of each stage (default 1)")
	f.StringVar(&o.run.mode, "mode", "", "streaming or batch")
	f.StringVar(&o.run.output, "output", "table", "table, json (one object a line) or csv")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{"streaming", "batch"}, cobra.ShellCompDirectiveNoFileComp))
	s.clientFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		server := c.Flags().Changed("server") || c.Flags().Changed("context") || c.Flags().Changed("namespace")
		return s.sqlShell(c.Context(), o, server)
	}
	return c
}

// sqlShell carries out statements of a file, of standard input, or of a person.
func (s *session) sqlShell(ctx context.Context, o sqlOptions, server bool) error {
	config, err := o.run.config()
	if err != nil {
		return err
	}
	sh := &shell{session: s, script: "-", out: s.out}
	ask := o.file == "" && s.outTerminal && isTerminalReader(s.in)
	var lines *readline.Instance
	if ask {
		if lines, err = sh.prompter(s); err != nil {
			return err
		}
		defer lines.Close()
		sh.out = lines
	}
	if sh.printer, err = newPrinter(sh.out, o.run); err != nil {
		return err
	}
	sh.live = ask && o.run.output == "table"
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("working folder: %w", err)
	}
	src := ""
	if !ask {
		sh.script = o.file
		if sh.script == "" {
			sh.script = "-"
		}
		if src, dir, err = readScript(s.in, sh.script); err != nil {
			return err
		}
	}
	if server {
		api, err := s.api()
		if err != nil {
			return err
		}
		sh.place = newSQLThere(sh, api, s.ns(), config)
	} else {
		sh.place = newSQLHere(sh, engine.New(engine.Config{Log: slog.New(slog.DiscardHandler), Dir: dir}), config, ask)
	}
	if ask {
		err = sh.converse(ctx, lines)
	} else {
		err = sh.all(ctx, src)
	}
	sh.place.end(context.WithoutCancel(ctx))
	return err
}

func isTerminalReader(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && isTerminal(f)
}

// prompter reads lines that people edit, with a history that outlives it.
func (sh *shell) prompter(s *session) (*readline.Instance, error) {
	history := ""
	if cache, err := os.UserCacheDir(); err == nil {
		folder := filepath.Join(cache, "weir")
		if os.MkdirAll(folder, 0o700) == nil {
			history = filepath.Join(folder, "sql_history")
		}
	}
	lines, err := readline.NewFromConfig(&readline.Config{
		Prompt: prompt, HistoryFile: history, HistoryLimit: historyLines, DisableAutoSaveHistory: true, HistorySearchFold: true,
		AutoComplete: completer{sh}, Stdin: s.in, Stdout: s.out, Stderr: s.err, Undo: true,
	})
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	return lines, nil
}

// completer asks the place what may stand at the cursor.
type completer struct{ sh *shell }

// suggestTime is how long a person waits for completion at most.
const suggestTime = 2 * time.Second

// Do gives the ends of words that go on with what is typed, and how much of
// each that is.
func (c completer) Do(line []rune, pos int) ([][]rune, int) {
	ctx, cancel := context.WithTimeout(context.Background(), suggestTime)
	defer cancel()
	before := []rune(c.sh.pending)
	typed := line[wordStart(line[:pos]):pos]
	var ends [][]rune
	for _, text := range c.sh.place.suggest(ctx, string(before)+string(line), len(before)+pos) {
		if end, ok := wordEnd(string(typed), text); ok {
			ends = append(ends, []rune(end))
		}
	}
	return ends, len(typed)
}

var _ readline.AutoCompleter = completer{}
