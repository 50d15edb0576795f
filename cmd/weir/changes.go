package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// fieldChange is one field that two documents have differently. A nil side
// does not have it.
type fieldChange struct {
	path     string
	old, now any
}

func (c fieldChange) String() string {
	name := strings.TrimPrefix(c.path, "template.spec.")
	switch {
	case c.old == nil:
		return fmt.Sprintf("%s: + %s", name, short(c.now))
	case c.now == nil:
		return fmt.Sprintf("%s: removed", name)
	}
	if added, removed, ok := c.lines(); ok {
		return fmt.Sprintf("%s: %s added, %s removed", name, countOf(added, "line"), countOf(removed, "line"))
	}
	return fmt.Sprintf("%s: %s → %s", name, short(c.old), short(c.now))
}

// lines counts the lines that differ between two texts of several lines.
func (c fieldChange) lines() (added, removed int, ok bool) {
	old, wasText := c.old.(string)
	now, isText := c.now.(string)
	if !wasText || !isText || !strings.Contains(strings.TrimSpace(old), "\n") && !strings.Contains(strings.TrimSpace(now), "\n") {
		return 0, 0, false
	}
	for _, line := range unifiedDiff(lines([]byte(old)), lines([]byte(now)), 0) {
		switch line[0] {
		case '+':
			added++
		case '-':
			removed++
		}
	}
	return added, removed, true
}

func countOf(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func short(v any) string {
	text, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		text = string(b)
	}
	if lines := strings.Count(strings.TrimSpace(text), "\n"); lines > 0 {
		return fmt.Sprintf("(%d lines)", lines+1)
	}
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:39]) + "…"
	}
	return text
}

// compareJSON lists the fields in which two JSON objects differ, by path.
func compareJSON(old, now []byte) ([]fieldChange, error) {
	var a, b any
	if err := decodeNumbers(old, &a); err != nil {
		return nil, err
	}
	if err := decodeNumbers(now, &b); err != nil {
		return nil, err
	}
	return compareValues("", a, b), nil
}

func compareValues(path string, old, now any) []fieldChange {
	a, isObject := old.(map[string]any)
	b, wasObject := now.(map[string]any)
	if !isObject && old != nil || !wasObject && now != nil || !isObject && !wasObject {
		if reflect.DeepEqual(old, now) {
			return nil
		}
		return []fieldChange{{path, old, now}}
	}
	keys := map[string]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	var all []fieldChange
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		at := k
		if path != "" {
			at = path + "." + k
		}
		all = append(all, compareValues(at, a[k], b[k])...)
	}
	return all
}

func decodeNumbers(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(v)
}
