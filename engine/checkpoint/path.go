package checkpoint

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// MetadataFile is the name of the file that makes a folder a checkpoint.
const MetadataFile = "_metadata"

// dataFile holds the blocks of larger checkpoints.
const dataFile = "state"

// LocalPath turns a file: URI or a path into an absolute path.
func LocalPath(uri string) (string, error) {
	p := strings.TrimSpace(uri)
	if p == "" {
		return "", errors.New("empty path")
	}
	if i := strings.Index(p, ":"); i > 1 && !strings.ContainsAny(p[:i], "/\\") {
		if scheme := strings.ToLower(p[:i]); scheme != "file" {
			return "", fmt.Errorf("%q: storage %q is not supported by the engine; use a local folder (file:/…)", uri, scheme)
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

// URI is the file: URI of an absolute path.
func URI(path string) string { return (&url.URL{Scheme: "file", Path: path, OmitHost: true}).String() }

// remove deletes a checkpoint: its _metadata first, so that a half deleted one
// does not open.
func remove(folder string) error {
	if err := os.Remove(filepath.Join(folder, MetadataFile)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.RemoveAll(folder)
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // some file systems cannot; they order renames themselves
	}
	return errors.Join(err, f.Close())
}
