package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
)

const maxLog = 64 << 20 // bytes read of a log at a time

func logsCommand(s *session) *cobra.Command {
	var follow bool
	var tail int
	var jobID string
	c := &cobra.Command{
		Use:               "logs NAME",
		Short:             "Show the log of a deployment's running job",
		Example:           example("weir logs orders --follow"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on and show what is added, until the job ends")
	c.Flags().IntVar(&tail, "tail", 0, "only that many of the last lines (0: all)")
	c.Flags().StringVar(&jobID, "job", "", "id of a job other than the newest")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		at, err := s.look(ctx, api, args[0])
		if err != nil {
			return s.whereIsIt(ctx, api, args[0], err)
		}
		if jobID == "" {
			jobID = at.job.Metadata.ID
		}
		if jobID == "" {
			return &exitError{client.ExitNotFound, fmt.Errorf("deployment %q has had no job yet, so there is no log", args[0])}
		}
		text, err := s.readLog(ctx, api, jobID)
		if err != nil {
			return err
		}
		if _, err := s.out.Write(lastLines(text, tail)); err != nil {
			return err
		}
		for seen := len(text); follow; {
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
			if _, err := s.out.Write(text[seen:]); err != nil {
				return err
			}
			seen = len(text)
		}
		return nil
	})
}

func (s *session) readLog(ctx context.Context, api *client.Client, jobID string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	body, err := api.Flink(ctx, s.ns(), jobID, "jobmanager/log", nil)
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
