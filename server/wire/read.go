package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// BodyError is a request body that cannot be read at all. Status is the HTTP
// status it deserves: 400, 413 or 415.
type BodyError struct {
	Status  int
	Message string
}

func (e *BodyError) Error() string { return e.Message }

// ReadBody reads a request body of at most limit bytes and returns it as JSON.
// Content types with "yaml" in them are YAML; JSON, "+json" and no content type
// at all are JSON, or YAML when it does not begin as JSON. Form and text types
// are refused: a browser sends them across sites without asking.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	isYAML, sniff, err := bodyFormat(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &BodyError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", limit)}
	}
	if err != nil {
		return nil, &BodyError{http.StatusBadRequest, "the body could not be read: " + err.Error()}
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return nil, &BodyError{http.StatusBadRequest, "the body is empty; send a resource as JSON or YAML"}
	}
	if isYAML || sniff && trimmed[0] != '{' && trimmed[0] != '[' {
		body, err := YAMLToJSON(body)
		if err != nil {
			return nil, &BodyError{http.StatusBadRequest, "the body is not valid YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
		}
		return body, nil
	}
	body = Lenient(trimmed)
	if err := checkJSON(body); err != nil {
		return nil, err
	}
	return body, nil
}

func bodyFormat(contentType string) (isYAML, sniff bool, err error) {
	if contentType == "" {
		return false, true, nil
	}
	media, params, err := mime.ParseMediaType(contentType)
	switch charset := strings.ToLower(params["charset"]); {
	case err != nil:
	case charset != "" && charset != "utf-8" && charset != "utf8" && charset != "us-ascii":
		return false, false, &BodyError{
			http.StatusUnsupportedMediaType,
			fmt.Sprintf("charset %q of the content type is not accepted; send UTF-8", charset),
		}
	case strings.Contains(media, "yaml"):
		return true, false, nil
	case media == "application/json", media == "text/json", strings.HasSuffix(media, "+json"):
		return false, false, nil
	}
	return false, false, &BodyError{
		http.StatusUnsupportedMediaType,
		fmt.Sprintf("content type %q is not accepted; send Content-Type: application/json or application/yaml", contentType),
	}
}

// checkJSON reports where the text stops being JSON, by line and column.
func checkJSON(body []byte) error {
	var raw json.RawMessage
	err := json.Unmarshal(body, &raw)
	if err == nil {
		return nil
	}
	where := ""
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		before := body[:max(0, min(int(syntax.Offset)-1, len(body)))]
		line := bytes.Count(before, []byte("\n")) + 1
		column := len(before) - bytes.LastIndexByte(before, '\n')
		where = fmt.Sprintf(" at line %d, column %d", line, column)
	}
	return &BodyError{http.StatusBadRequest, "the body is not valid JSON" + where + ": " + err.Error()}
}
