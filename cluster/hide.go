package cluster

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Hidden takes values that must not be shown out of texts that are. The zero
// Hidden takes out nothing.
type Hidden struct{ r *strings.Replacer }

const (
	// shown is what stands where a value was.
	shown = "******"
	// hideFrom is the length from which a value is hidden: shorter ones keep no
	// secret, and would be found in every text.
	hideFrom = 4
	// hideLine is the same for the lines of a value of several lines.
	hideLine = 12
)

// Hide makes a Hidden of values, which it also knows as they look when quoted
// or in an address.
func Hide(values []string) Hidden {
	var all []string
	add := func(v string) {
		if len(v) >= hideFrom {
			all = append(all, v)
		}
	}
	for _, v := range values {
		add(v)
		if len(v) < hideFrom {
			continue
		}
		for _, quoted := range []string{strconv.Quote(v), asJSON(v), "'" + strings.ReplaceAll(v, "'", "''") + "'"} {
			add(quoted[1 : len(quoted)-1])
		}
		add(url.QueryEscape(v))
		add(url.PathEscape(v))
		add(url.UserPassword("", v).String()[1:])
		if lines := strings.Split(v, "\n"); len(lines) > 1 {
			for _, line := range lines {
				if line = strings.TrimSpace(line); len(line) >= hideLine {
					add(line)
				}
			}
		}
	}
	if len(all) == 0 {
		return Hidden{}
	}
	// At one place the longest counts.
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, v := range all {
		pairs = append(pairs, v, shown)
	}
	return Hidden{strings.NewReplacer(pairs...)}
}

func asJSON(v string) string {
	b, err := json.Marshal(v)
	if err != nil {
		return `""`
	}
	return string(b)
}

// Text is s without the values.
func (h Hidden) Text(s string) string {
	if h.r == nil {
		return s
	}
	return h.r.Replace(s)
}

// Error is err with its text cleaned; what it wraps is still found.
func (h Hidden) Error(err error) error {
	if err == nil || h.r == nil {
		return err
	}
	text := err.Error()
	if clean := h.Text(text); clean != text {
		return &hiddenError{clean, err}
	}
	return err
}

type hiddenError struct {
	text string
	err  error
}

func (e *hiddenError) Error() string { return e.text }
func (e *hiddenError) Unwrap() error { return e.err }

// Writer cleans what is written, each write for itself: a log handler writes
// whole lines.
func (h Hidden) Writer(w io.Writer) io.Writer {
	if h.r == nil {
		return w
	}
	return hiddenWriter{h, w}
}

type hiddenWriter struct {
	h Hidden
	w io.Writer
}

func (w hiddenWriter) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.w, w.h.Text(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Handler cleans what next answers: the strings in JSON, else the whole body.
func (h Hidden) Handler(next http.Handler) http.Handler {
	if h.r == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &heldResponse{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(held, r)
		body := held.body.Bytes()
		if strings.Contains(w.Header().Get("Content-Type"), "json") {
			body = h.json(body)
		} else {
			body = []byte(h.Text(string(body)))
		}
		if w.Header().Get("Content-Length") != "" {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		w.WriteHeader(held.status)
		_, _ = w.Write(body) // the client may have gone
	})
}

// json cleans the strings of a document and leaves all else as it is.
func (h Hidden) json(doc []byte) []byte {
	var out bytes.Buffer
	for len(doc) > 0 {
		begin := bytes.IndexByte(doc, '"')
		if begin < 0 {
			break
		}
		end := begin + 1
		for end < len(doc) && doc[end] != '"' {
			if doc[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(doc) {
			break // no document that is whole
		}
		out.Write(doc[:begin])
		var text string
		literal := doc[begin : end+1]
		if json.Unmarshal(literal, &text) == nil {
			if clean := h.Text(text); clean != text {
				literal = []byte(asJSON(clean))
			}
		}
		out.Write(literal)
		doc = doc[end+1:]
	}
	out.Write(doc)
	return out.Bytes()
}

// heldResponse keeps an answer until it is whole.
type heldResponse struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *heldResponse) WriteHeader(status int)      { r.status = status }
func (r *heldResponse) Write(b []byte) (int, error) { return r.body.Write(b) }
