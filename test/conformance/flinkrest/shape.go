package flinkrest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// dynamic are the objects whose keys are data.
var dynamic = []string{
	"tasks/", "optimizer_properties", "user-config", "status-duration", "extendedResources", "serialized-user-task-accumulators",
	"failureLabels", "accumulator-results",
}

// compare lists where the shape of got differs from that of want, as paths
// like "vertices[].metrics.read-bytes: missing".
func compare(path string, want, got any) []string {
	if want == nil || got == nil {
		return nil // what may be absent may be null
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: is %s, want an object", path, kind(got))}
		}
		return compareObjects(path, w, g)
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s: is %s, want an array", path, kind(got))}
		}
		var diffs []string
		if len(w) == 0 {
			return nil
		}
		for _, element := range g {
			diffs = append(diffs, closest(path+"[]", w, element)...)
		}
		return diffs
	}
	if w, g := kind(want), kind(got); w != g && !(oddNumber(want) && g == "a number") && !(oddNumber(got) && w == "a number") {
		return []string{fmt.Sprintf("%s: is %s, want %s", path, kind(got), kind(want))}
	}
	return nil
}

// closest compares with the recorded element that fits best: elements of a
// list need not have the same fields.
func closest(path string, want []any, got any) []string {
	var best []string
	for i, w := range want {
		if diffs := compare(path, w, got); i == 0 || len(diffs) < len(best) {
			best = diffs
		}
	}
	return best
}

func compareObjects(path string, want, got map[string]any) []string {
	if slices.ContainsFunc(dynamic, func(d string) bool {
		name, below := strings.CutSuffix(d, "/")
		return strings.HasSuffix(path, "."+name) && (!below || hasIDs(want))
	}) {
		sample := slices.Collect(maps.Values(want))
		var diffs []string
		for _, v := range got {
			if len(sample) > 0 {
				diffs = append(diffs, closest(path+".*", sample, v)...)
			}
		}
		return diffs
	}
	// An entry of another class has other fields, and which classes there are at a
	// moment is chance: a cancelled job may have a failed checkpoint or none.
	if w, g := want["className"], got["className"]; w != nil && g != nil && w != g {
		return nil
	}
	var diffs []string
	for _, k := range slices.Sorted(maps.Keys(want)) {
		g, ok := got[k]
		if !ok {
			diffs = append(diffs, path+"."+k+": missing")
			continue
		}
		diffs = append(diffs, compare(path+"."+k, want[k], g)...)
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[k]; !ok {
			diffs = append(diffs, path+"."+k+": not in Flink's answer")
		}
	}
	return diffs
}

// hasIDs says whether the keys are ids of vertices.
func hasIDs(m map[string]any) bool {
	for k := range m {
		if len(k) != 32 {
			return false
		}
	}
	return true
}

// oddNumber is a number that JSON does not have. It is a string where numbers
// are strings, and where they are not.
func oddNumber(v any) bool { return v == "NaN" || v == "Infinity" || v == "-Infinity" }

func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}
