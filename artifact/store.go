package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/weir-streams/weir/resource"
)

// Info is what is known of a stored file.
type Info struct {
	Filename   string
	URI        string
	CreateTime time.Time // of the newest upload
	Size       int64     // bytes
	SHA256     string    // hexadecimal; empty in lists
}

// Store keeps files by namespace and name. Errors wrap resource.ErrNotFound
// when there is no such file; names have passed CheckName.
type Store interface {
	// Base is the URI that all URIs of the store begin with, without a slash at
	// the end.
	Base() string
	// List returns the first files by name, at most limit; in byte order.
	List(ctx context.Context, namespace string, limit int) ([]Info, error)
	Stat(ctx context.Context, namespace, name string) (Info, error)
	// Put reads r to its end and then stores the file, replacing one of the
	// same name. If r fails nothing is changed, and its error is wrapped.
	Put(ctx context.Context, namespace, name string, r io.Reader) (Info, error)
	Open(ctx context.Context, namespace, name string) (io.ReadCloser, error)
	Delete(ctx context.Context, namespace, name string) error
}

// maxName bounds a file name, in bytes, as most file systems do.
const maxName = 255

// CheckName refuses what is no plain file name; field names it in the error.
func CheckName(field, name string) error {
	switch {
	case name == "":
		return resource.Invalidf(field, "must be set: the name of the file")
	case len(name) > maxName:
		return resource.Invalidf(field, "must be at most %d bytes, got %d", maxName, len(name))
	case !utf8.ValidString(name):
		return resource.Invalidf(field, "must be UTF-8")
	case strings.ContainsAny(name, `/\`):
		return resource.Invalidf(field, "must be a plain name without folders, got %q", name)
	case name[0] == '.':
		return resource.Invalidf(field, "must not begin with a dot, got %q", name)
	case strings.ContainsFunc(name, unicode.IsControl):
		return resource.Invalidf(field, "must not have control characters, got %q", name)
	}
	return nil
}

// pathOf is where a file lies below a store's base.
func pathOf(namespace, name string) string { return folderOf(namespace) + name }

// folderOf is where the files of a namespace lie below a store's base.
func folderOf(namespace string) string { return "artifacts/namespaces/" + namespace + "/" }

// URI is what a deployment refers to a file by.
func URI(s Store, namespace, name string) string {
	return s.Base() + "/" + folderOf(namespace) + url.PathEscape(name)
}

// Split finds the file that a URI refers to; ok is false for one that is not
// of this store.
func Split(s Store, uri string) (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(normal(uri), s.Base()+"/artifacts/namespaces/")
	if !ok {
		return "", "", false
	}
	namespace, escaped, ok := strings.Cut(rest, "/")
	if !ok {
		return "", "", false
	}
	name, err := url.PathUnescape(escaped)
	return namespace, name, err == nil
}

// normal writes file:/x as file:///x.
func normal(uri string) string {
	if rest, ok := strings.CutPrefix(uri, "file:/"); ok && !strings.HasPrefix(rest, "/") {
		return "file:///" + rest
	}
	return uri
}

// Exists tells whether the file behind a URI is there; ours is false for a URI
// that is not of this store, of which nothing can be said.
func Exists(ctx context.Context, s Store, uri string) (exists, ours bool, err error) {
	namespace, name, ours := Split(s, uri)
	if !ours {
		return false, false, nil
	}
	if resource.ValidateName("", namespace) != nil || CheckName("", name) != nil {
		return false, true, nil
	}
	r, err := s.Open(ctx, namespace, name)
	if errors.Is(err, resource.ErrNotFound) {
		return false, true, nil
	}
	if err != nil {
		return false, true, err
	}
	return true, true, r.Close()
}

// RemoveAll removes all files of a namespace and says how many there were.
func RemoveAll(ctx context.Context, s Store, namespace string) (int, error) {
	count := 0
	for {
		all, err := s.List(ctx, namespace, 1000)
		if err != nil || len(all) == 0 {
			return count, err
		}
		for _, f := range all {
			if err := s.Delete(ctx, namespace, f.Filename); err != nil && !errors.Is(err, resource.ErrNotFound) {
				return count, err
			}
			count++
		}
	}
}

func notFound(namespace, name string) error {
	return fmt.Errorf("artifact %q in namespace %q: %w", name, namespace, resource.ErrNotFound)
}
