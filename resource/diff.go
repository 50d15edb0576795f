package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
)

// Change is one field that differs between two specs.
type Change struct {
	Field string `json:"field"`        // path: spec.template.spec.parallelism
	Old   any    `json:"old,omitzero"` // absent: was not set
	New   any    `json:"new,omitzero"` // absent: no longer set
}

// plainKey is a key of a map that can stand in a path without quotes.
var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// Diff lists the fields that differ between two values by their wire form, in
// the order of their paths, which begin with at. Lists are compared whole. The
// values of secrets and of sensitive configuration are left out (Mask).
func Diff(at string, before, after any) ([]Change, error) {
	a, err := wireTree(before)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", at, err)
	}
	b, err := wireTree(after)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", at, err)
	}
	var changes []Change
	diff(&changes, at, "", a, b)
	return changes, nil
}

func wireTree(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	err = d.Decode(&tree)
	return tree, err
}

func diff(changes *[]Change, at, key string, a, b any) {
	x, isObject := a.(map[string]any)
	y, wasObject := b.(map[string]any)
	switch {
	case isObject && wasObject, isObject && b == nil, a == nil && wasObject:
		keys := sortedKeys(x)
		for _, k := range sortedKeys(y) {
			if _, both := x[k]; !both {
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		for _, k := range keys {
			diff(changes, joinKey(at, k), k, x[k], y[k])
		}
	case !reflect.DeepEqual(a, b):
		*changes = append(*changes, Change{Field: at, Old: shownValue(key, a), New: shownValue(key, b)})
	}
}

// shownValue is a value as a change may show it.
func shownValue(key string, v any) any {
	if text, ok := v.(string); ok && sensitive(key, text) {
		return Mask
	}
	return v
}

func joinKey(at, key string) string {
	if !plainKey.MatchString(key) {
		return at + "[" + quote(key) + "]"
	}
	return join(at, key)
}
