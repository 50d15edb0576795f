package option

import (
	"strconv"
	"strings"
	"time"
)

// Values are checked options: every key is known, every value parses.
type Values struct {
	texts map[string]string // by key: what was given, else the default
	given map[string]string // what was given, under the option's present key
}

// String returns the value or the default of a key.
func (v Values) String(key string) string { return v.texts[key] }

// Has tells whether the user gave the key.
func (v Values) Has(key string) bool { _, ok := v.given[key]; return ok }

// Duration, Int, Float, Bool and Bytes return parsed values; zero when absent.
// They cannot fail: Check has looked at the texts.
func (v Values) Duration(key string) time.Duration { d, _ := ParseDuration(v.texts[key]); return d }

// Int returns a whole number.
func (v Values) Int(key string) int64 { n, _ := parseInt(v.texts[key]); return n }

// Float returns a number.
func (v Values) Float(key string) float64 { f, _ := parseFloat(v.texts[key]); return f }

// Bool returns a truth value.
func (v Values) Bool(key string) bool { b, _ := parseBool(v.texts[key]); return b }

// Bytes returns a size in bytes.
func (v Values) Bytes(key string) int64 { n, _ := ParseBytes(v.texts[key]); return n }

// Under returns what was given with a prefix, by the rest of the key.
func (v Values) Under(prefix string) map[string]string {
	out := map[string]string{}
	for k, t := range v.given {
		if rest, ok := strings.CutPrefix(k, prefix); ok {
			out[rest] = t
		}
	}
	return out
}

func parseInt(s string) (int64, error) { return strconv.ParseInt(strings.TrimSpace(s), 10, 64) }

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(strings.TrimSpace(s), 64) }

func parseBool(s string) (bool, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}
