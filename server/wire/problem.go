package wire

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/audit"
)

// Problem is an error body of the App Manager API (/api/v1).
type Problem struct {
	StatusCode int          `json:"statusCode"`
	Message    string       `json:"message"`
	Reason     string       `json:"reason"`
	Errors     []FieldError `json:"errors,omitempty"`
}

// FieldError is one field of the request that is wrong.
type FieldError struct {
	Attribute string `json:"attribute"`
	Message   string `json:"message"`
	Reason    string `json:"reason"`
}

// PlatformProblem is an error body of the Platform API: a gRPC-like status.
type PlatformProblem struct {
	Code        string  `json:"code"`
	Description string  `json:"description"`
	Cause       *string `json:"cause"`
	OK          bool    `json:"ok"`
}

// DeniedProblem is an error body of the layer in front of both: who you are,
// where you come from.
type DeniedProblem struct {
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
	Status    int    `json:"status"`
	Error     string `json:"error"`
	Message   string `json:"message"`
	Path      string `json:"path"`
}

// Error is an error that knows its HTTP status.
type Error struct {
	Status  int
	Reason  string // one word, such as Conflict
	Message string
}

func (e *Error) Error() string { return e.Message }

// Fail answers with err in the shape of the API the path belongs to. It
// returns the status it chose, so that the caller can log the 500s.
func Fail(w http.ResponseWriter, r *http.Request, err error) int {
	status, reason, message, fields := explain(err)
	audit.From(r.Context()).Failed(message)
	body := problem(r, status, reason, message, fields)
	if isPlatform(r.URL.Path) {
		WriteJSON(w, r, status, body)
	} else {
		Write(w, r, status, body)
	}
	return status
}

// Deny answers 401 or 403 in the shape of the authentication layer.
func Deny(w http.ResponseWriter, r *http.Request, status int, message string) {
	audit.From(r.Context()).Failed(message)
	WriteJSON(w, r, status, DeniedProblem{
		Timestamp: time.Now().UnixMilli(),
		Status:    status,
		Error:     http.StatusText(status),
		Message:   message,
		Path:      r.URL.Path,
	})
}

func explain(err error) (status int, reason, message string, fields []FieldError) {
	message = err.Error()
	var (
		known   *Error
		body    *BodyError
		invalid *resource.InvalidError
	)
	switch {
	case errors.As(err, &known):
		return known.Status, known.Reason, known.Message, nil
	case errors.As(err, &body):
		return body.Status, strings.ReplaceAll(http.StatusText(body.Status), " ", ""), body.Message, nil
	case errors.As(err, &invalid):
		for _, p := range resource.Problems(err) {
			fields = append(fields, FieldError{p.Field, p.Message, fieldReason(p.Message)})
		}
		return http.StatusBadRequest, "Invalid", strings.ReplaceAll(message, "\n", "; "), fields
	case errors.Is(err, resource.ErrNotFound):
		return http.StatusNotFound, "NotFound", message, nil
	case errors.Is(err, resource.ErrConflict):
		return http.StatusConflict, "Conflict", message, nil
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "Timeout", "the request took too long and was given up: " + message, nil
	}
	return http.StatusInternalServerError, "InternalError", message, nil
}

// fieldReason is the word that Ververica Platform's clients know for what is
// wrong with a field.
func fieldReason(message string) string {
	switch {
	case strings.HasPrefix(message, "must be set"):
		return "isMissing"
	case strings.HasPrefix(message, "must be at least 1,"):
		return "isNonPositive"
	case strings.HasPrefix(message, "must be at least "):
		return "isLower"
	}
	return "isInvalid"
}

func problem(r *http.Request, status int, reason, message string, fields []FieldError) any {
	if isPlatform(r.URL.Path) {
		return PlatformProblem{Code: grpcCode(status, reason), Description: message}
	}
	return Problem{StatusCode: status, Message: message, Reason: reason, Errors: fields}
}

// isPlatform tells the Platform API by its path: every family but /api/ has a
// name of its own, such as /namespaces/v1.
func isPlatform(path string) bool {
	for _, prefix := range []string{"/namespaces/", "/apitokens/", "/artifacts/", "/sql/", "/catalog/", "/autopilot/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

func grpcCode(status int, reason string) string {
	if reason == "FailedPrecondition" { // 409 too
		return "FAILED_PRECONDITION"
	}
	switch status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusRequestEntityTooLarge:
		return "INVALID_ARGUMENT"
	case http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case http.StatusForbidden:
		return "PERMISSION_DENIED"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusConflict:
		return "ALREADY_EXISTS"
	case http.StatusPreconditionFailed:
		return "FAILED_PRECONDITION"
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "UNIMPLEMENTED"
	case http.StatusServiceUnavailable:
		return "UNAVAILABLE"
	}
	return "INTERNAL"
}
