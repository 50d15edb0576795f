// Package swagger shows the API to people: the two OpenAPI documents, cut from
// api/openapi.yaml, and Swagger UI over them. Everything is embedded, so it
// works without a network.
package swagger

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/weir-streams/weir/api"
	"github.com/weir-streams/weir/server/wire"
)

// dist holds the files of swagger-ui-dist that a page needs, compressed.
//
//go:embed dist/*.gz
var dist embed.FS

var contentTypes = map[string]string{
	"swagger-ui-bundle.js":            "text/javascript; charset=utf-8",
	"swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
	"swagger-ui.css":                  "text/css; charset=utf-8",
}

// Register puts /swagger, /swagger.json and /api/swagger.json on the mux.
func Register(mux *http.ServeMux) error {
	manager, platform, err := documents()
	if err != nil {
		return err
	}
	mux.HandleFunc("GET /api/swagger.json", serveDocument(manager))
	mux.HandleFunc("GET /swagger.json", serveDocument(platform))
	mux.HandleFunc("GET /swagger", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:")
		_, _ = io.WriteString(w, page)
	})
	mux.HandleFunc("GET /swagger/init.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = io.WriteString(w, script)
	})
	mux.HandleFunc("GET /swagger/{file}", serveDist)
	return nil
}

func serveDocument(text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	}
}

func serveDist(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	contentType, ok := contentTypes[name]
	data, err := dist.ReadFile("dist/" + name + ".gz")
	if !ok || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "max-age=3600")
	w.Header().Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(data)
		return
	}
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.Copy(w, plain)
}

// documents cuts the contract in two: the App Manager API below /api/ and the
// rest, each with all schemas.
func documents() (manager, platform []byte, err error) {
	text, err := wire.YAMLToJSON(api.OpenAPI)
	if err != nil {
		return nil, nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	cut := func(title string, keep func(path string) bool) ([]byte, error) {
		var document map[string]any
		if err := json.Unmarshal(text, &document); err != nil {
			return nil, fmt.Errorf("read openapi.yaml: %w", err)
		}
		paths, _ := document["paths"].(map[string]any)
		for path := range paths {
			if !keep(path) {
				delete(paths, path)
			}
		}
		if info, ok := document["info"].(map[string]any); ok {
			info["title"] = title
		}
		return json.Marshal(document)
	}
	if manager, err = cut("weir: App Manager API", func(p string) bool { return strings.HasPrefix(p, "/api/") || strings.HasPrefix(p, "/flink-ui/") }); err != nil {
		return nil, nil, err
	}
	platform, err = cut("weir: Platform API", func(p string) bool { return !strings.HasPrefix(p, "/api/") && !strings.HasPrefix(p, "/flink-ui/") })
	return manager, platform, err
}

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>weir: API</title><link rel="stylesheet" href="/swagger/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/swagger/swagger-ui-bundle.js"></script>
<script src="/swagger/swagger-ui-standalone-preset.js"></script>
<script src="/swagger/init.js"></script>
</body>
</html>
`

const script = `window.ui = SwaggerUIBundle({
  urls: [
    { url: "/api/swagger.json", name: "App Manager" },
    { url: "/swagger.json", name: "Platform" },
  ],
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
});
`
