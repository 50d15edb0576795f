package rest_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/weir-streams/weir/test/postgres"
)

// Two servers of one database: either takes every request, and each sees at
// once what the other did.
func TestTwoServersOfOneDatabase(t *testing.T) {
	url := postgres.URL(t)
	one, two := startOn(t, url), startOn(t, url)
	const path = inDefault + "/deployments"
	one.call("POST", path, sqlBody("orders", ""), 201)
	two.call("GET", path, "", 200).count(1)
	two.call("POST", path, sqlBody("orders", ""), 409)
	two.call("PATCH", path+"/orders", `{"metadata":{"labels":{"by":"two"}}}`, 200)
	one.call("GET", path, "", 200).want("items/0/metadata/labels/by", "two")
	one.call("PUT", inDefault+"/secret-values/pw", `{"spec":{"value":"`+hush+`"}}`, 201)
	two.call("GET", inDefault+"/secret-values/pw", "", 200).hides(hush)
	two.call("GET", path+"/orders/revisions", "", 200).count(1)

	var writers sync.WaitGroup
	for i := range 8 {
		w := []*world{one, two}[i%2]
		writers.Go(func() {
			for j := range 5 {
				if r := w.send("PATCH", path+"/orders", fmt.Sprintf(`{"metadata":{"labels":{"n%d":"%d"}}}`, i, j)); r.status != 200 {
					t.Errorf("status %d: %s", r.status, r.body)
				}
			}
		})
	}
	writers.Wait()
	last := two.call("GET", path+"/orders", "", 200)
	for i := range 8 { // no write was lost
		last.want(fmt.Sprintf("metadata/labels/n%d", i), "4")
	}
	one.call("GET", "/api/v1/logs/verification", "", 200).want("broken", "0")
	two.call("DELETE", path+"/orders", "", 200)
	one.call("GET", path+"/orders", "", 404)
	one.call("GET", path, "", 200).count(0)
}
