package rest_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server"
	"github.com/weir-streams/weir/server/rest"
)

// logged is the newest entry of the audit log, in one line.
func (w *world) logged() string {
	w.t.Helper()
	all, err := w.db.Audit().List(w.t.Context(), resource.AuditFilter{})
	if err != nil || len(all) == 0 {
		w.t.Fatalf("%d entries, %v", len(all), err)
	}
	e := all[len(all)-1]
	text := fmt.Sprintf("%s %s %s %s/%s %d", e.Actor, e.Action, e.Kind, e.Namespace, e.Name, e.Status)
	for _, c := range e.Changes {
		text += fmt.Sprintf(" %s:%v>%v", c.Field, c.Old, c.New)
	}
	return text
}

func TestEveryChangeIsAudited(t *testing.T) {
	w := start(t)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/deployments", sqlBody("orders", `,"flinkConfiguration":{"x.password":"`+hush+`"}`), 201, "user:ann create Deployment default/orders 201"},
		{"POST", "/deployments", sqlBody("orders", ""), 409, "user:ann create Deployment default/ 409"},
		{
			"PATCH", "/deployments/orders", `{"spec":{"template":{"spec":{"parallelism":2,"flinkConfiguration":{"x.password":"` + hush + `2"}}}}}`, 200,
			`user:ann update Deployment default/orders 200 spec.template.spec.flinkConfiguration["x.password"]:******>****** spec.template.spec.parallelism:1>2`,
		},
		{"PATCH", "/deployments/orders", `{"metadata":{"labels":{"a":"b"}}}`, 200, "user:ann update Deployment default/orders 200 metadata.labels.a:<nil>>b"},
		{"PATCH", "/deployments/orders", `{"spec":{"template":{"spec":{"parallelism":-2}}}}`, 400, "user:ann update Deployment default/orders 400"},
		{"POST", "/deployments/orders:rollback", `{"generation":1}`, 200, `user:ann rollback Deployment default/orders 200 spec.template.spec.flinkConfiguration["x.password"]:******>****** spec.template.spec.parallelism:2>1`},
		{"PUT", "/secret-values/pw", `{"spec":{"value":"` + hush + `"}}`, 201, "user:ann create SecretValue default/pw 201 spec.kind:<nil>>PLAIN spec.value:<nil>><nil>"},
		{"PUT", "/secret-values/pw", `{"spec":{"value":"` + hush + `3"}}`, 200, "user:ann replace SecretValue default/pw 200 spec.value:<nil>><nil>"},
		{"DELETE", "/secret-values/pw", "", 200, "user:ann delete SecretValue default/pw 200"},
		{"PATCH", "/deployment-defaults", `{"spec":{"maxJobCreationAttempts":7}}`, 200, "user:ann update DeploymentDefaults default/ 200 spec.maxJobCreationAttempts:<nil>>7"},
		{"POST", "/deployment-targets", `{"metadata":{"name":"far"},"spec":{"launcher":"process"}}`, 201, "user:ann create DeploymentTarget default/far 201 spec.launcher:<nil>>process"},
		{"DELETE", "/deployments/orders", "", 200, "user:ann delete Deployment default/orders 200"},
		{"DELETE", "/deployments/orders", "", 404, "user:ann delete Deployment default/orders 404"},
	} {
		w.call(tt.method, inDefault+tt.path, tt.body, tt.status, "X-Weir-Author", "ann")
		if got := w.logged(); tt.want != got && !(tt.status == 201 && strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s %s: the log says\n%s\nwant\n%s", tt.method, tt.path, got, tt.want)
		}
	}
	before := w.logged()
	w.call("GET", inDefault+"/deployments", "", 200)
	w.call("POST", inDefault+"/deployments?dryRun=true", sqlBody("x", ""), 201)
	w.call("POST", inDefault+"/deployments/x:plan", sqlBody("x", ""), 200)
	if w.logged() != before {
		t.Errorf("reading was written down: %s", w.logged())
	}

	page := w.call("GET", "/api/v1/logs/?limit=2&kind=SecretValue", "", 200).hides(hush).count(2)
	page.want("kind", "AuditEntryList", "items/0/action", "create", "items/1/action", "replace")
	w.call("GET", "/api/v1/logs/?kind=SecretValue&after="+page.text("metadata/next"), "", 200).count(1).want("items/0/action", "delete", "metadata/next", "")
	w.call("GET", "/api/v1/logs/?name=orders&actor=user:ann", "", 200).count(7)
	w.call("GET", "/api/v1/logs/?namespace=elsewhere", "", 200).count(0)
	w.call("GET", "/api/v1/logs/?to=2000-01-01", "", 200).count(0)
	for _, query := range []string{"limit=0", "after=x", "from=yesterday"} {
		name, _, _ := strings.Cut(query, "=")
		w.call("GET", "/api/v1/logs/?"+query, "", 400).want("errors/0/attribute", name)
	}
	w.call("GET", "/api/v1/logs/", "", 200, "Accept", "application/yaml").want("items/0/kind", "Namespace")
	w.call("GET", "/api/v1/logs/verification", "", 200).want("broken", "0", "first", "1")

	report := w.call("GET", "/api/v1/logs/reports?kind=SecretValue", "", 200).hides(hush)
	lines, err := csv.NewReader(strings.NewReader(report.body)).ReadAll()
	if err != nil || len(lines) != 4 || lines[1][3] != "create" || lines[0][0] != "sequence" {
		t.Errorf("%v in %v", err, lines)
	}
	for _, format := range []string{"json", "JSON"} {
		var entries []resource.AuditEntry
		body := w.call("GET", "/api/v1/logs/reports?format="+format, "", 200).hides(hush).body
		if err := json.Unmarshal([]byte(body), &entries); err != nil || len(entries) < 10 {
			t.Errorf("%d entries, %v", len(entries), err)
		}
	}
	var none []resource.AuditEntry
	if err := json.Unmarshal([]byte(w.call("GET", "/api/v1/logs/reports?format=json&name=nobody", "", 200).body), &none); err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
	w.call("GET", "/api/v1/logs/reports?format=pdf", "", 400).want("errors/0/attribute", "format")
}

