package swagger

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestDocumentsAreValid(t *testing.T) {
	mux := http.NewServeMux()
	if err := Register(mux); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/api/swagger.json": "/api/v1/namespaces/{namespace}/deployments", "/swagger.json": "/namespaces/v1/namespaces"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		document, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := document.Validate(context.Background()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if document.Paths.Value(want) == nil {
			t.Errorf("%s lacks %s", path, want)
		}
	}
}

func TestPageNeedsNoNetwork(t *testing.T) {
	mux := http.NewServeMux()
	if err := Register(mux); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/swagger", "/swagger/init.js", "/swagger/swagger-ui.css", "/swagger/swagger-ui-bundle.js", "/swagger/swagger-ui-standalone-preset.js"} {
		for _, encoding := range []string{"", "gzip"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Accept-Encoding", encoding)
			mux.ServeHTTP(w, r)
			if w.Code != http.StatusOK || w.Body.Len() == 0 {
				t.Errorf("%s (%s): status %d, %d bytes", path, encoding, w.Code, w.Body.Len())
			}
		}
	}
	if strings.Contains(page+script, "://") {
		t.Error("the page loads something from elsewhere")
	}
}
