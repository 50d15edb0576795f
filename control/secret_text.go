package control

import (
	"maps"
	"slices"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// Texts of a job may name secrets and environment variables as ${NAME}; they
// are put in when the job is launched, and nowhere before. $${NAME} is the
// text ${NAME} itself.

// longestName is that of a secret.
const longestName = 250

// referenceAt finds a reference at the start of a text: its name, and how long
// it is written.
func referenceAt(text string) (name string, length int, ok bool) {
	if !strings.HasPrefix(text, "${") {
		return "", 0, false
	}
	end := strings.IndexByte(text[:min(len(text), longestName+3)], '}')
	if end < 3 || strings.ContainsFunc(text[2:end], notInName) {
		return "", 0, false
	}
	return text[2:end], end + 1, true
}

func notInName(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' && r != '-'
}

// expand replaces the references in a text by what value says.
func expand(text string, value func(name string) string) string {
	if !strings.Contains(text, "${") {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		if text[i] == '$' && i+1 < len(text) {
			if _, length, ok := referenceAt(text[i+1:]); ok {
				out.WriteString(text[i+1 : i+1+length])
				i += 1 + length
				continue
			}
			if name, length, ok := referenceAt(text[i:]); ok {
				out.WriteString(value(name))
				i += length
				continue
			}
		}
		out.WriteByte(text[i])
		i++
	}
	return out.String()
}

// expandSQL is expand for SQL: in a text in quotes the value is quoted too, so
// that it cannot end it, and what is commented out is left alone.
func expandSQL(script string, value func(name string) string) string {
	if !strings.Contains(script, "${") {
		return script
	}
	var out strings.Builder
	for len(script) > 0 {
		piece, quote := sqlPiece(script)
		switch {
		case quote == "comment":
			out.WriteString(piece)
		case quote != "":
			out.WriteString(expand(piece, func(name string) string { return strings.ReplaceAll(value(name), quote, quote+quote) }))
		default:
			out.WriteString(expand(piece, value))
		}
		script = script[len(piece):]
	}
	return out.String()
}

// sqlPiece is the beginning of a script up to where quotes or a comment begin
// or end, and the quote it is in, or "comment".
func sqlPiece(s string) (piece, quote string) {
	upTo := func(end string) string {
		if i := strings.Index(s[1:], end); i >= 0 {
			return s[:1+i+len(end)]
		}
		return s
	}
	switch {
	case s[0] == '\'' || s[0] == '`' || s[0] == '"':
		// A doubled quote ends one text and begins the next: the same to us.
		return upTo(s[:1]), s[:1]
	case strings.HasPrefix(s, "--"):
		return upTo("\n"), "comment"
	case strings.HasPrefix(s, "/*") && !strings.HasPrefix(s, "/*+"): // that is a hint, with options
		return upTo("*/"), "comment"
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'' || c == '`' || c == '"', strings.HasPrefix(s[i:], "--"), strings.HasPrefix(s[i:], "/*"):
			return s[:i], ""
		}
	}
	return s, ""
}

// texts is what of a template may refer to secrets, and how each is expanded.
func texts(t *resource.JobTemplate, each func(text *string, expand func(string, func(string) string) string)) {
	for key, v := range t.FlinkConfiguration {
		each(&v, expand)
		if v != t.FlinkConfiguration[key] {
			t.FlinkConfiguration[key] = v
		}
	}
	each(&t.Artifact.JarURI, expand)
	each(&t.Artifact.PythonArtifactURI, expand)
	for i := range t.Artifact.AdditionalDependencies {
		each(&t.Artifact.AdditionalDependencies[i], expand)
	}
	each(&t.Artifact.SQLScript, expandSQL)
}

// References lists, each once and in order, the names that a template refers to.
func References(t resource.JobTemplate) []string {
	found := names{}
	texts(&t, func(text *string, expand func(string, func(string) string) string) { expand(*text, found.add) })
	return found.sorted()
}

// referencesIn is References for statements of a catalog.
func referencesIn(catalog ...string) []string {
	found := names{}
	for _, statement := range catalog {
		expandSQL(statement, found.add)
	}
	return found.sorted()
}

type names map[string]bool

func (n names) add(name string) string {
	n[name] = true
	return ""
}

func (n names) sorted() []string { return slices.Sorted(maps.Keys(n)) }
