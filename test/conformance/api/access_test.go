package api

import (
	"strings"
	"testing"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/server"
)

const bootstrapToken = "a-bootstrap-token-of-some-length"

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

func TestAccess(t *testing.T) {
	w := start(t, func(c *server.Config) {
		a, err := auth.New(auth.Config{BootstrapToken: bootstrapToken, Tokens: c.Platform.Resources.APITokens, SessionKey: auth.NewSessionKey()})
		if err != nil {
			t.Fatal(err)
		}
		c.Authenticate, c.SignIn = a.Authenticate, a
	})
	root := bearer(bootstrapToken)
	const namespaces, tokens = "/namespaces/v1/namespaces", "/apitokens/v1/namespaces/default/apitokens"
	w.call("GET", "/api/v1/status", "", 401).want("path", "/api/v1/status")
	w.call("GET", "/auth/whoami", "", 200).want("name", "")
	w.call("GET", "/auth/whoami", "", 200, root...).want("name", "user:bootstrap")

	// An admin manages namespaces and is nobody inside them.
	w.call("GET", inDefault+"/deployments", "", 403, root...).want("error", "Forbidden")
	w.call("POST", tokens, `{"name":"namespaces/default/apitokens/x","role":"owner"}`, 403, root...)
	w.call("PUT", namespaces+"/default", `{"roleBindings":[{"role":"owner","members":["user:bootstrap"]}]}`, 200, root...)
	made := map[string]string{}
	for _, role := range []string{"viewer", "editor", "owner"} {
		r := w.call("POST", tokens, `{"name":"namespaces/default/apitokens/`+role+`","role":"`+role+`"}`, 201, root...)
		r.want("apiToken/name", "namespaces/default/apitokens/"+role)
		if made[role] = r.text("apiToken/secret"); len(made[role]) != 36 {
			t.Fatalf("secret %q", made[role])
		}
	}
	viewer, editor, owner := bearer(made["viewer"]), bearer(made["editor"]), bearer(made["owner"])

	w.call("GET", inDefault+"/deployments", "", 200, viewer...)
	w.call("POST", inDefault+"/deployments", sqlDeployment, 403, append(viewer, tolerated...)...).want("status", "403")
	w.call("POST", inDefault+"/deployments", sqlDeployment, 201, append(editor, tolerated...)...)
	w.call("GET", inDefault+"/deployments/orders/revisions/1", "", 200, viewer...).want("author", "token:namespaces/default/apitokens/editor")
	// Nobody can sign as somebody else.
	w.call("PATCH", inDefault+"/deployments/orders", `{"spec":{"state":"RUNNING"}}`, 200, append(editor, "X-Weir-Author", "ann")...)
	w.call("GET", inDefault+"/deployments/orders/revisions/2", "", 200, viewer...).want("author", "token:namespaces/default/apitokens/editor")

	w.call("PATCH", inDefault+"/deployment-defaults", `{"spec":{}}`, 403, editor...)
	w.call("PATCH", inDefault+"/deployment-defaults", `{"spec":{}}`, 200, owner...)
	w.call("GET", tokens, "", 403, editor...)
	all := w.call("GET", tokens, "", 200, owner...)
	if text := string(all.body); strings.Contains(text, "secret") || strings.Contains(text, made["viewer"]) || strings.Contains(text, auth.SecretHash(made["viewer"])) {
		t.Errorf("a list shows secrets: %s", text)
	}
	w.call("GET", tokens+"/viewer", "", 200, owner...).want("apiToken/role", "viewer")
	w.call("GET", namespaces+"/default", "", 403, viewer...)
	w.call("GET", namespaces+"/default", "", 200, owner...).want("namespace/roleBindings/0/role", "owner")
	w.call("DELETE", namespaces+"/default", "", 403, owner...)
	w.call("POST", namespaces, `{"name":"namespaces/mine"}`, 403, owner...)

	// Namespaces are seen by who has a role in them; a hidden one and one that
	// is not there look alike.
	w.call("POST", namespaces, `{"name":"namespaces/secret"}`, 201, root...)
	seen := w.call("GET", namespaces, "", 200, viewer...)
	if list := seen.get("namespaces").([]any); len(list) != 1 || strings.Contains(string(seen.body), "user:bootstrap") {
		t.Errorf("a viewer sees %s", seen.body)
	}
	hidden := w.call("GET", "/api/v1/namespaces/secret/deployments", "", 403, viewer...).text("message")
	absent := w.call("GET", "/api/v1/namespaces/nowhere/deployments", "", 403, viewer...).text("message")
	if strings.ReplaceAll(hidden, "secret", "nowhere") != absent {
		t.Errorf("%q tells from %q that a namespace exists", hidden, absent)
	}

	// A deleted token is nobody at once.
	w.call("DELETE", tokens+"/viewer", "", 200, owner...)
	w.call("GET", inDefault+"/deployments", "", 401, viewer...)
	w.call("DELETE", tokens+"/viewer", "", 404, owner...).want("code", "NOT_FOUND")
	w.call("POST", tokens, `{"name":"namespaces/default/apitokens/owner","role":"viewer"}`, 409, owner...).want("code", "ALREADY_EXISTS")
	w.call("POST", tokens, `{"name":"namespaces/other/apitokens/x","role":"viewer"}`, 400, owner...).want("code", "INVALID_ARGUMENT")
	w.call("POST", tokens, `{"name":"x","role":"king"}`, 400, owner...)
	w.call("POST", tokens, `{"name":"Not A Name","role":"viewer"}`, 400, owner...)
}
