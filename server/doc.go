// Package server is the platform's front door: the HTTP server with the API,
// the change stream, the proxy to the Flink UIs of jobs, the web UI and the
// API's own documentation.
//
// It imports neither store, control nor any launcher; main hands it what it
// needs. It listens on the loopback interface unless requests are
// authenticated, and never trusts where a browser says it comes from.
package server
