package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/server/wire"
)

// check is one request of a script and what its answer must be. Scripts are
// files in testdata/session and testdata/malformed; README.md there has the
// form of them.
type check struct {
	file         string
	line         int
	name         string
	method, path string
	headers      [][2]string
	body         string
	status       string        // 201, or 4xx
	within       time.Duration // asked again until it holds; 0: once
	wants        []string
	tolerated    bool // the contract does not allow it, and clients send it
}

func readScript(t *testing.T, path string) []check {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var checks []check
	const (
		start = iota
		headers
		body
		wants
	)
	part := wants
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if name, ok := strings.CutPrefix(line, "### "); ok {
			name, tolerated := strings.CutSuffix(name, " (tolerated)")
			checks = append(checks, check{file: filepath.Base(path), line: i + 1, name: name, tolerated: tolerated})
			part = start
			continue
		}
		if len(checks) == 0 {
			continue // the head of the file
		}
		c := &checks[len(checks)-1]
		answer, isAnswer := strings.CutPrefix(line, "==> ")
		switch {
		case isAnswer:
			var within string
			c.status, within, _ = strings.Cut(answer, " within ")
			if within != "" {
				if c.within, err = time.ParseDuration(within); err != nil {
					t.Fatalf("%s:%d: %v", path, i+1, err)
				}
			}
			part = wants
		case part == start && strings.HasPrefix(line, "#"):
		case part == start:
			c.method, c.path, _ = strings.Cut(line, " ")
			part = headers
		case part == headers && line == "":
			part = body
		case part == headers:
			name, value, _ := strings.Cut(line, ": ")
			c.headers = append(c.headers, [2]string{name, value})
		case part == body:
			c.body += line + "\n"
		case line != "" && !strings.HasPrefix(line, "#"):
			c.wants = append(c.wants, line)
		}
	}
	for i := range checks {
		checks[i].body = strings.TrimSuffix(checks[i].body, "\n")
		if checks[i].status == "" {
			t.Fatalf("%s:%d: %s has no answer", path, checks[i].line, checks[i].name)
		}
	}
	return checks
}

// run sends the checks of a file in order. What one keeps, the next ones use.
func (w *world) run(t *testing.T, checks []check, vars map[string]string) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			here := *w
			here.t = t
			here.one(c, vars)
		})
	}
}

func (w *world) one(c check, vars map[string]string) {
	w.t.Helper()
	end := time.Now().Add(c.within)
	for {
		r, body := w.request(c, vars)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			w.t.Fatalf("%s:%d: %v", c.file, c.line, err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			w.t.Fatalf("%s:%d: %v", c.file, c.line, err)
		}
		faults := c.faults(reply{w.t, res.StatusCode, res.Header, text}, vars)
		if len(faults) > 0 && time.Now().Before(end) {
			time.Sleep(50 * time.Millisecond) // what is waited for has no signal over HTTP
			continue
		}
		for _, f := range faults {
			w.t.Errorf("%s:%d: %s", c.file, c.line, f)
		}
		if w.t.Failed() {
			w.t.Logf("%s %s\n%d\n%s", r.Method, r.URL, res.StatusCode, cut(string(text), 4000))
			return
		}
		if c.tolerated {
			r.Header.Set("X-Tolerated", "true")
		}
		w.check(r, body, res, text)
		return
	}
}

func cut(text string, n int) string {
	if len(text) > n {
		return text[:n] + "…"
	}
	return text
}

var variable = regexp.MustCompile(`@\{([^}]*)\}`)

// fill puts in what @{…} stands for: something kept before, or text that is
// hard to write.
func fill(t *testing.T, text string, vars map[string]string) string {
	t.Helper()
	return variable.ReplaceAllStringFunc(text, func(m string) string {
		what := m[2 : len(m)-1]
		word, rest, _ := strings.Cut(what, " ")
		switch word {
		case "repeat": // @{repeat 1000 x}
			n, of, _ := strings.Cut(rest, " ")
			count, err := strconv.Atoi(n)
			if err != nil {
				t.Fatalf("%s: %v", m, err)
			}
			return strings.Repeat(strings.NewReplacer("(", "{", ")", "}").Replace(of), count)
		case "bytes": // @{bytes ff00}
			b, err := hex.DecodeString(rest)
			if err != nil {
				t.Fatalf("%s: %v", m, err)
			}
			return string(b)
		}
		v, ok := vars[what]
		if !ok {
			t.Fatalf("nothing kept %s; did an earlier check fail?", m)
		}
		return v
	})
}

