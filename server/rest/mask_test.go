package rest_test

import (
	"strings"
	"testing"
)

func TestSensitiveConfigurationIsMasked(t *testing.T) {
	w := start(t)
	const path = inDefault + "/deployments/orders"
	const conf = "spec/template/spec/flinkConfiguration/"
	created := w.call("POST", inDefault+"/deployments", sqlBody("orders", `,"flinkConfiguration":{
		"s3.secret-key":"`+hush+`","properties.sasl.jaas.config":"x password='`+hush+`'","s3.access-key":"`+hush+`",
		"ref.password":"${PW}","security.kerberos.fetch.delegation-token":"true","a.b":"c"}`), 201).hides(hush)
	created.want(conf+"s3.secret-key", "******", conf+"s3.access-key", "******", conf+"properties.sasl.jaas.config", "******",
		conf+"ref.password", "${PW}", conf+"security.kerberos.fetch.delegation-token", "true", conf+"a.b", "c")
	id := created.text("metadata/id")

	stored := func(key, want string) {
		t.Helper()
		d, err := w.db.Deployments().Get(t.Context(), id)
		if got := d.Spec.Template.Spec.FlinkConfiguration[key]; err != nil || got != want {
			t.Errorf("%s is stored as %q (%v), want %q", key, got, err, want)
		}
	}
	// What was read and is sent back keeps what was hidden, whole or in part.
	w.call("PUT", path, created.body, 200).hides(hush).want("metadata/generation", "1")
	w.call("PATCH", path, created.body, 200).hides(hush).want("metadata/generation", "1")
	w.call("PATCH", path, `{"spec":{"template":{"spec":{"parallelism":2,"flinkConfiguration":{"s3.secret-key":"******"}}}}}`, 200)
	stored("s3.secret-key", hush)
	yaml := w.call("GET", path, "", 200, "Accept", "application/yaml").hides(hush)
	w.call("PUT", path, yaml.body, 200).want("metadata/generation", "2")
	stored("s3.access-key", hush)
	w.call("PATCH", path, `{"spec":{"template":{"spec":{"flinkConfiguration":{"s3.secret-key":"`+hush+`2"}}}}}`, 200).hides(hush).want("metadata/generation", "3")
	stored("s3.secret-key", hush+"2")

	// A mask of nothing is nobody's value.
	w.call("PATCH", path, `{"spec":{"template":{"spec":{"flinkConfiguration":{"new.password":"******"}}}}}`, 400).
		want("errors/0/attribute", `spec.template.spec.flinkConfiguration["new.password"]`)
	w.call("POST", inDefault+"/deployments", strings.Replace(created.body, `"orders"`, `"copy"`, 1), 400).hides(hush)
	w.call("PATCH", path, `{"spec":{"template":{"spec":{"flinkConfiguration":{"banner":"******"}}}}}`, 200)

	// But the value of the defaults is one.
	w.call("PATCH", inDefault+"/deployment-defaults", `{"spec":{"template":{"spec":{"flinkConfiguration":{"d.password":"`+hush+`"}}}}}`, 200).hides(hush)
	w.call("GET", inDefault+"/deployment-defaults", "", 200).hides(hush)
	w.call("PUT", inDefault+"/deployment-defaults", w.call("GET", inDefault+"/deployment-defaults", "", 200).body, 200).hides(hush)
	id = w.call("POST", inDefault+"/deployments", sqlBody("second", `,"flinkConfiguration":{"d.password":"******"}`), 201).text("metadata/id")
	stored("d.password", hush)

	w.running(id)
	for _, read := range []string{
		"/deployments", "/deployments/with-cr", "/deployments/with-cr/orders", "/deployments/orders/revisions", "/deployments/orders/revisions/1",
		"/deployments/orders/revisions/2:diff?with=4", "/deployments/second/history", "/jobs",
	} {
		w.call("GET", inDefault+read, "", 200).hides(hush)
	}
	w.call("GET", inDefault+"/deployments/orders/revisions/1", "", 200).want(conf+"s3.secret-key", "******")
	w.call("POST", inDefault+"/deployments/orders:fork", `{"name":"fork"}`, 201).hides(hush)
	w.call("POST", inDefault+"/deployments/orders:plan?method=PATCH", `{"spec":{"template":{"spec":{"flinkConfiguration":{"s3.secret-key":"`+hush+`3"}}}}}`, 200).hides(hush)
	w.call("GET", "/api/v1/logs/", "", 200).hides(hush)

	// What the command line remembers of the file is masked in answers too.
	w.call("PATCH", path, `{"metadata":{"annotations":{"weir.io/last-applied":"{\"spec\":{\"x.password\":\"`+hush+`\"}}"}}}`, 200).hides(hush)
}
