package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ergochat/readline"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

const (
	prompt         = "weir> "
	promptContinue = "    > "
)

// maxPending is how much a person may type before its semicolon.
const maxPending = 4 << 20

// sqlPlace is where statements are carried out.
type sqlPlace interface {
	// statement carries out one and gives how many rows it showed. Positions in
	// errors are of text.
	statement(ctx context.Context, number int, text string) (rows int64, err error)
	// suggest gives what may stand at a place of a text, in characters.
	suggest(ctx context.Context, text string, at int) []string
	// end leaves: what still runs is ended well.
	end(ctx context.Context)
}

// shell reads statements and shows what comes of them.
type shell struct {
	session *session
	place   sqlPlace
	printer printer
	out     io.Writer
	script  string // name of the file that is read; "-" for standard input
	live    bool   // queries are shown as tables that change
	pending string // what is typed of a statement that is not whole
	number  int    // of the last statement
}

// all carries out a script to its end or its first mistake.
func (sh *shell) all(ctx context.Context, src string) error {
	for _, part := range parse.Split(src) {
		if err := ctx.Err(); err != nil {
			return err
		}
		sh.number++
		// Blank lines and columns before it make every position one of the script.
		text := strings.Repeat("\n", part.Pos.Line-1) + strings.Repeat(" ", part.Pos.Column-1) + part.Text
		began := time.Now()
		rows, err := sh.place.statement(ctx, sh.number, text)
		if err != nil {
			if ctx.Err() == nil && sh.printer.fail(sh.number, withPlace(err)) {
				return errors.Join(sh.printer.flush(), &exitError{code: client.ExitFailed})
			}
			_ = sh.printer.flush() // the mistake is what is told
			return locate(sh.script, withPlace(err))
		}
		if err := sh.printer.end(sh.number, rows, time.Since(began)); err != nil {
			return err
		}
	}
	return sh.printer.flush()
}

// withPlace makes a server's mistake one with a place.
func withPlace(err error) error {
	if at := (*client.SQLError)(nil); errors.As(err, &at) && at.Line > 0 {
		return ast.Errorf(ast.Pos{Line: at.Line, Column: at.Column}, "%s", at.Message)
	}
	return err
}

// converse reads what a person types until they leave.
func (sh *shell) converse(ctx context.Context, lines *readline.Instance) error {
	stop := make(chan os.Signal, 1) // Ctrl-C ends what runs; these end the shell
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(stop)
	left := make(chan struct{})
	defer close(left)
	go func() {
		select {
		case <-stop:
			_ = lines.Close() // the read that waits ends
		case <-left:
		}
	}()
	ctx = context.WithoutCancel(ctx) // an interrupt is for a statement
	fmt.Fprintln(sh.out, "A statement ends with a semicolon. HELP; tells what there is, QUIT; leaves.")
	for {
		lines.SetPrompt(prompt)
		if sh.pending != "" {
			lines.SetPrompt(promptContinue)
		}
		line, err := lines.ReadLine()
		switch {
		case errors.Is(err, readline.ErrInterrupt):
			sh.pending = ""
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read a line: %w", err)
		}
		if sh.pending == "" && strings.TrimSpace(line) == "" {
			continue
		}
		if len(sh.pending)+len(line) > maxPending {
			sh.pending = ""
			fmt.Fprintf(sh.out, "the statement is longer than %d MiB and is left out\n", maxPending>>20)
			continue
		}
		whole, rest := parse.Whole(sh.pending + line + "\n")
		if word := strings.ToUpper(strings.TrimSpace(rest)); len(whole) == 0 && sh.pending == "" && words[word] != nil {
			whole, rest = []parse.Fragment{{Text: strings.TrimSpace(rest)}}, "" // QUIT needs no semicolon
		}
		for _, part := range whole {
			_ = lines.SaveToHistory(strings.Join(strings.Fields(part.Text), " ") + ";") // a history is not worth an error
			if word := words[strings.ToUpper(part.Text)]; word != nil {
				if word(sh, lines) {
					return nil
				}
				continue
			}
			sh.carryOut(ctx, part.Text)
		}
		if sh.pending = rest; len(parse.Split(rest)) == 0 {
			sh.pending = "" // space and comments
		}
	}
}

