package rest_test

import (
	"fmt"
	"testing"
)

// A list is right whatever it remembers of the one before.
func TestListsFollowChanges(t *testing.T) {
	w := start(t)
	const path = inDefault + "/deployments"
	w.call("GET", path, "", 200).count(0).want("kind", "DeploymentList", "apiVersion", "v1")
	for i := range 70 { // more than are read one by one
		w.call("POST", path, sqlBody(fmt.Sprint("d", i), ""), 201)
	}
	w.call("GET", path, "", 200).count(70).want("items/0/metadata/name", "d0", "items/69/metadata/name", "d69")
	w.call("PATCH", path+"/d3", `{"metadata":{"labels":{"a":"b <&>"}},"spec":{"template":{"spec":{"flinkConfiguration":{"x.password":"`+hush+`"}}}}}`, 200)
	w.call("GET", path, "", 200).hides(hush).count(70).want("items/3/metadata/labels/a", "b <&>", "items/3/metadata/resourceVersion", "2")
	w.call("GET", path+"?labelSelector=a", "", 200).count(1).want("items/0/metadata/name", "d3")
	w.call("GET", path+"?labelSelector=a%20b", "", 400)
	w.call("DELETE", path+"/d0", "", 200)
	w.call("POST", path, sqlBody("d0", ""), 201)
	w.call("GET", path, "", 200).count(70).want("items/0/metadata/name", "d1", "items/69/metadata/name", "d0")
	w.call("GET", path, "", 200, "Accept", "application/yaml").count(70).want("items/2/metadata/labels/a", "b <&>")
	w.call("GET", "/api/v1/namespaces/none/deployments", "", 404)
}
