// Package storage keeps the files of checkpoints and savepoints: in a local
// folder, or in a bucket of an S3 service.
//
// The rule: a file is written once and is there whole and durable, or not at all.
package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Store keeps files below a root. Names have slashes, as those of package path,
// and lead nowhere else. It is safe for concurrent use.
type Store interface {
	// Create begins a file that is not there yet. Nobody sees it before Commit.
	Create(name string) (File, error)
	// Open opens a file to read; the error is fs.ErrNotExist if there is none.
	Open(name string) (Content, error)
	// List names what lies directly in a folder, in order, folders with a slash at
	// the end; nothing if there is no such folder.
	List(folder string) ([]string, error)
	// Remove removes a file; it is no error if there is none.
	Remove(name string) error
	// RemoveFolder removes a folder with all that is in it. With an empty name it
	// removes the root if it is empty.
	RemoveFolder(name string) error
	// URI is the address of a file or folder.
	URI(name string) string
}

// File is a file being written. Either Commit or Abort is called; Abort after
// Commit does nothing.
type File interface {
	io.Writer
	// Sync makes durable what was written so far, so that Commit is quick.
	Sync() error
	// Commit makes the file durable, then visible.
	Commit() error
	// Abort gives the file up. It may be called while others write, whose calls
	// then fail.
	Abort()
}

// Content is a file that is read, by many at once.
type Content interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Written is when a file was committed; zero if its store does not know.
func Written(c Content) time.Time {
	if w, ok := c.(interface{ Written() time.Time }); ok {
		return w.Written()
	}
	return time.Time{}
}

// Config is how stores elsewhere are reached.
type Config struct {
	S3 S3
}

// ErrAborted is what writers of a file that was given up get.
var ErrAborted = errors.New("the file was given up")

// Open finds the store with a root: a path, a file: URI or s3://BUCKET/PREFIX.
// Nothing is looked at yet.
func Open(root string, c Config) (Store, error) {
	if IsS3(root) {
		return openS3(root, c.S3)
	}
	path, err := LocalPath(root)
	if err != nil {
		return nil, err
	}
	return Local(path), nil
}

// IsS3 tells whether a place is in a bucket.
func IsS3(place string) bool {
	scheme, _, ok := strings.Cut(strings.TrimSpace(place), "://")
	return ok && (strings.EqualFold(scheme, "s3") || strings.EqualFold(scheme, "s3a") || strings.EqualFold(scheme, "s3p"))
}

// Clean is a place in the form that is kept: an absolute path, or s3://BUCKET/PREFIX.
func Clean(place string) (string, error) {
	if !IsS3(place) {
		return LocalPath(place)
	}
	bucket, prefix, err := splitS3(place)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix("s3://"+bucket+"/"+prefix, "/"), nil
}

// Parent cuts the last element off a clean place.
func Parent(place string) (parent, last string) {
	if !IsS3(place) {
		return filepath.Dir(place), filepath.Base(place)
	}
	i := strings.LastIndexByte(place, '/')
	if i <= len("s3://") {
		return place, ""
	}
	return place[:i], place[i+1:]
}

// Join adds elements to a clean place.
func Join(place string, names ...string) string {
	for _, n := range names {
		place = strings.TrimSuffix(place, "/") + "/" + n
	}
	return place
}

// URI is the address of a clean place: file:/… for a path.
func URI(place string) string {
	if IsS3(place) {
		return place
	}
	return (&url.URL{Scheme: "file", Path: place, OmitHost: true}).String()
}

// LocalPath turns a file: URI or a path into an absolute path.
func LocalPath(uri string) (string, error) {
	p := strings.TrimSpace(uri)
	if p == "" {
		return "", errors.New("empty path")
	}
	if i := strings.Index(p, ":"); i > 1 && !strings.ContainsAny(p[:i], "/\\") {
		if scheme := strings.ToLower(p[:i]); scheme != "file" {
			return "", fmt.Errorf("%q: storage %q is not supported by the engine; use a local folder (file:/…) or a bucket (s3://…)", uri, scheme)
		}
		u, err := url.Parse(p)
		if err != nil {
			return "", fmt.Errorf("%q: %w", uri, err)
		}
		if u.Host != "" && u.Host != "localhost" {
			return "", fmt.Errorf("%q: names the host %q; a local folder is written file:/path", uri, u.Host)
		}
		if p = u.Path; p == "" {
			p = u.Opaque
		}
	}
	return filepath.Abs(p)
}

// ReadFile reads a whole file.
func ReadFile(s Store, name string) ([]byte, error) {
	c, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	b := make([]byte, c.Size())
	n, err := c.ReadAt(b, 0)
	if errors.Is(err, io.EOF) && n == len(b) {
		err = nil
	}
	return b, errors.Join(err, c.Close())
}

func checkName(name string) error {
	if !fs.ValidPath(name) || name == "." {
		return fmt.Errorf("%q is no name of a file", name)
	}
	return nil
}
