package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestHostileBodies: bad input is refused with a 4xx and an object for a body,
// never with a crash, and changes nothing.
func TestHostileBodies(t *testing.T) {
	w := start(t)
	w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...)
	before := w.call("GET", inDefault+"/deployments/orders", "", 200).text("metadata/resourceVersion")
	bodies := map[string]string{
		"deep":            strings.Repeat(`{"spec":`, 20000) + strings.Repeat("}", 20000),
		"deep lists":      `{"spec":{"template":{"spec":{"kubernetes":{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}}}}}`,
		"large":           `{"metadata":{"labels":{"a":"` + strings.Repeat("x", 5<<20) + `"}}}`,
		"numbers":         `{"spec":{"template":{"spec":{"parallelism":1e999}}}}`,
		"fraction":        `{"spec":{"template":{"spec":{"parallelism":1.5}}}}`,
		"negative memory": `{"spec":{"template":{"spec":{"resources":{"jobmanager":{"memory":"-1g"}}}}}}`,
		"text as object":  `{"spec":"x"}`,
		"object as text":  `{"spec":{"template":{"spec":{"artifact":{"sqlScript":{"a":1}}}}}}`,
		"null":            `null`,
		"cut":             `{"spec":{"state":"RUN`,
		"two":             `{} {}`,
		"not UTF-8":       "{\"spec\":\xff}",
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "PATCH", w.url+inDefault+"/deployments/orders", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode < 400 || res.StatusCode >= 500 {
				t.Errorf("status %d", res.StatusCode)
			}
		})
	}
	w.call("GET", inDefault+"/deployments/orders", "", 200).want("metadata/resourceVersion", before)
	for _, ref := range []string{"..%2F..", "%00", "%ff", "a%2Fb", strings.Repeat("x", 3000), "00000000-0000-0000-0000-000000000000"} {
		w.call("GET", inDefault+"/deployments/"+ref, "", 404)
	}
}

// TestManyWritersLoseNothing: patches of different fields at the same time all
// arrive.
func TestManyWritersLoseNothing(t *testing.T) {
	w := start(t)
	w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...)
	const writers, writes = 8, 5
	done := make(chan error)
	for i := range writers {
		go func() {
			for j := range writes {
				body := fmt.Sprintf(`{"metadata":{"labels":{"w%d-%d":"x"}}}`, i, j)
				r, err := http.NewRequestWithContext(t.Context(), "PATCH", w.url+inDefault+"/deployments/orders", strings.NewReader(body))
				if err == nil {
					r.Header.Set("Content-Type", "application/json")
					var res *http.Response
					if res, err = http.DefaultTransport.RoundTrip(r); err == nil {
						if res.StatusCode != 200 {
							err = fmt.Errorf("status %d", res.StatusCode)
						}
						res.Body.Close()
					}
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	labels := w.call("GET", inDefault+"/deployments/orders", "", 200).get("metadata/labels").(map[string]any)
	if want := writers*writes + 2; len(labels) != want {
		t.Errorf("%d labels, want %d", len(labels), want)
	}
}
