// Package option declares options once: name, type, default, documentation.
// Checking of WITH clauses, suggestions, reference pages and forms follow.
package option

import "time"

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

// Values are checked options: every key is known, every value parses.
type Values struct {
	texts map[string]string
}

// String returns the value or the default of a key.
func (v Values) String(key string) string { return v.texts[key] }

// Has tells whether the user gave the key.
func (v Values) Has(key string) bool { _, ok := v.texts["\x00"+key]; return ok }

// Duration, Int, Float, Bool and Bytes return parsed values; zero when absent.
// They cannot fail: Check has looked at the texts.
func (v Values) Duration(key string) time.Duration { d, _ := ParseDuration(v.texts[key]); return d }
