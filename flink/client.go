package flink

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxResponse bounds what is read of one answer. The largest recorded answers
// of jobs with hundreds of tasks stay below a tenth of it.
const maxResponse = 32 << 20

// Client asks one cluster. It is safe for concurrent use, keeps no state and
// repeats nothing: deadlines are the context's, retries the caller's.
type Client struct {
	transport http.RoundTripper
	base      string
}

// NewClient returns a client that reaches the cluster at baseURL (such as
// "http://cluster") through rt; nil is http.DefaultTransport.
func NewClient(rt http.RoundTripper, baseURL string) *Client {
	if rt == nil {
		rt = http.DefaultTransport
	}
	return &Client{transport: rt, base: strings.TrimRight(baseURL, "/")}
}

// Transport is the way to the cluster, for those who hand requests through.
func (c *Client) Transport() http.RoundTripper { return c.transport }

// BaseURL is what paths are appended to.
func (c *Client) BaseURL() string { return c.base }

// Overview counts task managers, slots and jobs.
func (c *Client) Overview(ctx context.Context) (Overview, error) {
	return get[Overview](ctx, c, "/overview")
}

// Config lists the cluster's settings. The value of IncarnationKey proves
// which cluster answers.
func (c *Client) Config(ctx context.Context) ([]ConfigEntry, error) {
	return get[[]ConfigEntry](ctx, c, "/jobmanager/config")
}

// Jobs lists the jobs the cluster knows, ended ones too.
func (c *Client) Jobs(ctx context.Context) ([]JobSummary, error) {
	out, err := get[struct {
		Jobs []JobSummary `json:"jobs"`
	}](ctx, c, "/jobs/overview")
	return out.Jobs, err
}

// Job has everything about one job. It may be some seconds old; JobStatus is fresh.
func (c *Client) Job(ctx context.Context, jobID string) (JobDetails, error) {
	return get[JobDetails](ctx, c, jobPath(jobID))
}

// JobStatus is the job's state now.
func (c *Client) JobStatus(ctx context.Context, jobID string) (JobStatus, error) {
	out, err := get[struct {
		Status JobStatus `json:"status"`
	}](ctx, c, jobPath(jobID, "status"))
	return out.Status, err
}

// Checkpoints tells what was saved and what the job started from. A job
// without checkpointing, or not yet initialised, is not found.
func (c *Client) Checkpoints(ctx context.Context, jobID string) (Checkpoints, error) {
	return get[Checkpoints](ctx, c, jobPath(jobID, "checkpoints"))
}

// Exceptions lists the failures of the job.
func (c *Client) Exceptions(ctx context.Context, jobID string) (Exceptions, error) {
	return get[Exceptions](ctx, c, jobPath(jobID, "exceptions"))
}

// TriggerSavepoint starts a savepoint; nil means that it was accepted, also
// for a job that does not exist: only SavepointStatus knows how it went.
func (c *Client) TriggerSavepoint(ctx context.Context, jobID string, r SavepointRequest) error {
	return c.trigger(ctx, jobPath(jobID, "savepoints"), r, r.TriggerID)
}

// StopWithSavepoint starts a savepoint after which the job ends. It is
// followed with SavepointStatus too. Two at once fail both.
func (c *Client) StopWithSavepoint(ctx context.Context, jobID string, r StopRequest) error {
	return c.trigger(ctx, jobPath(jobID, "stop"), r, r.TriggerID)
}

// SavepointStatus tells how a savepoint or stop goes. IsNotFound(err) when the
// cluster does not know the trigger: never asked, or forgotten since.
func (c *Client) SavepointStatus(ctx context.Context, jobID, triggerID string) (SavepointResult, error) {
	path := jobPath(jobID, "savepoints", triggerID)
	out, err := get[OperationResponse](ctx, c, path)
	if err != nil {
		return SavepointResult{}, err
	}
	switch {
	case out.Status.ID == InProgress:
		return SavepointResult{State: InProgress}, nil
	case out.Status.ID != Completed:
		return SavepointResult{}, fmt.Errorf("flink GET %s: unknown state %q of the operation", path, out.Status.ID)
	case out.Operation != nil && out.Operation.FailureCause != nil:
		cause := out.Operation.FailureCause
		failure := cause.StackTrace
		if failure == "" {
			failure = cause.Class
		}
		if failure == "" {
			failure = "the cluster gives no cause"
		}
		return SavepointResult{State: Failed, Failure: failure}, nil
	case out.Operation == nil || out.Operation.Location == "":
		return SavepointResult{State: Failed, Failure: "the cluster says completed but names no location"}, nil
	}
	return SavepointResult{State: Completed, Location: out.Operation.Location}, nil
}

