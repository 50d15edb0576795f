package flink

import "strings"

// SameLocation says whether two texts name the same place: Flink answers
// "file:/a/b" when asked for "file:///a/b" or "/a/b/".
func SameLocation(a, b string) bool {
	return NormalLocation(a) == NormalLocation(b)
}

// NormalLocation is the text that all spellings of one place share: Flink's
// own for files, without a slash at the end.
func NormalLocation(s string) string {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "file:"); ok {
		if r, ok := strings.CutPrefix(rest, "//localhost/"); ok {
			rest = "/" + r
		}
		s = rest
	}
	if strings.HasPrefix(s, "/") {
		s = "file:/" + strings.TrimLeft(s, "/")
	}
	if trimmed := strings.TrimRight(s, "/"); trimmed != "" && trimmed != "file:" {
		s = trimmed
	}
	return s
}
