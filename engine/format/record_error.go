package format

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// RecordError is a record that does not decode: where it stands and why.
type RecordError struct {
	Line   int64  // of the input, from 1
	Column int    // of the place in the record, in bytes from 1
	Text   string // the record, or the front of it
	Err    error
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("line %d, column %d: %v; the record is %q", e.Line, e.Column, e.Err, e.Text)
}

func (e *RecordError) Unwrap() error { return e.Err }

// Excerpt is the front of a record, short enough for an error message.
func Excerpt(p []byte) string {
	const most = 200
	s := strings.TrimRight(string(p[:min(len(p), most+utf8.UTFMax)]), "\r\n")
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
