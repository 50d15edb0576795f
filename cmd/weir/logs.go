package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

const maxLog = 64 << 20 // bytes read of a log at a time

func logsCommand(s *session) *cobra.Command {
	var follow bool
	var tail int
	var jobID, level, pattern string
	var when span
	c := &cobra.Command{
		Use:   "logs NAME",
		Short: "Show the log of a deployment's job",
		Long: "Show the log of a deployment's newest job; of one that has ended, what is kept of it. Filters look at whole entries: lines that begin with no time and level belong to the one before, as\n" +
			"stack traces do.",
		Example: example(`weir logs orders --follow
weir logs orders --level warn --since 1h
weir logs orders --grep 'checkpoint .* failed' --tail 100`),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on and show what is added, until the job ends")
	c.Flags().IntVar(&tail, "tail", 0, "only that many of the last lines (0: all)")
	c.Flags().StringVar(&jobID, "job", "", "id of a job other than the newest")
	c.Flags().StringVar(&level, "level", "", strings.Join(logLevels, ", ")+": only that and worse")
	c.Flags().StringVar(&pattern, "grep", "", "only entries that this regular expression matches")
	when.add(c)
	_ = c.RegisterFlagCompletionFunc("level", cobra.FixedCompletions(logLevels, cobra.ShellCompDirectiveNoFileComp))
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		f, err := newLogFilter(level, pattern, when)
		if err != nil {
			return err
		}
		name := deploymentName(args[0])
		at, err := s.look(ctx, api, name)
		if err != nil {
			return s.whereIsIt(ctx, api, name, err)
		}
		if jobID == "" {
			jobID = at.job.Metadata.ID
		}
		if jobID == "" {
			return &exitError{client.ExitNotFound, fmt.Errorf("deployment %q has had no job yet, so there is no log", name)}
		}
		text, err := s.readLog(ctx, api, jobID)
		if client.IsNotFound(err) { // it has ended
			if kept, keptErr := s.readAll(ctx, func(ctx context.Context) (io.ReadCloser, error) { return api.KeptLog(ctx, s.ns(), jobID) }); keptErr == nil {
				text, err, follow = kept, nil, false
			}
		}
		if err != nil {
			return noLog(at, jobID, err)
		}
		if _, err := s.out.Write(lastLines(f.filter(text), tail)); err != nil || !follow {
			return err
		}
		return s.followLog(ctx, api, jobID, f, len(text))
	})
}

// noLog says of a job that has ended what is known instead of its log.
func noLog(at sight, jobID string, err error) error {
	if !client.IsNotFound(err) || at.job.Metadata.ID != jobID || at.job.Status.State != resource.JobFailed {
		return err
	}
	return fmt.Errorf("%w\nIt failed: %s", err, firstOf(at.job.Status.Failure.Message, "no reason was recorded"))
}

func (s *session) followLog(ctx context.Context, api *client.Client, jobID string, f *logFilter, seen int) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
		text, err := s.readLog(ctx, api, jobID)
		if client.IsNotFound(err) {
			s.progressf("job %s has ended", jobID)
			return nil
		}
		if err != nil {
			return err
		}
		if len(text) < seen { // rolled over
			seen = 0
		}
		if _, err := s.out.Write(f.filter(text[seen:])); err != nil {
			return err
		}
		seen = len(text)
	}
}

func (s *session) readLog(ctx context.Context, api *client.Client, jobID string) ([]byte, error) {
	return s.readAll(ctx, func(ctx context.Context) (io.ReadCloser, error) {
		return api.Flink(ctx, s.ns(), jobID, "jobmanager/log", nil)
	})
}

// readAll reads a log, as long as logs may be.
func (s *session) readAll(ctx context.Context, open func(context.Context) (io.ReadCloser, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	body, err := open(ctx)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(body, maxLog))
	return text, errors.Join(err, body.Close())
}

// lastLines is the end of a text; 0 is all of it.
func lastLines(text []byte, n int) []byte {
	if n <= 0 {
		return text
	}
	at := len(text)
	if at > 0 && text[at-1] == '\n' {
		at--
	}
	for ; n > 0 && at > 0; n-- {
		at = max(bytes.LastIndexByte(text[:at], '\n'), 0)
	}
	if at > 0 {
		at++
	}
	return text[at:]
}

var logLevels = []string{"debug", "info", "warn", "error"}

// logFilter chooses entries of a log. It remembers whether the last one was
// chosen, for lines that belong to it.
type logFilter struct {
	level    int // in logLevels
	grep     *regexp.Regexp
	from, to time.Time
	chosen   bool
}

func newLogFilter(level, pattern string, when span) (*logFilter, error) {
	f := &logFilter{chosen: true}
	if level != "" {
		if f.level = slices.Index(logLevels, strings.ToLower(level)); f.level < 0 {
			return nil, usagef("--level must be one of %s, got %q%s", strings.Join(logLevels, ", "), level, near(level, logLevels))
		}
	}
	var err error
	if pattern != "" {
		if f.grep, err = regexp.Compile(pattern); err != nil {
			return nil, usagef("--grep: %v", err)
		}
	}
	f.from, f.to, err = when.times(time.Now())
	return f, err
}

// entryStart is how an entry begins, in the engine's log and in Flink's.
var entryStart = regexp.MustCompile(`^(?:time=(\S+) level=(\w+)|(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?)\s+(?:\[\S+\]\s+)?(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b)`)

func (f *logFilter) filter(text []byte) []byte {
	if f.level == 0 && f.grep == nil && f.from.IsZero() && f.to.IsZero() {
		return text
	}
	var out []byte
	for line := range bytes.Lines(text) {
		if m := entryStart.FindSubmatch(line); m != nil {
			f.chosen = f.chooses(line, string(m[1])+string(m[3]), string(m[2])+string(m[4]))
		}
		if f.chosen {
			out = append(out, line...)
		}
	}
	return out
}

func (f *logFilter) chooses(line []byte, at, level string) bool {
	severity := map[string]int{"TRACE": 0, "DEBUG": 0, "INFO": 1, "WARN": 2, "ERROR": 3, "FATAL": 3}[strings.ToUpper(level)]
	if severity < f.level || f.grep != nil && !f.grep.Match(line) {
		return false
	}
	t := logTime(at)
	return t.IsZero() || (f.from.IsZero() || !t.Before(f.from)) && (f.to.IsZero() || t.Before(f.to))
}

// logTime reads the time of an entry; zero if it is in no known form.
func logTime(text string) time.Time {
	text = strings.Replace(text, ",", ".", 1)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t
		}
	}
	return time.Time{}
}
