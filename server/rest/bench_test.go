package rest_test

import (
	"fmt"
	"strings"
	"testing"
)

// What a page of the UI and a look of the command line cost with a thousand
// deployments.
func BenchmarkThousandDeployments(b *testing.B) {
	w := start(b)
	script := strings.Repeat("INSERT INTO t SELECT a, b, c FROM s WHERE a > 1;\\n", 20)
	for i := range 1000 {
		name := fmt.Sprintf("d%04d", i)
		body := strings.Replace(sqlBody(name, `,"flinkConfiguration":{"a.b":"c","state.checkpoints.dir":"file:///x","s3.secret-key":"k"}`), "INSERT INTO t SELECT 1", script, 1)
		w.call("POST", inDefault+"/deployments", body, 201)
	}
	for _, path := range []string{"/deployments", "/deployments?labelSelector=none", "/deployments/d0500"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				w.call("GET", inDefault+path, "", 200)
			}
		})
	}
	b.Run("PATCH", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			w.call("PATCH", inDefault+"/deployments/d0500", fmt.Sprintf(`{"metadata":{"labels":{"n":"%d"}}}`, i), 200)
		}
	})
}
