package standalone

import (
	"strings"
)

// statements splits a SQL script at semicolons that are not within quotes,
// comments or a statement set.
func statements(script string) []string {
	var out []string
	start, inSet := 0, false
	flush := func(end int, last bool) {
		text := strings.TrimSpace(script[start:end])
		words := strings.Fields(strings.ToUpper(withoutComments(text)))
		switch {
		case len(words) == 0:
		case last: // what is open is Flink's to complain about
			out = append(out, text)
		case !inSet && opensSet(words):
			inSet = true
			return
		case inSet && words[len(words)-1] != "END":
			return
		default:
			inSet = false
			out = append(out, text)
		}
		start = end + 1
	}
	for i := 0; i < len(script); i++ {
		switch c := script[i]; {
		case c == '\'' || c == '"' || c == '`':
			for i++; i < len(script) && script[i] != c; i++ {
			}
		case c == '-' && strings.HasPrefix(script[i:], "--"):
			for i < len(script) && script[i] != '\n' {
				i++
			}
		case c == '/' && strings.HasPrefix(script[i:], "/*"):
			if end := strings.Index(script[i+2:], "*/"); end >= 0 {
				i += end + 3
			} else {
				i = len(script)
			}
		case c == ';':
			flush(i, false)
		}
	}
	flush(len(script), true)
	return out
}

// opensSet tells whether a statement begins a set that goes on to END.
func opensSet(words []string) bool {
	text := strings.Join(words[:min(4, len(words))], " ")
	begins := strings.HasPrefix(text, "EXECUTE STATEMENT SET BEGIN") || strings.HasPrefix(text, "BEGIN STATEMENT SET")
	return begins && words[len(words)-1] != "END"
}

// withoutComments leaves out comments, to look at the words of a statement.
func withoutComments(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			end := i + 1
			for end < len(text) && text[end] != c {
				end++
			}
			end = min(end+1, len(text))
			b.WriteString(text[i:end])
			i = end - 1
		case c == '-' && strings.HasPrefix(text[i:], "--"):
			for i < len(text) && text[i] != '\n' {
				i++
			}
			b.WriteByte(' ')
		case c == '/' && strings.HasPrefix(text[i:], "/*"):
			end := strings.Index(text[i+2:], "*/")
			if end < 0 {
				return b.String()
			}
			i += end + 3
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// program is a script as Flink runs it: as one job. Flink makes a job of every
// INSERT; a deployment has one, so several become a statement set.
func program(catalog []string, script string) []string {
	var before, inserts []string
	for _, s := range append(trimmed(catalog), statements(script)...) {
		words := strings.Fields(strings.ToUpper(withoutComments(s)))
		text := strings.Join(words[:min(4, len(words))], " ")
		switch {
		case strings.HasPrefix(text, "INSERT "), strings.HasPrefix(text, "EXECUTE INSERT "):
			inserts = append(inserts, strings.TrimSpace(cutWord(s, "EXECUTE")))
		case strings.HasPrefix(text, "BEGIN STATEMENT SET"), strings.HasPrefix(text, "EXECUTE STATEMENT SET BEGIN"):
			inserts = append(inserts, members(s)...)
		default:
			before = append(before, s)
		}
	}
	switch len(inserts) {
	case 0:
		return before
	case 1:
		return append(before, inserts[0])
	}
	return append(before, "EXECUTE STATEMENT SET BEGIN\n"+strings.Join(inserts, ";\n")+";\nEND")
}

func trimmed(catalog []string) []string {
	var out []string
	for _, s := range catalog {
		if s = strings.TrimSuffix(strings.TrimSpace(s), ";"); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// members are the INSERTs of a statement set.
func members(set string) []string {
	at := strings.Index(strings.ToUpper(set), "BEGIN")
	body := set[at+len("BEGIN"):]
	if u := strings.ToUpper(strings.TrimSpace(body)); strings.HasPrefix(u, "STATEMENT SET") {
		body = body[strings.Index(strings.ToUpper(body), "SET")+len("SET"):]
	}
	body = strings.TrimSpace(body)
	if len(body) >= 3 && strings.EqualFold(body[len(body)-3:], "END") {
		body = body[:len(body)-3]
	}
	return statements(strings.TrimPrefix(strings.TrimSpace(body), ";"))
}

// cutWord takes a first word away.
func cutWord(s, word string) string {
	if t := strings.TrimSpace(s); len(t) > len(word) && strings.EqualFold(t[:len(word)], word) {
		return t[len(word):]
	}
	return s
}

// setting reads SET 'key' = 'value', for programs that take settings apart.
func setting(statement string) (key, value string, ok bool) {
	text := strings.TrimSpace(withoutComments(statement))
	if len(text) < 4 || !strings.EqualFold(text[:3], "SET") || text[3] != ' ' && text[3] != '\t' && text[3] != '\n' && text[3] != '\'' {
		return "", "", false
	}
	left, right, ok := strings.Cut(text[3:], "=")
	unquote := func(s string) string {
		s = strings.TrimSpace(s)
		if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
			s = strings.ReplaceAll(s[1:len(s)-1], "''", "'")
		}
		return s
	}
	return unquote(left), unquote(right), ok
}