func TestRefusalsAreAudited(t *testing.T) {
	w := start(t, func(c *server.Config) {
		c.Authenticate = func(r *http.Request) (auth.Subject, error) {
			switch r.Header.Get("Authorization") {
			case "":
				return auth.Subject{}, errors.New("no token")
			case "admin":
				return auth.Subject{Name: "user:root", Admin: true}, nil
			}
			return auth.Subject{Name: "user:eve"}, nil
		}
	})
	// The world makes its namespace without a token.
	if got := w.logged(); !strings.HasPrefix(got, "anonymous create Namespace / 401") && !strings.HasPrefix(got, "anonymous create Namespace /default 401") {
		t.Errorf("the log says %s", got)
	}
	w.call("PATCH", inDefault+"/deployments/orders", `{}`, 403, "Authorization", "x")
	if got := w.logged(); got != "user:eve update Deployment default/orders 403" {
		t.Errorf("the log says %s", got)
	}
	for range 300 { // somebody knocks again and again: the log does not fill up
		w.call("DELETE", inDefault+"/deployments/orders", "", 401)
	}
	all, err := w.db.Audit().List(t.Context(), resource.AuditFilter{Actor: "anonymous"})
	if err != nil || len(all) > 130 {
		t.Errorf("%d entries of strangers, %v", len(all), err)
	}
}

// lost is an audit log on a full disk.
type lost struct{ rest.Audit }

func (lost) Append(context.Context, resource.AuditEntry) (resource.AuditEntry, error) {
	return resource.AuditEntry{}, errors.New("no space left on device")
}

func TestNoChangeIsConfirmedThatIsNotAudited(t *testing.T) {
	broken := false
	w := start(t, func(c *server.Config) { c.Resources.Audit = sometimes{c.Resources.Audit, &broken} })
	broken = true
	w.call("POST", inDefault+"/deployments", sqlBody("orders", ""), 500).want("reason", "NotAudited")
	w.call("PATCH", inDefault+"/deployments/none", `{}`, 404) // nothing was changed, so nothing is hidden
	w.call("GET", inDefault+"/deployments/orders", "", 200)
}

type sometimes struct {
	rest.Audit
	broken *bool
}

func (s sometimes) Append(ctx context.Context, e resource.AuditEntry) (resource.AuditEntry, error) {
	if *s.broken {
		return lost{}.Append(ctx, e)
	}
	return s.Audit.Append(ctx, e)
}
