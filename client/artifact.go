package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/weir-streams/weir/resource"
)

// Artifact is an uploaded file that deployments can name.
type Artifact struct {
	Filename   string        `json:"filename"`
	URI        string        `json:"uri"` // what jarUri says
	CreateTime resource.Time `json:"createTime"`
}

func artifactsPath(namespace, verb string) string {
	return "/artifacts/v1/namespaces/" + url.PathEscape(namespace) + "/artifacts:" + verb
}

// Artifacts lists the files of a namespace by name, at most 1000.
func (c *Client) Artifacts(ctx context.Context, namespace string) ([]Artifact, error) {
	var list struct {
		Artifacts []Artifact `json:"artifacts"`
	}
	err := c.do(ctx, http.MethodGet, artifactsPath(namespace, "list"), nil, nil, &list)
	return list.Artifacts, err
}

// UploadArtifact sends a file under a name; one of that name is replaced. It
// takes as long as the context allows.
func (c *Client) UploadArtifact(ctx context.Context, namespace, name string, content io.Reader) (Artifact, error) {
	body, w := io.Pipe()
	form := multipart.NewWriter(w)
	sent := make(chan error, 1)
	go func() {
		part, err := form.CreateFormFile("file", name)
		if err == nil {
			_, err = io.Copy(part, content)
		}
		if err == nil {
			err = form.Close()
		}
		w.CloseWithError(err) // nil: the end
		sent <- err
	}()
	res, err := c.stream(ctx, http.MethodPost, artifactsPath(namespace, "upload"), nil, body, form.FormDataContentType(), "application/json")
	_ = body.Close() // ends the copy if the server stopped listening
	if copied := <-sent; err == nil && copied != nil {
		err = fmt.Errorf("upload %s: %w", name, copied)
	}
	if err != nil {
		return Artifact{}, err
	}
	defer res.Body.Close()
	var reply struct {
		Artifact Artifact `json:"artifact"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&reply); err != nil {
		return Artifact{}, fmt.Errorf("upload %s: read the answer: %w", name, err)
	}
	return reply.Artifact, nil
}

// DeleteArtifact deletes a file.
func (c *Client) DeleteArtifact(ctx context.Context, namespace, name string) error {
	return c.do(ctx, http.MethodDelete, artifactsPath(namespace, "delete"), url.Values{"filename": {name}}, nil, nil)
}
