package option

import (
	"fmt"
	"slices"
	"strings"
)

// Error is one thing wrong with the options given.
type Error struct {
	Key     string // the key as given, or the missing one
	Message string // a whole sentence part: names the key, and what to do
}

func (e *Error) Error() string { return e.Message }

// Errors are all things wrong, in the order of the keys.
type Errors []*Error

func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, x := range e {
		texts[i] = x.Message
	}
	return strings.Join(texts, "; ")
}

// Check looks at the options given: unknown keys (with a suggestion), values
// that do not parse, missing required keys. Aliases are taken for their present
// key. The error is of type Errors.
func Check(opts []Option, given map[string]string) (Values, error) {
	return CheckOf("", opts, given)
}

// CheckOf is Check for a named owner: "connector datagen".
func CheckOf(owner string, opts []Option, given map[string]string) (Values, error) {
	v := Values{texts: map[string]string{}, given: map[string]string{}}
	for _, o := range opts {
		if o.Default != "" && !o.Prefix {
			v.texts[o.Key] = o.Default
		}
	}
	of := ""
	if owner != "" {
		of = " of " + owner
	}
	var errs Errors
	for _, key := range sortedKeys(given) {
		o := find(opts, key)
		if o == nil {
			errs = append(errs, &Error{key, fmt.Sprintf("unknown option %q%s%s", key, of, didYouMean(key, opts))})
			continue
		}
		text := given[key]
		if problem := o.check(text); problem != "" {
			errs = append(errs, &Error{key, fmt.Sprintf("option %q%s: %s", key, of, problem)})
			continue
		}
		if !o.Prefix {
			key = o.Key
		}
		for _, e := range o.Enum {
			if strings.EqualFold(e, text) {
				text = e // String then answers in the declared case
			}
		}
		v.texts[key], v.given[key] = text, text
	}
	for _, o := range opts {
		if o.Required && !tried(given, o) {
			hint := ""
			if o.Example != "" {
				hint = fmt.Sprintf(", for example '%s' = '%s'", o.Key, o.Example)
			}
			errs = append(errs, &Error{o.Key, fmt.Sprintf("required option %q%s is missing%s", o.Key, of, hint)})
		}
	}
	if len(errs) > 0 {
		return Values{}, errs
	}
	return v, nil
}

func tried(given map[string]string, o Option) bool {
	_, ok := given[o.Key]
	return ok || slices.ContainsFunc(o.Aliases, func(a string) bool { _, ok := given[a]; return ok })
}

func find(opts []Option, key string) *Option {
	for i := range opts {
		o := &opts[i]
		if o.Prefix && len(key) > len(o.Key) && strings.HasPrefix(key, o.Key) || !o.Prefix && (o.Key == key || slices.Contains(o.Aliases, key)) {
			return o
		}
	}
	return nil
}

// check says what is wrong with a value; empty: nothing.
func (o *Option) check(text string) string {
	bad := func(what string) string { return fmt.Sprintf("%s expected, got %q", what, text) }
	switch o.Type {
	case Int:
		if _, err := parseInt(text); err != nil {
			return bad("a whole number")
		}
	case Float:
		if _, err := parseFloat(text); err != nil {
			return bad("a number")
		}
	case Bool:
		if _, ok := parseBool(text); !ok {
			return bad("'true' or 'false'")
		}
	case Duration:
		if _, err := ParseDuration(text); err != nil {
			return err.Error()
		}
	case Bytes:
		if _, err := ParseBytes(text); err != nil {
			return err.Error()
		}
	case Enum:
		for _, e := range o.Enum {
			if strings.EqualFold(e, text) {
				return ""
			}
		}
		return bad("one of '" + strings.Join(o.Enum, "', '") + "'")
	}
	return ""
}

func didYouMean(key string, opts []Option) string {
	names := make([]string, 0, len(opts))
	for _, o := range opts {
		if !o.Prefix {
			names = append(names, o.Key)
		}
	}
	if near := Nearest(key, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "; it has no options"
	}
	if len(names) > 12 {
		return ""
	}
	return "; it has: " + strings.Join(names, ", ")
}

// Nearest returns the name most like what was written, if any is like enough to
// be meant: case aside, at most a third of its letters are wrong.
func Nearest(written string, names []string) string {
	best, at := "", len([]rune(written))/3+2
	w := strings.ToLower(written)
	for _, n := range names {
		if d := distance(w, strings.ToLower(n)); d < at && d < max(len(n), 2)-1 || d == 0 {
			best, at = n, d
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and swaps of neighbours.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	if len(s) > 200 || len(t) > 200 {
		return 1 << 20
	}
	var before []int
	last := make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		now := make([]int, len(t)+1)
		now[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			now[j+1] = min(last[j+1]+1, now[j]+1, last[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last = last, now
	}
	return last[len(t)]
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
