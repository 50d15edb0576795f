// Package option declares options once: name, type, default, documentation.
// Checking of WITH clauses, suggestions, reference pages and forms follow.
package option

// Option is one key that may be given.
type Option struct {
	Key      string
	Type     Type
	Default  string // text as a user would write it; empty: none
	Required bool
	Enum     []string // the values allowed, for TypeEnum
	Doc      string
	Example  string
	// Aliases are older names of the key.
	Aliases []string
	// Prefix: the key is a prefix, such as "fields.", and any key under it is accepted.
	Prefix bool
}

// Type is the type of an option's value.
type Type int

// The types.
const (
	String Type = iota
	Int
	Float
	Bool
	Duration // "10 s", "1 min", "PT5S", "500ms": Flink's forms
	Bytes    // "128mb", "1 kb", "1024": Flink's MemorySize forms
	Enum
)
