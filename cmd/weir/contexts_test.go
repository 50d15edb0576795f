package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// gate is a server that lets nobody in without a token, and notes who came.
func gate(t *testing.T, token string) (url string, seen *[]string) {
	t.Helper()
	seen = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r.URL.Path+" "+r.Header.Get("Authorization"))
		if token != "" && r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"message":"a token is needed"}`))
			return
		}
		_, _ = w.Write([]byte(`{"items":[],"namespaces":[]}`))
	}))
	t.Cleanup(s.Close)
	return s.URL, seen
}

func TestLoginAndContexts(t *testing.T) {
	url, seen := gate(t, "secret")
	other, seenByOther := gate(t, "")
	env := map[string]string{"XDG_CONFIG_HOME": t.TempDir()}
	file := filepath.Join(env["XDG_CONFIG_HOME"], "weir", "contexts.yaml")
	weir := func(stdin string, args ...string) result { return run(t, t.Context(), env, stdin, args...) }

	weir("", "context", "list").exits(0).complains("No contexts")
	weir("wrong\n", "login", url, "--name", "prod").exits(5).complains("does not take this token")
	weir("\n", "login", url, "--name", "prod").exits(2).complains("one word")
	weir("", "login", "http://127.0.0.1:1").exits(3)
	if _, err := os.Stat(file); err == nil {
		t.Error("what did not work was kept")
	}
	weir("secret\n", "login", url, "--name", "prod", "-n", "payments").exits(0).prints("context prod is current", "with a token")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	weir("", "get", "deployments").exits(0)
	if got := (*seen)[len(*seen)-1]; got != "/api/v1/namespaces/payments/deployments Bearer secret" {
		t.Error(got)
	}
	weir("", "context", "list", "-o", "json").exits(0).prints(`"name": "prod"`, `"token": true`).lacks("secret")
	weir("", "context", "list").exits(0).prints("*", "prod", "payments").lacks("secret")

	// A token goes to the server it is for, whatever else is asked.
	weir("", "get", "deployments", "--server", other).exits(0)
	if got := (*seenByOther)[len(*seenByOther)-1]; got != "/api/v1/namespaces/default/deployments " {
		t.Error(got)
	}
	weir("", "context", "set", "test", "--server", other, "-n", "x").exits(0)
	weir("", "get", "jobs", "--context", "test").exits(0)
	if got := (*seenByOther)[len(*seenByOther)-1]; got != "/api/v1/namespaces/x/jobs " {
		t.Error(got)
	}
	weir("", "login", other, "--name", "test").exits(0).prints("asks nobody")
	weir("", "context", "use", "prodd").exits(4).complains(`did you mean "prod"?`)
	weir("", "context", "use", "prod").exits(0)
	weir("", "context", "set", "prod", "--server", other).exits(0) // the token was for the other server
	if text, _ := os.ReadFile(file); strings.Contains(string(text), "secret") {
		t.Errorf("%s", text)
	}
	weir("", "context", "delete", "prod").exits(0)
	weir("", "get", "jobs", "--context", "prod").exits(4)
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	weir("", "context", "list").exits(0).complains("chmod 600")
	write(t, file, "contexts: {a: }\n")
	weir("", "context", "list").exits(1).complains(`context "a" has no server`)
}
