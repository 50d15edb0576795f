package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/weir-streams/weir/api"
)

func TestTheDefinitionIsThatOfTheContract(t *testing.T) {
	had, err := os.ReadFile("../helm/crds/weirdeployments.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(had, api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(had, want) {
		t.Error("deploy/helm/crds/weirdeployments.yaml is not what api/openapi.yaml says: make generate")
	}
	for _, field := range []string{"upgradeStrategy:", "sqlScript:", "savepoints:", "enum: [RUNNING, SUSPENDED, CANCELLED]"} {
		if !strings.Contains(string(want), field) {
			t.Errorf("the schema has no %s", field)
		}
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	definition := begin + end
	contract := func(spec string) string {
		return "components:\n  schemas:\n    DeploymentSpec: " + spec
	}
	for _, tt := range []struct{ definition, contract, want string }{
		{"spec:\n", contract("{type: object}"), "has no lines"},
		{definition, "x: [", "read the contract"},
		{definition, contract("{type: object, properties: {a: {$ref: '#/components/schemas/Nothing'}}}"), "there is no schema"},
		{definition, contract("{type: object, properties: {a: {$ref: '#/components/schemas/DeploymentSpec'}}}"), "itself within"},
		{definition, contract("{type: object, properties: {a: {type: string, oneOf: []}}}"), `says "oneOf"`},
		{definition, contract("{type: object, properties: {a: {description: x}}}"), "no type"},
	} {
		if _, err := generate([]byte(tt.definition), []byte(tt.contract)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.contract, err, tt.want)
		}
	}
}