// words are what the shell understands besides SQL; true leaves.
var words = map[string]func(*shell, *readline.Instance) bool{
	"HELP": func(sh *shell, _ *readline.Instance) bool {
		fmt.Fprint(sh.out, `Any statement of Flink SQL, such as:
  SHOW TABLES;  DESCRIBE t;  EXPLAIN SELECT …;  SET;  SET 'key' = 'value';
  CREATE TABLE t (…) WITH (…);  SELECT …;  INSERT INTO t SELECT …;
  SHOW JOBS;  STOP JOB 'id' WITH SAVEPOINT;
Tab completes, Ctrl-R searches the history, Ctrl-C ends a query.
  SET 'sql-client.execution.result-mode' = 'changelog';   each change of a query, not its table
  SET 'execution.runtime-mode' = 'batch';                 only the final rows
  CLEAR;  QUIT;
`)
		return false
	},
	"CLEAR": func(_ *shell, lines *readline.Instance) bool { lines.ClearScreen(); return false },
	"QUIT":  func(*shell, *readline.Instance) bool { return true },
	"EXIT":  func(*shell, *readline.Instance) bool { return true },
}

// carryOut carries out one statement and says how it went.
func (sh *shell) carryOut(ctx context.Context, text string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	defer signal.Stop(interrupt)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-interrupt:
			cancel()
		case <-done:
		}
	}()
	sh.number++
	began := time.Now()
	rows, err := sh.place.statement(ctx, sh.number, text)
	took := time.Since(began).Round(time.Millisecond)
	if e := sh.printer.flush(); err == nil {
		err = e
	}
	switch {
	case err == nil && rows > 0:
		fmt.Fprintf(sh.out, "%s, %s\n\n", many(rows, "row"), took)
	case err == nil:
		fmt.Fprintf(sh.out, "done, %s\n\n", took)
	case ctx.Err() != nil:
		fmt.Fprintf(sh.out, "ended after %s\n\n", took)
	default:
		sh.mistake(text, err)
	}
}

func many(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// mistake shows what is wrong, and where.
func (sh *shell) mistake(text string, err error) {
	at := (*ast.Error)(nil)
	if !errors.As(withPlace(err), &at) || at.Pos.Line < 1 {
		fmt.Fprintf(sh.out, "error: %v\n\n", err)
		return
	}
	fmt.Fprintf(sh.out, "error in line %d, column %d: %s\n", at.Pos.Line, at.Pos.Column, at.Message)
	if all := strings.Split(text, "\n"); at.Pos.Line <= len(all) {
		line := strings.ReplaceAll(all[at.Pos.Line-1], "\t", " ")
		fmt.Fprintf(sh.out, "  %s\n  %s^\n", line, strings.Repeat(" ", min(max(at.Pos.Column-1, 0), utf8.RuneCountInString(line))))
	}
	fmt.Fprintln(sh.out)
}

// wordStart is where the word at the end of a line begins.
func wordStart(line []rune) int {
	at := len(line)
	for at > 0 && (unicode.IsLetter(line[at-1]) || unicode.IsDigit(line[at-1]) || strings.ContainsRune("_$`'", line[at-1])) {
		at--
	}
	return at
}

// wordEnd is what is missing of a word of which some is typed, in the case in
// which it is typed.
func wordEnd(typed, word string) (string, bool) {
	if len(word) < len(typed) || !strings.EqualFold(word[:len(typed)], typed) {
		return "", false
	}
	end := word[len(typed):]
	if typed != "" && typed == strings.ToLower(typed) && word == strings.ToUpper(word) {
		end = strings.ToLower(end)
	}
	return end, true
}
