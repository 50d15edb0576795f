package artifact

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Folder keeps files in a local folder.
type Folder struct {
	dir  string
	base string

	mu   sync.Mutex
	sums map[string]sum // by path
}

// sum is the checksum of a file as it was.
type sum struct {
	size     int64
	modified time.Time
	hex      string
}

// maxSums bounds the checksums that are remembered.
const maxSums = 10_000

// NewFolder makes a store in a folder, which is made when it is needed.
func NewFolder(dir string) (*Folder, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("artifacts in %q: %w", dir, err)
	}
	return &Folder{dir: abs, base: (&url.URL{Scheme: "file", Path: abs}).String(), sums: map[string]sum{}}, nil
}

// Base is a file URI.
func (f *Folder) Base() string { return f.base }

func (f *Folder) path(namespace, name string) string {
	return filepath.Join(f.dir, filepath.FromSlash(pathOf(namespace, name)))
}

// List reads the names of the folder and looks at those that are returned.
func (f *Folder) List(_ context.Context, namespace string, limit int) ([]Info, error) {
	entries, err := os.ReadDir(f.path(namespace, ""))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list artifacts: %w", err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	var all []Info
	for _, e := range entries {
		if len(all) == limit {
			break
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || CheckName("", e.Name()) != nil) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list artifacts: %w", err)
		}
		all = append(all, f.info(namespace, e.Name(), info))
	}
	return all, nil
}

func (f *Folder) info(namespace, name string, info fs.FileInfo) Info {
	return Info{Filename: name, URI: URI(f, namespace, name), CreateTime: info.ModTime(), Size: info.Size()}
}

// Stat reads the file to know its checksum, unless it is known already.
func (f *Folder) Stat(ctx context.Context, namespace, name string) (Info, error) {
	file, err := f.open(namespace, name)
	if err != nil {
		return Info{}, err
	}
	defer func() { _ = file.Close() }() // only read
	stat, err := file.Stat()
	if err != nil {
		return Info{}, fmt.Errorf("look at artifact %q: %w", name, err)
	}
	out := f.info(namespace, name, stat)
	if known, ok := f.remembered(file.Name(), stat); ok {
		out.SHA256 = known
		return out, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, reader{ctx, file}); err != nil {
		return Info{}, fmt.Errorf("read artifact %q: %w", name, err)
	}
	out.SHA256 = hex.EncodeToString(hash.Sum(nil))
	f.remember(file.Name(), stat, out.SHA256)
	return out, nil
}

func (f *Folder) remembered(path string, stat fs.FileInfo) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.sums[path]
	return s.hex, ok && s.size == stat.Size() && s.modified.Equal(stat.ModTime())
}

func (f *Folder) remember(path string, stat fs.FileInfo, hex string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.sums) >= maxSums {
		clear(f.sums)
	}
	f.sums[path] = sum{stat.Size(), stat.ModTime(), hex}
}

// Put writes beside the file and renames.
func (f *Folder) Put(ctx context.Context, namespace, name string, r io.Reader) (_ Info, err error) {
	folder := f.path(namespace, "")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return Info{}, fmt.Errorf("store artifact %q: %w", name, err)
	}
	tmp, err := os.CreateTemp(folder, ".upload-*") // names with a dot in front are nobody's
	if err != nil {
		return Info{}, fmt.Errorf("store artifact %q: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	hash := sha256.New()
	if _, err = io.Copy(io.MultiWriter(tmp, hash), reader{ctx, r}); err != nil {
		return Info{}, fmt.Errorf("store artifact %q: %w", name, err)
	}
	// Launchers may run as other users than we do.
	if err = errors.Join(tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return Info{}, fmt.Errorf("store artifact %q: %w", name, err)
	}
	path := f.path(namespace, name)
	if err = os.Rename(tmp.Name(), path); err != nil {
		return Info{}, fmt.Errorf("store artifact %q: %w", name, err)
	}
	stat, err := os.Stat(path)
	if err != nil {
		return Info{}, fmt.Errorf("store artifact %q: %w", name, err)
	}
	out := f.info(namespace, name, stat)
	out.SHA256 = hex.EncodeToString(hash.Sum(nil))
	f.remember(path, stat, out.SHA256)
	return out, nil
}

// Open opens the file for reading.
func (f *Folder) Open(_ context.Context, namespace, name string) (io.ReadCloser, error) {
	return f.open(namespace, name)
}

func (f *Folder) open(namespace, name string) (*os.File, error) {
	file, err := os.Open(f.path(namespace, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound(namespace, name)
	}
	if err != nil {
		return nil, fmt.Errorf("open artifact %q: %w", name, err)
	}
	return file, nil
}

// Delete removes the file.
func (f *Folder) Delete(_ context.Context, namespace, name string) error {
	err := os.Remove(f.path(namespace, name))
	if errors.Is(err, fs.ErrNotExist) {
		return notFound(namespace, name)
	}
	if err != nil {
		return fmt.Errorf("delete artifact %q: %w", name, err)
	}
	return nil
}

// reader stops when its context does.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