// Cancel ends the job without a savepoint; nil means accepted. A job already
// cancelled is fine; one that ended otherwise is an *Error with status 409.
func (c *Client) Cancel(ctx context.Context, jobID string) error {
	return c.do(ctx, http.MethodPatch, jobPath(jobID)+"?mode=cancel", nil, nil)
}

// SubmitJob brings a job to a session cluster of weir, which has a path of its
// own for that: PUT /weir/v1/jobs/:id. nil means that it is under way, also
// when it was already; what becomes of it, JobStatus tells.
func (c *Client) SubmitJob(ctx context.Context, jobID string, spec any) error {
	return c.do(ctx, http.MethodPut, submitPath(jobID), spec, nil)
}

// RemoveJob cancels a job on a session cluster of weir, waits for its end and
// lets it be forgotten; a job of this id is not taken any more. One that is not
// there is fine. A job that does not end in time is an *Error with status 503.
func (c *Client) RemoveJob(ctx context.Context, jobID string) error {
	return c.do(ctx, http.MethodDelete, submitPath(jobID), nil, nil)
}

// Standby is how far a cluster of weir is that was brought up without its job.
type Standby struct {
	Ready bool `json:"ready"` // its processes are up and have done what can be done before
	// Refused is why the job, when it comes, can not run; empty if nobody knows a reason.
	Refused string `json:"refused,omitempty"`
}

// Standby asks a cluster of weir how far it is that was brought up without its
// job; nil when it is none, or has its job.
func (c *Client) Standby(ctx context.Context) (*Standby, error) {
	out, err := get[Standby](ctx, c, "/weir/v1/standby")
	if IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &out, nil
}

func submitPath(jobID string) string { return "/weir/v1/jobs/" + url.PathEscape(jobID) }

// Shutdown asks the whole cluster to end.
func (c *Client) Shutdown(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, "/cluster", nil, nil)
}

func (c *Client) trigger(ctx context.Context, path string, body any, id string) error {
	var out TriggerResponse
	if err := c.do(ctx, http.MethodPost, path, body, &out); err != nil {
		return err
	}
	// A cluster that ignores our id would start a second one when asked again.
	if id != "" && out.RequestID != id {
		return fmt.Errorf("flink POST %s: asked as trigger %s, but the cluster calls it %q", path, id, out.RequestID)
	}
	return nil
}

func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var out T
	err := c.do(ctx, http.MethodGet, path, nil, &out)
	return out, err
}

func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	if err := c.roundTrip(ctx, method, path, in, out); err != nil {
		return fmt.Errorf("flink %s %s: %w", method, path, err)
	}
	return nil
}

func (c *Client) roundTrip(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("write request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxResponse+1))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if len(b) > maxResponse {
		return fmt.Errorf("answer is longer than %d bytes", maxResponse)
	}
	if messages, failed := errorsIn(b); failed || res.StatusCode >= 300 {
		if !failed && len(b) > 0 {
			messages = []string{excerpt(b)}
		}
		return &Error{Status: res.StatusCode, Messages: messages}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}

// errorsIn knows Flink's mark of failure, whatever the status: an object with
// the single key "errors".
func errorsIn(b []byte) ([]string, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(b, &fields) != nil || len(fields) != 1 {
		return nil, false
	}
	raw, ok := fields["errors"]
	if !ok {
		return nil, false
	}
	var messages []string
	if json.Unmarshal(raw, &messages) != nil {
		messages = []string{excerpt(raw)}
	}
	return messages, true
}

func excerpt(b []byte) string {
	const most = 500
	s := strings.ToValidUTF8(string(b[:min(len(b), most)]), "?")
	if len(b) > most {
		s += " …"
	}
	return strings.TrimSpace(s)
}

func jobPath(jobID string, rest ...string) string {
	path := "/jobs/" + url.PathEscape(jobID)
	for _, r := range rest {
		path += "/" + url.PathEscape(r)
	}
	return path
}
