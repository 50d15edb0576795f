package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Write answers with v in the form the caller accepts: JSON, or YAML when the
// Accept header asks for it and not for JSON before it.
func Write(w http.ResponseWriter, r *http.Request, status int, v any) {
	if WantsYAML(r) {
		if text, err := encodeYAML(v); err == nil {
			send(w, r, status, "application/yaml", text)
			return
		}
	}
	WriteJSON(w, r, status, v)
}

// WriteJSON answers with v as JSON whatever the caller accepts, as the
// Platform API does.
func WriteJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	text, err := encodeJSON(v)
	if err != nil {
		status = http.StatusInternalServerError
		text, _ = encodeJSON(problem(r, status, "InternalError", "the answer could not be written as JSON: "+err.Error(), nil))
	}
	send(w, r, status, "application/json", text)
}

// WriteText answers with JSON that is written already.
func WriteText(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	send(w, r, status, "application/json", text)
}

func send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the caller went away; nobody is left to tell
	}
}

func encodeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func encodeYAML(v any) ([]byte, error) {
	text, err := encodeJSON(v)
	if err != nil {
		return nil, err
	}
	return JSONToYAML(text)
}

// WantsYAML tells whether the first media type of Accept that we can write is
// YAML. Quality values are honoured only as order: no client is known to
// depend on more.
func WantsYAML(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, params, _ := strings.Cut(part, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		if strings.ReplaceAll(params, " ", "") == "q=0" {
			continue
		}
		switch {
		case strings.HasSuffix(media, "yaml"):
			return true
		case media == "application/json", media == "*/*", media == "application/*":
			return false
		}
	}
	return false
}