func (w *world) request(c check, vars map[string]string) (*http.Request, string) {
	w.t.Helper()
	body := fill(w.t, c.body, vars)
	multipart := false
	for _, h := range c.headers {
		multipart = multipart || h[0] == "Content-Type" && strings.HasPrefix(h[1], "multipart/")
	}
	if multipart {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	r, err := http.NewRequestWithContext(w.t.Context(), c.method, w.url+fill(w.t, c.path, vars), strings.NewReader(body))
	if err != nil {
		w.t.Fatalf("%s:%d: %v", c.file, c.line, err)
	}
	if body == "" {
		r.Body, r.ContentLength = nil, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range c.headers {
		switch value := fill(w.t, h[1], vars); {
		case value == "-": // not sent
			r.Header.Del(h[0])
		case h[0] == "Host":
			r.Host = value
		default:
			r.Header.Set(h[0], value)
		}
	}
	return r, body
}

// faults says what is wrong with an answer, and keeps what is to be kept.
func (c check) faults(r reply, vars map[string]string) []string {
	var all []string
	fault := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if got := strconv.Itoa(r.status); got != c.status && !(c.status == "4xx" && got[0] == '4') {
		fault("status %d, want %s", r.status, c.status)
		return all
	}
	for _, want := range c.wants {
		place, rest, _ := strings.Cut(want, " ")
		op, value, _ := strings.Cut(rest, " ")
		value = fill(r.t, value, vars)
		got, err := r.find(place)
		if err != nil && op != "absent" {
			fault("%s: %v", want, err)
			continue
		}
		text := asText(got)
		if len(got) != 1 && (op == "=" || op == "~" || op == ">") {
			fault("%s: there are %d", want, len(got))
			continue
		}
		switch op {
		case "=":
			if text != value {
				fault("%s is %q, want %q", place, cut(text, 300), value)
			}
		case "~", "!~":
			if matched := regexp.MustCompile(value).MatchString(text); matched != (op == "~") {
				fault("%s is %q, want it %s %s", place, cut(text, 300), op, value)
			}
		case "has", "hasnt":
			found := false
			for _, g := range got {
				found = found || asText([]any{g}) == value
			}
			if found != (op == "has") {
				fault("%s is %v, want it to %s %s", place, cut(fmt.Sprint(got), 300), op, value)
			}
		case "#":
			n := -1
			if len(got) == 1 {
				switch v := got[0].(type) {
				case []any:
					n = len(v)
				case map[string]any:
					n = len(v)
				}
			}
			if strconv.Itoa(n) != value {
				fault("%s has %d, want %s", place, n, value)
			}
		case "present", "absent":
			if (len(got) > 0) != (op == "present") {
				fault("%s is %q, want it %s", place, cut(text, 300), op)
			}
		case ">":
			vars[value] = text
		default:
			fault("%q: there is no %q", want, op)
		}
	}
	return all
}

func asText(values []any) string {
	if len(values) == 0 || values[0] == nil {
		return ""
	}
	switch v := values[0].(type) {
	case string:
		return v
	case map[string]any, []any:
		text, _ := json.Marshal(v)
		return string(text)
	default:
		return fmt.Sprint(v)
	}
}

// find returns what is at a place: "body" is all of it, "@Name" a header, else
// the names of fields and numbers of items with slashes between them; * is
// every item.
func (r reply) find(place string) ([]any, error) {
	if place == "body" {
		return []any{string(r.body)}, nil
	}
	if name, ok := strings.CutPrefix(place, "@"); ok {
		if v := r.header.Values(name); len(v) > 0 {
			return []any{v[0]}, nil
		}
		return nil, nil
	}
	text := r.body
	if kind, _, _ := mime.ParseMediaType(r.header.Get("Content-Type")); strings.Contains(kind, "yaml") {
		var err error
		if text, err = wire.YAMLToJSON(text); err != nil {
			return nil, err
		}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("the answer is no JSON: %w", err)
	}
	at := []any{v}
	for part := range strings.SplitSeq(place, "/") {
		var next []any
		for _, v := range at {
			switch x := v.(type) {
			case map[string]any:
				if part == "*" {
					for _, inner := range x {
						next = append(next, inner)
					}
				} else if inner, ok := x[part]; ok {
					next = append(next, inner)
				}
			case []any:
				if part == "*" {
					next = append(next, x...)
				} else if i, err := strconv.Atoi(part); err == nil && i < len(x) && i >= -len(x) {
					next = append(next, x[(i+len(x))%len(x)])
				}
			}
		}
		at = next
	}
	return at, nil
}
