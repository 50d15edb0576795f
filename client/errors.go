package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// ErrUnreachable: no answer came from the server.
var ErrUnreachable = errors.New("server cannot be reached")

// Error is a refusal by the server.
type Error struct {
	Status  int // HTTP status
	Reason  string
	Message string // names the thing, the place and what to do
	Fields  []FieldError
}

// FieldError is one field of the request that is wrong.
type FieldError struct {
	Attribute string `json:"attribute"`
	Message   string `json:"message"`
	Reason    string `json:"reason"`
}

func (e *Error) Error() string {
	if len(e.Fields) < 2 {
		return e.Message
	}
	lines := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		lines[i] = "\n  " + f.Attribute + ": " + f.Message
	}
	return fmt.Sprintf("%d fields are wrong:%s", len(e.Fields), strings.Join(lines, ""))
}

// IsNotFound tells whether err says that a resource does not exist.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsUnauthorized tells whether err says that the server wants to know who asks.
func IsUnauthorized(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsConflict tells whether err says that the resource's state forbids it.
func IsConflict(err error) bool {
	return hasStatus(err, http.StatusConflict) || hasStatus(err, http.StatusPreconditionFailed)
}

// IsForbidden tells whether err says that the caller has not the right to.
func IsForbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

func hasStatus(err error, status int) bool {
	e := (*Error)(nil)
	return errors.As(err, &e) && e.Status == status
}

// Exit codes of the command line.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitUnreachable = 3
	ExitNotFound    = 4
	ExitConflict    = 5
	ExitTimeout     = 124
)

// ExitCode is the exit code of the command line for err.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, context.DeadlineExceeded):
		return ExitTimeout
	case errors.Is(err, ErrUnreachable):
		return ExitUnreachable
	case IsNotFound(err):
		return ExitNotFound
	case IsConflict(err), IsForbidden(err), IsUnauthorized(err):
		return ExitConflict
	}
	return ExitFailed
}

func (c *Client) unreachable(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", c.base, cause)
	}
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		err = inner.Err // the URL is in our own message
	}
	return fmt.Errorf("%w at %s: %w; is it running (weir server), or is another one meant (--server, WEIR_SERVER)?", ErrUnreachable, c.base, err)
}

// noSuchPath is how a weir server says in both its APIs that it does not have
// the path at all.
const noSuchPath = "there is nothing at "

// explain reads any of the three shapes of error bodies.
func explain(res *http.Response, text []byte) error {
	var body struct {
		Message     string       `json:"message"`
		Reason      string       `json:"reason"`
		Errors      []FieldError `json:"errors"`
		Code        string       `json:"code"`        // Platform API
		Description string       `json:"description"` // Platform API
	}
	e := &Error{Status: res.StatusCode}
	if json.Unmarshal(text, &body) == nil {
		e.Message, e.Reason, e.Fields = body.Message, body.Reason, body.Errors
		if e.Message == "" {
			e.Message, e.Reason = body.Description, body.Code
		}
	}
	if strings.HasPrefix(e.Message, noSuchPath) {
		e.Status, e.Reason = 0, "" // no missing resource
		e.Message = fmt.Sprintf("the server at %s has nothing at %s; is it older than this weir?", res.Request.URL.Host, res.Request.URL.Path)
	}
	if e.Message == "" {
		e.Message = fmt.Sprintf("%s %s: %s", res.Request.Method, res.Request.URL, res.Status)
		// A path that the server does not have is no missing resource.
		if e.Status == http.StatusNotFound {
			e.Status = 0
			e.Message += "; is it a weir server?"
		}
	}
	return e
}
