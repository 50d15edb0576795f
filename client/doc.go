// Package client is the Go client of weir's API, used by the command line and
// by tests.
//
//	c, err := client.New(client.Options{Server: "http://127.0.0.1:8080"})
//	d, err := c.Deployments("default").Get(ctx, "orders")
//
// It imports resource and nothing else of ours. Errors say what was asked of
// whom; ExitCode gives each its exit code of the command line.
package client
