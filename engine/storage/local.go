package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Local is a store in a folder, which is made when it is needed.
func Local(dir string) Store { return local(dir) }

type local string

// unfinished ends the names of files that are being written. What bears it when
// nobody writes is left over from a crash.
const unfinished = ".part"

func (l local) path(name string) string { return filepath.Join(string(l), filepath.FromSlash(name)) }

func (l local) URI(name string) string { return URI(l.path(name)) }

func (l local) Create(name string) (File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	path := l.path(name)
	if _, err := os.Lstat(path); err == nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	return &localFile{f: f, path: path, out: direct{f: f}}, nil
}

func (l local) Open(name string) (Content, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	f, err := os.Open(l.path(name))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", l.path(name))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &localContent{f, info.Size(), info.ModTime()}, nil
}

type localContent struct {
	*os.File
	size    int64
	written time.Time
}

func (c *localContent) Size() int64        { return c.size }
func (c *localContent) Written() time.Time { return c.written }

func (l local) List(folder string) ([]string, error) {
	entries, err := os.ReadDir(l.path(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
		if e.IsDir() {
			names[i] += "/"
		}
	}
	return names, nil
}

func (l local) Remove(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	err := os.Remove(l.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (l local) RemoveFolder(name string) error {
	if name == "" {
		err := os.Remove(string(l))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) {
			return nil
		}
		return err
	}
	if err := checkName(name); err != nil {
		return err
	}
	return os.RemoveAll(l.path(name))
}

// localFile is written under another name and renamed.
type localFile struct {
	path string

	mu     sync.Mutex
	f      *os.File
	out    direct
	closed bool
	synced bool
}

func (f *localFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, ErrAborted
	}
	f.synced = false
	if err := f.out.write(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Pad fills the file up to a whole page.
func (f *localFile) Pad() (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, ErrAborted
	}
	f.synced = false
	return f.out.pad()
}

func (f *localFile) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sync()
}

func (f *localFile) sync() error {
	if f.closed {
		return ErrAborted
	}
	if f.synced {
		return nil
	}
	if err := f.out.flush(); err != nil {
		return err
	}
	if err := f.f.Sync(); err != nil {
		return err
	}
	f.synced = true
	return nil
}

func (f *localFile) Commit() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.sync(); err != nil {
		return err
	}
	f.closed = true
	if err := f.f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.path+unfinished, f.path); err != nil {
		return err
	}
	dir := filepath.Dir(f.path)
	if err := syncFolder(dir); err != nil {
		return err
	}
	// What is above may be new too; it need not be ours to open.
	for range 2 {
		up := filepath.Dir(dir)
		if up == dir || strings.Count(up, string(filepath.Separator)) < 2 {
			break
		}
		dir = up
		_ = syncFolder(dir)
	}
	return nil
}

func (f *localFile) Abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	_ = f.f.Close() // it goes anyway
	_ = os.Remove(f.path + unfinished)
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
