package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/weir-streams/weir/server"
)

const artifacts = "/artifacts/v1/namespaces/default/artifacts"

// form is a form with one file, as curl -F file=@… sends it.
func form(t *testing.T, part, filename string, content []byte) (body, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("comment", "before the file"); err != nil {
		t.Fatal(err)
	}
	p, err := w.CreatePart(map[string][]string{
		"Content-Disposition": {`form-data; name="` + part + `"; filename="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(filename) + `"`},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func (w *world) upload(filename string, content []byte, want int) reply {
	w.t.Helper()
	body, contentType := form(w.t, "file", filename, content)
	return w.call("POST", artifacts+":upload", body, want, "Content-Type", contentType, "X-Tolerated", "true") // it has a part too many
}

func TestArtifacts(t *testing.T) {
	w := start(t)
	w.call("GET", artifacts+":list", "", 200)
	content := bytes.Repeat([]byte("a jar "), 100_000)
	sum := sha256.Sum256(content)
	r := w.upload("job.jar", content, 200)
	r.want("artifact/filename", "job.jar")
	r.want("artifact/size", "600000")
	r.want("artifact/sha256", hex.EncodeToString(sum[:]))
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`).MatchString(r.text("artifact/createTime")) {
		t.Errorf("createTime %s", r.text("artifact/createTime"))
	}
	path, ok := strings.CutPrefix(r.text("artifact/uri"), "file://")
	if stored, err := os.ReadFile(path); !ok || err != nil || !bytes.Equal(stored, content) {
		t.Errorf("uri %s: %v", r.text("artifact/uri"), err)
	}
	if !strings.HasSuffix(path, "/artifacts/namespaces/default/job.jar") {
		t.Errorf("uri %s", path)
	}
	w.upload("job.jar", []byte("another"), 200).want("artifact/size", "7")
	w.upload("A.jar", []byte("x"), 200)
	w.upload("mit Leerzeichen+ü.jar", []byte("x"), 200)
	w.upload("empty.jar", nil, 200).want("artifact/size", "0")
	list := w.encoded("GET", artifacts+"%3Alist")
	for i, name := range []string{"A.jar", "empty.jar", "job.jar", "mit Leerzeichen+ü.jar"} {
		list.want(fmt.Sprintf("artifacts/%d/filename", i), name)
	}
	w.call("GET", artifacts+":metadata?filename=job.jar", "", 200).want("artifact/sha256", "ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5")
	w.call("DELETE", artifacts+":delete?filename=job.jar", "", 200)
	w.encoded("DELETE", artifacts+"%3Adelete?filename=job.jar").want("code", "NOT_FOUND")
	w.call("GET", artifacts+":metadata?filename=job.jar", "", 404)
	w.call("GET", artifacts+":metadata", "", 400)
	w.call("GET", artifacts+":metadata?filename=../default/A.jar", "", 400).want("code", "INVALID_ARGUMENT")
	w.call("GET", "/artifacts/v1/namespaces/nowhere/artifacts:list", "", 404)
}

func TestUploadsThatAreRefused(t *testing.T) {
	w := start(t, func(c *server.Config) { c.Platform.ArtifactLimit = 1000 })
	w.upload("fits.jar", make([]byte, 1000), 200)
	for name, want := range map[string]int{
		"../escape.jar": 400, "a/b.jar": 400, `a\b.jar`: 400, "..": 400, ".": 400, ".hidden": 400, "": 400, "nul\x00": 400, "line\x7f": 400,
		strings.Repeat("x", 256): 400, "/etc/passwd": 400,
	} {
		w.upload(name, []byte("x"), want)
	}
	for _, size := range []int{1001, 100_000} { // found out at the end, and at once
		r := w.upload("large.jar", make([]byte, size), 413)
		if !strings.Contains(r.text("description"), "1000 bytes") {
			t.Errorf("%s", r.body)
		}
	}
	body, contentType := form(t, "other", "x.jar", []byte("x"))
	w.call("POST", artifacts+":upload", body, 400, "Content-Type", contentType)
	w.call("POST", artifacts+":upload", "{}", 415)
	w.call("POST", artifacts+":upload", "no form", 400, "Content-Type", "multipart/form-data")
	w.call("POST", artifacts+":upload", "", 400, "Content-Type", "multipart/form-data; boundary=x")

	// A header without the boundary, as careless clients send it.
	body, _ = form(t, "file", "careless.jar", []byte("x"))
	w.call("POST", artifacts+":upload", body, 200, "Content-Type", "multipart/form-data", "X-Tolerated", "true")

	// A form that breaks off leaves the old file.
	body, contentType = form(t, "file", "fits.jar", []byte(strings.Repeat("y", 500)))
	w.call("POST", artifacts+":upload", body[:len(body)-200], 400, "Content-Type", contentType)
	w.breakOff(body[:len(body)-200], len(body), contentType)
	w.call("GET", artifacts+":metadata?filename=fits.jar", "", 200).want("artifact/size", "1000")
	all := w.call("GET", artifacts+":list", "", 200)
	if n := len(all.get("artifacts").([]any)); n != 2 {
		t.Errorf("%d files are left: %s", n, all.body)
	}
}

// encoded sends a request as clients do that encode the colon, which the
// contract's own router does not know.
func (w *world) encoded(method, path string) reply {
	r, err := http.NewRequestWithContext(context.Background(), method, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{w.t, res.StatusCode, res.Header, text}
}

// breakOff sends less than it says and hangs up.
func (w *world) breakOff(body string, length int, contentType string) {
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, "POST", w.url+artifacts+":upload", io.MultiReader(strings.NewReader(body), hangUp{cancel}))
	if err != nil {
		w.t.Fatal(err)
	}
	r.ContentLength = int64(length)
	r.Header.Set("Content-Type", contentType)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		res.Body.Close()
	}
}

type hangUp struct{ cancel func() }

func (h hangUp) Read([]byte) (int, error) {
	h.cancel()
	return 0, errors.New("gone")
}

func TestDeploymentsOfMissingArtifacts(t *testing.T) {
	w := start(t)
	uri := w.upload("job.jar", []byte("x"), 200).text("artifact/uri")
	gone := strings.Replace(uri, "job.jar", "gone.jar", 1)
	jar := func(name, uri, more string) string {
		return `{"metadata":{"name":"` + name + `"},"spec":{"template":{"spec":{"artifact":{"kind":"JAR","jarUri":"` + uri + `"` + more + `}}}}}`
	}
	const all = inDefault + "/deployments"
	w.call("POST", all, jar("a", gone, ""), 400).want("errors/0/attribute", "spec.template.spec.artifact.jarUri")
	w.call("POST", all, jar("a", uri, `,"additionalDependencies":["https://example.com/x.jar","`+gone+`"]`), 400).
		want("errors/0/attribute", "spec.template.spec.artifact.additionalDependencies[1]")
	w.call("POST", all, jar("elsewhere", "https://example.com/x.jar", ""), 201)
	w.call("POST", all, jar("a", uri, ""), 201)
	w.call("PATCH", all+"/a", jar("a", gone, ""), 400)
	w.call("DELETE", artifacts+":delete?filename=job.jar", "", 200)
	// It can be stopped all the same.
	w.call("PATCH", all+"/a", `{"spec":{"state":"RUNNING"}}`, 200)
	w.call("PATCH", all+"/a", `{"spec":{"state":"CANCELLED"}}`, 200)
}
