package cluster

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestWhatIsHiddenIsNotShown(t *testing.T) {
	const value = `p'w "x"/+ä`
	h := Hide([]string{value, "hunter22", "hunter", "abc", "-----BEGIN KEY-----\nMIIEvQIBADANBg\n"})
	for _, tt := range []struct{ text, want string }{
		{"no access with hunter22 today", "no access with ****** today"},
		{"hunter and abc", "****** and abc"},
		{value, "******"},
		{fmt.Sprintf("%q", value), `"******"`},
		{"'" + strings.ReplaceAll(value, "'", "''") + "'", "'******'"},
		{"https://me:" + url.QueryEscape(value) + "@host", "https://me:******@host"},
		{"connect " + (&url.URL{Scheme: "https", User: url.UserPassword("me", value), Host: "host"}).String(), "connect https://me:******@host"},
		{"a line of it: MIIEvQIBADANBg!", "a line of it: ******!"},
		{"nothing", "nothing"},
	} {
		if got := h.Text(tt.text); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.text, got, tt.want)
		}
	}
	err := h.Error(fmt.Errorf("login hunter22: %w", io.EOF))
	if err.Error() != "login ******: EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("error %v", err)
	}
	var b strings.Builder
	if n, err := fmt.Fprintln(h.Writer(&b), "say hunter22"); n != 13 || err != nil || b.String() != "say ******\n" {
		t.Errorf("wrote %q (%d, %v)", &b, n, err)
	}
}

func TestAnswersAreCleaned(t *testing.T) {
	h := Hide([]string{"1234", `with "quotes"`})
	for _, tt := range []struct{ kind, body, want string }{
		{"application/json", `{"1234":1234,"a":"b\"1234","c":["with \"quotes\"\u0021"]}`, `{"******":1234,"a":"b\"******","c":["******!"]}`},
		{"application/json; charset=UTF-8", `{"open":"1234`, `{"open":"1234`},
		{"text/plain", "log 1234\n", "log ******\n"},
	} {
		rec := httptest.NewRecorder()
		h.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", tt.kind)
			w.Header().Set("Content-Length", fmt.Sprint(len(tt.body)))
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, tt.body)
		})).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
		if rec.Code != http.StatusTeapot || rec.Body.String() != tt.want || rec.Header().Get("Content-Length") != fmt.Sprint(len(tt.want)) {
			t.Errorf("%d %s (%s), want %s", rec.Code, rec.Body, rec.Header().Get("Content-Length"), tt.want)
		}
	}
}
