// Package web is the UI: a React application that Vite builds into dist, and
// the files of it embedded in the binary. It knows the REST API and nothing of
// the Go code.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files is the built application, with index.html at its root; nil if this
// binary was built without it.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil
	}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil
	}
	return files
}
