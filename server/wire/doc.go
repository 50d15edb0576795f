// Package wire is how the API speaks: it reads request bodies (JSON or YAML)
// into JSON bytes, writes answers in the form the caller asked for, and says
// errors in the three shapes that Ververica Platform's clients know.
//
// The text of a scalar is never interpreted here: 1.10 in YAML leaves as the
// JSON number token 1.10, so a string field that reads it keeps "1.10".
package wire
