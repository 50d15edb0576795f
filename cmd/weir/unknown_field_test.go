package main

import (
	"strings"
	"testing"
)

func TestUnknownFieldsAreNamed(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"all known", `{"kind":"Deployment","metadata":{"name":"a"},"spec":{"state":"RUNNING","template":{"spec":{"parallelism":2,"flinkConfiguration":{"any.key":"1"},"kubernetes":{"pods":{"x":1}}}}}}`, ""},
		{"a slip", `{"kind":"Deployment","metadata":{"name":"a"},"spec":{"template":{"spec":{"paralelism":2}}}}`, `there is no field spec.template.spec.paralelism, it is left out; did you mean "parallelism"?`},
		{"of defaults", `{"kind":"DeploymentDefaults","spec":{"quux":1}}`, `there is no field spec.quux, it is left out`},
		{"two", `{"kind":"Deployment","metadata":{"name":"a"},"spec":{"a1b2":{},"sate":"RUNNING"}}`, `there is no field spec.a1b2, it is left out|there is no field spec.sate, it is left out; did you mean "state"?`},
		{"a wrong shape is the server's to name", `{"kind":"Deployment","metadata":{"name":"a"},"spec":[1]}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := parseManifest("a.yaml", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(m.unknownFields(), "|"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
