package ast

import "fmt"

// Error is a mistake in the source, with the place of what is wrong. Everything
// of the SQL front end that refuses a statement answers with one.
type Error struct {
	Pos     Pos
	Message string
	Stage   Stage
	cause   error
}

// Stage is where a statement is refused, as Flink tells apart: its text cannot be
// read or what it names and the types do not fit, or it means something that
// cannot be planned or done.
type Stage uint8

const (
	Validation Stage = iota // names, types, and the text itself
	Planning                // sound, but not to be run
)

// Errorf makes an *Error at a place. It understands %w.
func Errorf(pos Pos, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Pos: pos, Message: err.Error()}
	switch w := err.(type) {
	case interface{ Unwrap() error }:
		e.cause = w.Unwrap()
	}
	return e
}

// Planf makes an *Error of the stage Planning.
func Planf(pos Pos, format string, args ...any) *Error {
	e := Errorf(pos, format, args...)
	e.Stage = Planning
	return e
}

// Error gives "line 1, column 8: message", or the bare message if no place is known.
func (e *Error) Error() string {
	if !e.Pos.IsValid() {
		return e.Message
	}
	return e.Pos.String() + ": " + e.Message
}

// Unwrap gives the cause handed to Errorf with %w, if any.
func (e *Error) Unwrap() error { return e.cause }
