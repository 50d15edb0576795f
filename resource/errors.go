package resource

import (
	"errors"
	"fmt"
)

// Errors of the store and the API that callers tell apart with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	// ErrConflict: the name is taken, the version is stale, or something still
	// refers to the resource.
	ErrConflict = errors.New("conflict")
)

// InvalidError says which field of the caller's input is wrong and why.
type InvalidError struct {
	Field   string // path such as spec.template.spec.parallelism
	Message string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Message }

// Invalidf makes an InvalidError.
func Invalidf(field, format string, args ...any) error {
	return &InvalidError{Field: field, Message: fmt.Sprintf(format, args...)}
}
