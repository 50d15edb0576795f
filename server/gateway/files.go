package gateway

import (
	"context"
	"io"
)

// Files keeps uploaded files.
type Files interface {
	// Put stores a file of a namespace under a name, in place of one of that
	// name, and gives its URI.
	Put(ctx context.Context, namespace, name string, r io.Reader) (uri string, err error)
	// Open reads a file by the URI that Put gave.
	Open(ctx context.Context, uri string) (io.ReadCloser, error)
}
