package flink

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Error is an answer that says no.
type Error struct {
	Status   int      // of HTTP
	Messages []string // as sent: sentences or Java stack traces
}

// Error says it in one line, the innermost cause of a stack trace.
func (e *Error) Error() string {
	said := make([]string, 0, len(e.Messages))
	for _, m := range e.Messages {
		if m = strings.TrimPrefix(strings.TrimSpace(m), "<Exception on server side:\n"); m != "" {
			said = append(said, Cause(m))
		}
	}
	if len(said) > 1 && said[0] == "Internal server error." {
		said = said[1:]
	}
	if len(said) == 0 {
		return fmt.Sprintf("status %d %s", e.Status, http.StatusText(e.Status))
	}
	text := fmt.Sprintf("%s (status %d)", strings.Join(said, "; "), e.Status)
	if do, _ := Advice(strings.Join(e.Messages, "\n")); do != "" {
		text += "; " + do
	}
	return text
}

// IsNotFound says whether what answered does not know the job, the trigger or
// the path. A trigger is also not found when its result was forgotten.
func IsNotFound(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	// Some paths of Flink's, such as /jobs/:id/status, say it with status 500.
	return e.Status == http.StatusNotFound || e.Status == http.StatusInternalServerError &&
		slices.ContainsFunc(e.Messages, func(m string) bool { return strings.Contains(m, "FlinkJobNotFoundException") })
}

// IsConflict says whether the job is past what was asked, as when cancelling a
// job that has finished.
func IsConflict(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusConflict
}
