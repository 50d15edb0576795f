// Package api holds the contract: openapi.yaml is the source of truth for what
// the server answers, what the client sends and what the documentation shows.
// It changes first; a conformance test holds the code to it.
package api

import _ "embed"

// OpenAPI is openapi.yaml.
//
//go:embed openapi.yaml
var OpenAPI []byte
