package rest_test

import "testing"

const hush = "sw0rdf1sh-never-shown"

func TestSecretValues(t *testing.T) {
	w := start(t)
	const path = inDefault + "/secret-values"
	w.call("POST", path, `{"metadata":{"name":"db_PASSWORD","labels":{"team":"a"}},"spec":{"kind":"Plain","value":"`+hush+`"}}`, 201).
		hides(hush).want("kind", "SecretValue", "spec/kind", "PLAIN", "spec/value", "", "metadata/resourceVersion", "1", "metadata/labels/team", "a")
	w.call("POST", path, "metadata:\n  name: db_PASSWORD\nspec:\n  value: "+hush+"\n", 409).hides(hush)
	w.call("GET", path, "", 200).hides(hush).want("kind", "SecretValueList").count(1)
	w.call("GET", path+"?labelSelector=team!=a", "", 200).count(0)
	id := w.call("GET", path+"/db_PASSWORD", "", 200, "Accept", "application/yaml").hides(hush).text("metadata/id")
	w.call("GET", path+"/"+id, "", 200).hides(hush).want("metadata/name", "db_PASSWORD")

	value := func(want string) {
		t.Helper()
		s, err := w.db.Secrets().GetByName(t.Context(), "default", "db_PASSWORD")
		if err != nil || s.Spec.Value != want {
			t.Errorf("the stored value is %q (%v), want %q", s.Spec.Value, err, want)
		}
	}
	value(hush)
	// What is read from us and sent back has no value, and changes none.
	w.call("PUT", path+"/db_PASSWORD", `{"metadata":{"name":"db_PASSWORD","labels":{"team":"b"}},"spec":{"kind":"PLAIN"}}`, 200).want("metadata/labels/team", "b")
	w.call("PATCH", path+"/db_PASSWORD", `{"metadata":{"annotations":{"x":"y"}},"spec":{"value":null}}`, 200).want("metadata/labels/team", "b")
	value(hush)
	w.call("PATCH", path+"/db_PASSWORD", `{"spec":{"value":12.50}}`, 200).want("metadata/resourceVersion", "4")
	value("12.50")
	w.call("PUT", path+"/other", `{"spec":{"kind":"PLAIN","value":"`+hush+`"}}`, 201).hides(hush).want("metadata/name", "other")
	w.call("PATCH", path+"/other", `{"metadata":{"labels":{"a":"b"}}}`, 412, "If-Match", `"7"`)
	w.call("DELETE", path+"/other", "", 200).hides(hush).want("metadata/name", "other")
	w.call("DELETE", path+"/other", "", 404)

	for _, tt := range []struct{ method, path, body, attribute string }{
		{"POST", path, `{"metadata":{"name":"no value"},"spec":{"value":"` + hush + `"}}`, "metadata.name"},
		{"POST", path, `{"metadata":{"name":"empty"},"spec":{"kind":"PLAIN"}}`, "spec.value"},
		{"POST", path, `{"metadata":{"name":"kind"},"spec":{"kind":"VAULT","value":"` + hush + `"}}`, "spec.kind"},
		{"POST", path, `{"metadata":{"name":"shape"},"spec":{"value":{"a":"` + hush + `"}}}`, "spec.value"},
		{"PUT", path + "/db_PASSWORD", `{"metadata":{"name":"renamed"},"spec":{"value":"` + hush + `"}}`, "metadata.name"},
		{"PATCH", path + "/db_PASSWORD", `{"metadata":{"name":"renamed"}}`, "metadata.name"},
	} {
		w.call(tt.method, tt.path, tt.body, 400).hides(hush).want("errors/0/attribute", tt.attribute)
	}
}

func TestDeploymentsWithCustomResources(t *testing.T) {
	w := start(t)
	id := w.call("POST", inDefault+"/deployments", sqlBody("orders", ""), 201).text("metadata/id")
	w.call("GET", inDefault+"/deployments/with-cr", "", 200).count(1).want("items/0/deployment/metadata/name", "orders")
	w.call("GET", inDefault+"/deployments/with-cr/orders", "", 200).want("deployment/metadata/id", id)
	w.call("GET", inDefault+"/deployments/with-cr/"+id, "", 200, "Accept", "application/yaml").want("deployment/metadata/name", "orders")
	w.call("GET", inDefault+"/deployments/with-cr/none", "", 404).want("statusCode", "404")
	w.call("GET", inDefault+"/deployments/orders/revisions", "", 200).count(1)
	w.call("GET", inDefault+"/deployments/orders/nothing", "", 404).want("statusCode", "404")
}
