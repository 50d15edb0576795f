package platform

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"time"

	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/audit"
	"github.com/weir-streams/weir/server/wire"
)

const (
	// maxListed is how many artifacts a list has at most.
	maxListed = 1000
	// DefaultArtifactLimit is the size of an upload that is taken, in bytes, if
	// nothing else is said.
	DefaultArtifactLimit = 1 << 30
	// idleUpload ends an upload whose sender sends nothing.
	idleUpload = time.Minute
)

// artifactDocument is the wire form of a stored file.
type artifactDocument struct {
	Filename   string `json:"filename"`
	URI        string `json:"uri"`
	CreateTime string `json:"createTime"` // whole seconds: 2020-01-31T12:34:56Z
	Size       int64  `json:"size"`       // bytes
	SHA256     string `json:"sha256,omitempty"`
}

func artifactDocumentOf(f artifact.Info) artifactDocument {
	return artifactDocument{f.Filename, f.URI, f.CreateTime.UTC().Format("2006-01-02T15:04:05Z"), f.Size, f.SHA256}
}

func (a *API) listArtifacts(w http.ResponseWriter, r *http.Request) error {
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	all, err := a.Artifacts.List(r.Context(), namespace, maxListed)
	if err != nil {
		return err
	}
	out := make([]artifactDocument, len(all))
	for i, f := range all {
		out[i] = artifactDocumentOf(f)
	}
	return Reply(w, r, http.StatusOK, "artifacts", out)
}

// filename reads the name of the file that a query is about.
func (a *API) filename(r *http.Request) (namespace, name string, err error) {
	if namespace, err = a.namespace(r); err != nil {
		return "", "", err
	}
	name = r.URL.Query().Get("filename")
	return namespace, name, artifact.CheckName("filename", name)
}

func (a *API) getArtifact(w http.ResponseWriter, r *http.Request) error {
	namespace, name, err := a.filename(r)
	if err != nil {
		return err
	}
	f, err := a.Artifacts.Stat(r.Context(), namespace, name)
	if err != nil {
		return err
	}
	return Reply(w, r, http.StatusOK, "artifact", artifactDocumentOf(f))
}

func (a *API) deleteArtifact(w http.ResponseWriter, r *http.Request) error {
	namespace, name, err := a.filename(r)
	if err != nil {
		return err
	}
	audit.From(r.Context()).Named(name)
	if err := a.Artifacts.Delete(r.Context(), namespace, name); err != nil {
		return err
	}
	return ReplyEmpty(w, r)
}

// uploadArtifact takes the part "file" of a form as it comes: nothing of it is
// held in memory, and nothing is stored unless it came whole.
func (a *API) uploadArtifact(w http.ResponseWriter, r *http.Request) error {
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	f, err := Upload(w, r, a.ArtifactLimit, func(ctx context.Context, name string, content io.Reader) (artifact.Info, error) {
		audit.From(ctx).Named(name)
		return a.Artifacts.Put(ctx, namespace, name, content)
	})
	if err != nil {
		return err
	}
	audit.From(r.Context()).Changed([]resource.Change{{Field: "sha256", New: f.SHA256}, {Field: "size", New: f.Size}})
	return Reply(w, r, http.StatusOK, "artifact", artifactDocumentOf(f))
}

// Upload gives the part "file" of a multipart request to store, with the name
// that the sender gave it. A file of more than limit bytes is refused with 413,
// one that does not come to its end with 400; store sees an error in both cases
// and must keep nothing.
func Upload[T any](w http.ResponseWriter, r *http.Request, limit int64, store func(ctx context.Context, name string, content io.Reader) (T, error)) (T, error) {
	var none T
	if limit <= 0 {
		limit = DefaultArtifactLimit
	}
	const overhead = 64 << 10 // what a form adds to its file
	if r.ContentLength > limit+overhead {
		return none, tooLarge(limit)
	}
	form, err := multipartReader(w, r)
	if err != nil {
		return none, err
	}
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return none, resource.Invalidf("file", "is missing: send the file as a form part of this name, as curl -F file=@my.jar does")
		}
		if err != nil {
			return none, brokenOff(err)
		}
		if part.FormName() != "file" {
			continue
		}
		name, err := partFilename(part)
		if err != nil {
			return none, err
		}
		content := &limited{r: part, left: limit}
		v, err := store(r.Context(), name, content)
		switch {
		case content.over:
			return none, tooLarge(limit)
		case content.err != nil:
			return none, brokenOff(content.err)
		}
		return v, err
	}
}

// multipartReader reads the form of a request. Its boundary may be missing in
// the header; then it is what the body begins with.
func multipartReader(w http.ResponseWriter, r *http.Request) (*multipart.Reader, error) {
	body := bufio.NewReader(&patient{r: r.Body, deadline: http.NewResponseController(w).SetReadDeadline})
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "" && kind != "multipart/form-data" {
		return nil, &wire.BodyError{Status: http.StatusUnsupportedMediaType, Message: fmt.Sprintf(
			"content type %q is not accepted; send the file as a form (multipart/form-data), as curl -F file=@my.jar does", kind)}
	}
	if boundary := params["boundary"]; boundary != "" {
		return multipart.NewReader(body, boundary), nil
	}
	begin, _ := body.Peek(80) // a body that cannot be read is found to be broken below
	line, _, ok := bytes.Cut(begin, []byte("\r\n"))
	if !ok || !bytes.HasPrefix(line, []byte("--")) || len(line) < 3 {
		return nil, resource.Invalidf("body", "is no form: send the file as multipart/form-data, as curl -F file=@my.jar does")
	}
	return multipart.NewReader(body, string(line[2:])), nil
}

// partFilename is the name that the sender gave, whole: a path is to be
// refused, not shortened.
func partFilename(part *multipart.Part) (string, error) {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return "", resource.Invalidf("file", "has a header Content-Disposition that cannot be read: %v", err)
	}
	return params["filename"], artifact.CheckName("filename", params["filename"])
}

func tooLarge(limit int64) error {
	return &wire.BodyError{Status: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf(
		"the file is larger than %d bytes, which is as much as this server takes (artifact-limit)", limit)}
}

func brokenOff(err error) error {
	message := "the body broke off before the end of the form: " + err.Error()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		message = fmt.Sprintf("the body broke off: nothing came for %s", idleUpload)
	}
	return &wire.BodyError{Status: http.StatusBadRequest, Message: message}
}

// limited reads at most left bytes, and remembers why it stopped.
type limited struct {
	r    io.Reader
	left int64
	over bool
	err  error
}

var errOver = errors.New("larger than the limit")

func (l *limited) Read(p []byte) (int, error) {
	if l.over {
		return 0, errOver
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		l.over = true
		return 0, errOver
	}
	if err != nil && !errors.Is(err, io.EOF) {
		l.err = err
	}
	return n, err
}

// patient waits for each piece of a body as long as is allowed, however long
// the whole takes.
type patient struct {
	r        io.Reader
	deadline func(time.Time) error
}

func (p *patient) Read(b []byte) (int, error) {
	_ = p.deadline(time.Now().Add(idleUpload)) // not all connections have one
	return p.r.Read(b)
}
