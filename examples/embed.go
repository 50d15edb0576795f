// Package examples carries the examples in the binary, for weir server --demo.
package examples

import "embed"

// FS has a folder for each example.
//
//go:embed flights
var FS embed.FS
