package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// ask sends a request to the platform and returns its answer.
func (p *platform) ask(method, path, body string) (int, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // only read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// A namespace is deleted with what runs in it: jobs end first, then everything
// goes, and the audit log remembers it.
func TestNamespaceIsDeletedWithEverythingInIt(t *testing.T) {
	p := startPlatform(t)
	const team, in = "/namespaces/v1/namespaces/team", "/api/v1/namespaces/team"
	must := func(want int, method, path, body string) string {
		t.Helper()
		status, text := p.ask(method, path, body)
		if status != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, status, want, text)
		}
		return text
	}
	must(201, "POST", "/namespaces/v1/namespaces", `{"name":"namespaces/team"}`)
	must(201, "POST", in+"/deployments", `{"metadata":{"name":"orders"},"spec":{"state":"RUNNING","template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"SELECT 1"}}}}}`)
	must(201, "POST", in+"/secret-values", `{"metadata":{"name":"S"},"spec":{"kind":"PLAIN","value":"x"}}`)
	must(201, "POST", "/apitokens/v1/namespaces/team/apitokens", `{"name":"ci","role":"viewer"}`)
	p.weir("wait", "deployment/orders", "-n", "team", "--for", "state=RUNNING", "--timeout", "30s").exits(0)

	if text := must(200, "DELETE", team, ""); !strings.Contains(text, "LIFECYCLE_PHASE_TERMINATING") {
		t.Errorf("deleted: %s", text)
	}
	must(409, "POST", in+"/secret-values", `{"metadata":{"name":"T"},"spec":{"kind":"PLAIN","value":"x"}}`)
	must(409, "PATCH", in+"/deployments/orders", `{"spec":{"state":"RUNNING"}}`)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for status := 200; status != 404; status, _ = p.ask("GET", team, "") {
		<-tick.C
	}

	// A new one of that name is empty.
	must(201, "POST", "/namespaces/v1/namespaces", `{"name":"namespaces/team"}`)
	for _, kind := range []string{"deployments", "jobs", "savepoints", "events", "secret-values", "sessionclusters"} {
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal([]byte(must(200, "GET", in+"/"+kind, "")), &list); err != nil || len(list.Items) != 0 {
			t.Errorf("%s of the old one are left: %s, %v", kind, list.Items, err)
		}
	}
	if text := must(200, "GET", "/apitokens/v1/namespaces/team/apitokens", ""); !strings.Contains(text, `"apiTokens":[]`) {
		t.Errorf("tokens of the old one are left: %s", text)
	}
	if log := must(200, "GET", "/api/v1/logs/?namespace=team", ""); !strings.Contains(log, `"action":"delete"`) || !strings.Contains(log, "orders") {
		t.Errorf("the audit log knows nothing: %s", log)
	}
}
