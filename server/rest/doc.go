// Package rest answers the API: one file for each kind of resource, one table
// of routes.
//
// It checks, stores and answers, and starts nothing: what a request asks for
// is written to a spec, and the controllers act on it. Handlers read requests
// tolerantly and refuse with an error that names the field.
package rest
