package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// RunRequest starts a program on a cluster. What is left out is the cluster's
// or the program's own choice.
type RunRequest struct {
	EntryClass            string            `json:"entryClass,omitempty"`
	Args                  []string          `json:"programArgsList,omitempty"`
	JobID                 string            `json:"jobId,omitempty"` // 32 hex digits
	Parallelism           int               `json:"parallelism,omitempty"`
	SavepointPath         string            `json:"savepointPath,omitempty"`
	ClaimMode             string            `json:"claimMode,omitempty"` // CLAIM, NO_CLAIM
	AllowNonRestoredState bool              `json:"allowNonRestoredState,omitempty"`
	Configuration         map[string]string `json:"flinkConfiguration,omitempty"`
}

// UploadJar brings a jar to the cluster and returns the id to run it by.
func (c *Client) UploadJar(ctx context.Context, name string, content io.Reader) (id string, err error) {
	out, err := c.uploadJar(ctx, name, content)
	if err != nil {
		return "", fmt.Errorf("flink POST /jars/upload: %w", err)
	}
	return path.Base(strings.ReplaceAll(out, `\`, "/")), nil
}

func (c *Client) uploadJar(ctx context.Context, name string, content io.Reader) (string, error) {
	r, w := io.Pipe()
	defer r.Close()
	form := multipart.NewWriter(w)
	go func() { // ends when the request has, which closes r
		part, err := form.CreateFormFile("jarfile", name)
		if err == nil {
			_, err = io.Copy(part, content)
		}
		if err == nil {
			err = form.Close()
		}
		w.CloseWithError(err)
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/jars/upload", r)
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	if err != nil {
		return "", fmt.Errorf("read answer: %w", err)
	}
	if messages, failed := errorsIn(b); failed || res.StatusCode >= 300 {
		if !failed {
			messages = []string{excerpt(b)}
		}
		return "", &Error{Status: res.StatusCode, Messages: messages}
	}
	var out struct {
		Filename string `json:"filename"`
	}
	if err := json.Unmarshal(b, &out); err != nil || out.Filename == "" {
		return "", fmt.Errorf("the answer names no file: %s", excerpt(b))
	}
	return out.Filename, nil
}

// RunJar starts the program of a jar and returns when its job was accepted. It
// takes as long as the program's main method. An error for which IsDuplicate
// holds says that a job of this id was accepted before.
func (c *Client) RunJar(ctx context.Context, id string, r RunRequest) (jobID string, err error) {
	var out struct {
		JobID string `json:"jobid"`
	}
	err = c.do(ctx, http.MethodPost, "/jars/"+url.PathEscape(id)+"/run", r, &out)
	return out.JobID, err
}

// PlanJar has the cluster compile the program of a jar, without starting its job.
func (c *Client) PlanJar(ctx context.Context, id string, r RunRequest) error {
	return c.do(ctx, http.MethodPost, "/jars/"+url.PathEscape(id)+"/plan", r, nil)
}

// IsDuplicate tells whether a cluster refuses a job because it has, or had, one
// of the same id.
func IsDuplicate(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, m := range e.Messages {
		if strings.Contains(m, "DuplicateApplicationSubmissionException") || strings.Contains(m, "DuplicateJobSubmissionException") {
			return true
		}
	}
	return false
}
