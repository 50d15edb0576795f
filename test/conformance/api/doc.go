// Package api holds the server to its contract: every request and response of
// this suite, over a real server and store, is checked against
// api/openapi.yaml, and every field of the schemas against the Go types.
package api
