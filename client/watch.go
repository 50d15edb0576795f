package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
)

// Change says that a resource was written or deleted. Resync means that
// anything may have changed; Key is then empty.
type Change struct {
	Resync bool
	Key    resource.Key
}

// How long a lost change stream is looked for again, and how often.
const (
	giveUpAfter = time.Minute
	firstRetry  = 100 * time.Millisecond
	lastRetry   = 5 * time.Second
)

// errStop ends Watch without an error.
var errStop = errors.New("stop")

// Stop is what the function given to Watch returns to end it.
func Stop() error { return errStop }

// Watch calls fn for every change in a namespace, the first being a resync,
// until ctx ends or fn returns an error. A lost connection is made again for a
// minute; what was missed is caught up.
func (c *Client) Watch(ctx context.Context, namespace string, fn func(Change) error) error {
	lastID, wait, lost := "", firstRetry, time.Time{}
	for connected := false; ; {
		err := c.follow(ctx, namespace, &lastID, func(change Change) error {
			connected, wait, lost = true, firstRetry, time.Time{}
			if err := fn(change); err != nil {
				return &callersError{err}
			}
			return nil
		})
		if inner := (*callersError)(nil); errors.As(err, &inner) {
			if errors.Is(inner.err, errStop) {
				return nil
			}
			return inner.err
		}
		if cause := ctx.Err(); cause != nil {
			return cause
		}
		if refused := (*Error)(nil); !connected || errors.As(err, &refused) && refused.Status < 500 {
			return err
		}
		if lost.IsZero() {
			lost = time.Now()
		}
		if time.Since(lost) > giveUpAfter {
			return c.unreachable(ctx, fmt.Errorf("the change stream is lost: %w", err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait = min(2*wait, lastRetry)
		}
	}
}

// callersError tells an error of the caller's function from one of ours.
type callersError struct{ err error }

func (e *callersError) Error() string { return e.err.Error() }

// follow reads one connection to its end.
func (c *Client) follow(ctx context.Context, namespace string, lastID *string, fn func(Change) error) error {
	headers := []string{}
	if *lastID != "" {
		headers = []string{"Last-Event-ID", *lastID}
	}
	path := "/api/v1/namespaces/" + url.PathEscape(namespace) + "/changes"
	res, err := c.send(ctx, http.MethodGet, path, nil, nil, "text/event-stream", headers...)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	var id, event, data string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			data = value
		case "":
			if event == "" {
				continue
			}
			change := Change{Resync: event == "resync"}
			if event == "change" {
				if err := json.Unmarshal([]byte(data), &change.Key); err != nil {
					return fmt.Errorf("read change %q: %w", data, err)
				}
			}
			if err := fn(change); err != nil {
				return err
			}
			*lastID, event = id, ""
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

// KeptLog reads what is kept of the log of a job that has ended. The caller
// closes it.
func (c *Client) KeptLog(ctx context.Context, namespace, jobID string) (io.ReadCloser, error) {
	res, err := c.send(ctx, http.MethodGet, "/api/v1/namespaces/"+url.PathEscape(namespace)+"/jobs/"+url.PathEscape(jobID)+"/log", nil, nil, "text/plain")
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// Flink asks the Flink REST API of the cluster of a job, for example for
// "jobmanager/log". The caller closes the answer.
func (c *Client) Flink(ctx context.Context, namespace, jobID, path string, query url.Values) (io.ReadCloser, error) {
	res, err := c.send(ctx, http.MethodGet, "/flink-ui/v1/namespaces/"+url.PathEscape(namespace)+"/jobs/"+url.PathEscape(jobID)+"/"+path, query, nil, "*/*")
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
