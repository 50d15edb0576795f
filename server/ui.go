package server

import (
	"bytes"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

// uiPolicy lets the UI load only what we serve.
const uiPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'self'"

// registerUI serves the web UI below /app/, where every unknown path is the
// UI's own to route, and sends visitors of / there.
func registerUI(mux *http.ServeMux, ui fs.FS) {
	mux.Handle("GET /{$}", http.RedirectHandler("/app/", http.StatusFound))
	mux.Handle("GET /app", http.RedirectHandler("/app/", http.StatusFound))
	mux.Handle("GET /app/{path...}", gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", uiPolicy)
		if ui == nil {
			h.Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(noUI))
			return
		}
		name := path.Clean(r.PathValue("path"))
		if info, err := fs.Stat(ui, name); err != nil || info.IsDir() {
			name = "index.html"
		}
		if strings.HasPrefix(name, "assets/") { // their names change with their content
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			h.Set("Cache-Control", "no-cache")
		}
		serveFile(w, r, ui, name)
	})))
}

// serveFile is http.ServeFileFS without its redirect away from index.html.
func serveFile(w http.ResponseWriter, r *http.Request, ui fs.FS, name string) {
	data, err := fs.ReadFile(ui, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}

const noUI = `<!doctype html><meta charset="utf-8"><title>weir</title>
<p>weir is running. This binary was built without the web UI; the API is described at <a href="/swagger">/swagger</a>.
`
